"""What models take: seconds, and joules as far as they can be told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Self

WATTS_A_CORE = 6.0
"""What a busy CPU core is taken to draw, memory and fans included: a server's 200 to 400 W over its 32 to 64
cores. An estimate; a laptop's cores draw less, a desktop's up to twice as much."""


@dataclass(frozen=True)
class Spent:
    """What a piece of work took.

    Attributes:
        seconds: wall time.
        joules: energy; None where it is not known.
        estimated: whether `joules` is an estimate (the CPU's) rather than a measurement (a card's own counter).
    """

    seconds: float
    joules: float | None
    estimated: bool = False


class EnergyMeter:
    """Tells what work took between `start` and `stop`; also a context manager, with `spent` afterwards.

    On CUDA the card's energy counter is read (NVML; Volta and newer): it counts everything that the card did
    in that time, other programs' work too, and nothing that the rest of the machine took. On the CPU the
    process's CPU seconds are multiplied by `WATTS_A_CORE`, which is an estimate. Other devices tell nothing.

    Args:
        device: as `resolve_device` gives it: "cpu", "mps", "cuda:0" …
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._handle = _nvml_handle(device) if device.startswith("cuda") else None
        self._started: tuple[float, float | None] | None = None
        self.spent = Spent(0.0, None)

    @property
    def estimated(self) -> bool:
        """Whether the joules are an estimate."""
        return self._device == "cpu"

    def start(self) -> Self:
        """Begin to count, from nothing."""
        self._started = (time.monotonic(), self._joules())
        return self

    def stop(self) -> Spent:
        """What was spent since `start`; nothing when it was not called."""
        if self._started is None:
            return Spent(0.0, None)
        (then, before), after = self._started, self._joules()
        joules = None if before is None or after is None else max(after - before, 0.0)
        self.spent = Spent(time.monotonic() - then, joules, estimated=self.estimated and joules is not None)
        return self.spent

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _joules(self) -> float | None:
        """A counter that only its differences mean something of."""
        if self._device == "cpu":
            return time.process_time() * WATTS_A_CORE
        if self._handle is None:
            return None
        import pynvml

        try:
            return pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) / 1000
        except pynvml.NVMLError:
            return None


def device_name(device: str) -> str:
    """A device with the name of its card, for the record: "cuda:0 NVIDIA H200"."""
    if not device.startswith("cuda"):
        return device
    import torch

    return f"{device} {torch.cuda.get_device_name(device)}"


def _nvml_handle(device: str) -> Any:
    """NVML's handle of a CUDA device; None where NVML has no word for it."""
    import pynvml
    import torch

    try:
        pynvml.nvmlInit()
        # By UUID: torch counts only the cards of CUDA_VISIBLE_DEVICES, NVML all of them.
        uuid = torch.cuda.get_device_properties(torch.device(device)).uuid
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    except (pynvml.NVMLError, RuntimeError, AttributeError):
        return None
