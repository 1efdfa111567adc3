"""Domain gap: how near the captions that a generator may have learned from come to a class's name."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, matrix

TOP = 20
CHUNK_ROWS = 8192


def mean_text_similarity(queries: npt.ArrayLike, captions: npt.ArrayLike, *, top: int = TOP) -> FloatArray:
    """Mean similarity of each class's name to its nearest captions (GenBench, Sec. 3.3).

    Common things have captions near their names, rare ones don't, and what a generator makes of them helps
    less. The paper searches LAION-400M, and does not say how many captions it averages; here any corpus is
    searched, so values of different corpora, encoders and `top` can't be compared. A data set's value is the
    mean over its classes.

    Memory grows with `top` times the number of classes, not with the captions.

    Args:
        queries: text features of the classes' names, (C, D), rows of length 1.
        captions: text features of the captions by the same encoder, (T, D), rows of length 1.
        top: how many captions count; all where there are fewer.

    Returns:
        (C,) cosines, -1 … 1.

    Raises:
        InputError: no captions, `top` below 1, or features of different encoders.
    """
    names, texts = matrix(queries, "queries"), matrix(captions, "captions")
    if top < 1:
        raise InputError(f"top: expected 1 or more, found {top}.")
    if not len(texts) or names.shape[1] != texts.shape[1]:
        raise InputError(
            f"captions: expected features of at least one caption, {names.shape[1]} values each, found shape "
            f"{texts.shape}. Encode names and captions with the same encoder."
        )
    best = np.empty((len(names), 0))
    for start in range(0, len(texts), CHUNK_ROWS):
        best = np.concatenate([best, names @ texts[start : start + CHUNK_ROWS].T], axis=1)
        if best.shape[1] > top:
            best = np.partition(best, -top, axis=1)[:, -top:]
    return np.asarray(best.mean(axis=1))
