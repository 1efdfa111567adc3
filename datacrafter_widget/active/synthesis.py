"""The features of the picture that would help a class most (GenMQD, Algorithm 1 and Sec. 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.active.curvature import Solver, inverse_product
from datacrafter_widget.active.influence import sample_gradient, validation_gradient
from datacrafter_widget.active.network import Network, NetworkSettings, Samples, fit_network, refitted
from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

_FARTHEST = 2.0  # standard deviations from the class's mean
_FIRST_STRIDE, _LEAST_STRIDE = 0.1, 0.01  # standard deviations
_FINEST_STRIDE = 0.001  # the least one while nothing has lowered the loss
_LEAST_VARIANCE = 1e-12
_LONGER, _SHORTER = 1.3, 0.4


@dataclass(frozen=True)
class SynthesisSettings:
    """How a query is synthesised.

    Attributes:
        steps: at most so many; T in the paper.
        learning_rate: of a plain step, on the gradient as the paper's Eq. 5 gives it; alpha in the paper.
        adaptive: take steps whose length follows the data's spread instead: longer while the validation loss falls,
            taken back when it rises. Features stay as far from the class's mean as its own pictures are, and keep
            their length where all have the same. False is the paper's plain descent.
        refit_every: steps from one training of the network to the next; 1 in the paper.
        weight: how many pictures the query stands for in training.
        network: what is trained.
        solver: of the inverse Hessian's product.
    """

    steps: int = 200
    learning_rate: float = 1e-4
    adaptive: bool = True
    refit_every: int = 5
    weight: float = 1.0
    network: NetworkSettings = field(default_factory=NetworkSettings)
    solver: Solver = field(default_factory=lambda: Solver(tolerance=1e-2))

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("refit_every", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name}: expected at least {least}, found {getattr(self, name)}.")
        if self.learning_rate <= 0 or self.weight <= 0:
            raise InputError(
                f"learning_rate, weight: expected more than 0, found {self.learning_rate} and {self.weight}."
            )


@dataclass(frozen=True, eq=False)
class Query:
    """The features that are asked for.

    Attributes:
        x_star: (D,) what would help.
        start: (D,) the class's mean, where the search began.
        class_: its class index.
        base_loss: validation loss without the query.
        base_error: share of the validation samples told wrong without the query.
        error: the same with it.
    """

    x_star: FloatArray
    start: FloatArray
    losses: FloatArray
    class_: int
    base_loss: float
    base_error: float
    error: float


def expected_gain(query: Query) -> float:
    """How far the validation loss falls, in nats, by training with the query; below 0 when it rises."""
    return query.base_loss - float(query.losses[-1])


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the queries of all classes begin with: make it once with `prepare`.

    Attributes:
        network: trained on the training samples.
        train: the training samples, in coordinates of `basis`, and one more that counts nothing.
        validation: the validation samples, in coordinates of `basis`.
        basis: (D, R), orthonormal; spans all samples.
    """

    network: Network
    train: Samples
    validation: Samples
    basis: FloatArray

    def with_query(self, x: FloatArray, class_: int, weight: float) -> Samples:
        """The training samples with features (R,) of a class in the last place."""
        train = self.train
        return Samples(
            np.vstack([train.features[:-1], x[None]]),
            np.append(train.classes[:-1], class_),
            np.append(train.weights[:-1], weight),
        )


def prepare(
    train: Samples, validation: Samples, class_count: int, *, settings: SynthesisSettings | None = None
) -> Prepared:
    """Train the network that the queries of all classes start from.

    Neither the network nor the gradient of a query ever leaves the span of all samples: so everything is computed in
    coordinates of that span, which loses nothing and is quicker for fewer samples than values.

    Args:
        train: samples.
        validation: samples whose loss counts, of the same encoder.
        class_count: C.
        settings: as for `synthesise`.
    """
    settings = settings or SynthesisSettings()
    if train.dim != validation.dim:
        raise InputError(
            f"validation: expected features of {train.dim} values as in training, found {validation.dim}. Encode "
            "both with the same model."
        )
    if max(train.classes.max(), validation.classes.max()) >= class_count:
        raise InputError(f"samples: expected class indices 0 to {class_count - 1}, found larger ones.")
    basis = _span(np.vstack([train.features, validation.features]))
    # A row that counts nothing keeps the place of the query: the decay weighs the same without it.
    train = _turned(train, basis)
    train = train.joined(train.features[0], 0, 0.0)
    validation = _turned(validation, basis)
    network = fit_network(
        train.features, train.classes, class_count, settings=settings.network, weights=train.weights
    )
    return Prepared(network, train, validation, basis)


