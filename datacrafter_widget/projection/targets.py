"""What M2M learns from: prepared inputs and the positives of the three contrastive terms."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection.neighbors import Float32, nearest, nearest_among, neighborhood, rows_to_one
from datacrafter_widget.projection.placement import Ranking

MAX_INPUTS = 100
WIDE_UP_TO = 5000
NEGATIVE_EXPONENT = 0.25


@dataclass(frozen=True)
class Preparation:
    """Takes features to the network's inputs, the same way for new pictures as for the fitted ones.

    Attributes:
        image_mean: (D,) mean of the pictures' unit features; taking each modality's mean away closes CLIP's
            gap between pictures and words.
        label_mean: (D,).
        image_basis: (D, inputs) principal directions, scaled.
        label_basis: (D, inputs) the same directions with the labels' own scale.
    """

    image_mean: Float32
    label_mean: Float32
    image_basis: Float32
    label_basis: Float32

    @classmethod
    def fit(cls, images: Float32, labels: Float32) -> "Preparation":
        """From unit rows (N, D) and (L, D), either of which may be empty."""
        dim = images.shape[1]
        means, centred = [], []
        for x in (images, labels):
            mean = x.mean(axis=0) if len(x) else np.zeros(dim, np.float32)
            means.append(mean.astype(np.float32))
            centred.append(x - mean)
        scales = [np.sqrt(max(float((c**2).sum(axis=1).mean()), 1e-12)) if len(c) else 1.0 for c in centred]
        # pictures alone give the directions: labels are few, and have to be read in the pictures' terms
        source = centred[0] if len(images) > 2 else np.concatenate(centred)
        _, vectors = np.linalg.eigh(source.T.astype(np.float64) @ source)
        basis = vectors[:, ::-1][:, : max(2, min(MAX_INPUTS, dim))]
        gain = np.sqrt(basis.shape[1])  # inputs of about unit variance
        bases = [np.ascontiguousarray(basis * (gain / s), dtype=np.float32) for s in scales]
        return cls(means[0], means[1], bases[0], bases[1])

    def images(self, x: Float32) -> Float32:
        """Inputs (N, inputs) of unit rows (N, D)."""
        return np.asarray((x - self.image_mean) @ self.image_basis, np.float32)

    def labels(self, v: Float32) -> Float32:
        """Inputs (L, inputs) of unit rows (L, D)."""
        return np.asarray((v - self.label_mean) @ self.label_basis, np.float32)


@dataclass(frozen=True)
class Targets:
    """Positives of the three terms; rows sum to one (or to zero without positives) but for the first.

    Attributes:
        image_image: (N, N) symmetric, sums to N.
        label_image: (L, N): a label's own pictures blended with its nearest in feature space.
        image_label: (N, L): a picture's own labels.
        label_label: (L, L).
        negative_weights: (L,) how often a label serves as a negative, about 1 on average.
        ranking: what labels think of pictures.
        typical_distance: median cosine distance of a picture to its nearest.
        nearest_share: share of a label's target on its nearest pictures.
    """

    image_image: csr_matrix
    label_image: csr_matrix
    image_label: csr_matrix
    label_label: csr_matrix
    negative_weights: Float32
    ranking: Ranking
    typical_distance: float
    nearest_share: float


def some_targets(targets: Targets, pictures: npt.NDArray[np.int64], n_neighbors: int) -> Targets:
    """Targets of some of the pictures and all labels, with neighbours among these pictures.

    Args:
        targets: of all.
        pictures: (n,) indices, ascending.
        n_neighbors: k among these pictures.
    """
    ranking = targets.ranking
    own = ranking.own[:, pictures].tocoo()
    features = ranking.image_features[pictures]
    edges = np.column_stack([own.col, own.row]).astype(np.int64)
    return make_targets(
        features,
        ranking.label_features,
        edges,
        inputs=features,
        n_neighbors=n_neighbors,
        nearest_share=targets.nearest_share,
    )


def make_targets(
    images: Float32,
    labels: Float32,
    edges: npt.NDArray[np.int64],
    *,
    inputs: Float32,
    n_neighbors: int,
    nearest_share: float,
    seed: int = 0,
) -> Targets:
    """Positives from unit features and edges (DataCrafter, Sec. 5.2.1).

    Args:
        images: (N, D).
        labels: (L, D).
        edges: (E, 2) distinct index pairs (picture, label).
        inputs: (N, inputs) of the pictures, in which neighbours of very many pictures are looked for.
        n_neighbors: k of the pictures; also how many pictures count as nearest to a label.
        nearest_share: share of a label's target on its nearest pictures, the rest on its own. Hard edges
            alone leave the ranking of the other pictures to chance.
        seed: of approximate neighbours.

    Returns:
        The targets. Negatives are weighted by a power of frequency.
    """
    n, m = len(images), len(labels)
    wide = n <= WIDE_UP_TO
    index, distance = nearest_among(images, 3 * n_neighbors if wide else n_neighbors, inputs, seed=seed)
    graph = neighborhood(index, distance, perplexity=n_neighbors if wide else n_neighbors / 3)
    ranking = Ranking.of(labels, images, edges, n_neighbors)
    own, near = ranking.own, ranking.nearest
    k = near.shape[1]
    blend = csr_matrix(
        (np.full(near.size, 1 / max(k, 1), np.float32), (np.repeat(np.arange(m), k), near.ravel())),
        shape=(m, n),
    )
    among, apart = nearest(labels, labels, 10, skip_same=True)
    frequency = np.asarray(own.sum(axis=1)).ravel()
    weights = np.maximum(frequency, 1.0) ** NEGATIVE_EXPONENT
    return Targets(
        image_image=graph,
        label_image=rows_to_one(((1 - nearest_share) * rows_to_one(own) + nearest_share * blend).tocsr()),
        image_label=rows_to_one(own.T.tocsr()),
        label_label=rows_to_one(neighborhood(among, apart, perplexity=4)),
        negative_weights=(weights / weights.mean()).astype(np.float32) if m else np.zeros(0, np.float32),
        ranking=ranking,
        typical_distance=max(float(np.median(distance[:, 0])), 1e-6) if distance.size else 1e-6,
        nearest_share=nearest_share,
    )


def check_edges(edges: npt.ArrayLike, n_images: int, n_labels: int) -> npt.NDArray[np.int64]:
    """`edges` as distinct (E, 2) index pairs in order.

    Raises:
        InputError: wrong shape or type, or an index out of range.
    """
    pairs = np.asarray(edges)
    if pairs.size == 0:
        return np.zeros((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise InputError(
            f"edges: expected integer pairs (picture, label) of shape (E, 2), "
            f"found {pairs.dtype} {pairs.shape}."
        )
    low, high = pairs.min(axis=0), pairs.max(axis=0)
    if low.min() < 0 or high[0] >= n_images or high[1] >= n_labels:
        raise InputError(
            f"edges: expected pictures from 0 to {n_images - 1} and labels from 0 to {n_labels - 1}, "
            f"found {low[0]} to {high[0]} and {low[1]} to {high[1]}. Use row indices, not ids."
        )
    return np.unique(pairs.astype(np.int64), axis=0)
