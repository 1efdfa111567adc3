"""Training of the map's network: cold from random weights, or warm from an earlier map."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datacrafter_widget.projection.contrast import contrastive_gradient, contrastive_loss
from datacrafter_widget.projection.neighbors import Float32, rows_to_one
from datacrafter_widget.projection.network import ProjectionNetwork
from datacrafter_widget.projection.targets import Targets

if TYPE_CHECKING:
    from torch import Tensor

WHOLE_BATCH = 1536
BATCH_ANCHORS = 512
LABEL_TEMPERATURE = 0.5
REPORT_EVERY = 8


@dataclass(frozen=True)
class Schedule:
    """How a training run goes.

    Attributes:
        n_epochs: steps for a whole batch; grows with the square root of the number of batches.
        learning_rate: peak of the one-cycle schedule.
        image_label_weight: weight of the second term of Eq. 5.
        label_label_weight: weight of the third term of Eq. 5.
        anchor_weight: pull towards earlier positions, 0 without any.
    """

    n_epochs: int
    learning_rate: float
    image_label_weight: float
    label_label_weight: float
    anchor_weight: float = 0.0


@dataclass(frozen=True)
class Batch:
    """Some pictures and all labels, with their share of the targets as dense tensors."""

    pictures: npt.NDArray[np.int64]
    image_image: "Tensor"
    label_image: "Tensor"
    image_label: "Tensor"


def train(
    network: ProjectionNetwork,
    inputs: Float32,
    targets: Targets,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    offset: Float32 | None = None,
    anchors: Float32 | None = None,
    progress: Callable[[float], object] = lambda _share: None,
) -> None:
    """Minimise the weighted sum of the three contrastive terms (DataCrafter, Eq. 5) in place.

    Args:
        network: changed in place.
        inputs: (N + L, inputs) of the pictures, then the labels.
        targets: positives.
        schedule: how long and how strongly.
        rng: source of the batches.
        offset: (N + L, 2) added to the network's output, fixed.
        anchors: (N + L, 2) earlier positions, NaN where there are none.
        progress: called with the finished share now and then; may raise.
    """
    import torch

    n = targets.image_image.shape[0]
    x = torch.from_numpy(inputs)
    label_rows = np.arange(n, len(inputs))
    label_label = torch.from_numpy(targets.label_label.toarray())
    negatives = torch.from_numpy(targets.negative_weights)
    steps = max(1, round(schedule.n_epochs * max(1.0, n / (2 * BATCH_ANCHORS)) ** 0.5))
    optimizer = torch.optim.AdamW(network.parameters, lr=schedule.learning_rate, weight_decay=1e-4)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=schedule.learning_rate, total_steps=steps + 1, pct_start=0.2
    )
    for step, batch in zip(range(steps), _batches(targets, rng), strict=False):
        rows = np.concatenate([batch.pictures, label_rows])
        y = network(x[torch.from_numpy(rows)])
        if offset is not None:
            y = y + torch.from_numpy(offset[rows])
        gradient = _gradient(y.detach(), batch, label_label, negatives, schedule)
        if anchors is not None and schedule.anchor_weight > 0:
            away = y.detach() - torch.from_numpy(anchors[rows])
            gradient += (schedule.anchor_weight / len(rows)) * torch.nan_to_num(away, nan=0.0)
        optimizer.zero_grad()
        y.backward(gradient)
        torch.nn.utils.clip_grad_norm_(network.parameters, 2.0)
        optimizer.step()
        cycle.step()
        if step % REPORT_EVERY == 0:
            progress(step / steps)


def regress(network: ProjectionNetwork, inputs: Float32, positions: Float32, *, steps: int = 80) -> None:
    """Train the network in place towards given positions (rows without NaN), by least squares."""
    import torch

    known = np.flatnonzero(np.isfinite(positions).all(axis=1))[: 4 * WHOLE_BATCH]
    x, y = torch.from_numpy(inputs[known]), torch.from_numpy(positions[known])
    scale = float(y.std(correction=0).clamp_min(1e-6))
    optimizer = torch.optim.AdamW(network.parameters, lr=4e-3)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps + 1, pct_start=0.2)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((network(x) - y) / scale).square().mean()
        loss.backward()
        optimizer.step()
        cycle.step()


def best_scale(positions: Float32, targets: Targets, rng: np.random.Generator) -> float:
    """Factor that takes a map of unit spread to the scale at which the picture term is least.

    Args:
        positions: (N + L, 2), NaN rows for what has no position.
        targets: positives.
        rng: chooses up to about 1,500 pictures to judge by.
    """
    import torch

    n = targets.image_image.shape[0]
    known = np.flatnonzero(np.isfinite(positions[:n]).all(axis=1))
    if len(known) < 3:
        return 1.0
    if len(known) > WHOLE_BATCH:
        known = np.sort(rng.permutation(known)[:WHOLE_BATCH])
    y = torch.from_numpy(positions[known])
    dense = torch.from_numpy(rows_to_one(targets.image_image[known][:, known]).toarray())
    factors = 2.0 ** np.arange(-1, 9, 0.5)
    losses = [contrastive_loss(y * float(f), y * float(f), dense, same_points=True) for f in factors]
    return float(factors[int(np.argmin(losses))])


def _gradient(
    y: "Tensor", batch: Batch, label_label: "Tensor", negatives: "Tensor", schedule: Schedule
) -> "Tensor":
    import torch

    b = len(batch.pictures)
    pictures, labels = y[:b], y[b:]
    gradient = torch.zeros_like(y)
    if b > 1:
        for part in contrastive_gradient(pictures, pictures, batch.image_image, same_points=True):
            gradient[:b] += part
    if b and len(labels):
        w = schedule.image_label_weight
        has_pictures = batch.label_image.sum(dim=1).clamp(max=1)
        to_labels, to_pictures = contrastive_gradient(
            labels, pictures, batch.label_image, temperature=LABEL_TEMPERATURE, row_weights=has_pictures
        )
        gradient[b:] += w * to_labels
        gradient[:b] += w * to_pictures
        has_labels = batch.image_label.sum(dim=1).clamp(max=1)
        to_pictures, to_labels = contrastive_gradient(
            pictures, labels, batch.image_label, negative_weights=negatives, row_weights=has_labels
        )
        gradient[:b] += w * to_pictures
        gradient[b:] += w * to_labels
    if len(labels) > 1:
        for part in contrastive_gradient(labels, labels, label_label, same_points=True):
            gradient[b:] += schedule.label_label_weight * part
    return gradient


def _batches(targets: Targets, rng: np.random.Generator) -> Iterator[Batch]:
    """Endless batches: all pictures when they are few, else random ones, each with one of its neighbours."""
    n = targets.image_image.shape[0]
    if n <= WHOLE_BATCH:
        whole = _batch(targets, np.arange(n))
        while True:
            yield whole
    graph = targets.image_image
    while True:
        anchors = rng.permutation(n)[:BATCH_ANCHORS]
        first, count = graph.indptr[anchors], np.diff(graph.indptr)[anchors]
        drawn = first + np.minimum((rng.random(len(anchors)) * count).astype(np.int64), count - 1)
        yield _batch(targets, np.unique(np.concatenate([anchors, graph.indices[drawn]])))


def _batch(targets: Targets, pictures: npt.NDArray[np.int64]) -> Batch:
    import torch

    def dense(matrix: object) -> "Tensor":
        return torch.from_numpy(rows_to_one(matrix).toarray())

    return Batch(
        pictures=pictures,
        image_image=dense(targets.image_image[pictures][:, pictures]),
        label_image=dense(targets.label_image[:, pictures]),
        image_label=dense(targets.image_label[pictures]),
    )
