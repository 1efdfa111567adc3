"""What models take: seconds, and joules as far as they can be told."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from datacrafter_widget.models.generator import Generator

WATTS_A_CORE = 6.0
"""What a busy CPU core is taken to draw, memory and fans included: a server's 200 to 400 W over its 32 to 64
cores. An estimate; a laptop's cores draw less, a desktop's up to twice as much."""


@dataclass(frozen=True)
class Spent:
    """What a piece of work took.

    Attributes:
        seconds: wall time.
        joules: energy; None where it is not known.
    """

    seconds: float
    joules: float | None

    def __add__(self, other: Spent) -> Spent:
        """Both together; of a sum of which a part is not known, nothing is known."""
        return self._with(other, 1)

    def __sub__(self, other: Spent) -> Spent:
        """What is left; never less than nothing."""
        return self._with(other, -1)

    def _with(self, other: Spent, sign: int) -> Spent:
        seconds = max(self.seconds + sign * other.seconds, 0.0)
        if self.joules is None or other.joules is None:
            return Spent(seconds, None)
        return Spent(seconds, max(self.joules + sign * other.joules, 0.0))


class EnergyMeter:
    """Tells what work took between `start` and `stop`; also a context manager, with `spent` afterwards.

    On CUDA the card's energy counter is read (NVML; Volta and newer): it counts everything that the card did
    in that time, other programs' work too, and nothing that the rest of the machine took. On the CPU the
    process's CPU seconds are multiplied by `WATTS_A_CORE`, which is an estimate. Other devices tell nothing.

    Work that another meter of the same thread counts meanwhile, such as a search that a long job lets in, is
    left out: nothing is counted twice.

    Args:
        device: as `resolve_device` gives it: "cpu", "mps", "cuda:0" …
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._handle = _nvml_handle(device) if device.startswith("cuda") else None
        self._began = Spent(0.0, None)
        self._counted_inside = Spent(0.0, 0.0)
        self._around: EnergyMeter | None = None
        self.spent = Spent(0.0, None)

    def start(self) -> Self:
        """Begin to count, from nothing."""
        self._around = _RUNNING.get()
        self._counted_inside = Spent(0.0, 0.0)
        self._began = self._now()
        _RUNNING.set(self)
        return self

    def stop(self) -> Spent:
        """What was spent since `start`, which came first."""
        _RUNNING.set(self._around)
        whole = self._now() - self._began
        if self._around is not None:
            self._around._counted_inside += whole  # noqa: SLF001 - of the same class
        self.spent = whole - self._counted_inside
        return self.spent

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _now(self) -> Spent:
        """Counters of which only differences mean something."""
        return Spent(time.monotonic(), self._joules())

    def _joules(self) -> float | None:
        if self._device == "cpu":
            return time.process_time() * WATTS_A_CORE
        if self._handle is None:
            return None
        import pynvml

        try:
            return pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) / 1000
        except pynvml.NVMLError:
            return None


_RUNNING: ContextVar[EnergyMeter | None] = ContextVar("running", default=None)
"""The meter that counts on this thread."""


def meter_of(generator: Generator) -> EnergyMeter:
    """A meter of what a generator does; one with `num_workers` does it in processes that can't be metered."""
    elsewhere = getattr(generator, "num_workers", 0) > 0
    return EnergyMeter("elsewhere" if elsewhere else generator.device)


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
