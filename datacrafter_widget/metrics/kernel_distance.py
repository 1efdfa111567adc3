"""Kernel distance between two sets of pictures: KID's formula on any features."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import FloatArray, pair
from datacrafter_widget.metrics._discrepancy import pair_sum, unbiased


class KernelDistance(NamedTuple):
    """KID over subsets: the `mean`, and the standard deviation `std` between subsets."""

    mean: float
    std: float


def kernel_distance(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """The unbiased squared maximum mean discrepancy with KID's kernel, over all pictures.

    Bińkowski et al., "Demystifying MMD GANs" (ICLR 2018): the kernel is (x·y / D + 1)³. On Inception's 2048
    pooled features this is KID; on others it is the same distance, on another scale.

    Args:
        x: features of the originals, (N, D).
        y: features of the generated pictures, (M, D).

    Returns:
        The distance, a little below zero at times when both sets come from one distribution; NaN when either set
        has fewer than two pictures.

    Raises:
        InputError: D differs, or values are not finite.
    """
    first, second = pair(x, y)
    return unbiased(
        _within(first), _within(second), pair_sum(polynomial, first, second), len(first), len(second)
    )


def subset_kernel_distance(
    x: npt.ArrayLike, y: npt.ArrayLike, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """KID as it is usually reported: over random subsets, so that sets of any size can be compared.

    Args:
        x: features of the originals, (N, D).
        y: features of the generated pictures, (M, D).
        subsets: how many are drawn of either set.
        subset_size: pictures of a subset, drawn without replacement.
        seed: of the draws.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        InputError: D differs, values are not finite, or a set is smaller than a subset.
    """
    first, second = pair(x, y)
    fewest = min(len(first), len(second))
    if not 2 <= subset_size <= fewest or subsets < 1:
        raise InputError(
            f"subset_size, subsets: expected 2 to {fewest} pictures (the smaller set) and 1 subset or more, found "
            f"{subset_size} and {subsets}."
        )
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(subsets):
        a = first[rng.choice(len(first), subset_size, replace=False)]
        b = second[rng.choice(len(second), subset_size, replace=False)]
        values.append(kernel_distance(a, b))
    return KernelDistance(float(np.mean(values)), float(np.std(values)))


def polynomial(a: FloatArray, b: FloatArray) -> FloatArray:
    """KID's kernel of all pairs, (N, M)."""
    return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)


def self_polynomial(rows: FloatArray) -> FloatArray:
    """KID's kernel of each row with itself, (N,)."""
    return np.asarray((np.einsum("ij,ij->i", rows, rows) / rows.shape[1] + 1) ** 3)


def _within(rows: FloatArray) -> float:
    return pair_sum(polynomial, rows, rows) - float(self_polynomial(rows).sum())
