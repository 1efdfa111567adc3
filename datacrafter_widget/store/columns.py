"""The pictures as columns, read once and kept: a map wants all of them again and again."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.store.base import StoreBase, json_ids
from datacrafter_widget.store.records import PictureColumns

# SQLite joins a column's numbers to one text faster than Python takes rows over, and NumPy reads that.
_PICTURES = """
SELECT group_concat(id), group_concat(class_id), group_concat(iteration),
    group_concat((origin = 'generated') + 2 * hidden + 4 * flagged)
FROM (SELECT * FROM picture WHERE id > ? ORDER BY id)
"""
_MARKS = """
SELECT id, hidden, flagged FROM picture WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id
"""
_PARENTS = """
SELECT group_concat(picture_id), group_concat(parent_id)
FROM (SELECT picture_id, parent_id FROM provenance WHERE parent_id IS NOT NULL AND picture_id > ?)
"""
# Whole numbers are written faster than real ones; 2⁻⁴⁸ is finer than float32 tells apart, but near nought.
_FINEST = 2.0**48
_FARTHEST = 2.0**14
_PLACES = f"""
SELECT group_concat(id), group_concat(CAST(x * {_FINEST} AS INTEGER)),
    group_concat(CAST(y * {_FINEST} AS INTEGER)), max(max(abs(x), abs(y)))
FROM (SELECT * FROM picture_position WHERE id > ? ORDER BY id)
"""  # noqa: S608 - numbers of ours
_FAR_PLACES = "SELECT id, x, y FROM picture_position WHERE id > ? ORDER BY id"


class Growing:
    """An array that rows are added to, without a copy of it each time."""

    def __init__(self, rows: NDArray[Any]) -> None:
        self._rows = rows
        self._count = len(rows)

    @property
    def rows(self) -> NDArray[Any]:
        """What was added so far, read-only; it stays as it is when more is added."""
        view = self._rows[: self._count]
        view.flags.writeable = False
        return view

    def extend(self, rows: NDArray[Any]) -> None:
        """Add rows."""
        needed = self._count + len(rows)
        if needed > len(self._rows):
            room = np.empty((needed, *self._rows.shape[1:]), self._rows.dtype)
            self._rows = np.concatenate([self._rows[: self._count], room])
        self._rows[self._count : needed] = rows
        self._count = needed


class _Kept(NamedTuple):
    columns: tuple[Growing, ...]

    @property
    def last(self) -> int:
        ids = self.columns[0].rows
        return int(ids[-1]) if len(ids) else 0

    def extend(self, more: tuple[NDArray[Any], ...]) -> None:
        for column, rows in zip(self.columns, more, strict=True):
            column.extend(rows)


class ColumnTable(StoreBase):
    """Columns of the pictures and of their places. Inside a transaction they are read afresh, and not kept."""

    def __init__(self) -> None:
        super().__init__()
        self._pictures: _Kept | None = None
        self._parents: Growing | None = None
        self._places: _Kept | None = None
        self._marked: set[int] = set()  # pictures whose marks may differ from those that are kept
        self._seen = -1

    def picture_columns(self, after_id: int = 0) -> PictureColumns:
        """`pictures` as arrays, hidden ones too: all of them, or those with larger ids."""
        with self._guard:
            if self._depth:
                return PictureColumns(*self._read_pictures(after_id))
            self._forget_what_others_changed()
            if self._pictures is None:
                self._marked.clear()
                self._pictures = _Kept(tuple(map(Growing, self._read_pictures(0))))
            else:
                self._pictures.extend(self._read_pictures(self._pictures.last))
                self._renew_marks(self._pictures)
            columns = PictureColumns(*(column.rows for column in self._pictures.columns))
            start = int(np.searchsorted(columns.ids, after_id, side="right"))
            return columns.take(slice(start, None))

    def parent_ids(self, columns: PictureColumns) -> NDArray[np.int64]:
        """The parent of each of `columns`, 0 where there is none.

        Args:
            columns: all of `picture_columns`; there may be more pictures since they were read.
        """
        with self._guard:
            ids = self.picture_columns().ids
            kept = None if self._depth else self._parents
            known = 0 if kept is None else len(kept.rows)
            children, parents = _numbers(self._row(_PARENTS, (int(ids[known - 1]) if known else 0,)), 2)
            more = np.zeros(len(ids) - known, np.int64)
            more[np.searchsorted(ids[known:], children)] = parents
            if kept is None:
                kept = Growing(more)
            else:
                kept.extend(more)
            if not self._depth:
                self._parents = kept
            return kept.rows[: len(columns.ids)]

    def picture_places(self, after_id: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (N,), sorted, and positions (N, 2) of the pictures that have one and a larger id than `after_id`."""
        with self._guard:
            if self._depth:
                return self._read_places(after_id)
            self._forget_what_others_changed()
            if self._places is None:
                self._places = _Kept(tuple(Growing(column) for column in self._read_places(0)))
            else:
                self._places.extend(self._read_places(self._places.last))
            ids, xy = (column.rows for column in self._places.columns)
            start = int(np.searchsorted(ids, after_id, side="right"))
            return ids[start:], xy[start:]

    def _note_marks(self, ids: list[int]) -> None:
        self._marked.update(ids)

    def _note_places(self, ids: list[int]) -> None:
        if self._places is not None and ids and min(ids) <= self._places.last:
            self._places = None

    def _forget_what_others_changed(self) -> None:
        """Another process may write where this one only reads."""
        if not self.read_only:
            return
        (seen,) = self._row("PRAGMA data_version") or (0,)
        if seen != self._seen:
            self._pictures = self._parents = self._places = None
            self._seen = seen

    def _renew_marks(self, kept: _Kept) -> None:
        if not self._marked:
            return
        rows = np.array([tuple(row) for row in self._rows(_MARKS, (json_ids(self._marked),))], np.int64)
        self._marked.clear()
        if not len(rows):
            return
        *others, hidden, flagged = kept.columns
        at = np.searchsorted(kept.columns[0].rows, rows[:, 0])
        renewed = [column.rows.copy() for column in (hidden, flagged)]
        for column, values in zip(renewed, rows.T[1:], strict=True):
            column[at] = values
        self._pictures = _Kept((*others, *(Growing(column) for column in renewed)))

    def _read_pictures(self, after_id: int) -> tuple[NDArray[Any], ...]:
        ids, class_ids, iterations, marks = _numbers(self._row(_PICTURES, (int(after_id),)), 4)
        generated, hidden, flagged = ((marks & bit).astype(np.bool_) for bit in (1, 2, 4))
        return ids, class_ids, generated, iterations, hidden, flagged

    def _read_places(self, after_id: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        row = self._row(_PLACES, (int(after_id),))
        if row is not None and (row[3] or 0) > _FARTHEST:
            rows = self._rows(_FAR_PLACES, (int(after_id),))
            return np.array([each[0] for each in rows], np.int64), np.array(
                [tuple(each)[1:] for each in rows], np.float32
            )
        ids, x, y = _numbers(row, 3)
        return ids, (np.stack([x, y], axis=1) / _FINEST).astype(np.float32)


def _numbers(row: object, count: int) -> list[NDArray[np.int64]]:
    """The columns that a row of joined texts holds."""
    texts = list(row)[:count] if row is not None else []  # type: ignore[call-overload]
    return [np.fromstring(text or "", dtype=np.int64, sep=",") for text in texts]
