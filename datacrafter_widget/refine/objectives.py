"""What makes a prompt good: its proxy pictures scored against the feedback (DataCrafter §5.3.1, Eq. 8 and 9).

Pure functions of embeddings and probabilities. Three departures from the printed equations, all for the
same reason, that a weight should mean the same for any encoder, any class and any number of pictures:

* sums are means, so that the number of marked pictures and of proxies does not change the balance;
* the first term of Eq. 8 has its minus sign back (the paper's text says "away from the deleted images");
* every term is standardised on the class's own pictures: 0 is what the class scores today on average, and
  1 is one standard deviation of its pictures. Similarities are taken after removing the class's mean
  embedding, since what all its pictures share says nothing about which of them are wanted. For Eq. 8 the
  embeddings are also whitened by the covariance within the removed pictures and within the originals: a
  colour or a scene that varies among both must not pass for the difference between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

REMOVE_WEIGHTS = {"away": 1.0, "near": 1.0, "confidence": 0.25}
MORE_LIKE_WEIGHTS = {"diversity": 1.0, "near": 1.0, "confidence": 1.0}
"""Confidence counts less for *remove*, whose reason may be that the class's word means two things; for *more
like these* it is what keeps variety within the class."""

_SMALLEST_SPREAD = {"confidence": 0.05}  # a probability that never moves must not drown the other terms
_LIMIT = 4.0  # standard deviations: one freak proxy must not decide
_CONFIDENCE_LIMIT = 8.0  # but variety must not be bought with pictures of another class


@dataclass(frozen=True)
class Score:
    """What a set of proxy pictures scores.

    Attributes:
        total: the weighted sum of the terms; 0 is the class as it is, higher is better.
        terms: each term's mean over the proxies, in standard deviations of the class's pictures, unweighted.
        per_picture: (P,) what each proxy contributes; `total` is its mean.
    """

    total: float
    terms: dict[str, float]
    per_picture: NDArray[np.float64] = field(repr=False)


class Objective(Protocol):
    """Scores proxy pictures; higher is better."""

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score the proxies (P, D) with the zero-shot probabilities (P,) of their class."""


