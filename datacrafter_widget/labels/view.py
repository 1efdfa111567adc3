"""Which labels to show in a part of the map, steady while it is moved. `js/src/map/labelcut.ts` does the same."""

import heapq
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels.hierarchy import LabelTree
from datacrafter_widget.labels.treecut import degree_of_interest

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
View = tuple[float, float, float, float]

ZOOM_STEP = 1.2  # a view that is less than this larger or smaller than the one chosen for has the same zoom
SHOWN_MARGIN = 0.5  # by how much what is shown is preferred while zooming out, in units of the interest


@dataclass(frozen=True)
class LabelCut:
    """The labels shown in a view, and what the next view needs to know of them.

    Attributes:
        nodes: nodes to show, ascending; all have their place in the view, none is below another.
        kept: nodes that were shown at this zoom and are outside now (or had to give way), ascending. They
            come back with their place, so that moving the map there and back changes nothing.
        size: side of a square as large as the view that the level of detail was chosen for.
    """

    nodes: IntArray
    kept: IntArray
    size: float


def node_places(tree: LabelTree, places: npt.ArrayLike) -> FloatArray:
    """Where nodes stand: each at the place of its most central label.

    Args:
        tree: the labels' hierarchy.
        places: (L, 2) the labels' places.

    Returns:
        (nodes, 2).
    """
    return np.asarray(np.asarray(places, np.float64)[tree.medoid])


def labels_in_view(
    tree: LabelTree,
    api: npt.ArrayLike,
    positions: npt.ArrayLike,
    view: View,
    budget: int = 24,
    *,
    shown: LabelCut | None = None,
    distance_weight: float = 1.0,
) -> LabelCut:
    """Nodes to show in a view: a tree cut (DataCrafter, Sec. 5.2.2) of what lies in it. Nothing is random.

    As `tree_cut`, which it equals for a view of everything, it opens the nodes whose inside is most
    interesting, DOI(x | y) = API(x) - TD(x, y) with y the label nearest to the centre of the view (the root
    where the view holds everything). Only what has its place in the view counts, for the interest and for the
    budget: a smaller view therefore shows more detail. Opening a node shows the nearest nodes below it that
    have their place in the view.

    With `shown`, what is there stays:

    * At the same zoom (within 20 %, so also while zooming a little in and out) nothing shown is opened or
      hidden as long as its place is in the view. New nodes fill what is free; the seats of nodes just
      outside, by less than a tenth of the view, are held for them.
    * Zoomed in, nothing shown goes unless it is opened.
    * Zoomed out, the cut is made anew, and what was shown is preferred by a margin.

    Args:
        tree: the labels' hierarchy.
        api: (nodes,) a-priori importance, see `imbalance`.
        positions: (nodes, 2) places, see `node_places`.
        view: x0, y0, x1, y1 in the units of the positions, x0 < x1 and y0 < y1.
        budget: most nodes to show, at least 1. A smaller one than before hides nothing until one zooms out.
        shown: the result for the view before.
        distance_weight: factor on the tree distance.

    Returns:
        What to show. Every label in the view is below one of the nodes while the budget allows.

    Raises:
        InputError: arrays that do not fit the tree, an empty view, or a budget below 1.
    """
    importance, place = np.asarray(api, np.float64), np.asarray(positions, np.float64)
    x0, y0, x1, y1 = (float(side) for side in view)
    if importance.shape != (len(tree),) or place.shape != (len(tree), 2):
        raise InputError(
            f"labels_in_view: expected an importance and a place for each of {len(tree)} nodes, found shapes "
            f"{importance.shape} and {place.shape}."
        )
    if not (x0 < x1 and y0 < y1):
        raise InputError(f"view: expected x0 < x1 and y0 < y1, found {view}.")
    if budget < 1:
        raise InputError(f"budget: expected at least 1, found {budget}.")

    inside = _within(place, (x0, y0, x1, y1))
    below = _labels_below(tree, inside)
    size = float(np.sqrt((x1 - x0) * (y1 - y0)))
    zoom = 0 if shown is None else _zoom(size, shown.size)
    focus = _focus(tree, place, inside, ((x0 + x1) / 2, (y0 + y1) / 2))
    interest = degree_of_interest(tree, importance, focus, distance_weight=distance_weight)
    gain, worth = _gains(tree, interest, inside, below)

    before: list[int] = [] if shown is None else shown.nodes.tolist()
    former: list[int] = [] if shown is None or zoom else shown.kept.tolist()
    held: set[int] = {*before, *former} if zoom == 0 else {n for n in before if zoom > 0 and inside[n]}
    if zoom < 0:
        gain[_ancestors(tree, before)] += SHOWN_MARGIN
    held, others = _frontier(tree, held, inside, below)

    def by_worth(nodes: Collection[int]) -> list[int]:
        # rounded, so that the page's last digit makes no difference
        return sorted(nodes, key=lambda node: (-_rounded(float(worth[node])), -node))

    here = {node for node in held if inside[node]}
    stay = by_worth(here & set(before))
    taken = [*stay, *by_worth(here - set(before))[: max(0, budget - len(stay))]]
    free = max(0, budget - len(taken))
    if zoom == 0:
        margin_x, margin_y = (ZOOM_STEP - 1) / 2 * (x1 - x0), (ZOOM_STEP - 1) / 2 * (y1 - y0)
        near = _within(place, (x0 - margin_x, y0 - margin_y, x1 + margin_x, y1 + margin_y))
        free = max(0, free - sum(bool(near[node]) for node in held - here))
    taken += by_worth(others)[:free]
    free = max(0, free - len(others))
    closed = held if zoom == 0 else set()
    nodes = _open(tree, set(taken), closed, gain, inside, below, free)
    kept = held - nodes if zoom == 0 else set()
    return LabelCut(
        np.array(sorted(nodes), np.int64),
        np.array(sorted(kept), np.int64),
        size if shown is None or zoom else shown.size,
    )


