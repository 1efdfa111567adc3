"""The maximum mean discrepancy of any kernel, summed over pairs a few rows at a time."""

from collections.abc import Callable

import numpy as np

from datacrafter_widget.metrics._check import FloatArray

CHUNK_ROWS = 1024

Kernel = Callable[[FloatArray, FloatArray], FloatArray]
"""(N, D), (M, D) → (N, M)."""
SelfKernel = Callable[[FloatArray], FloatArray]
"""(N, D) → (N,): each row with itself."""


def pair_sum(kernel: Kernel, a: FloatArray, b: FloatArray) -> float:
    """Sum of the kernel over all pairs. Memory grows with the rows of `b`, not with the pairs."""
    return float(
        sum(kernel(a[start : start + CHUNK_ROWS], b).sum() for start in range(0, len(a), CHUNK_ROWS))
    )


def unbiased(within_x: float, within_y: float, between: float, n: int, m: int) -> float:
    """Gretton et al., "A Kernel Two-Sample Test" (JMLR 2012), Eq. 3, from sums over pairs.

    Args:
        within_x: sum over the pairs of two different rows of x, each counted in both orders.
        within_y: the same for y.
        between: sum over the pairs of a row of x and a row of y.
        n: rows of x.
        m: rows of y.

    Returns:
        The estimate; NaN when either set has fewer than two rows.
    """
    if n < 2 or m < 2:
        return float("nan")
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * between / (n * m)


def squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Squared Euclidean distances (N, M); those of near rows far from the origin keep few digits: centre first."""
    square_a, square_b = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
    return np.asarray(np.maximum(square_a[:, None] + square_b - 2 * a @ b.T, 0))
