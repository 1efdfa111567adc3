"""Encoding each prompt once: a cache in front of a pipeline's `encode_prompt`."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.hub import quiet_tokenizing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

_LIMIT_BYTES = 256 * 1024**2
_TOGETHER_ON_CUDA = 8

Encoded = tuple[Any, ...]
"""What `encode_prompt` gives: tensors (B, …), lists of B tensors, None, or something that all prompts share."""


class PromptCache:
    """Keeps what text encoders made of prompts, up to a number of bytes, the latest used.

    Prompts are always encoded in batches of the same shape, so that what a prompt becomes (to the last bit) does
    not depend on which prompts were there already. On the CPU that is one prompt; on CUDA a few, filled up by
    repeating the last. Prompts of one batch whose embeddings differ in length (some families don't pad them) are
    encoded together by the pipeline itself.

    Attributes:
        scope: what else the text encoders' output depends on, such as the active LoRAs.
        hits: prompts that were there.
        misses: prompts that had to be encoded.
    """

    def __init__(self, device: str, *, offload: bool = False, limit_bytes: int = _LIMIT_BYTES) -> None:
        """Set up.

        Args:
            device: where the text encoders run.
            offload: whether they wait on the CPU, to leave the device's memory to the denoiser.
            limit_bytes: of tensors to keep.
        """
        self.scope: tuple[str, ...] = ()
        self.hits = self.misses = 0
        self._device = device
        self._offload = offload and device != "cpu"
        self._together = _TOGETHER_ON_CUDA if device.startswith("cuda") else 1
        self._limit = limit_bytes
        self._kept: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._bytes = 0

    def clear(self) -> None:
        """Forget everything: the text encoders have changed."""
        self._kept.clear()
        self._bytes = 0

    def attach(self, pipeline: Any) -> None:
        """Put the cache in front of a pipeline's `encode_prompt`, if it has one."""
        original = getattr(pipeline, "encode_prompt", None)
        if original is None:
            return
        signature = inspect.signature(original)
        components = pipeline.components
        encoders = [part for name, part in components.items() if name.startswith("text_encoder") and part]
        self._move(encoders, "cpu")
        if self._offload and pipeline.device.type == "cpu":  # older releases ask the first part only
            msg = "offload_text_encoders needs a newer diffusers than this; run `pip install -U diffusers`"
            raise ModelError(msg)

        def encode(**call: Any) -> Any:
            self._move(encoders, self._device)
            try:
                with quiet_tokenizing():
                    return original(**call)
            finally:
                self._move(encoders, "cpu")

        def encode_prompt(*arguments: Any, **options: Any) -> Any:
            call = signature.bind(*arguments, **options).arguments
            call |= call.pop("kwargs", {})
            together = self._encoded(type(pipeline).__name__, encode, call)
            return encode(**call) if together is None else together

        pipeline.encode_prompt = encode_prompt

    def _move(self, encoders: Sequence[Any], device: str) -> None:
        if self._offload:
            for encoder in encoders:
                encoder.to(device)

    def _encoded(self, form: str, encode: Callable[..., Any], call: dict[str, Any]) -> Encoded | None:
        """The prompts of a call, encoded; None where that can't be done one by one."""
        texts = {name: value for name, value in call.items() if _is_prompts(name, value)}
        counts = {len(value) for value in texts.values()}
        others = {name: value for name, value in call.items() if name not in texts}
        if len(counts) != 1 or any(_holds_tensors(value) for value in others.values()):
            return None
        settings = (form, *self.scope, *(f"{name}={value}" for name, value in sorted(others.items())))
        each = [dict(zip(texts, one, strict=True)) for one in zip(*texts.values(), strict=True)]
        keys = [(settings, *sorted(one.items())) for one in each]
        wanted = {key: one for key, one in zip(keys, each, strict=True) if key not in self._kept}
        self.misses += len(wanted)
        self.hits += len(keys) - len(wanted)
        found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = list(wanted.items())
        for start in range(0, len(missing), self._together):
            chunk = missing[start : start + self._together]
            filled = [one for _, one in chunk] + [chunk[-1][1]] * (self._together - len(chunk))
            output = encode(**others, **{name: [one[name] for one in filled] for name in texts})
            rows = _split(output, self._together)
            if rows is None:
                return None
            found |= {key: row for (key, _), row in zip(chunk, rows, strict=False)}
        for key in keys:
            self._keep(key, found[key])
        return _joined([found[key] for key in keys])

    def _keep(self, key: Hashable, row: Encoded) -> None:
        if key not in self._kept:
            self._kept[key] = row
            self._bytes += _size(row)
        self._kept.move_to_end(key)
        while self._bytes > self._limit:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)


def _is_prompts(name: str, value: object) -> bool:
    return name.startswith(("prompt", "negative_prompt")) and isinstance(value, list)


def _holds_tensors(value: object) -> bool:
    parts = value if isinstance(value, list | tuple) else [value]
    return any(hasattr(part, "shape") for part in parts)


def _split(output: Any, count: int) -> list[Encoded] | None:
    """One row a prompt; None where it can't be told which part belongs to which prompt."""
    import torch

    if not isinstance(output, tuple):
        return None
    columns: list[list[Any]] = []
    for part in output:
        if isinstance(part, torch.Tensor) and part.shape[:1] == (count,):
            # A copy: a slice would keep the whole batch in memory.
            columns.append([part[one : one + 1].clone() for one in range(count)])
        elif isinstance(part, list) and len(part) == count:
            columns.append([[item] for item in part])
        elif part is None or isinstance(part, torch.Tensor):
            columns.append([part] * count)  # none, or the same for all (FLUX's position ids)
        else:
            return None
    return list(zip(*columns, strict=True))


def _joined(rows: list[Encoded]) -> Encoded | None:
    import torch

    parts: list[Any] = []
    for column in zip(*rows, strict=True):
        first = column[0]
        if isinstance(first, list):
            parts.append([item for items in column for item in items])
        elif first is None or first.shape[:1] != (1,):
            parts.append(first)
        elif any(item is None or item.shape != first.shape for item in column):
            return None
        else:
            parts.append(torch.cat(column))
    return tuple(parts)


def _size(row: Encoded) -> int:
    parts = [item for part in row for item in (part if isinstance(part, list) else [part])]
    return sum(part.nbytes for part in parts if part is not None)
