"""Distance between two sets of pictures: CLIP maximum mean discrepancy."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, matrix

CHUNK_ROWS = 1024


def cmmd(x: npt.ArrayLike, y: npt.ArrayLike, *, sigma: float = 10.0, scale: float = 1000.0) -> float:
    """CMMD between two sets of CLIP features (DataCrafter, Eq. 3).

    The unbiased squared maximum mean discrepancy with the Gaussian kernel exp(-|x - y|² / 2sigma²), times
    `scale`. Jayasumana et al., "Rethinking FID" (CVPR 2024), use sigma = 10 and a scale of 1000 on
    L2-normalised features; features are used here as they are given. Being unbiased, it can fall a little
    below zero when both sets come from one distribution.

    Memory grows with N + M, not with their product.

    Args:
        x: features of the originals, (N, D).
        y: features of the generated pictures, (M, D).
        sigma: width of the kernel, in the features' units.
        scale: factor on the result.

    Returns:
        The distance; NaN when either set has fewer than two pictures.

    Raises:
        InputError: D differs, values are not finite, or `sigma` is not positive.
    """
    if not sigma > 0:
        raise InputError(f"sigma: expected a positive number, found {sigma}.")
    first, second = matrix(x, "x"), matrix(y, "y")
    if first.shape[1] != second.shape[1]:
        raise InputError(
            f"cmmd: expected features of one encoder, found {first.shape[1]} and {second.shape[1]} values "
            "a picture. Encode both sets with the same model."
        )
    n, m = len(first), len(second)
    if n < 2 or m < 2:
        return float("nan")
    # 1 - kernel, by expm1: the kernel is within 2 % of 1 everywhere, its complement keeps all the digits.
    within_first = _complement_sum(first, first, sigma) / (n * (n - 1))
    within_second = _complement_sum(second, second, sigma) / (m * (m - 1))
    between = _complement_sum(first, second, sigma) / (n * m)
    return float(scale * (2 * between - within_first - within_second))


def _complement_sum(a: FloatArray, b: FloatArray, sigma: float) -> float:
    """Sum over all pairs of 1 - exp(-|a - b|² / 2sigma²); the diagonal adds 0."""
    origin = b.mean(axis=0)
    a, b = a - origin, b - origin
    square = np.einsum("ij,ij->i", b, b)
    total = 0.0
    for start in range(0, len(a), CHUNK_ROWS):
        part = a[start : start + CHUNK_ROWS]
        distance = np.einsum("ij,ij->i", part, part)[:, None] + square - 2 * part @ b.T
        total -= float(np.expm1(np.maximum(distance, 0) / (-2 * sigma**2)).sum())
    return total
