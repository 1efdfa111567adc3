"""The folders that YOLO trainers (Ultralytics) read: boxes with ``data.yaml``, or class folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import class_name, printable
from datacrafter_widget.store.folder_names import METADATA_NAME
from datacrafter_widget.store.formats import imagefolder
from datacrafter_widget.store.formats.contents import Contents, Item
from datacrafter_widget.store.formats.detection import Boxless, check_boxless, detected
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.rows import boxes_of, earlier_of, metadata_rows
from datacrafter_widget.store.formats.writing import put_all, text_file, write_json_lines
from datacrafter_widget.store.sources import (
    Entry,
    PictureSource,
    SourceBox,
    file_entry,
    is_inside,
    natural,
    refuse,
    source_box,
)

_YAML = (".yaml", ".yml")
_IMAGES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def write(
    contents: Contents,
    folder: Path,
    *,
    task: Literal["detect", "classify"] | None = None,
    boxless: Boxless = "whole",
) -> dict[str, str]:
    """Detection: ``data.yaml``, ``images/<split>/…png``, ``labels/<split>/…txt``; classification: class folders.

    A data set that is not split is all "train", which ``data.yaml`` then names as "val" too: Ultralytics
    demands one. The facts that a label file has no room for are in ``metadata.jsonl``.

    Args:
        contents: What to write.
        folder: Where.
        task: "detect", or "classify": ``train/<class>/…png``, ``val/…``; by default "detect" if there are
            boxes.
        boxless: What becomes of a picture without a box when detecting, as in COCO.
    """
    check_boxless(boxless)
    if task not in (None, "detect", "classify"):
        raise InputError(f"expected task='detect' or 'classify', found {task!r}.")
    if (task or ("detect" if contents.has_boxes else "classify")) == "classify":
        return imagefolder.write(contents.with_split("train"), folder)
    contents = contents.with_split("train")
    files = {item.picture.id: f"images/{item.split}/{item.name}.png" for item in contents.items}
    put_all(((item.path, folder / files[item.picture.id]) for item in contents.items), contents.step)
    number_of = {class_id: number for number, class_id in enumerate(contents.class_names)}
    put_all(
        (
            "".join(_lines(item, number_of, whole=boxless == "whole")).encode(),
            folder / "labels" / item.split / f"{item.name}.txt",
        )
        for item in contents.items
    )
    write_json_lines(folder / METADATA_NAME, (contents.row(item, files) for item in contents.items))
    _write_yaml(folder / "data.yaml", contents)
    return {str(number): name for number, name in enumerate(contents.classes)}


def _lines(item: Item, number_of: dict[int, int], *, whole: bool) -> Iterator[str]:
    """``class centre-x centre-y width height``, as shares of the picture's size."""
    width, height = item.picture.width, item.picture.height
    for box in item.boxes:
        values = (
            (box.x + box.width / 2) / width,
            (box.y + box.height / 2) / height,
            box.width / width,
            box.height / height,
        )
        yield f"{number_of[box.class_id]} {' '.join(f'{value:.8g}' for value in values)}\n"
    if whole and not item.boxes:
        yield f"{number_of[item.picture.class_id]} 0.5 0.5 1 1\n"


def _write_yaml(path: Path, contents: Contents) -> None:
    import yaml

    splits = list(contents.splits())
    content: dict[str, Any] = {split: f"images/{split}" for split in splits}
    content.setdefault("val", content[splits[-1]])
    content["names"] = dict(enumerate(contents.classes))
    with text_file(path) as file:
        yaml.safe_dump(content, file, allow_unicode=True, sort_keys=False)


