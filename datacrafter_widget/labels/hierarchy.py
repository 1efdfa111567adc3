"""A hierarchy of content labels, by what they mean (DataCrafter, Sec. 5.2.2)."""

import copy
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class LabelTree:
    """Binary tree over labels: agglomerative, average linkage of cosine distances.

    Nodes are numbered with the leaves first, in the labels' order, then the inner nodes from the lowest to
    the root. An inner node is named by its most central label, weighted by how many pictures have it.

    Args:
        embeddings: (L, D) text embeddings, L >= 1.
        names: L texts.
        counts: (L,) pictures that have each label; default 1 each.

    Attributes:
        n_leaves: L.
        names: text of each node.
        medoid: (nodes,) the most central label at or below each node; a leaf's is itself.
        counts: (nodes,) sum of the counts of the leaves below.
        parent: (nodes,) parent of each node, -1 for the root.
        children: (nodes, 2), -1 for leaves.
        height: (nodes,) average cosine distance at which the two children met; 0 for leaves.
        depth: (nodes,) steps from the root.
        root: the last node.

    Raises:
        InputError: no labels, or lengths that differ.
    """

    def __init__(
        self, embeddings: npt.ArrayLike, names: Sequence[str], counts: npt.ArrayLike | None = None
    ) -> None:
        x = np.asarray(embeddings, np.float64)
        size = np.ones(len(names)) if counts is None else np.asarray(counts, np.float64)
        if x.ndim != 2 or len(x) == 0 or len(x) != len(names) or size.shape != (len(x),):
            raise InputError(
                f"LabelTree: expected (L, D) embeddings, L names and L counts with L >= 1, found {x.shape}, "
                f"{len(names)} and {size.shape}."
            )
        x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        if len(x) > 2:
            x = x - x.mean(axis=0)
            x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        similarity = x @ x.T
        self._grow(np.clip(1 - similarity, 0, 2), similarity, names, size)

    @classmethod
    def from_places(
        cls, places: npt.ArrayLike, names: Sequence[str], counts: npt.ArrayLike | None = None
    ) -> Self:
        """The tree by where labels stand on a map: for when their features are not at hand.

        Args:
            places: (L, 2) positions, L >= 1; heights are distances there.
            names: L texts.
            counts: (L,) pictures that have each label; default 1 each.

        Returns:
            A tree like any other.

        Raises:
            InputError: no labels, or lengths that differ.
        """
        x = np.asarray(places, np.float64)
        size = np.ones(len(names)) if counts is None else np.asarray(counts, np.float64)
        if x.ndim != 2 or len(x) == 0 or len(x) != len(names) or size.shape != (len(x),):
            raise InputError(
                f"from_places: expected (L, 2) places, L names and L counts with L >= 1, found {x.shape}, "
                f"{len(names)} and {size.shape}."
            )
        distance = np.linalg.norm(x[:, None] - x[None], axis=2)
        tree = cls.__new__(cls)
        tree._grow(distance, -distance, names, size)  # noqa: SLF001
        return tree

    def _grow(
        self, distance: FloatArray, similarity: FloatArray, names: Sequence[str], size: FloatArray
    ) -> None:
        self.children, self.height = _merge(distance)
        self._link(size)
        self.names = [str(name) for name in names]
        self.medoid = np.arange(len(self))
        for node in range(self.n_leaves, len(self)):
            below = self._leaves[node]
            weight = size[below] + 1e-9
            # central: near to the pictures' mentions below, itself counting as one of them
            centrality = similarity[np.ix_(below, below)] @ weight
            self.medoid[node] = below[int(np.argmax(centrality))]
            self.names.append(self.names[self.medoid[node]])

    def _link(self, size: FloatArray) -> None:
        """Everything that follows from the children."""
        nodes = len(self.children)
        self.n_leaves = len(size)
        self.root = nodes - 1
        self.parent = np.full(nodes, -1, np.int64)
        self.depth = np.zeros(nodes, np.int64)
        self.counts = np.concatenate([size, np.zeros(nodes - self.n_leaves)])
        self._leaves: list[IntArray] = [np.array([i]) for i in range(self.n_leaves)]
        for node in range(self.n_leaves, nodes):
            left, right = self.children[node]
            self.parent[[left, right]] = node
            self.counts[node] = self.counts[left] + self.counts[right]
            self._leaves.append(np.sort(np.concatenate([self._leaves[left], self._leaves[right]])))
        for node in range(self.root - 1, -1, -1):
            self.depth[node] = self.depth[self.parent[node]] + 1

    def __len__(self) -> int:
        """Number of nodes, 2 L - 1."""
        return len(self.children)

    def renamed(self, names: Mapping[int, str]) -> Self:
        """The same tree with other names for some inner nodes, for instance from a language model.

        Args:
            names: new names by node. Labels keep theirs: only inner nodes may be named.

        Returns:
            A copy; this tree is not changed.

        Raises:
            InputError: a key is no inner node.
        """
        wrong = [node for node in names if not self.n_leaves <= node < len(self)]
        if wrong:
            raise InputError(
                f"renamed: expected inner nodes, from {self.n_leaves} to {len(self) - 1}, found {wrong[0]}."
            )
        result = copy.copy(self)
        result.names = [names.get(node, name) for node, name in enumerate(self.names)]
        return result

    def restricted(self, labels: npt.ArrayLike) -> Self:
        """The tree over some of its labels; groups that have lost a side give way to the other one.

        A group keeps its name and medoid; where the medoid is left out, the label with most pictures
        takes its place (and gives its name, unless the group has one of its own).

        Args:
            labels: (M,) labels to keep, ascending, M >= 1. They are renumbered from 0.

        Returns:
            A tree over M labels.

        Raises:
            InputError: no labels, or not ascending labels of this tree.
        """
        kept = np.asarray(labels, np.int64)
        if len(kept) == 0 or (np.diff(kept) <= 0).any() or kept[0] < 0 or kept[-1] >= self.n_leaves:
            raise InputError(
                f"restricted: expected ascending labels from 0 to {self.n_leaves - 1}, at least one, "
                f"found {kept.tolist()[:8]}."
            )
        number = {int(label): place for place, label in enumerate(kept)}
        old = kept.tolist()  # node of this tree, by node of the new one
        pairs: list[tuple[int, int]] = [(-1, -1)] * len(kept)
        for node in range(self.n_leaves, len(self)):
            sides = [number[child] for child in self.children[node].tolist() if child in number]
            if len(sides) == 1:
                number[node] = sides[0]
            elif sides:
                number[node] = len(pairs)
                pairs.append((sides[0], sides[1]))
                old.append(node)
        result = copy.copy(self)
        result.children, result.height = np.array(pairs, np.int64).reshape(-1, 2), self.height[old]
        result._link(self.counts[kept])  # noqa: SLF001
        result.medoid = np.arange(len(result))
        result.names = [self.names[label] for label in kept]
        for node in range(result.n_leaves, len(result)):
            before, below = int(self.medoid[old[node]]), result.leaves(node)
            present = before in number
            result.medoid[node] = number[before] if present else below[np.argmax(result.counts[below])]
            own = self.names[old[node]] != self.names[before]
            result.names.append(self.names[old[node]] if own else result.names[result.medoid[node]])
        return result

    def leaves(self, node: int) -> IntArray:
        """Labels (row indices, ascending) at or below a node."""
        return self._leaves[int(node)]

    def distance(self, node: int) -> IntArray:
        """Tree distance TD (DataCrafter, Eq. 7): steps from every node to this one, (nodes,)."""
        ancestors = {}
        step, current = 0, int(node)
        while current >= 0:
            ancestors[current] = step
            step, current = step + 1, int(self.parent[current])
        result = np.empty(len(self), np.int64)
        for other in range(len(self) - 1, -1, -1):
            result[other] = ancestors[other] if other in ancestors else result[self.parent[other]] + 1
        return result

    def importance(self, ratio: npt.ArrayLike) -> FloatArray:
        """A-priori importance API of every node from its labels' generated/original ratios.

        Args:
            ratio: (L,) positive, generated over original pictures of each label, smoothed.

        Returns:
            (nodes,) mean of the logarithms below each node, by count: 0 where both are even, above where
            generated pictures outweigh.
        """
        log_ratio = np.log(np.maximum(np.asarray(ratio, np.float64), 1e-9))
        weight = self.counts[: self.n_leaves] + 1e-9
        return np.array([np.average(log_ratio[b], weights=weight[b]) for b in self._leaves])

    def importance_of_counts(self, originals: npt.ArrayLike, generated: npt.ArrayLike) -> FloatArray:
        """API of every node from its labels' picture counts.

        Args:
            originals: (L,) original pictures that have each label.
            generated: (L,) generated ones.

        Returns:
            (nodes,) see `imbalance`; a picture counts once for each label that it has.
        """
        old, new = np.asarray(originals, np.float64), np.asarray(generated, np.float64)
        return imbalance([old[b].sum() for b in self._leaves], [new[b].sum() for b in self._leaves])


