"""The three contrastive terms of M2M as exact gradients on map positions (DataCrafter, Eqs. 5-6).

With the similarity of two map points sim(a, b) = -log(1 + |a - b|²), Eq. 6's exp(sim / τ) is the heavy-tailed
kernel (1 + d²)^(-1/τ), and the loss is the cross-entropy between targets P and the kernel's shares Q. Writing
the gradient out needs one pass over the matrix of distances and no autograd graph.

Negatives are graded: a negative's share is weighted by how far down it stands in the ranking of feature
distances. To the cross-entropy, which asks that neighbours in feature space be near on the map (continuity),
this adds the expected rank of what is near on the map (trustworthiness); compare NeRV (Venna et al., 2010).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

LABEL_TEMPERATURE = 0.5  # of labels among pictures: the square of the kernel
_TINY = 1e-30


@dataclass(frozen=True)
class PictureTerm:
    """First term of Eq. 5, with the shares normalised over all pairs as t-SNE does.

    Attributes:
        targets: (n, n) symmetric, zero diagonal, sums to about n.
        cost: (n, n) rank of each picture in the other's view beyond its neighbours, as a share of n; None
            for negatives that all count the same.
    """

    targets: "Tensor"
    cost: "Tensor | None" = None

    def gradient(self, y: "Tensor", *, exaggeration: float = 1.0, hardness: float = 0.0) -> "Tensor":
        """Gradient (n, 2) of the mean loss.

        Args:
            y: (n, 2) positions.
            exaggeration: factor on the attraction; above 1 groups draw together and apart.
            hardness: weight of the ranks; 0 for negatives that all count the same.
        """
        import torch

        near = kernel(y, y).fill_diagonal_(0)
        scale = len(y) / near.sum().clamp_min(_TINY)  # takes the kernel to shares
        if hardness and self.cost is not None:
            mean = torch.einsum("ij,ij->i", near, self.cost) / near.sum(dim=1).clamp_min(_TINY)
            pull = hardness * self.cost
            pull += (1 - hardness * mean)[:, None]
            pull *= near
            pull *= -scale
        else:
            pull = -scale * near
        pull.add_(self.targets, alpha=exaggeration).mul_(near)
        ones = torch.cat([y, torch.ones_like(y[:, :1])], dim=1)
        both = (pull @ ones + pull.T @ ones) * (2 / len(y))
        return both[:, 2:] * y - both[:, :2]

    def loss(self, y: "Tensor", *, exaggeration: float = 1.0) -> float:
        """Divergence of the shares from the targets, in nats a picture; see `gradient` for the arguments."""
        import torch

        near = kernel(y, y).fill_diagonal_(0)
        log_total = near.sum().clamp_min(_TINY).log() - np.log(len(y))
        attraction = -torch.xlogy(self.targets, near + _TINY).sum() / len(y)
        return float(
            log_total + exaggeration * attraction + torch.xlogy(self.targets, self.targets).sum() / len(y)
        )


class LabelTerms:
    """Second and third term of Eq. 5: labels among pictures, seen from both sides, and labels among labels.

    Args:
        label_image: (L, n) targets of each label over the pictures; rows sum to 1, or 0 without positives.
        image_label: (n, L) targets of each picture over its labels, likewise.
        label_label: (L, L) targets of each label over the others, likewise.
        negative_weights: (L,) how often a label serves as a negative (frequency-biased sampling).
        cost: (L, n) rank of each picture in a label's view beyond its nearest, as a share of n, or None for
            negatives that all count the same.
    """

    def __init__(
        self,
        label_image: "Tensor",
        image_label: "Tensor",
        label_label: "Tensor",
        negative_weights: "Tensor",
        cost: "Tensor | None" = None,
    ) -> None:
        self._label_image, self._image_label, self._label_label = label_image, image_label, label_label
        self._negative_weights, self._cost = negative_weights, cost
        # rows without positives pull at nothing
        self._label_rows = label_image.sum(dim=1, keepdim=True).round()
        self._image_rows = image_label.sum(dim=1, keepdim=True).round()

    def gradient(
        self,
        images: "Tensor",
        labels: "Tensor",
        weights: "tuple[float, float, float]",
        *,
        hardness: float = 0.0,
    ) -> "tuple[Tensor, Tensor]":
        """Gradients (n, 2) and (L, 2) of the weighted sum of the three mean losses.

        Args:
            images: (n, 2) positions.
            labels: (L, 2) positions.
            weights: of label to pictures, picture to labels, label to labels.
            hardness: weight of the ranks in the first of these.
        """
        n, m = len(images), len(labels)
        near = kernel(labels, images)
        share = _shares(near.square()) * self._label_rows
        pull = self._label_image - share
        if hardness and self._cost is not None:
            costly = share * self._cost
            costly -= share * costly.sum(dim=1, keepdim=True)
            pull.sub_(costly, alpha=hardness)
        pull *= 2 * weights[0] / (LABEL_TEMPERATURE * m)
        back = self._image_label - _shares(near.T * self._negative_weights) * self._image_rows
        pull.add_(back.T, alpha=2 * weights[1] / n).mul_(near)
        to_labels = pull.sum(dim=1, keepdim=True) * labels - pull @ images
        to_images = pull.sum(dim=0)[:, None] * images - pull.T @ labels
        if m > 1:
            near = kernel(labels, labels).fill_diagonal_(0)
            pull = (self._label_label - _shares(near)) * near * (2 * weights[2] / m)
            pull = pull + pull.T
            to_labels += pull.sum(dim=1, keepdim=True) * labels - pull @ labels
        return to_images, to_labels

    def losses(self, images: "Tensor", labels: "Tensor") -> "tuple[float, float, float]":
        """Mean divergence of each of the three from its targets, in nats a row that has positives."""
        near = kernel(labels, images)
        among = kernel(labels, labels).fill_diagonal_(0)
        return (
            _divergence(self._label_image, _shares(near.square())),
            _divergence(self._image_label, _shares(near.T * self._negative_weights)),
            _divergence(self._label_label, _shares(among)),
        )


def kernel(a: "Tensor", b: "Tensor") -> "Tensor":
    """1 / (1 + |a - b|²) of (A, 2) and (B, 2) positions: (A, B)."""
    import torch

    # 1 + |a - b|² as one product of four columns
    left = torch.cat([(a * a).sum(1, keepdim=True) + 1, torch.ones_like(a[:, :1]), -2 * a], dim=1)
    right = torch.cat([torch.ones_like(b[:, :1]), (b * b).sum(1, keepdim=True), b], dim=1)
    return (left @ right.T).clamp_(min=1).reciprocal_()


def _shares(weights: "Tensor") -> "Tensor":
    return weights / weights.sum(dim=1, keepdim=True).clamp_min(_TINY)


def _divergence(targets: "Tensor", share: "Tensor") -> float:
    import torch

    rows = targets.sum().round().clamp_min(1)
    return float((torch.xlogy(targets, targets) - torch.xlogy(targets, share + _TINY)).sum() / rows)
