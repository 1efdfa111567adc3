"""What may happen to a picture without changing what it shows: for training the judge and the CLIP."""

import numpy as np
import torch
from torch.nn import functional

__all__ = ["augment", "to_images"]


def to_images(pictures: np.ndarray, where: torch.device) -> torch.Tensor:
    """(N, 64, 64, 3) uint8 → (N, 3, 64, 64) in [-1, 1]."""
    images = torch.from_numpy(np.ascontiguousarray(pictures)).to(where).permute(0, 3, 1, 2)
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def augment(images: torch.Tensor, *, shift: int = 4) -> torch.Tensor:
    """Shift the batch, and blur, brighten and grain each picture a little, as a generator may."""
    rows, columns = torch.randint(-shift, shift + 1, (2,)).tolist()
    images = torch.roll(images, (rows, columns), (2, 3))
    each = (len(images), 1, 1, 1)
    blurred = functional.avg_pool2d(functional.pad(images, (1,) * 4, mode="reflect"), 3, 1)
    images = images.lerp(blurred, torch.rand(each, device=images.device) * 0.9)
    contrast = 1 + 0.1 * (torch.rand(each, device=images.device) * 2 - 1)
    brightness = 0.08 * (torch.rand(each, device=images.device) * 2 - 1)
    grain = 0.08 * torch.rand(each, device=images.device) * torch.randn_like(images)
    return images * contrast + brightness + grain
