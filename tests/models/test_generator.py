import json

import numpy as np
import pytest
import torch
from PIL import Image

from datacrafter_widget.errors import InputError, JobCancelled, ModelError, OutOfMemoryError
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.generator import Generator, fit


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures])


def test_same_seed_same_pictures_bitwise(toybox, ask):
    assert isinstance(toybox, Generator)
    first, again = arrays(toybox.generate(ask())), arrays(toybox.generate(ask()))
    assert first.shape == (4, 64, 64, 3)
    assert np.array_equal(first, again)
    assert len({picture.tobytes() for picture in first}) == 4


def test_a_picture_depends_on_its_own_seed_only(toybox, ask):
    ahead, requests = arrays(toybox.generate(ask(4))), ask(4)
    turned = arrays(toybox.generate(requests[::-1]))
    assert np.abs(ahead.astype(int) - turned[::-1].astype(int)).max() <= 1


def test_an_exception_in_on_step_stops_within_that_step(toybox, ask):
    steps = []

    def on_step(step, total):
        steps.append((step, total))
        if step == 3:
            msg = "enough"
            raise JobCancelled(msg)

    clean = arrays(toybox.generate(ask()))
    with pytest.raises(JobCancelled, match="enough"):
        toybox.generate(ask(num_inference_steps=8), on_step=on_step)
    assert steps == [(1, 8), (2, 8), (3, 8)]
    assert np.array_equal(arrays(toybox.generate(ask())), clean)  # it left nothing behind


def test_image_to_image_resizes_the_parent_and_keeps_near_it(toybox, ask):
    parent = Image.new("RGB", (150, 90), (220, 30, 30))
    steps = []
    near = arrays(
        toybox.generate(
            ask(parent=parent, strength=0.3, num_inference_steps=10),
            on_step=lambda *step: steps.append(step),
        )
    )
    assert near.shape == (4, 64, 64, 3)
    assert len(steps) == 3
    far = arrays(toybox.generate(ask(parent=parent, strength=1.0, num_inference_steps=3)))
    red = np.array((220, 30, 30))
    assert np.abs(near - red).mean() < np.abs(far - red).mean()


def test_image_to_image_does_at_least_one_step(toybox, ask):
    parent, steps = Image.new("RGB", (64, 64), "white"), []
    toybox.generate(
        ask(1, parent=parent, strength=0.1, num_inference_steps=1), on_step=lambda *s: steps.append(s)
    )
    assert steps == [(1, 1)]


def test_text_to_image_is_the_same_after_image_to_image(toybox, ask):
    before = arrays(toybox.generate(ask()))
    toybox.generate(ask(parent=Image.new("RGB", (64, 64)), strength=0.5))
    assert np.array_equal(arrays(toybox.generate(ask())), before)


def test_negative_prompt_matters(toybox, ask):
    plain = arrays(toybox.generate(ask()))
    assert not np.array_equal(arrays(toybox.generate(ask(negative_prompt="snow"))), plain)


def test_release_and_generate_again(toybox, ask):
    before = arrays(toybox.generate(ask()))
    toybox.release()
    assert np.array_equal(arrays(toybox.generate(ask())), before)


def test_out_of_memory_says_the_batch_size_to_try(toybox, ask, monkeypatch):
    toybox.load()

    def full(*_args, **_kwargs):
        msg = "CUDA out of memory. Tried to allocate 20.00 GiB."
        raise torch.OutOfMemoryError(msg)

    monkeypatch.setattr(toybox.pipeline().unet, "forward", full)
    with pytest.raises(OutOfMemoryError, match="try batch_size=2") as caught:
        toybox.generate(ask(4))
    assert caught.value.suggested_batch_size == 2
    with pytest.raises(OutOfMemoryError, match="one picture is too much") as caught:
        toybox.generate(ask(1))
    assert caught.value.suggested_batch_size is None
    monkeypatch.undo()
    assert len(toybox.generate(ask(1))) == 1  # the session stays usable


def test_a_failing_pipeline_is_a_model_error(toybox, ask, monkeypatch):
    toybox.load()

    def broken(*_args, **_kwargs):
        msg = "shapes do not fit"
        raise RuntimeError(msg)

    monkeypatch.setattr(toybox.pipeline().unet, "forward", broken)
    with pytest.raises(ModelError, match="shapes do not fit"):
        toybox.generate(ask(1))


