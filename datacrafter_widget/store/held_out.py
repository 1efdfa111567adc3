"""Pictures that only measure: a validation set and a test set."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from datacrafter_widget.store.base import StoreBase, to_json
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.records import Box, HeldOutPicture, HeldOutRole


class HeldOutDraft(NamedTuple):
    """A picture to hold out, of content that `HeldOutTable.put_held_out_images` stored."""

    sha256: str
    class_id: int
    source: str | None
    boxes: tuple[Box, ...] = ()


class HeldOutTable(StoreBase):
    """Held-out pictures. They are no rows of the pictures, so nothing trains on them or starts from them."""

    def put_held_out_images(self, images: Sequence[Image.Image]) -> list[str]:
        """Store the files of RGB pictures; the content hash of each."""
        self._check_writable()
        return self._files.put(images)

    def set_held_out(self, role: HeldOutRole, drafts: Sequence[HeldOutDraft]) -> None:
        """Make these the pictures of a role, in place of those before; of the same content the first is kept.

        Raises:
            InputError: There is no such class or role; the set before is kept then.
        """
        rows = [
            (
                role,
                draft.sha256,
                int(draft.class_id),
                None if draft.source is None else printable(draft.source),
                to_json(
                    [[box.class_id, box.x, box.y, box.width, box.height] for box in draft.boxes], "boxes"
                ),
            )
            for draft in drafts
        ]
        with self.transaction() as connection:
            connection.execute("DELETE FROM held_out WHERE role = ?", (role,))
            connection.executemany(
                "INSERT INTO held_out (role, sha256, class_id, source, boxes) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (role, sha256) DO NOTHING",
                rows,
            )

    def held_out(self, role: HeldOutRole) -> list[HeldOutPicture]:
        """The pictures of a role, without those that are originals too: those are trained on."""
        rows = self._rows(
            "SELECT * FROM held_out WHERE role = ? AND sha256 NOT IN"
            " (SELECT sha256 FROM picture WHERE origin = 'original') ORDER BY id",
            (role,),
        )
        return [
            HeldOutPicture(**{**row, "boxes": tuple(Box(0, *box) for box in json.loads(row["boxes"]))})
            for row in rows
        ]

    def held_out_path(self, picture: HeldOutPicture) -> Path:
        """Its PNG file, for reading."""
        return self._files.path(picture.sha256)
