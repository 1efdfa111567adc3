"""DreamBooth with pictures that count unequally, with prompts of their own, and on the whole UNet."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tiny_pipelines import save

from datacrafter_widget.errors import InputError
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.concepts import Concept
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.tuning import TuningSettings, tune
from datacrafter_widget.models.tuning.learners import LearnedWeights, low_rank
from datacrafter_widget.models.tuning.loop import _drawn


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save("stable_diffusion", tmp_path_factory.mktemp("model") / "sd")


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(1)
    return [Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)) for _ in range(4)]


def settings(**changes):
    usual = {"token": "<dog-1>", "word": "dog", "size": 64, "steps": 6, "learning_rate": 1e-2}
    return TuningSettings.usual("lora", **{**usual, **changes})


def learn(model, pictures, wanted, folder):
    return tune(model, lambda: pictures, wanted, folder, job=Job(lambda _job: None, "learn"))


def test_a_picture_of_no_weight_is_not_learned_from(tmp_path, model, pictures):
    wanted = settings(weights=(1, 1, 1, 0), batch_size=4)
    files = [
        learn(model, [*pictures[:3], last], wanted, tmp_path / name)
        for name, last in (("one", pictures[3]), ("other", Image.new("RGB", (64, 64), "red")))
    ]
    assert files[0].read_bytes() == files[1].read_bytes()
    even = learn(model, pictures, replace(wanted, weights=()), tmp_path / "even")
    assert even.read_bytes() != files[0].read_bytes()
    ones = learn(model, pictures, replace(wanted, weights=(1, 1, 1, 1)), tmp_path / "ones")
    one, other = load_file(even), load_file(ones)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_picture_is_drawn_as_often_as_it_counts():
    draw = np.random.default_rng(3)
    drawn = [each for _ in range(2000) for each in _drawn(4, 2, draw, (1, 1, 1, 0.25))]
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    assert shares == pytest.approx([4 / 13, 4 / 13, 4 / 13, 1 / 13], abs=0.03)


def test_pictures_may_have_prompts_of_their_own(tmp_path, model, pictures):
    usual = ("a photo of a sks dog",) * 4
    same = [
        load_file(learn(model, pictures, wanted, tmp_path / name))
        for name, wanted in (("none", settings()), ("usual", settings(prompts=usual)))
    ]
    assert all(torch.equal(same[0][name], same[1][name]) for name in same[0])
    others = load_file(
        learn(
            model, pictures, settings(prompts=(*usual[:2], "sks dog", "a sks dog in snow")), tmp_path / "own"
        )
    )
    assert any(not torch.equal(same[0][name], others[name]) for name in others)


def test_a_learning_rate_that_decays_falls_evenly(tmp_path, model, pictures, monkeypatch):
    rates = []
    step = torch.optim.AdamW.step

    def watched(self, *arguments, **named):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *arguments, **named)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    learn(model, pictures, settings(steps=4, decay=True), tmp_path / "falling")
    assert rates == pytest.approx([1e-2, 7.5e-3, 5e-3, 2.5e-3])
    rates.clear()
    learn(model, pictures, settings(steps=4), tmp_path / "even")
    assert rates == [1e-2] * 4


def test_a_whole_unet_is_kept_as_a_lora_that_draws_the_same(tmp_path, model, pictures, ask, monkeypatch):
    learned = []

    def remember(self, path):
        learned.append({name: weight.detach().clone() for name, weight in self.parameters.items()})
        learned.append(self._before)
        original(self, path)

    original = LearnedWeights.save
    monkeypatch.setattr(LearnedWeights, "save", remember)
    wanted = settings(full=True, rank=128, learning_rate=1e-3)
    path = learn(model, pictures, wanted, tmp_path)
    after, before = learned
    tensors = load_file(path)
    for name, weight in after.items():
        down, up = (tensors[f"unet.{name.removesuffix('.weight')}.lora_{half}.weight"] for half in "AB")
        change = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)
        assert torch.allclose(before[name] + change, weight, atol=1e-5)
    assert any(weight.ndim == 4 for weight in after.values())

    generator = DiffusersGenerator(model, device="cpu")
    (plain,) = generator.generate(ask(1, prompt="a sks dog"))
    generator.use_concepts([Concept("<dog-1>", "lora", path, wanted.words)])
    (drawn,) = generator.generate(ask(1, prompt="a <dog-1>"))
    unet = generator.pipeline().unet
    assert drawn.tobytes() != plain.tobytes()
    generator.release()
    generator.use_concepts([])
    unet = generator.pipeline().unet
    unet.load_state_dict(after, strict=False)
    (expected,) = generator.generate(ask(1, prompt="a sks dog"))
    assert np.abs(np.asarray(drawn, float) - np.asarray(expected, float)).max() <= 1


def test_the_nearest_change_of_low_rank_is_that_of_the_singular_vectors():
    torch.manual_seed(0)
    change = torch.randn(5, 2) @ torch.randn(2, 7)
    down, up = low_rank(change, 3)
    assert (down.shape, up.shape) == ((3, 7), (5, 3))
    assert torch.allclose(up @ down, change, atol=1e-5)
    kernel = torch.randn(4, 3, 3, 3)
    down, up = low_rank(kernel, 6)  # more than it has
    assert (down.shape, up.shape) == ((6, 3, 3, 3), (4, 6, 1, 1))
    assert torch.allclose((up.flatten(1) @ down.flatten(1)).reshape(kernel.shape), kernel, atol=1e-5)


def test_what_makes_no_sense_is_refused(tmp_path, model, pictures):
    for changes, said in (
        ({"weights": (1, -1)}, "weights"),
        ({"weights": (0, 0)}, "weights"),
        ({"weights": (float("nan"),)}, "weights"),
    ):
        with pytest.raises(InputError, match=said):
            settings(**changes)
    with pytest.raises(InputError, match="its own sentences"):
        TuningSettings.usual("textual_inversion", token="<dog-1>", word="dog", size=64, full=True)  # noqa: S106
    with pytest.raises(InputError, match="one for each of the 4 pictures, found 3"):
        learn(model, pictures, settings(prompts=("a", "b", "c")), tmp_path)


def test_settings_of_old_trainings_are_those_of_today():
    old = settings().to_json()
    assert {"prompts", "weights", "full", "decay"}.isdisjoint(old)
    assert TuningSettings(**old) == settings()
    new = settings(prompts=("a", "b"), weights=(1, 0.5), full=True, decay=True)
    assert TuningSettings(**new.to_json()) == new
