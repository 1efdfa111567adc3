"""Rough pictures while a batch is being denoised."""

import numpy as np
import pytest
import tiny_pipelines
import torch
from PIL import Image

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models import previews
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.previews import LinearPreview, TinyDecoder


@pytest.fixture
def often(monkeypatch):
    """A preview at every step: what is asked here is what they show, not when."""
    monkeypatch.setattr(previews, "SECONDS_BETWEEN", -1e9)


def test_a_linear_map_is_learned_from_finished_batches():
    rng = np.random.default_rng(0)
    latents = torch.tensor(rng.normal(size=(4, 3, 8, 16)), dtype=torch.float32)
    colours = (latents.permute(0, 2, 3, 1) * 20 + 128).clamp(0, 255).byte().numpy()
    pictures = [Image.fromarray(one).resize((128, 64), Image.Resampling.NEAREST) for one in colours]
    preview = LinearPreview()
    assert preview(latents, 128, 64) == []
    preview.learn(latents, pictures)
    shown = np.stack([np.asarray(one) for one in preview(latents, 128, 64)])
    assert np.abs(shown.astype(int) - colours).max() <= 2
    packed = latents.permute(0, 2, 3, 1).reshape(4, 8 * 16, 3)  # as FLUX has them
    assert np.array_equal(np.stack(preview(packed, 128, 64)), shown)
    assert preview(torch.full_like(latents, torch.nan), 128, 64) == []
    assert preview(torch.zeros(1, 5, 8, 8), 64, 64) == []  # another model's


@pytest.mark.usefixtures("often")
def test_previews_come_near_the_pictures(toybox, ask):
    toybox.denoise(ask(8), on_preview=lambda _pictures: None).pictures()
    shown = []
    asked = ask(4, first_seed=20, num_inference_steps=8)
    pictures = toybox.denoise(asked, on_preview=shown.append).pictures()
    assert len(shown) == 7  # none of the last step
    small = np.stack(
        [np.asarray(one.resize(shown[0][0].size, Image.Resampling.BOX), float) for one in pictures]
    )
    last = np.stack([np.asarray(one, float) for one in shown[-1]])
    grey = np.abs(small - small.mean(axis=(1, 2, 3), keepdims=True)).mean()
    assert np.abs(small - last).mean() < 0.7 * grey
    assert np.array_equal(np.stack(pictures), np.stack(toybox.generate(asked)))


def test_no_previews_of_a_batch_that_is_done_at_once(toybox, ask):
    shown = []
    toybox.denoise(ask(2), on_preview=shown.append).pictures()
    toybox.denoise(ask(1, num_inference_steps=1), on_preview=shown.append).pictures()
    assert shown == []


@pytest.mark.usefixtures("often")
def test_an_exception_in_on_preview_stops_the_batch(toybox, ask):
    toybox.denoise(ask(2), on_preview=lambda _pictures: None).pictures()

    def stop(_pictures):
        msg = "no more"
        raise ModelError(msg)

    with pytest.raises(ModelError, match="no more"):
        toybox.denoise(ask(2), on_preview=stop)


@pytest.mark.usefixtures("often")
def test_a_small_autoencoder_by_name(tmp_path, ask):
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    ).save_pretrained(tmp_path / "tiny")
    folder = tiny_pipelines.save("stable_diffusion", tmp_path / "model")
    generator = DiffusersGenerator(folder, device="cpu", previews=str(tmp_path / "tiny"))
    shown = []
    generator.denoise(ask(2, num_inference_steps=3), on_preview=shown.append).pictures()
    assert [one.size for one in shown[0]] == [(64, 64), (64, 64)]
    assert TinyDecoder(str(tmp_path / "tiny"), "cpu", torch.float32)(torch.zeros(1, 16, 8, 8), 64, 64) == []
    missing = DiffusersGenerator(folder, device="cpu", previews=str(tmp_path / "none"))
    with pytest.raises(ModelError, match="expected an existing folder, or an AutoencoderTiny"):
        missing.denoise(ask(1), on_preview=shown.append)
