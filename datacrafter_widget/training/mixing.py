"""Which pictures an epoch draws, and in what batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from datacrafter_widget.training.pictures import Labelled


def epoch_batches(
    pictures: Labelled,
    rng: np.random.Generator,
    *,
    batch_size: int,
    batches: int | None = None,
    replacement: float | None = None,
) -> list[NDArray[np.int64]]:
    """The pictures of one epoch, as batches of nearly equal size.

    Args:
        pictures: N of them.
        rng: shuffles and chooses.
        batch_size: at most so many pictures a batch.
        batches: how many batches; by default as many as go over the pictures once.
        replacement: None shuffles all pictures alike. Otherwise the epoch goes over the originals, and each one
            drawn is replaced with this probability by a generated picture of its class, where there is one.

    Returns:
        Rows of `pictures`, a list of arrays.

    Raises:
        InputError: nothing to draw, or a probability out of range.
    """
    if replacement is not None and not 0 <= replacement <= 1:
        raise InputError(f"replacement: expected a probability from 0 to 1, or None, found {replacement}")
    pool = np.arange(len(pictures)) if replacement is None else np.flatnonzero(~pictures.generated)
    if not len(pool):
        what = "pictures" if replacement is None else "originals (replacement draws originals)"
        raise InputError(f"expected {what} to train on, found none among {len(pictures)}")
    size = min(batch_size, len(pool))
    count = batches or -(-len(pool) // size)
    drawn = pool[rng.permutation(len(pool))]
    if batches is not None:  # go round as often as it takes, shuffled anew each time
        rounds = [pool[rng.permutation(len(pool))] for _ in range(size * batches // len(pool))]
        drawn = np.concatenate([drawn, *rounds])[: size * batches]
    if replacement:
        drawn = _replaced(pictures, drawn, rng, replacement)
    return np.array_split(drawn, count)


def _replaced(
    pictures: Labelled, drawn: NDArray[np.int64], rng: np.random.Generator, probability: float
) -> NDArray[np.int64]:
    drawn = drawn.copy()
    chosen = rng.random(len(drawn)) < probability
    classes = pictures.classes[drawn]
    for each in np.unique(classes):
        substitutes = np.flatnonzero(pictures.generated & (pictures.classes == each))
        places = np.flatnonzero(chosen & (classes == each))
        if len(substitutes):
            drawn[places] = rng.choice(substitutes, len(places))
    return drawn
