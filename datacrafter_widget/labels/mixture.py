"""Where a score splits into "has it" and "has it not": two Gaussians of one width, many scores at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

START_SHARES = (0.04, 0.12, 0.3, 0.5, 0.75)
ITERATIONS = 25


@dataclass(frozen=True)
class Split:
    """Mixture of two Gaussians for each column.

    Attributes:
        threshold: (L,) value where the upper one becomes as likely as asked for.
        separation: (L,) distance of the means in units of the common standard deviation.
        share: (L,) weight of the upper one.
        gain: (L,) how much BIC, a value, the second Gaussian gains; above 0 two are better than one.
    """

    threshold: FloatArray
    separation: FloatArray
    share: FloatArray
    gain: FloatArray


def split_columns(values: FloatArray, *, posterior: float = 0.5) -> Split:
    """Fit each column of `values` (N, L) with two Gaussians of one width by expectation-maximisation.

    The common width makes the posterior rise with the value, so that a single threshold is exact. The best of
    several starts by likelihood is taken; nothing is random.

    Args:
        values: (N, L) finite scores; N >= 3.
        posterior: how likely the upper Gaussian has to be at the threshold.

    Returns:
        The fitted split of each column.
    """
    n = len(values)
    center, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    z = (values - center) / spread
    ordered = np.sort(z, axis=0)[::-1]
    best: tuple[FloatArray, ...] | None = None
    for share in START_SHARES:
        count = min(max(round(share * n), 1), n - 1)
        fit = _expectation_maximisation(
            z, ordered[:count].mean(axis=0), ordered[count:].mean(axis=0), count / n
        )
        if best is None:
            best = fit
        else:
            better = fit[-1] > best[-1]
            best = tuple(np.where(better, new, old) for new, old in zip(fit, best, strict=True))
    assert best is not None
    high, low, variance, weight, likelihood = best
    gap = np.maximum(high - low, 1e-9)
    odds = np.log((1 - weight) / weight) + np.log(posterior / (1 - posterior))
    threshold = (high + low) / 2 + variance * odds / gap
    single = -0.5 * n * (np.log(2 * np.pi) + 1)
    return Split(
        threshold=center + spread * threshold,
        separation=gap / np.sqrt(variance),
        share=weight,
        gain=(2 * (likelihood - single) - 2 * np.log(n)) / n,
    )


def _expectation_maximisation(
    z: FloatArray, high: FloatArray, low: FloatArray, share: float
) -> tuple[FloatArray, ...]:
    weight = np.full(z.shape[1], share)
    variance = np.full(z.shape[1], 0.3)
    likelihood = np.full(z.shape[1], -np.inf)
    for _ in range(ITERATIONS):
        log_high = np.log(weight) - (z - high) ** 2 / (2 * variance)
        log_low = np.log1p(-weight) - (z - low) ** 2 / (2 * variance)
        total = np.logaddexp(log_high, log_low)
        likelihood = total.sum(axis=0) - 0.5 * len(z) * np.log(2 * np.pi * variance)
        upper = np.exp(log_high - total)
        mass = upper.sum(axis=0)
        rest = len(z) - mass
        high = (upper * z).sum(axis=0) / np.maximum(mass, 1e-9)
        low = ((1 - upper) * z).sum(axis=0) / np.maximum(rest, 1e-9)
        variance = np.maximum((upper * (z - high) ** 2 + (1 - upper) * (z - low) ** 2).mean(axis=0), 0.01)
        weight = np.clip(mass / len(z), 0.5 / len(z), 1 - 0.5 / len(z))
    return high, low, variance, weight, likelihood
