"""The small network on an encoder's features that queries are synthesised for (GenMQD, Sec. 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NetworkSettings:
    """How the network is built and trained.

    The paper gives neither widths nor decay. An influence function asks for one well-shaped minimum that hardly moves
    when a sample does, which a deep network pulled towards zero doesn't have: its layers shrink together until some
    directions are flat. So this one starts from the features' principal components, without a last layer, and is
    pulled towards its start; on a hundred pictures of the toybox it does as well as a linear probe.

    Attributes:
        hidden: widths of the two hidden layers.
        activation: a smooth one, since the influence needs second derivatives. Softplus is lowered to 0 at 0.
        weight_decay: half of it times the squared distance from the parameters that training starts with is added to
            the mean loss. Features are centred and scaled to length 1, so that it means the same for every encoder.
        gain: logits are so many times what the last layer gives. The larger, the less the layers before it have to
            change (Chizat, Oyallon and Bach, NeurIPS 2019), and the closer the loss is to a convex one.
        tolerance: training ends when no part of the gradient is larger.
        max_iterations: training ends after this many steps in any case.
        seed: of the weights that training starts with, where there are more of them than components.
    """

    hidden: tuple[int, int] = (64, 32)
    activation: Literal["softplus", "tanh"] = "tanh"
    weight_decay: float = 0.03
    gain: float = 30.0
    tolerance: float = 1e-5
    max_iterations: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.hidden) != 2 or min(self.hidden) < 1:
            raise InputError(f"hidden: expected two widths of at least 1, found {self.hidden}.")
        if self.activation not in {"softplus", "tanh"}:
            raise InputError(f"activation: expected 'softplus' or 'tanh', found {self.activation!r}.")
        if self.weight_decay <= 0 or self.gain <= 0:
            raise InputError(
                f"weight_decay, gain: expected more than 0, found {self.weight_decay} and {self.gain}. Without decay "
                "classes that can be told apart have no minimum."
            )


@dataclass(frozen=True, eq=False)
class Samples:
    """Features with their classes.

    Attributes:
        features: (N, D) of an encoder.
        classes: (N,) class indices.
        weights: (N,) how much each counts in training, 1 by default. The loss is divided by N all the same, so
            that a weight of 0 leaves a sample out and changes nothing else.
    """

    features: FloatArray
    classes: NDArray[np.int64]
    weights: FloatArray

    def __init__(self, features: ArrayLike, classes: ArrayLike, weights: ArrayLike | None = None) -> None:
        x, y = np.asarray(features, np.float64), np.asarray(classes)
        w = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
        if x.ndim != 2 or not len(x) or y.shape != x.shape[:1] or w.shape != y.shape:
            raise InputError(
                f"samples: expected features (N, D) of at least one picture, N classes and N weights, found shapes "
                f"{x.shape}, {y.shape} and {w.shape}."
            )
        if not np.issubdtype(y.dtype, np.integer) or y.min() < 0:
            raise InputError(f"samples: expected class indices from 0, found {y.dtype} from {y.min()}.")
        if not (np.isfinite(x).all() and np.isfinite(w).all() and w.min() >= 0 and w.any()):
            raise InputError(
                "samples: expected finite features, and weights of at least 0 that are not all 0. Leave the others "
                "out."
            )
        for name, value in (("features", x), ("classes", y.astype(np.int64)), ("weights", w)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def dim(self) -> int:
        """D, values a picture."""
        return self.features.shape[1]

    def joined(self, features: ArrayLike, class_: int, weight: float) -> Samples:
        """These and one more sample, the last.

        Args:
            features: (D,) of the one more.
            class_: its class index.
            weight: how much it counts.
        """
        return Samples(
            np.vstack([self.features, np.asarray(features)[None]]),
            np.append(self.classes, class_),
            np.append(self.weights, weight),
        )


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network: three layers, (N, D) features → (N, C) logits.

    Attributes:
        parameters: (P,) weight and bias of each layer in turn.
        start: (P,) what training started with, and the decay pulls towards.
        sizes: D, the two hidden widths, C.
        settings: as it was trained.
        centre: (D,) taken from every feature.
        scale: what is left is divided by this: the root mean square length over the training samples.
    """

    parameters: FloatArray
    start: FloatArray
    sizes: tuple[int, int, int, int]
    settings: NetworkSettings
    centre: FloatArray
    scale: float

    def logits(self, features: ArrayLike) -> FloatArray:
        """(N, C) logits of (N, D) features."""
        import torch

        with torch.inference_mode():
            return scores(self, self.tensor(), self.prepared(features)).numpy()

    def predict(self, features: ArrayLike) -> FloatArray:
        """(N, C) class probabilities of (N, D) features."""
        from scipy.special import softmax

        return softmax(self.logits(features), axis=1)

    def loss(self, samples: Samples) -> float:
        """Mean cross-entropy of samples, in nats, without the weight decay."""
        import torch

        with torch.inference_mode():
            return float(sample_losses(self, *self.batch(samples))(self.tensor()).mean())

    def error(self, samples: Samples) -> float:
        """Share of samples that are told wrong."""
        return float((self.logits(samples.features).argmax(1) != samples.classes).mean())

    def tensor(self) -> Tensor:
        """(P,) the parameters for torch."""
        import torch

        return torch.from_numpy(self.parameters)

    def prepared(self, features: ArrayLike) -> Tensor:
        """(N, D) features as the first layer sees them."""
        import torch

        x = np.asarray(features, np.float64)
        if x.ndim != 2 or x.shape[1] != self.sizes[0]:
            raise InputError(
                f"features: expected shape (N, {self.sizes[0]}) as the network was trained on, found {x.shape}."
            )
        return torch.from_numpy((x - self.centre) / self.scale)

    def batch(self, samples: Samples) -> tuple[Tensor, Tensor]:
        """Prepared features (N, D) and classes (N,)."""
        import torch

        if samples.classes.max() >= self.sizes[-1]:
            raise InputError(
                f"samples: expected class indices 0 to {self.sizes[-1] - 1}, found {samples.classes.max()}."
            )
        return self.prepared(samples.features), torch.from_numpy(samples.classes)


