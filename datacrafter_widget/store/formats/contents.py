"""What an export holds: pictures, their classes, splits and boxes, and the row of facts about each."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.formats.splitting import SPLIT_NAMES, Split, split_pictures
from datacrafter_widget.store.records import Box, Picture
from datacrafter_widget.store.store import Store

COLUMNS: dict[str, Literal["string", "int64", "float64"]] = {
    "file_name": "string",
    "label": "string",
    "origin": "string",
    "picture_id": "int64",
    "sha256": "string",
    "width": "int64",
    "height": "int64",
    "source": "string",
    "iteration": "int64",
    "created_at": "string",
    # Not "parent_file_name": `datasets` makes pictures of columns whose names end so.
    "parent_file": "string",
    "template": "string",
    "prompt": "string",
    "negative_prompt": "string",
    "seed": "int64",
    "parent_id": "int64",
    "strength": "float64",
    "guidance_scale": "float64",
    "num_inference_steps": "int64",
    "model": "string",
    "model_revision": "string",
    "batch_size": "int64",
    "perturbation": "string",
}
"""The columns of every format, and their types; provenance is null for an original."""


@dataclass(frozen=True, slots=True)
class Item:
    """A picture to export."""

    picture: Picture
    class_name: str
    path: Path
    """Its PNG file in the session, for reading."""
    split: str
    """Empty where the data set is not split."""
    boxes: tuple[Box, ...]

    @property
    def name(self) -> str:
        """What its file is called, without the ending."""
        return f"{self.picture.origin}-{self.picture.id:06d}"


@dataclass(frozen=True)
class Contents:
    """A session's data set: what is neither hidden nor flagged, by id."""

    items: tuple[Item, ...]
    class_names: dict[int, str]
    """Every class of the session by its id, in order: a class keeps its number when its pictures go."""
    step: Callable[[], None]
    """To be called after each picture was written."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in order."""
        return tuple(self.class_names.values())

    @cached_property
    def has_boxes(self) -> bool:
        """Whether any picture has a box."""
        return any(item.boxes for item in self.items)

    def with_split(self, name: str) -> Self:
        """The same with a split of that name where there is none."""
        return replace(self, items=tuple(replace(item, split=item.split or name) for item in self.items))

    def splits(self) -> dict[str, list[Item]]:
        """The pictures by split; one split "" where the data set is not split."""
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.split, []).append(item)
        return {name: found[name] for name in ("", *SPLIT_NAMES) if name in found}

    def row(self, item: Item, files: Mapping[int, str]) -> dict[str, Any]:
        """The facts about a picture: `COLUMNS`, and ``objects`` where the data set has boxes.

        Args:
            item: The picture.
            files: What the files of the pictures are called, by id.
        """
        picture = item.picture
        whole = asdict(picture)
        provenance = whole.pop("provenance") or {}
        parent = provenance.get("parent_id")
        facts = {
            **provenance,
            **whole,
            "file_name": files[picture.id],
            "label": item.class_name,
            "picture_id": picture.id,
            "parent_file": None if parent is None else files.get(parent),
        }
        row = {name: facts.get(name) for name in COLUMNS}
        return {**row, "objects": self._objects(item)} if self.has_boxes else row

    def _objects(self, item: Item) -> dict[str, list[Any]]:
        """Boxes as Hugging Face keeps them: one list for each of their properties."""
        return {
            "bbox": [[box.x, box.y, box.width, box.height] for box in item.boxes],
            "category": [self.class_names[box.class_id] for box in item.boxes],
            "score": [box.score for box in item.boxes],
            "source": [box.source for box in item.boxes],
        }


def read_contents(
    store: Store,
    *,
    split: Split | None = None,
    split_seed: int = 0,
    boxed_only: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Contents:
    """What there is to export.

    Args:
        store: The session; may be read-only.
        split: Shares of "train", "val" and "test"; see `split_pictures`.
        split_seed: Same seed, same split.
        boxed_only: Leave pictures without a box out.
        progress: Called with the number of pictures done and in all; may raise to stop.

    Raises:
        InputError: There is no picture, or the split can't be made.
    """
    boxes = store.boxes()
    pictures = [picture for picture in store.pictures() if not picture.flagged]
    if not pictures:
        raise InputError(
            f"expected pictures to export, found none visible in {store!r}. Import or restore some first."
        )
    pictures = [picture for picture in pictures if picture.id in boxes or not boxed_only]
    if not pictures:
        raise InputError("expected pictures with boxes, found none. Pass boxless='whole' or 'empty'.")
    names = {row.id: row.name for row in store.classes()}
    chosen = {} if split is None else split_pictures(store, pictures, split, split_seed)
    items = tuple(
        Item(
            picture,
            names[picture.class_id],
            store.image_path(picture),
            chosen.get(picture.id, ""),
            tuple(boxes.get(picture.id, ())),
        )
        for picture in pictures
    )
    return Contents(items, names, _counter(len(items), progress))


def _counter(total: int, progress: Callable[[int, int], object] | None) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return step
