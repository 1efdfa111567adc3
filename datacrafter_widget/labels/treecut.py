"""Which labels to show when there is room for a few: a cut through the label tree."""

import heapq

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels.hierarchy import LabelTree

IntArray = npt.NDArray[np.int64]


def tree_cut(
    tree: LabelTree,
    api: npt.ArrayLike,
    focus_node: int | None = None,
    budget: int = 24,
    *,
    distance_weight: float = 1.0,
) -> IntArray:
    """Nodes to show: an antichain that covers all labels, with the interesting places opened.

    Starting from the root, the node whose inside is most interesting is replaced by its two children until
    the budget is used. The interest of what lies below a node is the greatest degree of interest there,
    DOI(x | y) = API(x) - TD(x, y) (DataCrafter, Eq. 7), with the tree distance in units of the tree's depth,
    so that it weighs as much as a ratio of e between generated and original pictures. The logarithm of the
    number of labels below is added (ours, not the paper's): without it one leaf is dug out after the other
    while a single node goes on standing for most of the vocabulary.

    Args:
        tree: the labels' hierarchy.
        api: (nodes,) a-priori importance, see `LabelTree.importance`.
        focus_node: y, the node nearest to the centre of view; default the root, for a view of everything.
        budget: most nodes to show, at least 1.
        distance_weight: factor on the tree distance.

    Returns:
        Node numbers, ascending. Every label is below exactly one of them.

    Raises:
        InputError: `api` has not one value a node, the focus is no node, or the budget is below 1.
    """
    importance = np.asarray(api, np.float64)
    focus = tree.root if focus_node is None else int(focus_node)
    if importance.shape != (len(tree),):
        raise InputError(f"api: expected one value for each of {len(tree)} nodes, found {importance.shape}.")
    if not 0 <= focus < len(tree):
        raise InputError(f"focus_node: expected a node from 0 to {len(tree) - 1}, found {focus}.")
    if budget < 1:
        raise InputError(f"budget: expected at least 1, found {budget}.")
    interest = degree_of_interest(tree, importance, focus, distance_weight=distance_weight)
    inside = np.full(len(tree), -np.inf)
    for node in range(tree.n_leaves, len(tree)):
        left, right = tree.children[node]
        inside[node] = max(interest[left], interest[right], inside[left], inside[right])
    gain = inside + np.log([len(tree.leaves(node)) for node in range(len(tree))])
    shown = {tree.root}
    # ties: the widest group first, then the lowest number
    queue = [(-gain[tree.root], -tree.height[tree.root], tree.root)]
    while queue and len(shown) < budget:
        _, _, node = heapq.heappop(queue)
        if node < tree.n_leaves:
            continue
        shown.remove(node)
        for child in tree.children[node].tolist():
            shown.add(child)
            heapq.heappush(queue, (-gain[child], -tree.height[child], child))
    return np.array(sorted(shown), np.int64)


def degree_of_interest(
    tree: LabelTree, api: npt.ArrayLike, focus_node: int, *, distance_weight: float = 1.0
) -> npt.NDArray[np.float64]:
    """DOI(x | y) of every node (DataCrafter, Eq. 7), the tree distance in units of the tree's depth.

    Args:
        tree: the labels' hierarchy.
        api: (nodes,) a-priori importance.
        focus_node: y.
        distance_weight: factor on the tree distance.

    Returns:
        (nodes,) API(x) - TD(x, y).
    """
    unit = max(int(tree.depth.max()), 1)
    return np.asarray(np.asarray(api, np.float64) - distance_weight * tree.distance(focus_node) / unit)
