"""Where a training of a detector stands, in one file that is written whole or not at all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors
from datacrafter_widget.training.detector import Run
from datacrafter_widget.training.keys import training_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from datacrafter_widget.training.boxes import Detected
    from datacrafter_widget.training.detector import DetectorSettings


def detector_key(settings: DetectorSettings, seed: int, class_count: int, *sets: Detected) -> str:
    """SHA-256 (hex) of all that a training depends on."""
    digest = hashlib.sha256(training_key(settings, seed, class_count, *sets).encode())
    for pictures in sets:
        for boxes, classes in zip(pictures.boxes, pictures.box_classes, strict=True):
            digest.update(f"{len(boxes)} ".encode() + boxes.tobytes() + classes.tobytes())
    return digest.hexdigest()


def save(
    path: Path,
    key: str,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    run: Run,
) -> None:
    """Write where the training stands.

    Args:
        path: of the file.
        key: of the training, by `detector_key`.
        model: as it is now.
        optimizer: its moments are kept.
        run: the rest.

    Raises:
        StoreError: the disk refused.
    """
    tensors = {f"model/{name}": each for name, each in model.state_dict().items()}
    tensors |= {f"best/{name}": each for name, each in run.best.items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": each for name, each in moments.items()}
    state = {"key": key, "step": run.step, "best_step": run.best_step, "history": run.history}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, tensors, state)


def restore(path: Path, key: str, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Run:
    """Bring the model and the optimiser to where the file stands.

    Raises:
        InputError: the file is of another training.
        StoreError: it can't be read.
    """
    import torch

    tensors, state = read_tensors(path)
    if state.get("key") != key:
        raise InputError(
            f"{path} is of another training: expected the same settings, seed, pictures and boxes. Name another "
            "checkpoint, or delete that file"
        )
    model.load_state_dict(_under("model/", tensors))
    parameters = optimizer.param_groups[0]["params"]
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, each in _under("optimizer/", tensors).items():
        number, key = name.split("/")
        # In the parameter's memory layout, which the fused optimiser takes for granted.
        laid = torch.empty_like(parameters[int(number)]).copy_(each) if each.ndim else each
        moments.setdefault(int(number), {})[key] = laid
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return Run(
        step=state["step"],
        history=state["history"],
        best_step=state["best_step"],
        best=_under("best/", tensors),
    )


def _under(start: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(start): each for name, each in tensors.items() if name.startswith(start)}
