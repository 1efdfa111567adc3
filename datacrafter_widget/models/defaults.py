"""Good settings for each family of generators, found from a pipeline's own configuration files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS_FILE = "datacrafter.json"
"""A pipeline folder may bring its own defaults in this file: a JSON object of `GeneratorDefaults`' names."""


@dataclass(frozen=True)
class GeneratorDefaults:
    """What a generator is asked for unless someone says otherwise.

    Attributes:
        num_inference_steps: denoising steps of text-to-image.
        guidance_scale: classifier-free guidance; up to 1.0 is none.
        strength: how far image-to-image leaves its parent, 0 to 1.
        width: pixels.
        height: pixels.
        batch_size: pictures at a time.
    """

    num_inference_steps: int = 30
    guidance_scale: float = 5.0
    strength: float = 0.7
    width: int = 512
    height: int = 512
    batch_size: int = 4


@dataclass(frozen=True)
class PipelineFolder:
    """What a pipeline's configuration files say, read without loading any weights.

    Attributes:
        folder: where it is.
        name: what the user called it (a hub id tells the family).
        index: `model_index.json`.
        denoiser: the configuration of its UNet or transformer, or {}.
        vae: the configuration of its autoencoder, or {}.
    """

    folder: Path
    name: str
    index: dict[str, Any]
    denoiser: dict[str, Any]
    vae: dict[str, Any]

    @classmethod
    def read(cls, folder: Path, name: str) -> PipelineFolder:
        """Read the configuration files.

        Raises:
            ModelError: `model_index.json` is missing or no JSON.
        """
        index = _json(folder / "model_index.json")
        if index is None:
            msg = f"{folder} is not a diffusers pipeline: expected a readable model_index.json in it"
            raise ModelError(msg)
        denoiser = _first_config(folder, "unet", "transformer", "prior")
        return cls(folder, name, index, denoiser, _first_config(folder, "vae", "vqvae", "movq"))

    @property
    def pipeline_class(self) -> str:
        """The name of the pipeline's class, such as "StableDiffusionXLPipeline"."""
        name = self.index.get("_class_name", "")
        return name if isinstance(name, str) else str(name[-1])

    @property
    def weight_bytes(self) -> int:
        """The size of its weight files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*.safetensors"))

    @property
    def vae_scale_factor(self) -> int:
        """Pixels a latent pixel, along one side."""
        if self.pipeline_class.startswith("IF"):  # DeepFloyd's denoise pixels
            return 1
        # AutoencoderTiny has one list for each half.
        channels = self.vae.get("block_out_channels") or self.vae.get("decoder_block_out_channels")
        if channels:
            return 2 ** (len(channels) - 1)
        return int(self.vae.get("scale_factor", 8))

    @property
    def size(self) -> int | None:
        """Pixels of a side that the denoiser was trained at, or None where it does not say."""
        sample = self.denoiser.get("sample_size")
        if isinstance(sample, list):
            sample = sample[0]
        return int(sample) * self.vae_scale_factor if sample else None


# (pattern in the model's name, or the start of the pipeline class's name) → what differs. First match wins;
# names go before classes, because a distilled model has the class of the model it came from.
# Sources: the models' own cards on the hub.
_BY_NAME: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"sdxl[-_]turbo", {"num_inference_steps": 1, "guidance_scale": 0.0, "strength": 0.5, "size": 512}),
    (r"sd[-_]turbo", {"num_inference_steps": 1, "guidance_scale": 0.0, "strength": 0.5, "size": 512}),
    (r"qwen.*lightning", {"num_inference_steps": 8, "guidance_scale": 1.0, "size": 1024}),
    (r"lightning|hyper[-_]sd", {"num_inference_steps": 4, "guidance_scale": 0.0}),
    (r"playground-v2\.5", {"num_inference_steps": 50, "guidance_scale": 3.0, "size": 1024}),
    (r"3\.5[-_]large[-_]turbo", {"num_inference_steps": 4, "guidance_scale": 0.0}),
    (r"stable-diffusion-3\.5[-_]large", {"num_inference_steps": 28, "guidance_scale": 3.5}),
    (r"stable-diffusion-3\.5", {"num_inference_steps": 40, "guidance_scale": 4.5}),
    (r"flux.*schnell", {"num_inference_steps": 4, "guidance_scale": 0.0, "size": 1024}),
    (r"flux\.?2[-_]klein(?!.*base)", {"num_inference_steps": 4, "guidance_scale": 1.0, "size": 1024}),
    (r"z[-_]image[-_]turbo", {"num_inference_steps": 9, "guidance_scale": 0.0, "size": 1024}),
    (r"hunyuandit.*distilled", {"num_inference_steps": 25, "guidance_scale": 5.0, "size": 1024}),
)
_BY_CLASS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("LatentConsistency", {"num_inference_steps": 4, "guidance_scale": 8.0, "strength": 0.6}),
    ("StableDiffusionXL", {"num_inference_steps": 30, "guidance_scale": 5.0, "size": 1024}),
    ("StableDiffusion3", {"num_inference_steps": 28, "guidance_scale": 7.0, "size": 1024}),
    ("StableDiffusion", {"num_inference_steps": 30, "guidance_scale": 7.5}),
    ("StableCascade", {"num_inference_steps": 20, "guidance_scale": 4.0, "size": 1024}),
    ("Wuerstchen", {"num_inference_steps": 60, "guidance_scale": 4.0, "size": 1024}),
    ("Flux2", {"num_inference_steps": 50, "guidance_scale": 4.0, "size": 1024}),
    ("Flux", {"num_inference_steps": 28, "guidance_scale": 3.5, "size": 1024}),
    ("Chroma", {"num_inference_steps": 40, "guidance_scale": 3.0, "size": 1024}),
    ("PixArt", {"num_inference_steps": 20, "guidance_scale": 4.5, "size": 1024}),
    ("SanaSprint", {"num_inference_steps": 2, "guidance_scale": 4.5, "strength": 0.5, "size": 1024}),
    ("Sana", {"num_inference_steps": 20, "guidance_scale": 4.5, "size": 1024}),
    ("Kandinsky3", {"num_inference_steps": 25, "guidance_scale": 3.0, "size": 1024}),
    ("Kandinsky", {"num_inference_steps": 50, "guidance_scale": 4.0}),
    ("QwenImage", {"num_inference_steps": 50, "guidance_scale": 4.0, "size": 1024}),
    ("HunyuanDiT", {"num_inference_steps": 50, "guidance_scale": 5.0, "size": 1024}),
    ("Lumina", {"num_inference_steps": 30, "guidance_scale": 4.0, "size": 1024}),
    ("CogView4", {"num_inference_steps": 50, "guidance_scale": 3.5, "size": 1024}),
    ("ZImage", {"num_inference_steps": 50, "guidance_scale": 4.0, "size": 1024}),
    ("IF", {"num_inference_steps": 100, "guidance_scale": 7.0, "size": 64}),
)
_GUIDANCE = ("guidance_scale", "true_cfg_scale", "prior_guidance_scale")


def generator_defaults(pipeline: PipelineFolder, device: str) -> GeneratorDefaults:
    """Defaults for a pipeline: its own `datacrafter.json`, else its family's, else its class's signature.

    Args:
        pipeline: its configuration.
        device: as `resolve_device` gives it; the batch size depends on it.

    Raises:
        ModelError: the folder's `datacrafter.json` is not what it should be.
    """
    family = _family(pipeline)
    usual_size = family.pop("size", 512)
    size = pipeline.size or usual_size
    defaults = replace(GeneratorDefaults(width=size, height=size), **family)
    own = own_defaults(pipeline.folder)
    defaults = replace(defaults, **own)
    if "batch_size" not in own:
        defaults = replace(defaults, batch_size=_batch_size(defaults.width * defaults.height, device))
    return defaults


def _family(pipeline: PipelineFolder) -> dict[str, Any]:
    name = f"{pipeline.name} {pipeline.index.get('_name_or_path', '')}".lower()
    for pattern, settings in _BY_NAME:
        if re.search(pattern, name):
            return dict(settings)
    # Consistency-distilled weights run in any pipeline class; their scheduler or their UNet tells.
    if pipeline.index.get("scheduler", ("", ""))[-1] == "LCMScheduler":
        embedded = pipeline.denoiser.get("time_cond_proj_dim") is not None
        return {"num_inference_steps": 4, "guidance_scale": 8.0 if embedded else 1.0, "strength": 0.6}
    for prefix, settings in _BY_CLASS:
        if pipeline.pipeline_class.startswith(prefix):
            return dict(settings)
    return _signature_defaults(pipeline.pipeline_class)


def _signature_defaults(class_name: str) -> dict[str, Any]:
    """What an unknown pipeline class takes by default, from the signature of its `__call__`."""
    import inspect

    import diffusers

    pipeline_class = getattr(diffusers, class_name, None)
    if pipeline_class is None:
        return {}
    parameters = inspect.signature(pipeline_class.__call__).parameters
    given = {
        name: parameter.default
        for name, parameter in parameters.items()
        if isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool)
    }
    found: dict[str, Any] = {}
    if "num_inference_steps" in given:
        found["num_inference_steps"] = int(given["num_inference_steps"])
    guidance = next((float(given[name]) for name in _GUIDANCE if name in given), None)
    if guidance is not None:
        found["guidance_scale"] = guidance
    if "height" in given:
        found["size"] = int(given["height"])
    return found


def own_defaults(folder: Path) -> dict[str, Any]:
    """What a pipeline folder's `datacrafter.json` says; {} without one.

    Raises:
        ModelError: the file is not what it should be.
    """
    path = folder / DEFAULTS_FILE
    if not path.is_file():
        return {}
    own = _json(path)
    kinds = {field.name: int if field.type == "int" else float for field in fields(GeneratorDefaults)}
    if own is None or set(own) - set(kinds) or not all(_is_number(value) for value in own.values()):
        msg = f"{path}: expected a JSON object of numbers with names among {', '.join(kinds)}"
        raise ModelError(msg)
    return {name: kinds[name](value) for name, value in own.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _batch_size(pixels: int, device: str) -> int:
    """A batch that fits common cards: 16 small pictures, 8 of 512², 4 of 1024² (one or two on the CPU)."""
    if pixels <= 128**2:
        return 16
    if device in ("cpu", "mps"):
        return 2 if pixels <= 512**2 else 1
    return 8 if pixels <= 768**2 else 4


def _first_config(folder: Path, *parts: str) -> dict[str, Any]:
    configs = (_json(folder / part / "config.json") for part in parts)
    return next((config for config in configs if config), {})


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
