"""Pictures that a person collects for a suggestion: a folder to drop them into, and what is in it."""

from collections.abc import Iterable
from pathlib import Path

from datacrafter_widget.errors import StoreError
from datacrafter_widget.store.decoding import MAX_PIXELS
from datacrafter_widget.store.folder_names import class_folders
from datacrafter_widget.store.formats.imagefolder import files_below
from datacrafter_widget.store.sources import Entry, PictureSource, reader

COLLECT_NAME = "collect"
WISH_NAME = "what-to-collect.txt"

_WISH = """{text}

Wanted: pictures of the class "{name}" like this. Put them into this folder, then take them into the session with
"Import" in its dashboard or session.take_collected().
"""


def make_folder(root: Path, class_name: str, number: int, text: str) -> str:
    """Make the folder where pictures of a suggestion are collected, with the wish in a text file.

    Args:
        root: The session's folder.
        class_name: Whose pictures are wanted.
        number: Tells the folder from others of the class.
        text: What the pictures should show.

    Returns:
        The folder's path below ``root``, such as ``collect/crane-3``. One that is there keeps what is in it.

    Raises:
        StoreError: It can't be written.
    """
    name = f"{COLLECT_NAME}/{class_folders([class_name])[class_name]}-{number}"
    folder = root / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / WISH_NAME).write_text(_WISH.format(text=text, name=class_name), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"expected to make the folder {folder}, but: {error}. Check the folder's rights and the disk."
        ) from error
    return name


def dropped(root: Path, folders: Iterable[tuple[str, str]]) -> PictureSource:
    """What was put into such folders, to be imported; hidden files and the wishes aside.

    Args:
        root: The session's folder.
        folders: (path below ``root``, class name) each; one that is gone is passed over.
    """
    known = [(name, label) for name, label in folders if (root / name).is_dir()]
    problems: list[tuple[str, str]] = []
    entries = [
        Entry(label, file.relative_to(root).as_posix(), reader(file, MAX_PIXELS))
        for name, label in known
        for file in files_below(root / name, root, problems)
        if file.name != WISH_NAME
    ]
    return PictureSource(tuple(dict.fromkeys(label for _, label in known)), entries, len(entries), problems)