def test_requests_that_do_not_go_together(toybox, ask):
    with pytest.raises(InputError, match="one batch"):
        toybox.generate(ask(1) + ask(1, width=128))
    with pytest.raises(InputError, match=r"multiples of 8.*try 64 x 104"):
        toybox.generate(ask(1, width=63, height=101))
    with pytest.raises(InputError, match="strength"):
        toybox.generate(ask(1, parent=Image.new("RGB", (64, 64)), strength=0.0))
    with pytest.raises(InputError, match="num_inference_steps"):
        toybox.generate(ask(1, num_inference_steps=0))
    assert toybox.generate([]) == []


def test_memory_is_told(toybox):
    memory = toybox.memory()
    assert memory["device"] == "cpu"
    assert 0 < memory["used_mb"] <= memory["peak_mb"] < memory["total_mb"]
    json.dumps(memory)


@pytest.mark.parametrize("name", ["no/such/folder", "./nowhere", "nothing", "", "a/b/c"])
def test_a_name_that_is_no_model(name):
    with pytest.raises(ModelError, match="expected an existing folder or a hub id"):
        DiffusersGenerator(name)


def test_a_hub_id_without_a_network(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"nobody/nothing.*expected an existing folder.*Check the spelling"):
        DiffusersGenerator("nobody/nothing")


def test_a_folder_that_is_no_pipeline(tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"expected model_index.json in it, found weights.bin"):
        DiffusersGenerator(tmp_path)


def test_a_pipeline_with_missing_weights(tmp_path, toybox, ask):
    import shutil

    copy = tmp_path / "pipeline"
    shutil.copytree(toybox.folder, copy)
    same = DiffusersGenerator(copy, device="cpu")
    assert same.revision == toybox.revision
    next((copy / "unet").glob("*.safetensors")).unlink()
    broken = DiffusersGenerator(copy, device="cpu")
    assert broken.revision != toybox.revision
    with pytest.raises(ModelError, match="can't be loaded"):
        broken.generate(ask(1))


def test_fit_covers_and_crops_evenly():
    wide = Image.new("L", (200, 100))
    wide.paste(255, (50, 0, 150, 100))
    fitted = np.asarray(fit(wide, 64, 64))
    assert fitted.shape == (64, 64, 3)
    assert fitted[:, 4:60].min() > 250


@pytest.fixture(scope="module")
def latent_consistency(tmp_path_factory, toybox):
    """A latent consistency pipeline with tiny random weights: one of those without an `interrupt` flag."""
    from diffusers import AutoencoderKL, LatentConsistencyModelPipeline, LCMScheduler, UNet2DConditionModel

    toybox.load()
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=toybox.pipeline().text_encoder.config.hidden_size,
        attention_head_dim=4,
        norm_num_groups=4,
        time_cond_proj_dim=32,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
        latent_channels=4,
    )
    pipeline = LatentConsistencyModelPipeline(
        vae=vae,
        text_encoder=toybox.pipeline().text_encoder,
        tokenizer=toybox.pipeline().tokenizer,
        unet=unet,
        scheduler=LCMScheduler(original_inference_steps=50),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    folder = tmp_path_factory.mktemp("models") / "consistency"
    pipeline.save_pretrained(folder)
    return DiffusersGenerator(folder, device="cpu")


def test_another_family_with_its_own_defaults(latent_consistency, ask):
    defaults = latent_consistency.defaults
    assert (defaults.num_inference_steps, defaults.guidance_scale, defaults.width) == (4, 8.0, 64)
    first, again = (arrays(latent_consistency.generate(ask(2, guidance_scale=8.0))) for _ in range(2))
    assert np.array_equal(first, again)
    parent = Image.new("RGB", (100, 64))
    assert len(latent_consistency.generate(ask(2, parent=parent, strength=0.5))) == 2


def test_another_family_stops_within_a_step_too(latent_consistency, ask):
    def stop(step, _total):
        if step == 2:
            msg = "enough"
            raise JobCancelled(msg)

    with pytest.raises(JobCancelled):
        latent_consistency.generate(ask(2, num_inference_steps=4), on_step=stop)
