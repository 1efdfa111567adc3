"""How much of a picture an edit kept: structure, pixel by pixel, and content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics.clip_score import cosines

if TYPE_CHECKING:
    import numpy.typing as npt

    from datacrafter_widget.metrics._check import FloatArray

_SIGMA = 1.5
_RADIUS = 5
_K1, _K2 = 0.01, 0.03


def ssim(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Structural similarity of two pictures.

    Wang et al., "Image Quality Assessment" (IEEE TIP 2004), Eq. 13, with their Gaussian window of 11 x 11 pixels and
    constants; the mean over all windows inside the picture, and over the colours.

    Args:
        first: (H, W, 3) or (H, W) uint8.
        second: the same shape.

    Returns:
        A value from -1 to 1; 1 for the same picture.

    Raises:
        InputError: shapes differ, pixels are not uint8, or a side is shorter than 11.
    """
    a, b = _pixels(first, "first"), _pixels(second, "second")
    if a.shape != b.shape:
        raise InputError(
            f"ssim: expected pictures of one size, found {a.shape} and {b.shape}. Resize one of them."
        )
    if min(a.shape[:2]) <= 2 * _RADIUS:
        raise InputError(f"ssim: expected sides of {2 * _RADIUS + 1} pixels or more, found {a.shape[:2]}.")
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a, var_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    covariance = _blurred(a * b) - mean_a * mean_b
    c1, c2 = (_K1 * 255) ** 2, (_K2 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def image_similarity(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """CLIP similarity of each picture to what it was edited from (HILITE, Sec. IV).

    Args:
        first: CLIP features, (N, D).
        second: CLIP features of the other of each pair, (N, D), or of one for all, (1, D).

    Returns:
        (N,) cosines.

    Raises:
        InputError: shapes don't fit, values are not finite, or a row is all zeros.
    """
    return cosines(first, second)


def _pixels(picture: npt.ArrayLike, what: str) -> FloatArray:
    pixels = np.asarray(picture)
    if pixels.ndim not in {2, 3} or pixels.dtype != np.uint8:
        raise InputError(f"{what}: expected (H, W, 3) or (H, W) uint8, found {pixels.shape} {pixels.dtype}.")
    return pixels.astype(np.float64).reshape(*pixels.shape[:2], -1)


def _blurred(channels: FloatArray) -> FloatArray:
    """Means over the windows that lie inside (H, W, C)."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(channels, _SIGMA, axes=(0, 1), radius=_RADIUS)
    return np.asarray(blurred[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS])
