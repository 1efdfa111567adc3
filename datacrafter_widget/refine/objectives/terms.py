"""What the objectives are made of: sets of embeddings, directions between them, bounded and weighted terms.

Where all of them depart from the paper's equations, for one reason, that a weight should mean the same for any
encoder, any class and any number of pictures:

* the paper's sums are means, and a picture that is given twice counts once;
* every term is standardised on the class's own pictures: 0 is what the class scores today on average, and 1
  is one standard deviation of its pictures (or one doubling, where a term has no natural zero);
* every term is bounded, so that one freak proxy cannot decide;
* similarities are taken after removing the class's mean embedding, since what all its pictures share says
  nothing about which of them are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

LIMIT = 4.0
"""Bound of a term, in standard deviations."""

CONFIDENCE_LIMIT = 8.0
"""Lower bound of the confidence where nothing else keeps variety from being bought with another class."""

_SMALLEST_CONFIDENCE_SPREAD = 0.1  # a probability that never moves must not drown the other terms
_SMALLEST_SPREAD = 1e-9
_RIDGE = 10.0  # times the mean variance of a dimension


@dataclass(frozen=True)
class Score:
    """What a set of proxy pictures scores.

    Attributes:
        total: the weighted sum of the terms; 0 is the class as it is, higher is better.
        terms: each term's mean over the proxies, unweighted, in units of the class's pictures.
        per_picture: (P,) what each proxy contributes; `total` is its mean.
    """

    total: float
    terms: dict[str, float]
    per_picture: NDArray[np.float64] = field(repr=False)


class Objective(Protocol):
    """Scores proxy pictures; higher is better."""

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score the proxies (P, D) with the zero-shot probabilities (P,) of their class."""


def weigh(values: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]) -> Score:
    """The weighted sum of terms.

    Args:
        values: (P,) what each proxy contributes to each term.
        weights: of the terms; 0 leaves a term out.
    """
    per_picture = np.sum([weights[name] * term for name, term in values.items() if weights[name]], axis=0)
    per_picture = np.broadcast_to(per_picture, next(iter(values.values())).shape)
    terms = {name: float(term.mean()) for name, term in values.items()}
    return Score(float(per_picture.mean()), terms, np.asarray(per_picture, np.float64))


def checked_weights(defaults: Mapping[str, float], given: Mapping[str, float] | None) -> dict[str, float]:
    """The default weights with those given in their place.

    Raises:
        InputError: a term that is not there, or a weight that is not a finite number.
    """
    strangers = set(given or ()) - set(defaults)
    if strangers:
        raise InputError(f"expected weights of {sorted(defaults)}, found {sorted(strangers)}")
    weights = {**defaults, **(given or {})}
    bad = {name: value for name, value in weights.items() if not np.isfinite(value)}
    if bad:
        raise InputError(f"expected finite weights, found {bad}")
    return {name: float(value) for name, value in weights.items()}


# ---- sets of pictures --------------------------------------------------------------------------------


def unit(features: ArrayLike, name: str, dim: int | None = None) -> NDArray[np.float64]:
    """Embeddings (N, D) at unit length; (0, `dim`) when there are none.

    Raises:
        InputError: another shape, or numbers that are not finite.
    """
    array = np.asarray(features, np.float64)
    if array.size == 0:
        return np.zeros((0, dim or 1))
    if array.ndim != 2 or (dim is not None and array.shape[1] != dim):
        raise InputError(f"expected {name} embeddings of shape (N, {dim or 'D'}), found {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(
            f"expected finite {name} embeddings, found NaN or infinity; encode those pictures again"
        )
    return array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9)


