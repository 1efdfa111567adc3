"""What a training is worth on pictures that it never saw: one run, and runs that differ in their seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.intervals import Difference, Interval, mean_interval, paired_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Outcome:
    """One training, tested.

    Attributes:
        accuracy: share of the test pictures that are told right, 0 to 1.
        per_class: (C,) the same a class; NaN for a class without test pictures.
        confusion: (C, C) counts of test pictures; rows are the true classes.
        seed: of the training.
        seconds: that the training took.
        pictures: how many it was trained on.
        history: what each epoch gave, in order; empty where there are none.
    """

    accuracy: float
    per_class: NDArray[np.float64]
    confusion: NDArray[np.int64]
    seed: int
    seconds: float
    pictures: int
    history: tuple[Mapping[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON values; NaN becomes None."""
        return {
            "accuracy": _or_none(self.accuracy),
            "per_class": [_or_none(value) for value in self.per_class],
            "confusion": self.confusion.tolist(),
            "seed": self.seed,
            "seconds": self.seconds,
            "pictures": self.pictures,
            "history": [{name: _or_none(value) for name, value in epoch.items()} for epoch in self.history],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Outcome:
        """What `to_json` gave."""
        return cls(
            accuracy=_number(values["accuracy"]),
            per_class=np.array([_number(value) for value in values["per_class"]], np.float64),
            confusion=np.array(values["confusion"], np.int64).reshape(2 * (len(values["per_class"]),)),
            seed=values["seed"],
            seconds=values["seconds"],
            pictures=values["pictures"],
            history=tuple(
                {name: _number(value) for name, value in epoch.items()} for epoch in values["history"]
            ),
        )


def outcome(
    truth: ArrayLike,
    predicted: ArrayLike,
    class_count: int,
    *,
    seed: int,
    seconds: float,
    pictures: int,
    history: Sequence[Mapping[str, float]] = (),
) -> Outcome:
    """Compare predictions with the truth.

    Args:
        truth: (N,) class indices of the test pictures.
        predicted: (N,) class indices, or (N, C) scores of which the largest counts.
        class_count: C.
        seed: of the training.
        seconds: that it took.
        pictures: how many it was trained on.
        history: what each epoch gave.

    Raises:
        InputError: different numbers of pictures, or an index out of range.
    """
    true, guess = np.asarray(truth, np.int64), np.asarray(predicted)
    if guess.ndim == 2:
        guess = guess.argmax(1)
    if true.ndim != 1 or guess.shape != true.shape:
        raise InputError(
            f"outcome: expected a prediction for each of the test pictures, found {guess.shape} for "
            f"{true.shape}"
        )
    both = np.concatenate([true, guess])
    if len(both) and not 0 <= both.min() <= both.max() < class_count:
        raise InputError(
            f"outcome: expected class indices 0 to {class_count - 1}, found {both.min()} to {both.max()}"
        )
    confusion = np.zeros((class_count, class_count), np.int64)
    np.add.at(confusion, (true, guess.astype(np.int64)), 1)
    totals, right = confusion.sum(1), confusion.diagonal()
    per_class = np.where(totals > 0, right / np.maximum(totals, 1), np.nan)
    accuracy = right.sum() / len(true) if len(true) else math.nan
    return Outcome(float(accuracy), per_class, confusion, seed, seconds, pictures, tuple(history))


@dataclass(frozen=True, eq=False, repr=False)
class Outcomes:
    """The same training with several seeds.

    Attributes:
        runs: one a seed.
        class_names: (C,) in the order of the class indices.
    """

    runs: tuple[Outcome, ...]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", tuple(self.runs))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if not self.runs:
            raise InputError("Outcomes: expected at least one run, found none")
        if any(len(run.per_class) != len(self.class_names) for run in self.runs):
            raise InputError(
                f"Outcomes: expected runs over the {len(self.class_names)} classes that are named, found "
                f"{sorted({len(run.per_class) for run in self.runs})}"
            )

    @property
    def accuracy(self) -> Interval:
        """Accuracy over seeds."""
        return mean_interval([run.accuracy for run in self.runs])

    @property
    def per_class(self) -> list[Interval]:
        """Accuracy of each class over seeds."""
        return [mean_interval(values) for values in _by_class(self.runs).T]

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(C, C) counts summed over seeds; rows are the true classes."""
        return np.sum([run.confusion for run in self.runs], axis=0)

    def gain(self, before: Outcomes) -> Difference:
        """How much higher the accuracy is than that of `before`, seed by seed.

        Raises:
            InputError: the two share no seeds.
        """
        mine, theirs = self._paired(before)
        return paired_difference([run.accuracy for run in mine.runs], [run.accuracy for run in theirs.runs])

    def class_gains(self, before: Outcomes) -> list[Difference]:
        """The same for each class.

        Raises:
            InputError: the two share no seeds, or have other classes.
        """
        mine, theirs = self._paired(before)
        pairs = zip(_by_class(mine.runs).T, _by_class(theirs.runs).T, strict=True)
        return [paired_difference(after, other) for after, other in pairs]

    def to_frame(self) -> pd.DataFrame:
        """A row for all classes together and one a class: class, accuracy, low, high, seeds."""
        import pandas as pd

        rows = [("all", self.accuracy), *zip(self.class_names, self.per_class, strict=True)]
        return pd.DataFrame(
            [(name, each.mean, each.low, each.high, each.count) for name, each in rows],
            columns=["class", "accuracy", "low", "high", "seeds"],
        )

    def __repr__(self) -> str:
        return f"Outcomes(accuracy {self.accuracy}, {len(self.runs)} seeds, {self.runs[0].pictures} pictures)"

    def _repr_html_(self) -> str:
        rows = [("all", self.accuracy), *zip(self.class_names, self.per_class, strict=True)]
        lines = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(str(interval))}</td></tr>" for name, interval in rows
        )
        head = f"<tr><th>class</th><th>accuracy, {len(self.runs)} seeds</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{lines}</tbody></table>"

    def _paired(self, other: Outcomes) -> tuple[Outcomes, Outcomes]:
        """The runs of both whose seeds are shared, in one order."""
        if self.class_names != other.class_names:
            raise InputError(
                f"expected outcomes over the same classes, found {self.class_names} and {other.class_names}"
            )
        mine, theirs = ({run.seed: run for run in each.runs} for each in (self, other))
        seeds = [seed for seed in mine if seed in theirs]
        if not seeds:
            raise InputError(
                f"expected runs with the same seeds, found {sorted(mine)} and {sorted(theirs)}; "
                "run both with one list of seeds"
            )
        return (
            Outcomes(tuple(mine[seed] for seed in seeds), self.class_names),
            Outcomes(tuple(theirs[seed] for seed in seeds), self.class_names),
        )


def _by_class(runs: Sequence[Outcome]) -> NDArray[np.float64]:
    """(S, C) accuracies."""
    return np.stack([run.per_class for run in runs])


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
