"""Muon: momentum whose matrix updates are orthogonalised, with Adam for everything that is no matrix.

After Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024), with the update
scaled to Adam's size as in Liu et al., "Muon is scalable for LLM training" (arXiv 2502.16982, eq. 4), so that
one learning rate serves both. Convolutions are flattened to (out, in · height · width). On two CPU cores
it needs about half of the pictures that AdamW needs.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch

__all__ = ["Muon", "orthogonalise"]

_QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """Nearly semi-orthogonal matrices of a batch (B, m, n) with m <= n, by Newton-Schulz iteration.

    The iteration runs on the m x m Gram matrices and touches the long side only twice: the convolutions
    here are about ten times longer than high.
    """
    a, b, c = _QUINTIC
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.mT
    identity = torch.eye(x.shape[1], device=x.device, dtype=x.dtype).expand_as(gram)
    total = None
    for step in range(steps):
        factor = a * identity + b * gram + c * gram @ gram
        total = factor if total is None else factor @ total
        if step < steps - 1:
            gram = factor @ gram @ factor
    return x if total is None else total @ x


class Muon(torch.optim.Optimizer):
    """Muon for parameters of two and more dimensions, Adam for the others.

    Args:
        parameters: What to train.
        adam: More parameters, all of them for Adam: embeddings, the first and the last layer.
        lr: Learning rate, of an Adam's size (about 1e-3).
        momentum: Muon's momentum (Nesterov).
        betas: Adam's decay rates.
        weight_decay: Muon's decoupled weight decay.
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], *, adam: Iterable[torch.nn.Parameter] = (),
        lr: float = 1e-3, momentum: float = 0.95, betas: tuple[float, float] = (0.9, 0.98),
        weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        matrices: list[torch.nn.Parameter] = []
        others = list(adam)
        for parameter in parameters:
            (matrices if parameter.ndim >= 2 else others).append(parameter)
        groups = [{"params": matrices, "muon": True}, {"params": others, "muon": False}]
        defaults = {"lr": lr, "momentum": momentum, "betas": betas, "weight_decay": weight_decay}
        super().__init__([group for group in groups if group["params"]], defaults)

    def step(self, closure: None = None) -> None:  # noqa: ARG002
        """Change the parameters by their gradients."""
        with torch.no_grad():
            for group in self.param_groups:
                trained = [p for p in group["params"] if p.grad is not None]
                if trained and group["muon"]:
                    self._muon(group, trained)
                elif trained:
                    self._adam(group, trained)

    def _muon(self, group: dict[str, Any], parameters: list[torch.nn.Parameter]) -> None:
        by_shape: dict[tuple[int, int], list[tuple[torch.nn.Parameter, torch.Tensor, bool]]] = defaultdict(
            list
        )
        for parameter in parameters:
            state = self.state[parameter]
            gradient = parameter.grad.reshape(len(parameter), -1)
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(gradient, memory_format=torch.contiguous_format)
            state["momentum"].lerp_(gradient, 1 - group["momentum"])
            update = gradient.lerp(state["momentum"], group["momentum"])
            tall = update.shape[0] > update.shape[1]
            update = update.mT if tall else update
            by_shape[tuple(update.shape)].append((parameter, update, tall))
        for (_, longer), members in by_shape.items():
            updates = orthogonalise(torch.stack([update for _, update, _ in members]))
            for (parameter, _, tall), update in zip(members, updates, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                change = (update.mT if tall else update).reshape(parameter.shape)
                parameter.add_(change, alpha=-group["lr"] * 0.2 * longer**0.5)

    def _adam(self, group: dict[str, Any], parameters: list[torch.nn.Parameter]) -> None:
        first, second = group["betas"]
        for parameter in parameters:
            state = self.state[parameter]
            if "steps" not in state:
                state["steps"] = torch.tensor(0.0)
                state["mean"] = torch.zeros_like(parameter)
                state["square"] = torch.zeros_like(parameter)
            state["steps"] += 1
            steps = float(state["steps"])
            state["mean"].lerp_(parameter.grad, 1 - first)
            state["square"].mul_(second).addcmul_(parameter.grad, parameter.grad, value=1 - second)
            scale = (state["square"] / (1 - second**steps)).sqrt_().add_(1e-8)
            parameter.addcdiv_(state["mean"], scale, value=-group["lr"] / (1 - first**steps))
