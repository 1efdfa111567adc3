"""Operations on two sets of pictures: what both show, or what the first shows without the second.

Not in the paper, whose feedback is on one set (§5.3.1). Both are Eq. 8's similarities taken to what sets each
of the two apart from the rest of the class, bounded by what the set itself has, so that much of the one
cannot pay for lack of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.objectives.terms import (
    Apart,
    Score,
    checked_weights,
    distinct,
    probabilities,
    proxy_features,
    sureness,
    unit,
    weigh,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

COMBINE_WEIGHTS = {"first": 1.0, "second": 1.0, "confidence": 0.5}
WITHOUT_WEIGHTS = {"near": 1.0, "away": 1.0, "confidence": 0.5}


class CombineObjective:
    """Pictures that have what both sets show ("sketches" and "on the beach": sketches on the beach).

    Args:
        first: (A, D) embeddings of one set, A ≥ 1.
        second: (B, D) embeddings of the other, B ≥ 1.
        reference: (N, D) embeddings of the class's pictures, the two sets among them; N ≥ 1.
        confidence: (N,) zero-shot probabilities of the class for `reference`.
        weights: of the terms "first", "second" and "confidence"; those not given keep their default.

    Raises:
        InputError: no pictures, arrays that do not fit, or numbers that are not finite.
    """

    def __init__(
        self,
        first: ArrayLike,
        second: ArrayLike,
        reference: ArrayLike,
        *,
        confidence: ArrayLike | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = checked_weights(COMBINE_WEIGHTS, weights)
        one, other, own, sure = _sets(first, second, reference, confidence)
        self._first, self._second = Apart.of(one, own), Apart.of(other, own)
        self._confidence = sureness(sure)

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies (P, D), P ≥ 1, with the zero-shot probabilities (P,) of their class."""
        features = proxy_features(proxies, len(self._first.centre))
        return weigh(
            {
                "first": self._first(features),
                "second": self._second(features),
                "confidence": self._confidence(probabilities(confidence, len(features))),
            },
            self.weights,
        )


class WithoutObjective:
    """Pictures like the first set, without what the second shows ("on grass", but no cartoons).

    Args:
        first: (A, D) embeddings of the set to have more of, A ≥ 1.
        second: (B, D) embeddings of the set to have none of, B ≥ 1. Pictures in both count for the second only.
        reference: (N, D) embeddings of the class's pictures, the two sets among them; N ≥ 1.
        confidence: (N,) zero-shot probabilities of the class for `reference`.
        weights: of the terms "near", "away" and "confidence"; those not given keep their default.

    Raises:
        InputError: no pictures, arrays that do not fit, numbers that are not finite, or a first set that is
            within the second.
    """

    def __init__(
        self,
        first: ArrayLike,
        second: ArrayLike,
        reference: ArrayLike,
        *,
        confidence: ArrayLike | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = checked_weights(WITHOUT_WEIGHTS, weights)
        one, other, own, sure = _sets(first, second, reference, confidence)
        unwanted = {row.tobytes() for row in other}
        one = np.array([row for row in one if row.tobytes() not in unwanted]).reshape(-1, one.shape[1])
        if not len(one):
            raise InputError("expected pictures in the first set that are not in the second, found none")
        self._near, self._away = Apart.of(one, own), Apart.of(other, own)
        self._confidence = sureness(sure)

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies (P, D), P ≥ 1, with the zero-shot probabilities (P,) of their class."""
        features = proxy_features(proxies, len(self._near.centre))
        return weigh(
            {
                "near": self._near(features),
                "away": -self._away(features),
                "confidence": self._confidence(probabilities(confidence, len(features))),
            },
            self.weights,
        )


def _sets(
    first: ArrayLike, second: ArrayLike, reference: ArrayLike, confidence: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    one = unit(first, "first set's")
    other = unit(second, "second set's", one.shape[1])
    own = unit(reference, "reference", one.shape[1])
    if not len(one) or not len(other) or not len(own):
        raise InputError(
            "expected pictures in both sets and of their class, "
            f"found {len(one)}, {len(other)} and {len(own)}; select some in each"
        )
    sure = probabilities(confidence, len(own))
    rows = distinct(own)
    return one, other, own[rows], sure[rows]
