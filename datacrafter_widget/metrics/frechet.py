"""Fréchet distance between two sets of pictures: FID's formula on any features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, matrix, pair


@dataclass(frozen=True)
class Moments:
    """What the Fréchet distance knows of a set of features; small enough to be kept for a reference set.

    Attributes:
        count: pictures.
        mean: (D,).
        scatter: (D, D) sum of the products of what is above the mean; the covariance times `count` - 1.
    """

    count: int
    mean: FloatArray
    scatter: FloatArray

    def joined(self, other: Moments) -> Moments:
        """The moments of both sets together (Chan et al., 1979)."""
        _of_one_encoder(self, other)
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        step = other.mean - self.mean
        return Moments(
            count,
            self.mean + step * (other.count / count),
            self.scatter + other.scatter + np.outer(step, step) * (self.count * other.count / count),
        )


def moments(features: npt.ArrayLike) -> Moments:
    """Count, mean and scatter of features (N, D)."""
    x = matrix(features, "features")
    mean = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
    centred = x - mean
    return Moments(len(x), mean, centred.T @ centred)


def frechet_distance(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """The squared Fréchet distance between Gaussians fitted to two sets of features.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (NeurIPS 2017), Eq. 6:
    |m₁ - m₂|² + tr(S₁ + S₂ - 2(S₁S₂)^½). On Inception's 2048 pooled features this is FID. It falls with the number
    of pictures (Chong and Forsyth, CVPR 2020): compare sets of one size only.

    The root's trace is the sum of the singular values of F₁F₂ᵀ for factors S = FᵀF, which are the centred features
    themselves: no root of a matrix is taken, and fewer pictures than dimensions do no harm.

    Args:
        x: features of the originals, (N, D).
        y: features of the generated pictures, (M, D).

    Returns:
        The distance, 0 or more; NaN when either set has fewer than two pictures.

    Raises:
        InputError: D differs, or values are not finite.
    """
    first, second = pair(x, y)
    if len(first) < 2 or len(second) < 2:
        return float("nan")
    means = first.mean(axis=0), second.mean(axis=0)
    return _distance(*means, _factor(first - means[0]), _factor(second - means[1]))


def frechet_of_moments(x: Moments, y: Moments) -> float:
    """`frechet_distance` of two sets of which only the moments are known."""
    _of_one_encoder(x, y)
    if x.count < 2 or y.count < 2:
        return float("nan")
    return _distance(x.mean, y.mean, _root(x), _root(y))


def _of_one_encoder(x: Moments, y: Moments) -> None:
    if x.mean.shape != y.mean.shape:
        raise InputError(
            f"moments: expected features of one encoder, found {len(x.mean)} and {len(y.mean)} values a picture."
            " Encode both sets with the same model."
        )


def _distance(mean_x: FloatArray, mean_y: FloatArray, factor_x: FloatArray, factor_y: FloatArray) -> float:
    cross = float(np.linalg.svd(factor_x @ factor_y.T, compute_uv=False).sum())
    spread = float((factor_x**2).sum() + (factor_y**2).sum())
    return max(float(((mean_x - mean_y) ** 2).sum()) + spread - 2 * cross, 0.0)


def _factor(centred: FloatArray) -> FloatArray:
    """F (min(N, D), D) of which FᵀF is the covariance."""
    scaled = centred / np.sqrt(len(centred) - 1)
    return np.asarray(np.linalg.qr(scaled, mode="r")) if len(scaled) > scaled.shape[1] else scaled


def _root(of: Moments) -> FloatArray:
    """F (D, D) of which FᵀF is the covariance."""
    values, vectors = np.linalg.eigh(of.scatter / (of.count - 1))
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))).T)
