"""Every family of pipelines, with tiny random weights, through the same adapter."""

import numpy as np
import pytest
import tiny_pipelines
import torch
from PIL import Image

from datacrafter_widget.errors import InputError, JobCancelled, ModelError
from datacrafter_widget.models.calls import call_arguments
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.generator import LatentGenerator, SplitGenerator, picture_problem

IMAGE2IMAGE = ("stable_diffusion", "stable_diffusion_xl", "stable_diffusion_3", "flux", "latent_consistency")
INPAINTING = ("stable_diffusion", "stable_diffusion_xl", "stable_diffusion_3", "flux", "inpainting")
SETTINGS = {  # steps, guidance, width
    "stable_diffusion": (30, 7.5, 64),
    "stable_diffusion_xl": (30, 5.0, 64),
    "stable_diffusion_3": (28, 7.0, 64),
    "flux": (28, 3.5, 1024),
    "latent_consistency": (4, 8.0, 64),
    "inpainting": (30, 7.5, 64),
    "pixart": (20, 4.5, 64),
    "latent_diffusion": (50, 1.0, 64),
}


@pytest.fixture(scope="module")
def open_family(tmp_path_factory):
    """Generators by the name of their family, each made when first asked for."""
    root, opened = tmp_path_factory.mktemp("families"), {}

    def open_family(family):
        if family not in opened:
            opened[family] = DiffusersGenerator(tiny_pipelines.save(family, root / family), device="cpu")
        return opened[family]

    return open_family


@pytest.fixture(params=tiny_pipelines.FAMILIES)
def family(request):
    return request.param


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures])


def test_defaults_suit_the_family(open_family, family):
    defaults = open_family(family).defaults
    assert (defaults.num_inference_steps, defaults.guidance_scale, defaults.width) == SETTINGS[family]


def test_text_to_image_is_bitwise_repeatable(open_family, family, ask):
    generator, steps = open_family(family), []
    first = arrays(generator.generate(ask(3), on_step=lambda *step: steps.append(step)))
    assert first.shape == (3, 64, 64, 3)
    assert len({picture.tobytes() for picture in first}) == 3
    assert steps == [(1, 2), (2, 2)]
    assert np.array_equal(first, arrays(generator.generate(ask(3))))
    assert not np.array_equal(first, arrays(generator.generate(ask(3, prompt="a photo of a green house"))))


def test_denoising_and_decoding_apart_is_what_the_pipeline_does(open_family, family, ask):
    from diffusers import DiffusionPipeline

    generator = open_family(family)
    assert isinstance(generator, SplitGenerator)
    assert isinstance(generator, LatentGenerator)
    left_out = {"text_encoder_3": None, "tokenizer_3": None} if family == "stable_diffusion_3" else {}
    pipeline = DiffusionPipeline.from_pretrained(generator.folder, **left_out)
    form = "inpainting" if family == "inpainting" else "text2image"
    whole = pipeline(**call_arguments(pipeline, ask(2), form)).images
    undecoded = generator.denoise(ask(2))
    apart = arrays(undecoded.pictures()).astype(int)
    # Prompts are encoded one by one, and convolutions are laid out otherwise: the last bits differ.
    assert np.abs(apart - arrays(whole)).max() <= 1
    assert np.array_equal(apart, arrays(generator.generate(ask(2))))
    assert undecoded.pictures() is undecoded.pictures()


@pytest.mark.parametrize("name", ["stable_diffusion", "stable_diffusion_3", "flux"])
def test_a_negative_prompt_matters(open_family, name, ask):
    generator = open_family(name)
    plain = arrays(generator.generate(ask(2)))
    assert not np.array_equal(arrays(generator.generate(ask(2, negative_prompt="snow"))), plain)


def test_cancelling_stops_within_a_step(open_family, family, ask):
    generator, steps = open_family(family), []

    def stop(step, total):
        steps.append((step, total))
        if step == 2:
            msg = "enough"
            raise JobCancelled(msg)

    with pytest.raises(JobCancelled, match="enough"):
        generator.generate(ask(2, num_inference_steps=4), on_step=stop)
    assert steps == [(1, 4), (2, 4)]
    assert len(generator.generate(ask(1))) == 1


@pytest.mark.parametrize("name", [*IMAGE2IMAGE, "inpainting"])
def test_image_to_image(open_family, name, ask):
    generator = open_family(name)
    before = arrays(generator.generate(ask(2)))
    asked = ask(2, parent=Image.new("RGB", (90, 64), "red"), strength=0.5, num_inference_steps=4)
    first = arrays(generator.generate(asked))
    assert first.shape == (2, 64, 64, 3)
    assert np.array_equal(first, arrays(generator.generate(asked)))
    assert np.array_equal(before, arrays(generator.generate(ask(2))))


