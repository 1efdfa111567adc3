"""Letting the target branch of an edit attend as the source branch does, so that things stay where they are.

The unified attention control of InfEdit (Xu et al., CVPR 2024) in the form that needs no word to be matched with any
other: in self-attention the target takes the source's queries and keys (as in Plug-and-Play, Tumanyan et al., 2023),
in cross-attention the source's queries, so that each word of the target looks where such words looked in the source.
What is said there, the values, stays the target's own.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

_SOURCES = {"attn1": ("to_q", "to_k"), "attn2": ("to_q",)}


@contextlib.contextmanager
def of_the_source(unet: Any, count: int) -> Iterator[None]:
    """Let the target attend as the source does, in all of a UNet.

    Args:
        unet: called with (…, 2, count) rows: sources and targets in turns of `count`.
        count: pictures.
    """

    def taken(_module: Any, _arguments: Any, output: torch.Tensor) -> torch.Tensor:
        turns = output.unflatten(0, (-1, 2, count))
        return turns[:, :1].expand_as(turns).flatten(0, 2)

    handles = [
        module.get_submodule(projection).register_forward_hook(taken)
        for name, module in unet.named_modules()
        for projection in _SOURCES.get(name.rpartition(".")[2], ())
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
