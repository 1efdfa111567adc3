"""Measure: what the pictures of a round are worth, over all and class by class."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.metrics.cmmd import cmmd
from datacrafter_widget.metrics.diversity import within_class_diversity
from datacrafter_widget.metrics.informativeness import informativeness


class Seen(NamedTuple):
    """Pictures as the encoder sees them: `features` (N, D) of unit length, and the `classes` (N,) they are of."""

    features: NDArray[np.float32]
    classes: NDArray[np.int64]


class Measure(NamedTuple):
    """One value of a round; `class_id` is None for all classes."""

    class_id: int | None
    name: str
    value: float


def measure_round(
    made: Seen,
    originals: Seen,
    class_ids: Sequence[int],
    probabilities: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    *,
    fewest: int = 1,
) -> Iterator[Measure]:
    """Informativeness, diversity and distance of generated pictures (DataCrafter, Sec. 5.1).

    Args:
        made: the pictures of the round.
        originals: all originals.
        class_ids: the session's classes, ascending.
        probabilities: features (N, D) → class probabilities (N, C), C as `class_ids`.
        fewest: a class of fewer pictures has no values of its own.

    Yields:
        The values that are finite, those over all classes first.
    """
    columns = np.searchsorted(class_ids, made.classes)
    information = informativeness(probabilities(made.features), parent_class=columns)
    for class_id in (None, *class_ids):
        mine = made.classes == class_id if class_id else np.ones(len(made.classes), bool)
        theirs = originals.classes == class_id if class_id else np.ones(len(originals.classes), bool)
        if mine.sum() < max(1, fewest):
            continue
        for name, value in (
            ("informativeness", float(np.mean(information[mine]))),
            ("diversity", within_class_diversity(made.features[mine], made.classes[mine])),
            ("distance", cmmd(originals.features[theirs], made.features[mine])),
        ):
            if np.isfinite(value):
                yield Measure(class_id, name, value)
