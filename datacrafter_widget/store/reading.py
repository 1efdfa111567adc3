"""The forms in which a user holds a labelled set of pictures, read one picture at a time."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import class_name, printable
from datacrafter_widget.store.decoding import MAX_PIXELS, UnreadablePictureError, array_to_rgb, decode
from datacrafter_widget.store.folder_names import MARKER_NAME, METADATA_NAME, exported_classes

_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_SPLIT_NAMES = frozenset({"train", "training", "val", "valid", "validation", "dev", "test", "testing"})
_CHANNELS = (1, 3, 4)


class ReadPicture(NamedTuple):
    """One picture as read: upright RGB, or None and the ``problem``."""

    image: Image.Image | None
    class_name: str
    source: str
    problem: str | None


@dataclass(frozen=True)
class PictureSource:
    """Pictures about to be read: their classes in order, their number where known, and how to read them."""

    class_names: tuple[str, ...]
    entries: Iterable[tuple[str, str, Callable[[], Image.Image]]]
    """(class name, source, function that decodes) each."""
    total: int | None
    problems: list[tuple[str, str]] = field(default_factory=list)
    """What is wrong with the source as a whole: (source, reason) each."""

    def __iter__(self) -> Iterator[ReadPicture]:
        for name, source, read in self.entries:
            yield read_one(name, source, read)


def read_one(name: str, source: str, read: Callable[[], Image.Image]) -> ReadPicture:
    """Decode one picture; what is wrong with it becomes its ``problem``."""
    try:
        return ReadPicture(read(), name, source, None)
    except UnreadablePictureError as error:
        return ReadPicture(None, name, source, str(error))


def read_images(
    images: Any, *, class_names: Sequence[str] | None = None, max_pixels: int = MAX_PIXELS
) -> Iterator[ReadPicture]:
    """Read a labelled set of pictures; what can't be read comes with a problem in place of an image.

    Args:
        images: One of: a folder of class folders (nested folders belong to their class folder; hidden files
            are ignored); a sequence of (PIL image, path or array, class) pairs; an (array, labels) pair, the
            array of shape (N, H, W) or (N, H, W, C), NumPy's or PyTorch's (where also (N, C, H, W)); a
            Hugging Face `Dataset` with an image and a label column.
        class_names: Names for integer labels; by default those of the data set, or the numbers.
        max_pixels: Pictures of more pixels are refused unread.

    Raises:
        InputError: ``images`` has none of these forms.
    """
    source = open_source(images, class_names=class_names, max_pixels=max_pixels)
    for problem in source.problems:
        yield ReadPicture(None, "", *problem)
    yield from source


def open_source(
    images: Any, *, class_names: Sequence[str] | None = None, max_pixels: int = MAX_PIXELS
) -> PictureSource:
    """Look at a labelled set of pictures without reading them; arguments and errors as in `read_images`."""
    if isinstance(images, str | os.PathLike):
        return _open_folder(Path(images).expanduser(), max_pixels)
    if hasattr(images, "column_names") and hasattr(images, "features"):
        return _open_dataset(images, class_names, max_pixels)
    if isinstance(images, Mapping):
        raise InputError(
            f"expected one data set, found a {type(images).__name__} with the keys {list(images)[:5]}."
            " Choose a split, such as images['train'], or give a list of (picture, class) pairs."
        )
    if isinstance(images, tuple) and len(images) == 2 and _as_array(images[0]) is not None:
        return _open_arrays(*images, class_names)
    if isinstance(images, Iterable) and not isinstance(images, bytes) and _as_array(images) is None:
        return _open_pairs(list(images), class_names, max_pixels)
    raise InputError(
        "expected a folder of class folders, a list of (picture, class) pairs, an (array, labels) pair or a"
        f" Hugging Face Dataset, found {type(images).__name__}. Labels are needed: give one of these forms."
    )


def _open_folder(root: Path, max_pixels: int) -> PictureSource:
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
    if all(folder.name.lower() in _SPLIT_NAMES and _holds_folders_only(folder) for folder in folders):
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
    names: list[str] = []
    files: list[tuple[str, str, Callable[[], Image.Image]]] = []
    for folder in folders:
        try:
            name = class_name(exported.get(folder.name, folder.name))
        except InputError as error:
            problems.append((f"{printable(folder.name)}/", str(error)))
            continue
        names.append(name)
        paths = list(_files_below(folder, root, problems))
        if not paths:
            problems.append((f"{printable(folder.name)}/", "a class folder without files"))
        files += [(name, _relative(path, root), _reader(path, max_pixels)) for path in paths]
    return PictureSource(tuple(dict.fromkeys(names)), files, len(files), problems)


def _holds_folders_only(folder: Path) -> bool:
    children = _children(folder)
    return bool(children) and all(child.is_dir() for child in children)


def _children(folder: Path) -> list[Path]:
    kept = [
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower() not in _IGNORED_NAMES
    ]
    return sorted(kept, key=lambda entry: _natural(entry.name))


def _files_below(folder: Path, root: Path, problems: list[tuple[str, str]]) -> Iterator[Path]:
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


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """A sort key under which "10" comes after "9"."""
    parts: list[str] = []
    for character in text:
        if parts and parts[-1][-1].isdecimal() == character.isdecimal():
            parts[-1] += character
        else:
            parts.append(character)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _reader(
    picture: Any, max_pixels: int, guard: AbstractContextManager[object] | None = None
) -> Callable[[], Image.Image]:
    def read() -> Image.Image:
        with guard or contextlib.nullcontext():
            return decode(picture, max_pixels)

    return read


def _open_pairs(pairs: list[Any], class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    entries = []
    loading = threading.Lock()  # a PIL image that is given twice must not be loaded by two threads at once
    for index, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InputError(
                f"expected (picture, class) pairs, found {type(pair).__name__} at position {index}."
                " Give a PIL image, a path or an array with its class: [(image, 'cat'), …]."
            )
        picture, label = pair
        is_file = isinstance(picture, str | Path)
        array = None if is_file or isinstance(picture, Image.Image) else _as_array(picture)
        source = printable(str(picture)) if is_file else f"item {index}"
        name = _label_name(label, class_names, source)
        guard = loading if isinstance(picture, Image.Image) else None
        entries.append((name, source, _reader(picture if array is None else array, max_pixels, guard)))
    return PictureSource(_order([entry[0] for entry in entries], class_names), entries, len(entries))


def _open_arrays(pictures: Any, labels: Any, class_names: Sequence[str] | None) -> PictureSource:
    array, label_array = _as_array(pictures), _as_array(labels)
    assert array is not None
    label_list = list(labels) if label_array is None else label_array.tolist()
    if len(label_list) != len(array):
        raise InputError(
            f"expected one label per picture, found {len(array)} pictures and {len(label_list)} labels."
            " Give both the same length."
        )
    if array.ndim == 4 and array.shape[1] in _CHANNELS:
        channels_first = array.shape[3] not in _CHANNELS or not isinstance(pictures, np.ndarray)
        array = np.moveaxis(array, 1, 3) if channels_first else array
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in _CHANNELS) or 0 in array.shape:
        raise InputError(
            "expected pictures of shape (N, H, W) or (N, H, W, C) with 1, 3 or 4 channels,"
            f" found {array.shape}. Reorder the axes."
        )
    real = array.dtype.kind in "uif"
    value_range = (float(array.min()), float(array.max())) if real else None
    try:
        array_to_rgb(array[0], value_range)
    except UnreadablePictureError as error:
        raise InputError(f"the array can't be read as pictures: {error}.") from error
    entries = [
        (
            _label_name(label, class_names, f"array[{index}]"),
            f"array[{index}]",
            lambda picture=picture: array_to_rgb(picture, value_range),
        )
        for index, (picture, label) in enumerate(zip(array, label_list, strict=True))
    ]
    return PictureSource(_order([entry[0] for entry in entries], class_names), entries, len(entries))


def _open_dataset(dataset: Any, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A Hugging Face data set. Its files are decoded here, so that one broken picture is one problem."""
    features = dataset.features or {}
    image_column = next((key for key, kind in features.items() if type(kind).__name__ == "Image"), None)
    label_columns = [key for key, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    label_columns += [key for key in ("label", "labels", "class") if key in features]
    if image_column is None or not label_columns:
        found = ", ".join(f"{key}: {type(kind).__name__}" for key, kind in features.items()) or "none"
        raise InputError(
            "expected a Dataset with a column of type Image and one of type ClassLabel (or called 'label'),"
            f" found the columns {found}. Choose a split; cast_column and rename_column change columns."
        )
    label_column = label_columns[0]
    class_names = class_names or getattr(features[label_column], "names", None)
    undecoded = dataset.cast_column(image_column, type(features[image_column])(decode=False))
    undecoded = undecoded.select_columns([image_column, label_column])

    def entries() -> Iterator[tuple[str, str, Callable[[], Image.Image]]]:
        for index, row in enumerate(undecoded):
            item = row[image_column] or {}
            path, content = item.get("path"), item.get("bytes")
            source = f"dataset[{index}]" + (f" ({printable(Path(path).name)})" if path else "")
            picture = content if content is not None else path or b""
            label = row[label_column]
            if label is None or label == -1:
                yield "", source, _refuse("it has no label")
            else:
                yield _label_name(label, class_names, source), source, _reader(picture, max_pixels)

    total = len(dataset) if hasattr(dataset, "__len__") else None
    return PictureSource(tuple(class_names or ()), entries(), total)


def _refuse(reason: str) -> Callable[[], Image.Image]:
    def read() -> Image.Image:
        raise UnreadablePictureError(reason)

    return read


def _as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """The NumPy array of a NumPy or PyTorch array, or None."""
    if isinstance(value, np.ndarray):
        return value
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        tensor = value.detach().cpu()
        return np.asarray((tensor.float() if tensor.is_floating_point() else tensor).numpy())
    return None


def _label_name(label: Any, class_names: Sequence[str] | None, source: str) -> str:
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


def _order(names: list[str], class_names: Sequence[str] | None) -> tuple[str, ...]:
    """The order given by the user, or else the natural one."""
    given = [class_name(name) for name in class_names or ()]
    return tuple(dict.fromkeys(given + sorted(set(names), key=_natural)))
