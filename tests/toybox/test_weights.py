"""The weights in the package are loaded and used here as any other model folder would be."""

import json

import numpy as np
import pytest

from datacrafter_widget import toybox
from datacrafter_widget.toybox.captions import with_article
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.toybox.world import KINDS, render, sample_attributes


@pytest.fixture(scope="module", autouse=True)
def offline():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="module")
def rendered():
    rng = np.random.default_rng(770_000)
    drawn = [sample_attributes(rng) for _ in range(240)]
    return drawn, np.stack([render(each, rng) for each in drawn])


@pytest.fixture(scope="module")
def judge():
    return Judge.load()


def test_all_weights_are_safetensors_and_small():
    files = [path for path in toybox.PIPELINE.parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 24 * 2**20
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".txt"}
    assert toybox.JUDGE.stat().st_size <= 1.5 * 2**20


def test_judge_knows_rendered_pictures(judge, rendered):
    drawn, pictures = rendered
    given = judge.predict(pictures)
    assert np.mean([kind == each.kind for kind, each in zip(given["class"], drawn, strict=True)]) > 0.95
    assert np.mean([scene == each.scene for scene, each in zip(given["scene"], drawn, strict=True)]) > 0.95
    assert judge.predict(pictures[:0])["class"].shape == (0,)


def test_judge_says_what_it_expects(judge):
    with pytest.raises(ValueError, match="64, 64, 3"):
        judge.predict(np.zeros((2, 32, 32, 3), np.uint8))


def test_clip_names_rendered_pictures(rendered):
    import open_clip
    import torch
    from PIL import Image

    name = f"local-dir:{toybox.ENCODER}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    tokenizer = open_clip.get_tokenizer(name)
    drawn, pictures = rendered
    with torch.no_grad():
        seen = model.eval().encode_image(
            torch.stack([preprocess(Image.fromarray(picture)) for picture in pictures]), normalize=True
        )
        names = model.encode_text(
            tokenizer([f"a photo of {with_article(kind)}" for kind in KINDS]), normalize=True
        )
    given = (seen @ names.T).argmax(1)
    assert np.mean([KINDS[i] == each.kind for i, each in zip(given, drawn, strict=True)]) > 0.9


def test_generated_pictures_show_what_their_prompts_say(judge):
    import torch
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForText2Image

    pipeline = AutoPipelineForText2Image.from_pretrained(toybox.PIPELINE, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    kinds = ("strawberry", "mushroom", "house", "crane bird")
    prompts = [f"a photo of a {kind} on grass" for kind in kinds for _ in range(3)]

    def pictures(seeds):
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        images = pipeline(prompts, num_inference_steps=10, guidance_scale=4.0, generator=generators).images
        return np.stack([np.asarray(image) for image in images])

    made = pictures(range(len(prompts)))
    assert np.array_equal(made, pictures(range(len(prompts))))
    given = judge.predict(made)
    assert np.mean(given["class"] == np.repeat(kinds, 3)) >= 0.75
    assert np.mean(given["scene"] == "grass") >= 0.75

    from PIL import Image

    changed = AutoPipelineForImage2Image.from_pipe(pipeline)(
        "a photo of a strawberry at night",
        image=[Image.fromarray(made[0])],
        strength=0.8,
        num_inference_steps=10,
        generator=[torch.Generator().manual_seed(0)],
    ).images
    assert changed[0].size == (64, 64)


def test_encoder_folder_is_complete():
    config = json.loads((toybox.ENCODER / "open_clip_config.json").read_text())
    assert config["preprocess_cfg"]["size"] == 64
    assert (toybox.ENCODER / "open_clip_model.safetensors").is_file()
