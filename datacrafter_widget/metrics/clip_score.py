"""CLIP score: how well pictures fit the texts that they were made from."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, pair, unit


def clip_scores(images: npt.ArrayLike, texts: npt.ArrayLike, *, scale: float = 100.0) -> FloatArray:
    """CLIP score of each picture with its text.

    Hessel et al., "CLIPScore" (EMNLP 2021), Eq. 1: the cosine, nothing below zero, times a factor. Theirs is 2.5;
    100 is common since (torchmetrics).

    Args:
        images: CLIP features of the pictures, (N, D).
        texts: CLIP features of the text of each, (N, D), or of one text for all, (1, D).
        scale: the factor.

    Returns:
        (N,) values from 0 to `scale`.

    Raises:
        InputError: shapes don't fit, values are not finite, or a row is all zeros.
    """
    return np.asarray(scale * np.maximum(cosines(images, texts), 0))


def clip_score(images: npt.ArrayLike, texts: npt.ArrayLike, *, scale: float = 100.0) -> float:
    """Mean of `clip_scores`; NaN without pictures."""
    scores = clip_scores(images, texts, scale=scale)
    return float(scores.mean()) if len(scores) else float("nan")


def cosines(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """Cosine of each row with the row of the same place, (N,); one row of `second` serves all."""
    a, b = pair(first, second, ("first", "second"))
    if len(b) not in {1, len(a)}:
        raise InputError(
            f"second: expected {len(a)} rows, one for each of the first, or one, found {len(b)}."
        )
    return np.asarray((unit(a, "first") * unit(b, "second")).sum(axis=1))
