"""M2M: one map of pictures and the words that describe them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection.layout import Fit, Schedule
from datacrafter_widget.projection.neighbors import Float32, nearest, unit_rows
from datacrafter_widget.projection.network import ProjectionNetwork
from datacrafter_widget.projection.placement import Ranking, best_places
from datacrafter_widget.projection.targets import Preparation, check_edges, make_targets

Positions = tuple[npt.ArrayLike, npt.ArrayLike]

NEAREST_FITTED = 5
FEWEST_NEIGHBORS = 5


class M2M(BaseEstimator):
    """Contrastive multi-modal projection (DataCrafter, Sec. 5.2.1, Eqs. 5-6).

    A six-layer network carries the features of pictures and of labels to one plane. Three contrastive terms
    keep near pictures near, labels near their pictures, and near labels near; their weights follow from how
    uncertain each term is. Each modality's mean is taken away first, and a label's target blends its own
    pictures with the pictures nearest to it in feature space.

    Beyond the paper, the network's map is refined: positions move freely under the same terms with negatives
    graded by rank, groups are drawn apart, and each label takes the best place on the whole map.

    Args:
        n_neighbors: neighbours of each picture that the map should keep; at most a sixth of the pictures.
        n_epochs: training steps of the network for up to about 1,500 pictures, after several short starts of
            which the best goes on; grows slowly beyond.
        n_refinements: steps of the positions after that.
        label_image_weight: prior weight of labels that look for their pictures.
        image_label_weight: prior weight of pictures that look for their labels.
        label_label_weight: prior weight of labels that look for labels like them.
        nearest_share: share of a label's target on its nearest pictures rather than on its own.
        hardness: how much more a negative counts the farther it is in feature space.
        separation: how far groups are drawn apart at the end; 0 for not at all.
        own_weight: how much a label's own pictures count when it looks for its place.
        learning_rate: peak of the network's one-cycle schedule.
        device: "cpu", "cuda", "mps", or "auto" for the best there is. Up to some ten thousand pictures the
            CPU is as fast.
        random_state: seed; the same seed gives the same map on the same machine.

    Attributes:
        image_positions_: (N, 2) float32, mean 0 and unit spread over the pictures.
        label_positions_: (L, 2) float32, on the same scale.
        network_: the trained network (raw positions, before refinement, centring and scaling).
        task_weights_: what was learned: weight of each label term relative to the picture term's.
        n_features_in_: D.

    Example:
        >>> m2m = M2M(random_state=0).fit(image_features, label_features, edges)  # doctest: +SKIP
        >>> images, labels = m2m.transform(new_image_features, new_label_features)  # doctest: +SKIP
    """

    image_positions_: Float32
    label_positions_: Float32
    network_: ProjectionNetwork
    task_weights_: dict[str, float]
    n_features_in_: int

    def __init__(
        self,
        n_neighbors: int = 30,
        *,
        n_epochs: int = 60,
        n_refinements: int = 200,
        label_image_weight: float = 1.3,
        image_label_weight: float = 1.1,
        label_label_weight: float = 0.02,
        nearest_share: float = 0.7,
        hardness: float = 8.0,
        separation: float = 1.0,
        own_weight: float = 2.5,
        learning_rate: float = 4e-3,
        device: str = "cpu",
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_epochs = n_epochs
        self.n_refinements = n_refinements
        self.label_image_weight = label_image_weight
        self.image_label_weight = image_label_weight
        self.label_label_weight = label_label_weight
        self.nearest_share = nearest_share
        self.hardness = hardness
        self.separation = separation
        self.own_weight = own_weight
        self.learning_rate = learning_rate
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        image_features: npt.ArrayLike,
        label_features: npt.ArrayLike | None = None,
        edges: npt.ArrayLike = (),
        *,
        init: npt.ArrayLike | Positions | None = None,
        progress: Callable[[float], object] | None = None,
    ) -> Self:
        """Learn the map.

        Args:
            image_features: (N, D) features of the pictures; they need not be of unit length.
            label_features: (L, D) features of the labels in the same space; None or (0, D) for none.
            edges: (E, 2) index pairs (picture, label); a picture may have any number of labels.
            init: positions of an earlier map, (N, 2) of the pictures or a pair ((N, 2), (L, 2)) of pictures
                and labels; NaN rows for what is new. The new map starts there and stays close to it.
            progress: called with the finished share, 0 to 1; an exception it raises stops the fit and is
                passed on, and what was fitted before stays as it was.

        Returns:
            Itself, with the attributes that end in `_`.

        Raises:
            InputError: NaN, zero rows, shapes that do not fit, or an edge out of range.
        """
        x = unit_rows(image_features, "image_features")
        v = _labels(label_features, x.shape[1])
        pairs = check_edges(edges, len(x), len(v))
        known = None if init is None else _checked_init(init, len(x), len(v))
        report = progress or (lambda _share: None)
        report(0.0)
        preparation = Preparation.fit(x, v)
        inputs = np.concatenate([preparation.images(x), preparation.labels(v)])
        targets = make_targets(
            x,
            v,
            pairs,
            inputs=inputs[: len(x)],
            n_neighbors=self._neighbors(len(x)),
            nearest_share=self.nearest_share,
            seed=self.random_state,
        )
        report(0.05)
        fit = Fit(inputs, targets, self._schedule(len(x)), report)
        warm = known is not None and np.isfinite(known[: len(x)]).all(axis=1).sum() >= 2
        raw = fit.warm(known) if warm and known is not None else fit.cold()
        frame = _frame(raw, len(x)) if known is None else _frame_like(raw, known, len(x))
        placed = frame.apply(raw)
        self.network_, self.n_features_in_ = fit.network, x.shape[1]
        self.task_weights_ = fit.weights.as_dict()
        self._preparation, self._ranking, self._frame = preparation, targets.ranking, frame
        self._typical_distance = targets.typical_distance
        self._image_offsets = (raw - fit.network.predict(inputs))[: len(x)]
        self.image_positions_, self.label_positions_ = placed[: len(x)], placed[len(x) :]
        report(1.0)
        return self

    def fit_transform(
        self,
        image_features: npt.ArrayLike,
        label_features: npt.ArrayLike | None = None,
        edges: npt.ArrayLike = (),
        *,
        init: npt.ArrayLike | Positions | None = None,
        progress: Callable[[float], object] | None = None,
    ) -> tuple[Float32, Float32]:
        """`fit`, then the positions of pictures (N, 2) and of labels (L, 2)."""
        self.fit(image_features, label_features, edges, init=init, progress=progress)
        return self.image_positions_, self.label_positions_

    def transform(
        self,
        image_features: npt.ArrayLike | None = None,
        label_features: npt.ArrayLike | None = None,
        edges: npt.ArrayLike = (),
    ) -> tuple[Float32, Float32]:
        """Places for new pictures and labels on the fitted map, without changing it.

        Args:
            image_features: (M, D) features of new pictures, or None.
            label_features: (K, D) features of new labels, or None.
            edges: (E, 2) index pairs (fitted picture, new label).

        Returns:
            (M, 2) and (K, 2) float32 positions.

        Raises:
            InputError: the map is not fitted, NaN, zero rows, another D, or an edge out of range.
        """
        self._check_fitted()
        none = np.zeros((0, self.n_features_in_), np.float32)
        images = self.transform_images(none if image_features is None else image_features)
        return images, self.transform_labels(none if label_features is None else label_features, edges)

    def transform_images(self, image_features: npt.ArrayLike) -> Float32:
        """Places for new pictures on the fitted map, without changing it.

        Each goes halfway between the network's answer and its nearest fitted pictures, closer to these the
        nearer they are in feature space: a copy of a fitted picture comes out where that one is.

        Args:
            image_features: (M, D) features.

        Returns:
            (M, 2) float32 positions.

        Raises:
            InputError: the map is not fitted, NaN, zero rows, or another D.
        """
        x = self._new_rows(image_features, "image_features")
        if len(x) == 0:
            return np.zeros((0, 2), np.float32)
        raw = self.network_.predict(self._preparation.images(x))
        fitted = self._ranking.image_features
        if len(fitted) == 0:
            return self._frame.apply(raw)
        index, distance = nearest(x, fitted, NEAREST_FITTED)
        weight = 1 / (distance.astype(np.float64).clip(min=0) + 1e-6) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        raw = raw + (weight[:, :, None] * self._image_offsets[index]).sum(axis=1).astype(np.float32)
        by_neighbors = (weight[:, :, None] * self.image_positions_[index]).sum(axis=1)
        share = 1 - 0.5 * np.minimum(1, distance[:, :1].clip(min=0) / self._typical_distance)
        return np.asarray(share * by_neighbors + (1 - share) * self._frame.apply(raw), np.float32)

    def transform_labels(self, label_features: npt.ArrayLike, edges: npt.ArrayLike = ()) -> Float32:
        """Places for new labels among the fitted pictures, found as in `fit`.

        Args:
            label_features: (K, D) features.
            edges: (E, 2) index pairs (fitted picture, new label).

        Returns:
            (K, 2) float32 positions.

        Raises:
            InputError: the map is not fitted, NaN, zero rows, another D, or an edge out of range.
        """
        v = self._new_rows(label_features, "label_features")
        fitted = self._ranking.image_features
        pairs = check_edges(edges, len(fitted), len(v))
        if len(fitted) < 2 or len(v) == 0:
            return self._frame.apply(self.network_.predict(self._preparation.labels(v)))
        k = self._neighbors(len(fitted))
        ranking = Ranking.of(v, fitted, pairs, k)
        return best_places(self.image_positions_, ranking, n_neighbors=k, own_weight=self.own_weight)

    def _schedule(self, n: int) -> Schedule:
        from datacrafter_widget.models.device import resolve_device

        return Schedule(
            n_neighbors=self._neighbors(n),
            n_epochs=self.n_epochs,
            n_refinements=self.n_refinements,
            priors=(self.label_image_weight, self.image_label_weight, self.label_label_weight),
            hardness=self.hardness,
            separation=self.separation,
            own_weight=self.own_weight,
            learning_rate=self.learning_rate,
            device=resolve_device(self.device),
            seed=self.random_state,
        )

    def _neighbors(self, n: int) -> int:
        """Neighbours to keep: few pictures have fewer that are like them."""
        return min(self.n_neighbors, max(FEWEST_NEIGHBORS, n // 6))

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise InputError("M2M: expected a fitted map, found none. Call fit first.")

    def _new_rows(self, values: npt.ArrayLike, what: str) -> Float32:
        self._check_fitted()
        shape = np.asarray(values).shape
        if len(shape) == 2 and shape[1] != self.n_features_in_:
            raise InputError(
                f"{what}: expected {self.n_features_in_} values a row, found {shape[1]}. "
                "Use the encoder that the map was fitted with."
            )
        return unit_rows(values, what)


def _labels(label_features: npt.ArrayLike | None, dim: int) -> Float32:
    if label_features is None or len(np.asarray(label_features)) == 0:
        return np.zeros((0, dim), np.float32)
    v = unit_rows(label_features, "label_features")
    if v.shape[1] != dim:
        raise InputError(
            f"label_features: expected {dim} values a label, as the pictures have, found {v.shape[1]}. "
            "Encode both with one model."
        )
    return v


@dataclass(frozen=True)
class _Frame:
    """From the network's plane to the map: a similarity."""

    matrix: Float32
    shift: Float32

    def apply(self, raw: Float32) -> Float32:
        return np.ascontiguousarray(raw @ self.matrix + self.shift, dtype=np.float32)


