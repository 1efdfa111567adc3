"""Precision, recall, density and coverage: where generated pictures lie among the nearest originals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics._check import pair
from datacrafter_widget.metrics._discrepancy import squared_distances

if TYPE_CHECKING:
    import numpy.typing as npt

    from datacrafter_widget.metrics._check import FloatArray

CHUNK_ROWS = 1024


class Neighbourhood(NamedTuple):
    """Where two sets overlap; all from 0 to 1 but for the density.

    Attributes:
        precision: share of the generated pictures that lie near an original. Fidelity; one odd original is enough
            to raise it.
        recall: share of the originals that lie near a generated picture. Variety; one odd generated picture is
            enough to raise it.
        density: how many originals a generated picture lies near, over k; 1 is what originals have among
            themselves.
        coverage: share of the originals that have a generated picture near.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbourhood(originals: npt.ArrayLike, generated: npt.ArrayLike, *, k: int = 5) -> Neighbourhood:
    """Precision and recall (Kynkäänniemi et al., NeurIPS 2019), density and coverage (Naeem et al., ICML 2020).

    Near a picture is what lies within the distance of its k-th neighbour of the same set. Distances are Euclidean.
    Memory grows with N + M, not with their product.

    Args:
        originals: features, (N, D).
        generated: features, (M, D).
        k: neighbours; 5 in Naeem et al., 3 in Kynkäänniemi et al.

    Returns:
        The four values; NaN when either set has `k` pictures or fewer.

    Raises:
        InputError: D differs, values are not finite, or `k` is below 1.
    """
    if k < 1:
        raise InputError(f"k: expected 1 or more neighbours, found {k}.")
    real, made = pair(originals, generated, ("originals", "generated"))
    if min(len(real), len(made)) <= k:
        return Neighbourhood(*[float("nan")] * 4)
    centre = real.mean(axis=0)
    real, made = real - centre, made - centre
    real_radii, made_radii = _radii(real, k), _radii(made, k)
    near_an_original = np.zeros(len(made), np.int64)
    near_a_generated = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for start in range(0, len(real), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        distances = squared_distances(real[part], made)
        near_an_original += (distances < real_radii[part, None]).sum(axis=0)
        near_a_generated[part] = (distances < made_radii).any(axis=1)
        covered[part] = distances.min(axis=1) < real_radii[part]
    return Neighbourhood(
        precision=float((near_an_original > 0).mean()),
        recall=float(near_a_generated.mean()),
        density=float(near_an_original.mean() / k),
        coverage=float(covered.mean()),
    )


def _radii(x: FloatArray, k: int) -> FloatArray:
    """Squared distance of each row to its k-th neighbour among the others, (N,)."""
    radii = np.empty(len(x))
    for start in range(0, len(x), CHUNK_ROWS):
        part = np.arange(start, min(start + CHUNK_ROWS, len(x)))
        distances = squared_distances(x[part], x)
        distances[part - start, part] = np.inf
        radii[part] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii
