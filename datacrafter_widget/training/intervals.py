"""Means with intervals over seeds, and differences of runs that share their seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_ALIKE = 1e-12  # differences that spread less than this are taken for equal


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its confidence interval.

    Attributes:
        mean: NaN without values.
        low: lower end; NaN with fewer than two values.
        high: upper end; NaN with fewer than two values.
        count: how many values.
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def half_width(self) -> float:
        """What stands after "±"; NaN with fewer than two values."""
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        if math.isnan(self.mean):
            return "none"
        spread = "" if math.isnan(self.low) else f" ± {self.half_width:.3f}"
        return f"{self.mean:.3f}{spread}"


@dataclass(frozen=True)
class Difference(Interval):
    """The mean difference of pairs, positive where the first of each pair is larger.

    Attributes:
        p_value: how likely chance alone gives a mean at least this far from zero (two-sided paired t-test); NaN
            with fewer than two pairs.
    """

    p_value: float

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.mean < 0 or math.isnan(self.mean) else f"+{text}"


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """The mean and its interval by Student's t.

    Args:
        values: (S,) one value a seed; NaN is left out.
        level: of confidence, between 0 and 1.

    Raises:
        InputError: not one dimension, or a level out of range.
    """
    numbers = _numbers(values, "values")
    _check_level(level)
    kept = numbers[~np.isnan(numbers)]
    mean, half, count = _mean(kept, level)
    return Interval(mean, mean - half, mean + half, count)


def paired_difference(after: ArrayLike, before: ArrayLike, level: float = 0.95) -> Difference:
    """How much larger `after` is than `before`, seed by seed (paired t).

    Args:
        after: (S,) one value a seed.
        before: (S,) values of the same seeds, in the same order.
        level: of confidence, between 0 and 1.

    Returns:
        The difference; pairs with a NaN are left out.

    Raises:
        InputError: the two are not equally long lists, or the level is out of range.
    """
    first, second = _numbers(after, "after"), _numbers(before, "before")
    if first.shape != second.shape:
        raise InputError(
            f"paired_difference: expected values of the same seeds, found {len(first)} and {len(second)}. "
            "Run both sides with one list of seeds."
        )
    _check_level(level)
    differences = first - second
    differences = differences[~np.isnan(differences)]
    mean, half, count = _mean(differences, level)
    return Difference(mean, mean - half, mean + half, count, _p_value(differences))


def _numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1:
        raise InputError(f"{what}: expected a list of numbers, one a seed, found shape {numbers.shape}")
    return numbers


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level: expected a number between 0 and 1 such as 0.95, found {level}")


def _mean(values: NDArray[np.float64], level: float) -> tuple[float, float, int]:
    """Mean, half width of its interval, and count."""
    count = len(values)
    if count == 0:
        return math.nan, math.nan, 0
    mean = float(values.mean())
    if count == 1:
        return mean, math.nan, 1
    from scipy.stats import t

    error = float(values.std(ddof=1)) / math.sqrt(count)
    return mean, float(t.ppf((1 + level) / 2, count - 1)) * error, count


def _p_value(differences: NDArray[np.float64]) -> float:
    if len(differences) < 2:
        return math.nan
    if differences.std(ddof=1) < _ALIKE:  # all pairs differ alike
        return 1.0 if abs(differences.mean()) < _ALIKE else 0.0
    from scipy.stats import ttest_1samp

    return float(ttest_1samp(differences, 0.0).pvalue)
