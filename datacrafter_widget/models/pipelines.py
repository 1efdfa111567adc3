"""Loading diffusers pipelines, and turning one form into another."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.device import is_out_of_memory
from datacrafter_widget.models.hub import first_line, quiet_loading, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacrafter_widget.models.calls import Form

_WORDS: dict[Form, str] = {
    "text2image": "text-to-image",
    "image2image": "image-to-image",
    "inpainting": "inpainting",
}
_TILED_FROM = 1024**2  # pixels
_TILED_BELOW = 16 * 1024**3  # bytes
_INPAINTING_CHANNELS = 9  # of a UNet that takes latents, a mask and the masked picture's latents


def download(hub_id: str) -> Path:
    """Fetch a pipeline from the hub, in safetensors; its folder.

    Raises:
        ModelError: it can't be had.
    """
    with reached(hub_id, "a diffusers pipeline"), quiet_loading():
        from diffusers import DiffusionPipeline

        return Path(DiffusionPipeline.download(hub_id, use_safetensors=True))


def inpaints_only(denoiser: dict[str, Any]) -> bool:
    """Whether a denoiser's configuration is an inpainting checkpoint's: it can't denoise without a mask."""
    return denoiser.get("in_channels") == _INPAINTING_CHANNELS and denoiser.get("out_channels", 4) == 4


def load(folder: Path, dtype: Any, device: str, name: str, *, form: Form | None = "text2image") -> Any:
    """Load a pipeline onto a device through diffusers' Auto class for a form.

    A class that the Auto class does not know is loaded as what it is; without a form any is.

    Raises:
        ModelError: it can't be loaded.
    """
    import diffusers
    import torch

    # diffusers renamed the argument in 0.42 and warns about the old name.
    recent = tuple(int(part) for part in diffusers.__version__.split(".")[:2]) >= (0, 42)
    options: dict[str, Any] = {
        "dtype" if recent else "torch_dtype": dtype,
        "local_files_only": True,
        "use_safetensors": True,
    }
    if importlib.util.find_spec("accelerate") is None:
        options["low_cpu_mem_usage"] = False  # the default needs accelerate, and says so at length
    try:
        with quiet_loading():
            pipeline = _from_pretrained(folder, form, options)
        pipeline = pipeline.to(device)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        kind = "diffusers" if form is None else _WORDS[form]
        msg = (
            f"the model {name!r} in {folder} can't be loaded: expected a {kind} pipeline in "
            f"safetensors, found {type(error).__name__}: {first_line(error)}"
        )
        raise ModelError(msg) from error
    for part in ("unet", "vae"):
        module = getattr(pipeline, part, None)
        # Convolutions are faster so: by a third for the toybox on a CPU. Those of films have five dimensions.
        if module is not None and all(weights.ndim < 5 for weights in module.parameters()):
            module.to(memory_format=torch.channels_last)
    vae = getattr(pipeline, "vae", None)
    if getattr(getattr(vae, "config", None), "force_upcast", False) and dtype != torch.float16:
        # Only float16 overflows in SDXL's autoencoder; its precision then needn't change under way.
        pipeline.vae.register_to_config(force_upcast=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def to_form(pipeline: Any, form: Form, name: str) -> Any:
    """Another form of a pipeline, with the same weights.

    Raises:
        ModelError: there is none.
    """
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    auto = AutoPipelineForInpainting if form == "inpainting" else AutoPipelineForImage2Image
    try:
        return from_parts(auto, pipeline)
    except (ValueError, AttributeError, TypeError) as error:
        msg = (
            f"the model {name!r} ({type(pipeline).__name__}) has no {_WORDS[form]} form; "
            'use perturbation="text2image", or another model'
        )
        raise ModelError(msg) from error


def from_parts(auto: Any, pipeline: Any, **parts: Any) -> Any:
    """Another pipeline with the same weights.

    Args:
        auto: diffusers' Auto class of what it is to be.
        pipeline: whose parts it gets, but for the scheduler: that counts its own steps, so each pipeline has one.
        parts: more parts, such as `controlnet`.
    """
    scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
    other = auto.from_pipe(pipeline, scheduler=scheduler, **parts)
    other.set_progress_bar_config(disable=True)
    return other


def tiles(asked: bool | Literal["auto"], device: str, weight_bytes: int) -> Callable[[int, int], bool]:
    """Whether to decode pictures of a size in tiles and one by one.

    "auto" goes by what the card can hold beside the weights, not by what is free just now: the pictures (whose
    last bits depend on it) must not.

    Args:
        asked: True, False, or "auto".
        device: as `resolve_device` gives it.
        weight_bytes: of the pipeline's weights.
    """
    if asked != "auto":
        return lambda _width, _height: asked
    if not device.startswith("cuda"):
        return lambda _width, _height: False
    import torch

    room = torch.cuda.get_device_properties(device).total_memory - weight_bytes
    return lambda width, height: width * height >= _TILED_FROM and room < _TILED_BELOW


def set_tiling(pipeline: Any, on: bool) -> None:
    """Switch tiled decoding, one picture at a time, on or off; autoencoders that can't are left as they are."""
    vae = getattr(pipeline, "vae", None)
    for kind in ("tiling", "slicing"):
        if getattr(vae, f"use_{kind}", on) != on:
            with contextlib.suppress(NotImplementedError):
                getattr(vae, f"{'enable' if on else 'disable'}_{kind}")()


def compile_denoiser(pipeline: Any) -> None:
    """Have `torch.compile` make the denoiser faster, block by block where its blocks repeat."""
    for name in ("unet", "transformer"):
        module = getattr(pipeline, name, None)
        if module is None:
            continue
        if getattr(module, "_repeated_blocks", None) and hasattr(module, "compile_repeated_blocks"):
            module.compile_repeated_blocks()
        else:
            module.compile()


def inference(device: str) -> contextlib.AbstractContextManager[object]:
    """Less to note at each operation, which counts on a CPU; elsewhere weights may be moved or cast under way."""
    import torch

    return torch.inference_mode() if device == "cpu" else contextlib.nullcontext()


@contextlib.contextmanager
def same_precision(pipeline: Any) -> Iterator[None]:
    """Give the autoencoder its precision back: a pipeline that is left early can't."""
    vae = getattr(pipeline, "vae", None)
    before = getattr(vae, "dtype", None)
    try:
        yield
    finally:
        if vae is not None and vae.dtype != before:
            vae.to(dtype=before)


def _from_pretrained(folder: Path, form: Form | None, options: dict[str, Any]) -> Any:
    import diffusers

    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    # Parts that were left out when the folder was written (SD3's third text encoder) have to be named again.
    options = options | dict.fromkeys(part for part, kind in index.items() if kind == [None, None])
    if form is None:
        return diffusers.DiffusionPipeline.from_pretrained(folder, **options)
    inpainting = form == "inpainting"
    auto = diffusers.AutoPipelineForInpainting if inpainting else diffusers.AutoPipelineForText2Image
    try:
        return auto.from_pretrained(folder, **options)
    except ValueError as error:
        if "can't find a pipeline linked to" not in str(error):
            raise
        return diffusers.DiffusionPipeline.from_pretrained(folder, **options)
