"""Teaching a pipeline a concept: what is learned, what is kept, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tiny_pipelines import save

from datacrafter_widget.errors import InputError, JobCancelled, ModelError, StoreError
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.concepts import Concept
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.pipelines import load
from datacrafter_widget.models.tuning import TuningSettings, check_pictures, has_begun, tune
from datacrafter_widget.models.tuning.learners import LearnedChange, LearnedWord
from datacrafter_widget.models.tuning.loop import Latents, batch_loss, train
from datacrafter_widget.models.tuning.parts import Parts
from datacrafter_widget.toybox import PIPELINE, render, sample_attributes

METHODS = ("textual_inversion", "lora")


@pytest.fixture(scope="module")
def pictures():
    """Purple apples at night."""
    rng = np.random.default_rng(0)
    look = {"kind": "apple", "colour": "purple", "scene": "night", "style": "photo", "count": 1}
    return [Image.fromarray(render(sample_attributes(rng, **look), rng)) for _ in range(4)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Model folders with random weights, by family."""
    folder = tmp_path_factory.mktemp("models")

    def tiny(family):
        return folder / family if (folder / family).exists() else save(family, folder / family)

    return tiny


def settings(method, **changes):
    usual = {"token": "<apple-1>", "word": "apple", "size": 64, "steps": 4, "checkpoint_every": 3}
    return TuningSettings.usual(method, **{**usual, **changes})


def quiet(_job=None):
    return Job(lambda _job: None, "learn")


def stopping_after(steps):
    """A job that someone cancels once so many steps are done."""
    job = quiet()
    job.subscribe(lambda job: job.progress.done == steps and job.cancel())
    return job


def learn(model, pictures, wanted, folder, job=None, **more):
    return tune(model, lambda: pictures, wanted, folder, job=job or quiet(), **more)


def draw(pipeline, prompt, size=64):
    made = pipeline(
        prompt=prompt,
        num_inference_steps=2,
        guidance_scale=3.0,
        width=size,
        height=size,
        generator=torch.Generator().manual_seed(0),
        output_type="np",
    )
    return made.images[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["stable_diffusion", "stable_diffusion_xl"])
def test_a_run_that_was_cut_off_ends_with_bitwise_the_same_file(tmp_path, pictures, tiny, family, method):
    whole = learn(tiny(family), pictures, settings(method), tmp_path / "whole")
    with pytest.raises(JobCancelled):
        learn(tiny(family), pictures, settings(method), tmp_path / "cut", stopping_after(2))
    assert has_begun(tmp_path / "cut")

    def gone():
        raise AssertionError("the pictures are encoded already")

    resumed = tune(tiny(family), gone, settings(method), tmp_path / "cut", job=quiet())
    assert resumed.read_bytes() == whole.read_bytes()
    logs = [json.loads((path.parent / "training.json").read_text()) for path in (whole, resumed)]
    assert logs[0] == logs[1]
    assert len(logs[0]["losses"]) == 4
    assert sorted(path.name for path in resumed.parent.iterdir()) == ["concept.safetensors", "training.json"]


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path, pictures, tiny):
    """What it did after the checkpoint is done again, and a half-written file does no harm."""
    wanted, folders = settings("lora", steps=5), [tmp_path / name for name in ("whole", "killed")]
    model, kept = tiny("stable_diffusion"), folders[1] / "checkpoint.safetensors"
    job, copies = quiet(), []
    job.subscribe(lambda job: job.progress.done == 4 and copies.append(kept.read_bytes()))  # of step 3
    job.subscribe(lambda job: job.progress.done == 4 and job.cancel())
    with pytest.raises(JobCancelled):
        learn(model, pictures, wanted, folders[1], job)
    assert copies[0] != kept.read_bytes()
    kept.write_bytes(copies[0])
    kept.with_name(".checkpoint.safetensors.tmp").write_bytes(b"half")
    paths = [learn(model, pictures, wanted, folder) for folder in folders]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    made = paths[0].stat().st_mtime_ns
    assert learn(model, pictures, wanted, folders[0]) == paths[0]  # killed after its last step
    assert paths[0].stat().st_mtime_ns == made


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_of_a_fixed_batch_falls(tmp_path, pictures, method):
    wanted = settings(method, steps=8, learning_rate=1e-2, batch_size=4)
    parts = Parts(PIPELINE, "toybox", "cpu", 64)
    latents = Latents(parts.encode_pictures(pictures))
    assert latents.pictures.shape[0] == 4
    if method == "lora":
        learner = LearnedChange(parts, wanted, LearnedChange.encode(parts, wanted))
    else:
        parts.place_unet()
        learner = LearnedWord(parts, wanted)

    def loss():
        with torch.no_grad():
            return float(batch_loss(parts, learner, latents, wanted, step=0))

    before = loss()
    assert loss() == before
    train(parts, learner, latents, wanted, tmp_path / "checkpoint.safetensors", quiet())
    assert loss() < before


