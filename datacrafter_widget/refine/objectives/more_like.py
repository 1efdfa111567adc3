"""More like these: diverse, near the selected pictures, confidently the class (Eq. 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.objectives.terms import (
    LIMIT,
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

MORE_LIKE_WEIGHTS = {"diversity": 1.0, "near": 2.0, "confidence": 1.0}

_ALIKE = 0.01
"""Least mean squared distance of a class's pictures from their mean: those of copies is no measure."""

_RIDGE = 0.05
"""Spread in a direction that counts, as a part of the class's spread in all directions."""

_DIRECTIONS = 8
"""More directions than these are not expected to be filled, however many pictures there are."""


class MoreLikeObjective:
    """Diverse, near the selected pictures, confidently the class.

    Eq. 9 is S_div(I^g) + ΣΣ sim(I^g_i, I^s_j) + Σ Confidence(I^g_i), S_div the diversity of Eq. 2. Ours:

    * diversity: Eq. 2 is the mean Kullback-Leibler divergence of the softmaxed embeddings from their mean's,
      which for embeddings of unit length is, but for a factor, their mean squared distance from the mean.
      Two kinds of picture that are far apart have as much of that as many different kinds. We take the
      volume instead: the logarithm of the spread in each direction, averaged over as many directions as
      there are pictures, eight at most (log-determinant of the covariance with a ridge, as in determinantal
      point processes: Kulesza and Taskar, 2012). The unit is a doubling of the variance in every direction,
      and 0 what equally many of the class's own pictures have. What sets the selection apart is left out of
      it: there the pictures should not differ.
    * near: the paper asks for pictures "not away from" the selected. A class of pictures that are all alike
      is a thousand deviations away from any change, so plain similarity would forbid all variety. What
      counts is what sets the selection apart from the rest of the class (`Apart`): nothing when it is the
      whole class, or cannot be told from it; and never more than the selected have themselves.
    * confidence: bounded, so that it keeps the class but lets unusual pictures of it pass.

    Args:
        selected: (S, D) embeddings of the pictures to have more of, S ≥ 1.
        reference: (N, D) embeddings of the class's pictures, the selected among them; N ≥ 1.
        confidence: (N,) zero-shot probabilities of the class for `reference`.
        weights: of the terms "diversity", "near" and "confidence"; those not given keep their default.

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
    ) -> None:
        self.weights = checked_weights(MORE_LIKE_WEIGHTS, weights)
        near = unit(selected, "selected")
        own = unit(reference, "reference", near.shape[1])
        if not len(near) or not len(own):
            raise InputError(
                f"expected selected pictures and their class's, found {len(near)} and {len(own)}"
            )
        sure = probabilities(confidence, len(own))
        rows = distinct(own)
        own, sure = own[rows], sure[rows]
        self._apart = Apart.of(near, own)
        moved = self._apart.without(own)
        distances = ((moved - moved.mean(0)) ** 2).sum(1)
        self._ridge = _RIDGE * max(float(distances.mean()), _ALIKE)
        # From the most to the least typical picture: every n-th of them is a fair sample of the class.
        self._own = moved[np.argsort(distances.round(9), kind="stable")]
        self._confidence = sureness(sure)

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies.

        Args:
            proxies: (P, D) embeddings, P ≥ 2 for a diversity above 0. Compare scores of equal P only.
            confidence: (P,) zero-shot probabilities of the class.
        """
        features = proxy_features(proxies, len(self._apart.centre))
        return weigh(
            {
                "diversity": self._diversity(features),
                "near": self._apart(features),
                "confidence": self._confidence(probabilities(confidence, len(features))),
            },
            self.weights,
        )

    def _diversity(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P,) what each picture adds: their mean is the volume, their differences its derivatives."""
        count = len(distinct(features))
        if count < 2:
            return np.full(len(features), -LIMIT)
        volume, parts = _log_volume(self._apart.without(features), self._ridge)
        step = max(1, len(self._own) // count)
        usual = float(np.mean([_log_volume(self._own[first::step], self._ridge)[0] for first in range(step)]))
        directions = min(count - 1, _DIRECTIONS)
        doublings = float(np.clip((volume - usual) / directions, -LIMIT, LIMIT))
        return np.asarray(doublings + parts / directions, np.float64)


def _log_volume(features: NDArray[np.float64], ridge: float) -> tuple[float, NDArray[np.float64]]:
    """Logarithm (base 2) of the volume that pictures (P, D) span, and how each picture's weight changes it."""
    count = len(features)
    moved = features - features.mean(0)
    gram = moved @ moved.T / count
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    leverage = count * (vectors**2 @ (values / (values + ridge)))
    parts: NDArray[np.float64] = (leverage - leverage.mean()) / np.log(2)
    return float(np.log2(1 + values / ridge).sum()), parts
