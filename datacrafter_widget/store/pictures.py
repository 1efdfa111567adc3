"""Originals and generated pictures."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import id_list, json_ids, now
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.columns import ColumnTable
from datacrafter_widget.store.records import (
    AddedOriginal,
    ClassCounts,
    FlagDraft,
    Origin,
    Picture,
    PlannedPicture,
    Provenance,
)

THUMBNAIL_SIZE = 96

_SELECT_PICTURES = """
SELECT p.id, p.sha256, p.class_id, p.origin, p.source, p.width, p.height, p.iteration, p.hidden, p.flagged,
    p.created_at, g.template_id, g.template, g.prompt, g.negative_prompt, g.seed, g.parent_id, g.strength,
    g.guidance_scale, g.num_inference_steps, g.width, g.height, g.model, g.model_revision, g.batch_size,
    g.perturbation
FROM picture p LEFT JOIN provenance g ON g.picture_id = p.id
"""

_IN_LIST = "IN (SELECT value FROM json_each(?))"
_SELECT_CONTENT = "SELECT id, sha256 FROM picture WHERE id IN (SELECT value FROM json_each(?))"

_PROVENANCE_FROM_PLAN = """
INSERT INTO provenance
SELECT ?, template_id, template, prompt, negative_prompt, seed, parent_id, strength, guidance_scale,
    num_inference_steps, width, height, ?, ?, ?, perturbation
