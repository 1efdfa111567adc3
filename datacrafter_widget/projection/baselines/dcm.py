"""DCM: the data context map, one layout from a distance matrix fused from three kinds of distances."""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.projection.baselines.joint import Baseline, Joint, principal

FloatArray = npt.NDArray[np.float64]


class DataContextMap(Baseline):
    """Data context map (Cheng and Mueller, The Data Context Map, TVCG 2016).

    From the paper: the distances between data points, between attributes, and between the two are three parts
    of one matrix, brought to a common scale, and one multidimensional scaling lays out both together, step by
    step with less error.

    Ours: labels stand for attributes and cosine distances for all three parts (an edge halves its distance, as
    a high value of an attribute would); each part is scaled to mean 1 and weighs the same in the stress;
    SMACOF, started from PCA, minimises it. Holds (N + L)² distances.

    Args:
        max_iter: SMACOF steps.
        random_state: seed of PCA's solver.
    """

    def __init__(self, random_state: int = 0, *, max_iter: int = 400) -> None:
        self.random_state = random_state
        self.max_iter = max_iter

    def _place(self, joint: Joint) -> npt.ArrayLike:
        n, m = len(joint.images), len(joint.labels)
        blocks = (
            (slice(0, n), slice(0, n)),
            (slice(n, n + m), slice(n, n + m)),
            (slice(0, n), slice(n, n + m)),
        )
        fused = _fused(joint, blocks)
        y = principal(joint.stacked, self.random_state).astype(np.float64)
        y *= fused.mean() / max(float(np.abs(y).mean()), 1e-12)
        for _ in range(self.max_iter):
            y = _smacof_step(y, fused, n)
        return y


def _fused(joint: Joint, blocks: tuple[tuple[slice, slice], ...]) -> FloatArray:
    """The (N + L, N + L) matrix of distances, each part of it with mean 1."""
    rows = joint.stacked.astype(np.float64)
    fused = np.clip(1 - rows @ rows.T, 0, None)
    between = fused[blocks[2]]
    between[joint.edges[:, 0], joint.edges[:, 1]] *= 0.5
    np.fill_diagonal(fused, 0)
    for part in blocks:
        mean = fused[part].mean() if fused[part].size else 0.0
        if mean > 0:
            fused[part] /= mean
    fused[blocks[2][::-1]] = fused[blocks[2]].T
    return fused


def _smacof_step(y: FloatArray, fused: FloatArray, n: int) -> FloatArray:
    """One majorisation step of the weighted stress.

    Weights are constant within a part: 1/N² among pictures, 1/L² among labels, 1/(2NL) between, so the linear
    system of the step splits into each kind's deviations from its mean, and the two means.
    """
    from scipy.spatial.distance import cdist

    m = len(y) - n
    distance = cdist(y, y)
    ratio = np.divide(fused, distance, out=np.zeros_like(fused), where=distance > 1e-12)
    between = 1 / (2 * n * max(m, 1))
    ratio[:n, :n] *= 1 / n**2
    ratio[n:, n:] *= 1 / max(m, 1) ** 2
    ratio[:n, n:] *= between
    ratio[n:, :n] *= between
    force = ratio.sum(axis=1, keepdims=True) * y - ratio @ y
    if m == 0:
        return force * n
    new = np.empty_like(y)
    pictures, labels = force[:n].mean(axis=0), force[n:].mean(axis=0)
    new[:n] = (force[:n] - pictures) / (1 / n + m * between)
    new[n:] = (force[n:] - labels) / (1 / m + n * between)
    apart = pictures / (m * between)
    new[:n] += apart * (m / (n + m))
    new[n:] -= apart * (n / (n + m))
    return new
