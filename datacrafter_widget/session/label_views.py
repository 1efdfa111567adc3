"""The content labels that a session shows: their table, their hierarchy, and the cut of it that is on the map."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.labels.hierarchy import LabelTree, imbalance
from datacrafter_widget.labels.view import View, labels_in_view, node_places
from datacrafter_widget.store import Store

Row = dict[str, Any]


@dataclass(frozen=True)
class LabelMap:
    """The labels on the map in their hierarchy.

    Attributes:
        tree: over the labels that have a place and visible pictures.
        ids: (L,) label ids, in the order of the leaves.
        places: (nodes, 2) on the map.
        originals: (nodes,) visible originals that carry a label of the node, each counted once.
        generated: (nodes,) generated pictures that do.
    """

    tree: LabelTree
    ids: list[int]
    places: NDArray[np.float64]
    originals: NDArray[np.int64]
    generated: NDArray[np.int64]


def label_members(store: Store) -> dict[int, list[int]]:
    """For every content label, the visible pictures that carry it."""
    edges, _ = store.picture_labels()
    if not len(edges):
        return {}
    columns = store.picture_columns()
    edges = edges[~np.isin(edges[:, 0], columns.ids[columns.hidden])]
    pictures, labels = edges[np.argsort(edges[:, 1], kind="stable")].T
    found, first = np.unique(labels, return_index=True)
    return {
        label: owners.tolist()
        for label, owners in zip(found.tolist(), np.split(pictures, first[1:]), strict=True)
    }


def label_table(store: Store) -> list[Row]:
    """One row a content label on the map: its place, and how many originals and generated pictures carry it.

    ``ratio`` is generated to original, with one added to both so that a rare label doesn't divide by zero.
    """
    members = label_members(store)
    return _rows(store, members, _generated(store)) if members else []


def label_map(store: Store, tree: LabelTree | None) -> LabelMap | None:
    """The labels of `label_table` in their hierarchy, or None when there are none.

    Args:
        store: the session's.
        tree: the hierarchy of the last observation. Without one (a session that was opened again), or when
            it lacks a label, labels are grouped by where they stand on the map.
    """
    members = label_members(store)
    made = _generated(store) if members else set()
    rows = {row["text"]: row for row in _rows(store, members, made)}
    if not rows:
        return None
    names = [] if tree is None else tree.names[: tree.n_leaves]
    if tree is not None and rows.keys() <= set(names):
        leaves = [leaf for leaf, name in enumerate(names) if name in rows]
        tree, ordered = tree.restricted(leaves), [rows[names[leaf]] for leaf in leaves]
    else:
        ordered = list(rows.values())
        tree = LabelTree.from_places(
            [[row["x"], row["y"]] for row in ordered],
            [row["text"] for row in ordered],
            [row["originals"] + row["generated"] for row in ordered],
        )
    everything = int(store.picture_columns().ids[-1])
    # sets of pictures as the bits of an integer: small, and quickly united and counted
    sets = [_bits(members[row["id"]], everything) for row in ordered]
    for left, right in tree.children[tree.n_leaves :].tolist():
        sets.append(sets[left] | sets[right])
    all_made = _bits(list(made), everything)
    generated = np.array([(pictures & all_made).bit_count() for pictures in sets], np.int64)
    return LabelMap(
        tree=tree,
        ids=[row["id"] for row in ordered],
        places=node_places(tree, [[row["x"], row["y"]] for row in ordered]),
        originals=np.array([pictures.bit_count() for pictures in sets], np.int64) - generated,
        generated=generated,
    )


def label_columns(labels: LabelMap | None) -> dict[str, list[Any]]:
    """A label map as the page reads it: columns, with nothing that is in the label table already.

    ``labels`` has the ids of the leaves, ``importance`` a value for each node, ``text`` a name or None for
    that of the node's place; all but these two are of inner nodes alone. ``place`` is a leaf.
    """
    if labels is None:
        names = ("labels", "children", "place", "text", "originals", "generated", "importance")
        return {name: [] for name in names}
    tree, inner = labels.tree, slice(labels.tree.n_leaves, None)
    named = zip(tree.names, tree.medoid.tolist(), strict=True)
    own = [name if name != tree.names[place] else None for name, place in named]
    return {
        "labels": labels.ids,
        "children": tree.children[inner].tolist(),
        "place": tree.medoid[inner].tolist(),
        "text": own[inner],
        "originals": labels.originals[inner].tolist(),
        "generated": labels.generated[inner].tolist(),
        "importance": np.round(imbalance(labels.originals, labels.generated), 3).tolist(),
    }


def label_cut(labels: LabelMap | None, *, budget: int, view: View | None) -> list[Row]:
    """The nodes to show in a view (default: of everything), most pictures first."""
    if labels is None:
        return []
    tree = labels.tree
    if view is None:
        (x0, y0), (x1, y1) = labels.places.min(axis=0) - 1, labels.places.max(axis=0) + 1
        view = (float(x0), float(y0), float(x1), float(y1))
    api = np.round(imbalance(labels.originals, labels.generated), 3)
    cut = [
        {
            "node": node,
            "text": tree.names[node],
            "x": float(labels.places[node, 0]),
            "y": float(labels.places[node, 1]),
            "originals": int(labels.originals[node]),
            "generated": int(labels.generated[node]),
            "members": [labels.ids[leaf] for leaf in tree.leaves(node)],
        }
        for node in labels_in_view(tree, api, labels.places, view, budget).nodes.tolist()
    ]
    return sorted(cut, key=lambda row: (-row["originals"] - row["generated"], row["text"]))


def _bits(pictures: list[int], largest: int) -> int:
    mask = np.zeros(largest + 1, bool)
    mask[pictures] = True
    return int.from_bytes(np.packbits(mask).tobytes(), "big")


def _generated(store: Store) -> set[int]:
    columns = store.picture_columns()
    return set(columns.ids[columns.generated].tolist())


def _rows(store: Store, members: dict[int, list[int]], made: set[int]) -> list[Row]:
    ids, positions = store.positions("label")
    place = {int(label): row for row, label in enumerate(ids)}
    rows = []
    for label in store.labels():
        pictures = members.get(label.id, [])
        if label.id not in place or not pictures:
            continue
        generated = len(made.intersection(pictures))
        x, y = positions[place[label.id]].tolist()
        rows.append(
            {
                "id": label.id,
                "text": label.text,
                "x": x,
                "y": y,
                "originals": len(pictures) - generated,
                "generated": generated,
                "ratio": (generated + 1) / (len(pictures) - generated + 1),
            }
        )
    return sorted(rows, key=lambda row: (-row["originals"] - row["generated"], row["text"]))