FROM planned WHERE id = ?
"""


class PictureTable(ColumnTable):
    """Originals and generated pictures: their rows, files and thumbnails."""

    def add_original(self, image: Image.Image, class_id: int, source: str | None = None) -> Picture | None:
        """Add one original, or return None if the session has a picture of the same content.

        Args:
            image: An RGB picture.
            class_id: Its class.
            source: Where it came from, for people (a file's path, "array[3]").

        Raises:
            InputError: The picture isn't RGB, or there is no such class.
            StoreError: It can't be written.
        """
        added = self.add_originals([(image, class_id, source)])[0]
        return added.picture if added.new else None

    def add_originals(self, items: Sequence[tuple[Image.Image, int, str | None]]) -> list[AddedOriginal]:
        """Add several originals, (RGB picture, class id, source) each, in one transaction.

        Returns:
            For each item its row, or, where the content was there already, the row that has it.
        """
        hashes = self._put_images([image for image, _, _ in items])
        added = []
        with self.transaction() as connection:
            for sha256, (image, class_id, source) in zip(hashes, items, strict=True):
                if (kept := self.picture_by_content(sha256)) is not None:
                    added.append(AddedOriginal(kept, new=False))
                    continue
                row_id = _insert_picture(connection, sha256, int(class_id), "original", source, image, 0)
                added.append(AddedOriginal(self.picture(row_id), new=True))
        return added

    def add_generated(
        self,
        image: Image.Image,
        planned: PlannedPicture,
        model: str,
        model_revision: str | None,
        batch_size: int | None,
        iteration: int,
    ) -> Picture:
        """Add one generated picture with its provenance and mark its plan row done, in one transaction.

        A plan row that is done already keeps its picture, which is returned.
        """
        return self.add_generated_batch([(image, planned)], model, model_revision, batch_size, iteration)[0]

    def add_generated_batch(
        self,
        items: Sequence[tuple[Image.Image, PlannedPicture]],
        model: str,
        model_revision: str | None,
        batch_size: int | None,
        iteration: int,
        flags: Sequence[Sequence[FlagDraft]] | None = None,
    ) -> list[Picture]:
        """Add a batch of generated pictures: all of them or, after a crash, none.

        Args:
            items: (RGB picture, its row of `Store.planned`) each.
            model: Name of the generator.
            model_revision: Its revision or hash.
            batch_size: The size of the batch they were made in (part of what makes them reproducible).
            iteration: The generation round, from 1.
            flags: What is wrong with each; a picture with a flag is marked as not to be exported.

        Raises:
            InputError: A picture isn't RGB, or a plan row isn't in this session.
            StoreError: They can't be written.
        """
        hashes = self._put_images([image for image, _ in items])
        pictures: list[Picture] = []
        drafts = [()] * len(items) if flags is None else flags
        with self.transaction() as connection:
            for sha256, (image, planned), wrong in zip(hashes, items, drafts, strict=True):
                row = connection.execute(
                    "SELECT class_id, picture_id FROM planned WHERE id = ?", (planned.id,)
                ).fetchone()
                if row is None:
                    raise InputError(
                        f"expected a planned picture of this session, found one with id {planned.id}."
                        " Take it from planned(job_id) after create_job."
                    )
                if row["picture_id"] is not None:
                    pictures.append(self.picture(row["picture_id"]))
                    continue
                row_id = _insert_picture(
                    connection, sha256, row["class_id"], "generated", None, image, iteration
                )
                connection.execute(
                    _PROVENANCE_FROM_PLAN, (row_id, model, model_revision, batch_size, planned.id)
                )
                connection.execute("UPDATE planned SET picture_id = ? WHERE id = ?", (row_id, planned.id))
                _insert_flags(connection, row_id, wrong, [picture.id for picture in pictures])
                pictures.append(self.picture(row_id))
        return pictures

    def pictures(
        self,
        class_ids: Iterable[int] | None = None,
        origin: Origin | None = None,
        iteration: int | None = None,
        include_hidden: bool = False,
        ids: Iterable[int] | None = None,
        after_id: int = 0,
    ) -> list[Picture]:
        """The pictures that pass every filter given, by id.

        Args:
            class_ids: Of these classes.
            origin: "original" or "generated".
            iteration: Of this generation round (0: originals).
            include_hidden: Also those in the recycle bin.
            ids: Of these; unknown ids are left out.
            after_id: With larger ids: what came since.
        """
        conditions: list[str] = ["p.id > ?"]
        parameters: list[str | int] = [int(after_id)]
        for condition, value in (
            (f"p.class_id {_IN_LIST}", None if class_ids is None else json_ids(class_ids)),
            (f"p.id {_IN_LIST}", None if ids is None else json_ids(ids)),
            ("p.origin = ?", origin),
            ("p.iteration = ?", iteration),
            ("p.hidden = ?", None if include_hidden else 0),
        ):
            if value is not None:
                conditions.append(condition)
                parameters.append(value)
        sql = f"{_SELECT_PICTURES} WHERE {' AND '.join(conditions)} ORDER BY p.id"
        return [_picture(row) for row in self._rows(sql, parameters)]

    def picture(self, picture_id: int) -> Picture:
        """One picture, hidden or not.

        Raises:
            InputError: There is no such picture.
        """
        row = self._row(f"{_SELECT_PICTURES} WHERE p.id = ?", (int(picture_id),))
        if row is None:
            raise InputError(f"expected the id of a picture, found {picture_id}. pictures() lists them.")
        return _picture(row)

    def picture_by_content(self, sha256: str) -> Picture | None:
        """The first picture with that content (see `content_hash`), or None."""
        row = self._row(f"{_SELECT_PICTURES} WHERE p.sha256 = ? ORDER BY p.id LIMIT 1", (sha256,))
        return None if row is None else _picture(row)

    def load_image(self, picture_id: int) -> Image.Image:
        """The pixels, as an RGB picture.

        Raises:
            InputError: There is no such picture.
            StoreError: Its file is missing or damaged.
        """
        return self._files.load(self.picture(picture_id).sha256)

    def image_path(self, picture: int | Picture) -> Path:
        """The PNG file of a picture (its id or its row), for reading. Copy it; never write to it."""
        row = picture if isinstance(picture, Picture) else self.picture(picture)
        return self._files.path(row.sha256)

    def thumbnail(self, picture_id: int, size: int = THUMBNAIL_SIZE) -> bytes:
        """WebP bytes with the longest side at most ``size`` pixels (16 to 512)."""
        return self._files.thumbnail(self.picture(picture_id).sha256, size)

    def thumbnails(self, ids: Iterable[int], size: int = THUMBNAIL_SIZE) -> dict[int, bytes]:
        """`thumbnail` of several pictures, by id; unknown ids are left out."""
        rows = self._rows(_SELECT_CONTENT, (json_ids(ids),))
        return {row["id"]: self._files.thumbnail(row["sha256"], size) for row in rows}

    def set_hidden(self, ids: Iterable[int], hidden: bool) -> list[int]:
        """Move pictures into the recycle bin or out of it.

        Returns:
            The ids that changed: what an undo has to put back.

        Raises:
            InputError: An id isn't a picture's; nothing is changed then.
        """
        return self._set_mark("hidden", id_list(ids), hidden)

    def set_flagged(self, ids: Iterable[int], flagged: bool) -> list[int]:
        """Mark pictures as not to be exported, or clear the mark. Returns and raises as `set_hidden`."""
        return self._set_mark("flagged", id_list(ids), flagged)

    def add_flags(self, picture_id: int, drafts: Sequence[FlagDraft]) -> None:
        """Note what is wrong with a picture, which is marked as not to be exported then.

        Raises:
            InputError: There is no such picture, or it has a flag of that kind.
        """
        with self.transaction() as connection:
            _insert_flags(connection, self.picture(picture_id).id, drafts, ())
            self._note_marks([picture_id])

    def descendants(self, ids: Iterable[int]) -> dict[int, list[int]]:
        """The pictures generated from each of these, from those in turn, and so on; hidden ones too.

        Returns:
            ``{id: ids of its descendants, in order}``, with an empty list where there are none.
        """
        wanted = id_list(ids)
        rows = self._rows(
            """
            WITH RECURSIVE tree (root, id) AS (
                SELECT value, value FROM json_each(?)
                UNION
                SELECT tree.root, g.picture_id FROM tree JOIN provenance g ON g.parent_id = tree.id
            )
            SELECT root, id FROM tree WHERE id <> root ORDER BY id
            """,
            (json_ids(wanted),),
        )
        found: dict[int, list[int]] = {root: [] for root in wanted}
        for row in rows:
            found[row["root"]].append(row["id"])
        return found

    def counts(self) -> dict[int, ClassCounts]:
        """Pictures of every class, by class id."""
        class_ids = [row[0] for row in self._rows("SELECT id FROM class ORDER BY position, id")]
        columns = self.picture_columns()
        kind = np.where(columns.hidden, 2, columns.generated)
        size = max(class_ids, default=0) + 1
        counted = np.bincount(columns.class_ids * 3 + kind, minlength=3 * size).reshape(-1, 3)
        return {class_id: ClassCounts(*counted[class_id].tolist()) for class_id in class_ids}

    def _set_mark(self, column: str, ids: list[int], value: bool) -> list[int]:
        with self.transaction() as connection:
            rows = connection.execute(
                f"SELECT id, {column} AS mark FROM picture WHERE id {_IN_LIST}",  # noqa: S608 - column is ours
                (json_ids(ids),),
            ).fetchall()
            if unknown := set(ids) - {row["id"] for row in rows}:
                raise InputError(
                    f"expected ids of pictures, but {sorted(unknown)[:5]} are not in this session."
                    " pictures(include_hidden=True) lists all."
                )
            changed = sorted(row["id"] for row in rows if bool(row["mark"]) != value)
            connection.execute(
                f"UPDATE picture SET {column} = ? WHERE id {_IN_LIST}",  # noqa: S608 - column is ours
                (int(value), json_ids(changed)),
            )
            self._note_marks(changed)
        return changed

    def _put_images(self, images: Sequence[Image.Image]) -> list[str]:
        """Write the files before their rows: a crash between the two leaves a file that nothing names."""
        self._check_writable()
        return self._files.put(images)


def _insert_picture(
    connection: sqlite3.Connection,
    sha256: str,
    class_id: int,
    origin: Origin,
    source: str | None,
    image: Image.Image,
    iteration: int,
) -> int:
    row_id = connection.execute(
        "INSERT INTO picture (sha256, class_id, origin, source, width, height, iteration, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            sha256,
            class_id,
            origin,
            None if source is None else printable(source),
            image.width,
            image.height,
            int(iteration),
            now(),
        ),
    ).lastrowid
    return int(row_id or 0)


def _insert_flags(
    connection: sqlite3.Connection, picture_id: int, drafts: Sequence[FlagDraft], batch_ids: Sequence[int]
) -> None:
    for draft in drafts:
        of_id = draft.of_id if draft.of_position is None else batch_ids[draft.of_position]
        connection.execute(
            "INSERT INTO flag VALUES (?, ?, ?, ?, ?)", (picture_id, draft.kind, of_id, draft.score, now())
        )
    if drafts:
        connection.execute("UPDATE picture SET flagged = 1 WHERE id = ?", (picture_id,))


def _picture(row: sqlite3.Row) -> Picture:
    values = tuple(row)
    created_at = row["created_at"]
    provenance = None if row["origin"] == "original" else Provenance(*values[11:], created_at)  # type: ignore[call-arg]
    return Picture(*values[:8], bool(row["hidden"]), bool(row["flagged"]), created_at, provenance)  # type: ignore[call-arg]
