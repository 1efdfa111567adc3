"""Five measures of a joint map of pictures and labels: T, C, Tx, Cx and IMS; 1 is the most."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError

CHUNK_BYTES = 2**25
SAMPLED_PAIRS_FROM = 20_000
BRACKET_POINTS = 2000

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ProjectionQuality:
    """What a joint map keeps.

    Attributes:
        T: trustworthiness of the pictures: neighbours on the map are neighbours in feature space.
        C: continuity of the pictures: neighbours in feature space are neighbours on the map.
        Tx: trustworthiness between modalities, over each label's ranking of the pictures.
        Cx: continuity between modalities.
        IMS: inter-modal similarity: how close pictures are to their own labels.
    """

    T: float
    C: float
    Tx: float
    Cx: float
    IMS: float

    def as_dict(self) -> dict[str, float]:
        """The five values by name."""
        return asdict(self)


def projection_quality(
    image_features: npt.ArrayLike,
    label_features: npt.ArrayLike,
    edges: npt.ArrayLike,
    image_positions: npt.ArrayLike,
    label_positions: npt.ArrayLike,
    *,
    n_neighbors: int = 30,
) -> ProjectionQuality:
    """All five measures (DataCrafter, Table 1; cosine distance in feature space, Euclidean on the map).

    Args:
        image_features: (N, D) features of the pictures.
        label_features: (L, D) features of the labels.
        edges: (E, 2) index pairs (picture, label).
        image_positions: (N, 2) positions of the pictures.
        label_positions: (L, 2) positions of the labels.
        n_neighbors: k; at most half of the other points is used.

    Returns:
        The measures; NaN where there is nothing to measure (no labels, no edges, fewer than three pictures).

    Raises:
        InputError: shapes do not fit one another.
    """
    x, v = _unit(image_features), _unit(label_features)
    images, labels = np.asarray(image_positions, np.float64), np.asarray(label_positions, np.float64)
    if len(x) != len(images) or len(v) != len(labels):
        raise InputError(
            f"projection_quality: expected one position for each of {len(x)} pictures and {len(v)} labels, "
            f"found {len(images)} and {len(labels)}."
        )
    t, c = _trust_and_continuity(x, x, images, images, n_neighbors, same_points=True)
    tx, cx = _trust_and_continuity(v, x, labels, images, n_neighbors, same_points=False)
    return ProjectionQuality(t, c, tx, cx, inter_modal_similarity(edges, images, labels))


def trustworthiness_and_continuity(
    features: npt.ArrayLike, positions: npt.ArrayLike, *, n_neighbors: int = 30
) -> tuple[float, float]:
    """T and C of one set of points (Venna and Kaski, 2001), cosine distance in feature space.

    Args:
        features: (N, D).
        positions: (N, 2).
        n_neighbors: k; at most half of the other points is used.

    Returns:
        Trustworthiness and continuity; NaN with fewer than three points.
    """
    x, y = _unit(features), np.asarray(positions, np.float64)
    return _trust_and_continuity(x, x, y, y, n_neighbors, same_points=True)


def cross_modal_trustworthiness_and_continuity(
    label_features: npt.ArrayLike,
    image_features: npt.ArrayLike,
    label_positions: npt.ArrayLike,
    image_positions: npt.ArrayLike,
    *,
    n_neighbors: int = 30,
) -> tuple[float, float]:
    """Tx and Cx: the same two measures over each label's ranking of the pictures.

    Args:
        label_features: (L, D).
        image_features: (N, D).
        label_positions: (L, 2).
        image_positions: (N, 2).
        n_neighbors: k; at most half of the pictures is used.

    Returns:
        Trustworthiness and continuity between modalities; NaN without labels or with fewer than two pictures.
    """
    return _trust_and_continuity(
        _unit(label_features),
        _unit(image_features),
        np.asarray(label_positions, np.float64),
        np.asarray(image_positions, np.float64),
        n_neighbors,
        same_points=False,
    )


def inter_modal_similarity(
    edges: npt.ArrayLike, image_positions: npt.ArrayLike, label_positions: npt.ArrayLike
) -> float:
    """IMS: mean of 1 / (1 + d) over the edges, d in units of the median distance between two pictures.

    The paper names the measure "average similarity" and does not define it; the median as a unit makes it
    free of the map's scale and of stray points. The median is exact up to 20,000 pictures and over a fixed
    sample of that many beyond.

    Args:
        edges: (E, 2) index pairs (picture, label).
        image_positions: (N, 2).
        label_positions: (L, 2).

    Returns:
        A value from 0 to 1; NaN without edges or when the pictures all lie in one place.
    """
    pairs = np.asarray(edges, np.int64).reshape(-1, 2)
    images, labels = np.asarray(image_positions, np.float64), np.asarray(label_positions, np.float64)
    if len(pairs) == 0 or len(images) < 2:
        return float("nan")
    sample = images
    if len(images) > SAMPLED_PAIRS_FROM:
        sample = images[np.random.default_rng(0).permutation(len(images))[:SAMPLED_PAIRS_FROM]]
    scale = _median_distance(sample)
    if scale == 0:
        return float("nan")
    distance = np.linalg.norm(images[pairs[:, 0]] - labels[pairs[:, 1]], axis=1) / scale
    return float((1 / (1 + distance)).mean())


def _unit(values: npt.ArrayLike) -> FloatArray:
    x = np.asarray(values, np.float64)
    if x.ndim != 2:
        raise InputError(f"features: expected two dimensions (points, values), found shape {x.shape}.")
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))


def _trust_and_continuity(
    rows_high: FloatArray,
    columns_high: FloatArray,
    rows_low: FloatArray,
    columns_low: FloatArray,
    k: int,
    *,
    same_points: bool,
) -> tuple[float, float]:
    """Both measures over each row's ranking of the columns; ties by column.

    A stable full sort would rank everything. Only the neighbours that one space has and the other lacks need
    ranks, and these are counted.
    """
    rows, others = len(rows_high), len(columns_high) - int(same_points)
    k = min(k, others // 2)
    if rows == 0 or k < 1:
        return float("nan"), float("nan")
    intrusions = extrusions = 0
    chunk = _chunk_rows(len(columns_high))
    for start in range(0, rows, chunk):
        part = slice(start, start + chunk)
        high = rows_high[part] @ columns_high.T
        np.subtract(1, high, out=high)
        low = _squared_distances(rows_low[part], columns_low)
        if same_points:
            own = np.arange(len(high))
            high[own, start + own] = np.inf
            low[own, start + own] = np.inf
        near_high, near_low = _nearest_mask(high, k), _nearest_mask(low, k)
        intrusions += _excess_ranks(high, near_low & ~near_high, k)
        extrusions += _excess_ranks(low, near_high & ~near_low, k)
    worst = rows * k * (2 * others - 3 * k + 1) / 2
    return 1 - intrusions / worst, 1 - extrusions / worst


def _chunk_rows(columns: int) -> int:
    """How many rows of distances to so many columns are held at a time."""
    return max(1, CHUNK_BYTES // (8 * columns))


def _squared_distances(rows: FloatArray, columns: FloatArray) -> FloatArray:
    """(A, B); by differences, so that equal points are equally far."""
    total = np.zeros((len(rows), len(columns)))
    for axis in range(rows.shape[1]):
        difference = rows[:, axis, None] - columns[None, :, axis]
        total += np.square(difference, out=difference)
    return total


def _nearest_mask(distance: FloatArray, k: int) -> npt.NDArray[np.bool_]:
    """Which columns are a row's k nearest; of equal ones at the edge the first count."""
    edge = np.partition(distance, k - 1, axis=1)[:, k - 1, None]
    near = distance <= edge
    for row in np.flatnonzero(np.count_nonzero(near, axis=1) > k):
        level = np.flatnonzero(distance[row] == edge[row])
        near[row, level[k - int(near[row].sum()) :]] = False
    return near


