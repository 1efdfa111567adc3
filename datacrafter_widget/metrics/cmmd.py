"""Distance between two sets of pictures: CLIP maximum mean discrepancy."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, pair
from datacrafter_widget.metrics._discrepancy import pair_sum, squared_distances, unbiased

SIGMA = 10.0
SCALE = 1000.0


def cmmd(x: npt.ArrayLike, y: npt.ArrayLike, *, sigma: float = SIGMA, scale: float = SCALE) -> float:
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
    first, second = pair(x, y)
    return -scale * unbiased(*_sums(first, second, sigma), len(first), len(second))


def cmmd_biased(x: npt.ArrayLike, y: npt.ArrayLike, *, sigma: float = SIGMA, scale: float = SCALE) -> float:
    """CMMD as its authors' code computes it, for figures that are to be compared with theirs.

    The minimum-variance estimate (Gretton et al., JMLR 2012, Eq. 5): pairs of a picture with itself count, so that
    it is never below zero, and above it by about 1000 / sigma² · (1 - mean cosine) · (1/N + 1/M) for two sets of
    one distribution. With few pictures that is most of the value: use `cmmd` then. Memory grows with N + M, as in
    the authors' code.

    Args:
        x: features of the originals, (N, D).
        y: features of the generated pictures, (M, D).
        sigma: width of the kernel, in the features' units.
        scale: factor on the result.

    Returns:
        The distance; NaN when either set is empty.

    Raises:
        InputError: D differs, values are not finite, or `sigma` is not positive.
    """
    first, second = pair(x, y)
    n, m = len(first), len(second)
    if not n or not m:
        return float("nan")
    within_first, within_second, between = _sums(first, second, sigma)
    return scale * (2 * between / (n * m) - within_first / n**2 - within_second / m**2)


def complement(a: FloatArray, b: FloatArray, sigma: float = SIGMA) -> FloatArray:
    """1 - exp(-|a - b|² / 2sigma²) of all pairs, (N, M).

    On unit vectors the kernel is within 2 % of 1 everywhere: its complement keeps all the digits, and any
    discrepancy in it is minus that in the kernel.

    Raises:
        InputError: `sigma` is not positive.
    """
    if not sigma > 0:
        raise InputError(f"sigma: expected a positive number, found {sigma}.")
    origin = b.mean(axis=0)
    return np.asarray(-np.expm1(squared_distances(a - origin, b - origin) / (-2 * sigma**2)))


def _sums(x: FloatArray, y: FloatArray, sigma: float) -> tuple[float, float, float]:
    def summed(a: FloatArray, b: FloatArray) -> float:
        return pair_sum(lambda rows, others: complement(rows, others, sigma), a, b) if len(b) else 0.0

    return summed(x, x), summed(y, y), summed(x, y)
