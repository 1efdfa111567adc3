"""Safetensors files that are written whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import StoreError
from datacrafter_widget.models.hub import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], state: dict[str, Any] | None = None
) -> None:
    """Write tensors, and JSON values in the file's header; a killed process leaves the old file or the new.

    Raises:
        StoreError: the disk refused.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    temporary = path.with_name(f".{path.name}.tmp")
    # One entry: safetensors writes several in an order that differs from process to process.
    metadata = {"format": "pt"} if state is None else {"state": json.dumps(state, sort_keys=True)}
    try:
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(plain, temporary, metadata=metadata)
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        msg = f"expected to write {path}, but: {first_line(error)}. Free some disk space or check the folder's rights"
        raise StoreError(msg) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `write_tensors` wrote.

    Raises:
        StoreError: the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {}).get("state", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, state  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, ValueError) as error:
        msg = f"expected a readable file at {path}, but: {first_line(error)}. Delete it; the training begins anew"
        raise StoreError(msg) from error
