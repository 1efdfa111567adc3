"""Which generated pictures hurt: leave a group of them out, and see whether the rest teaches more."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.classifier import predict, train_classifier
from datacrafter_widget.training.intervals import Difference, paired_difference
from datacrafter_widget.training.probe import fit_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.training.classifier import ClassifierSettings
    from datacrafter_widget.training.pictures import Labelled

DRAWN = 0.7  # of each class, for one fit of many
_COLUMNS = ("group", "name", "pictures", "gain", "low", "high", "p_value")


@dataclass(frozen=True)
class GroupEffect:
    """What leaving out one group does.

    Attributes:
        group: its number, such as an iteration or a template.
        pictures: how many were left out.
        gain: in accuracy, without the group against with it, over test pictures. Positive: the group hurts.
    """

    group: int
    pictures: int
    gain: Difference

    @property
    def hurts(self) -> bool:
        """Whether the whole interval is above zero. Of many harmless groups a few look so by chance."""
        return self.gain.low > 0


@dataclass(frozen=True, eq=False, repr=False)
class GroupEffects:
    """What leaving out each group does, the most harmful first.

    Attributes:
        effects: one a group.
        accuracy: with all pictures.
        names: what groups are called, where they have names.
    """

    effects: tuple[GroupEffect, ...]
    accuracy: float
    names: Mapping[int, str]

    def to_frame(self) -> pd.DataFrame:
        """A row a group: group, name, pictures, gain, low, high, p_value."""
        import pandas as pd

        rows = [
            (
                each.group,
                self._name(each),
                each.pictures,
                each.gain.mean,
                each.gain.low,
                each.gain.high,
                each.gain.p_value,
            )
            for each in self.effects
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def __repr__(self) -> str:
        lines = [f"  without {self._name(each)} ({each.pictures}): {each.gain}" for each in self.effects]
        return "\n".join([f"accuracy {self.accuracy:.3f} with all pictures", *lines])

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<tr><th>{escape(self._name(each))}</th><td>{each.pictures}</td><td>{escape(str(each.gain))}</td></tr>"
            for each in self.effects
        )
        head = "<tr><th>left out</th><th>pictures</th><th>gain in accuracy</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{lines}</tbody></table>"

    def _name(self, effect: GroupEffect) -> str:
        return self.names.get(effect.group, str(effect.group))


def leave_groups_out(
    right: Callable[[NDArray[np.bool_]], NDArray[np.float64]],
    groups: ArrayLike,
    *,
    names: Mapping[int, str] | None = None,
    progress: Callable[[float], object] | None = None,
) -> GroupEffects:
    """Train without each group in turn, and compare with a training on all pictures.

    Args:
        right: trains on the rows that a (N,) mask keeps, and gives for each of the T test pictures the share of
            fits that told it right: see `probe_right` and `classifier_right`.
        groups: (N,) the group of each training picture; negative ones (originals) are never left out.
        names: of groups.
        progress: called with the finished share, 0 to 1; may raise.

    Returns:
        An effect a group, with the interval over the test pictures.

    Raises:
        InputError: no group to leave out.
    """
    numbers = np.asarray(groups, np.int64)
    found = np.unique(numbers[numbers >= 0])
    if not len(found):
        raise InputError("leave_groups_out: expected generated pictures in groups, found none")
    told = progress or (lambda _: None)
    whole = right(np.ones(len(numbers), np.bool_))
    effects = []
    for index, group in enumerate(found):
        told((index + 1) / (len(found) + 1))
        gain = paired_difference(right(numbers != group), whole)
        effects.append(GroupEffect(int(group), int((numbers == group).sum()), gain))
    effects.sort(key=lambda each: -each.gain.mean)
    return GroupEffects(tuple(effects), float(np.mean(whole)), names or {})


def probe_right(
    x: ArrayLike,
    y: ArrayLike,
    x_test: ArrayLike,
    y_test: ArrayLike,
    *,
    class_count: int,
    strength: float,
    fits: int = 10,
    seed: int = 0,
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    """A `right` for `leave_groups_out` that fits linear probes on features: quick.

    Each of the fits sees another random 70 % of every class, the same ones with and without a group, so that
    small effects show that one fit would round away.

    Args:
        x: (N, D) features to train on.
        y: (N,) their class indices.
        x_test: (T, D).
        y_test: (T,).
        class_count: C.
        strength: of the L2 penalty, as `fit_probe` chose it on all pictures.
        fits: how many.
        seed: of the draws.
    """
    features, classes = np.asarray(x, np.float64), np.asarray(y, np.int64)
    test, truth = np.asarray(x_test, np.float64), np.asarray(y_test, np.int64)
    order = np.random.default_rng(seed).random((fits, len(classes)))
    drawn = [_lowest_of_each(each, classes) for each in order]

    def right(keep: NDArray[np.bool_]) -> NDArray[np.float64]:
        total = np.zeros(len(truth))
        for rows in drawn:
            kept = rows & keep
            probe = fit_probe(
                features[kept], classes[kept], [], [], class_count=class_count, strengths=(strength,)
            )
            total += probe.predict(test) == truth
        return total / fits

    return right


def classifier_right(
    train: Labelled,
    validation: Labelled,
    test: Labelled,
    class_count: int,
    settings: ClassifierSettings,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    progress: Callable[[float], object] | None = None,
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    """A `right` for `leave_groups_out` that trains a classifier with each seed: slow.

    Args:
        train: N pictures to train on.
        validation: to choose the epoch by.
        test: T pictures.
        class_count: C.
        settings: how to train; give `steps`, so that fewer pictures do not mean fewer steps.
        seeds: of the trainings.
        progress: called with the finished share of each training; may raise.
    """

    def right(keep: NDArray[np.bool_]) -> NDArray[np.float64]:
        total = np.zeros(len(test))
        for seed in seeds:
            trained = train_classifier(
                train.subset(keep), validation, class_count, settings, seed=seed, progress=progress
            )
            total += predict(trained, test).argmax(1) == test.classes
        return total / len(seeds)

    return right


def _lowest_of_each(values: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The rows with the lowest values of each class, rounded up."""
    kept = np.zeros(len(values), np.bool_)
    for each in np.unique(classes):
        rows = np.flatnonzero(classes == each)
        kept[rows[np.argsort(values[rows])[: int(np.ceil(DRAWN * len(rows)))]]] = True
    return kept
