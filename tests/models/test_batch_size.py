"""Batch sizes found by trial, and decoding in tiles where memory is short."""

from types import SimpleNamespace

import numpy as np
import pytest
import tiny_pipelines
import torch

from datacrafter_widget.errors import JobCancelled, OutOfMemoryError
from datacrafter_widget.models import batch_size, pipelines
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator


class Meter:
    """A device with room for some pictures."""

    def __init__(self, pictures):
        self.asked = []
        self._pictures = pictures

    def room(self):
        return self._pictures

    def taken(self, generator, batch, on_step):
        self.asked.append(len(batch))
        generator.denoise(batch, on_step=on_step)
        return float(len(batch))


@pytest.mark.parametrize(
    ("pictures", "found", "asked"), [(5, 4, [1, 2, 4]), (1, 1, [1]), (99, 16, [1, 2, 4, 8, 16])]
)
def test_the_largest_batch_that_fits(toybox, ask, monkeypatch, pictures, found, asked):
    meter = Meter(pictures)
    monkeypatch.setattr(batch_size, "_ProcessMeter", lambda: meter)
    assert batch_size.find(toybox, ask(1, num_inference_steps=30)[0]) == found
    assert meter.asked == asked


def test_a_folder_that_states_its_batch_size_is_believed(toybox, ask):
    assert toybox.find_batch_size(ask(1)[0]) == toybox.defaults.batch_size == 16


def test_running_out_of_memory_ends_the_search(toybox, ask, monkeypatch):
    toybox.load()
    forward = toybox.pipeline().unet.forward

    def small(sample, *arguments, **options):
        if len(sample) > 2 * 2:  # two pictures, each with and without its prompt
            msg = "CUDA out of memory."
            raise torch.OutOfMemoryError(msg)
        return forward(sample, *arguments, **options)

    monkeypatch.setattr(toybox.pipeline().unet, "forward", small)
    assert batch_size.find(toybox, ask(1)[0]) == 2
    monkeypatch.setattr(
        toybox.pipeline().unet, "forward", lambda sample, *_a, **_o: small(torch.cat([sample] * 9))
    )
    with pytest.raises(OutOfMemoryError):
        batch_size.find(toybox, ask(1)[0])


def test_the_search_can_be_cancelled(toybox, ask):
    def stop(_step, _steps):
        msg = "enough"
        raise JobCancelled(msg)

    with pytest.raises(JobCancelled):
        batch_size.find(toybox, ask(1)[0], on_step=stop)


def test_a_real_search_on_the_cpu(toybox, ask):
    size = batch_size.find(toybox, ask(1)[0])
    assert 1 <= size <= 16
    assert len(toybox.generate(ask(size))) == size


@pytest.mark.parametrize(("gigabytes", "large", "small"), [(12, True, False), (24, False, False)])
def test_tiles_where_the_card_is_small(monkeypatch, gigabytes, large, small):
    card = SimpleNamespace(total_memory=gigabytes << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: card)
    tiled = pipelines.tiles("auto", "cuda:0", 2 << 30)
    assert (tiled(1024, 1024), tiled(512, 512)) == (large, small)
    assert pipelines.tiles(True, "cpu", 0)(64, 64)
    assert not pipelines.tiles("auto", "cpu", 0)(2048, 2048)


def test_decoding_in_tiles_when_asked(tmp_path, ask):
    folder = tiny_pipelines.save("stable_diffusion", tmp_path / "model")
    whole, tiled = (DiffusersGenerator(folder, device="cpu", vae_tiling=asked) for asked in ("auto", True))
    assert np.stack(whole.generate(ask(2))).shape == np.stack(tiled.generate(ask(2))).shape
    vae = tiled.pipeline().vae
    assert (vae.use_tiling, vae.use_slicing) == (True, True)
    vae = whole.pipeline().vae
    assert (vae.use_tiling, vae.use_slicing) == (False, False)
