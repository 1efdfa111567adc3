"""What the formats of objects and boxes share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.restoring import Earlier
from datacrafter_widget.store.sources import Entry, SourceBox, file_entry, main_class, refuse

Boxless = Literal["whole", "skip", "empty"]
"""What is written for a picture without a box: one box around all of it, nothing at all, or no box."""


def check_boxless(boxless: str) -> None:
    """Refuse what `Boxless` doesn't name.

    Raises:
        InputError: It is another value.
    """
    if boxless not in ("whole", "skip", "empty"):
        raise InputError(f"expected boxless='whole', 'skip' or 'empty', found {boxless!r}.")


def detected(
    root: Path,
    name: str,
    boxes: Sequence[SourceBox],
    frame: tuple[float, float] | None,
    max_pixels: int,
    *,
    label: Any = None,
    earlier: Earlier | None = None,
) -> Entry:
    """A picture file with boxes.

    Args:
        root: The folder that must hold it.
        name: Its file name there.
        boxes: The objects in it.
        frame: Width and height of the picture in the boxes' units.
        max_pixels: More are refused.
        label: The picture's class where it is known; by default that of the largest total box area.
        earlier: What it was in the session that exported it.
    """
    if not label and not boxes:
        return refuse(name, "no box of a class: its class is unknown")
    entry = file_entry(root, name, label or main_class(boxes), max_pixels)
    return entry._replace(boxes=tuple(boxes), frame=frame, earlier=earlier) if entry.class_name else entry
