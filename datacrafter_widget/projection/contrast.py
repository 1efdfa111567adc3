"""The contrastive loss that all three terms of M2M share, with its gradient written out.

With the similarity of two map points sim(a, b) = -log(1 + |a - b|²), Eq. 6 of DataCrafter's exp(sim / τ) is
the heavy-tailed kernel (1 + d²)^(-1/τ), and the loss of a row is the cross-entropy between its targets P and
the kernel's share Q of each other point. The gradient needs one pass over the matrix of distances and no
autograd graph, which makes a step several times cheaper.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def contrastive_gradient(
    rows: "Tensor",
    columns: "Tensor",
    targets: "Tensor",
    *,
    temperature: float = 1.0,
    negative_weights: "Tensor | None" = None,
    row_weights: "Tensor | None" = None,
    same_points: bool = False,
) -> "tuple[Tensor, Tensor]":
    """Gradient of the mean contrastive loss over rows (DataCrafter, Eq. 6).

    Args:
        rows: (A, 2) map positions.
        columns: (B, 2) map positions.
        targets: (A, B) share of each column among a row's positives; rows sum to 1, or 0 without positives.
        temperature: τ; smaller draws positives closer.
        negative_weights: (B,) how often a column is drawn as a negative (frequency-biased sampling).
        row_weights: (A,) weight of each row; give 0 to rows without positives.
        same_points: rows and columns are the same points, and none meets itself.

    Returns:
        Gradients with respect to `rows` (A, 2) and `columns` (B, 2).
    """
    kernel = _kernel(rows, columns, same_points=same_points)
    share = kernel if temperature == 1 else kernel ** (1 / temperature)
    if negative_weights is not None:
        share = share * negative_weights
    pull = targets - share * (1 / share.sum(dim=1, keepdim=True).clamp_min(1e-30))
    pull.mul_(kernel).mul_(2 / (temperature * max(len(rows), 1)))
    if row_weights is not None:
        pull.mul_(row_weights[:, None])
    return (
        pull.sum(dim=1, keepdim=True) * rows - pull @ columns,
        pull.sum(dim=0)[:, None] * columns - pull.T @ rows,
    )


def contrastive_loss(
    rows: "Tensor",
    columns: "Tensor",
    targets: "Tensor",
    *,
    temperature: float = 1.0,
    same_points: bool = False,
) -> float:
    """The mean contrastive loss over rows that have positives (DataCrafter, Eq. 6); see the gradient."""
    kernel = _kernel(rows, columns, same_points=same_points)
    power = 1 / temperature
    log_total = (kernel**power).sum(dim=1).clamp_min(1e-30).log()
    positives = -(targets * kernel.clamp_min(1e-30).log()).sum(dim=1) * power
    mass = targets.sum(dim=1)
    return float((positives + mass * log_total).sum() / mass.sum().clamp_min(1e-30))


def _kernel(rows: "Tensor", columns: "Tensor", *, same_points: bool) -> "Tensor":
    import torch

    # 1 + |a - b|² as one product of four columns
    left = torch.cat([(rows * rows).sum(1, keepdim=True) + 1, torch.ones_like(rows[:, :1]), -2 * rows], dim=1)
    right = torch.cat(
        [torch.ones_like(columns[:, :1]), (columns * columns).sum(1, keepdim=True), columns], dim=1
    )
    kernel = (left @ right.T).clamp_(min=1).reciprocal_()
    if same_points:
        kernel.fill_diagonal_(0)
    return kernel
