"""Why pictures stay out of the export, and the fingerprints that tell copies."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from datacrafter_widget.store.base import json_ids
from datacrafter_widget.store.columns import ColumnTable
from datacrafter_widget.store.records import Flag


class StoredFingerprint(NamedTuple):
    """A picture and the fingerprint of its content; None where none is kept yet."""

    picture_id: int
    sha256: str
    original: bool
    parent_id: int | None
    value: bytes | None


class FlagTable(ColumnTable):
    """The reasons are kept when a mark is taken away: `PictureTable.set_flagged` brings them back."""

    def flags(self, ids: Iterable[int] | None = None) -> list[Flag]:
        """Why each marked picture is marked, by picture; one that only a person marked has the kind "user".

        Args:
            ids: Of these pictures; of all that aren't hidden when None.
        """
        if ids is None:
            columns = self.picture_columns()
            ids = columns.ids[columns.flagged & ~columns.hidden]
        rows = self._rows(
            """
            SELECT p.id, coalesce(f.kind, 'user'), f.of_id, f.score
            FROM picture p LEFT JOIN flag f ON f.picture_id = p.id
            WHERE p.flagged AND p.id IN (SELECT value FROM json_each(?))
            ORDER BY p.id, f.kind
            """,
            (json_ids(ids),),
        )
        return [Flag(*row) for row in rows]

    def flagged_or_hidden(self, ids: Iterable[int]) -> set[int]:
        """Those of these pictures that an export leaves out."""
        rows = self._rows(
            "SELECT id FROM picture WHERE (flagged OR hidden) AND id IN (SELECT value FROM json_each(?))",
            (json_ids(ids),),
        )
        return {row["id"] for row in rows}

    def fingerprints(self, after_id: int = 0) -> list[StoredFingerprint]:
        """The fingerprints of all pictures by id, hidden ones too, or of those with larger ids."""
        rows = self._rows(
            "SELECT p.id, p.sha256, p.origin = 'original', g.parent_id, f.value FROM picture p"
            " LEFT JOIN provenance g ON g.picture_id = p.id"
            " LEFT JOIN fingerprint f ON f.sha256 = p.sha256 WHERE p.id > ? ORDER BY p.id",
            (int(after_id),),
        )
        return [StoredFingerprint(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows]

    def put_fingerprints(self, values: Sequence[tuple[str, bytes]]) -> None:
        """Keep fingerprints, (content hash, bytes) each; those there are replaced."""
        with self.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO fingerprint VALUES (?, ?)", values)

    def copies(self) -> list[tuple[int, int]]:
        """(picture, picture that a check found it to be a copy of) each, those kept all the same too."""
        return [
            tuple(row) for row in self._rows("SELECT picture_id, of_id FROM flag WHERE of_id IS NOT NULL")
        ]
