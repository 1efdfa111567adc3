"""Who is near whom in feature space, as sparse rows of weights."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from datacrafter_widget.errors import InputError

CHUNK_ROWS = 1024

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
    k = min(k, len(points) - int(skip_same))
    index = np.empty((len(queries), max(k, 0)), np.int64)
    distance = np.empty((len(queries), max(k, 0)), np.float32)
    if k < 1:
        return index, distance
    for start in range(0, len(queries), CHUNK_ROWS):
        d = 1 - queries[start : start + CHUNK_ROWS] @ points.T
        if skip_same:
            own = np.arange(len(d))
            d[own, start + own] = np.inf
        chosen = (
            np.argpartition(d, k - 1, axis=1)[:, :k] if k < d.shape[1] else np.tile(np.arange(k), (len(d), 1))
        )
        value = np.take_along_axis(d, chosen, axis=1)
        order = np.lexsort((chosen, value), axis=1)
        index[start : start + CHUNK_ROWS] = np.take_along_axis(chosen, order, axis=1)
        distance[start : start + CHUNK_ROWS] = np.take_along_axis(value, order, axis=1)
    return index, distance


def neighbor_weights(x: Float32, k: int) -> csr_matrix:
    """Symmetric neighbourhood of points as rows that sum to one.

    Each point spreads weights over its k nearest by a Gaussian of cosine distance whose width gives a
    perplexity of 0.4 k (as t-SNE does); a pair counts in both directions.

    Args:
        x: (N, D), rows of length one.
        k: neighbours of each point.

    Returns:
        (N, N) sparse float32, zero diagonal; rows of a single point are empty.
    """
    n = len(x)
    index, distance = nearest(x, x, k, skip_same=True)
    k = index.shape[1]
    if k == 0:
        return csr_matrix((n, n), dtype=np.float32)
    weight = _gaussian_weights(distance, max(0.4 * k, 1.0))
    rows = np.repeat(np.arange(n), k)
    directed = csr_matrix((weight.ravel(), (rows, index.ravel())), shape=(n, n), dtype=np.float32)
    both = (directed + directed.T).tocsr()
    return rows_to_one(both)


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