def scores(network: Network, parameters: Tensor, x: Tensor) -> Tensor:
    """(N, C) logits of prepared features (N, D) under given parameters (P,); torch can differentiate by both."""
    import torch

    settings = network.settings
    shapes = list(pairwise(network.sizes))
    parts = torch.split(parameters, [n for inputs, outputs in shapes for n in (inputs * outputs, outputs)])
    for layer, shape in enumerate(shapes):
        if layer:
            x = (
                torch.tanh(x)
                if settings.activation == "tanh"
                else torch.nn.functional.softplus(x) - math.log(2)
            )
        x = torch.addmm(parts[2 * layer + 1], x, parts[2 * layer].view(shape))
    return settings.gain * x


def sample_losses(network: Network, x: Tensor, classes: Tensor) -> Callable[[Tensor], Tensor]:
    """The function from parameters (P,) to the cross-entropy of each sample (N,)."""
    import torch

    def losses(parameters: Tensor) -> Tensor:
        return torch.nn.functional.cross_entropy(scores(network, parameters, x), classes, reduction="none")

    return losses


def objective(network: Network, train: Samples) -> Callable[[Tensor], Tensor]:
    """The function from parameters (P,) to what training minimises: weighted mean loss plus weight decay."""
    import torch

    losses = sample_losses(network, *network.batch(train))
    shares, start = torch.from_numpy(train.weights / len(train)), torch.from_numpy(network.start)

    def total(parameters: Tensor) -> Tensor:
        away = parameters - start
        return shares.dot(losses(parameters)) + network.settings.weight_decay / 2 * away.dot(away)

    return total


def fit_network(
    features: ArrayLike,
    classes: ArrayLike,
    class_count: int,
    *,
    settings: NetworkSettings | None = None,
    start: Network | None = None,
    weights: ArrayLike | None = None,
) -> Network:
    """Train the network to a minimum of its loss, in float64 on the CPU; the same seed gives the same network.

    Args:
        features: (N, D) of an encoder.
        classes: (N,) class indices.
        class_count: C; a class may lack samples.
        settings: how; those of `start` by default.
        start: a network trained on nearly the same samples, to go on from. Its centre and scale stay.
        weights: (N,) how much each sample counts; see `Samples`.

    Raises:
        InputError: shapes that don't fit each other or `start`, values that are not finite, indices out of range.
    """
    train = Samples(features, classes, weights)
    if start is None:
        network = _new_network(train, class_count, settings or NetworkSettings())
    else:
        network = start if settings is None else replace(start, settings=settings)
        if (network.sizes[-1], network.sizes[1:3]) != (class_count, network.settings.hidden):
            raise InputError(
                f"start: expected a network of widths {network.settings.hidden} for {class_count} classes, found "
                f"{network.sizes[1:]}. Train a new one."
            )
    return refitted(network, train)


def refitted(network: Network, train: Samples) -> Network:
    """The network, trained on from where it is to the minimum on these samples, by L-BFGS."""
    import torch
    from scipy.optimize import minimize

    loss = objective(network, train)

    def value_and_gradient(parameters: FloatArray) -> tuple[float, FloatArray]:
        theta = torch.from_numpy(parameters).requires_grad_(requires_grad=True)
        value = loss(theta)
        return value.item(), torch.autograd.grad(value, theta)[0].numpy()

    found = minimize(
        value_and_gradient,
        network.parameters,
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": network.settings.max_iterations,
            "maxfun": 2 * network.settings.max_iterations,
            "gtol": network.settings.tolerance,
            "ftol": 0.0,
        },
    )
    return replace(network, parameters=found.x)


def _new_network(train: Samples, class_count: int, settings: NetworkSettings) -> Network:
    """An untrained network that hands the features' principal components on to its last layer, which is zero."""
    counted = train.features[train.weights > 0]
    centre = counted.mean(0)
    scale = float(np.sqrt(((counted - centre) ** 2).sum(1).mean())) or 1.0
    _, lengths, directions = np.linalg.svd((counted - centre) / scale, full_matrices=False)
    rng = np.random.default_rng(settings.seed)
    (first, second), dim = settings.hidden, train.dim
    parts = [
        _filled(directions[lengths > 1e-9].T, (dim, first), rng),
        np.zeros(first),
        _filled(np.eye(first), (first, second), rng),
        np.zeros(second + second * class_count + class_count),
    ]
    start = np.concatenate([each.ravel() for each in parts])
    return Network(start, start, (dim, first, second, class_count), settings, centre, scale)


def _filled(columns: FloatArray, shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """As many columns as the shape asks for: the given ones, then random ones of length 1."""
    random = rng.standard_normal(shape)
    random /= np.linalg.norm(random, axis=0)
    kept = min(columns.shape[1], shape[1])
    random[:, :kept] = columns[:, :kept]
    return random