@pytest.mark.parametrize("name", INPAINTING)
def test_inpainting_changes_what_the_mask_covers(open_family, name, ask):
    generator = open_family(name)
    mask = Image.new("L", (64, 64))
    mask.paste(255, (0, 0, 32, 64))
    parent = Image.new("RGB", (64, 64), "red")
    asked = {"parent": parent, "strength": 1.0, "num_inference_steps": 3}
    half = arrays(generator.generate(ask(2, mask=mask, **asked))).astype(int)
    assert np.array_equal(half, arrays(generator.generate(ask(2, mask=mask, **asked))))
    all_of_it = arrays(generator.generate(ask(2, mask=Image.new("L", (64, 64), 255), **asked))).astype(int)
    assert not np.array_equal(half, all_of_it)
    if name in ("stable_diffusion", "stable_diffusion_xl"):
        again = arrays(generator.generate(ask(2, first_seed=7, mask=mask, **asked))).astype(int)
        changed = np.abs(half - again).mean(axis=(0, 1, 3))
        assert changed[48:].mean() < 0.5 * changed[:16].mean()


@pytest.mark.parametrize("name", ["pixart", "latent_diffusion"])
def test_a_form_that_a_family_does_not_have(open_family, name, ask):
    with pytest.raises(ModelError, match=r'has no image-to-image form; use perturbation="text2image"'):
        open_family(name).generate(ask(1, parent=Image.new("RGB", (64, 64)), strength=0.5))


@pytest.mark.parametrize("name", ["stable_diffusion", "stable_diffusion_xl", "stable_diffusion_3"])
def test_latents_there_and_back(open_family, name):
    generator = open_family(name)
    pictures = [Image.new("RGB", (90, 64), colour) for colour in ("red", "green", "white")]
    latents = generator.encode_latents(pictures, 64, 64)
    assert latents.dtype == torch.float32
    assert latents.shape[0] == 3
    assert latents.shape[2:] == (8, 8)
    assert torch.equal(latents[1:2], generator.encode_latents(pictures[1:2], 64, 64))
    latents.requires_grad_()
    pixels = generator.decode_latents(latents)
    assert pixels.shape == (3, 3, 64, 64)
    assert 0 <= pixels.min() <= pixels.max() <= 1
    pixels.sum().backward()
    assert latents.grad.abs().sum() > 0


@pytest.mark.parametrize("name", IMAGE2IMAGE)
def test_image_to_image_from_latents(open_family, name, ask):
    generator = open_family(name)
    parent = Image.new("RGB", (64, 64), "red")
    start = generator.encode_latents([parent], 64, 64)[0]
    asked = {"parent": parent, "strength": 0.5, "num_inference_steps": 4}
    from_latents = arrays(generator.generate(ask(2, start=start, **asked)))
    assert np.array_equal(from_latents, arrays(generator.generate(ask(2, start=start, **asked))))
    elsewhere = arrays(generator.generate(ask(2, start=start + 3.0, **asked)))
    assert not np.array_equal(from_latents, elsewhere)
    with pytest.raises(InputError, match="start: expected latents"):
        generator.generate(ask(1, start=start[:3], **asked))


def test_an_inpainting_checkpoint_does_not_begin_from_latents(open_family, ask):
    asked = ask(1, parent=Image.new("RGB", (64, 64)), strength=0.5, start=torch.zeros(4, 8, 8))
    with pytest.raises(InputError, match="can't begin from latents"):
        open_family("inpainting").generate(asked)


def test_masks_and_starts_need_a_parent(open_family, ask):
    generator = open_family("stable_diffusion")
    with pytest.raises(InputError, match="together with a parent"):
        generator.generate(ask(1, mask=Image.new("L", (64, 64))))
    with pytest.raises(InputError, match="one of them at most"):
        generator.generate(
            ask(
                1,
                parent=Image.new("RGB", (64, 64)),
                strength=0.5,
                mask=Image.new("L", (64, 64)),
                start=torch.zeros(4, 8, 8),
            )
        )


@pytest.mark.parametrize("name", ["stable_diffusion", "flux"])
def test_numbers_that_are_none_mark_the_picture(open_family, name, ask, monkeypatch):
    generator = open_family(name)
    vae = type(generator.pipeline().vae)
    decode = vae.decode

    def spoiled(self, latents, *arguments, **options):
        latents = latents.clone()
        latents[1] = torch.nan
        return decode(self, latents, *arguments, **options)

    monkeypatch.setattr(vae, "decode", spoiled)
    pictures = generator.generate(ask(3))
    assert [picture_problem(picture) for picture in pictures] == [None, "nan", None]
    assert np.asarray(pictures[1]).max() == 0


def test_what_the_safety_checker_hides_is_marked(open_family, ask, monkeypatch):
    generator = open_family("stable_diffusion")
    pipeline = generator.pipeline()

    def hide_the_first(image, _device, _dtype):
        image[0] = 0.0
        return image, [True] + [False] * (len(image) - 1)

    monkeypatch.setattr(pipeline, "run_safety_checker", hide_the_first)
    pictures = generator.generate(ask(2))
    assert [picture_problem(picture) for picture in pictures] == ["unsafe", None]
    assert np.asarray(pictures[0]).max() == 0


def test_a_model_folder_that_vanished(tmp_path, ask):
    import shutil

    folder = tiny_pipelines.save("stable_diffusion", tmp_path / "gone")
    generator = DiffusersGenerator(folder, device="cpu")
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match=r"can't be loaded.*No such file"):
        generator.generate(ask(1))
