"""Training of the map's network."""

from collections.abc import Callable

import numpy as np

from datacrafter_widget.projection.batches import WHOLE_BATCH, training_batches
from datacrafter_widget.projection.neighbors import Float32
from datacrafter_widget.projection.network import ProjectionNetwork
from datacrafter_widget.projection.targets import Targets
from datacrafter_widget.projection.weights import UncertaintyWeights

LEARN_WEIGHTS_EVERY = 10
EARLY_SHARE = 0.4
REGRESSION_ROWS = 1024


def train(
    network: ProjectionNetwork,
    inputs: Float32,
    targets: Targets,
    weights: UncertaintyWeights,
    rng: np.random.Generator,
    *,
    n_epochs: int,
    learning_rate: float,
    exaggeration: float,
    early_exaggeration: float,
    progress: Callable[[float], object],
) -> float:
    """Minimise the weighted sum of the three contrastive terms (DataCrafter, Eq. 5), in place.

    Args:
        network: changed in place.
        inputs: (N + L, inputs) of the pictures, then the labels.
        targets: positives.
        weights: of the terms; learns.
        rng: source of the batches.
        n_epochs: steps for up to 1,536 pictures, which go in one batch; grows with the fourth root beyond.
        learning_rate: peak of the one-cycle schedule.
        exaggeration: of the attraction between pictures.
        early_exaggeration: the same in the first two fifths, when groups find their places, as in t-SNE.
        progress: called with the finished share; may raise.

    Returns:
        The weighted loss in the end.
    """
    import torch

    n, m = targets.image_image.shape[0], targets.label_label.shape[0]
    x = torch.from_numpy(inputs).to(network.device)
    steps = max(1, round(n_epochs * max(1.0, n / WHOLE_BATCH) ** 0.25))
    optimizer = torch.optim.AdamW(network.parameters, lr=learning_rate, weight_decay=1e-4)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=learning_rate, total_steps=steps + 1, pct_start=0.2
    )
    total = 0.0
    batches = training_batches(targets, rng, network.device)
    for step in range(steps):
        rows, pictures, labels = next(batches)
        y = network(x if rows is None else x[rows])
        at, b = y.detach(), len(y) - m
        gradient = torch.zeros_like(at)
        if b > 1:
            now = early_exaggeration if step < EARLY_SHARE * steps else exaggeration
            gradient[:b] += pictures.gradient(at[:b], exaggeration=now)
        if labels is not None:
            if (step % LEARN_WEIGHTS_EVERY == 0 or step == steps - 1) and b > 1:
                losses = (pictures.loss(at[:b]), *labels.losses(at[:b], at[b:]))
                weights.update(losses)
                total = losses[0] + float(np.dot(weights.relative, losses[1:]))
            to_images, to_labels = labels.gradient(at[:b], at[b:], weights.relative)
            gradient[:b] += to_images
            gradient[b:] += to_labels
        optimizer.zero_grad()
        y.backward(gradient)
        torch.nn.utils.clip_grad_norm_(network.parameters, 2.0)
        optimizer.step()
        cycle.step()
        progress(step / steps)
    return total


def regress(
    network: ProjectionNetwork,
    inputs: Float32,
    positions: Float32,
    rng: np.random.Generator,
    *,
    steps: int,
    learning_rate: float,
) -> None:
    """Train the network in place towards given positions, by least squares on up to 1,024 of them.

    Args:
        network: changed in place.
        inputs: (N, inputs).
        positions: (N, 2).
        rng: chooses the rows.
        steps: how many.
        learning_rate: peak of the one-cycle schedule.
    """
    import torch

    rows = rng.permutation(len(inputs))[:REGRESSION_ROWS]
    x = torch.from_numpy(inputs[rows]).to(network.device)
    y = torch.from_numpy(positions[rows]).to(network.device)
    scale = float(y.std(correction=0).clamp_min(1e-6))
    optimizer = torch.optim.AdamW(network.parameters, lr=learning_rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=learning_rate, total_steps=steps + 1, pct_start=0.2
    )
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((network(x) - y) / scale).square().mean()
        loss.backward()
        optimizer.step()
        cycle.step()
