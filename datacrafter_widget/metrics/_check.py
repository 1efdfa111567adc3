"""Checks that the metrics share."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError

FloatArray = npt.NDArray[np.float64]


def matrix(values: npt.ArrayLike, what: str) -> FloatArray:
    """`values` as a finite float64 array of two dimensions, (rows, columns); zero rows are fine."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise InputError(
            f"{what}: expected an array of two dimensions (pictures, values), found shape {array.shape}. "
            "Give one row a picture."
        )
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).any(axis=1).sum())
        raise InputError(
            f"{what}: expected finite numbers, found NaN or infinity in {bad} rows. Leave them out."
        )
    return array


def probabilities(values: npt.ArrayLike, what: str) -> FloatArray:
    """`values` as rows of probabilities, rescaled to sum to one exactly (float16 storage loses a little)."""
    array = matrix(values, what)
    total = array.sum(axis=1, keepdims=True)
    if array.size and (array.min() < 0 or np.abs(total - 1).max() > 0.05):
        raise InputError(
            f"{what}: expected rows of probabilities that sum to 1, found sums from {total.min():.3g} to "
            f"{total.max():.3g} and a least value of {array.min():.3g}. Apply a softmax first."
        )
    return array / total if array.size else array


def pair(
    x: npt.ArrayLike, y: npt.ArrayLike, what: tuple[str, str] = ("x", "y")
) -> tuple[FloatArray, FloatArray]:
    """Two sets of features as finite float64 arrays (N, D) and (M, D) of one width."""
    first, second = matrix(x, what[0]), matrix(y, what[1])
    if first.shape[1] != second.shape[1]:
        raise InputError(
            f"{what[0]}, {what[1]}: expected features of one encoder, found {first.shape[1]} and "
            f"{second.shape[1]} values a picture. Encode both sets with the same model."
        )
    return first, second


def unit(rows: FloatArray, what: str) -> FloatArray:
    """The rows, scaled to length 1."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if not length.all():
        bad = int((length == 0).sum())
        raise InputError(f"{what}: expected rows that point somewhere, found {bad} of zeros. Leave them out.")
    return np.asarray(rows / length)
