"""The loop of a classifier's training: epochs, the best of them, and the state on disk."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.device import resolve_dtype
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors
from datacrafter_widget.training.augment import augment
from datacrafter_widget.training.mixing import epoch_batches
from datacrafter_widget.training.pictures import pixel_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from torch import nn

    from datacrafter_widget.training.classifier import ClassifierSettings
    from datacrafter_widget.training.pictures import Labelled
    from datacrafter_widget.training.view import View

PREDICTED_TOGETHER = 256
_WARM_UP = 0.25  # share of the steps in which the learning rate rises
_START, _END = 0.04, 1e-3  # the first and the last learning rate, in parts of the peak
_SCRATCH_RATE, _PRETRAINED_RATE = 5e-3, 2e-4
_SMOOTHING = 0.05


@contextlib.contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Let torch's own random numbers follow from `seed` inside, and leave them untouched outside."""
    import torch

    with torch.random.fork_rng([device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


class Fit:
    """A training that goes on epoch by epoch. What happens in an epoch follows from the seed and its number.

    Attributes:
        view: how the model sees pictures.
        best_epoch: from 1; 0 before the first.
        history: what each epoch gave.
        seconds: taken so far.
    """

    def __init__(
        self,
        model: nn.Module,
        view: View,
        train: Labelled,
        validation: Labelled,
        settings: ClassifierSettings,
        seed: int,
    ) -> None:
        import torch

        self.view = view
        self.best_epoch = 0
        self.history: list[dict[str, float]] = []
        self.seconds = 0.0
        self._model = model.to(view.device, memory_format=torch.channels_last)
        self._train, self._validation = train, validation
        self._settings, self._seed = settings, seed
        self._best: dict[str, torch.Tensor] = {}
        self._optimizer = torch.optim.AdamW(_decayed(model, settings.weight_decay))

    def over(self) -> bool:
        """Whether all epochs are done, or the last ones brought nothing."""
        done = len(self.history)
        waited = done - self.best_epoch
        return done >= self._settings.epochs or (
            len(self._validation) > 0 and waited >= self._settings.patience
        )

    def epoch(self, progress: Callable[[float], object]) -> None:
        """Train for one more epoch, and keep its weights where it is the best so far.

        Raises:
            ModelError: the loss is no number any more.
        """
        began = time.perf_counter()
        number = len(self.history) + 1
        row: dict[str, float] = {"epoch": number, "loss": self._learn(number, progress)}
        if not math.isfinite(row["loss"]):
            raise ModelError(
                f"the training diverged in epoch {number}: the loss is {row['loss']}. Give a smaller learning_rate"
            )
        if len(self._validation):
            row |= self._validate()
        self.history.append(row)
        if not self.best_epoch or not len(self._validation) or _quality(row) > _quality(self._at_best()):
            self.best_epoch = number
            self._best = {name: value.detach().clone() for name, value in self._model.state_dict().items()}
        self.seconds += time.perf_counter() - began

    def best_model(self) -> nn.Module:
        """The model with its best weights, ready to predict."""
        self._model.load_state_dict(self._best)
        return self._model.eval()

    def save(self, path: Path, key: str) -> None:
        """Write the state.

        Raises:
            StoreError: the disk refused.
        """
        tensors = {f"model.{name}": value for name, value in self._model.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self._best.items()}
        for number, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
        values = {
            "key": key,
            "best_epoch": self.best_epoch,
            "history": self.history,
            "seconds": self.seconds,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, tensors, values)

    def resume(self, path: Path, key: str) -> None:
        """Go on from what `save` wrote.

        Raises:
            InputError: it is of another training.
            StoreError: it can't be read.
        """
        tensors, values = read_tensors(path)
        if values.get("key") != key:
            raise InputError(
                f"{path} is of another training: expected the same settings, seed and pictures. Name another "
                "checkpoint, or delete that file"
            )
        parts: dict[str, dict[str, torch.Tensor]] = {"model": {}, "best": {}, "optimizer": {}}
        for name, value in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        self._model.load_state_dict(parts["model"])
        self._best = {name: value.to(self.view.device) for name, value in parts["best"].items()}
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in parts["optimizer"].items():
            number, _, what = name.partition(".")
            state.setdefault(int(number), {})[what] = value
        whole = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**whole, "state": state})
        self.best_epoch, self.seconds = values["best_epoch"], values["seconds"]
        self.history = values["history"]

    def _learn(self, number: int, progress: Callable[[float], object]) -> float:
        """One epoch's steps; the mean loss."""
        import torch

        settings, device = self._settings, self.view.device
        generator = torch.Generator().manual_seed(_mixed(self._seed, number))
        torch.manual_seed(_mixed(self._seed, number))  # dropout and the like
        batches = epoch_batches(
            self._train,
            np.random.default_rng((self._seed, number)),
            batch_size=settings.batch_size,
            batches=self._length(number),
            replacement=settings.replacement,
        )
        self._model.train()
        total = torch.zeros((), device=device)
        pixels = pixel_batches(self._train, batches, self.view.image_size)
        for index, (rows, picture_values) in enumerate(zip(batches, pixels, strict=True)):
            share = (number - 1 + (index + 1) / len(batches)) / settings.epochs
            for group in self._optimizer.param_groups:
                group["lr"] = _peak(settings) * one_cycle(share)
            x = self.view(picture_values, lambda x: augment(x, generator, strength=settings.augmentation))
            y = torch.from_numpy(self._train.classes[rows]).to(device)
            with _mixed_precision(device):
                loss = torch.nn.functional.cross_entropy(self._model(x), y, label_smoothing=_SMOOTHING)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            total += loss.detach().float()
            progress(share)
        return float(total) / len(batches)

    def _length(self, number: int) -> int | None:
        """How many steps an epoch has; None: as many as go over the pictures once."""
        steps, epochs = self._settings.steps, self._settings.epochs
        return None if steps is None else number * steps // epochs - (number - 1) * steps // epochs

    def _validate(self) -> dict[str, float]:
        from scipy.special import log_softmax

        truth = self._validation.classes
        scores = logits(self._model, self._validation, self.view)
        likelihood = log_softmax(scores.astype(np.float64), axis=1)[np.arange(len(truth)), truth]
        return {
            "validation_loss": float(-likelihood.mean()),
            "validation_accuracy": float((scores.argmax(1) == truth).mean()),
        }

    def _at_best(self) -> dict[str, float]:
        return self.history[self.best_epoch - 1]


