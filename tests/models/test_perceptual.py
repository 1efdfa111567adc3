"""Networks that measures are defined by, with random weights: the published ones need a network to be had."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.perceptual import InceptionEncoder, PerceptualDistance


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))
        for width, height in ((64, 64), (80, 70), (64, 64), (80, 70), (64, 64))
    ]


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Downloads fail at once, and what was downloaded before isn't found."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory):
    """Random weights in the form of torch-fidelity's file."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    empty, file = (tmp_path_factory.mktemp("inception") / name for name in ("empty.pth", "random.pth"))
    torch.save({}, empty)
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = FeatureExtractorInceptionV3("random", ["2048"], feature_extractor_weights_path=empty)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    torch.save(network.state_dict(), file)
    return file, network


def test_inception_sees_each_picture_as_torch_fidelity_does_whatever_its_batch(pictures, inception_weights):
    weights, network = inception_weights
    found = InceptionEncoder(weights, device="cpu").encode_images(pictures[:3], batch_size=2)
    alone = [network(torch.from_numpy(np.array(p)).permute(2, 0, 1)[None])[0].numpy() for p in pictures[:3]]
    assert found.shape == (3, 2048)
    assert found == pytest.approx(np.concatenate(alone), rel=1e-3, abs=1e-6)
    assert np.linalg.norm(found[0] - found[2]) > 1e-3 * np.linalg.norm(found[0])


@pytest.mark.usefixtures("no_network")
def test_inception_without_a_network_says_what_else_there_is(tmp_path):
    with pytest.raises(ModelError, match=r"found URLError .* take the features of the session's encoder"):
        InceptionEncoder()
    with pytest.raises(ModelError, match="FileNotFoundError"):
        InceptionEncoder(tmp_path / "none.pth")


def test_weights_that_are_more_than_tensors_are_refused(tmp_path):
    torch.save(Image.new("RGB", (2, 2)), tmp_path / "odd.pth")
    with pytest.raises(ModelError, match="UnpicklingError"):
        InceptionEncoder(tmp_path / "odd.pth")


@pytest.mark.filterwarnings("ignore::UserWarning:torchvision")
def test_lpips_of_pairs_is_that_of_the_lpips_package(pictures):
    import lpips
    from torchmetrics.functional.image.lpips import _LPIPS

    torch.manual_seed(0)
    ours = _LPIPS(net="squeeze", pnet_rand=True)  # the published weights of its layers, on a random network
    theirs = lpips.LPIPS(net="squeeze", pnet_rand=True, verbose=False).requires_grad_(False)
    renamed = {
        re.sub(r"slices\.(\d)", lambda found: f"slice{int(found[1]) + 1}", name): value
        for name, value in ours.state_dict().items()
    }
    loaded = theirs.load_state_dict(renamed, strict=False)
    assert not loaded.unexpected_keys
    assert all(name.startswith("scaling_layer.") for name in loaded.missing_keys)
    others = [Image.fromarray(255 - np.array(p)) for p in pictures]
    found = PerceptualDistance(network=ours, device="cpu").distances(pictures, others, batch_size=2)
    tensors = [
        [torch.from_numpy(np.array(p)).permute(2, 0, 1)[None] / 127.5 - 1 for p in pair]
        for pair in zip(pictures, others, strict=True)
    ]
    assert found == pytest.approx([float(theirs(*pair)) for pair in tensors], rel=1e-4)
    assert PerceptualDistance(network=theirs, device="cpu").distances(pictures, others) == pytest.approx(
        found, rel=1e-4
    )
    assert PerceptualDistance(network=ours, device="cpu").distances(pictures, pictures) == pytest.approx(0)


@pytest.mark.usefixtures("no_network")
def test_lpips_refuses_what_it_cannot_compare(pictures):
    ours = PerceptualDistance(network=torch.nn.Identity(), device="cpu")
    with pytest.raises(InputError, match=r"\(64, 64\) and \(80, 70\)"):
        ours.distances(pictures[:2], pictures[1:3])
    with pytest.raises(InputError, match="5 and 4 pictures"):
        ours.distances(pictures, pictures[:4])
    with pytest.raises(InputError, match="'alex', 'vgg' or 'squeeze'"):
        PerceptualDistance("resnet")
    with pytest.raises(ModelError, match="weights of LPIPS can't be had"):
        PerceptualDistance("squeeze")
