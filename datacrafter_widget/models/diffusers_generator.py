"""Any diffusers pipeline as a generator."""

from __future__ import annotations

import contextlib
import inspect
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import DataCrafterError, InputError, ModelError, OutOfMemoryError
from datacrafter_widget.models.defaults import PipelineFolder, generator_defaults
from datacrafter_widget.models.device import (
    free_memory,
    is_out_of_memory,
    memory_report,
    resolve_device,
    resolve_dtype,
    translate_oom,
)
from datacrafter_widget.models.generator import fit
from datacrafter_widget.models.hub import first_line
from datacrafter_widget.models.pipelines import download, load, to_image2image
from datacrafter_widget.models.registry import folder_revision, resolve_generator

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from PIL import Image

    from datacrafter_widget.models.generator import PictureRequest


class DiffusersGenerator:
    """Any text-to-image pipeline of diffusers, by folder or hub id; image-to-image from the same weights.

    Opening it reads its configuration (and downloads a hub model); the weights are loaded by the first
    `generate`, on the thread that calls it.

    Attributes:
        name: what the user called it.
        folder: where its files are.
        revision: the hub's commit, or a hash of the folder's contents.
        device: "cpu", "cuda:0" …
        dtype: "float32", "bfloat16" or "float16".
        defaults: settings that suit it.
    """

    def __init__(
        self, name_or_folder: str | os.PathLike[str], *, device: str = "auto", dtype: str = "auto"
    ) -> None:
        """Find the model and decide where and how it runs.

        Args:
            name_or_folder: "toybox", a folder written by `save_pretrained`, or a hub id.
            device: "auto", "cpu", "mps", "cuda", "cuda:1" …
            dtype: "auto", "float32", "float16" or "bfloat16".

        Raises:
            ModelError: the model or the device is not there, or does not support the precision.
            InputError: an unknown device or precision name.
        """
        found = resolve_generator(name_or_folder)
        self.device = resolve_device(device)
        self.name = str(name_or_folder)
        if isinstance(found, Path):
            self.folder, self.revision = found, folder_revision(found)
        else:
            self.folder = download(found)
            self.revision = self.folder.name
        configuration = PipelineFolder.read(self.folder, self.name)
        self._torch_dtype = resolve_dtype(dtype, self.device, weight_bytes=configuration.weight_bytes)
        self.dtype = str(self._torch_dtype).removeprefix("torch.")
        self.defaults = generator_defaults(configuration, self.device)
        self._text2image: Any = None
        self._image2image: Any = None
        self._lock = threading.RLock()

    def generate(
        self, requests: Sequence[PictureRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Make one batch of pictures; each has its own randomness.

        The same requests give bitwise the same pictures on the same machine at the same batch size.

        Args:
            requests: what to make; all with a parent or all without, with the same size, steps, guidance and
                strength.
            on_step: called as `on_step(step, steps)` after each denoising step. An exception it raises stops
                the batch within that step and leaves `generate`; no half-denoised picture does.

        Returns:
            The pictures (RGB), in the order of the requests.

        Raises:
            InputError: requests that do not go together, or a size the model can't make.
            OutOfMemoryError: with the batch size to try.
            ModelError: the model can't be loaded or failed.
        """
        if not requests:
            return []
        _check(requests)
        with self._lock, self._translated(len(requests)):
            pipeline = self._pipeline(image2image=requests[0].parent is not None)
            _check_size(pipeline, requests[0])
            arguments = _arguments(pipeline, requests)
            return _call(pipeline, arguments, on_step, len(requests))

    def load(self) -> None:
        """Load the weights now rather than at the first `generate`."""
        with self._lock, self._translated(1):
            self._pipeline(image2image=False)

    def release(self) -> None:
        """Give the memory back; the next `generate` loads the weights again."""
        with self._lock:
            self._text2image = self._image2image = None
            free_memory(self.device)

    def memory(self) -> dict[str, Any]:
        """What the device's memory holds, in MiB (see `memory_report`)."""
        return memory_report(self.device)

    @contextlib.contextmanager
    def _translated(self, batch_size: int) -> Iterator[None]:
        """Turn running out of memory into our error, and let go of what the failed run held."""
        failure: OutOfMemoryError | None = None
        try:
            yield
        except Exception as error:
            if not is_out_of_memory(error) or isinstance(error, DataCrafterError):
                raise
            failure = translate_oom(error, batch_size, self.device)
        if failure is not None:  # outside of `except`: the library's traceback holds on to the tensors
            free_memory(self.device)
            raise failure

    def _pipeline(self, *, image2image: bool) -> Any:
        if self._text2image is None:
            self._text2image = load(self.folder, self._torch_dtype, self.device, self.name)
        if not image2image:
            return self._text2image
        if self._image2image is None:
            self._image2image = to_image2image(self._text2image, self.name)
        return self._image2image


def _check(requests: Sequence[PictureRequest]) -> None:
    first = requests[0]

    def alike(request: PictureRequest) -> tuple[object, ...]:
        strength = None if request.parent is None else request.strength
        return (
            request.parent is None,
            request.width,
            request.height,
            request.num_inference_steps,
            request.guidance_scale,
            strength,
        )

    if any(alike(request) != alike(first) for request in requests):
        msg = (
            "the pictures of one batch must share width, height, steps, guidance and strength, and have all "
            "a parent or none; generate the others in a batch of their own"
        )
        raise InputError(msg)
    if first.num_inference_steps < 1:
        msg = f"num_inference_steps: expected 1 or more, found {first.num_inference_steps}"
        raise InputError(msg)
    if first.parent is not None and not 0 < (first.strength or 0) <= 1:
        msg = f"strength: expected a number above 0 and up to 1, found {first.strength}"
        raise InputError(msg)


def _check_size(pipeline: Any, request: PictureRequest) -> None:
    """Most pipelines want sides in multiples of 8, those that pack latents into patches of 16."""
    patch = getattr(pipeline, "patch_size", 1)
    processor = getattr(getattr(pipeline, "image_processor", None), "config", None)
    multiple = math.lcm(
        8,
        getattr(processor, "vae_scale_factor", 8),
        getattr(pipeline, "vae_scale_factor", 8) * (patch if isinstance(patch, int) else 1),
    )
    if request.width % multiple or request.height % multiple or min(request.width, request.height) < multiple:
        near = [max(multiple, round(side / multiple) * multiple) for side in (request.width, request.height)]
        msg = (
            f"width and height: expected multiples of {multiple} for this model, found "
            f"{request.width} x {request.height}; try {near[0]} x {near[1]}"
        )
        raise InputError(msg)


def _arguments(pipeline: Any, requests: Sequence[PictureRequest]) -> dict[str, Any]:
    import torch

    first = requests[0]
    steps = first.num_inference_steps
    arguments: dict[str, Any] = {
        "prompt": [request.prompt for request in requests],
        "guidance_scale": first.guidance_scale,
        "width": first.width,
        "height": first.height,
        "generator": [torch.Generator("cpu").manual_seed(request.seed) for request in requests],
        "output_type": "pil",
    }
    if any(request.negative_prompt for request in requests):
        arguments["negative_prompt"] = [request.negative_prompt for request in requests]
    if first.parent is not None:
        strength = float(first.strength or 0)
        while int(steps * strength) < 1:  # diffusers does int(steps · strength) of the steps
            steps += 1
        arguments["strength"] = strength
        arguments["image"] = [fit(request.parent, first.width, first.height) for request in requests]
    arguments["num_inference_steps"] = steps
    accepted = inspect.signature(pipeline.__call__).parameters
    return {name: value for name, value in arguments.items() if name in accepted}


def _call(
    pipeline: Any,
    arguments: dict[str, Any],
    on_step: Callable[[int, int], object] | None,
    count: int,
) -> list[Image.Image]:
    stop: BaseException | None = None

    def after_step(pipe: Any, step: int, _timestep: object, tensors: dict[str, Any]) -> dict[str, Any]:
        nonlocal stop
        try:
            if on_step is not None:
                steps = getattr(pipe, "num_timesteps", None) or arguments["num_inference_steps"]
                on_step(step + 1, steps)
        except BaseException as error:
            # Raised through the pipeline rather than flagged with `_interrupt`: some pipelines have no such
            # flag, and the others would still decode the half-denoised latents.
            stop = error
            raise
        return tensors

    if "callback_on_step_end" in inspect.signature(pipeline.__call__).parameters:
        arguments = {**arguments, "callback_on_step_end": after_step}
    try:
        pictures = list(pipeline(**arguments).images)
    except Exception as error:
        pipeline.maybe_free_model_hooks()
        if error is stop or isinstance(error, DataCrafterError) or is_out_of_memory(error):
            raise
        msg = f"{type(pipeline).__name__} failed: {type(error).__name__}: {first_line(error)}"
        raise ModelError(msg) from error
    if len(pictures) != count:
        msg = f"{type(pipeline).__name__}: expected {count} pictures, found {len(pictures)}"
        raise ModelError(msg)
    return [picture.convert("RGB") for picture in pictures]
