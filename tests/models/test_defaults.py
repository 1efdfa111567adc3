import json

import pytest

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.defaults import PipelineFolder, generator_defaults


def folder(tmp_path, pipeline_class, name="a/model", denoiser=None, scheduler="DDIMScheduler", own=None):
    index = {"_class_name": pipeline_class, "scheduler": ["diffusers", scheduler]}
    (tmp_path / "unet").mkdir()
    (tmp_path / "vae").mkdir()
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    (tmp_path / "unet" / "config.json").write_text(json.dumps(denoiser or {}))
    (tmp_path / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [1, 2, 3, 4]}))
    if own is not None:
        (tmp_path / "datacrafter.json").write_text(own)
    return PipelineFolder.read(tmp_path, name)


@pytest.mark.parametrize(
    ("pipeline_class", "name", "denoiser", "scheduler", "expected"),
    [
        ("StableDiffusionPipeline", "stabilityai/sd-turbo", {"sample_size": 64}, "", (1, 0.0, 512)),
        ("StableDiffusionXLPipeline", "stabilityai/sdxl-turbo", {"sample_size": 64}, "", (1, 0.0, 512)),
        ("StableDiffusionPipeline", "sd-legacy/v1-5", {"sample_size": 64}, "", (30, 7.5, 512)),
        ("StableDiffusionPipeline", "a/sd-2-1", {"sample_size": 96}, "", (30, 7.5, 768)),
        ("StableDiffusionXLPipeline", "a/sdxl", {"sample_size": 128}, "", (30, 5.0, 1024)),
        ("StableDiffusionXLPipeline", "a/sdxl-lcm", {"sample_size": 128}, "LCMScheduler", (4, 1.0, 1024)),
        ("LatentConsistencyModelPipeline", "a/lcm", {"sample_size": 96}, "", (4, 8.0, 768)),
        ("StableDiffusion3Pipeline", "a/sd3", {"sample_size": 128}, "", (28, 7.0, 1024)),
        ("FluxPipeline", "black-forest-labs/FLUX.1-dev", {}, "", (28, 3.5, 1024)),
        ("FluxPipeline", "black-forest-labs/FLUX.1-schnell", {}, "", (4, 0.0, 1024)),
        ("Flux2KleinPipeline", "black-forest-labs/FLUX.2-klein-4B", {}, "", (4, 1.0, 1024)),
        (
            "StableDiffusion3Pipeline",
            "a/stable-diffusion-3.5-medium",
            {"sample_size": 128},
            "",
            (40, 4.5, 1024),
        ),
        ("StableDiffusion3Pipeline", "a/3.5-large-turbo", {"sample_size": 128}, "", (4, 0.0, 1024)),
        ("StableDiffusionXLPipeline", "a/RealVisXL_V4.0_Lightning", {"sample_size": 128}, "", (4, 0.0, 1024)),
        ("StableDiffusionInpaintPipeline", "a/inpainting", {"sample_size": 64}, "", (30, 7.5, 512)),
        ("PixArtSigmaPipeline", "a/pixart", {"sample_size": 64}, "", (20, 4.5, 512)),
        ("SanaPipeline", "a/sana", {}, "", (20, 4.5, 1024)),
        ("QwenImagePipeline", "Qwen/Qwen-Image", {}, "", (50, 4.0, 1024)),
        ("ZImagePipeline", "Tongyi-MAI/Z-Image-Turbo", {}, "", (9, 0.0, 1024)),
        ("HunyuanDiTPipeline", "a/hunyuan", {"sample_size": 128}, "", (50, 5.0, 1024)),
        ("Lumina2Pipeline", "a/lumina", {}, "", (30, 4.0, 1024)),
        ("StableCascadeCombinedPipeline", "a/cascade", {}, "", (20, 4.0, 1024)),
        ("IFPipeline", "DeepFloyd/IF-I-XL-v1.0", {"sample_size": 64}, "", (100, 7.0, 64)),
    ],
)
def test_families(tmp_path, pipeline_class, name, denoiser, scheduler, expected):
    defaults = generator_defaults(folder(tmp_path, pipeline_class, name, denoiser, scheduler), "cuda:0")
    assert (defaults.num_inference_steps, defaults.guidance_scale, defaults.width) == expected
    assert defaults.height == defaults.width


def test_an_unknown_family_takes_its_own_signature(tmp_path):
    defaults = generator_defaults(folder(tmp_path, "AuraFlowPipeline", denoiser={"sample_size": 64}), "cpu")
    assert (defaults.num_inference_steps, defaults.guidance_scale, defaults.width) == (50, 3.5, 512)


def test_an_unknown_family_by_other_names(tmp_path):
    defaults = generator_defaults(folder(tmp_path, "Krea2Pipeline", "a/krea"), "cpu")
    assert (defaults.num_inference_steps, defaults.guidance_scale, defaults.width) == (28, 4.5, 1024)


def test_a_class_nobody_knows_still_has_defaults(tmp_path):
    assert generator_defaults(folder(tmp_path, "NewestPipeline"), "cpu").num_inference_steps == 30


def test_a_folder_brings_its_own(tmp_path):
    own = json.dumps({"num_inference_steps": 6, "guidance_scale": 3, "batch_size": 24})
    pipeline = folder(tmp_path, "StableDiffusionPipeline", denoiser={"sample_size": 8}, own=own)
    defaults = generator_defaults(pipeline, "cpu")
    assert (defaults.num_inference_steps, defaults.guidance_scale, defaults.width) == (6, 3.0, 64)
    assert defaults.batch_size == 24
    assert isinstance(defaults.guidance_scale, float)


@pytest.mark.parametrize("own", ["[1]", "{", '{"steps": 3}', '{"width": "64"}', '{"width": true}'])
def test_its_own_must_make_sense(tmp_path, own):
    pipeline = folder(tmp_path, "StableDiffusionPipeline", own=own)
    with pytest.raises(ModelError, match=r"datacrafter\.json.*num_inference_steps"):
        generator_defaults(pipeline, "cpu")


def test_batches_suit_the_device(tmp_path):
    pipeline = folder(tmp_path, "StableDiffusionPipeline", denoiser={"sample_size": 64})
    assert generator_defaults(pipeline, "cpu").batch_size < generator_defaults(pipeline, "cuda:0").batch_size
