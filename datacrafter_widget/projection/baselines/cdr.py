"""CDR: contrastive dimensionality reduction, pictures and labels treated equally."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datacrafter_widget.projection.baselines.joint import Baseline, Joint
from datacrafter_widget.projection.neighbors import nearest
from datacrafter_widget.projection.network import ProjectionNetwork

if TYPE_CHECKING:
    from torch import Tensor

BATCH_ANCHORS = 256
SEPARATION = (0.25, 0.875)
MOST_PUSHED = 0.11
PUSH_WIDTH = 0.13
LEAST_PUSHED = 0.001


class CDR(Baseline):
    """Contrastive dimensionality reduction (Xia et al., TVCG 2023), without its interaction.

    From the paper: a network is trained by InfoNCE, a point's positives being its k = 15 nearest and all else
    in the batch its negatives; the similarity of two map points is 1 / (1 + d²), with temperature 0.15; for a
    middle stretch of the training the gradient to the negatives is redefined so that those of a similarity
    somewhat below 0.1 are pushed hard, which parts the clusters.

    Ours: M2M's layers and one-cycle rate; the redefined push follows a half bell over the similarity, with its
    peak at 0.11, and adds up to as much as the InfoNCE gradient to all negatives; nearer negatives keep their
    push; cosine neighbours.

    Args:
        n_neighbors: k.
        n_epochs: steps for up to about 500 points; grows with the square root beyond.
        temperature: of the InfoNCE loss.
        learning_rate: peak of the one-cycle schedule.
        random_state: seed.
    """

    def __init__(
        self,
        random_state: int = 0,
        *,
        n_neighbors: int = 15,
        n_epochs: int = 350,
        temperature: float = 0.15,
        learning_rate: float = 2e-3,
    ) -> None:
        self.random_state = random_state
        self.n_neighbors = n_neighbors
        self.n_epochs = n_epochs
        self.temperature = temperature
        self.learning_rate = learning_rate

    def _place(self, joint: Joint) -> npt.ArrayLike:
        import torch

        rows = joint.stacked
        rng = np.random.default_rng(self.random_state)
        neighbors, _ = nearest(rows, rows, self.n_neighbors, skip_same=True)
        inputs = joint.inputs
        network, x = ProjectionNetwork(inputs.shape[1], rng), torch.from_numpy(inputs)
        steps = max(1, round(self.n_epochs * max(1.0, len(rows) / (2 * BATCH_ANCHORS)) ** 0.5))
        optimizer = torch.optim.AdamW(network.parameters, lr=self.learning_rate)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.learning_rate, total_steps=steps + 1, pct_start=0.2
        )
        for step in range(steps):
            anchors = rng.permutation(len(rows))[:BATCH_ANCHORS]
            column = rng.integers(neighbors.shape[1], size=len(anchors))
            batch = torch.from_numpy(np.concatenate([anchors, neighbors[anchors, column]]))
            y = network(x[batch])
            separate = SEPARATION[0] <= step / steps < SEPARATION[1]
            gradient = _gradient(y.detach(), batch, self.temperature, separate=separate)
            optimizer.zero_grad()
            y.backward(gradient)
            torch.nn.utils.clip_grad_norm_(network.parameters, 2.0)
            optimizer.step()
            cycle.step()
        return network.predict(inputs)


def _gradient(y: "Tensor", batch: "Tensor", temperature: float, *, separate: bool) -> "Tensor":
    """Gradient (2B, 2) of the mean loss with respect to the map points; row i's positive is row i + B."""
    import torch

    size = len(y)
    index = torch.arange(size)
    positive = (index + size // 2) % size
    kernel = 1 / (1 + torch.cdist(y, y).square())
    same = batch[:, None] == batch[None, :]
    share = torch.softmax((kernel / temperature).masked_fill(same, -torch.inf), dim=1)
    push = share.clone()
    push[index, positive] = 0
    if separate:
        far = (kernel <= MOST_PUSHED) & ~same
        far[index, positive] = False
        bell = torch.exp(-0.5 * ((MOST_PUSHED - kernel) / PUSH_WIDTH).square())
        bell *= far & (kernel >= LEAST_PUSHED)
        total = push.sum(dim=1, keepdim=True)
        scale = total / bell.sum(dim=1, keepdim=True).clamp_min(1e-12)
        push = torch.where(far, bell * scale, push)
    # d loss / d kernel, then d kernel / d y = -2 kernel² (y_i - y_j)
    slope = push
    slope[index, positive] = share[index, positive] - 1
    slope = slope * kernel.square() * (-2 / (temperature * size))
    slope = slope + slope.T
    return slope.sum(dim=1, keepdim=True) * y - slope @ y
