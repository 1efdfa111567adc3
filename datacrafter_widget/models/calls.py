"""From requests to a pipeline's call: what goes together, and the arguments that each family takes."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, Literal

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.generator import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from datacrafter_widget.models.generator import PictureRequest

Form = Literal["text2image", "image2image", "inpainting"]

_AWAY_FROM_NEGATIVE = 2.0
"""Guidance by which a model whose own guidance is distilled keeps away from a negative prompt (1 is none)."""


def check_alike(requests: Sequence[PictureRequest]) -> None:
    """Check that requests can be one batch.

    Raises:
        InputError: they can't, or a setting is out of range.
    """
    first = requests[0]

    def alike(request: PictureRequest) -> tuple[object, ...]:
        strength = None if request.parent is None else request.strength
        return (
            request.parent is None,
            request.mask is None,
            request.start is None,
            request.width,
            request.height,
            request.num_inference_steps,
            request.guidance_scale,
            strength,
        )

    if any(alike(request) != alike(first) for request in requests):
        msg = (
            "the pictures of one batch must share width, height, steps, guidance and strength, and have all "
            "a parent (a mask, a start) or none; generate the others in a batch of their own"
        )
        raise InputError(msg)
    if first.num_inference_steps < 1:
        msg = f"num_inference_steps: expected 1 or more, found {first.num_inference_steps}"
        raise InputError(msg)
    if first.parent is not None and not 0 < (first.strength or 0) <= 1:
        msg = f"strength: expected a number above 0 and up to 1, found {first.strength}"
        raise InputError(msg)
    if first.parent is None and (first.mask is not None or first.start is not None):
        msg = "mask and start: expected together with a parent picture, found none"
        raise InputError(msg)
    if first.mask is not None and first.start is not None:
        msg = "mask and start: expected one of them at most, found both"
        raise InputError(msg)


def check_size(pipeline: Any, request: PictureRequest) -> None:
    """Check a size: most pipelines want sides in multiples of 8, those that pack latents into patches of 16.

    Raises:
        InputError: the model can't make it; with the nearest size that it can.
    """
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


def form_of(request: PictureRequest, *, inpaints_only: bool) -> Form:
    """Which form of a pipeline a request needs.

    Args:
        request: one of a batch.
        inpaints_only: the weights are an inpainting checkpoint's (a UNet with nine input channels), which makes
            whole pictures by inpainting all of a picture.

    Raises:
        InputError: an inpainting checkpoint can't begin from latents.
    """
    if inpaints_only and request.start is not None:
        msg = "an inpainting checkpoint can't begin from latents; use image-to-image, or another model"
        raise InputError(msg)
    if inpaints_only or request.mask is not None:
        return "inpainting"
    return "text2image" if request.parent is None else "image2image"


def call_arguments(pipeline: Any, requests: Sequence[PictureRequest], form: Form) -> dict[str, Any]:
    """The keyword arguments of a pipeline's call; those that its class does not take are left out.

    The noise comes from generators on the CPU, so that a seed gives the same noise on every device.
    """
    import torch

    first = requests[0]
    arguments: dict[str, Any] = {
        "prompt": [request.prompt for request in requests],
        "guidance_scale": first.guidance_scale,
        "num_inference_steps": first.num_inference_steps,
        "width": first.width,
        "height": first.height,
        "generator": [torch.Generator("cpu").manual_seed(request.seed) for request in requests],
        "output_type": "pil",
        "use_resolution_binning": False,  # it would make another size and scale the picture
    }
    if any(request.negative_prompt for request in requests):
        arguments["negative_prompt"] = [request.negative_prompt for request in requests]
    if form != "text2image":
        arguments |= _picture_arguments(requests, form)
    accepted = inspect.signature(pipeline.__call__).parameters
    arguments |= _family_arguments(pipeline, arguments, accepted)
    return {name: value for name, value in arguments.items() if name in accepted}


def _picture_arguments(requests: Sequence[PictureRequest], form: Form) -> dict[str, Any]:
    from PIL import Image

    first = requests[0]
    width, height = first.width, first.height
    arguments: dict[str, Any] = {"strength": float(first.strength or 0) if first.parent is not None else 1.0}
    steps = first.num_inference_steps
    while int(steps * arguments["strength"]) < 1:  # diffusers does int(steps · strength) of the steps
        steps += 1
    arguments["num_inference_steps"] = steps
    if first.parent is None:
        arguments["image"] = [Image.new("RGB", (width, height), (127, 127, 127))] * len(requests)
    else:
        arguments["image"] = [fit(request.parent, width, height) for request in requests]
    if form == "inpainting":
        whole = Image.new("L", (width, height), 255)
        arguments["mask_image"] = [
            whole if request.mask is None else fit(request.mask, width, height).convert("L")
            for request in requests
        ]
    return arguments


def starts_of(pipeline: Any, requests: Sequence[PictureRequest]) -> torch.Tensor | None:
    """The latents (K, C, h, w) to begin from in place of the parents, if any.

    Raises:
        InputError: they are none of this model's.
    """
    import torch

    if requests[0].start is None:
        return None
    starts = torch.stack([request.start for request in requests if request.start is not None])
    channels = getattr(getattr(pipeline.vae, "config", None), "latent_channels", starts.shape[1])
    if starts.ndim != 4 or starts.shape[1] != channels:
        msg = f"start: expected latents (C, h, w) with {channels} channels, found {tuple(starts.shape[1:])}"
        raise InputError(msg)
    return starts


def _family_arguments(pipeline: Any, arguments: dict[str, Any], accepted: Any) -> dict[str, Any]:
    """What some families call otherwise."""
    guidance, steps = arguments["guidance_scale"], arguments["num_inference_steps"]
    if "prior_num_inference_steps" in accepted:  # Stable Cascade, Kandinsky 2: a prior, then a decoder
        decoder_steps = {} if "guidance_scale" in accepted else {"num_inference_steps": max(1, steps // 2)}
        return {"prior_num_inference_steps": steps, "prior_guidance_scale": guidance, **decoder_steps}
    if type(pipeline).__name__.startswith("QwenImage"):  # guides only with a negative prompt there
        negative = arguments.get("negative_prompt", [" "] * len(arguments["prompt"]))
        return {"true_cfg_scale": guidance, "guidance_scale": None, "negative_prompt": negative}
    if "true_cfg_scale" in accepted and "negative_prompt" in arguments:  # FLUX; takes twice the time
        return {"true_cfg_scale": _AWAY_FROM_NEGATIVE}
    return {}
