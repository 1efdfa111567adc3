"""Transform ("these, but at night"): the selection's content, moved along a direction of text.

Not in the paper, which leaves transforming out because its users would have to edit pictures. Here a wish in
words moves them. The direction is that of StyleGAN-NADA (Gal et al., 2022, Eq. 2) and StyleCLIP (Patashnik et
al., 2021, Sec. 6): from the text of the class to the text of the class with the wish. Differences of texts are
compared with differences of pictures, so that the gap between CLIP's texts and pictures cancels. Where a person has
edited some of the pictures as they wish them, the direction is half-way between that of the texts and the one from the
pictures to what became of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.objectives.terms import (
    LIMIT,
    Score,
    Standard,
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

TRANSFORM_WEIGHTS = {"moved": 1.0, "kept": 0.5, "confidence": 0.5}

_ALIKE = 0.01
_FURTHEST = 2.0  # doublings of the distance after which content is as lost as it can be


class TransformObjective:
    """Near the selection in content, moved along the text direction, confidently the class.

    * moved: how far a picture lies along target - source, from the selection's mean, in standard deviations
      of the class's pictures; bounded.
    * kept: how near it is to the selection's mean once that direction is taken out, in halvings of the class's
      mean squared distance; bounded both ways, as every wish changes more than its own direction.
    * confidence: that of the class.

    Args:
        selected: (S, D) embeddings of the pictures to transform, S ≥ 1.
        reference: (N, D) embeddings of the class's pictures, N ≥ 1.
        source: (D,) text embedding of a prompt for the class.
        target: (D,) text embedding of the same prompt with the wish.
        confidence: (N,) zero-shot probabilities of the class for `reference`.
        edited: (E, D) embeddings of what some of the pictures became when they were edited as is wished; none by
            default.
        weights: of the terms "moved", "kept" and "confidence"; those not given keep their default.

    Raises:
        InputError: no pictures, arrays that do not fit, numbers that are not finite, or a wish that does not
            move the text.
    """

    def __init__(
        self,
        selected: ArrayLike,
        reference: ArrayLike,
        source: ArrayLike,
        target: ArrayLike,
        *,
        confidence: ArrayLike | None = None,
        edited: ArrayLike | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = checked_weights(TRANSFORM_WEIGHTS, weights)
        near = unit(selected, "selected")
        own = unit(reference, "reference", near.shape[1])
        if not len(near) or not len(own):
            raise InputError(
                f"expected selected pictures and their class's, found {len(near)} and {len(own)}"
            )
        texts = [
            unit(np.asarray(each, np.float64).reshape(1, -1), name, near.shape[1])[0]
            for each, name in ((source, "source text"), (target, "target text"))
        ]
        moved = texts[1] - texts[0]
        length = float(np.linalg.norm(moved))
        if length < 1e-6:
            raise InputError(
                "expected a wish that changes the prompt's meaning, found one that the encoder reads as no "
                "change; say it in other words"
            )
        sure = probabilities(confidence, len(own))
        rows = distinct(own)
        own, sure = own[rows], sure[rows]
        self._centre = near[distinct(near)].mean(0)
        self._direction = _with_edited(moved / length, self._centre, edited)
        along = (own - self._centre) @ self._direction
        self._moved = Standard(0.0, Standard.of(along).spread)
        self._spread = max(float(self._distances(own).mean()), _ALIKE)
        self._confidence = sureness(sure)

    def score(self, proxies: ArrayLike, confidence: ArrayLike) -> Score:
        """Score proxies.

        Args:
            proxies: (P, D) embeddings, P ≥ 1.
            confidence: (P,) zero-shot probabilities of the class.
        """
        features = proxy_features(proxies, len(self._centre))
        halvings = -np.log2(np.maximum(self._distances(features) / self._spread, 2**-LIMIT))
        return weigh(
            {
                "moved": self._moved((features - self._centre) @ self._direction),
                "kept": np.clip(halvings, -_FURTHEST, 0.0),
                "confidence": self._confidence(probabilities(confidence, len(features))),
            },
            self.weights,
        )

    def _distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P,) squared distances from the selection's mean, the text direction taken out."""
        moved = features - self._centre
        moved = moved - np.outer(moved @ self._direction, self._direction)
        squares: NDArray[np.float64] = (moved**2).sum(1)
        return squares


def _with_edited(
    direction: NDArray[np.float64], centre: NDArray[np.float64], edited: ArrayLike | None
) -> NDArray[np.float64]:
    """The text direction (D,), or half-way between it and that from the pictures' mean to the edited ones'."""
    shown = np.empty((0, len(centre))) if edited is None else unit(edited, "edited", len(centre))
    if not len(shown):
        return direction
    moved = shown[distinct(shown)].mean(0) - centre
    both = direction + moved / max(float(np.linalg.norm(moved)), _ALIKE)
    length = float(np.linalg.norm(both))
    return both / length if length > _ALIKE else direction
