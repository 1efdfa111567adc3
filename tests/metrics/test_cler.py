"""CLER against Algorithm 1 of its paper, written out in torch, and on sets whose score is known."""

import numpy as np
import pytest
import torch

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics.cler import (
    TestSplitWarning,
    class_means,
    cler,
    cler_ensemble,
    ensembled,
    predicted,
    warn_of_test_split,
)


def unit(rng, *shape):
    x = rng.normal(size=shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture
def world():
    """Features of generated and test pictures around their classes' texts, as in `cler`'s signature."""
    rng = np.random.default_rng(5)
    texts = unit(rng, 6, 16)
    kinds, truth = np.repeat(np.arange(6), 7), rng.integers(0, 6, 90)
    generated = unit(rng, 42, 16) * 0.9 + texts[kinds]
    test = unit(rng, 90, 16) * 1.4 + texts[truth]
    generated /= np.linalg.norm(generated, axis=1, keepdims=True)
    test /= np.linalg.norm(test, axis=1, keepdims=True)
    return generated, kinds, test, truth, texts


def algorithm_1(generated, kinds, test, truth, texts):
    """The paper's pseudocode, with the slip in its line on texts mended."""
    gen, test_emb, text_emb = (torch.from_numpy(each) for each in (generated, test, texts))
    centres = torch.stack([gen[torch.from_numpy(kinds == c)].mean(dim=0) for c in range(len(texts))])
    preds_cler, preds_clip = torch.mm(test_emb, centres.T), torch.mm(test_emb, text_emb.T)
    labels = torch.from_numpy(truth)
    both = (preds_cler + preds_clip) / 2
    return tuple((each.argmax(dim=1) == labels).double().mean().item() for each in (preds_cler, both))


def test_cler_and_its_ensemble_are_those_of_algorithm_1(world):
    generated, kinds, test, truth, texts = world
    alone, both = algorithm_1(*world)
    assert 0.3 < alone < 0.95
    assert alone != both
    assert cler(generated, kinds, test, truth, 6) == pytest.approx(alone)
    assert cler_ensemble(generated, kinds, test, truth, 6, texts) == pytest.approx(both)


def test_classes_without_pictures_are_never_recognised_by_pictures_but_by_their_text(world):
    generated, kinds, test, truth, texts = world
    kept = kinds != 2
    means = class_means(generated[kept], kinds[kept], 6)
    assert np.isnan(means[2]).all()
    assert 2 not in predicted(means, test)
    assert np.allclose(ensembled(means, texts)[2], texts[2])
    assert (predicted(ensembled(means, texts), test)[truth == 2] == 2).any()


def test_right_means_recognise_everything_and_wrong_ones_nothing():
    corners = np.eye(3)
    assert cler(corners, [0, 1, 2], corners, [0, 1, 2], 3) == 1.0
    assert cler(corners, [1, 2, 0], corners, [0, 1, 2], 3) == 0.0
    assert np.isnan(cler(corners, [0, 1, 2], np.zeros((0, 3)), [], 3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classes": [0, 1, 3]}, "from 0 to 2, found 0 to 3"),
        ({"classes": [0, 1]}, "3 integers"),
        ({"classes": [0.0, 1.0, 2.0]}, "float64"),
        ({"test": np.ones((3, 4))}, "features of the encoder"),
        ({"test_classes": [0, 1]}, "test_classes"),
        ({"generated": np.zeros((0, 3)), "classes": []}, "found none"),
    ],
)
def test_bad_input_is_named(change, words):
    given = {"generated": np.eye(3), "classes": [0, 1, 2], "test": np.eye(3), "test_classes": [0, 1, 2]}
    with pytest.raises(InputError, match=words):
        cler(**(given | change), class_count=3)


def test_texts_of_other_classes_are_refused():
    with pytest.raises(InputError, match="one row a class"):
        cler_ensemble(np.eye(3), [0, 1, 2], np.eye(3), [0, 1, 2], 3, np.eye(3)[:2])


def test_the_warning_of_the_test_split_points_at_the_caller():
    def score():
        warn_of_test_split("probe accuracy")

    with pytest.warns(TestSplitWarning, match="probe accuracy on the test split") as caught:
        score()
    assert caught[0].filename == __file__