def distinct(features: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows (U,) of the first of each group of equal rows (N, D)."""
    if not len(features):
        return np.zeros(0, np.intp)
    return np.sort(np.unique(features, axis=0, return_index=True)[1])


def proxy_features(features: ArrayLike, dim: int) -> NDArray[np.float64]:
    """Proxies (P, D) at unit length, P ≥ 1."""
    proxies = unit(features, "proxy", dim)
    if not len(proxies):
        raise InputError("expected at least one proxy picture, found none")
    return proxies


def probabilities(confidence: ArrayLike | None, count: int) -> NDArray[np.float64]:
    """Class probabilities (`count`,); 0.5 where there are none."""
    if confidence is None:
        return np.full(count, 0.5)
    values = np.asarray(confidence, np.float64)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise InputError(
            f"expected {count} finite class probabilities, found an array of shape {values.shape}"
        )
    return values


# ---- standards ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standard:
    """A term's mean and standard deviation over the class's pictures, and its bounds in the latter."""

    mean: float
    spread: float
    low: float = -LIMIT
    high: float = LIMIT

    @classmethod
    def of(
        cls,
        values: NDArray[np.float64],
        shares: NDArray[np.float64] | None = None,
        *,
        low: float = -LIMIT,
        high: float = LIMIT,
        smallest: float = 0.0,
    ) -> Standard:
        """Learn from values (N,) of the class's pictures; `shares` (N,) sum to 1."""
        weights = np.full(len(values), 1 / len(values)) if shares is None else shares
        mean = float(values @ weights)
        spread = max(float(np.sqrt((values - mean) ** 2 @ weights)), smallest)
        # One picture, or pictures that are all alike, have no spread: leave the term in its own units.
        return cls(mean, spread if spread > _SMALLEST_SPREAD else 1.0, low, high)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standardise and bound."""
        return np.clip((values - self.mean) / self.spread, self.low, self.high)


def sureness(values: NDArray[np.float64], shares: NDArray[np.float64] | None = None) -> Standard:
    """The standard of a confidence that keeps the class: surer than the class is now gains little.

    A tenth of probability costs at most one unit, so that an unusual picture of the class (0.9 instead of
    0.99) may pay for itself while one of another class may not.
    """
    return Standard.of(values, shares, low=-CONFIDENCE_LIMIT, high=1.0, smallest=_SMALLEST_CONFIDENCE_SPREAD)


def directions(features: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors (N, D) from the centre (D,) to the pictures."""
    moved = features - centre
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)


def whitening(groups: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(D, D) inverse square root of the pooled covariance within groups, shrunk (Ledoit and Wolf, 2004)."""
    from sklearn.covariance import ledoit_wolf

    inside = np.concatenate([group - group.mean(0) for group in groups])
    scale = float(np.sqrt((inside**2).mean()))
    if scale < 1e-6:  # one picture a group, or copies of one
        return np.eye(inside.shape[1])
    covariance, _ = ledoit_wolf(inside / scale, assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    inverse_root: NDArray[np.float64] = (vectors / np.sqrt(np.maximum(values, 1e-6))) @ vectors.T
    return inverse_root


@dataclass(frozen=True)
class Apart:
    """What sets some of the class's pictures apart from the rest: one direction, and how far to trust it.

    The direction is the difference of the means, damped where the class varies most anyway (a ridge
    discriminant with a strong ridge: with few pictures, Fisher's full whitening blows up noise). Values along
    it are standardised on the class.

    Attributes:
        centre: (D,) the class's mean.
        direction: (D,) values are `(x - centre) @ direction`; 0 on average over the class.
        pattern: (D,) unit vector along which the pictures themselves differ (the difference of the means).
        most: what the set itself has on average, at most `LIMIT`.
        trust: 0 when the set cannot be told from as many pictures of the class drawn at random, near 1 when it
            clearly can (a positive-part James-Stein factor). Values are multiplied by it.
    """

    centre: NDArray[np.float64]
    direction: NDArray[np.float64]
    pattern: NDArray[np.float64]
    most: float
    trust: float

    @classmethod
    def of(cls, chosen: NDArray[np.float64], reference: NDArray[np.float64]) -> Apart:
        """Learn from the set (S, D), S ≥ 1, and the class's pictures (N, D), which may hold the set."""
        everything = np.concatenate([chosen, reference])
        everything = everything[distinct(everything)]
        chosen = chosen[distinct(chosen)]
        centre = everything.mean(0)
        inside = everything - centre
        difference = chosen.mean(0) - centre
        length = float(np.linalg.norm(difference))
        nothing = cls(centre, np.zeros_like(centre), np.zeros_like(centre), 0.0, 0.0)
        if length < 1e-9 or len(chosen) == len(everything):
            return nothing
        # How far the mean of as many pictures, drawn at random without replacement, would lie from the centre.
        covariance = inside.T @ inside / len(everything)
        by_chance = (1 / len(chosen) - 1 / len(everything)) * len(everything) / (len(everything) - 1)
        expected = by_chance * (np.trace(covariance) + 1.5 * np.sqrt(2 * (covariance**2).sum()))
        trust = max(0.0, 1 - float(expected) / length**2)
        ridge = _RIDGE * float(np.trace(covariance)) / len(covariance)
        direction = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), difference)
        deviation = float((inside @ direction).std())
        if trust <= 0 or deviation < 1e-12:
            return nothing
        direction = direction / deviation
        most = float(((chosen - centre) @ direction).mean())
        return cls(centre, direction, difference / length, min(most, LIMIT), trust)

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (P,) of pictures: what sets the set apart, at most what the set itself has.

        And at least one deviation below the class's mean: in a class that is all alike, any change whatever is
        many deviations away, and must not weigh as if it were the opposite of the set.
        """
        return self.trust * np.clip((features - self.centre) @ self.direction, -1.0, self.most)

    def without(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The pictures less their differences along the pattern, as far as it is trusted."""
        moved = features - self.centre
        return moved - self.trust * np.outer(moved @ self.pattern, self.pattern)
