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


class MoreLikeObjective:
    """Diverse, near the selected pictures, confidently the class.

    Eq. 9 is S_div(I^g) + ΣΣ sim(I^g_i, I^s_j) + Σ Confidence(I^g_i), S_div the diversity of Eq. 2. Ours:

    * diversity: Eq. 2 is the mean Kullback-Leibler divergence of the softmaxed embeddings from their mean's.
      For embeddings of unit length that is, but for a factor, the mean squared distance from their mean, which
      does not depend on the encoder's axes; we take this, in doublings of what the class has today. What
      sets the selection apart is left out of it: there the pictures should not differ.
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
        self._spread = max(float(_squared_distances(self._apart.without(own)).mean()), _ALIKE)
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
        """Doublings of the class's spread; a picture's own part tells how far its distance moves the mean."""
        distances = _squared_distances(self._apart.without(features))
        spread = float(distances.mean())
        lowest = self._spread * 2**-LIMIT
        if spread <= lowest:
            return np.full(len(features), -LIMIT)
        doublings = min(np.log2(spread / self._spread), LIMIT)
        return np.asarray(doublings + (distances - spread) / (spread * np.log(2)), np.float64)


def _squared_distances(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P,) squared distances of pictures from their mean."""
    squares: NDArray[np.float64] = ((features - features.mean(0)) ** 2).sum(1)
    return squares
