"""Pictures on their way into a training: what they are, and which exactly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.training.pictures import Labelled


@dataclass(frozen=True, eq=False)
class Examples:
    """Pictures with their classes, contents, and perhaps features; N of each.

    Attributes:
        pictures: images, class indices, and where they come from.
        contents: content hashes.
        features: (N, D) of the session's encoder; (N, 0) before anyone looked.
    """

    pictures: Labelled
    contents: tuple[str, ...]
    features: NDArray[np.float32]

    def __post_init__(self) -> None:
        if not len(self.pictures) == len(self.contents) == len(self.features):
            raise InputError(
                f"Examples: expected a content and features for each of {len(self.pictures)} pictures, found "
                f"{len(self.contents)} and {len(self.features)}"
            )

    @classmethod
    def of(cls, pictures: Labelled, contents: Sequence[str]) -> Examples:
        """Pictures that nobody has looked at yet."""
        return cls(pictures, tuple(contents), np.zeros((len(pictures), 0), np.float32))

    def __len__(self) -> int:
        return len(self.contents)

    def subset(self, which: ArrayLike) -> Examples:
        """Some of them, by (N,) booleans or by indices."""
        chosen = np.asarray(which)
        rows = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        contents = tuple(self.contents[row] for row in rows)
        return Examples(self.pictures.subset(rows), contents, self.features[rows])

    def joined(self, other: Examples) -> Examples:
        """These, then the others."""
        return Examples(
            self.pictures.joined(other.pictures),
            self.contents + other.contents,
            np.concatenate([self.features, other.features]),
        )

    def looked_at(self, features: NDArray[np.float32]) -> Examples:
        """The same with features (N, D)."""
        return replace(self, features=features)

    def digest(self) -> str:
        """A hash of which pictures they are, of which class, generated or not, and in which order."""
        known = self.pictures
        lines = (
            f"{content} {kind} {int(made)}"
            for content, kind, made in zip(self.contents, known.classes, known.generated, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def drawn(classes: NDArray[np.int64], per_class: int, seed: int) -> NDArray[np.int64]:
    """Positions of at most `per_class` pictures of each class, drawn by chance without replacement.

    With one seed, what a smaller number draws is part of what a larger one does.

    Args:
        classes: (N,) class indices.
        per_class: pictures a class.
        seed: same seed, same pictures.
    """
    chosen = []
    for kind in np.unique(classes):
        own = np.flatnonzero(classes == kind)
        rng = np.random.default_rng([seed, int(kind)])
        chosen.append(own[rng.permutation(len(own))[:per_class]])
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def resampled(pictures: Labelled, seed: int) -> NDArray[np.int64]:
    """As many positions as there are pictures, drawn with replacement.

    Originals and generated pictures of each class are drawn apart. Which originals are drawn depends on nothing
    but the originals and the seed, so that trainings of one seed that share them differ in the others alone.
    """
    chosen = []
    for made in (False, True):
        for kind in np.unique(pictures.classes):
            own = np.flatnonzero((pictures.classes == kind) & (pictures.generated == made))
            rng = np.random.default_rng([seed, int(kind), int(made)])
            chosen.append(own[rng.integers(0, len(own), len(own))] if len(own) else own)
    return np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
