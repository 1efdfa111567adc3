"""The pictures on the map that the page has: columns that grow without being copied each time."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.store.columns import Growing

Columns = Mapping[str, NDArray[np.generic]]


class PointRows:
    """Equally long arrays, as `Session.map_points` gives them, sorted by id.

    Args:
        columns: the rows to start with.
    """

    def __init__(self, columns: Columns) -> None:
        self.replace(columns)

    def __len__(self) -> int:
        return len(self._rows["id"].rows)

    @property
    def columns(self) -> dict[str, NDArray[np.generic]]:
        """The rows, read-only."""
        return {name: column.rows for name, column in self._rows.items()}

    @property
    def last(self) -> int:
        """The largest id; 0 when there are no rows."""
        return int(self._rows["id"].rows[-1]) if len(self) else 0

    def replace(self, columns: Columns) -> None:
        """Take other rows."""
        self._rows = {name: Growing(column) for name, column in columns.items()}

    def append(self, columns: Columns) -> None:
        """Add rows with larger ids. Amortised, it costs what these rows do."""
        for name, column in self._rows.items():
            column.extend(columns[name])

    def remark(self, columns: Columns) -> dict[str, NDArray[np.generic]] | None:
        """Take over which of the rows are hidden and flagged.

        Args:
            columns: as read just now.

        Returns:
            The rows that changed; None when `columns` has not the same rows, and nothing was done.
        """
        own = self.columns
        if not np.array_equal(own["id"], columns["id"]):
            return None
        marks = [name for name in ("hidden", "flagged") if not np.array_equal(own[name], columns[name])]
        changed = np.zeros(len(self), bool)
        for name in marks:
            changed |= own[name] != columns[name]
        self.replace(columns)
        return {name: column[changed] for name, column in columns.items()}

    def has(self, ids: NDArray[np.int64]) -> bool:
        """Whether all of these are among the rows."""
        own = self._rows["id"].rows
        if not len(own):
            return not len(ids)
        places = np.minimum(np.searchsorted(own, ids), len(own) - 1)
        return bool((own[places] == ids).all())