class RemoveObjective:
    """Away from the removed pictures, near the rest of the class, confidently the class (Eq. 8).

    Args:
        removed: (R, D) embeddings of the pictures that were removed, R ≥ 1.
        remaining: (M, D) embeddings of the rest of the class: what was generated and not removed.
        originals: (O, D) embeddings of the class's originals. They are known to be wanted, while what
            remains may hold undesired pictures that nobody has pointed at yet; so each of the two groups
            has half of the weight in the second term, however many pictures it has. M + O ≥ 1.
        confidence: (R + M + O,) zero-shot probabilities of the class for the pictures above, in that order;
            standardises the third term. Without it that term is only centred at 0.5.
        weights: of the terms "away", "near" and "confidence"; those not given keep their default.

    Raises:
        InputError: no removed or no other pictures, arrays that do not fit, or numbers that are not finite.
    """

    def __init__(
        self,
        removed: ArrayLike,
        remaining: ArrayLike,
        originals: ArrayLike | None = None,
        *,
        confidence: ArrayLike | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = _weights(REMOVE_WEIGHTS, weights)
        away = _unit(removed, "removed")
        groups = [_unit(remaining, "remaining", away.shape[1])]
        if originals is not None:
            groups.append(_unit(originals, "originals", away.shape[1]))
        groups = [group for group in groups if len(group)]
        if not len(away) or not groups:
            raise InputError(
                "expected at least one removed picture and one other picture of the class, "
                f"found {len(away)} and {sum(map(len, groups))}; keep some pictures of the class",
            )
        self._centre = np.mean([away.mean(0), np.mean([group.mean(0) for group in groups], 0)], 0)
        # What remains may be a mixture with undesired pictures: it serves only for want of originals.
        self._whitening = _whitening([away, groups[-1]])
        self._away = self._directions(away).mean(0)
        self._near = np.mean([self._directions(group).mean(0) for group in groups], 0)
        everything = np.concatenate([away, *groups])
        shares = [0.5 / len(away)] * len(away)
        for group in groups:
            shares += [0.5 / len(groups) / len(group)] * len(group)
        self._scale = _standards(self._raw(everything, confidence), np.array(shares))

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies.

        Args:
            proxies: (P, D) embeddings, P ≥ 1.
            confidence: (P,) zero-shot probabilities of the class.
        """
        return _score(self._raw(_proxies(proxies, self._centre), confidence), self._scale, self.weights)

    def _raw(
        self, features: NDArray[np.float64], confidence: ArrayLike | None
    ) -> dict[str, NDArray[np.float64]]:
        directions = self._directions(features)
        return {
            "away": -(directions @ self._away),
            "near": directions @ self._near,
            "confidence": _probabilities(confidence, len(features)),
        }

    def _directions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        return _directions(features @ self._whitening, self._centre @ self._whitening)


class MoreLikeObjective:
    """Diverse, near the selected pictures, confidently the class (Eq. 9).

    Args:
        selected: (S, D) embeddings of the pictures to have more of, S ≥ 1.
        reference: (N, D) embeddings of the class's pictures; standardises the terms. N ≥ 1.
        confidence: (N,) zero-shot probabilities of the class for `reference`.
        weights: of the terms "diversity", "near" and "confidence"; those not given keep their default.
        temperature: divides the embeddings before the softmax of Eq. 2. The paper's 1 leaves embeddings of
            unit length nearly uniform; as the term is standardised, this changes its shape little.

    Raises:
        InputError: no pictures, arrays that do not fit, or numbers that are not finite.
    """

    def __init__(
        self,
        selected: ArrayLike,
        reference: ArrayLike,
        *,
        confidence: ArrayLike | None = None,
        weights: Mapping[str, float] | None = None,
        temperature: float = 1.0,
    ) -> None:
        self.weights = _weights(MORE_LIKE_WEIGHTS, weights)
        if not temperature > 0:
            raise InputError(f"expected a temperature above 0, found {temperature}")
        near = _unit(selected, "selected")
        own = _unit(reference, "reference", near.shape[1])
        if not len(near) or not len(own):
            raise InputError(
                f"expected selected pictures and their class's, found {len(near)} and {len(own)}"
            )
        self._temperature = temperature
        self._centre = own.mean(0)
        directions = _directions(near, self._centre)
        self._near = directions.mean(0)
        # The paper asks for pictures "not away" from the selected: nearer than these are themselves is no gain.
        self._nearest = float((directions @ self._near).mean())
        self._scale = _standards(self._raw(own, confidence), np.full(len(own), 1 / len(own)))

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies.

        Args:
            proxies: (P, D) embeddings, P ≥ 2 for a diversity above 0. Compare scores of equal P only.
            confidence: (P,) zero-shot probabilities of the class.
        """
        raw = self._raw(_proxies(proxies, self._centre), confidence)
        return _score(raw, self._scale, self.weights, limits={"confidence": _CONFIDENCE_LIMIT})

    def _raw(
        self, features: NDArray[np.float64], confidence: ArrayLike | None
    ) -> dict[str, NDArray[np.float64]]:
        return {
            "diversity": divergence_from_mean(features, temperature=self._temperature),
            "near": np.minimum(_directions(features, self._centre) @ self._near, self._nearest),
            "confidence": _probabilities(confidence, len(features)),
        }


def divergence_from_mean(features: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """How far each picture is from the set's mean picture: the summands of Eq. 2.

    Args:
        features: (P, D) embeddings.
        temperature: divides them before the softmax.

    Returns:
        (P,) Kullback-Leibler divergences (nats) of each softmaxed embedding from the softmaxed mean's.
    """
    logits = np.asarray(features, np.float64) / temperature
    own = _log_softmax(logits)
    mean = _log_softmax(logits.mean(0, keepdims=True))
    divergence: NDArray[np.float64] = np.maximum((np.exp(own) * (own - mean)).sum(1), 0.0)
    return divergence


# ---- terms -------------------------------------------------------------------------------------------


def _directions(features: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = features - centre
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)


def _whitening(groups: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(D, D) inverse square root of the pooled covariance within groups, shrunk (Ledoit and Wolf, 2004)."""
    from sklearn.covariance import ledoit_wolf

    inside = np.concatenate([group - group.mean(0) for group in groups])
    scale = float(np.sqrt((inside**2).mean()))
    if scale < 1e-6:  # one picture a group, or copies of one
        return np.eye(inside.shape[1])
    covariance, _ = ledoit_wolf(inside / scale, assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    whitening: NDArray[np.float64] = (vectors / np.sqrt(np.maximum(values, 1e-6))) @ vectors.T
    return whitening


def _standards(
    raw: Mapping[str, NDArray[np.float64]],
    shares: NDArray[np.float64],
) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each term over the class's pictures."""
    standards = {}
    for name, values in raw.items():
        mean = float(values @ shares)
        spread = float(np.sqrt((values - mean) ** 2 @ shares))
        # One picture, or pictures that are all alike, have no spread: leave the term in its own units.
        smallest = _SMALLEST_SPREAD.get(name, 0.0)
        standards[name] = (mean, max(spread, smallest) if max(spread, smallest) > 1e-9 else 1.0)
    return standards


def _score(
    raw: Mapping[str, NDArray[np.float64]],
    standards: Mapping[str, tuple[float, float]],
    weights: Mapping[str, float],
    limits: Mapping[str, float] | None = None,
) -> Score:
    per_term = {}
    for name, values in raw.items():
        mean, spread = standards[name]
        limit = (limits or {}).get(name, _LIMIT)
        per_term[name] = np.clip((values - mean) / spread, -limit, limit)
    per_picture = np.sum([weights[name] * values for name, values in per_term.items()], axis=0)
    terms = {name: float(values.mean()) for name, values in per_term.items()}
    return Score(float(per_picture.mean()), terms, per_picture)


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(1, keepdims=True)
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return logs


# ---- what comes in -----------------------------------------------------------------------------------


def _weights(defaults: Mapping[str, float], given: Mapping[str, float] | None) -> dict[str, float]:
    strangers = set(given or ()) - set(defaults)
    if strangers:
        raise InputError(f"expected weights of {sorted(defaults)}, found {sorted(strangers)}")
    return {**defaults, **(given or {})}


def _unit(features: ArrayLike, name: str, dim: int | None = None) -> NDArray[np.float64]:
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


def _proxies(features: ArrayLike, centre: NDArray[np.float64]) -> NDArray[np.float64]:
    proxies = _unit(features, "proxy", len(centre))
    if not len(proxies):
        raise InputError("expected at least one proxy picture, found none")
    return proxies


def _probabilities(confidence: ArrayLike | None, count: int) -> NDArray[np.float64]:
    if confidence is None:
        return np.full(count, 0.5)
    values = np.asarray(confidence, np.float64)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise InputError(
            f"expected {count} finite class probabilities, found an array of shape {values.shape}"
        )
    return values
