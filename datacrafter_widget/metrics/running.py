"""Measures that grow with the pictures: what is new is looked at once, and the value is that of all so far.

Each has `update(features)` and `value()`, which equals the function it is named after on all features given so
far. Precision, recall, density and coverage have no such form: one new picture can change what each old one is near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import matrix, pair, unit
from datacrafter_widget.metrics._discrepancy import Kernel, SelfKernel, pair_sum, unbiased
from datacrafter_widget.metrics.cmmd import SCALE, SIGMA, complement
from datacrafter_widget.metrics.diversity import log_softmax
from datacrafter_widget.metrics.frechet import Moments, frechet_of_moments, moments
from datacrafter_widget.metrics.kernel_distance import polynomial, self_polynomial
from datacrafter_widget.metrics.vendi import vendi_of_gram

if TYPE_CHECKING:
    import numpy.typing as npt

    from datacrafter_widget.metrics._check import FloatArray


class RunningMean:
    """The mean of values: of `informativeness`, or of `clip_scores`."""

    def __init__(self) -> None:
        self._count = 0
        self._sum = 0.0

    def update(self, values: npt.ArrayLike) -> None:
        """Add values (N,)."""
        new = np.asarray(values, np.float64)
        self._count += new.size
        self._sum += float(new.sum())

    def value(self) -> float:
        """The mean; NaN without values."""
        return self._sum / self._count if self._count else float("nan")


class RunningDiversity:
    """`diversity` of one set. It keeps two vectors, not the pictures.

    The divergences to a mean that moves need not be added again: the mean of KL(p, q) is the mean of p·log p, less
    the mean p · log q.

    Args:
        temperature: see `diversity`.
    """

    def __init__(self, *, temperature: float = 1.0) -> None:
        if not temperature > 0:
            raise InputError(f"temperature: expected a positive number, found {temperature}.")
        self._temperature = temperature
        self._count = 0
        self._features: FloatArray | float = 0.0
        self._p: FloatArray | float = 0.0
        self._p_log_p = 0.0

    def update(self, features: npt.ArrayLike) -> None:
        """Add pictures, (N, D)."""
        x = matrix(features, "features") / self._temperature
        if not len(x):
            return
        log_p = log_softmax(x)
        p = np.exp(log_p)
        self._count += len(x)
        self._features = self._features + x.sum(axis=0)
        self._p = self._p + p.sum(axis=0)
        self._p_log_p += float((p * log_p).sum())

    def value(self) -> float:
        """The diversity so far; NaN with fewer than two pictures."""
        if self._count < 2:
            return float("nan")
        log_q = log_softmax(np.atleast_2d(self._features) / self._count)[0]
        return max((self._p_log_p - float(np.dot(self._p, log_q))) / self._count, 0.0)


class RunningVendi:
    """`vendi_score` of one set. It keeps a matrix (D, D), not the pictures.

    Args:
        order: see `vendi_score`.
    """

    def __init__(self, *, order: float = 1.0) -> None:
        self._order = order
        self._count = 0
        self._products: FloatArray | float = 0.0

    def update(self, features: npt.ArrayLike) -> None:
        """Add pictures, (N, D)."""
        x = matrix(features, "features")
        if len(x):
            x = unit(x, "features")
            self._count += len(x)
            self._products = self._products + x.T @ x

    def value(self) -> float:
        """The score so far; NaN without pictures."""
        if not self._count:
            return float("nan")
        return vendi_of_gram(np.asarray(self._products) / self._count, order=self._order)


class RunningFrechet:
    """`frechet_distance` of growing pictures to a reference. It keeps moments, not the pictures.

    Args:
        reference: features of the originals (N, D), or their `moments`, kept from before.
    """

    def __init__(self, reference: npt.ArrayLike | Moments) -> None:
        self._reference = reference if isinstance(reference, Moments) else moments(reference)
        width = len(self._reference.mean)
        self._moments = Moments(0, np.zeros(width), np.zeros((width, width)))

    def update(self, features: npt.ArrayLike) -> None:
        """Add pictures, (N, D)."""
        self._moments = self._moments.joined(moments(features))

    def value(self) -> float:
        """The distance so far; NaN with fewer than two pictures of either."""
        return frechet_of_moments(self._reference, self._moments)


class _RunningDiscrepancy:
    """An unbiased maximum mean discrepancy: each new picture is paired with all others once. Keeps the pictures."""

    def __init__(
        self, reference: npt.ArrayLike, kernel: Kernel, self_kernel: SelfKernel, scale: float
    ) -> None:
        self._kernel, self._self_kernel, self._scale = kernel, self_kernel, scale
        self._reference = matrix(reference, "reference")
        self._seen = np.empty((0, self._reference.shape[1]))
        self._within_reference = self._within(self._reference)
        self._within_seen = self._between = 0.0

    def update(self, features: npt.ArrayLike) -> None:
        """Add pictures, (N, D)."""
        new, _ = pair(features, self._reference, ("features", "reference"))
        self._between += self._sum(new, self._reference)
        self._within_seen += self._within(new) + 2 * self._sum(new, self._seen)
        self._seen = np.concatenate([self._seen, new])

    def value(self) -> float:
        """The distance so far; NaN with fewer than two pictures of either."""
        return self._scale * unbiased(
            self._within_reference, self._within_seen, self._between, len(self._reference), len(self._seen)
        )

    def _within(self, rows: FloatArray) -> float:
        return self._sum(rows, rows) - float(self._self_kernel(rows).sum())

    def _sum(self, a: FloatArray, b: FloatArray) -> float:
        return pair_sum(self._kernel, a, b) if len(a) and len(b) else 0.0


class RunningCmmd(_RunningDiscrepancy):
    """`cmmd` of growing pictures to a reference. It keeps the pictures' features.

    Args:
        reference: features of the originals, (N, D).
        sigma: see `cmmd`.
        scale: see `cmmd`.
    """

    def __init__(self, reference: npt.ArrayLike, *, sigma: float = SIGMA, scale: float = SCALE) -> None:
        super().__init__(
            reference, lambda a, b: complement(a, b, sigma), lambda rows: np.zeros(len(rows)), -scale
        )


class RunningKernelDistance(_RunningDiscrepancy):
    """`kernel_distance` of growing pictures to a reference. It keeps the pictures' features.

    Args:
        reference: features of the originals, (N, D).
    """

    def __init__(self, reference: npt.ArrayLike) -> None:
        super().__init__(reference, polynomial, self_polynomial, 1.0)
