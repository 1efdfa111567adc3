"""The Hessian of the network's training loss: its products with vectors, and those of its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from datacrafter_widget.active.network import Samples, objective
from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from datacrafter_widget.active.network import Network

    FloatArray = NDArray[np.float64]
    Product = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Solver:
    """How the inverse Hessian is multiplied with a vector.

    Attributes:
        method: "cg", conjugate gradients, or "lissa", the stochastic recursion of Agarwal, Bullins and Hazan (JMLR
            2017) that Koh and Liang (ICML 2017) use where even one pass over the training samples is dear.
        damping: added to the Hessian's diagonal, which the weight decay keeps from zero already.
        tolerance: conjugate gradients end when the residual is this share of the vector.
        max_iterations: of either method.
        batch_size: training samples that a step of LiSSA looks at.
        repeats: runs of LiSSA that are averaged.
        seed: of LiSSA's batches.
    """

    method: Literal["cg", "lissa"] = "cg"
    damping: float = 1e-4
    tolerance: float = 1e-4
    max_iterations: int = 1000
    batch_size: int = 32
    repeats: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in {"cg", "lissa"}:
            raise InputError(f"method: expected 'cg' or 'lissa', found {self.method!r}.")
        if self.damping < 0:
            raise InputError(f"damping: expected at least 0, found {self.damping}.")


def hessian_product(network: Network, train: Samples) -> Product:
    """The function from a vector (P,) to the Hessian's product with it (P,), weight decay included.

    The first pass through the network is shared by all products.
    """
    import torch

    _, product = torch.func.vjp(torch.func.grad(objective(network, train)), network.tensor())
    return lambda vector: product(torch.from_numpy(vector))[0].numpy()


def inverse_product(
    network: Network,
    train: Samples,
    vector: FloatArray,
    solver: Solver,
    *,
    start: FloatArray | None = None,
) -> FloatArray:
    """The product of the inverse, damped Hessian of the training loss with a vector.

    Args:
        network: trained on `train`.
        train: samples.
        vector: (P,).
        solver: how.
        start: (P,) a first guess for conjugate gradients.

    Returns:
        (P,).
    """
    if solver.method == "lissa":
        return _lissa(network, train, vector, solver)
    product = hessian_product(network, train)
    return conjugate_gradients(lambda v: product(v) + solver.damping * v, vector, solver, start=start)


def conjugate_gradients(
    product: Product,
    vector: FloatArray,
    solver: Solver,
    *,
    start: FloatArray | None = None,
) -> FloatArray:
    """Solve A x = b for a symmetric matrix that is known by its products.

    Other than SciPy's, it ends at the first direction of negative curvature, with what it has: a network that is not
    quite at its minimum can have some, and steps along it would lead anywhere.

    Args:
        product: (P,) → (P,).
        vector: (P,), b.
        solver: when to end.
        start: (P,) a first guess.
    """
    x = np.zeros_like(vector) if start is None else start.copy()
    residual = vector - product(x) if start is not None else vector.copy()
    enough = solver.tolerance * np.linalg.norm(vector)
    direction, square = np.zeros_like(vector), np.inf
    for _ in range(solver.max_iterations):
        if np.linalg.norm(residual) <= enough:
            break
        last, square = square, float(residual @ residual)
        direction = residual + square / last * direction
        along = product(direction)
        bend = direction @ along
        if bend <= 0:
            break
        x += square / bend * direction
        residual -= square / bend * along
    return x


def _lissa(network: Network, train: Samples, vector: FloatArray, solver: Solver) -> FloatArray:
    """LiSSA: x ← b + (1 - A/s) x on a few training samples a step, averaged over the second half of its steps."""
    rng = np.random.default_rng(solver.seed)
    size = min(solver.batch_size, len(train))
    # A batch can be steeper than the whole; beyond twice 1/s the recursion would diverge.
    scale = 2 * _steepest(hessian_product(network, train), len(vector), rng) + solver.damping
    total = np.zeros_like(vector)
    for _ in range(solver.repeats):
        x = vector / scale
        for step in range(solver.max_iterations):
            rows = rng.choice(len(train), size, replace=False)
            batch = Samples(train.features[rows], train.classes[rows], train.weights[rows])
            along = hessian_product(network, batch)(x) + solver.damping * x
            x = x + (vector - along) / scale
            if step >= solver.max_iterations // 2:
                total += x
    return total / (solver.repeats * (solver.max_iterations - solver.max_iterations // 2))


def _steepest(product: Product, size: int, rng: np.random.Generator) -> float:
    """The largest curvature, by power iteration."""
    vector = rng.standard_normal(size)
    value = 0.0
    for _ in range(20):
        vector = vector / np.linalg.norm(vector)
        vector = product(vector)
        value = float(np.linalg.norm(vector))
    return value
