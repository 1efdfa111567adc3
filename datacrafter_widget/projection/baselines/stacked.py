"""Single-modal methods on pictures and labels stacked, both treated equally (DataCrafter, Sec. 6.1)."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from datacrafter_widget.projection.baselines.joint import Baseline, Joint, principal
from datacrafter_widget.projection.neighbors import Float32


class Projection(Protocol):
    """What every projection here, M2M included, can do."""

    def fit_transform(
        self, image_features: npt.ArrayLike, label_features: npt.ArrayLike, edges: npt.ArrayLike = ()
    ) -> tuple[Float32, Float32]:
        """Positions of pictures (N, 2) and of labels (L, 2)."""


class PCA(Baseline):
    """Principal components of the unit rows (scikit-learn).

    Args:
        random_state: seed of the solver.
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def _place(self, joint: Joint) -> npt.ArrayLike:
        return principal(joint.stacked, self.random_state)


class MDS(Baseline):
    """Metric multidimensional scaling of cosine distances by SMACOF (scikit-learn), started from PCA.

    Holds (N + L)² distances.

    Args:
        max_iter: most SMACOF steps.
        random_state: seed.
    """

    def __init__(self, random_state: int = 0, *, max_iter: int = 300) -> None:
        self.random_state = random_state
        self.max_iter = max_iter

    def _place(self, joint: Joint) -> npt.ArrayLike:
        from sklearn.manifold import smacof

        rows = joint.stacked.astype(np.float64)
        distance = np.clip(1 - rows @ rows.T, 0, None)
        np.fill_diagonal(distance, 0)
        # smacof's signature, unlike the MDS class's, is the same in scikit-learn 1.4 and 1.9
        positions, _ = smacof(
            (distance + distance.T) / 2,
            init=principal(joint.stacked, self.random_state).astype(np.float64),
            n_init=1,
            max_iter=self.max_iter,
            eps=1e-6,
            random_state=self.random_state,
            normalized_stress=False,
        )
        return positions


class TSNE(Baseline):
    """t-SNE on cosine distances (scikit-learn).

    Args:
        perplexity: effective neighbours of a point; at most a third of the others is used.
        random_state: seed.
    """

    def __init__(self, random_state: int = 0, *, perplexity: float = 30.0) -> None:
        self.random_state = random_state
        self.perplexity = perplexity

    def _place(self, joint: Joint) -> npt.ArrayLike:
        from sklearn import manifold

        rows = joint.stacked
        method = manifold.TSNE(
            perplexity=max(1.0, min(self.perplexity, (len(rows) - 1) / 3)),
            metric="cosine",
            init=_small(principal(rows, self.random_state)),
            random_state=self.random_state,
        )
        return method.fit_transform(rows)


class UMAP(Baseline):
    """UMAP on cosine distances (umap-learn), on one core: its seed makes it so.

    Args:
        n_neighbors: neighbours of a point; at most all others are used.
        min_dist: how close points may come on the map.
        random_state: seed.
    """

    def __init__(self, random_state: int = 0, *, n_neighbors: int = 15, min_dist: float = 0.1) -> None:
        self.random_state = random_state
        self.n_neighbors = n_neighbors
        self.min_dist = min_dist

    def _place(self, joint: Joint) -> npt.ArrayLike:
        import umap

        rows = joint.stacked
        spectral = len(rows) > 10  # the spectral start needs more points than dimensions
        method: Any = umap.UMAP(
            n_neighbors=max(2, min(self.n_neighbors, len(rows) - 1)),
            min_dist=self.min_dist,
            metric="cosine",
            init="spectral" if spectral else "random",
            random_state=self.random_state,
            n_jobs=1,
        )
        return method.fit_transform(rows)


def _small(positions: Float32) -> Float32:
    """At the spread from which t-SNE starts."""
    return np.asarray(positions / max(float(positions[:, 0].std()), 1e-12) * 1e-4, np.float32)
