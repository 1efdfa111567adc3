"""Informativeness of generated pictures: uncertain, yet of the class of the picture they came from."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, probabilities


def entropy(p: npt.ArrayLike) -> FloatArray:
    """Shannon entropy of each row, in nats.

    Args:
        p: class probabilities, (N, C).

    Returns:
        (N,) values from 0 to ln(C).
    """
    p = probabilities(p, "p")
    logarithm = np.log(p, where=p > 0, out=np.zeros_like(p))
    return np.asarray(-(p * logarithm).sum(axis=1))


def informativeness(
    p_generated: npt.ArrayLike,
    *,
    parent_class: npt.ArrayLike | None = None,
    p_original: npt.ArrayLike | None = None,
) -> FloatArray:
    """Informativeness of each generated picture (DataCrafter, Eq. 1).

    The entropy of the generated picture's class distribution plus the probability it gives to the class
    that the original is predicted as. The set's informativeness is the mean.

    Args:
        p_generated: class probabilities of the generated pictures, (N, C).
        parent_class: index of the class to be kept, (N,) integers or one for all. For pictures made from a
            prompt alone this is the class that was asked for.
        p_original: class probabilities of the originals, (N, C) or (1, C); their argmax is the class to be
            kept. Give either this or `parent_class`.

    Returns:
        (N,) values from 0 to ln(C) + 1.

    Raises:
        InputError: both or neither of the last two are given, shapes differ, or a class is out of range.
    """
    p = probabilities(p_generated, "p_generated")
    kept = _kept_class(p, parent_class, p_original)
    return np.asarray(entropy(p) + p[np.arange(len(p)), kept])


def informativeness_gain(p_generated: npt.ArrayLike, p_original: npt.ArrayLike) -> FloatArray:
    """Informativeness in GIF's own form: the entropy's *increase* over the original counts.

    Zhang et al., "Expanding Small-Scale Datasets with Guided Imagination" (NeurIPS 2023), whose criterion
    Eq. 1 of DataCrafter cites: p'_j + H(p') - H(p), j = argmax p. Their released code computes the same, on
    CLIP's zero-shot probabilities, and takes the mean over a batch.

    Args:
        p_generated: class probabilities of the generated pictures, (N, C).
        p_original: class probabilities of the picture each came from, (N, C) or (1, C).

    Returns:
        (N,) values from -ln(C) to ln(C) + 1.

    Raises:
        InputError: shapes differ or rows are not probabilities.
    """
    p = probabilities(p_generated, "p_generated")
    kept = _kept_class(p, None, p_original)
    return np.asarray(p[np.arange(len(p)), kept] + entropy(p) - entropy(p_original))


def _kept_class(
    p: FloatArray, parent_class: npt.ArrayLike | None, p_original: npt.ArrayLike | None
) -> npt.NDArray[np.int64]:
    if (parent_class is None) == (p_original is None):
        raise InputError("informativeness: give exactly one of parent_class and p_original.")
    if p_original is not None:
        original = probabilities(p_original, "p_original")
        if original.shape[1] != p.shape[1] or len(original) not in {1, len(p)}:
            raise InputError(
                f"p_original: expected shape {p.shape} or (1, {p.shape[1]}), found {original.shape}. "
                "Give the original of each generated picture, over the same classes."
            )
        kept = original.argmax(axis=1)
    else:
        kept = np.asarray(parent_class)
        if not np.issubdtype(kept.dtype, np.integer) and kept.size:
            raise InputError(f"parent_class: expected integer class indices, found {kept.dtype}.")
        if kept.size and (kept.min() < 0 or kept.max() >= p.shape[1]):
            raise InputError(
                f"parent_class: expected indices from 0 to {p.shape[1] - 1}, found {kept.min()} to "
                f"{kept.max()}."
            )
        if kept.ndim > 1 or (kept.ndim == 1 and len(kept) not in {1, len(p)}):
            raise InputError(f"parent_class: expected {len(p)} indices, found shape {kept.shape}.")
    return np.broadcast_to(kept.astype(np.int64), (len(p),))
