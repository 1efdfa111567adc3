"""How a model sees pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class View:
    """From bytes to what a network takes.

    Attributes:
        image_size: side in pixels.
        mean: (3,) of the channels, from values of 0 to 1.
        std: (3,) standard deviations.
        device: where the network is.
    """

    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: str

    def __call__(self, pixels: NDArray[np.uint8], change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Normalised pictures on the device.

        Args:
            pixels: (B, S, S, 3) RGB values.
            change: what to do to (B, 3, S, S) values from 0 to 1 before they are normalised.

        Returns:
            (B, 3, S, S) float32, channels last in memory.
        """
        import torch

        values = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255
        if change is not None:
            values = change(values)
        mean, std = (
            torch.tensor(each, device=self.device).view(1, 3, 1, 1) for each in (self.mean, self.std)
        )
        return ((values - mean) / std).contiguous(memory_format=torch.channels_last)
