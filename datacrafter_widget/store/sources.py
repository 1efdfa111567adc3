"""Labelled pictures about to be read, whatever the form they come in."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import class_name
from datacrafter_widget.store.decoding import UnreadablePictureError, decode
from datacrafter_widget.store.records import BoxSource
from datacrafter_widget.store.restoring import Earlier


class SourceBox(NamedTuple):
    """An object's box in a data set: upper left corner and size, in the units of its entry's ``frame``."""

    class_name: str
    x: float
    y: float
    width: float
    height: float
    score: float | None = None
    source: BoxSource = "given"


class Entry(NamedTuple):
    """One picture of a data set, and how to decode it."""

    class_name: str
    source: str
    read: Callable[[], Image.Image]
    boxes: tuple[SourceBox, ...] = ()
    frame: tuple[float, float] | None = None
    """Width and height that the picture has in the boxes' units; None: its own, in pixels."""
    earlier: Earlier | None = None
    """What it was in the session that exported it, where one did."""


class ReadPicture(NamedTuple):
    """One picture as read: upright RGB, or None and the ``problem``."""

    image: Image.Image | None
    class_name: str
    source: str
    problem: str | None
    entry: Entry | None = None


@dataclass(frozen=True)
class PictureSource:
    """Pictures about to be read: their classes in order, their number where known, and how to read them."""

    class_names: tuple[str, ...]
    entries: Iterable[Entry]
    total: int | None
    problems: list[tuple[str, str]] = field(default_factory=list)
    """What is wrong with the source as a whole: (source, reason) each; may grow while it is read."""

    def __iter__(self) -> Iterator[ReadPicture]:
        return map(read_one, self.entries)


def read_one(entry: Entry) -> ReadPicture:
    """Decode one picture; what is wrong with it becomes its ``problem``."""
    try:
        return ReadPicture(entry.read(), entry.class_name, entry.source, None, entry)
    except UnreadablePictureError as error:
        return ReadPicture(None, entry.class_name, entry.source, str(error), entry)


def reader(
    picture: Any, max_pixels: int, guard: AbstractContextManager[object] | None = None
) -> Callable[[], Image.Image]:
    """A function that decodes a picture (see `decode`), one thread at a time under a ``guard``."""

    def read() -> Image.Image:
        with guard or contextlib.nullcontext():
            return decode(picture, max_pixels)

    return read


def refuse(source: str, reason: str) -> Entry:
    """A picture that is left out, and why."""

    def read() -> Image.Image:
        raise UnreadablePictureError(reason)

    return Entry("", source, read)


def file_entry(root: Path, name: str, label: str, max_pixels: int) -> Entry:
    """A picture that a list of files names; one outside the folder ``root`` is refused.

    Links inside the folder are followed, as when a folder is read.
    """
    if not is_inside(name):
        return refuse(name, "its path leads out of the data set's folder; give (path, class) pairs instead")
    return Entry(label, name, reader(root / name, max_pixels))


def is_inside(name: str) -> bool:
    """Whether a file name from a list of files stays in its folder, on any system."""
    path = PurePosixPath(name.replace("\\", "/"))
    drive = len(path.parts) > 0 and path.parts[0].endswith(":")
    return bool(path.parts) and not path.is_absolute() and not drive and ".." not in path.parts


def natural(text: str) -> list[tuple[bool, int, str]]:
    """A sort key under which "10" comes after "9"."""
    parts: list[str] = []
    for character in text:
        if parts and parts[-1][-1].isdecimal() == character.isdecimal():
            parts[-1] += character
        else:
            parts.append(character)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def label_name(label: Any, class_names: Sequence[str] | None, source: str) -> str:
    """The class name of a label.

    Raises:
        InputError: It is no str or int, or no name is there for it.
    """
    if isinstance(label, np.generic) or type(label).__module__.partition(".")[0] == "torch":
        label = label.item()
    if isinstance(label, str):
        return class_name(label)
    if isinstance(label, bool) or not isinstance(label, int):
        raise InputError(f"expected a class as str or int for {source}, found {label!r}. Convert the labels.")
    if class_names is None:
        return str(label)
    if not 0 <= label < len(class_names):
        raise InputError(
            f"expected labels from 0 to {len(class_names) - 1} for {len(class_names)} class names,"
            f" found {label} for {source}. Give a name for every label."
        )
    return class_name(class_names[label])


def ordered(names: Iterable[str], class_names: Sequence[str] | None) -> tuple[str, ...]:
    """The classes in the order given by the user, or else the natural one."""
    found = set()
    for name in names:
        with contextlib.suppress(InputError):  # a problem of the pictures that have it
            found.add(class_name(name))
    given = [class_name(name) for name in class_names or ()]
    return tuple(dict.fromkeys(given + sorted(found, key=natural)))


def main_class(boxes: Sequence[SourceBox]) -> str:
    """The class of a picture with objects of several: that of the largest total area; ties: the first.

    Raises:
        ValueError: There is no box.
    """
    areas: dict[str, float] = {}
    for box in boxes:
        areas[box.class_name] = areas.get(box.class_name, 0.0) + box.width * box.height
    return max(areas, key=areas.__getitem__)


def source_box(name: str, corner: Iterable[Any], score: Any = None, source: Any = None) -> SourceBox:
    """A box from what a file says: ``corner`` is left, top, width and height.

    Raises:
        ValueError, TypeError: These aren't four numbers, or the score is none.
    """
    x, y, width, height = (float(value) for value in corner)
    kind: BoxSource = "pseudo" if source == "pseudo" else "given"
    return SourceBox(name, x, y, width, height, None if missing(score) else float(score), kind)


def fit_boxes(entry: Entry, size: tuple[int, int]) -> tuple[list[SourceBox], str | None]:
    """The boxes of an entry in pixels of its picture, cut at its edges; those that miss it are left out.

    Args:
        entry: A picture's entry.
        size: The picture's width and height in pixels.

    Returns:
        The boxes, and what is wrong with them. A picture of other proportions than the boxes were drawn for
        was turned or cropped since: all are left out then.
    """
    width, height = size
    frame_width, frame_height = entry.frame if entry.frame and min(entry.frame) > 0 else size
    shares = (frame_width, frame_height) == (1.0, 1.0)
    if not shares and abs(frame_width * height - frame_height * width) > 2 * max(
        *size, frame_width, frame_height
    ):
        return [], (
            f"its boxes were left out: drawn for {frame_width:g} x {frame_height:g} pixels, it has {width} x {height}"
        )
    across, down = width / frame_width, height / frame_height
    fitted = []
    for box in entry.boxes:
        left, right = (min(max(x * across, 0.0), width) for x in (box.x, box.x + box.width))
        top, bottom = (min(max(y * down, 0.0), height) for y in (box.y, box.y + box.height))
        if right > left and bottom > top:  # also false for NaN
            fitted.append(box._replace(x=left, y=top, width=right - left, height=bottom - top))
    lost = len(entry.boxes) - len(fitted)
    return fitted, f"{lost} boxes outside the picture were left out" if lost else None


def missing(value: Any) -> bool:
    """Whether a cell of a table is empty: None, not-a-number, pandas' NA."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - NaN isn't itself, NA is neither
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def without_label(label: Any) -> bool:
    """Whether a label says that a picture has no class: an empty cell or text, or -1."""
    return not label.strip() if isinstance(label, str) else missing(label) or bool(label == -1)


def first_of(names: Iterable[str], there: Collection[str]) -> str | None:
    """The first of these column names that is there."""
    return next((name for name in names if name in there), None)
