"""Inpainting with a UNet whose channels diffusers' inpainting pipelines refuse: the toybox's."""

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import JobCancelled, ModelError
from datacrafter_widget.models import masking


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures]).astype(int)


@pytest.fixture
def inpainting(ask):
    mask = Image.new("L", (64, 64))
    mask.paste(255, (0, 0, 32, 64))

    def inpainting(**changes):
        settings = {"parent": Image.new("RGB", (64, 64), (214, 38, 42)), "mask": mask, "strength": 1.0}
        return ask(2, **{**settings, "num_inference_steps": 4, **changes})

    return inpainting


def test_what_the_mask_leaves_out_stays(toybox, inpainting):
    made = arrays(toybox.generate(inpainting()))
    changed = np.abs(made - (214, 38, 42)).mean(axis=(0, 1, 3))
    assert changed[44:].mean() < 12
    assert changed[:24].mean() > 3 * changed[44:].mean()
    assert np.array_equal(made, arrays(toybox.generate(inpainting())))


def test_cancelling_ends_within_a_step(toybox, inpainting):
    steps = []

    def stop(step, _total):
        steps.append(step)
        if step == 2:
            msg = "enough"
            raise JobCancelled(msg)

    with pytest.raises(JobCancelled):
        toybox.generate(inpainting(), on_step=stop)
    assert steps == [1, 2]


@pytest.mark.parametrize("scheduler", ["DDIMScheduler", "EulerAncestralDiscreteScheduler", "LCMScheduler"])
def test_other_schedulers(toybox, inpainting, scheduler, monkeypatch):
    import diffusers

    pipeline = toybox.pipeline("image2image")
    other = getattr(diffusers, scheduler).from_config(pipeline.scheduler.config)
    monkeypatch.setattr(pipeline, "scheduler", other)
    made = arrays(toybox.generate(inpainting()))
    changed = np.abs(made - (214, 38, 42)).mean(axis=(0, 1, 3))
    assert changed[44:].mean() < 12


def test_which_unets_need_it():
    assert masking.needed({"down_block_types": [], "in_channels": 8})
    assert not masking.needed({"down_block_types": [], "in_channels": 4})
    assert not masking.needed({"down_block_types": [], "in_channels": 9})
    assert not masking.needed({"num_layers": 1, "in_channels": 16})
    assert not masking.needed({})


def test_a_pipeline_without_a_callback(toybox, inpainting):
    with pytest.raises(ModelError, match="has no inpainting form, and no callback"):
        masking.keeping_outside(toybox.pipeline("image2image"), inpainting(), {})
