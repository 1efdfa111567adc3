"""Where a label stands best among pictures that have their places: a search over the whole map.

A label's loss has many local minima, one a group of pictures, and gradients find the one they start in. Labels
are few and a place has two coordinates, so trying places everywhere is cheap and finds the best.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from datacrafter_widget.projection.neighbors import Float32, nearest

GRID = 32
CANDIDATE_PICTURES = 1000
SAMPLE = 1500
CHUNK = 128
STAY = 0.01
LEAST_APART = 0.003  # of the spread: enough to tell them apart at the closest zoom
APART_STEPS = 50
GOLDEN_ANGLE = 2.399963


@dataclass(frozen=True)
class Ranking:
    """What labels think of pictures.

    Attributes:
        nearest: (L, k) the k pictures nearest to each label in feature space.
        label_features: (L, D) unit rows.
        image_features: (N, D) unit rows.
        own: (L, N) the pictures that carry each label, ones.
    """

    nearest: npt.NDArray[np.int64]
    label_features: Float32
    image_features: Float32
    own: csr_matrix

    @classmethod
    def of(
        cls, labels: Float32, images: Float32, edges: npt.NDArray[np.int64], n_neighbors: int
    ) -> "Ranking":
        """From unit rows (L, D) and (N, D), and distinct index pairs (picture, label)."""
        near, _ = nearest(labels, images, n_neighbors)
        ones = np.ones(len(edges), np.float32)
        own = csr_matrix((ones, (edges[:, 1], edges[:, 0])), shape=(len(labels), len(images)))
        return cls(near, labels, images, own)


def best_places(
    pictures: Float32,
    ranking: Ranking,
    *,
    n_neighbors: int = 30,
    own_weight: float = 2.5,
    current: Float32 | None = None,
    seed: int = 0,
) -> Float32:
    """Place of each label: where the pictures around it are its own and those nearest to it in meaning.

    Three costs, each from 0 to about 1, are added: the mean rank in feature space of the pictures that are
    nearest on the map (trustworthiness), the mean rank on the map of the pictures that are nearest in feature
    space (continuity), and the mean distance d / (s + d) to its own pictures, s being the median distance
    between pictures.

    Args:
        pictures: (N, 2) places of the pictures, N >= 2.
        ranking: what the labels think of them.
        n_neighbors: pictures around a place that count.
        own_weight: weight of a label's own pictures.
        current: (L, 2) present places, NaN where there are none; a label stays unless it gains clearly.
        seed: chooses samples of many pictures.

    Returns:
        (L, 2) places.
    """
    n, m = len(pictures), len(ranking.nearest)
    rng = np.random.default_rng(seed)
    k = min(n_neighbors, max(1, n // 2))
    points = pictures.astype(np.float64)
    candidates = _candidates(points, rng)
    n_common = len(candidates)
    if current is not None:
        candidates = np.concatenate([candidates, np.nan_to_num(current.astype(np.float64))])
    sample = points if n <= SAMPLE else points[np.sort(rng.permutation(n)[:SAMPLE])]
    unit = _median_distance(sample)
    _, around = cKDTree(points).query(candidates, k=k, workers=-1)
    around = around.reshape(len(candidates), k)
    cost = _rank_cost(around, ranking, k)
    for start in range(0, len(candidates), CHUNK):
        part = slice(start, start + CHUNK)
        cost[part] += _continuity_cost(candidates[part], points, sample, ranking.nearest, k)
        cost[part] += own_weight * _own_cost(candidates[part], points, unit, ranking.own)
    best = cost[:n_common].argmin(axis=0)
    places = candidates[best]
    if current is not None:
        rows = np.arange(m)
        stays = np.isfinite(current).all(axis=1)
        stays &= cost[n_common + rows, rows] <= cost[best, rows] + STAY
        places[stays] = current[stays]
    return apart(places, LEAST_APART * float(points.std(axis=0).mean())).astype(np.float32)


def apart(places: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.float64]:
    """Places with no two nearer than about `least`: labels that want the same place share it side by side.

    Args:
        places: (L, 2).
        least: distance to keep.

    Returns:
        (L, 2); those that have room stay where they are.
    """
    moved = places.copy()
    # a direction of their own for labels in the very same place
    angle = np.arange(len(places)) * GOLDEN_ANGLE
    aside = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1e-3 * least)
    for step in range(APART_STEPS):
        pairs = cKDTree(moved).query_pairs(least * (1 - 1e-6), output_type="ndarray")
        if len(pairs) == 0:
            break
        a, b = pairs.T
        between = moved[a] - moved[b] + (aside[a] - aside[b] if step == 0 else 0)
        distance = np.maximum(np.linalg.norm(between, axis=1, keepdims=True), 1e-12)
        push = between / distance * (least - distance).clip(min=0) / 2
        np.add.at(moved, a, push)
        np.add.at(moved, b, -push)
    return moved


def _candidates(points: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A grid over the map, for the gaps between groups, and the places of pictures."""
    low, high = points.min(axis=0), points.max(axis=0)
    axes = [np.linspace(low[i], high[i], GRID) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    some = (
        points
        if len(points) <= CANDIDATE_PICTURES
        else points[rng.permutation(len(points))[:CANDIDATE_PICTURES]]
    )
    return np.concatenate([grid, some])


def _rank_cost(around: npt.NDArray[np.int64], ranking: Ranking, k: int) -> npt.NDArray[np.float64]:
    """(candidates, L): twice the mean rank beyond k, as a share, of the pictures around each candidate."""
    n, m = len(ranking.image_features), len(ranking.label_features)
    cost = np.empty((len(around), m))
    rank = np.empty((min(CHUNK, m), n), np.float32)
    for start in range(0, m, CHUNK):
        similarity = ranking.label_features[start : start + CHUNK] @ ranking.image_features.T
        order = np.argsort(-similarity, axis=1, kind="stable")
        here = rank[: len(order)]
        np.put_along_axis(
            here, order, np.maximum(np.arange(n, dtype=np.float32) + 1 - k, 0)[None, :] / n, axis=1
        )
        for row, values in enumerate(here):
            cost[:, start + row] = 2 * values[around].mean(axis=1)
    return cost


def _continuity_cost(
    places: npt.NDArray[np.float64],
    points: npt.NDArray[np.float64],
    sample: npt.NDArray[np.float64],
    nearest: npt.NDArray[np.int64],
    k: int,
) -> npt.NDArray[np.float64]:
    """(places, L): twice the mean rank on the map, beyond k, of each label's nearest pictures."""
    wanted, position = np.unique(nearest, return_inverse=True)
    distance = np.sort(_squared(places, sample), axis=1)
    asked = _squared(places, points[wanted])
    cost = np.empty((len(places), len(nearest)))
    spare = k / len(points)
    for row in range(len(places)):
        share = np.searchsorted(distance[row], asked[row]) / len(sample)
        cost[row] = 2 * np.maximum(share - spare, 0)[position.reshape(nearest.shape)].mean(axis=1)
    return cost


def _own_cost(
    places: npt.NDArray[np.float64], points: npt.NDArray[np.float64], unit: float, own: csr_matrix
) -> npt.NDArray[np.float64]:
    """(places, L): mean d / (unit + d) over each label's own pictures; 0 without any."""
    distance = np.sqrt(_squared(places, points))
    count = np.maximum(np.asarray(own.sum(axis=1)).ravel(), 1)
    return np.asarray((own @ (distance / (unit + distance)).T).T / count)


def _squared(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * (a @ b.T), 0)


def _median_distance(points: npt.NDArray[np.float64]) -> float:
    from scipy.spatial.distance import pdist

    return max(float(np.median(pdist(points))), 1e-9) if len(points) > 1 else 1.0
