"""Pictures that are imported: with boxes, and as what they were in the session that exported them."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace

from PIL import Image

from datacrafter_widget.store.base import now
from datacrafter_widget.store.boxes import BoxTable
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.pictures import PictureTable
from datacrafter_widget.store.records import AddedOriginal, Box, Provenance

_INSERT_PICTURE = """
INSERT INTO picture (sha256, class_id, origin, source, width, height, iteration, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_PROVENANCE = """
INSERT INTO provenance (
    template_id, template, prompt, negative_prompt, seed, parent_id, strength, guidance_scale,
    num_inference_steps, width, height, model, model_revision, batch_size, perturbation, picture_id
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a picture was in the session that exported it.

    ``provenance`` is None for an original; its ``parent_id`` is an id of that session.
    """

    picture_id: int
    iteration: int
    provenance: Provenance | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An RGB picture to import; the ``picture_id`` of its boxes is filled in."""

    image: Image.Image
    class_id: int
    source: str
    earlier: Earlier | None = None
    boxes: tuple[Box, ...] = ()


class ImportTable(BoxTable, PictureTable):
    """Imported pictures: originals, or generated in another session."""

    def add_imported(self, items: Sequence[Incoming], ids: dict[int, int]) -> list[AddedOriginal]:
        """Add pictures and their boxes in one transaction.

        The boxes of a picture that is there already are added if it has none.

        Args:
            items: The pictures. Where one comes before its parent, `set_parents` says later which that is.
            ids: Ids of the session that exported them, and the same pictures' in this one; is added to.

        Returns:
            As `add_originals`: for each its row, or the row that has the same content already.
        """
        hashes = self._put_images([item.image for item in items])
        added = []
        with self.transaction():
            for sha256, item in zip(hashes, items, strict=True):
                kept = self.picture_by_content(sha256)
                picture_id = self._insert_imported(sha256, item, ids) if kept is None else kept.id
                if item.earlier is not None:
                    ids[item.earlier.picture_id] = picture_id
                boxes = item.boxes if kept is None or not self.boxes([picture_id]) else ()
                self.add_boxes(replace(box, picture_id=picture_id) for box in boxes)
                added.append(AddedOriginal(kept or self.picture(picture_id), kept is None, len(boxes)))
        return added

    def _insert_imported(self, sha256: str, item: Incoming, ids: dict[int, int]) -> int:
        made = item.earlier.provenance if item.earlier else None
        facts = (
            sha256,
            item.class_id,
            "original" if made is None else "generated",
            printable(item.source),
            item.image.width,
            item.image.height,
            item.earlier.iteration if item.earlier else 0,
            (made and made.created_at) or now(),
        )
        with self.transaction() as connection:
            row_id = int(connection.execute(_INSERT_PICTURE, facts).lastrowid or 0)
            if made is not None:  # its template is a row of the other session: only the text is kept
                parent_id = None if made.parent_id is None else ids.get(made.parent_id)
                *values, _ = astuple(replace(made, template_id=None, parent_id=parent_id))
                connection.execute(_INSERT_PROVENANCE, (*values, row_id))
        return row_id

    def set_parents(self, parents: Mapping[int, int]) -> None:
        """Say from which pictures generated ones were made, ``{id: parent's id}``."""
        rows = [(parent, picture) for picture, parent in parents.items() if parent != picture]
        with self.transaction() as connection:
            connection.executemany("UPDATE provenance SET parent_id = ? WHERE picture_id = ?", rows)