def test_a_learned_word_changes_what_its_token_draws_and_nothing_else(tmp_path, pictures):
    wanted = settings("textual_inversion", vectors=2, learning_rate=0.05)
    path = learn(PIPELINE, pictures, wanted, tmp_path / "word")
    assert load_file(path)["<apple-1>"].shape == (2, 128)
    pipeline = load(PIPELINE, torch.float32, "cpu", "toybox")
    plain, nothing = draw(pipeline, "a photo of an apple"), draw(pipeline, "a photo of a <apple-1>")
    pipeline.load_textual_inversion(path)
    assert np.array_equal(draw(pipeline, "a photo of an apple"), plain)
    assert np.abs(draw(pipeline, "a photo of a <apple-1>") - nothing).max() > 0.01


def test_a_lora_with_prior_preservation_changes_what_is_drawn(tmp_path, pictures):
    wanted = settings("lora", learning_rate=0.01, prior_prompt="a photo of an apple", rank=4)
    plain = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "white")]
    path = learn(PIPELINE, pictures, wanted, tmp_path / "prior", prior=lambda: plain)
    without = learn(PIPELINE, pictures, replace(wanted, prior_prompt=""), tmp_path / "without")
    assert path.read_bytes() != without.read_bytes()
    assert {4} <= {tensor.shape[0] for tensor in load_file(path).values()}
    pipeline = load(PIPELINE, torch.float32, "cpu", "toybox")
    before = draw(pipeline, f"a photo of a {wanted.words}")
    pipeline.load_lora_weights(path.parent, weight_name=path.name)
    assert np.abs(draw(pipeline, f"a photo of a {wanted.words}") - before).max() > 0.01
    pipeline.unload_lora_weights()
    assert np.array_equal(draw(pipeline, f"a photo of a {wanted.words}"), before)


@pytest.mark.parametrize("method", METHODS)
def test_a_generator_draws_what_a_pipeline_with_two_text_encoders_learned(
    tmp_path, pictures, tiny, ask, method
):
    model, wanted = tiny("stable_diffusion_xl"), settings(method, learning_rate=0.1, vectors=2)
    path = learn(model, pictures, wanted, tmp_path)
    generator = DiffusersGenerator(model, device="cpu")
    (before,) = generator.generate(ask(1, prompt=f"a photo of a {wanted.words}"))
    generator.use_concepts([Concept(wanted.token, method, path, wanted.words)])
    (after,) = generator.generate(ask(1, prompt="a photo of a <apple-1>"))
    assert after.tobytes() != before.tobytes()
    (plain,) = generator.generate(ask(1, prompt=f"a photo of a {wanted.words}".replace("<", "")))
    assert plain.tobytes() != after.tobytes()


def test_another_training_in_the_folder_is_not_gone_on_with(tmp_path, pictures, tiny):
    with pytest.raises(JobCancelled):
        learn(tiny("stable_diffusion"), pictures, settings("lora"), tmp_path, stopping_after(1))
    with pytest.raises(InputError, match="seed is 0 there and 1 here"):
        learn(tiny("stable_diffusion"), pictures, settings("lora", seed=1), tmp_path)
    checkpoint = tmp_path / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(StoreError, match=r"checkpoint\.safetensors.*Delete it"):
        learn(tiny("stable_diffusion"), pictures, settings("lora"), tmp_path)
    checkpoint.unlink()
    assert learn(tiny("stable_diffusion"), pictures, settings("lora"), tmp_path).exists()


def test_a_loss_that_is_no_number_ends_the_training_with_advice(tmp_path, tiny):
    wanted = settings("textual_inversion")
    parts = Parts(tiny("stable_diffusion"), "tiny", "cpu", 64)
    learner = LearnedWord(parts, wanted)
    latents = Latents(torch.full((3, 4, 8, 8), torch.nan))
    with pytest.raises(ModelError, match="lower learning_rate"):
        train(parts, learner, latents, wanted, tmp_path / "checkpoint.safetensors", quiet())
    assert not has_begun(tmp_path)


@pytest.mark.parametrize("family", ["stable_diffusion_3", "flux", "latent_consistency", "inpainting"])
def test_other_families_are_refused_before_their_weights_are_loaded(tmp_path, pictures, tiny, family):
    with pytest.raises(ModelError, match=r"1\.x, 2\.x or XL"):
        learn(tiny(family), pictures, settings("lora"), tmp_path)


def test_too_few_or_too_small_pictures_are_refused():
    with pytest.raises(InputError, match=r"3 or more .* found 2"):
        check_pictures([(64, 64)] * 2, settings("lora"))
    with pytest.raises(InputError, match=r"32 pixels or fewer.*method=\"lora\""):
        check_pictures([(64, 64), (64, 64), (32, 20)], settings("textual_inversion"))
    check_pictures([(32, 32)] * 3, settings("lora"))
    check_pictures([(33, 20)] * 3, settings("textual_inversion"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "hypernetwork"}, "textual_inversion"),
        ({"token": "apple"}, "angle brackets"),
        ({"steps": 0}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"rank": 0}, "rank"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range_are_refused(changes, said):
    with pytest.raises(InputError, match=said):
        settings(**{"method": "lora", **changes})
