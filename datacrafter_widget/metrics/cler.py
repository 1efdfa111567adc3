"""CLER: what generated pictures tell a classifier of the classes, without training one (GenBench, Sec. 2.4)."""

import warnings

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, matrix

IntArray = npt.NDArray[np.int64]

CHUNK_ROWS = 4096


class TestSplitWarning(UserWarning):
    """A score that steers decisions was computed on the pictures that are to judge them in the end."""

    __test__ = False  # pytest takes it for a test otherwise


def warn_of_test_split(what: str = "CLER", *, stacklevel: int = 3) -> None:
    """Warn that a score was asked for on the test split.

    The paper computes CLER there; whoever then chooses prompts or pictures by it has used up the test set.
    """
    warnings.warn(
        f"{what} on the test split: what is chosen by it can no longer be judged by these pictures. "
        "Use a validation split to choose, and the test split once, at the end.",
        TestSplitWarning,
        stacklevel=stacklevel,
    )


def class_means(features: npt.ArrayLike, classes: npt.ArrayLike, class_count: int) -> FloatArray:
    """Mean features of each class (GenBench, Alg. 1: `class_centers`).

    The means are not brought back to length 1, as in the paper: a class whose pictures differ much has a
    shorter one.

    Args:
        features: CLIP features, (M, D).
        classes: class of each picture, (M,) indices 0 … C - 1.
        class_count: C.

    Returns:
        (C, D); a row of NaN for a class without pictures.

    Raises:
        InputError: an index out of range, or not one a picture.
    """
    x = matrix(features, "features")
    kind = class_indices(classes, len(x), class_count, "classes")
    sums = np.zeros((class_count, x.shape[1]))
    np.add.at(sums, kind, x)
    counts = np.bincount(kind, minlength=class_count)[:, None].astype(float)
    return np.divide(sums, counts, where=counts > 0, out=np.full_like(sums, np.nan))


def ensembled(means: npt.ArrayLike, text_features: npt.ArrayLike) -> FloatArray:
    """Means of pictures and texts of each class: (M_j + L_j) / 2 (GenBench, Sec. 2.4).

    The paper's Algorithm 1 averages the two similarities, which is the same; its line for the second one
    multiplies the texts with each other, a slip for the test pictures with the texts.

    Args:
        means: from `class_means`, (C, D).
        text_features: embedding of each class's name or prompt by the same encoder, (C, D).

    Returns:
        (C, D). A class without pictures has its text alone.

    Raises:
        InputError: the shapes differ.
    """
    pictures, texts = np.asarray(means, np.float64), matrix(text_features, "text_features")
    if pictures.shape != texts.shape:
        raise InputError(
            f"text_features: expected shape {pictures.shape}, one row a class, found {texts.shape}. "
            "Encode each class's name with the encoder that saw the pictures."
        )
    return np.where(np.isnan(pictures), texts, (pictures + texts) / 2)


def predicted(means: npt.ArrayLike, test: npt.ArrayLike) -> IntArray:
    """The class whose mean has the greatest dot product with each test picture (GenBench, Alg. 1).

    Args:
        means: from `class_means` or `ensembled`, (C, D); rows of NaN are never chosen.
        test: features of the test pictures, (N, D).

    Returns:
        (N,) indices 0 … C - 1.

    Raises:
        InputError: D differs, or no class has a mean.
    """
    centres, x = np.asarray(means, np.float64), matrix(test, "test")
    if centres.ndim != 2 or centres.shape[1] != x.shape[1]:
        raise InputError(
            f"test: expected features of the encoder of the means, of shape {centres.shape}, found {x.shape}."
        )
    known = np.flatnonzero(~np.isnan(centres).any(axis=1))
    if not len(known):
        raise InputError("generated: expected a picture of at least one class, found none.")
    chosen = [
        (x[at : at + CHUNK_ROWS] @ centres[known].T).argmax(axis=1) for at in range(0, len(x), CHUNK_ROWS)
    ]
    return known[np.concatenate(chosen)] if chosen else np.zeros(0, np.int64)


def cler(
    generated: npt.ArrayLike,
    classes: npt.ArrayLike,
    test: npt.ArrayLike,
    test_classes: npt.ArrayLike,
    class_count: int,
) -> float:
    """Class-centered recognition score of generated pictures (GenBench, Eq. 1 and Alg. 1).

    The share of the test pictures that lie nearest to the mean of their own class's generated pictures.
    "Test" is the paper's word: give a validation split while you still choose prompts or pictures by the
    score (see `warn_of_test_split`).

    Args:
        generated: features of the generated pictures, (M, D), rows of length 1.
        classes: their classes, (M,) indices 0 … C - 1.
        test: features of the pictures to recognise, (N, D).
        test_classes: their classes, (N,).
        class_count: C. A class without generated pictures is never recognised.

    Returns:
        A share, 0 … 1; NaN without test pictures.

    Raises:
        InputError: shapes differ, an index is out of range, or nothing was generated.
    """
    return _share(class_means(generated, classes, class_count), test, test_classes)


def cler_ensemble(
    generated: npt.ArrayLike,
    classes: npt.ArrayLike,
    test: npt.ArrayLike,
    test_classes: npt.ArrayLike,
    class_count: int,
    text_features: npt.ArrayLike,
) -> float:
    """CLER with the class's text beside its pictures' mean (GenBench, Sec. 2.4; see `ensembled`).

    Args:
        generated: see `cler`.
        classes: see `cler`.
        test: see `cler`.
        test_classes: see `cler`.
        class_count: see `cler`.
        text_features: embedding of each class's name or prompt, (C, D), rows of length 1.

    Returns:
        A share, 0 … 1; NaN without test pictures.

    Raises:
        InputError: as `cler`, or not one text a class.
    """
    means = class_means(generated, classes, class_count)
    return _share(ensembled(means, text_features), test, test_classes)


def class_indices(classes: npt.ArrayLike, count: int, class_count: int, what: str) -> IntArray:
    """`classes` as (count,) indices 0 … class_count - 1.

    Raises:
        InputError: they are none.
    """
    found = np.asarray(classes)
    if found.shape != (count,) or (count and not np.issubdtype(found.dtype, np.integer)):
        raise InputError(
            f"{what}: expected {count} integers, one a picture, found {found.dtype} of shape {found.shape}."
        )
    if count and (found.min() < 0 or found.max() >= class_count):
        raise InputError(
            f"{what}: expected indices from 0 to {class_count - 1}, found {found.min()} to {found.max()}. "
            "Count the classes from 0."
        )
    return found.astype(np.int64)


def _share(means: FloatArray, test: npt.ArrayLike, test_classes: npt.ArrayLike) -> float:
    chosen = predicted(means, test)
    truth = class_indices(test_classes, len(chosen), len(means), "test_classes")
    return float((chosen == truth).mean()) if len(truth) else float("nan")
