"""The picture term for many pictures: sparse attraction, and repulsion by interpolation on a grid.

The sums over all pairs are convolutions, so the pictures are spread on a regular grid, convolved by FFT and
read back (Linderman et al., FIt-SNE, Nature Methods 2019): time and memory are linear in the pictures.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from torch import Tensor

MAX_NODES = 512
SPACING = 0.4
NODES = 4  # cubic interpolation
_TINY = 1e-30


class SparsePictureTerm:
    """First term of Eq. 5 for thousands of pictures and more; see `PictureTerm`, whose gradient it approximates.

    All negatives count the same: with so many pictures, grading them gained nothing.

    Args:
        targets: (n, n) symmetric, zero diagonal, sums to about n.
        device: where to compute.
    """

    def __init__(self, targets: csr_matrix, device: str) -> None:
        import torch

        _use_sparse_rows()
        self._starts = torch.from_numpy(targets.indptr.astype(np.int32)).to(device)
        self._columns = torch.from_numpy(targets.indices.astype(np.int32)).to(device)
        self._counts = self._starts.diff().long()
        self._weights = torch.from_numpy(targets.data.astype(np.float32)).to(device)

    def gradient(self, y: "Tensor", *, exaggeration: float = 1.0, hardness: float = 0.0) -> "Tensor":  # noqa: ARG002
        """Gradient (n, 2) of the mean loss; see `PictureTerm.gradient`. The hardness is not used."""
        n = len(y)
        field, total = repulsion_field(y)
        pull = self._weights / (1 + self._squared_distances(y))
        gradient = exaggeration * _laplacian(self._starts, self._columns, pull, y)
        gradient -= (n / total) * field
        return gradient.mul_(4 / n)

    def loss(self, y: "Tensor", *, exaggeration: float = 1.0) -> float:
        """Divergence of the shares from the targets, in nats a picture."""
        import torch

        _, total = repulsion_field(y)
        attraction = (self._weights * (1 + self._squared_distances(y)).log()).sum() / len(y)
        entropy = torch.xlogy(self._weights, self._weights).sum() / len(y)
        return float(np.log(total / len(y)) + exaggeration * attraction + entropy)

    def _squared_distances(self, y: "Tensor") -> "Tensor":
        away = y.repeat_interleave(self._counts, dim=0, output_size=len(self._columns))
        away -= y.index_select(0, self._columns)
        away.square_()
        return away[:, 0] + away[:, 1]


def _use_sparse_rows() -> None:
    """Take torch's one warning that compressed rows are "in beta", so that no user sees it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.sparse_csr_tensor([0, 0], [], [], (1, 1))


def _laplacian(starts: "Tensor", columns: "Tensor", values: "Tensor", y: "Tensor") -> "Tensor":
    """Σ_j values_ij (y_i - y_j) over sparse rows: (n, 2)."""
    import torch

    n = len(y)
    matrix = torch.sparse_csr_tensor(starts, columns, values, (n, n), check_invariants=False)
    product = matrix @ torch.cat([y, torch.ones_like(y[:, :1])], dim=1)
    return product[:, 2:] * y - product[:, :2]


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
    read = torch.bmm(both[:, None], table.index_select(0, nodes.reshape(-1)).reshape(len(y), -1, 4))[:, 0]
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
