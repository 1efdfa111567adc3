"""The course of a fit: the network learns the map; positions are refined, spread, and labels find their places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datacrafter_widget.projection.batches import DENSE_UP_TO, label_groups, picture_term
from datacrafter_widget.projection.neighbors import Float32, nearest
from datacrafter_widget.projection.network import ProjectionNetwork
from datacrafter_widget.projection.placement import best_places
from datacrafter_widget.projection.refinement import balanced_scale, refine, separate
from datacrafter_widget.projection.targets import Targets, some_targets
from datacrafter_widget.projection.training import regress, train
from datacrafter_widget.projection.weights import UncertaintyWeights

EXAGGERATION = 2.2
EARLY_EXAGGERATION = 16.0
STARTS = 3
START_PICTURES = 512
START_EPOCHS = 50
CONTINUED_RATE = 0.5
REFINING_RATE = 0.05
REFERENCE = 1000
UNGRADED_SHARE = 0.6
WARM_SHORTER = 6
WARM_SLOWER = 5
WARM_ANCHOR = 14.0  # by the map's spread: a move counts as a share of the map
WARM_REGRESSION = 10
NEAREST_KNOWN = 5


@dataclass(frozen=True)
class Schedule:
    """How a fit goes; see the arguments of `M2M`."""

    n_neighbors: int
    n_epochs: int
    n_refinements: int
    priors: tuple[float, float, float]
    hardness: float
    separation: float
    own_weight: float
    learning_rate: float
    device: str
    seed: int


class Fit:
    """One fit, cold or warm; both give raw positions (N + L, 2), of the pictures and then the labels.

    Args:
        inputs: (N + L, inputs) of the network.
        targets: positives.
        schedule: how it goes.
        progress: called with the finished share; may raise.

    Attributes:
        network: trained along the way.
        weights: learned along the way.
    """

    def __init__(
        self, inputs: Float32, targets: Targets, schedule: Schedule, progress: Callable[[float], object]
    ) -> None:
        self._inputs, self._targets, self._schedule, self._progress = inputs, targets, schedule, progress
        self._n = targets.image_image.shape[0]
        # Apple's GPU has no sparse products
        many = self._n > DENSE_UP_TO
        self._device = "cpu" if many and schedule.device == "mps" else schedule.device
        self._rng = np.random.default_rng(schedule.seed)
        self.network = ProjectionNetwork(inputs.shape[1], self._rng, self._device)
        # a neighbourhood's width on the map falls with the root of the pictures: so must what labels move
        a, b, c = schedule.priors
        gentle = min(1.0, (REFERENCE / max(self._n, 1)) ** 0.5)
        self._priors = (gentle * a, gentle * b, gentle * c)
        self.weights = UncertaintyWeights(self._priors)

    def cold(self) -> Float32:
        """From random weights."""
        plan, n = self._schedule, self._n
        self.network = self._best_start()
        train(
            self.network,
            self._inputs,
            self._targets,
            self.weights,
            self._rng,
            n_epochs=plan.n_epochs,
            learning_rate=plan.learning_rate * CONTINUED_RATE,
            exaggeration=EXAGGERATION,
            early_exaggeration=EXAGGERATION,
            progress=lambda share: self._progress(0.2 + 0.35 * share),
        )
        start = self.network.predict(self._inputs)
        if n < 2 or plan.n_refinements == 0:
            return start
        y = refine(
            start,
            n,
            picture_term(self._targets, self._device),
            label_groups(self._targets, self._rng, self._device),
            self.weights.relative,
            steps=self._refinements(),
            learning_rate=REFINING_RATE,
            exaggeration=EXAGGERATION,
            hardness=plan.hardness,
            device=self._device,
            progress=lambda share: self._progress(0.55 + 0.4 * share),
        )
        y[:n] = separate(y[:n], self._targets.image_image, plan.separation)
        y[:n] = _together(y[:n], self._targets.ranking.image_features)
        y[n:] = self._settled(y, None)
        return y

    def _best_start(self) -> ProjectionNetwork:
        """The best of several short trainings on some of the pictures: where groups go is decided early."""
        n, m = self._n, len(self._inputs) - self._n
        some = np.sort(self._rng.permutation(n)[:START_PICTURES])
        inputs = self._inputs[np.concatenate([some, np.arange(n, n + m)])]
        k = max(5, round(self._schedule.n_neighbors * len(some) / max(n, 1)))
        targets = self._targets if len(some) == n else some_targets(self._targets, some, k)
        starts: list[tuple[float, UncertaintyWeights, ProjectionNetwork]] = []

        def report(share: float) -> None:
            self._progress(0.05 + 0.15 * (len(starts) + share) / STARTS)

        for _ in range(STARTS):
            weights = UncertaintyWeights(self._priors)
            network = ProjectionNetwork(inputs.shape[1], self._rng, self._device)
            loss = train(
                network,
                inputs,
                targets,
                weights,
                self._rng,
                n_epochs=START_EPOCHS,
                learning_rate=self._schedule.learning_rate,
                exaggeration=EXAGGERATION,
                early_exaggeration=EARLY_EXAGGERATION,
                progress=report,
            )
            starts.append((loss, weights, network))
        _, self.weights, network = min(starts, key=lambda each: each[0])
        return network

    def warm(self, known: Float32) -> Float32:
        """From an earlier map, staying close to it.

        Args:
            known: (N + L, 2) earlier positions, NaN rows for what is new; at least two pictures are known.
        """
        plan, n = self._schedule, self._n
        pictures = picture_term(self._targets, self._device)
        groups = label_groups(self._targets, self._rng, self._device)
        start = known.copy()
        start[:n] = _filled(known[:n], self._targets.ranking.image_features)
        new_labels = np.logical_not(np.isfinite(known[n:]).all(axis=1))
        if new_labels.any():
            start[n:][new_labels] = self._settled(start, known[n:])[new_labels]
        scale = balanced_scale(
            start[:n], pictures, exaggeration=EXAGGERATION, hardness=plan.hardness, device=self._device
        )
        start *= np.float32(scale)
        y = start
        new = np.concatenate([~np.isfinite(known[:n]).all(axis=1), np.zeros(len(known) - n, bool)])
        anchor = known * np.float32(scale)
        # what is new finds its place among the others first, then all give way a little
        for done, moving, rate in ((0.05, new, REFINING_RATE), (0.5, None, REFINING_RATE / WARM_SLOWER)):
            if moving is not None and not moving.any():
                continue

            def report(share: float, done: float = done) -> None:
                self._progress(done + 0.45 * share)

            y = refine(
                y,
                n,
                pictures,
                groups,
                self.weights.relative,
                steps=max(1, self._refinements() // WARM_SHORTER),
                learning_rate=rate,
                exaggeration=EXAGGERATION,
                hardness=plan.hardness,
                anchor=(anchor, WARM_ANCHOR / max(float(start[:n].std()), 1e-3)),
                moving=moving,
                device=self._device,
                progress=report,
            )
        y[n:] = self._settled(y, np.where(new_labels[:, None], np.nan, y[n:]).astype(np.float32))
        regress(
            self.network, self._inputs, y, self._rng, steps=WARM_REGRESSION, learning_rate=plan.learning_rate
        )
        return y

    def _refinements(self) -> int:
        """Steps of the refinement: without graded negatives, which come in gradually, fewer do."""
        share = 1.0 if self._n <= DENSE_UP_TO else UNGRADED_SHARE
        return round(share * self._schedule.n_refinements)

    def _settled(self, y: Float32, current: Float32 | None) -> Float32:
        """The labels' best places among the pictures of `y`; see `best_places`."""
        if len(y) == self._n:
            return y[self._n :]
        return best_places(
            y[: self._n],
            self._targets.ranking,
            n_neighbors=self._schedule.n_neighbors,
            own_weight=self._schedule.own_weight,
            current=current,
            seed=self._schedule.seed,
        )


def _together(positions: Float32, features: Float32) -> Float32:
    """Positions with copies of one picture in one place: each is pulled by other neighbours, their mean is not."""
    place: dict[bytes, int] = {}
    group = np.array([place.setdefault(row.tobytes(), len(place)) for row in features], np.int64)
    if len(place) == len(features):
        return positions
    count = np.bincount(group)
    mean = np.stack([np.bincount(group, positions[:, axis]) / count for axis in range(2)], axis=1)
    return np.asarray(mean[group], np.float32)


def _filled(positions: Float32, features: Float32) -> Float32:
    """Positions with the NaN rows put among the nearest in feature space of those that are known."""
    filled = positions.copy()
    has = np.isfinite(positions).all(axis=1)
    if not has.all():
        index, distance = nearest(features[~has], features[has], NEAREST_KNOWN)
        weight = 1 / (distance.clip(min=0) + 1e-3) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        filled[~has] = (weight[:, :, None] * positions[has][index]).sum(axis=1)
    return filled
