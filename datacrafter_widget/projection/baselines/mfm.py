"""MFM: the modal fusion map, a network trained on distances and on their order between modalities."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datacrafter_widget.projection.baselines.joint import Baseline, Joint
from datacrafter_widget.projection.network import ProjectionNetwork

if TYPE_CHECKING:
    from torch import Tensor

BATCH_IMAGES = 512


class MFM(Baseline):
    """Modal fusion map (Ye et al., ModalChorus, TVCG 2024), as DataCrafter's Eq. 4 restates it.

    From the papers: a network carries both modalities to the plane; the metric term is the correlation of the
    map's distances with a matrix of feature distances merged from parts that are normalised apart; the
    multi-modal distance order loss (Eq. 4) counts, for every label, pairs of pictures that the map puts in
    the other order of distance than the features do.

    Ours: each part of the merged matrix is normalised to mean 0 and unit spread; M2M's layers and one-cycle
    rate; as many random pairs of pictures a label and step as there are pictures; batches of 512 pictures.
    The edges are not used, as in the paper.

    Args:
        n_epochs: steps.
        order_weight: weight of the order loss beside the metric one.
        learning_rate: peak of the one-cycle schedule.
        random_state: seed.
    """

    def __init__(
        self,
        random_state: int = 0,
        *,
        n_epochs: int = 300,
        order_weight: float = 1.0,
        learning_rate: float = 2e-3,
    ) -> None:
        self.random_state = random_state
        self.n_epochs = n_epochs
        self.order_weight = order_weight
        self.learning_rate = learning_rate

    def _place(self, joint: Joint) -> npt.ArrayLike:
        import torch

        n, m = len(joint.images), len(joint.labels)
        rng = np.random.default_rng(self.random_state)
        inputs = joint.inputs
        network = ProjectionNetwork(inputs.shape[1], rng)
        optimizer = torch.optim.AdamW(network.parameters, lr=self.learning_rate)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.learning_rate, total_steps=self.n_epochs + 1, pct_start=0.2
        )
        x, features = torch.from_numpy(inputs), torch.from_numpy(joint.stacked)
        picked, merged = torch.arange(n + m), None
        for _ in range(self.n_epochs):
            if n > BATCH_IMAGES:
                chosen = np.sort(rng.permutation(n)[:BATCH_IMAGES])
                picked = torch.from_numpy(np.concatenate([chosen, np.arange(n, n + m)]))
            b = len(picked) - m
            if merged is None or n > BATCH_IMAGES:
                merged = _merged(features[picked], b)
            y = network(x[picked])
            low = torch.cdist(y, y)
            loss = _metric_loss(low, merged)
            if m and b > 1:
                first, second = (torch.from_numpy(rng.permutation(b)) for _ in range(2))
                loss = loss + self.order_weight * _order_loss(low[b:, :b], merged[b:, :b], first, second)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters, 2.0)
            optimizer.step()
            cycle.step()
        return network.predict(inputs)


def _merged(features: "Tensor", n_images: int) -> "Tensor":
    """Cosine distances (A, A) with the parts within and between modalities normalised apart."""
    distance = 1 - features @ features.T
    inside, outside = slice(0, n_images), slice(n_images, None)
    for part in ((inside, inside), (outside, outside), (inside, outside), (outside, inside)):
        block = distance[part]
        if block.numel() > 1:
            distance[part] = (block - block.mean()) / block.std().clamp_min(1e-6)
    return distance


def _metric_loss(low: "Tensor", merged: "Tensor") -> "Tensor":
    """One minus the correlation of the map's distances with the merged ones."""
    a, b = low - low.mean(), merged - merged.mean()
    return 1 - (a * b).sum() / (a.norm() * b.norm()).clamp_min(1e-12)


def _order_loss(low: "Tensor", high: "Tensor", first: "Tensor", second: "Tensor") -> "Tensor":
    """DataCrafter, Eq. 4, over pairs of pictures for each label: low and high are (L, B) distances."""
    agreement = (high[:, first] - high[:, second]) * (low[:, first] - low[:, second])
    return (-agreement).clamp_min(0).sum() / low.square().sum().clamp_min(1e-12)