def imbalance(originals: npt.ArrayLike, generated: npt.ArrayLike) -> FloatArray:
    """A-priori importance API of nodes from their picture counts (DataCrafter, Sec. 5.2.2).

    Args:
        originals: (nodes,) original pictures that have a label of the node; the last node is the root.
        generated: (nodes,) generated ones.

    Returns:
        (nodes,) logarithm of the ratio of generated pictures to those expected, were they shared out as the
        originals are, with one added to both so that rare labels are not taken for interesting ones: 0 where
        things are even, above where generated pictures outweigh.
    """
    old, new = np.asarray(originals, np.float64), np.asarray(generated, np.float64)
    share = new[-1] / old[-1] if old[-1] else 1.0
    return np.asarray(np.log((new + 1) / (share * old + 1)))


def _merge(distance: FloatArray) -> tuple[IntArray, FloatArray]:
    """Children and heights of all nodes, from a matrix of distances."""
    n = len(distance)
    children = np.full((2 * n - 1, 2), -1, np.int64)
    height = np.zeros(2 * n - 1)
    if n > 1:
        from scipy.cluster.hierarchy import linkage
        from scipy.spatial.distance import squareform

        np.fill_diagonal(distance, 0)
        merged = linkage(squareform(distance, checks=False), method="average")
        children[n:], height[n:] = merged[:, :2].astype(np.int64), merged[:, 2]
    return children, height
