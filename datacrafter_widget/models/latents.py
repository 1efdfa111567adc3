"""Pictures to scaled latents and back, outside of a pipeline."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.generator import fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from PIL import Image


def encode(pipeline: Any, images: Sequence[Image.Image], width: int, height: int) -> torch.Tensor:
    """Scaled latents of pictures, one by one: the same each time, whatever else is encoded.

    Takes the mean of the encoder's distribution, where it gives one.

    Args:
        pipeline: one with an autoencoder `vae` for pictures.
        images: any size; they are fitted to `width` x `height` pixels.
        width: pixels.
        height: pixels.

    Returns:
        (K, C, h, w) float32, on the CPU.

    Raises:
        ModelError: the pipeline has no such autoencoder.
    """
    import torch

    vae = _autoencoder(pipeline)
    shift, scale = _scaling(vae)
    rows = []
    with torch.no_grad():
        for image in images:
            pixels = pipeline.image_processor.preprocess(fit(image, width, height))
            encoded = vae.encode(pixels.to(device=vae.device, dtype=vae.dtype))
            given = getattr(encoded, "latent_dist", None)
            latents = given.mode() if given is not None else getattr(encoded, "latents", encoded[0])
            rows.append((latents.float() - shift) * scale)
    return torch.cat(rows).cpu() if rows else torch.empty(0)


@contextlib.contextmanager
def starting_from(pipeline: Any, starts: torch.Tensor | None) -> Iterator[None]:
    """Let a pipeline find these latents where it encodes its pictures.

    Handing them over as pictures does not do: some pipelines take only four channels for latents.

    Args:
        pipeline: an image-to-image pipeline, called with as many pictures.
        starts: (K, C, h, w) float32, scaled; None: the pictures' own.

    Raises:
        ModelError: the pipeline has no autoencoder for pictures.
    """
    if starts is None:
        yield
        return
    import torch

    vae = _autoencoder(pipeline)
    shift, scale = _scaling(vae)
    rows = iter(starts.to(vae.device) / scale + shift)

    def encode(pixels: torch.Tensor, **_options: Any) -> SimpleNamespace:
        # The pipeline encodes all pictures at once or one after the other.
        return SimpleNamespace(latents=torch.stack([next(rows) for _ in pixels]).to(pixels.dtype))

    vae.encode = encode
    try:
        yield
    finally:
        del vae.encode


def decode(pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
    """Pixels of scaled latents; differentiable in them.

    Args:
        pipeline: one with an autoencoder `vae` for pictures.
        latents: (K, C, h, w), scaled, on any device.

    Returns:
        (K, 3, H, W) float32 in 0 … 1, where the autoencoder is.

    Raises:
        ModelError: the pipeline has no such autoencoder.
    """
    vae = _autoencoder(pipeline)
    # The class's method: a batch being denoised may have replaced the instance's own.
    image = type(vae).decode(vae, unscaled(pipeline, latents), return_dict=False)[0]
    return (image.float() / 2 + 0.5).clamp(0, 1)


def unscaled(pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
    """Scaled latents as the pipeline's autoencoder decodes them: in its own scale and precision, where it is.

    Raises:
        ModelError: the pipeline has no autoencoder for pictures.
    """
    vae = _autoencoder(pipeline)
    shift, scale = _scaling(vae)
    return (latents.to(vae.device) / scale + shift).to(vae.dtype)


def _autoencoder(pipeline: Any) -> Any:
    vae = getattr(pipeline, "vae", None)
    scaled_otherwise = getattr(getattr(vae, "config", None), "z_dim", None)  # autoencoders for video
    if vae is None or scaled_otherwise is not None or not hasattr(pipeline, "image_processor"):
        msg = (
            f"{type(pipeline).__name__} has no autoencoder for pictures whose latents could be had; use "
            'perturbation="text2image" or "image2image"'
        )
        raise ModelError(msg)
    return vae


def _scaling(vae: Any) -> tuple[Any, Any]:
    """`shift` and `scale` of scaled = (raw - shift) · scale; per channel where the model has it so."""
    import torch

    config = vae.config
    scale = float(getattr(config, "scaling_factor", None) or 1.0)
    means, deviations = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if means is None or deviations is None:
        return float(getattr(config, "shift_factor", None) or 0.0), scale
    mean, deviation = (
        torch.tensor(values, device=vae.device).view(1, -1, 1, 1) for values in (means, deviations)
    )
    return mean, scale / deviation