def _frame(raw: Float32, n_images: int) -> _Frame:
    """Pictures (labels where there are none) centred and at unit spread."""
    points = raw[:n_images] if n_images else raw
    if len(points) == 0:
        return _Frame(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    center, spread = points.mean(axis=0), float(np.sqrt(points.var(axis=0).mean()))
    scale = 1 / spread if spread > 1e-6 else 1.0
    return _Frame(np.eye(2, dtype=np.float32) * np.float32(scale), (-scale * center).astype(np.float32))


def _frame_like(raw: Float32, known: Float32, n_images: int) -> _Frame:
    """The similarity that best lays the points with earlier positions onto these (Procrustes)."""
    has = np.isfinite(known).all(axis=1)
    if has.sum() < 2:
        return _frame(raw, n_images)
    a, b = raw[has].astype(np.float64), known[has].astype(np.float64)
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    total = float(((a - mean_a) ** 2).sum())
    if total < 1e-12:
        return _frame(raw, n_images)
    left, size, right = np.linalg.svd((a - mean_a).T @ (b - mean_b))
    matrix = (left @ right) * (float(size.sum()) / total)
    return _Frame(matrix.astype(np.float32), (mean_b - mean_a @ matrix).astype(np.float32))


def _checked_init(init: npt.ArrayLike | Positions, n_images: int, n_labels: int) -> Float32:
    pair = init if isinstance(init, tuple) else (init, np.full((n_labels, 2), np.nan))
    parts = [np.asarray(p, np.float32).reshape(-1, 2) for p in pair]
    if [len(p) for p in parts] != [n_images, n_labels]:
        raise InputError(
            f"init: expected positions of {n_images} pictures and {n_labels} labels (NaN for new ones), "
            f"found {', '.join(str(len(p)) for p in parts)}."
        )
    return np.concatenate(parts)
