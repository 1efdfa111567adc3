"""Every measure against an independent implementation from PyPI, to 1 in 10,000 or better."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics.pairwise import cosine_similarity

from datacrafter_widget.metrics import (
    clip_score,
    cmmd,
    cmmd_biased,
    diversity,
    frechet_distance,
    image_alignment,
    informativeness_gain,
    kernel_distance,
    neighbourhood,
    overfit_share,
    subset_kernel_distance,
    text_alignment,
    vendi_score,
)

RELATIVE = 1e-4


@pytest.fixture(scope="module", params=["more pictures than dimensions", "more dimensions than pictures"])
def sets(request):
    """Two sets of features that are alike and not the same, of unit length as CLIP's are."""
    rng = np.random.default_rng(5)
    width = 24 if request.param.startswith("more pictures") else 200
    mixing = rng.normal(size=(width, width)) / np.sqrt(width)
    x, y = rng.normal(size=(150, width)) @ mixing, rng.normal(size=(90, width)) @ mixing
    y = 0.8 * y + 0.5
    return tuple(rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, y))


def tensors(*arrays):
    return [torch.from_numpy(array) for array in arrays]


def test_frechet_distance_is_that_of_torchmetrics_and_torch_fidelity(sets):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torchmetrics.image.fid import _compute_fid

    x, y = tensors(*sets)
    ours = frechet_distance(*sets)
    theirs = _compute_fid(x.mean(0), x.T.cov(), y.mean(0), y.T.cov())
    assert ours == pytest.approx(float(theirs), rel=RELATIVE)
    stats = [fid_features_to_statistics(rows) for rows in (x, y)]
    theirs = fid_statistics_to_metric(*stats, verbose=False)["frechet_inception_distance"]
    assert ours == pytest.approx(theirs, rel=RELATIVE)


def test_kernel_distance_is_that_of_torchmetrics_and_torch_fidelity(sets):
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torchmetrics.image.kid import poly_mmd

    x, y = sets[0][:90], sets[1]  # theirs needs sets of one size
    ours = kernel_distance(x, y)
    assert ours == pytest.approx(float(poly_mmd(*tensors(x, y))), rel=RELATIVE)
    theirs = kid_features_to_metric(*tensors(x, y), kid_subsets=3, kid_subset_size=90, verbose=False)
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], rel=RELATIVE)


def test_kernel_distance_over_subsets_is_that_of_torchmetrics_on_each(sets):
    from torchmetrics.image.kid import poly_mmd

    ours = subset_kernel_distance(*sets, subsets=7, subset_size=30, seed=4)
    rng = np.random.default_rng(4)
    drawn = [[rows[rng.choice(len(rows), 30, replace=False)] for rows in sets] for _ in range(7)]
    theirs = [float(poly_mmd(*tensors(*pair))) for pair in drawn]
    assert ours.mean == pytest.approx(np.mean(theirs), rel=RELATIVE)
    assert ours.std == pytest.approx(np.std(theirs), rel=RELATIVE)


def test_biased_cmmd_is_that_of_clip_mmd(sets):
    from clip_mmd.calculation import mmd, mmd_efficient

    ours = cmmd_biased(*sets)
    assert ours == pytest.approx(float(mmd(*sets)), rel=RELATIVE)
    theirs = mmd_efficient(*sets, precision=torch.float64, low_mem=True)
    assert ours == pytest.approx(theirs, rel=RELATIVE)


def test_cmmd_is_that_of_clip_mmd_without_its_bias(sets):
    from clip_mmd.calculation import mmd

    n, m = map(len, sets)
    within = [np.exp(-cdist(rows, rows, "sqeuclidean") / 200) for rows in sets]
    biased = 1000 * (within[0].mean() + within[1].mean())
    unbiased = 1000 * ((within[0].sum() - n) / (n * (n - 1)) + (within[1].sum() - m) / (m * (m - 1)))
    assert cmmd(*sets) == pytest.approx(float(mmd(*sets)) - biased + unbiased, rel=RELATIVE)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbourhood_is_that_of_prdc(sets, k):
    from prdc import compute_prdc

    ours = neighbourhood(*sets, k=k)
    assert ours._asdict() == pytest.approx(compute_prdc(*sets, nearest_k=k), rel=RELATIVE)
    assert 0 < ours.coverage < 1


def test_precision_and_recall_are_those_of_torch_fidelity(sets):
    from torch_fidelity.metric_prc import prc_features_to_metric

    originals, generated = tensors(*sets)
    theirs = prc_features_to_metric(
        generated, originals, prc_neighborhood=3, prc_batch_size=50, save_cpu_ram=True, verbose=False
    )
    ours = neighbourhood(*sets, k=3)
    assert (ours.precision, ours.recall) == pytest.approx(
        (theirs["precision"], theirs["recall"]), rel=RELATIVE
    )


