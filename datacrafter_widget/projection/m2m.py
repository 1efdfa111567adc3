"""M2M: one map of pictures and the words that describe them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection.neighbors import Float32, nearest, unit_rows
from datacrafter_widget.projection.network import ProjectionNetwork
from datacrafter_widget.projection.targets import Preparation, check_edges, make_targets
from datacrafter_widget.projection.training import Schedule, best_scale, regress, train

Positions = tuple[npt.ArrayLike, npt.ArrayLike]

NEAREST_FITTED = 5
WARM_SHORTER = 4
WARM_SLOWER = 8
WARM_ANCHOR = 0.05


class M2M:
    """Contrastive multi-modal projection (DataCrafter, Sec. 5.2.1, Eqs. 5-6).

    A six-layer network carries the features of pictures and of labels to one plane. Three contrastive terms
    keep near pictures near, labels near their pictures, and near labels near. Each modality's mean is taken
    away first, and a label's target blends its own pictures with the pictures nearest to it in feature space.

    Args:
        n_neighbors: neighbours of each picture that the map should keep.
        n_epochs: training steps for up to about 1,500 pictures; grows with the square root beyond.
        image_label_weight: weight of the term that ties pictures and labels.
        label_label_weight: weight of the term that ties labels to labels.
        nearest_share: share of a label's target on its nearest pictures rather than on its own.
        learning_rate: peak of the one-cycle schedule.
        random_state: seed; the same seed gives the same map on the same machine.

    Attributes:
        image_positions_: (N, 2) float32, mean 0 and unit spread over the pictures.
        label_positions_: (L, 2) float32, on the same scale.
        network_: the trained network (raw positions, before centring and scaling).
        n_features_in_: D.

    Example:
        >>> m2m = M2M(random_state=0).fit(image_features, label_features, edges)  # doctest: +SKIP
        >>> m2m.transform_images(new_features).shape  # doctest: +SKIP
        (3, 2)
    """

    image_positions_: Float32
    label_positions_: Float32
    network_: ProjectionNetwork
    n_features_in_: int

    def __init__(
        self,
        n_neighbors: int = 30,
        *,
        n_epochs: int = 120,
        image_label_weight: float = 0.5,
        label_label_weight: float = 0.1,
        nearest_share: float = 0.7,
        learning_rate: float = 4e-3,
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_epochs = n_epochs
        self.image_label_weight = image_label_weight
        self.label_label_weight = label_label_weight
        self.nearest_share = nearest_share
        self.learning_rate = learning_rate
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
        empty = np.zeros((0, x.shape[1]), np.float32)
        v = (
            empty
            if label_features is None or len(np.asarray(label_features)) == 0
            else unit_rows(label_features, "label_features")
        )
        if v.shape[1] != x.shape[1]:
            raise InputError(
                f"label_features: expected {x.shape[1]} values a label, as the pictures have, found "
                f"{v.shape[1]}. Encode both with one model."
            )
        pairs = check_edges(edges, len(x), len(v))
        known = None if init is None else _checked_init(init, len(x), len(v))
        report = progress or (lambda _share: None)
        report(0.0)
        rng = np.random.default_rng(self.random_state)
        preparation = Preparation.fit(x, v)
        inputs = np.concatenate([preparation.images(x), preparation.labels(v)])
        targets = make_targets(x, v, pairs, n_neighbors=self.n_neighbors, nearest_share=self.nearest_share)
        report(0.05)
        network = ProjectionNetwork(inputs.shape[1], rng)
        schedule = Schedule(
            self.n_epochs, self.learning_rate, self.image_label_weight, self.label_label_weight
        )
        anchors = offset = None
        if known is not None and np.isfinite(known).all(axis=1).sum() >= 2:
            anchors = (known * best_scale(known, targets, rng)).astype(np.float32)
            regress(network, inputs, anchors)
            offset = _offsets(anchors - network.predict(inputs), x, v)
            schedule = replace(
                schedule,
                n_epochs=max(1, self.n_epochs // WARM_SHORTER),
                learning_rate=self.learning_rate / WARM_SLOWER,
                anchor_weight=WARM_ANCHOR,
            )
        train(
            network,
            inputs,
            targets,
            schedule,
            rng,
            offset=offset,
            anchors=anchors,
            progress=lambda share: report(0.05 + 0.95 * share),
        )
        raw = network.predict(inputs)
        if offset is not None:
            raw = raw + offset
        self.network_, self.n_features_in_ = network, x.shape[1]
        self._preparation, self._fitted_images = preparation, x
        _, first = nearest(x, x, 1, skip_same=True)
        self._typical_distance = max(float(np.median(first)), 1e-6) if first.size else 1e-6
        self._image_offsets = None if offset is None else offset[: len(x)]
        self._frame = _frame(raw, len(x)) if known is None else _frame_like(raw, known, len(x))
        placed = self._frame.apply(raw)
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
        if not hasattr(self, "network_"):
            raise InputError("M2M: expected a fitted map, found none. Call fit first.")
        x = np.asarray(image_features)
        if x.ndim == 2 and len(x) == 0:
            return np.zeros((0, 2), np.float32)
        x = unit_rows(image_features, "image_features")
        if x.shape[1] != self.n_features_in_:
            raise InputError(
                f"image_features: expected {self.n_features_in_} values a picture, found {x.shape[1]}. "
                "Use the encoder that the map was fitted with."
            )
        raw = self.network_.predict(self._preparation.images(x))
        if len(self._fitted_images) == 0:
            return self._frame.apply(raw)
        index, distance = nearest(x, self._fitted_images, NEAREST_FITTED)
        weight = 1 / (distance.astype(np.float64).clip(min=0) + 1e-6) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        if self._image_offsets is not None:
            raw = raw + (weight[:, :, None] * self._image_offsets[index]).sum(axis=1).astype(np.float32)
        by_neighbors = (weight[:, :, None] * self.image_positions_[index]).sum(axis=1)
        share = 1 - 0.5 * np.minimum(1, distance[:, :1].clip(min=0) / self._typical_distance)
        return np.asarray(share * by_neighbors + (1 - share) * self._frame.apply(raw), np.float32)


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


def _offsets(residuals: Float32, images: Float32, labels: Float32) -> Float32:
    """Residuals (N + L, 2) with the NaN rows filled from the nearest points of their kind that have one."""
    filled = residuals.copy()
    for x, rows in ((images, slice(0, len(images))), (labels, slice(len(images), None))):
        part = filled[rows]
        has = np.isfinite(part).all(axis=1)
        if has.all():
            continue
        if not has.any():
            part[:] = 0
            continue
        index, distance = nearest(x[~has], x[has], NEAREST_FITTED)
        weight = 1 / (distance + 1e-3)
        weight /= weight.sum(axis=1, keepdims=True)
        part[~has] = (weight[:, :, None] * part[has][index]).sum(axis=1)
    return filled


def _checked_init(init: npt.ArrayLike | Positions, n_images: int, n_labels: int) -> Float32:
    pair = init if isinstance(init, tuple) else (init, np.full((n_labels, 2), np.nan))
    parts = [np.asarray(p, np.float32).reshape(-1, 2) for p in pair]
    if [len(p) for p in parts] != [n_images, n_labels]:
        raise InputError(
            f"init: expected positions of {n_images} pictures and {n_labels} labels (NaN for new ones), "
            f"found {', '.join(str(len(p)) for p in parts)}."
        )
    return np.concatenate(parts)
