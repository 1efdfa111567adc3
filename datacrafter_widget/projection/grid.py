"""The picture term for many pictures: sparse attraction, and repulsion by interpolation on a grid.

The sums over all pairs are convolutions, so the pictures are spread on a regular grid, convolved by FFT and
read back (Linderman et al., FIt-SNE, Nature Methods 2019): time and memory are linear in the pictures.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from torch import Tensor

MAX_NODES = 512
SPACING = 0.4
NODES = 4  # cubic interpolation
INTRUDERS = 20
REFRESH_INTRUDERS = 20
_TINY = 1e-30


class SparsePictureTerm:
    """First term of Eq. 5 for thousands of pictures and more; see `PictureTerm`, whose gradient it approximates.

    Negatives are graded among a picture's nearest on the map alone: farther ones hardly pull on it.

    Args:
        targets: (n, n) symmetric, zero diagonal, sums to about n.
        inputs: (n, inputs) centred features, whose cosine grades the negatives.
    """

    def __init__(self, targets: csr_matrix, inputs: "Tensor") -> None:
        import torch

        coo = targets.tocoo()
        device = inputs.device
        self._rows = torch.from_numpy(coo.row.astype(np.int64)).to(device)
        self._columns = torch.from_numpy(coo.col.astype(np.int64)).to(device)
        self._weights = torch.from_numpy(coo.data.astype(np.float32)).to(device)
        self._features = torch.nn.functional.normalize(inputs, dim=1)
        self._intruders: Tensor | None = None
        self._cost: Tensor | None = None
        self._steps = 0
        self._spread = _spread_of_cosines(self._features)

    def gradient(self, y: "Tensor", *, exaggeration: float = 1.0, hardness: float = 0.0) -> "Tensor":
        """Gradient (n, 2) of the mean loss; see `PictureTerm.gradient`."""
        n = len(y)
        repulsion, total = repulsion_field(y)
        away = y[self._rows] - y[self._columns]
        pull = self._weights / (1 + (away * away).sum(dim=1))
        away *= pull[:, None]
        gradient = repulsion.mul_(-n / total)
        gradient.index_add_(0, self._rows, away, alpha=exaggeration)
        if hardness:
            gradient += hardness * self._graded(y, n / total)
        return gradient.mul_(4 / n)

    def loss(self, y: "Tensor", *, exaggeration: float = 1.0) -> float:
        """Divergence of the shares from the targets, in nats a picture."""
        import torch

        _, total = repulsion_field(y)
        away = y[self._rows] - y[self._columns]
        attraction = (self._weights * (1 + (away * away).sum(dim=1)).log()).sum() / len(y)
        entropy = torch.xlogy(self._weights, self._weights).sum() / len(y)
        return float(np.log(total / len(y)) + exaggeration * attraction + entropy)

    def _graded(self, y: "Tensor", scale: float) -> "Tensor":
        """Half the gradient of the expected rank of the pictures that are near on the map."""
        if self._intruders is None or self._steps % REFRESH_INTRUDERS == 0:
            self._find_intruders(y)
        self._steps += 1
        assert self._intruders is not None
        assert self._cost is not None
        away = y[:, None] - y[self._intruders]
        near = 1 / (1 + (away * away).sum(dim=2))
        share = near * scale
        mean = (share * self._cost).sum(dim=1, keepdim=True) / share.sum(dim=1, keepdim=True).clamp_min(_TINY)
        push = (-0.5 * share * (self._cost - mean) * near)[:, :, None] * away
        gradient = push.sum(dim=1)
        return gradient.index_add_(0, self._intruders.reshape(-1), push.reshape(-1, 2), alpha=-1.0)

    def _find_intruders(self, y: "Tensor") -> None:
        import torch
        from scipy.spatial import cKDTree

        points = y.detach().cpu().numpy()
        _, index = cKDTree(points).query(points, k=min(INTRUDERS + 1, len(points)), workers=-1)
        self._intruders = torch.from_numpy(index[:, 1:].astype(np.int64)).to(y.device)
        parts = []
        for start in range(0, len(points), 2048):
            these = self._features[start : start + 2048]
            cosine = torch.einsum("nd,nkd->nk", these, self._features[self._intruders[start : start + 2048]])
            parts.append(torch.special.ndtr(-cosine / self._spread))
        self._cost = torch.cat(parts)


def repulsion_field(y: "Tensor") -> "tuple[Tensor, float]":
    """Σ_j K_ij² (y_i - y_j) for every point, and Σ_i Σ_{j≠i} K_ij, with K = 1 / (1 + d²).

    Args:
        y: (n, 2) positions.

    Returns:
        The field (n, 2) and the sum.
    """
    import torch

    low = y.min(dim=0).values
    size = float((y.max(dim=0).values - low).max().clamp_min(1e-3))
    m = int(np.clip(np.ceil(size / SPACING) + NODES, 32, MAX_NODES))
    h = size / (m - NODES)
    place = (y - low) / h + 1  # one node spare on each side
    cell = place.floor().clamp_(1, m - 3)
    t = place - cell
    weights = _cubic(t)  # (n, 2, 4)
    first = cell.to(torch.int64) - 1
    steps = torch.arange(NODES, device=y.device)
    nodes = ((first[:, :1] + steps)[:, :, None] * m + (first[:, 1:] + steps)[:, None, :]).reshape(len(y), -1)
    both = (weights[:, 0, :, None] * weights[:, 1, None, :]).reshape(len(y), -1)
    centred = y - (low + size / 2)
    charges = torch.cat([torch.ones_like(y[:, :1]), centred], dim=1)
    spread = torch.zeros(m * m, 3, device=y.device)
    spread.index_add_(0, nodes.reshape(-1), (both[:, :, None] * charges[:, None, :]).reshape(-1, 3))
    planes = torch.fft.rfft2(spread.T.reshape(3, m, m), s=(2 * m, 2 * m))
    axis = torch.arange(2 * m, device=y.device, dtype=torch.float32)
    axis = torch.minimum(axis, 2 * m - axis) * h
    near = 1 / (1 + axis[:, None] ** 2 + axis[None, :] ** 2)
    flat, sharp = torch.fft.rfft2(torch.stack([near, near * near]))
    fields = torch.fft.irfft2(torch.cat([planes[:1] * flat, planes * sharp]), s=(2 * m, 2 * m))[:, :m, :m]
    table = fields.reshape(4, -1).T.contiguous()
    read = (table[nodes.reshape(-1)].reshape(len(y), -1, 4) * both[:, :, None]).sum(dim=1)
    total = float(read[:, 0].sum()) - len(y)
    return centred * read[:, 1:2] - read[:, 2:], max(total, _TINY)


def _cubic(t: "Tensor") -> "Tensor":
    """Lagrange weights of the nodes at -1, 0, 1, 2 for places t in [0, 1]; appended as a last axis of four."""
    import torch

    return torch.stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ],
        dim=-1,
    )


def _spread_of_cosines(features: "Tensor") -> float:
    """Standard deviation of the cosine of two random rows."""
    sample = features[:: max(1, len(features) // 1024)]
    return float((sample @ sample.T).std().clamp_min(1e-6))
