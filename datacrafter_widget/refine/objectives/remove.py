"""Remove: away from the removed pictures, near the rest of the class, confidently the class (Eq. 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.objectives.terms import (
    Score,
    Standard,
    checked_weights,
    directions,
    distinct,
    probabilities,
    proxy_features,
    unit,
    weigh,
    whitening,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

REMOVE_WEIGHTS = {"away": 1.0, "near": 1.0, "confidence": 0.25}
"""Confidence counts less here: the reason for removing may be that the class's word means two things."""

_SMALLEST_CONFIDENCE_SPREAD = 0.05


class RemoveObjective:
    """Away from the removed pictures, near the rest of the class, confidently the class.

    Eq. 8 is -ΣΣ sim(I^g_i, I^c_j) over the removed + ΣΣ sim(I^g_i, I^c_j) over the others + Σ Confidence(I^g_i);
    the first minus is lost in print (the text says "away from the deleted images"). Ours takes the
    similarities after whitening by the covariance within the removed pictures and within the originals: a
    colour or a scene that varies among both must not pass for the difference between them. The others are
    two groups of equal weight, see `originals`.

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
        self.weights = checked_weights(REMOVE_WEIGHTS, weights)
        away = unit(removed, "removed")
        groups = [away, unit(remaining, "remaining", away.shape[1])]
        if originals is not None:
            groups.append(unit(originals, "originals", away.shape[1]))
        if not len(away) or not sum(map(len, groups[1:])):
            raise InputError(
                "expected at least one removed picture and one other picture of the class, "
                f"found {len(away)} and {sum(map(len, groups[1:]))}; keep some pictures of the class",
            )
        sure = probabilities(confidence, sum(map(len, groups)))
        ends = np.cumsum([len(group) for group in groups])
        parts = np.split(sure, ends[:-1])
        rows = [distinct(group) for group in groups]
        away, *others = [group[kept] for group, kept in zip(groups, rows, strict=True) if len(kept)]
        sure = np.concatenate([part[kept] for part, kept in zip(parts, rows, strict=True)])

        self._centre = np.mean([away.mean(0), np.mean([group.mean(0) for group in others], 0)], 0)
        # What remains may be a mixture with undesired pictures: it serves only for want of originals.
        self._whitening = whitening([away, others[-1]])
        self._away = self._directions(away).mean(0)
        self._near = np.mean([self._directions(group).mean(0) for group in others], 0)
        shares = [np.full(len(away), 0.5 / len(away))]
        shares += [np.full(len(group), 0.5 / len(others) / len(group)) for group in others]
        own = self._raw(np.concatenate([away, *others]), sure)
        smallest = {"confidence": _SMALLEST_CONFIDENCE_SPREAD}
        self._standards = {
            name: Standard.of(values, np.concatenate(shares), smallest=smallest.get(name, 0.0))
            for name, values in own.items()
        }

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies.

        Args:
            proxies: (P, D) embeddings, P ≥ 1.
            confidence: (P,) zero-shot probabilities of the class.
        """
        features = proxy_features(proxies, len(self._centre))
        raw = self._raw(features, probabilities(confidence, len(features)))
        return weigh({name: self._standards[name](values) for name, values in raw.items()}, self.weights)

    def _raw(
        self, features: NDArray[np.float64], sure: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        found = self._directions(features)
        return {"away": -(found @ self._away), "near": found @ self._near, "confidence": sure}

    def _directions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        return directions(features @ self._whitening, self._centre @ self._whitening)
