"""Measure: what the pictures of a round are worth, over all and class by class."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.metrics.informativeness import informativeness
from datacrafter_widget.metrics.running import RunningCmmd, RunningDiversity, RunningMean


class Seen(NamedTuple):
    """Pictures as the encoder sees them: `ids` (N,), `features` (N, D) of unit length, `classes` (N,)."""

    ids: NDArray[np.int64]
    features: NDArray[np.float32]
    classes: NDArray[np.int64]


class Measure(NamedTuple):
    """One value of a round; `class_id` is None for all classes."""

    class_id: int | None
    name: str
    value: float


class RunningRound:
    """Informativeness, diversity and distance of a round that grows (DataCrafter, Sec. 5.1).

    Each picture is looked at once; the values are those of all pictures so far.

    Args:
        originals: what the distance is measured from.
        class_ids: the session's classes, in any order.
        probabilities: features (N, D) → class probabilities (N, C), C as `class_ids`.
    """

    def __init__(
        self,
        originals: Seen,
        class_ids: Sequence[int],
        probabilities: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> None:
        self._columns = {class_id: column for column, class_id in enumerate(class_ids)}
        self._probabilities = probabilities
        self._counts: dict[int | None, int] = dict.fromkeys((None, *class_ids), 0)
        self._informativeness = {part: RunningMean() for part in self._counts}
        self._distances = {
            part: RunningCmmd(originals.features[_of(part, originals)]) for part in self._counts
        }
        self._diversities = {class_id: RunningDiversity() for class_id in class_ids}

    def add(self, made: Seen) -> None:
        """Add pictures."""
        if not len(made.classes):
            return
        columns = np.array([self._columns[class_id] for class_id in made.classes.tolist()])
        information = informativeness(self._probabilities(made.features), parent_class=columns)
        for part in self._counts:
            mine = _of(part, made)
            self._counts[part] += int(mine.sum())
            self._informativeness[part].update(information[mine])
            self._distances[part].update(made.features[mine])
            if part is not None:
                self._diversities[part].update(made.features[mine])

    def measures(self, *, fewest: int = 1) -> Iterator[Measure]:
        """The values so far that are finite, those over all classes first.

        Args:
            fewest: a class of fewer pictures has no values of its own.
        """
        within = {part: diversity.value() for part, diversity in self._diversities.items()}
        known = [value for value in within.values() if np.isfinite(value)]
        overall = float(np.mean(known)) if known else float("nan")
        for part, count in self._counts.items():
            if count < max(1, fewest):
                continue
            for name, value in (
                ("informativeness", self._informativeness[part].value()),
                ("diversity", overall if part is None else within[part]),
                ("distance", self._distances[part].value()),
            ):
                if np.isfinite(value):
                    yield Measure(part, name, value)


def _of(class_id: int | None, pictures: Seen) -> NDArray[np.bool_]:
    """Which pictures (N,) are of a class; all, for None."""
    return (
        np.full(len(pictures.classes), fill_value=True) if class_id is None else pictures.classes == class_id
    )
