"""Who is near whom in feature space, as sparse rows of weights."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from datacrafter_widget.errors import InputError

CHUNK_ROWS = 1024
EXACT_UP_TO = 10_000
CELL_POINTS = 200
VISITED_CELLS = 20
LLOYD_STEPS = 3

if TYPE_CHECKING:
    from torch import Tensor

Float32 = npt.NDArray[np.float32]


def unit_rows(values: npt.ArrayLike, what: str) -> Float32:
    """`values` (N, D) with rows of length one.

    Raises:
        InputError: not two-dimensional, not finite, or a row of zeros.
    """
    x = np.asarray(values, dtype=np.float32)
    if x.ndim != 2:
        raise InputError(f"{what}: expected two dimensions (points, values), found shape {x.shape}.")
    if not np.isfinite(x).all():
        rows = np.flatnonzero(~np.isfinite(x).all(axis=1))
        raise InputError(
            f"{what}: expected finite numbers, found NaN or infinity in {len(rows)} rows, the "
            f"first being row {rows[0]}. Leave these rows out or encode them again."
        )
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    if (norm == 0).any():
        rows = np.flatnonzero(norm[:, 0] == 0)
        raise InputError(
            f"{what}: expected rows that are not all zeros, found {len(rows)}, the first being row "
            f"{rows[0]}: their cosine is undefined. Leave them out."
        )
    return np.asarray(x / norm)


def nearest(
    queries: Float32, points: Float32, k: int, *, skip_same: bool = False
) -> tuple[npt.NDArray[np.int64], Float32]:
    """The k nearest `points` of each query by cosine, exactly, in chunks.

    Args:
        queries: (M, D), rows of length one.
        points: (N, D), rows of length one.
        k: how many; at most N (N - 1 with `skip_same`).
        skip_same: queries are the points themselves, and none is its own neighbour.

    Returns:
        Indices (M, k), nearest first, and cosine distances (M, k).
    """
    import torch

    k = max(0, min(k, len(points) - int(skip_same)))
    index = np.empty((len(queries), k), np.int64)
    distance = np.empty((len(queries), k), np.float32)
    if k == 0:
        return index, distance
    columns = torch.from_numpy(points).T
    for start in range(0, len(queries), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        similarity = torch.from_numpy(queries[part]) @ columns
        if skip_same:
            own = torch.arange(len(similarity))
            similarity[own, own + start] = -torch.inf
        value, chosen = torch.topk(similarity, k, dim=1)
        index[part], distance[part] = chosen.numpy(), 1 - value.numpy()
    return index, distance


def nearest_among(
    x: Float32, k: int, reduced: Float32, *, seed: int
) -> tuple[npt.NDArray[np.int64], Float32]:
    """The k nearest other rows of each row by cosine; exact up to 10,000 rows, approximate beyond.

    Many rows are dealt into cells around centroids, and a row is compared with those in the cells nearest to its
    own. That is linear in the rows. pynndescent finds about as many true neighbours, but compiles for more
    than a minute in every new process.

    Args:
        x: (N, D), rows of length one.
        k: how many; at most N - 1.
        reduced: (N, d) coordinates in fewer dimensions with about the same distances, searched when many.
        seed: of the approximate search.

    Returns:
        Indices (N, k), nearest first, and cosine distances (N, k).
    """
    import torch

    n = len(x)
    if n <= EXACT_UP_TO:
        return nearest(x, x, k, skip_same=True)
    points = torch.from_numpy(reduced)
    cell, order, starts, visits = _cells(points, np.random.default_rng(seed))
    index = np.empty((n, k), np.int64)
    distance = np.empty((n, k), np.float32)
    squares = (points * points).sum(dim=1)
    for here in np.unique(cell):
        rows = order[starts[here] : starts[here + 1]]
        others = np.concatenate([order[starts[c] : starts[c + 1]] for c in visits[here]])
        closeness = (points[rows] @ points[others].T).mul_(2).sub_(squares[others])
        closeness[torch.from_numpy(rows)[:, None] == torch.from_numpy(others)] = -torch.inf
        chosen = others[torch.topk(closeness, k, dim=1).indices.numpy()]
        cosine = np.einsum("nd,nkd->nk", x[rows], x[chosen])
        best = np.argsort(-cosine, axis=1, kind="stable")
        index[rows] = np.take_along_axis(chosen, best, axis=1)
        distance[rows] = 1 - np.take_along_axis(cosine, best, axis=1)
    return index, distance


def _cells(
    points: "Tensor", rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    """Cell of each point, points in the order of their cells, starts of the cells, and whom each cell visits."""
    import torch

    n = len(points)
    centres = points[np.sort(rng.permutation(n)[: n // CELL_POINTS])].clone()
    for _ in range(LLOYD_STEPS):
        cell = _nearest_centre(points, centres)
        count = torch.bincount(cell, minlength=len(centres)).clamp_min(1)
        centres = torch.zeros_like(centres).index_add_(0, cell, points) / count[:, None]
    cell = _nearest_centre(points, centres)
    counts = torch.bincount(cell, minlength=len(centres))
    starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    near = torch.cdist(centres, centres).argsort(dim=1, stable=True)
    # as many of the nearest cells as hold enough points
    filled = counts[near].cumsum(dim=1)
    visits = [
        row[: max(int((sizes < CELL_POINTS * VISITED_CELLS).sum()) + 1, 2)].numpy()
        for row, sizes in zip(near, filled, strict=True)
    ]
    return cell.numpy(), torch.argsort(cell, stable=True).numpy(), starts.numpy(), visits


def _nearest_centre(points: "Tensor", centres: "Tensor") -> "Tensor":
    import torch

    squares = (centres * centres).sum(dim=1)
    return torch.cat([(squares - 2 * part @ centres.T).argmin(dim=1) for part in points.split(8192)])


def neighborhood(index: npt.NDArray[np.int64], distance: Float32, *, perplexity: float) -> csr_matrix:
    """Symmetric neighbourhood of points, as t-SNE makes it.

    Each point spreads a weight of one over its nearest by a Gaussian of distance whose width gives the
    perplexity; a pair has the mean of its two directions.

    Args:
        index: (N, k) neighbours of each point.
        distance: (N, k) their distances.
        perplexity: effective number of neighbours.

    Returns:
        (N, N) sparse symmetric float32 with zero diagonal; sums to N unless there are no neighbours.
    """
    n, k = index.shape
    if k == 0:
        return csr_matrix((n, n), dtype=np.float32)
    weight = _gaussian_weights(distance, max(perplexity, 1.0))
    rows = np.repeat(np.arange(n), k)
    directed = csr_matrix((weight.ravel() / 2, (rows, index.ravel())), shape=(n, n), dtype=np.float32)
    return (directed + directed.T).tocsr()


def rows_to_one(matrix: csr_matrix) -> csr_matrix:
    """`matrix` with its rows divided by their sums; rows of zeros stay."""
    total = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
    scaled = matrix.tocsr().astype(np.float32)
    scaled.data *= np.repeat(scale, np.diff(scaled.indptr)).astype(np.float32)
    return scaled


def _gaussian_weights(distance: Float32, perplexity: float) -> Float32:
    """Weights (N, k) that fall with distance, of the given perplexity where the distances allow it."""
    d = (distance - distance[:, :1]).astype(np.float64)
    target = np.log(min(perplexity, d.shape[1]))
    low, high = np.full(len(d), 1e-4), np.full(len(d), 1e7)
    for _ in range(50):
        beta = np.sqrt(low * high)
        w = np.exp(-d * beta[:, None])
        total = w.sum(axis=1)
        wide = np.log(total) + beta * (d * w).sum(axis=1) / total > target
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
    w = np.exp(-d * np.sqrt(low * high)[:, None])
    return np.asarray(w / w.sum(axis=1, keepdims=True), dtype=np.float32)
