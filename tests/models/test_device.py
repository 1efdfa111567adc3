import platform
import threading

import psutil
import pytest
import torch

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.device import free_memory, is_out_of_memory, resolve_device, resolve_dtype


def test_devices():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in {"cpu", "mps", "cuda:0"}
    with pytest.raises(InputError, match="found 'gpu'"):
        resolve_device("gpu")
    with pytest.raises(ModelError, match="not there; found cpu"):
        resolve_device("cuda:99")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("auto", torch.float32),
        ("fp32", torch.float32),
        ("bf16", torch.bfloat16),
        (torch.float32, torch.float32),
    ],
)
def test_precision_on_the_cpu(asked, given):
    assert resolve_dtype(asked, "cpu") is given


def test_half_precision_is_refused_on_the_cpu():
    with pytest.raises(ModelError, match="float16 does not run on the CPU"):
        resolve_dtype("float16", "cpu")
    with pytest.raises(InputError, match="found 'int8'"):
        resolve_dtype("int8", "cpu")


@pytest.mark.parametrize(("capability", "given"), [((9, 0), torch.bfloat16), ((7, 5), torch.float16)])
def test_precision_by_the_cards_capability(monkeypatch, capability, given):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _index: capability)
    assert resolve_dtype("auto", "cuda:0") is given
    assert resolve_dtype("auto", "cuda:0", weight_bytes=20 << 20) is torch.float32
    assert resolve_dtype("fp16", "cuda:0") is torch.float16


def test_what_counts_as_out_of_memory():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not is_out_of_memory(RuntimeError("shapes"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing for their threads"
)
def test_what_threads_have_freed_goes_back_to_the_system():
    last = []

    def work():
        blocks = [bytes(2000) for _ in range(20_000)]
        last.append(blocks[-1])  # keeps the rest of its thread's heap from going back by itself

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = psutil.Process().memory_info().rss
    free_memory("cpu")
    assert psutil.Process().memory_info().rss < held - 100e6
