"""Mild random changes of training pictures: crops, mirror images, brightness, contrast and saturation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor

_LEAST_AREA = 0.6  # of the picture that a crop keeps at full strength
_RATIO = math.log(1.2)  # of a crop's sides
_COLOUR = 0.2


def augment(pictures: Tensor, generator: Generator, *, strength: float = 1.0) -> Tensor:
    """Change each picture of a batch in its own way.

    Args:
        pictures: (B, 3, S, S) values from 0 to 1, on any device.
        generator: of the CPU, so that the same seed gives the same changes on every device.
        strength: 0 changes nothing, 1 is mild.

    Returns:
        (B, 3, S, S) values from 0 to 1.
    """
    if strength == 0:
        return pictures
    return _recoloured(_cropped(pictures, generator, strength), generator, strength)


def _uniform(count: int, generator: Generator, low: float, high: float, like: Tensor) -> Tensor:
    import torch

    return (low + (high - low) * torch.rand(count, generator=generator)).to(like.device)


def _cropped(pictures: Tensor, generator: Generator, strength: float) -> Tensor:
    """A random part of each picture, mirrored half of the time, at the size of the whole."""
    import torch

    count = len(pictures)
    area = _uniform(count, generator, 1 - (1 - _LEAST_AREA) * min(strength, 1), 1, pictures)
    ratio = _uniform(count, generator, -_RATIO, _RATIO, pictures).mul(strength).exp()
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    left = _uniform(count, generator, -1, 1, pictures) * (1 - width)
    top = _uniform(count, generator, -1, 1, pictures) * (1 - height)
    mirror = _uniform(count, generator, -1, 1, pictures).sign()
    zero = torch.zeros_like(width)
    rows = [torch.stack([width * mirror, zero, left], 1), torch.stack([zero, height, top], 1)]
    grid = torch.nn.functional.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
    return torch.nn.functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def _recoloured(pictures: Tensor, generator: Generator, strength: float) -> Tensor:
    import torch

    spread = min(_COLOUR * strength, 0.9)
    brightness, contrast, saturation = (
        _uniform(len(pictures), generator, 1 - spread, 1 + spread, pictures).view(-1, 1, 1, 1)
        for _ in range(3)
    )
    grey = pictures.mean(1, keepdim=True)
    pictures = torch.lerp(grey.expand_as(pictures), pictures, saturation)
    middle = grey.mean((2, 3), keepdim=True)
    return (torch.lerp(middle.expand_as(pictures), pictures, contrast) * brightness).clamp(0, 1)