def synthesise(
    train: Samples,
    validation: Samples,
    class_: int,
    class_count: int,
    *,
    settings: SynthesisSettings | None = None,
    progress: Callable[[float], object] = lambda _: None,
    prepared: Prepared | None = None,
) -> Query:
    """Find the features which, trained on as one more sample of a class, lower the validation loss most.

    From the class's mean, steps against the gradient of the validation loss (GenMQD, Eq. 5); the paper's Algorithm 1
    adds the gradient as printed, which would raise the loss.

    Args:
        train: samples, some of the class.
        validation: samples whose loss counts; they should cover what the network is to see.
        class_: the class index that is asked for.
        class_count: C.
        settings: how.
        progress: called with the finished share; may raise.
        prepared: of the same samples and settings, by `prepare`; saves training anew for each class.

    Raises:
        InputError: shapes that don't fit, indices out of range, or no training samples of the class.
    """
    settings = settings or SynthesisSettings()
    own = train.features[(train.classes == class_) & (train.weights > 0)]
    if not len(own):
        raise InputError(f"class_: expected a class with training samples, found none of class {class_}.")
    prepared = prepared or prepare(train, validation, class_count, settings=settings)
    start = prepared.basis.T @ own.mean(0)
    search = _Search(prepared, class_, settings, _Region.of(prepared, start))
    end, losses = search.run(progress)
    return Query(
        prepared.basis @ end.x,
        prepared.basis @ start,
        np.array(losses),
        class_,
        prepared.network.loss(prepared.validation),
        prepared.network.error(prepared.validation),
        end.network.error(prepared.validation),
    )


@dataclass(frozen=True, eq=False)
class _Region:
    """Where a class's features can be: around its mean, as far as pictures of a class are from theirs that way."""

    middle: FloatArray
    root: FloatArray  # (R, R) of the covariance within classes
    inverse_root: FloatArray

    @classmethod
    def of(cls, prepared: Prepared, middle: FloatArray) -> _Region:
        from sklearn.covariance import ledoit_wolf

        features = np.vstack([prepared.train.features[:-1], prepared.validation.features])
        classes = np.concatenate([prepared.train.classes[:-1], prepared.validation.classes])
        for class_ in np.unique(classes):
            features[classes == class_] -= features[classes == class_].mean(0)
        covariance, _ = ledoit_wolf(features, assume_centered=True)
        values, vectors = np.linalg.eigh(covariance)
        deviations = np.sqrt(np.maximum(values, _LEAST_VARIANCE))
        return cls(middle, vectors * deviations @ vectors.T, vectors / deviations @ vectors.T)

    def downhill(self, x: FloatArray, gradient: FloatArray, stride: float) -> FloatArray:
        """Features (R,) so many standard deviations further down a gradient, or at the region's border."""
        slope = self.root @ gradient
        u = self.inverse_root @ (x - self.middle)
        u -= stride / max(float(np.linalg.norm(slope)), np.finfo(float).tiny) * slope
        return self.middle + self.root @ u / max(1.0, float(np.linalg.norm(u)) / _FARTHEST)


@dataclass(frozen=True, eq=False)
class _Trained:
    """Features, the network trained with them, its validation loss, and what Eq. 5 needs of it."""

    x: FloatArray
    network: Network
    loss: float
    needed: FloatArray


@dataclass(frozen=True, eq=False)
class _Search:
    prepared: Prepared
    class_: int
    settings: SynthesisSettings
    region: _Region

    def run(self, progress: Callable[[float], object]) -> tuple[_Trained, list[float]]:
        """The end of the descent, and the validation loss after each training on the way."""
        settings = self.settings
        at = self._trained(self.region.middle, None)
        losses, stride, done = [at.loss], _FIRST_STRIDE, 0
        while done < settings.steps and stride > (_LEAST_STRIDE if len(losses) > 1 else _FINEST_STRIDE):
            count = min(settings.refit_every, settings.steps - done)
            then = self._trained(self._moved(at, count, stride), at)
            done += count
            progress(done / settings.steps)
            if settings.adaptive:
                stride *= _LONGER if then.loss < at.loss else _SHORTER
            if then.loss < at.loss or not settings.adaptive:
                at = then
                losses.append(at.loss)
        progress(1.0)
        return at, losses

    def _moved(self, at: _Trained, count: int, stride: float) -> FloatArray:
        """The query some steps further down the gradient (Eq. 5), the network as it is."""
        x = at.x
        for _ in range(count):
            gradient = sample_gradient(at.network, x, self.class_, at.needed)
            if self.settings.adaptive:
                x = self.region.downhill(x, gradient, stride)
            else:
                x = x - self.settings.learning_rate * gradient
        return x

    def _trained(self, x: FloatArray, before: _Trained | None) -> _Trained:
        prepared, settings = self.prepared, self.settings
        with_query = prepared.with_query(x, self.class_, settings.weight)
        near = before.network if before else prepared.network
        network = refitted(near, with_query)
        needed = inverse_product(
            network,
            with_query,
            validation_gradient(network, prepared.validation),
            settings.solver,
            start=before.needed if before else None,
        )
        return _Trained(x, network, network.loss(prepared.validation), needed)


def _span(rows: FloatArray) -> FloatArray:
    """(D, R) orthonormal columns that span the rows (N, D)."""
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[values > 1e-9 * values[0]].T


def _turned(samples: Samples, basis: FloatArray) -> Samples:
    return Samples(samples.features @ basis, samples.classes, samples.weights)
