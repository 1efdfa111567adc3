"""What an edit kept of a picture, structure and content, and whether it changed what its words say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import pair, unit
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


def directional_similarity(
    before: npt.ArrayLike, after: npt.ArrayLike, source: npt.ArrayLike, target: npt.ArrayLike
) -> FloatArray:
    """CLIP's directional similarity: whether pictures changed as their captions did.

    Gal et al., "StyleGAN-NADA" (SIGGRAPH 2022), Sec. 4.1, as InstructPix2Pix is measured by (Brooks et al., CVPR 2023,
    Sec. 4.1): the cosine of the change of the picture's feature with the change of the caption's, both of length 1
    before the subtraction.

    Args:
        before: CLIP features of the pictures as they were, (N, D).
        after: of the edited pictures, (N, D).
        source: of the captions of the pictures as they were, (N, D), or of one for all, (1, D).
        target: of the captions of the pictures as they were to be, (N, D) or (1, D).

    Returns:
        (N,) cosines; 0 where a picture has not changed.

    Raises:
        InputError: shapes don't fit, values are not finite, a row is all zeros, or two captions have one feature.
    """
    moved = _change(before, after, ("before", "after"))
    meant = _change(source, target, ("source", "target"))
    if not np.linalg.norm(meant, axis=1).all():
        raise InputError(
            "source, target: expected captions that differ, found some with the same feature. "
            "Leave these edits out."
        )
    still = ~np.linalg.norm(moved, axis=1).astype(bool)
    moved[still] = 1  # any direction: they count 0
    return np.where(still, 0.0, cosines(moved, meant))


def _change(before: npt.ArrayLike, after: npt.ArrayLike, what: tuple[str, str]) -> FloatArray:
    """From rows to rows of the same number, both scaled to length 1."""
    first, second = pair(before, after, what)
    if len(first) != len(second):
        raise InputError(
            f"{what[0]}, {what[1]}: expected as many rows of each, found {len(first)} and {len(second)}."
        )
    return np.asarray(unit(second, what[1]) - unit(first, what[0]))


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
