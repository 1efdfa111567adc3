"""Ratings of editors from blind choices: the Bradley-Terry model, for choices among two or more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PRIOR_DEVIATION = 1.5
"""Standard deviation of ratings before any choice was made: two editors in three are within odds of 4.5 : 1."""

_NORMAL_95 = 1.959964
_MOST_STEPS = 100
_CLOSE = 1e-10


@dataclass(frozen=True)
class Choice:
    """What a person chose of what was shown, without knowing who made it.

    Attributes:
        shown: whose pictures were shown, two or more names; one where the only one was taken or declined.
        chosen: whose picture was chosen; None where the person wanted none of them.
    """

    shown: tuple[str, ...]
    chosen: str | None


@dataclass(frozen=True)
class Rating:
    """How well an editor does.

    Attributes:
        editor: its name.
        rating: natural logarithm of the odds of being chosen; 0 is the mean of all editors and of "none of them",
            and what is expected of an editor that nothing is known of. Of two, the one with a rating higher by d is
            chosen with the probability 1 / (1 + exp(-d)).
        low: lower end of the 95 % interval.
        high: upper end.
        chosen: how often it was chosen.
        shown: how often it could have been.
    """

    editor: str
    rating: float
    low: float
    high: float
    chosen: int
    shown: int


def rate(choices: Sequence[Choice], *, deviation: float = PRIOR_DEVIATION) -> list[Rating]:
    """Rate editors by choices.

    A choice is one among those shown and "none of them", each with a probability in proportion to the exponential of
    its rating (Bradley and Terry 1952; for more than two, Luce 1959). The ratings are the mode of the posterior under
    a normal prior, which keeps them finite after few choices; the intervals come from its curvature there (Laplace).

    Args:
        choices: In any order.
        deviation: Standard deviation of the prior.

    Returns:
        A rating for each editor that was shown, the best first; equal ones by name.

    Raises:
        InputError: What was chosen was not shown, a name is shown twice, or the deviation is not above 0.
    """
    if not deviation > 0:
        raise InputError(f"deviation: expected more than 0, found {deviation!r}")
    for each in choices:
        if len(set(each.shown)) < len(each.shown) or each.chosen not in (None, *each.shown):
            raise InputError(f"expected a choice of one of those shown, each once, found {each}")
    names = sorted({name for each in choices for name in each.shown})
    if not names:
        return []
    column = {name: at for at, name in enumerate(names)}
    none = len(names)
    sets = [np.array([*(column[name] for name in each.shown), none]) for each in choices if each.shown]
    picks = np.array([none if each.chosen is None else column[each.chosen] for each in choices if each.shown])
    found, covariance = _mode(sets, picks, none + 1, deviation**-2)
    half = _NORMAL_95 * np.sqrt(np.diag(covariance))
    ratings = [
        Rating(
            name,
            float(found[at]),
            float(found[at] - half[at]),
            float(found[at] + half[at]),
            int((picks == at).sum()),
            sum(at in each[:-1] for each in sets),
        )
        for name, at in column.items()
    ]
    return sorted(ratings, key=lambda each: -each.rating)


def _mode(
    sets: Sequence[NDArray[np.int64]], picks: NDArray[np.int64], count: int, ridge: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the posterior is highest (count,), and its covariance there, by Newton's method with halved steps."""
    ratings: NDArray[np.float64] = np.zeros(count)

    def loss(at: NDArray[np.float64]) -> float:
        misfit = sum(
            float(np.logaddexp.reduce(at[each]) - at[pick]) for each, pick in zip(sets, picks, strict=True)
        )
        return misfit + ridge / 2 * float(at @ at)

    for _ in range(_MOST_STEPS):
        gradient = ridge * ratings
        curvature = ridge * np.eye(count)
        for each, pick in zip(sets, picks, strict=True):
            share = np.exp(ratings[each] - np.logaddexp.reduce(ratings[each]))
            gradient[each] += share
            gradient[pick] -= 1
            curvature[np.ix_(each, each)] += np.diag(share) - np.outer(share, share)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while loss(ratings - size * step) > loss(ratings) and size > _CLOSE:
            size /= 2
        ratings = ratings - size * step
        if np.abs(size * step).max() < _CLOSE:
            break
    # Only differences can be told from choices; what the prior says of the common level is no one's uncertainty.
    centring = np.eye(count) - 1 / count
    return ratings, np.asarray(centring @ np.linalg.inv(curvature) @ centring, np.float64)
