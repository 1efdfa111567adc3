"""How much better one prompt's pictures score than another's, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SIGNIFICANCE = 0.05
"""A gain counts when chance alone would show one as large less often than this."""


@dataclass(frozen=True)
class PairedGain:
    """A mean difference of pairs.

    Attributes:
        gain: the mean difference; positive is better.
        standard_error: of the gain; infinite for a single pair.
        p_value: how likely chance alone gives such a gain or a larger one (one-sided paired t-test).
        pairs: how many pairs.
    """

    gain: float
    standard_error: float
    p_value: float
    pairs: int

    def __str__(self) -> str:
        return f"{self.gain:+.2f} ± {self.standard_error:.2f}"


def paired_gain(after: ArrayLike, before: ArrayLike, *, price: float = 0.0) -> PairedGain:
    """Compare two sets of scores pair by pair.

    Args:
        after: (P,) scores.
        before: (P,) scores of the same seeds.
        price: taken from every difference.

    Raises:
        InputError: no pairs, or of different numbers.
    """
    first, second = np.asarray(after, np.float64), np.asarray(before, np.float64)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise InputError(f"expected two equally long lists of scores, found {first.shape} and {second.shape}")
    differences = first - second - price
    count, gain = len(differences), float(differences.mean())
    if count == 1:
        return PairedGain(gain, float("inf"), 0.5, count)
    error = float(differences.std(ddof=1) / np.sqrt(count))
    if error < 1e-12:  # all pairs differ alike
        return PairedGain(gain, 0.0, 0.0 if gain > 0 else 1.0, count)
    from scipy.stats import t

    return PairedGain(gain, error, float(t.sf(gain / error, count - 1)), count)
