"""Train a detector on pictures with boxes, and find objects with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.device import oom_translated, resolve_device
from datacrafter_widget.training.boxes import Detected, Detections, picture_sizes
from datacrafter_widget.training.detectors import SMALL, build_detector, freeze_statistics, usual_size
from datacrafter_widget.training.fitting import seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    from datacrafter_widget.training.pictures import Labelled, Picture

_WARM_UP = 0.1  # share of the steps in which the learning rate rises
_SMALL_RATE, _LARGE_RATE = 5e-3, 2e-4
_GRADIENT_NORM = 5.0


@dataclass(frozen=True)
class DetectorSettings:
    """How a detector is trained.

    Attributes:
        model: "small_ssd", for little pictures, or a name of torchvision's such as "ssd300_vgg16" or
            "fasterrcnn_resnet50_fpn_v2".
        pretrained: begin with torchvision's weights from COCO; fetched once, over the network.
        image_size: side in pixels that pictures are stretched to; by default what suits the model.
        steps: of the optimiser (AdamW, the rate rising, then falling as a cosine). Given in steps and not in
            epochs, so that sets of different size are trained equally long.
        batch_size: pictures a step.
        learning_rate: the highest; by default what suits the model.
        weight_decay: of the optimiser.
        validate_every: steps between two looks at the validation pictures, and between two checkpoints.
        patience: stop after so many looks without a better mAP; None never stops early. The weights with the
            best mAP are kept in either case.
        device: "auto", "cpu", "cuda:0", ….
    """

    model: str = SMALL
    pretrained: bool = False
    image_size: int | None = None
    steps: int = 600
    batch_size: int = 16
    learning_rate: float | None = None
    weight_decay: float = 0.02
    validate_every: int = 150
    patience: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        whole = {name: getattr(self, name) for name in ("steps", "batch_size", "validate_every")}
        whole |= {name: getattr(self, name) or 1 for name in ("patience",)}
        for name, value in whole.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name}: expected a whole number of 1 or more, found {value!r}")
        if self.image_size is not None and self.image_size < 32:
            raise InputError(f"image_size: expected 32 pixels or more, found {self.image_size}")
        if self.learning_rate is not None and not 0 < self.learning_rate < 1:
            raise InputError(
                f"learning_rate: expected a number above 0 and below 1, found {self.learning_rate}"
            )

    @property
    def size(self) -> int:
        """Side in pixels that pictures are stretched to."""
        return self.image_size or usual_size(self.model)

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        return self.learning_rate or (_SMALL_RATE if self.model == SMALL else _LARGE_RATE)


@dataclass(frozen=True, eq=False)
class TrainedDetector:
    """A detector and how it came about.

    Attributes:
        model: torchvision's, in evaluation mode.
        class_count: C.
        settings: of the training.
        best_step: after how many steps its weights were what they are.
        history: one a look: "step", "loss" (mean since the last look) and, with validation pictures, "map" and
            "map_50".
    """

    model: Any
    class_count: int
    settings: DetectorSettings
    best_step: int
    history: tuple[dict[str, float], ...]


@dataclass
class Run:
    """A training under way: what a checkpoint keeps of it, beside the model and the optimiser.

    Attributes:
        step: steps done.
        history: as in `TrainedDetector`.
        best_step: when the mAP was best; the last look without validation pictures.
        best: weights of then.
        losses: of the steps since the last look.
    """

    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)

    def out_of_patience(self, settings: DetectorSettings) -> bool:
        """Whether the mAP has not risen for as many looks as the settings bear."""
        worse = sum(look["step"] > self.best_step for look in self.history)
        return settings.patience is not None and worse >= settings.patience


def train_detector(
    train: Detected,
    validation: Detected | None,
    class_count: int,
    settings: DetectorSettings | None = None,
    *,
    seed: int = 0,
    progress: Callable[[float], object] | None = None,
    checkpoint: Path | None = None,
) -> TrainedDetector:
    """Train a detector; with the same pictures, settings and seed it ends the same on the CPU.

    A step's randomness comes from the seed and its number alone: a training that goes on from a checkpoint ends
    as one that was never cut off.

    Args:
        train: pictures with boxes.
        validation: chooses the weights by their mAP; None or empty keeps the last.
        class_count: C.
        settings: the small detector's by default.
        seed: of everything random.
        progress: is told the finished share, 0 to 1, before each step; what it raises ends the training.
        checkpoint: a file that is written at each look, and gone on from where it is there.

    Raises:
        InputError: no pictures, a class out of range, a picture that can't be read, or a checkpoint of another
            training.
        ModelError: weights can't be loaded, the loss is no number any more, or (OutOfMemoryError) a batch is too
            large for the device.
        StoreError: the checkpoint can't be read or written.
    """
    import torch

    from datacrafter_widget.training.detector_state import detector_key, restore, save

    settings = settings or DetectorSettings()
    _check(train, class_count)
    device = resolve_device(settings.device)
    with seeded(seed, "cpu"):
        model = build_detector(
            settings.model, class_count, size=settings.size, pretrained=settings.pretrained
        )
    model.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.rate, weight_decay=settings.weight_decay, fused=True
    )
    sets = [train] if validation is None else [train, validation]
    key = detector_key(settings, seed, class_count, *sets) if checkpoint else ""
    run = restore(checkpoint, key, model, optimizer) if checkpoint and checkpoint.exists() else Run()
    data = train.at(settings.size)
    held = None if validation is None else validation.at(settings.size)
    boxes = data.boxes_at(settings.size)
    while run.step < settings.steps and not run.out_of_patience(settings):
        if progress is not None:
            progress(run.step / settings.steps)
        optimizer.param_groups[0]["lr"] = settings.rate * _share_of_rate(run.step / settings.steps)
        with oom_translated(settings.batch_size, device):
            run.losses.append(_step(model, optimizer, data, boxes, settings, seed, run.step, device))
        run.step += 1
        if run.step % settings.validate_every == 0 or run.step == settings.steps:
            _look(run, model, held, class_count, settings)
            if checkpoint:
                save(checkpoint, key, model, optimizer, run)
    model.load_state_dict(run.best)
    if progress is not None:
        progress(1.0)
    return TrainedDetector(model.eval(), class_count, settings, run.best_step, tuple(run.history))


def detect(
    trained: TrainedDetector,
    images: Labelled | Sequence[Picture] | NDArray[np.uint8],
    *,
    threshold: float = 0.0,
) -> list[Detections]:
    """Find objects in pictures.

    Args:
        trained: the detector.
        images: N pictures.
        threshold: leave out what it is less sure of than this, 0 to 1.

    Returns:
        One for each picture; boxes are in pixels of the picture.

    Raises:
        InputError: a picture that can't be read.
    """
    import torch

    from datacrafter_widget.training.pictures import Labelled

    pictures = images.images if isinstance(images, Labelled) else images
    empty = [np.zeros((0, 4), np.float32)] * len(pictures)
    data = Detected.around(Labelled.of(pictures, np.zeros(len(pictures))), empty)
    size = trained.settings.size
    scales = picture_sizes(pictures) / size
    model = trained.model.eval()
    device = next(model.parameters()).device
    found = []
    for start in range(0, len(data), trained.settings.batch_size):
        rows = np.arange(start, min(start + trained.settings.batch_size, len(data)))
        batch = _to_floats(data.pixels(rows, size), device)
        with torch.inference_mode(), oom_translated(len(rows), str(device)):
            answers = model(list(batch))
        for row, answer in zip(rows, answers, strict=True):
            boxes, labels, scores = (answer[name].cpu().numpy() for name in ("boxes", "labels", "scores"))
            each = Detections(
                (boxes * np.tile(scales[row], 2)).astype(np.float32), labels.astype(np.int64) - 1, scores
            )
            found.append(each.where(scores >= threshold))
    return found


def _step(
    model: Any,
    optimizer: torch.optim.Optimizer,
    data: Detected,
    boxes: Sequence[NDArray[np.float32]],
    settings: DetectorSettings,
    seed: int,
    step: int,
    device: str,
) -> float:
    import torch

    from datacrafter_widget.training.box_augment import jitter, moved

    rows = _rows(len(data), settings.batch_size, seed, step)
    rng = np.random.default_rng([seed, 1, step])
    images, moves = jitter(_to_floats(data.pixels(rows, settings.size), device), rng)
    targets = [
        _target(moved(boxes[row], move, settings.size), data.box_classes[row], device)
        for row, move in zip(rows, moves, strict=True)
    ]
    model.train()
    if settings.pretrained:
        freeze_statistics(model)
    half = device.startswith("cuda") and torch.cuda.is_bf16_supported()
    with (
        seeded(int(rng.integers(2**63)), device),  # two-stage detectors draw from the global generator
        torch.autocast(device.split(":", maxsplit=1)[0], torch.bfloat16, enabled=half),
    ):
        loss = torch.stack(list(model(list(images), targets).values())).sum()
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ModelError(f"the loss of step {step + 1} is {value}; train anew with a lower learning_rate")
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), _GRADIENT_NORM)
    optimizer.step()
    return value


def _rows(count: int, batch_size: int, seed: int, step: int) -> NDArray[np.int64]:
    """Pictures of a step: a walk through one shuffled epoch after the other."""
    places = range(step * batch_size, (step + 1) * batch_size)
    epochs = {
        epoch: np.random.default_rng([seed, 0, epoch]).permutation(count)
        for epoch in range(places[0] // count, places[-1] // count + 1)
    }
    return np.array([epochs[place // count][place % count] for place in places])


def _target(boxes: NDArray[np.float32], classes: NDArray[np.int64], device: str) -> dict[str, torch.Tensor]:
    import torch

    seen = boxes[:, 2] > boxes[:, 0]
    return {
        "boxes": torch.from_numpy(boxes[seen]).to(device),
        "labels": torch.from_numpy(classes[seen] + 1).to(device),
    }


def _look(
    run: Run, model: Any, validation: Detected | None, class_count: int, settings: DetectorSettings
) -> None:
    """Write down how the training goes, and keep the weights when they are the best so far."""
    from datacrafter_widget.training.average_precision import average_precision

    look = {"step": float(run.step), "loss": float(np.mean(run.losses))}
    run.losses = []
    if validation is not None and len(validation):
        found = detect(TrainedDetector(model, class_count, settings, run.step, ()), validation)
        precision = average_precision(found, validation, class_count)
        look |= {"map": precision.map, "map_50": precision.map_50}
    best = max((each.get("map", -math.inf) for each in run.history), default=-math.inf)
    run.history.append(look)
    if "map" not in look or look["map"] >= best or not run.best:
        run.best_step = run.step
        run.best = {name: each.detach().clone() for name, each in model.state_dict().items()}


def _share_of_rate(share: float) -> float:
    if share < _WARM_UP:
        return max(share, 1e-3) / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP) / (1 - _WARM_UP)))


def _to_floats(pixels: NDArray[np.uint8], device: Any) -> torch.Tensor:
    import torch

    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255


def _check(train: Detected, class_count: int) -> None:
    if not len(train) or not any(len(each) for each in train.boxes):
        raise InputError(
            f"train: expected pictures with boxes, found {len(train)} pictures and no box; give boxes with the "
            "data set, or let a detector find them"
        )
    highest = max(int(each.max()) for each in train.box_classes if len(each))
    if highest >= class_count:
        raise InputError(f"train: expected box classes 0 to {class_count - 1}, found {highest}")
