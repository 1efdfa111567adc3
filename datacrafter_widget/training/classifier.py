"""Training of an image classifier on original and generated pictures, with early stopping and checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.device import oom_translated, resolve_device
from datacrafter_widget.training.backbones import create_backbone, image_size_for, normalisation
from datacrafter_widget.training.fitting import PREDICTED_TOGETHER, Fit, logits, seeded
from datacrafter_widget.training.keys import training_key
from datacrafter_widget.training.pictures import Labelled
from datacrafter_widget.training.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from datacrafter_widget.training.pictures import Picture


@dataclass(frozen=True)
class ClassifierSettings:
    """How to train a classifier.

    Attributes:
        model: the name of a timm model, "hf-hub:…", or a folder that timm saved.
        pretrained: begin with the model's trained weights instead of random ones.
        image_size: side of the pictures in pixels; None takes the model's own where it is pretrained, else that
            of the validation pictures (which trainings that are compared share), up to 224.
        epochs: at most so many; the validation pictures are looked at after each.
        steps: None goes over the pictures once an epoch. A number is how many steps all epochs have together,
            which makes trainings equally long whatever their number of pictures.
        patience: stop after so many epochs without a better validation accuracy (among equals, a lower loss).
        batch_size: pictures a step.
        learning_rate: peak of the one-cycle schedule; None takes 0.005 from scratch (less suits
            transformers) and 0.0002 pretrained.
        weight_decay: of AdamW, on weights other than biases and normalisations.
        replacement: probability that an original drawn for a batch is replaced by a generated picture of its
            class; None mixes all pictures as they are.
        augmentation: strength of random crops, mirroring and colour changes; 0 for none.
        device: as `models.device.resolve_device` takes it.
        model_options: further arguments of `timm.create_model`, such as ``{"drop_rate": 0.1}``.
    """

    model: str = "resnet50"
    pretrained: bool = False
    image_size: int | None = None
    epochs: int = 60
    steps: int | None = None
    patience: int = 20
    batch_size: int = 32
    learning_rate: float | None = None
    weight_decay: float = 0.05
    replacement: float | None = None
    augmentation: float = 1.0
    device: str = "auto"
    model_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size", "image_size", "steps"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and value > 0):
                raise InputError(f"{name}: expected a whole number from 1, found {value!r}")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate: expected a positive number, found {self.learning_rate}")
        if self.replacement is not None and not 0 <= self.replacement <= 1:
            raise InputError(
                f"replacement: expected a probability from 0 to 1, or None, found {self.replacement}"
            )
        if self.steps is not None and self.steps < self.epochs:
            raise InputError(
                f"steps: expected at least one for each of {self.epochs} epochs, found {self.steps}"
            )
        if self.weight_decay < 0 or self.augmentation < 0:
            raise InputError("weight_decay and augmentation: expected numbers from 0")


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained classifier.

    Attributes:
        model: with the weights of its best epoch, ready to predict.
        class_count: C.
        view: how it sees pictures.
        best_epoch: from 1; the last one where there were no validation pictures.
        history: for each epoch "epoch", "loss" and, with validation pictures, "validation_loss" and
            "validation_accuracy".
        seconds: that the training took, interruptions aside.
    """

    model: nn.Module = field(repr=False)
    class_count: int
    view: View
    best_epoch: int
    history: tuple[Mapping[str, float], ...] = field(repr=False)
    seconds: float


def train_classifier(
    train: Labelled,
    validation: Labelled,
    class_count: int,
    settings: ClassifierSettings | None = None,
    *,
    seed: int,
    progress: Callable[[float], object] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a classifier, and keep the weights of the epoch that is best on the validation pictures.

    AdamW with a one-cycle schedule and label smoothing. On the CPU the same seed gives the same weights, also
    when the training was interrupted and resumed.

    Args:
        train: pictures to train on.
        validation: pictures to choose the epoch by; without any, the last one is taken.
        class_count: C.
        settings: how to train.
        seed: of the weights, the order of the pictures and their augmentation.
        progress: called with the finished share, 0 to 1, after each step; may raise to stop the training.
        checkpoint: a file that holds the state after each epoch (safetensors, with JSON in its header). If it is
            there, the training goes on from it; a finished one is returned at once.

    Raises:
        InputError: settings or pictures that don't fit, or a checkpoint of another training.
        ModelError: weights that can't be had, a device that is not there, or a loss that is no number any more.
        OutOfMemoryError: with a batch size to try.
    """
    settings = settings or ClassifierSettings()
    _check_classes(train, validation, class_count)
    size = settings.image_size or image_size_for(
        settings.model, (validation if len(validation) else train).images, pretrained=settings.pretrained
    )
    train, validation = train.at(size), validation.at(size)
    device = resolve_device(settings.device)
    with oom_translated(settings.batch_size, device), seeded(seed, device):
        model = create_backbone(
            settings.model,
            class_count,
            pretrained=settings.pretrained,
            image_size=size,
            options=settings.model_options,
        )
        fit = Fit(model, View(size, *normalisation(model), device), train, validation, settings, seed)
        key = training_key(settings, seed, class_count, train, validation) if checkpoint else ""
        if checkpoint and checkpoint.exists():
            fit.resume(checkpoint, key)
        while not fit.over():
            fit.epoch(progress or (lambda _: None))
            if checkpoint:
                fit.save(checkpoint, key)
        return Trained(
            fit.best_model(), class_count, fit.view, fit.best_epoch, tuple(fit.history), fit.seconds
        )


def predict(
    trained: Trained, images: Labelled | Sequence[Picture] | NDArray[np.uint8]
) -> NDArray[np.float32]:
    """What a classifier says of pictures.

    Args:
        trained: the classifier.
        images: N pictures.

    Returns:
        (N, C) logits.

    Raises:
        InputError: a picture that can't be read.
        OutOfMemoryError: they do not fit the device.
    """
    pictures = images if isinstance(images, Labelled) else Labelled.of(images, np.zeros(len(images)))
    with oom_translated(PREDICTED_TOGETHER, trained.view.device):
        return logits(trained.model, pictures, trained.view)


def _check_classes(train: Labelled, validation: Labelled, class_count: int) -> None:
    for name, pictures in (("train", train), ("validation", validation)):
        if len(pictures) and pictures.classes.max() >= class_count:
            raise InputError(
                f"{name}: expected class indices 0 to {class_count - 1}, found {pictures.classes.max()}"
            )
    if len(train) < 2:
        raise InputError(f"train: expected at least two pictures, found {len(train)}")
