"""Which directions a personalised generator is unsure of, and what its own pictures may count.

Zhang et al., "Generative Active Learning for Image Synthesis Personalization" (MM 2024), Sec. 3.2 and 3.3. An anchor
is a direction to practise, such as "on the beach"; m pictures of the subject are generated for each. All functions
are of arrays: A anchors, m samples each, features of D values.
"""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics.alignment import overfitted
from datacrafter_widget.metrics.clip_score import cosines

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

MOST_UNCERTAIN = float(np.log(2))
"""What `uncertainty` is at most: where half of the samples are overfitted."""


def overfit_flags(samples: npt.ArrayLike, anchors: npt.ArrayLike, beside: npt.ArrayLike) -> BoolArray:
    """Whether each sample shows what was beside the subject rather than what was asked for (Eq. 8).

    Args:
        samples: features of the generated pictures, (A, m, D).
        anchors: text features of the directions, (A, D).
        beside: text features of what the given pictures show beside the subject, (D,).

    Returns:
        (A, m) bool.

    Raises:
        InputError: shapes don't fit, or values are not finite.
    """
    flat, directions, shape = _paired(samples, anchors)
    return overfitted(flat, directions, np.asarray(beside)[None]).reshape(shape)


def faithfulness(samples: npt.ArrayLike, anchors: npt.ArrayLike) -> FloatArray:
    """How well each sample shows its anchor: the similarity by which references are picked (end of Sec. 3.2).

    Args:
        samples: features of the generated pictures, (A, m, D).
        anchors: text features of the directions, (A, D).

    Returns:
        (A, m) cosines, -1 … 1.

    Raises:
        InputError: shapes don't fit, or values are not finite.
    """
    flat, directions, shape = _paired(samples, anchors)
    return np.asarray(cosines(flat, directions)).reshape(shape)


def uncertainty(flags: npt.ArrayLike) -> FloatArray:
    """How unsure the generator is of each anchor: the entropy of its overfitted share (Eqs. 6 and 7), in nats.

    0 where all samples of an anchor are overfitted or none is: there is nothing to learn, or nothing to learn
    from. ln 2 where half of them are.

    Args:
        flags: of the samples, (A, m), as `overfit_flags` gives them; m is 1 or more.

    Returns:
        (A,), 0 … ln 2.

    Raises:
        InputError: another shape.
    """
    found = np.asarray(flags, dtype=bool)
    if found.ndim != 2 or not found.shape[1]:
        raise InputError(
            f"flags: expected a row of one or more samples for each anchor, found shape {found.shape}"
        )
    share = found.mean(axis=1)
    both = np.stack([share, 1 - share])
    return -np.where(both > 0, both * np.log(np.where(both > 0, both, 1)), 0).sum(axis=0)


def openness(uncertainties: npt.ArrayLike, scale: float) -> float:
    """How much the references picked in a round count in the training after it (Eq. 9).

    The given pictures count 1 each. As the mean uncertainty is ln 2 at most, a picked picture counts 0.69 x `scale`
    at most: with the paper's 0.005 at most a 288th of a given one (its released code has 0.0035 for objects and 1.0
    for styles). A scale of 1.44 makes it at most as much as a given one.

    Args:
        uncertainties: of the anchors, (A,), as `uncertainty` gives them.
        scale: the paper's lambda, 0 or more.

    Returns:
        The weight; 0 without anchors.

    Raises:
        InputError: a scale below 0, or no number.
    """
    if not 0 <= scale < np.inf:
        raise InputError(f"scale: expected a number of 0 or more, found {scale!r}")
    values = np.asarray(uncertainties, dtype=np.float64)
    return float(scale * values.mean()) if values.size else 0.0


def is_over(uncertainties: npt.ArrayLike, top: int) -> bool:
    """Whether fewer anchors than are to be picked have anything left to explore (Eq. 10)."""
    return int((np.asarray(uncertainties) > 0).sum()) < top


def most_uncertain(uncertainties: npt.ArrayLike, top: int) -> list[int]:
    """The numbers of the anchors to practise next: the most uncertain, the first of equals; certain ones never."""
    values = np.asarray(uncertainties, dtype=np.float64)
    return [int(each) for each in np.argsort(-values, kind="stable")[:top] if values[each] > 0]


def _paired(
    samples: npt.ArrayLike, anchors: npt.ArrayLike
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], tuple[int, int]]:
    """Samples (A m, D), and the anchor of each."""
    features = np.asarray(samples, dtype=np.float32)
    directions = np.asarray(anchors, dtype=np.float32)
    if features.ndim != 3 or directions.shape != (features.shape[0], features.shape[2]):
        raise InputError(
            "samples, anchors: expected features (anchors, samples, values) and (anchors, values), "
            f"found {features.shape} and {directions.shape}"
        )
    count, each, width = features.shape
    return features.reshape(-1, width), np.repeat(directions, each, axis=0), (count, each)
