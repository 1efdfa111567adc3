"""Who comes from whom: pictures in rows, an original first and behind it all that was generated from it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.session.views import class_places
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import PictureColumns

FROM_TEXT, ALONE = 0, -1
"""In place of a row's original: its pictures come from prompts alone; or are originals that nothing came from."""

HIDDEN, FLAGGED = 1, 2
"""Bits of a picture's marks; the bits above say how many generations it is from the first, 1 for a child."""

DEEPEST = 63


class Families(NamedTuple):
    """Rows of pictures, class by class.

    First originals with what came of them, then what came from prompts alone, then originals that nothing came from.

    Attributes:
        rows: (F, 4) int32: the id of the original (or `FROM_TEXT`, `ALONE`), the class's id, the original's marks,
            and how many of `ids` are in the row.
        ids: (N,) int32, row after row; descendants stand behind their first ancestor in the row.
        marks: (N,) uint8: bit 0 hidden, bit 1 flagged, from bit 2 on the generation (0: without a parent).
    """

    rows: NDArray[np.int32]
    ids: NDArray[np.int32]
    marks: NDArray[np.uint8]


def families(
    store: Store, ids: Sequence[int] | None = None, class_ids: Sequence[int] | None = None
) -> Families:
    """All pictures as families, or those families that have one of `ids`; of all classes, or of these.

    A row from prompts alone, and one of originals that nothing came from, has of the pictures that are not in `ids`
    only those that come from one that is. Unknown ids are passed over.
    """
    columns = store.picture_columns()
    parents = _rows_of(columns.ids, store.parent_ids(columns))
    first, generation = _first_ancestors(parents)
    has_children = np.zeros(len(parents), bool)
    has_children[first[first != np.arange(len(first))]] = True
    original = ~columns.generated[first]
    wanted = np.ones(len(parents), bool)
    if ids is not None:
        chosen = np.zeros(len(parents), bool)
        chosen[first[np.isin(columns.ids, np.asarray(ids, np.int64))]] = True
        wanted = chosen[first]
    if class_ids is not None:
        wanted &= np.isin(columns.class_ids[first], np.asarray(class_ids, np.int64))
    kind = np.where(original, np.where(has_children[first], 0, 2), 1)
    return _table(store, columns, first, generation, kind, wanted)


def _rows_of(ids: NDArray[np.int64], parent_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of each picture's parent, its own where it has none (or one that is not there)."""
    if not len(ids):
        return np.zeros(0, np.int64)
    row = np.minimum(np.searchsorted(ids, parent_ids), len(ids) - 1)
    known = ids[row] == parent_ids
    return np.where(known, row, np.arange(len(ids)))


def _first_ancestors(parents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The row of everyone's first ancestor, and how many generations it is away."""
    first = parents
    generation = np.zeros(len(parents), np.int64)
    moving = first != np.arange(len(first))
    while moving.any():  # once for each generation; nothing can come from a picture that is younger
        generation += moving
        after = parents[first]
        moving = after != first
        first = after
    return first, generation


def _table(
    store: Store,
    columns: PictureColumns,
    first: NDArray[np.int64],
    generation: NDArray[np.int64],
    kind: NDArray[np.int64],
    wanted: NDArray[np.bool_],
) -> Families:
    class_ids = columns.class_ids[first]
    place = class_places(store)[class_ids]
    flagged = columns.flagged & ~columns.hidden
    marks = columns.hidden * HIDDEN + flagged * FLAGGED + (np.minimum(generation, DEEPEST) << 2)

    heads = np.where(kind == 0, columns.ids[first], np.where(kind == 1, FROM_TEXT, ALONE))
    order = np.lexsort((columns.ids, first, heads, kind, place))
    order = order[wanted[order]]
    keys = np.stack([heads[order], class_ids[order]], axis=1)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    row = np.cumsum(fresh) - 1
    member = (kind[order] != 0) | (first[order] != order)  # an original with a row of its own heads it
    rows = np.zeros((int(fresh.sum()), 4), np.int32)
    rows[:, :2] = keys[fresh]
    rows[row[~member], 2] = marks[order[~member]]
    rows[:, 3] = np.bincount(row[member], minlength=len(rows))
    listed = order[member]
    return Families(rows, columns.ids[listed].astype(np.int32), marks[listed].astype(np.uint8))
