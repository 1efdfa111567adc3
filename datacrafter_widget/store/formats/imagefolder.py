"""Class folders with ``metadata.jsonl``, as Hugging Face ``load_dataset("imagefolder", …)`` reads them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import class_name, printable
from datacrafter_widget.store.folder_names import (
    MARKER_NAME,
    METADATA_NAME,
    SPLITS,
    class_folders,
    exported_classes,
    read_marker,
)
from datacrafter_widget.store.formats.contents import Contents, Item
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.rows import boxes_of, earlier_of, metadata_rows
from datacrafter_widget.store.formats.writing import put_all, write_json_lines
from datacrafter_widget.store.sources import Entry, PictureSource, natural, reader

_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def write(contents: Contents, folder: Path) -> dict[str, str]:
    """``[split/]<class>/<picture>.png``, with ``metadata.jsonl`` beside the class folders.

    Folder names are class names, percent-encoded where a file system or `datasets` would stumble over them.
    """
    used = {item.class_name for item in contents.items}
    folders = class_folders(name for name in contents.classes if name in used)
    files = {item.picture.id: f"{folders[item.class_name]}/{item.name}.png" for item in contents.items}

    def target(item: Item) -> Path:
        return folder / item.split / files[item.picture.id]

    put_all(((item.path, target(item)) for item in contents.items), contents.step)
    for split, items in contents.splits().items():
        write_json_lines(folder / split / METADATA_NAME, (contents.row(item, files) for item in items))
    return {name: label for label, name in folders.items()}


def open_folder(root: Path, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A folder of class folders; nested folders belong to their class folder, hidden files are ignored."""
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing"
        raise InputError(f"expected a folder of class folders at {root}, found {found}. Check the path.")
    entries = [entry for entry in _children(root) if entry.name not in (METADATA_NAME, MARKER_NAME)]
    folders = [entry for entry in entries if entry.is_dir()]
    if not folders:
        raise InputError(
            f"expected a folder of class folders at {root}, found {len(entries)} files and no folder in it."
            " Put the pictures of each class into a folder of the class's name, or give (path, class) pairs."
        )
    if len(folders) == 1 and folders[0].name == "train" and read_marker(root):
        return open_folder(folders[0], class_names, max_pixels)
    if all(folder.name.lower() in SPLITS and _holds_folders_only(folder) for folder in folders):
        splits = ", ".join(folder.name for folder in folders)
        raise InputError(
            f"expected class folders in {root}, found the splits of a data set ({splits})."
            f" Give one of them, such as {folders[0]}."
        )
    problems = [
        (printable(entry.name), "not in a class folder: its class is unknown")
        for entry in entries
        if not entry.is_dir()
    ]
    exported = exported_classes(root)
    rows = metadata_rows(root)
    names: list[str] = []
    files: list[Entry] = []
    for folder in folders:
        try:
            name = class_name(exported.get(folder.name, folder.name))
        except InputError as error:
            problems.append((f"{printable(folder.name)}/", str(error)))
            continue
        names.append(name)
        paths = list(files_below(folder, root, problems))
        if not paths:
            problems.append((f"{printable(folder.name)}/", "a class folder without files"))
        for path in paths:
            source = _relative(path, root)
            row = rows.get(source, {})
            boxes = boxes_of(row.get("objects"))
            files.append(Entry(name, source, reader(path, max_pixels), boxes=boxes, earlier=earlier_of(row)))
    order = {name: index for index, name in enumerate(exported.values())}
    names.sort(key=lambda name: order.get(name, len(order)))
    return PictureSource(tuple(dict.fromkeys(names)), files, len(files), problems)


def _holds_folders_only(folder: Path) -> bool:
    children = [child for child in _children(folder) if child.name != METADATA_NAME]
    return bool(children) and all(child.is_dir() for child in children)


def _children(folder: Path) -> list[Path]:
    kept = [
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower() not in _IGNORED_NAMES
    ]
    return sorted(kept, key=lambda entry: natural(entry.name))


def files_below(folder: Path, root: Path, problems: list[tuple[str, str]]) -> Iterator[Path]:
    """Files of a class folder at any depth; links are followed, but no folder is entered twice."""
    seen = {_identity(root)}
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            if _identity(current) in seen:
                problems.append((f"{_relative(current, root)}/", "a link to a folder that was read before"))
                continue
            seen.add(_identity(current))
            children = _children(current)
            if not children and current != folder:
                problems.append((f"{_relative(current, root)}/", "a folder without files"))
        except OSError as error:
            problems.append((f"{_relative(current, root)}/", f"the folder can't be read ({error.strerror})"))
            continue
        yield from (child for child in children if not child.is_dir())
        waiting += reversed([child for child in children if child.is_dir()])


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _relative(path: Path, root: Path) -> str:
    return printable(path.relative_to(root).as_posix())


IMAGEFOLDER = Format("imagefolder", write, lambda path: path.is_dir(), open_folder)
