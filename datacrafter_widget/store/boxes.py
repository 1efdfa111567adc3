"""Where objects are in pictures."""

from collections.abc import Iterable

from datacrafter_widget.store.base import StoreBase, json_ids
from datacrafter_widget.store.records import Box, BoxSource

_COLUMNS = "picture_id, class_id, x, y, width, height, score, source"
_INSERT = f"INSERT INTO box ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - ours


class BoxTable(StoreBase):
    """Boxes around objects, given with a data set or found by a detector."""

    def add_boxes(self, boxes: Iterable[Box]) -> None:
        """Add boxes to pictures.

        Raises:
            InputError: A picture or class isn't in this session; nothing is added then.
        """
        rows = [
            (
                int(box.picture_id),
                int(box.class_id),
                float(box.x),
                float(box.y),
                float(box.width),
                float(box.height),
                None if box.score is None else float(box.score),
                box.source,
            )
            for box in boxes
        ]
        with self.transaction() as connection:
            connection.executemany(_INSERT, rows)

    def remove_boxes(self, picture_ids: Iterable[int], source: BoxSource) -> None:
        """Remove the boxes of one source from pictures, such as a detector's before it looks again."""
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM box WHERE picture_id IN (SELECT value FROM json_each(?)) AND source = ?",
                (json_ids(picture_ids), source),
            )

    def boxes(self, picture_ids: Iterable[int] | None = None) -> dict[int, list[Box]]:
        """Boxes by picture, in the order added: those of some pictures, or all. No key without a box."""
        condition = "" if picture_ids is None else "WHERE picture_id IN (SELECT value FROM json_each(?))"
        parameters = () if picture_ids is None else (json_ids(picture_ids),)
        found: dict[int, list[Box]] = {}
        for row in self._rows(f"SELECT {_COLUMNS} FROM box {condition} ORDER BY id", parameters):  # noqa: S608 - both are ours
            found.setdefault(row["picture_id"], []).append(Box(**row))
        return found