def open_yaml(path: Path, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A ``data.yaml``, or the folder that holds one. Of several splits "train" is read; the report says so."""
    file = _yaml_in(path) if path.is_dir() else path
    if file is None:  # an export of ours for classification
        return imagefolder.open_folder(path, class_names, max_pixels)
    content = _load(file)
    names = _names(content.get("names"), file)
    folder = file.parent
    split = next((name for name in ("train", "val", "test") if content.get(name)), None)
    if split is None:
        raise InputError(f"expected the key train (a folder of pictures) in {file}, found none. Add it.")
    roots = content[split] if isinstance(content[split], list) else [content[split]]
    pictures = [
        picture for root in roots for picture in _pictures(folder, str(content.get("path") or ""), str(root))
    ]
    problems = [
        (
            f"{name}: {content[name]}",
            f"not read: only {split} is. Name it as {split} in another data.yaml to add it",
        )
        for name in ("val", "test")
        if content.get(name) and content[name] != content[split]
    ]
    rows = metadata_rows(folder)
    return PictureSource(
        tuple(dict.fromkeys(names.values())),
        (_entry(folder, name, rows.get(name), names, max_pixels) for name in pictures),
        len(pictures),
        problems,
    )


def _entry(
    folder: Path, name: str, row: dict[str, Any] | None, names: dict[int, str], max_pixels: int
) -> Entry:
    if not is_inside(name):  # before its label file is looked for
        return file_entry(folder, name, "", max_pixels)
    earlier = earlier_of(row) if row else None
    if row and earlier and row.get("label") in names.values():
        boxes = boxes_of(row.get("objects"))
        return detected(folder, name, boxes, None, max_pixels, label=row["label"], earlier=earlier)
    try:
        found = _read_labels(_label_file(folder / name), names)
    except ValueError as error:
        return refuse(printable(name), f"its label file is damaged: {error}")
    return detected(folder, name, found, (1.0, 1.0), max_pixels)


def _read_labels(file: Path, names: dict[int, str]) -> list[SourceBox]:
    """The boxes of a label file; outlines (segmentation) become the boxes around them.

    Raises:
        ValueError: A line is none of a label file.
    """
    if not file.is_file():
        return []
    boxes = []
    for line in file.read_text("utf-8", errors="replace").splitlines():
        numbers = [float(value) for value in line.split()]
        if not numbers:
            continue
        number, *values = numbers
        if number not in names:
            raise ValueError(f"no class {number:g}")
        boxes.append(_box(names[int(number)], values))
    return boxes


def _box(name: str, values: Sequence[float]) -> SourceBox:
    """A box from its centre, size and perhaps score, or from the corners of an outline."""
    if len(values) in (4, 5):
        x, y, width, height = values[:4]
        corner = (x - width / 2, y - height / 2, width, height)
        if len(values) == 5:
            return source_box(name, corner, values[4], "pseudo")
        return source_box(name, corner)
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[::2], values[1::2]
        return source_box(name, (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))
    raise ValueError(f"a line of {len(values) + 1} numbers")


def _label_file(picture: Path) -> Path:
    """``…/labels/….txt`` of ``…/images/….png``: the last folder of that name, as Ultralytics does it."""
    parts = list(picture.parts)
    places = [index for index, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def _pictures(folder: Path, base: str, root: str) -> list[str]:
    """The pictures of a split, relative to ``folder``: of a folder, or of a text file that lists them."""
    # Roboflow writes ../train/images where the folder is train/images; so Ultralytics reads it.
    names = [str(PurePosixPath(base) / root), root, root.removeprefix("../")]
    inside = [name for name in names if is_inside(name) or name == "."]
    place = next((folder / name for name in inside if (folder / name).exists()), None)
    if place is None:
        raise InputError(
            f"expected pictures at {root}, inside {folder}, found nothing there. Put data.yaml into the data"
            " set's folder, with paths relative to it."
        )
    if place.is_dir():
        found = [path for path in place.rglob("*") if path.suffix.lower() in _IMAGES and path.name[0] != "."]
        return sorted((path.relative_to(folder).as_posix() for path in found), key=natural)
    lines = (line.strip() for line in place.read_text("utf-8", errors="replace").splitlines())
    return [line.removeprefix("./") for line in lines if line]


def _names(names: Any, file: Path) -> dict[int, str]:
    try:
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {int(number): class_name(str(name)) for number, name in pairs}
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"expected names (a list of classes, or numbers with classes) in {file}, found {names!r}."
        ) from error


def _load(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"expected a data.yaml of YOLO at {file}, but: {error}. Check the file.") from error
    return content if isinstance(content, dict) else {}


def _yaml_in(folder: Path) -> Path | None:
    return next(
        (folder / name for name in ("data.yaml", "data.yml", "dataset.yaml") if (folder / name).is_file()),
        None,
    )


def recognises(path: Path) -> bool:
    """A YAML file, or a folder with a ``data.yaml``."""
    return _yaml_in(path) is not None if path.is_dir() else path.suffix.lower() in _YAML


YOLO = Format("yolo", write, recognises, open_yaml)
