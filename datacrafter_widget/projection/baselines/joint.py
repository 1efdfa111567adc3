"""What every baseline starts from and ends with: checked unit rows in, two arrays of positions out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection.neighbors import Float32, unit_rows
from datacrafter_widget.projection.targets import check_edges

FEWEST_POINTS = 4


@dataclass(frozen=True, eq=False)
class Joint:
    """Pictures and labels, checked.

    Attributes:
        images: (N, D), rows of length one.
        labels: (L, D), rows of length one.
        edges: (E, 2) distinct index pairs (picture, label).
    """

    images: Float32
    labels: Float32
    edges: npt.NDArray[np.int64]

    @classmethod
    def check(
        cls, image_features: npt.ArrayLike, label_features: npt.ArrayLike, edges: npt.ArrayLike
    ) -> "Joint":
        """From what a user gives.

        Raises:
            InputError: NaN, zero rows, shapes that do not fit, an edge out of range, or fewer than four points.
        """
        images = unit_rows(image_features, "image_features")
        labels = unit_rows(label_features, "label_features")
        if labels.shape[1] != images.shape[1]:
            raise InputError(
                f"label_features: expected {images.shape[1]} values a label, as the pictures have, found "
                f"{labels.shape[1]}. Encode both with one model."
            )
        if len(images) + len(labels) < FEWEST_POINTS or len(images) == 0:
            raise InputError(
                f"fit_transform: expected at least one picture, and {FEWEST_POINTS} pictures and labels "
                f"together, found {len(images)} and {len(labels)}. Add pictures."
            )
        return cls(images, labels, check_edges(edges, len(images), len(labels)))

    @property
    def stacked(self) -> Float32:
        """(N + L, D): the pictures, then the labels."""
        return np.concatenate([self.images, self.labels])

    @property
    def inputs(self) -> Float32:
        """`stacked` for a network: mean 0 and unit variance over all, without telling the modalities apart."""
        centred = self.stacked - self.stacked.mean(axis=0)
        return np.asarray(centred / max(float(centred.std()), 1e-12), np.float32)

    def split(self, positions: npt.ArrayLike) -> tuple[Float32, Float32]:
        """Positions (N + L, 2) of all points as those of the pictures and those of the labels."""
        placed = np.asarray(positions, np.float32)
        return placed[: len(self.images)], placed[len(self.images) :]


class Baseline(ABC):
    """A projection that checks its input first and places all points, labels after pictures, in one go."""

    def fit_transform(
        self, image_features: npt.ArrayLike, label_features: npt.ArrayLike, edges: npt.ArrayLike = ()
    ) -> tuple[Float32, Float32]:
        """Positions of pictures (N, 2) and of labels (L, 2), float32.

        Edges are checked also where a method doesn't use them.

        Raises:
            InputError: see `Joint.check`.
        """
        joint = Joint.check(image_features, label_features, edges)
        return joint.split(self._place(joint))

    @abstractmethod
    def _place(self, joint: Joint) -> npt.ArrayLike:
        """Positions (N + L, 2)."""


def principal(rows: Float32, random_state: int) -> Float32:
    """The first two principal components (N, 2) of rows (N, D)."""
    from sklearn import decomposition

    return np.asarray(decomposition.PCA(2, random_state=random_state).fit_transform(rows), np.float32)
