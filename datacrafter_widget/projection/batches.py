"""The loss terms over all pictures or over some of them, as dense tensors."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from datacrafter_widget.projection.forces import LabelTerms, PictureTerm
from datacrafter_widget.projection.grid import SparsePictureTerm
from datacrafter_widget.projection.neighbors import Float32, rows_to_one
from datacrafter_widget.projection.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

WHOLE_BATCH = 1536
BATCH_ANCHORS = 512
DENSE_UP_TO = 2000
LABEL_GROUP = 4096


def training_batches(
    targets: Targets, rng: np.random.Generator, device: str
) -> "Iterator[tuple[Tensor | None, PictureTerm, LabelTerms | None]]":
    """Endless batches: all pictures when they are few, else random ones, each with one of its neighbours.

    Yields:
        Rows of the pictures and then of all labels (None for all), and the terms over them.
    """
    import torch

    graph = targets.image_image
    n, m = graph.shape[0], targets.label_label.shape[0]

    def batch(pictures: npt.NDArray[np.int64]) -> "tuple[PictureTerm, LabelTerms | None]":
        part = graph if len(pictures) == n else graph[pictures][:, pictures]
        total = float(part.sum())
        dense = part.toarray() * np.float32(len(pictures) / total if total > 0 else 0)
        labels = _label_terms(targets, pictures, device) if m and len(pictures) else None
        return PictureTerm(torch.from_numpy(dense).to(device)), labels

    if n <= WHOLE_BATCH:
        whole = batch(np.arange(n))
        while True:
            yield (None, *whole)
    while True:
        anchors = rng.permutation(n)[:BATCH_ANCHORS]
        first, count = graph.indptr[anchors], np.diff(graph.indptr)[anchors]
        drawn = first + np.minimum((rng.random(len(anchors)) * count).astype(np.int64), count - 1)
        pictures = np.unique(np.concatenate([anchors, graph.indices[drawn]]))
        rows = torch.from_numpy(np.concatenate([pictures, np.arange(n, n + m)])).to(device)
        yield (rows, *batch(pictures))


def picture_term(targets: Targets, device: str) -> PictureTerm | SparsePictureTerm:
    """The picture term over all pictures: up to 2,000 exact, with graded negatives.

    Args:
        targets: positives.
        device: where to compute.
    """
    import torch

    features = targets.ranking.image_features
    if len(features) > DENSE_UP_TO:
        return SparsePictureTerm(targets.image_image, device)
    dense = torch.from_numpy(targets.image_image.toarray()).to(device)
    return PictureTerm(dense, rank_costs(features, features, targets.ranking.nearest.shape[1] + 1, device))


def label_groups(
    targets: Targets, rng: np.random.Generator, device: str
) -> "list[tuple[Tensor | None, LabelTerms]]":
    """The label terms with graded negatives over all pictures, or over groups of them when they are many.

    Returns:
        Rows of the pictures (None for all) and the terms over them; empty without pictures or labels.
    """
    import torch

    n, m = targets.image_image.shape[0], targets.label_label.shape[0]
    if n == 0 or m == 0:
        return []
    if n <= LABEL_GROUP:
        return [(None, _label_terms(targets, np.arange(n), device, graded=True))]
    parts = (np.sort(part) for part in np.array_split(rng.permutation(n), -(-n // LABEL_GROUP)))
    return [
        (torch.from_numpy(part).to(device), _label_terms(targets, part, device, graded=True))
        for part in parts
    ]


def rank_costs(queries: Float32, points: Float32, spare: int, device: str) -> "Tensor":
    """Rank of every point in each query's view beyond the first `spare` ones, as a share of all points.

    Args:
        queries: (M, D), rows of length one.
        points: (N, D), rows of length one.
        spare: how many of the nearest cost nothing.
        device: where to compute.

    Returns:
        (M, N) from 0 to 1.
    """
    import torch

    n = len(points)
    similarity = torch.from_numpy(queries).to(device) @ torch.from_numpy(points).to(device).T
    order = torch.argsort(similarity, dim=1, descending=True, stable=True)
    values = (torch.arange(1, n + 1, device=device, dtype=torch.float32) - spare).clamp_min(0) / max(n, 1)
    return torch.empty_like(similarity).scatter_(1, order, values.expand(len(queries), n))


def _label_terms(
    targets: Targets, pictures: npt.NDArray[np.int64], device: str, *, graded: bool = False
) -> LabelTerms:
    import torch

    def dense(matrix: csr_matrix) -> "Tensor":
        return torch.from_numpy(rows_to_one(matrix).toarray()).to(device)

    n = targets.image_image.shape[0]
    every = len(pictures) == n
    ranking = targets.ranking
    cost = None
    if graded:
        spare = max(1, round(ranking.nearest.shape[1] * len(pictures) / n))
        cost = rank_costs(ranking.label_features, ranking.image_features[pictures], spare, device)
    return LabelTerms(
        dense(targets.label_image if every else targets.label_image[:, pictures]),
        dense(targets.image_label if every else targets.image_label[pictures]),
        dense(targets.label_label),
        torch.from_numpy(targets.negative_weights).to(device),
        cost,
    )
