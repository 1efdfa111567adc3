"""What every trainer here shares: a budget in minutes, a learning-rate curve, a resumable state on disk."""

import math
import time
from collections.abc import Iterable
from pathlib import Path

import torch

__all__ = ["Budget", "atomic_save", "average", "cosine", "device"]


def device() -> torch.device:
    """The first CUDA device, or the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Budget:
    """Wall-clock minutes of training, those of earlier runs counted in.

    The learning rate follows the share that is spent: it has always decayed when time is up, whatever the
    machine's speed.
    """

    def __init__(self, minutes: float, spent: float = 0.0) -> None:
        self.minutes = minutes
        self._before = spent
        self._start = time.monotonic()

    @property
    def spent(self) -> float:
        """Minutes trained so far."""
        return self._before + (time.monotonic() - self._start) / 60

    @property
    def share(self) -> float:
        """Spent part of the budget, 0 to 1."""
        return min(1.0, self.spent / self.minutes)


def cosine(share: float, warmup: float = 0.01, floor: float = 0.005) -> float:
    """Factor of the learning rate: short warm-up, then half a cosine down to ``floor``."""
    rise = min(1.0, (share + 1e-4) / warmup) if warmup else 1.0
    return rise * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))


def average(
    running: Iterable[torch.Tensor], current: Iterable[torch.Tensor], step: int, decay: float
) -> None:
    """Exponential moving average in place; young averages forget faster."""
    keep = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(running), list(current), 1 - keep)


def atomic_save(state: dict[str, object], path: Path) -> None:
    """Write a training state (weights, optimiser, counters) so that a crash leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