@pytest.mark.parametrize("order", [1, 0.5, 2, "inf"])
def test_vendi_score_is_that_of_vendi_score(sets, order):
    from vendi_score import vendi

    for features in sets:
        theirs = vendi.score_dual(features, q=order)
        assert vendi_score(features, order=float(order)) == pytest.approx(theirs, rel=RELATIVE)


class GivenFeatures(torch.nn.Module):
    """Stands for a CLIP model and its processor, to let torchmetrics score features that are given."""

    config = None

    def __init__(self, images, texts):
        super().__init__()
        self.images, self.texts = images, texts

    def forward(self, *, images=None, text=None, **_):
        assert images or text
        return dict.fromkeys(("pixel_values", "input_ids", "attention_mask"), torch.zeros(1))

    def get_image_features(self, _):
        return self.images

    def get_text_features(self, *_):
        return self.texts


def test_clip_score_and_text_alignment_are_those_of_torchmetrics(sets):
    from torchmetrics.functional.multimodal import clip_score as theirs

    texts = sets[1] * 0.5
    # Each above zero: torchmetrics cuts the mean off there, CLIPScore each.
    images = 3 * sets[0][:90] + 6 * texts
    model = GivenFeatures(*tensors(images, texts))
    pictures, words = list(torch.zeros(90, 3, 4, 4, dtype=torch.uint8)), ["a"] * 90
    expected = float(theirs(pictures, words, model_name_or_path=lambda: (model, model)))
    assert clip_score(images, texts) == pytest.approx(expected, rel=RELATIVE)
    assert text_alignment(images, texts) * 100 == pytest.approx(expected, rel=RELATIVE)


def test_alignments_are_means_of_cosines(sets):
    images, references = sets[0] * 2, sets[1]
    assert image_alignment(images, references) == pytest.approx(cosine_similarity(images, references).mean())
    anchors = references[np.arange(150) % 90]
    rest = np.roll(anchors, 1, axis=0)
    asked = np.diag(cosine_similarity(images, anchors)) <= np.diag(cosine_similarity(images, rest))
    assert overfit_share(images, anchors, rest) == pytest.approx(asked.mean())


def test_diversity_and_informativeness_are_made_of_scipys_entropies(sets):
    x, _ = sets
    expected = np.mean([scipy_entropy(softmax(row), softmax(x.mean(0))) for row in x])
    assert diversity(x) == pytest.approx(expected, rel=RELATIVE)
    p, before = softmax(20 * sets[0][:90], axis=1), softmax(20 * sets[1], axis=1)
    kept = p[np.arange(90), before.argmax(1)]
    expected = kept + scipy_entropy(p, axis=1) - scipy_entropy(before, axis=1)
    assert informativeness_gain(p, before) == pytest.approx(expected, rel=RELATIVE)


def test_informativeness_is_what_the_released_code_of_gif_raises():
    """In torch, as released: the mean entropy's increase over the original, and the mean probability kept."""
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 4)) * 3)
    before, after = logits[:1].softmax(-1), logits[1:].softmax(-1)
    entropy = [torch.distributions.Categorical(p).entropy() for p in (before, after)]
    expected = float(
        (entropy[1] - entropy[0]).mean() + after.gather(1, before.argmax(1)[None].expand(5, 1)).mean()
    )
    assert informativeness_gain(after.numpy(), before.numpy()).mean() == pytest.approx(expected, rel=RELATIVE)


@pytest.fixture(scope="module")
def photographs():
    from skimage import data
    from skimage.util import random_noise

    first = data.astronaut()[::4, ::4]
    noisy = (255 * random_noise(first, rng=1, var=0.02)).astype(np.uint8)
    return np.ascontiguousarray(first), noisy


def test_ssim_is_that_of_scikit_image_and_piq(photographs):
    import piq
    from skimage.metrics import structural_similarity

    from datacrafter_widget.metrics.similarity import ssim

    ours = ssim(*photographs)
    as_published = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 255}
    theirs = structural_similarity(*photographs, **as_published, channel_axis=2)
    assert ours == pytest.approx(theirs, rel=RELATIVE)
    pair = [torch.from_numpy(p).permute(2, 0, 1)[None] for p in photographs]
    theirs = piq.ssim(*pair, data_range=255, downsample=False)
    assert ours == pytest.approx(float(theirs), rel=RELATIVE)
    grey = [p[:, :, 0] for p in photographs]
    assert ssim(*grey) == pytest.approx(structural_similarity(*grey, **as_published), rel=RELATIVE)