def _excess_ranks(distance: FloatArray, wrong: npt.NDArray[np.bool_], k: int) -> int:
    """Sum over the wrong neighbours of how far their rank is beyond k."""
    total = 0
    for row in np.flatnonzero(wrong.any(axis=1)):
        values, columns = distance[row], np.flatnonzero(wrong[row])
        mine = values[columns, None]
        nearer = int(np.count_nonzero(values < mine))
        total += nearer + len(columns) * (1 - k)
        if np.count_nonzero(values <= mine) > nearer + len(columns):
            total += sum(int(np.count_nonzero(values[:c] == values[c])) for c in columns)
    return total


def _median_distance(points: FloatArray) -> float:
    """Median of the distances between any two points, exactly, without holding them all.

    A sample gives a narrow range that the median is nearly surely in; one pass counts the pairs below it and
    keeps those within.
    """
    from scipy.spatial.distance import pdist

    n = len(points)
    if n <= BRACKET_POINTS:
        return float(np.median(pdist(points)))
    sample = pdist(points[np.random.default_rng(0).permutation(n)[:BRACKET_POINTS]])
    pairs = n * (n - 1) // 2
    middle = [(pairs - 1) // 2, pairs // 2]
    for width in (0.02, 0.2, 1.0):
        low, high = np.quantile(sample, [0.5 - width / 2, 0.5 + width / 2]) if width < 1 else (0.0, np.inf)
        below, within = 0, []
        chunk = _chunk_rows(n)
        for start in range(0, n - 1, chunk):
            rows = points[start : start + chunk]
            later = np.arange(start, n)[None, :] > np.arange(start, start + len(rows))[:, None]
            distance = np.sqrt(_squared_distances(rows, points[start:]))
            below += int(((distance < low) & later).sum())
            within.append(distance[(distance >= low) & (distance <= high) & later])
        kept = np.concatenate(within)
        if below <= middle[0] and middle[1] < below + len(kept):
            ordered = np.partition(kept, [i - below for i in middle])
            return float(np.mean([ordered[i - below] for i in middle]))
    raise AssertionError