def logits(model: nn.Module, pictures: Labelled, view: View) -> NDArray[np.float32]:
    """(N, C) of a model, which is left in its mode for predicting."""
    import torch

    rows = np.arange(len(pictures))
    batches = [rows[start : start + PREDICTED_TOGETHER] for start in range(0, len(rows), PREDICTED_TOGETHER)]
    model.eval()
    with torch.inference_mode(), _mixed_precision(view.device):
        found = [
            model(view(pixels)).float().cpu().numpy()
            for pixels in pixel_batches(pictures, batches or [rows], view.image_size)
        ]
    return np.concatenate(found)


def one_cycle(share: float) -> float:
    """The learning rate, in parts of its peak, when `share` of the steps is done (Smith and Topin, 2018)."""
    if share < _WARM_UP:
        return _START + (1 - _START) * (1 - math.cos(math.pi * share / _WARM_UP)) / 2
    return _END + (1 - _END) * (1 + math.cos(math.pi * (share - _WARM_UP) / (1 - _WARM_UP))) / 2


def _quality(row: dict[str, float]) -> tuple[float, float]:
    return row["validation_accuracy"], -row["validation_loss"]


def _peak(settings: ClassifierSettings) -> float:
    default = _PRETRAINED_RATE if settings.pretrained else _SCRATCH_RATE
    return settings.learning_rate or default


def _mixed(seed: int, number: int) -> int:
    """A seed for epoch `number` of a training."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0] >> 1)


def _decayed(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters in two groups: biases and normalisations are not drawn to zero."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": weight_decay},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]


def _mixed_precision(device: str) -> contextlib.AbstractContextManager[Any]:
    """bfloat16 where the card computes it."""
    import torch

    if device.startswith("cuda") and resolve_dtype("auto", device) == torch.bfloat16:
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()
