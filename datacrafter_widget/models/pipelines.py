"""Loading diffusers pipelines, and turning one form into another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.device import is_out_of_memory
from datacrafter_widget.models.hub import first_line, quiet_loading, reached


def download(hub_id: str) -> Path:
    """Fetch a pipeline from the hub, in safetensors; its folder.

    Raises:
        ModelError: it can't be had.
    """
    with reached(hub_id, "a diffusers pipeline"), quiet_loading():
        from diffusers import DiffusionPipeline

        return Path(DiffusionPipeline.download(hub_id, use_safetensors=True))


def load(folder: Path, dtype: Any, device: str, name: str) -> Any:
    """Load a text-to-image pipeline onto a device.

    Raises:
        ModelError: it can't be loaded.
    """
    import importlib.util

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
            pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(folder, **options)
        pipeline = pipeline.to(device)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        msg = (
            f"the model {name!r} in {folder} can't be loaded: expected a text-to-image pipeline in "
            f"safetensors, found {type(error).__name__}: {first_line(error)}"
        )
        raise ModelError(msg) from error
    for part in ("unet", "vae"):
        module = getattr(pipeline, part, None)
        if module is not None:  # convolutions are faster so: by a third for the toybox on a CPU
            module.to(memory_format=torch.channels_last)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def to_image2image(pipeline: Any, name: str) -> Any:
    """The image-to-image form of a pipeline, with the same weights.

    Raises:
        ModelError: there is none.
    """
    from diffusers import AutoPipelineForImage2Image

    try:
        # A scheduler counts its own steps: each form of the pipeline has one.
        scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        image2image = AutoPipelineForImage2Image.from_pipe(pipeline, scheduler=scheduler)
    except (ValueError, AttributeError, TypeError) as error:
        msg = (
            f"the model {name!r} ({type(pipeline).__name__}) has no image-to-image form; "
            'use perturbation="text2image", or another model'
        )
        raise ModelError(msg) from error
    image2image.set_progress_bar_config(disable=True)
    return image2image
