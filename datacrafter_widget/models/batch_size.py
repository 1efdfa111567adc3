"""How many pictures fit into memory at a time, found by trial."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import OutOfMemoryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.models.generator import PictureRequest, SplitGenerator

_MOST_ON_CUDA = 64
_STEPS = 2
_PART_OF_CARD = 0.85  # of what is free: the encoder and fragments need some
_PART_OF_MACHINE = 0.5


def find(
    generator: SplitGenerator,
    request: PictureRequest,
    *,
    on_step: Callable[[int, int], object] | None = None,
) -> int:
    """Find the largest power of two whose batch fits, by making batches of two steps and throwing them away.

    A batch is tried only where twice what the last one took still fits; one that runs out of memory after all ends
    the search. On CUDA what counts is what torch allocates, and that one batch may be decoded while the next is
    denoised; on the CPU it is what the process holds, within half of the memory that is free.

    Args:
        generator: makes the pictures.
        request: a picture of the kind that will be made.
        on_step: called after each step; an exception it raises ends the search.

    Returns:
        At least 1.

    Raises:
        OutOfMemoryError: not even one picture fits.
        ModelError: the generator failed.
    """
    trial = replace(request, num_inference_steps=min(_STEPS, request.num_inference_steps))
    cuda = generator.device.startswith("cuda")
    meter = _CudaMeter(generator.device) if cuda else _ProcessMeter()
    # More than the defaults gain nothing elsewhere, and trying them would take minutes.
    most = _MOST_ON_CUDA if cuda else generator.defaults.batch_size
    generator.denoise([trial], on_step=on_step).pictures()  # loads the weights
    room = meter.room()
    size, taken = 1, meter.taken(generator, [trial], on_step)
    while 2 * size <= most and 2 * taken <= room:
        batch = [replace(trial, seed=trial.seed + number) for number in range(2 * size)]
        try:
            more = meter.taken(generator, batch, on_step)
        except OutOfMemoryError:
            break
        if more > room:
            break
        size, taken = 2 * size, max(taken, more)
    return size


class _CudaMeter:
    """Memory that torch allocates on a card."""

    def __init__(self, device: str) -> None:
        self._device = device

    def room(self) -> float:
        """Bytes for one batch: what the card has free, and what torch holds without using it."""
        import torch

        torch.cuda.empty_cache()
        free, _ = torch.cuda.mem_get_info(self._device)
        idle = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return _PART_OF_CARD * (free + idle)

    def taken(self, generator: SplitGenerator, batch: list[PictureRequest], on_step: Any) -> float:
        """Bytes that a batch needs: denoising and decoding together, because they overlap."""
        import torch

        peaks = 0.0
        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        undecoded = generator.denoise(batch, on_step=on_step)
        torch.cuda.synchronize(self._device)
        peaks += torch.cuda.max_memory_allocated(self._device) - before
        torch.cuda.reset_peak_memory_stats(self._device)
        undecoded.pictures()
        return peaks + torch.cuda.max_memory_allocated(self._device) - before


class _ProcessMeter:
    """Memory that this process holds; sampled, because only few systems tell the peak since a moment."""

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()

    def room(self) -> float:
        """Bytes for one batch."""
        import psutil

        return _PART_OF_MACHINE * min(psutil.virtual_memory().available, _container_room())

    def taken(self, generator: SplitGenerator, batch: list[PictureRequest], on_step: Any) -> float:
        """Bytes by which the process grew at most while it made a batch."""
        before = peak = self._process.memory_info().rss
        done = threading.Event()

        def sample() -> None:
            nonlocal peak
            while not done.wait(0.005):
                peak = max(peak, self._process.memory_info().rss)

        sampler = threading.Thread(target=sample, name="datacrafter memory", daemon=True)
        sampler.start()
        try:
            generator.denoise(batch, on_step=on_step).pictures()
        finally:
            done.set()
            sampler.join()
        # An allocator keeps what earlier batches took: a batch may seem to take nothing.
        return float(max(peak, self._process.memory_info().rss) - before) or 1.0


def _container_room() -> float:
    """What a container's limit leaves, in bytes; no bound where there is none."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit, now = (float((folder / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):
        return float("inf")
    return limit - now