def _zoom(size: float, before: float) -> int:
    """1 zoomed in, -1 zoomed out, 0 about the same."""
    if size * ZOOM_STEP < before:
        return 1
    return -1 if size > before * ZOOM_STEP else 0


def _within(place: FloatArray, view: View) -> BoolArray:
    x, y = place[:, 0], place[:, 1]
    return np.asarray((x >= view[0]) & (x <= view[2]) & (y >= view[1]) & (y <= view[3]))


def _labels_below(tree: LabelTree, inside: BoolArray) -> IntArray:
    """How many labels at or below each node have their place in the view."""
    count = np.zeros(len(tree), np.int64)
    count[: tree.n_leaves] = inside[: tree.n_leaves]
    for node in range(tree.n_leaves, len(tree)):
        count[node] = count[tree.children[node]].sum()
    return count


def _focus(tree: LabelTree, place: FloatArray, inside: BoolArray, centre: tuple[float, float]) -> int:
    labels = np.flatnonzero(inside[: tree.n_leaves])
    if len(labels) in (0, tree.n_leaves):
        return tree.root
    distance = (place[labels, 0] - centre[0]) ** 2 + (place[labels, 1] - centre[1]) ** 2
    return int(labels[np.argmin(distance)])


def _gains(
    tree: LabelTree, interest: FloatArray, inside: BoolArray, below: IntArray
) -> tuple[FloatArray, FloatArray]:
    """What opening a node is worth, and what the node itself with all below is; see `tree_cut`."""
    own = np.where(inside, interest, -np.inf)
    best = np.full(len(tree), -np.inf)
    for node in range(tree.n_leaves, len(tree)):
        left, right = tree.children[node]
        best[node] = max(own[left], own[right], best[left], best[right])
    spread = np.log(np.maximum(below, 1))
    return best + spread, np.maximum(best, own) + spread


def _ancestors(tree: LabelTree, nodes: Collection[int]) -> list[int]:
    found: set[int] = set()
    for node in nodes:
        up = int(tree.parent[node])
        while up >= 0 and up not in found:
            found.add(up)
            up = int(tree.parent[up])
    return sorted(found)


def _frontier(
    tree: LabelTree, held: set[int], inside: BoolArray, below: IntArray
) -> tuple[set[int], set[int]]:
    """The coarsest cut through the held nodes: those of them that are in it, and the others in the view."""
    above = set(_ancestors(tree, held))
    found: set[int] = set()
    others: set[int] = set()
    stack = [tree.root]
    while stack:
        node = stack.pop()
        if node in above:
            stack.extend(tree.children[node].tolist())
        elif node in held:
            found.add(node)
        else:
            others.update(_visible(tree, [node], inside, below))
    return found, others


def _visible(tree: LabelTree, start: list[int], inside: BoolArray, below: IntArray) -> list[int]:
    """The uppermost nodes at or below some nodes that have their place in the view."""
    found, stack = [], list(start)
    while stack:
        node = stack.pop()
        if inside[node]:
            found.append(node)
        elif below[node]:
            stack.extend(tree.children[node].tolist())
    return found


def _open(
    tree: LabelTree,
    nodes: set[int],
    closed: set[int],
    gain: FloatArray,
    inside: BoolArray,
    below: IntArray,
    free: int,
) -> set[int]:
    """Replace the most interesting node by what is below it in the view, while seats are free."""
    # ties: the widest group first, which has the highest number
    queue = [(-_rounded(float(gain[node])), -node) for node in nodes - closed]
    heapq.heapify(queue)
    while queue and free > 0:
        node = -heapq.heappop(queue)[1]
        if node < tree.n_leaves:
            continue
        opened = _visible(tree, tree.children[node].tolist(), inside, below)
        if not opened or len(opened) - 1 > free:
            continue
        nodes.remove(node)
        nodes.update(opened)
        free -= len(opened) - 1
        for child in opened:
            heapq.heappush(queue, (-_rounded(float(gain[child])), -child))
    return nodes


def _rounded(value: float) -> float:
    return float(np.floor(value * 1e9 + 0.5) / 1e9)
