"""CLIP's modality gap: pictures and texts lie in two cones of one space (Liang et al., NeurIPS 2022).

GenMQD (Sec. 3.3, Eq. 6) takes a picture's embedding for that of its text. Real models keep the two apart, so
here the way from one to the other is explicit: recentring by the means, or projection onto a support memory
of texts (DeCap, Li et al., ICLR 2023, Sec. 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ModalityGap:
    """Where the pictures lie in the space, and where the texts.

    Attributes:
        image_mean: (D,) mean of unit picture features.
        text_mean: (D,) mean of unit text features.
    """

    image_mean: Array
    text_mean: Array

    @classmethod
    def between(cls, image_features: ArrayLike, text_features: ArrayLike) -> Self:
        """Measure it; best on pictures and texts of all classes.

        Args:
            image_features: (N, D), N at least 1.
            text_features: (M, D), M at least 1.

        Raises:
            InputError: no rows, different lengths, or numbers that are none.
        """
        images = unit_rows(image_features, "image_features")
        texts = unit_rows(text_features, "text_features", images.shape[1])
        if not len(images) or not len(texts):
            msg = f"expected one picture and one text or more, found {len(images)} and {len(texts)}"
            raise InputError(msg)
        return cls(images.mean(axis=0), texts.mean(axis=0))

    @property
    def size(self) -> float:
        """Distance of the means: 0 without a gap, about 0.8 for OpenAI's CLIP."""
        return float(np.linalg.norm(self.image_mean - self.text_mean))

    def centre_images(self, features: ArrayLike) -> Array:
        """Picture features (N, D) seen from the pictures' mean, as unit rows: comparable to `centre_texts`."""
        return _unit(unit_rows(features, "features", len(self.image_mean)) - self.image_mean)

    def centre_texts(self, features: ArrayLike) -> Array:
        """Text features (N, D) seen from the texts' mean, as unit rows: comparable to `centre_images`."""
        return _unit(unit_rows(features, "features", len(self.text_mean)) - self.text_mean)

    def as_texts(self, image_features: ArrayLike) -> Array:
        """Picture features (N, D) moved to where texts lie, as unit rows."""
        moved = unit_rows(image_features, "image_features", len(self.image_mean))
        return _unit(moved - self.image_mean + self.text_mean)


def project_onto_memory(
    features: ArrayLike, memory: ArrayLike, *, temperature: float, gap: ModalityGap | None = None
) -> Array:
    """Write picture features as a mean of text embeddings, which lies among the texts by itself (DeCap, Eq. 3).

    Args:
        features: (N, D) of pictures.
        memory: (M, D) of texts, M at least 1.
        temperature: of the softmax over cosines; smaller takes fewer texts.
        gap: recentres both sides before they are compared, so that texts that are near to every picture don't
            stand before the others; None compares them as they are, as DeCap does.

    Returns:
        (N, D), unit rows.

    Raises:
        InputError: shapes that don't fit, or a temperature that is not above 0.
    """
    if not temperature > 0:
        msg = f"temperature: expected a number above 0, found {temperature!r}"
        raise InputError(msg)
    texts = unit_rows(memory, "memory")
    images = unit_rows(features, "features", texts.shape[1])
    if not len(texts):
        msg = "memory: expected one text or more, found none"
        raise InputError(msg)
    cosines = images @ texts.T if gap is None else gap.centre_images(images) @ gap.centre_texts(texts).T
    logits = cosines / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return _unit((weights / weights.sum(axis=1, keepdims=True)) @ texts)


def unit_rows(features: ArrayLike, name: str, dim: int | None = None) -> Array:
    """Features as float64 rows of length 1; a row of zeros stays.

    Raises:
        InputError: not (N, D), of another D, or numbers that are none.
    """
    rows = np.asarray(features, np.float64)
    if rows.ndim != 2 or (dim is not None and rows.shape[1] != dim):
        msg = f"{name}: expected an array of (N, {dim or 'D'}), found shape {rows.shape}"
        raise InputError(msg)
    if not np.isfinite(rows).all():
        msg = f"{name}: expected finite numbers, found some that are none"
        raise InputError(msg)
    return _unit(rows)


def _unit(rows: Array) -> Array:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
