"""Vendi score: how many different pictures a set amounts to."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, matrix, unit


def vendi_score(features: npt.ArrayLike, *, order: float = 1.0) -> float:
    """The effective number of different pictures (Friedman and Dieng, TMLR 2023, Eq. 1).

    The exponential of the entropy of the eigenvalues of the cosine similarities over N. Copies of one picture count
    1, N pictures without anything in common count N. As CLIP's pictures all have much in common, values are low;
    sets of one size, by one encoder, can be compared.

    Args:
        features: of the pictures, (N, D); they are scaled to length 1.
        order: of the entropy (Pasarkar and Dieng, 2023): 1 is Shannon's; below 1 rare kinds of pictures count
            more, above 1 common ones; infinity is the largest eigenvalue's.

    Returns:
        A value from 1 to min(N, D); NaN without pictures.

    Raises:
        InputError: not (N, D), not finite, a row of zeros, or a negative `order`.
    """
    x = matrix(features, "features")
    if not len(x):
        return float("nan")
    x = unit(x, "features")
    gram = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    return vendi_of_gram(gram / len(x), order=order)


def vendi_of_gram(gram: FloatArray, *, order: float = 1.0) -> float:
    """`vendi_score` from the similarities (N, N), or from the second moments (D, D) of unit rows: over N, either."""
    if not order >= 0:
        raise InputError(f"order: expected 0 or more, found {order}.")
    values = np.linalg.eigvalsh(gram)
    p = values[values > len(gram) * np.finfo(float).eps * values[-1]]
    if order == 1:
        return float(np.exp(-(p * np.log(p)).sum()))
    if np.isinf(order):
        return float(1 / p.max())
    return float((p**order).sum() ** (1 / (1 - order)))
