"""The six-layer feed-forward network that carries features to the map (DataCrafter, Sec. 5.2.1)."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = (256, 256, 256, 256, 128)


class ProjectionNetwork:
    """Six linear layers with SiLU between them: (N, inputs) → (N, 2).

    Weights come from a NumPy generator, not from torch's global one, so a fit on one thread neither disturbs
    nor depends on what other threads draw.

    Args:
        inputs: values a point.
        rng: source of the weights.
        device: where to compute.

    Attributes:
        parameters: weight and bias of each layer, in turn.
        device: where to compute.
    """

    parameters: "list[Tensor]"

    def __init__(self, inputs: int, rng: np.random.Generator, device: str = "cpu") -> None:
        import torch

        sizes = (inputs, *WIDTHS, 2)
        self.device = device
        self.parameters = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            gain = np.sqrt(2 / fan_in) * (0.1 if layer == len(sizes) - 2 else 1.0)
            weight = (rng.standard_normal((fan_in, fan_out)) * gain).astype(np.float32)
            self.parameters += [torch.from_numpy(weight).to(device), torch.zeros(fan_out, device=device)]
        for parameter in self.parameters:
            parameter.requires_grad_(requires_grad=True)

    def __call__(self, x: "Tensor") -> "Tensor":
        """Raw map positions (N, 2) of prepared features (N, inputs)."""
        import torch

        last = len(self.parameters) - 2
        for i in range(0, len(self.parameters), 2):
            x = torch.addmm(self.parameters[i + 1], x, self.parameters[i])
            if i < last:
                x = torch.nn.functional.silu(x)
        return x

    def predict(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The same on arrays, without gradients, in chunks."""
        import torch

        with torch.inference_mode():
            parts = [
                self(torch.from_numpy(x[i : i + 8192]).to(self.device)).cpu().numpy()
                for i in range(0, len(x), 8192)
            ]
        return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
