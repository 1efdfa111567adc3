"""Inpainting with an image-to-image pipeline: what the mask leaves out is put back after each step.

diffusers' own inpainting pipelines for UNets take four or nine input channels only; this takes any number. It does
what they do with four channels (Lugmayr et al., RePaint, 2022, without its going back).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models import latents

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from PIL import Image

    from datacrafter_widget.models.generator import PictureRequest

_OWN_CHANNELS = (4, 9)
_CALLBACK = "callback_on_step_end"


def needed(denoiser: dict[str, Any]) -> bool:
    """Whether a denoiser, by its configuration, is a UNet that diffusers' inpainting pipelines refuse."""
    return "down_block_types" in denoiser and denoiser.get("in_channels") not in _OWN_CHANNELS


def keeping_outside(
    pipeline: Any, requests: Sequence[PictureRequest], arguments: dict[str, Any]
) -> dict[str, Any]:
    """Arguments that make a pipeline put the parents back outside of the masks after each step.

    Args:
        pipeline: an image-to-image pipeline.
        requests: all with a parent and a mask.
        arguments: of its call: a `callback_on_step_end`, which still goes first.

    Raises:
        ModelError: the pipeline has no such callback.
    """
    import torch

    after_step = arguments.get(_CALLBACK)
    if after_step is None:
        msg = f"{type(pipeline).__name__} has no inpainting form, and no callback to do without one; use no mask"
        raise ModelError(msg)
    first = requests[0]
    parents = [request.parent for request in requests if request.parent is not None]
    own = latents.encode(pipeline, parents, first.width, first.height)
    masks = torch.stack([coarse(request.mask, own.shape[2:]) for request in requests])
    # Not the noise that the pipeline begins with, which is not shown: noise is noise.
    noise = torch.stack(
        [
            torch.randn(own.shape[1:], generator=torch.Generator("cpu").manual_seed(request.seed ^ 1))
            for request in requests
        ]
    )

    def put_back(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        tensors = after_step(pipe, step, timestep, tensors)
        now = tensors["latents"]
        kept, mask, fresh = (tensor.to(now.device, now.dtype) for tensor in (own, masks, noise))
        scheduler = pipe.scheduler
        done = int((scheduler.timesteps == timestep).nonzero()[-1])
        following = scheduler.timesteps[done + 1 :]
        if len(following):
            kept = scheduler.add_noise(kept, fresh, following[:1])
        return tensors | {"latents": mask * now + (1 - mask) * kept}

    return arguments | {_CALLBACK: put_back}


def coarse(mask: Image.Image | None, size: Sequence[int]) -> torch.Tensor:
    """A mask for latents (1, h, w): 1 where any pixel of a latent one is white, else 0; without a mask 1."""
    import numpy as np
    import torch
    from torch.nn.functional import adaptive_max_pool2d

    if mask is None:
        return torch.ones(1, *size)
    white = torch.from_numpy((np.asarray(mask.convert("L")) >= 128).astype(np.float32))
    return adaptive_max_pool2d(white[None], tuple(size))
