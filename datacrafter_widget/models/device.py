"""Where models run, in what precision, and what they take there."""

from __future__ import annotations

import contextlib
import ctypes
import platform
import re
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import DataCrafterError, InputError, ModelError, OutOfMemoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

MEBIBYTE = 1024**2
_HALF_PAYS_FROM = 1024 * MEBIBYTE
_DTYPES = ("float32", "float16", "bfloat16")
_SHORT = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "half": "float16", "float": "float32"}


def resolve_device(device: str = "auto") -> str:
    """Turn "auto" into the best device there is, and check that a named one is there.

    Args:
        device: "auto", "cpu", "mps", "cuda", or one CUDA card such as "cuda:1".

    Returns:
        "cpu", "mps" or "cuda:0", "cuda:1" …

    Raises:
        InputError: an unknown name.
        ModelError: a device that is not there, with what is.
    """
    import torch

    name = str(device).strip().lower()
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        msg = f'device: expected "auto", "cpu", "mps", "cuda" or "cuda:1" …, found {device!r}'
        raise InputError(msg)
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    apple = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda:0" if cards else "mps" if apple else "cpu"
    elif name == "cuda":
        name = f"cuda:{torch.cuda.current_device()}" if cards else "cuda:0"
    there = ["cpu", *(["mps"] if apple else []), *(f"cuda:{card}" for card in range(cards))]
    if name not in there:
        msg = (
            f'device {device!r} is not there; found {", ".join(there)}. Use device="auto"; for a card that '
            f"should be seen, check its driver and that torch {torch.__version__} is built for CUDA"
        )
        raise ModelError(msg)
    return name


def resolve_dtype(
    dtype: str = "auto", device: str = "cpu", *, weight_bytes: int | None = None
) -> torch.dtype:
    """Turn "auto" into a precision that suits the device, and check a named one.

    "auto" is float32 on the CPU (half precision is slow there), on MPS (several autoencoders give black
    pictures in half precision there) and for weights under 1 GiB (half precision saves nothing worth its
    rounding); on other CUDA jobs bfloat16 where the card computes it, else float16.

    Args:
        dtype: "auto", "float32", "float16" or "bfloat16" (also "fp32", "fp16", "bf16", or a torch dtype).
        device: as `resolve_device` gives it.
        weight_bytes: size of the model's weights, where known.

    Raises:
        InputError: an unknown name.
        ModelError: float16 on the CPU.
    """
    import torch

    name = str(dtype).strip().lower().removeprefix("torch.")
    name = _SHORT.get(name, name)
    if name == "auto":
        small = weight_bytes is not None and weight_bytes < _HALF_PAYS_FROM
        if small or not device.startswith("cuda"):
            return torch.float32
        index = torch.device(device).index or 0
        # Below compute capability 8.0 bfloat16 is emulated.
        return torch.bfloat16 if torch.cuda.get_device_capability(index) >= (8, 0) else torch.float16
    if name not in _DTYPES:
        msg = f'dtype: expected "auto", "float32", "float16" or "bfloat16", found {dtype!r}'
        raise InputError(msg)
    if name == "float16" and device == "cpu":
        msg = 'float16 does not run on the CPU; use dtype="auto" (float32 there), "bfloat16" or a CUDA device'
        raise ModelError(msg)
    return getattr(torch, name)


def memory_report(device: str) -> dict[str, Any]:
    """What the device's memory holds, in MiB.

    Args:
        device: as `resolve_device` gives it.

    Returns:
        `device`, `name`, `used_mb` and `peak_mb` (by this process: on CUDA what torch reserved, else what is
        resident), `free_mb` and `total_mb` (of the card, or of the machine). JSON-able.
    """
    if device.startswith("cuda"):
        import torch

        free, total = torch.cuda.mem_get_info(device)
        return {
            "device": device,
            "name": torch.cuda.get_device_name(device),
            "used_mb": round(torch.cuda.memory_reserved(device) / MEBIBYTE),
            "peak_mb": round(torch.cuda.max_memory_reserved(device) / MEBIBYTE),
            "free_mb": round(free / MEBIBYTE),
            "total_mb": round(total / MEBIBYTE),
        }
    import psutil

    machine = psutil.virtual_memory()
    resident = psutil.Process().memory_info().rss
    return {
        "device": device,
        "name": platform.processor() or platform.machine(),
        "used_mb": round(resident / MEBIBYTE),
        "peak_mb": round(max(resident, _peak_resident()) / MEBIBYTE),
        "free_mb": round(machine.available / MEBIBYTE),
        "total_mb": round(machine.total / MEBIBYTE),
    }


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library's error means that memory ran out (CUDA, MPS or the machine's own)."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "can't allocate memory", "cublas_status_alloc_failed")
    )


def translate_oom(error: BaseException, batch_size: int, device: str = "the device") -> OutOfMemoryError:
    """Say in words what to do about memory that ran out: half the batch, or smaller pictures.

    Args:
        error: the library's error.
        batch_size: the batch size it happened at.
        device: where.
    """
    detail = str(error).strip().split("\n")[0][:300]
    half = batch_size // 2
    if half < 1:
        advice = "one picture is too much: try smaller width and height, dtype='float16' or another model"
    else:
        advice = f"try batch_size={half}"
    message = f"{device} ran out of memory with {batch_size} pictures a batch; {advice}. ({detail})"
    return OutOfMemoryError(message, suggested_batch_size=half or None)


@contextlib.contextmanager
def oom_translated(batch_size: int, device: str) -> Iterator[None]:
    """Turn running out of memory into our error, and let go of what the failed run held.

    Raises:
        OutOfMemoryError: in the place of the library's error, with the batch size to try.
    """
    failure: OutOfMemoryError | None = None
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error) or isinstance(error, DataCrafterError):
            raise
        failure = translate_oom(error, batch_size, device)
    if failure is not None:  # outside of `except`: the library's traceback holds on to the tensors
        free_memory(device)
        raise failure


def free_memory(device: str) -> None:
    """Give back what dropped models held, also in main memory."""
    import gc

    gc.collect()
    with contextlib.suppress(
        AttributeError, OSError, TypeError
    ):  # only glibc keeps what its threads have freed
        ctypes.CDLL(None).malloc_trim(0)
    if device.startswith("cuda"):
        import torch

        with torch.cuda.device(device):
            torch.cuda.empty_cache()
    elif device == "mps":
        import torch

        torch.mps.empty_cache()


def _peak_resident() -> int:
    """Highest resident size of this process in bytes; 0 where the platform does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024
