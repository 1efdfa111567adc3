"""What a data set format is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datacrafter_widget.store.sources import PictureSource


@dataclass(frozen=True)
class Format:
    """A form in which a data set is written to a folder, and read from there or from another program's."""

    name: str
    write: Callable[..., dict[str, str]]
    """``write(contents, folder, **options)`` into an empty folder; gives the class of each folder or number."""
    recognises: Callable[[Path], bool]
    """Whether a file, or a folder that no export of ours made, is of this format."""
    open: Callable[[Path, Sequence[str] | None, int], PictureSource]
    """(file or folder, names for integer labels, ``max_pixels``); raises `InputError` for what it isn't."""
