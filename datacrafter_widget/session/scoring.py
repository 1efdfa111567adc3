"""Score: how well pictures teach a classifier, told on pictures that it was not taught with."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.metrics.cler import class_means, predicted
from datacrafter_widget.training.intervals import Interval
from datacrafter_widget.training.probe import fit_probe

FOLDS = 5
STRENGTH = 0.01
"""Of the probe's L2 penalty where there are too few originals to choose it by."""
_DRAWS = 4000


class Pictures(NamedTuple):
    """N pictures as a probe takes them.

    Attributes:
        features: (N, D), rows of length 1.
        classes: (N,) indices 0 … C - 1.
        folds: (N,) what is tested in a fold is told by what is trained outside it; -1: outside all.
    """

    features: NDArray[np.float32]
    classes: NDArray[np.int64]
    folds: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "Pictures":
        """Those pictures that `rows` (N,) has True for."""
        return Pictures(self.features[rows], self.classes[rows], self.folds[rows])


class Hits(NamedTuple):
    """Which of T pictures were told right: by a linear probe, and by the nearest mean of a class (CLER)."""

    probe: NDArray[np.bool_]
    cler: NDArray[np.bool_]


def spread_folds(
    families: NDArray[np.int64], classes: NDArray[np.int64], *, seed: int, folds: int = FOLDS
) -> dict[int, int]:
    """A fold for each family, its pictures never parted; none where its class has no other family.

    Args:
        families: (N,) the family of each original.
        classes: (N,) their classes; a family is of the class of its first picture.
        seed: same seed, same folds.
        folds: how many.

    Returns:
        Family → 0 … folds - 1, each class spread evenly over them.
    """
    own, first = np.unique(families, return_index=True)
    chosen: dict[int, int] = {}
    for kind in np.unique(classes):
        mine = own[classes[first] == kind]
        if len(mine) > 1:
            order = np.random.default_rng([seed, int(kind)]).permutation(mine)
            chosen |= {int(family): at % folds for at, family in enumerate(order)}
    return chosen


def score(
    train: Pictures, test: Pictures, class_count: int, strength: float, check: Callable[[], object]
) -> Hits:
    """Which test pictures are told right by what may train for them.

    Args:
        train: what may train: for a picture in a fold all that is not in the same fold.
        test: pictures of some fold each.
        class_count: C.
        strength: of the probe's L2 penalty.
        check: called before each fold; it may raise to stop.
    """
    hits = Hits(np.zeros(len(test.classes), bool), np.zeros(len(test.classes), bool))
    for fold in np.unique(test.folds):
        check()
        rows = test.folds == fold
        taught, asked = train.take(train.folds != fold), test.take(rows)
        if not len(taught.classes):
            continue
        nothing = np.zeros((0, taught.features.shape[1]))
        probe = fit_probe(
            taught.features, taught.classes, nothing, [], class_count=class_count, strengths=(strength,)
        )
        means = class_means(taught.features, taught.classes, class_count)
        hits.probe[rows] = probe.predict(asked.features) == asked.classes
        hits.cler[rows] = predicted(means, asked.features) == asked.classes
    return hits


def best_strength(originals: Pictures, class_count: int, check: Callable[[], object]) -> float:
    """The L2 penalty that tells the originals best when each fold is left out in turn: the folds' median.

    One for all rounds, chosen before any picture was generated: so no round is favoured.
    """
    chosen = []
    for fold in np.unique(originals.folds[originals.folds >= 0]):
        check()
        inside = originals.folds == fold
        taught, asked = originals.take(~inside), originals.take(inside)
        probe = fit_probe(
            taught.features, taught.classes, asked.features, asked.classes, class_count=class_count
        )
        chosen.append(probe.strength)
    return sorted(chosen)[len(chosen) // 2] if chosen else STRENGTH


def share(hits: NDArray[np.bool_]) -> Interval:
    """The share of hits, with its 95 % interval by a bootstrap over the pictures, as in `change`."""
    count = len(hits)
    if not count:
        return Interval(np.nan, np.nan, np.nan, 0)
    likely = (hits.sum() + 1) / (count + 2)
    low, high = np.percentile(np.random.default_rng(0).binomial(count, likely, _DRAWS) / count, [2.5, 97.5])
    mean = float(hits.mean())
    return Interval(mean, min(mean, float(low)), max(mean, float(high)), count)


def change(after: NDArray[np.bool_], before: NDArray[np.bool_]) -> Interval:
    """How much the share of hits rose, with its 95 % interval by a paired bootstrap over the pictures.

    Pictures are drawn with what happened to them: now told right, no longer, or as before. Half a picture more of
    the first two kinds and one of the third are in the urn (Agresti and Min, 2005): that nothing changed for a few
    pictures does not prove that nothing ever will.

    Args:
        after: (T,) which pictures are told right now.
        before: (T,) which were before.
    """
    count = len(after)
    if not count:
        return Interval(np.nan, np.nan, np.nan, 0)
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    urn = np.array([gained + 0.5, lost + 0.5, count - gained - lost + 1]) / (count + 2)
    drawn = np.random.default_rng(0).multinomial(count, urn, _DRAWS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / count, [2.5, 97.5])
    mean, half = (gained - lost) / count, float(high - low) / 2
    return Interval(mean, mean - half, mean + half, count)
