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

        _use_sparse_rows()
        device = inputs.device
        self._starts = torch.from_numpy(targets.indptr.astype(np.int32)).to(device)
        self._columns = torch.from_numpy(targets.indices.astype(np.int32)).to(device)
        self._counts = self._starts.diff().long()
        self._weights = torch.from_numpy(targets.data.astype(np.float32)).to(device)
        self._features = torch.nn.functional.normalize(inputs, dim=1)
        self._spread = _spread_of_cosines(self._features)
        self._intruders: _Intruders | None = None
        self._steps = 0

    def gradient(self, y: "Tensor", *, exaggeration: float = 1.0, hardness: float = 0.0) -> "Tensor":
        """Gradient (n, 2) of the mean loss; see `PictureTerm.gradient`."""
        n = len(y)
        field, total = repulsion_field(y)
        pull = self._weights / (1 + self._squared_distances(y))
        gradient = exaggeration * _laplacian(self._starts, self._columns, pull, y)
        gradient -= (n / total) * field
        if hardness:
            if self._steps % REFRESH_INTRUDERS == 0:
                self._intruders = _Intruders(y, self._features, self._spread)
            self._steps += 1
            assert self._intruders is not None
            gradient += hardness * self._intruders.gradient(y, n / total)
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


class _Intruders:
    """What is near on the map at some time, and what that costs: its rank in feature space."""

    def __init__(self, y: "Tensor", features: "Tensor", spread: float) -> None:
        import torch
        from scipy.spatial import cKDTree

        points = y.cpu().numpy()
        n = len(points)
        _, found = cKDTree(points).query(points, k=min(INTRUDERS + 1, n), workers=-1)
        index = torch.from_numpy(found[:, 1:]).to(y.device)
        parts = []
        for start in range(0, n, 2048):
            part = slice(start, start + 2048)
            cosine = torch.einsum("nd,nkd->nk", features[part], features[index[part]])
            parts.append(torch.special.ndtr(-cosine / spread))
        self._cost = torch.cat(parts)
        self._index = index
        self._starts = torch.arange(0, index.numel() + 1, index.shape[1], dtype=torch.int32, device=y.device)
        # the same pairs, by the one that is looked at
        flat = index.reshape(-1)
        self._order = torch.argsort(flat)
        back = torch.arange(n, device=y.device).repeat_interleave(index.shape[1])
        self._back_columns = back[self._order].to(torch.int32)
        counts = torch.bincount(flat, minlength=n).cumsum(0)
        self._back_starts = torch.cat([counts.new_zeros(1), counts]).to(torch.int32)

    def gradient(self, y: "Tensor", scale: float) -> "Tensor":
        """Half the gradient of the expected rank of what is near; scale takes the kernel to shares."""
        import torch

        away = y[:, None] - y[self._index]
        away.square_()
        near = (1 + away[:, :, 0]).add_(away[:, :, 1]).reciprocal_()
        mean = torch.einsum("nk,nk->n", near, self._cost) / near.sum(dim=1).clamp_min(_TINY)
        push = (self._cost - mean[:, None]).mul_(near).mul_(near).mul_(-0.5 * scale).reshape(-1)
        forth = _laplacian(self._starts, self._index.reshape(-1).to(self._starts.dtype), push, y)
        return forth + _laplacian(self._back_starts, self._back_columns, push[self._order], y)


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


def _spread_of_cosines(features: "Tensor") -> float:
    """Standard deviation of the cosine of two random rows."""
    sample = features[:: max(1, len(features) // 1024)]
    return float((sample @ sample.T).std().clamp_min(1e-6))
