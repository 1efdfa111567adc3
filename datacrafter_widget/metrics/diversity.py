"""Diversity of pictures: how far they lie from the mean of their own class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, matrix

CHUNK_ROWS = 4096


def diversity(features: npt.ArrayLike, *, temperature: float = 1.0) -> float:
    """Diversity of one set of pictures (DataCrafter, Eq. 2).

    The mean Kullback-Leibler divergence D(v_i, v_mean) of each picture's softmaxed feature vector to the
    softmaxed mean feature vector, as GIF's paper has it (Zhang et al., NeurIPS 2023). (GIF's released code
    compares the mean with its own softmax, which says nothing of the pictures.)

    Args:
        features: CLIP features of the pictures, (M, D).
        temperature: features are divided by it before the softmax. L2-normalised features of CLIP give very
            flat distributions at 1, so values are small: about (1 - c) / 2D for a mean cosine c between pictures,
            which is 0.002 for the toybox's originals. Only ratios tell something: `relative_diversity`.

    Returns:
        A value >= 0, in nats; NaN with fewer than two pictures.

    Raises:
        InputError: not (M, D), not finite, or `temperature` is not positive.
    """
    if not temperature > 0:
        raise InputError(f"temperature: expected a positive number, found {temperature}.")
    x = matrix(features, "features") / temperature
    if len(x) < 2 or x.shape[1] == 0:
        return float("nan")
    mean = log_softmax(x.mean(axis=0, keepdims=True))
    total = 0.0
    for start in range(0, len(x), CHUNK_ROWS):
        log_p = log_softmax(x[start : start + CHUNK_ROWS])
        total += float((np.exp(log_p) * (log_p - mean)).sum())
    return max(total / len(x), 0.0)


def class_diversity(
    features: npt.ArrayLike,
    classes: npt.ArrayLike,
    *,
    class_ids: Sequence[int] | None = None,
    temperature: float = 1.0,
) -> dict[int, float]:
    """Diversity within each class (DataCrafter, Eq. 2).

    Args:
        features: CLIP features, (M, D).
        classes: class of each picture, (M,) integers.
        class_ids: classes to report, in this order; default: those present, ascending.
        temperature: see `diversity`.

    Returns:
        class → diversity; NaN for a class of fewer than two pictures.

    Raises:
        InputError: `classes` does not have one entry a picture.
    """
    x = matrix(features, "features")
    kind = np.asarray(classes)
    if kind.shape != (len(x),):
        raise InputError(f"classes: expected shape ({len(x)},), one a picture, found {kind.shape}.")
    wanted = [int(c) for c in (np.unique(kind) if class_ids is None else class_ids)]
    return {c: diversity(x[kind == c], temperature=temperature) for c in wanted}


def within_class_diversity(
    features: npt.ArrayLike, classes: npt.ArrayLike, *, temperature: float = 1.0
) -> float:
    """Mean of the diversities within the classes, each class counting once (DataCrafter, Sec. 5.1).

    Classes of fewer than two pictures are left out; NaN when none is left.
    """
    values = [v for v in class_diversity(features, classes, temperature=temperature).values() if v == v]  # noqa: PLR0124
    return float(np.mean(values)) if values else float("nan")


def relative_diversity(
    generated: npt.ArrayLike,
    generated_classes: npt.ArrayLike,
    originals: npt.ArrayLike,
    original_classes: npt.ArrayLike,
) -> float:
    """Within-class diversity of generated pictures over that of the originals: 1 is as diverse as they are.

    Raw diversities depend on the encoder and its width; their ratio can be read. Only classes with two pictures or
    more of either kind count.

    Args:
        generated: CLIP features, (M, D).
        generated_classes: (M,) integers.
        originals: CLIP features, (N, D).
        original_classes: (N,) integers.

    Returns:
        A value >= 0; NaN without a class to compare, or when the originals of each class are all alike.

    Raises:
        InputError: shapes don't fit or values are not finite.
    """
    made, given = class_diversity(generated, generated_classes), class_diversity(originals, original_classes)
    both = [c for c in made if np.isfinite(made[c]) and np.isfinite(given.get(c, np.nan))]
    base = sum(given[c] for c in both)
    return sum(made[c] for c in both) / base if base > 0 else float("nan")


def log_softmax(x: FloatArray) -> FloatArray:
    """Logarithm of each row's softmax."""
    shifted = x - x.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
