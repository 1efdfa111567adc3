"""What one training sample does to the validation loss, without training again (GenMQD, Eqs. 1-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.active.curvature import Solver, inverse_product
from datacrafter_widget.active.network import sample_losses, scores
from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.active.network import Network, Samples

    FloatArray = NDArray[np.float64]


def influence_of_removal(
    network: Network, train: Samples, validation: Samples, *, solver: Solver | None = None
) -> FloatArray:
    """The change of the validation loss to be expected when a training sample is left out, for each of them.

    Koh and Liang's influence of a sample (ICML 2017, Eq. 2): the validation gradient times the inverse Hessian times
    the sample's gradient.

    Args:
        network: trained on `train`.
        train: N samples.
        validation: samples whose mean loss counts.
        solver: of the inverse Hessian's product.

    Returns:
        (N,) in nats; above 0 for a sample that helps.
    """
    import torch

    needed = inverse_product(network, train, validation_gradient(network, validation), solver or Solver())
    theta = network.tensor().requires_grad_()
    shares = torch.ones(len(train), dtype=theta.dtype, requires_grad=True)
    losses = sample_losses(network, *network.batch(train))(theta)
    (gradient,) = torch.autograd.grad(shares.dot(losses), theta, create_graph=True)
    (slopes,) = torch.autograd.grad(gradient.dot(torch.from_numpy(needed)), shares)
    return train.weights / len(train) * slopes.numpy()


def perturbation_gradient(
    network: Network,
    x_star: ArrayLike,
    class_: int,
    train: Samples,
    validation: Samples,
    *,
    weight: float = 1.0,
    solver: Solver | None = None,
) -> FloatArray:
    """The gradient of the validation loss with respect to one training sample's features (GenMQD, Eq. 5).

    Unlike in the paper, the sample's share of the training loss is a factor, so that this is the gradient itself:
    what a finite difference between trained networks gives.

    Args:
        network: trained on `train` and the sample.
        x_star: (D,) the sample.
        class_: its class index.
        train: the other samples.
        validation: samples whose mean loss counts.
        weight: how much the sample counts.
        solver: of the inverse Hessian's product.

    Returns:
        (D,) in nats per unit of the features.
    """
    joined = train.joined(x_star, class_, weight)
    needed = inverse_product(network, joined, validation_gradient(network, validation), solver or Solver())
    return sample_gradient(network, x_star, class_, needed) * weight / len(joined)


def validation_gradient(network: Network, validation: Samples) -> FloatArray:
    """(P,) the gradient of the mean validation loss with respect to the parameters."""
    import torch

    losses = sample_losses(network, *network.batch(validation))
    return torch.func.grad(lambda theta: losses(theta).mean())(network.tensor()).numpy()


def sample_gradient(network: Network, x_star: ArrayLike, class_: int, needed: FloatArray) -> FloatArray:
    """The last two factors of Eq. 5: how a sample's pull along given parameters changes with its features.

    Args:
        network: trained.
        x_star: (D,) the sample.
        class_: its class index.
        needed: (P,) the inverse Hessian's product with the validation gradient.

    Returns:
        (D,) minus the derivative of `needed · ∇θ loss(sample)` with respect to the features.
    """
    import torch

    if not 0 <= class_ < network.sizes[-1]:
        raise InputError(f"class_: expected an index from 0 to {network.sizes[-1] - 1}, found {class_}.")
    theta = network.tensor().requires_grad_()
    x = network.prepared(np.asarray(x_star, np.float64)[None]).requires_grad_()
    loss = torch.nn.functional.cross_entropy(scores(network, theta, x), torch.tensor([class_]))
    (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)
    (change,) = torch.autograd.grad(gradient.dot(torch.from_numpy(needed)), x)
    return -change[0].numpy() / network.scale
