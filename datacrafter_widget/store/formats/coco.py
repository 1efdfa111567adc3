"""Microsoft COCO's object annotations: one JSON file for each split, beside the pictures."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import class_name, printable
from datacrafter_widget.store.formats.contents import Contents, Item
from datacrafter_widget.store.formats.csv_table import only_file
from datacrafter_widget.store.formats.detection import Boxless, check_boxless, detected
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.rows import earlier_of
from datacrafter_widget.store.formats.writing import put_all, text_file
from datacrafter_widget.store.sources import Entry, PictureSource, SourceBox, is_inside, source_box

_WHOLE = "whole"
"""``source`` of an annotation that only says what class a picture is of."""
_LOOKED_AT = 20


def write(contents: Contents, folder: Path, *, boxless: Boxless = "whole") -> dict[str, str]:
    """``annotations/instances[_split].json`` and ``images/[split/]<picture>.png``.

    Category ids are the classes' places, from 1. Annotations have ``source`` ("given", "pseudo", "whole") and,
    where a detector found them, ``score``; images have the facts of their picture.

    Args:
        contents: What to write.
        folder: Where.
        boxless: A picture without a box gets one "whole" box around all of it, is left out ("skip"), or has
            no annotation ("empty": a background picture for a detector, and without a class).
    """
    check_boxless(boxless)
    files = {item.picture.id: f"{item.name}.png" for item in contents.items}
    for split, items in contents.splits().items():
        images = folder / "images" / split
        put_all(((item.path, images / files[item.picture.id]) for item in items), contents.step)
        with text_file(folder / "annotations" / f"instances{split and '_'}{split}.json") as file:
            _write_json(file, contents, items, files, boxless)
    return {str(number): name for number, name in enumerate(contents.classes, start=1)}


def _write_json(
    file: TextIO, contents: Contents, items: Sequence[Item], files: dict[int, str], boxless: Boxless
) -> None:
    """Line by line: the annotations of a large data set need not be in memory."""
    categories = [
        {"id": number, "name": name, "supercategory": ""}
        for number, name in enumerate(contents.classes, start=1)
    ]
    info = {"description": "Exported by datacrafter-widget", "version": "1"}
    file.write(
        f'{{"info": {_json(info)},\n"licenses": [],\n"categories": {_json(categories)},\n"images": [\n'
    )
    _write_list(file, (_image(contents, item, files) for item in items))
    file.write('],\n"annotations": [\n')
    _write_list(file, _annotations(contents, items, whole=boxless == "whole"))
    file.write("]}\n")


def _write_list(file: TextIO, values: Iterable[Any]) -> None:
    file.writelines((",\n" if index else "") + _json(value) for index, value in enumerate(values))
    file.write("\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _image(contents: Contents, item: Item, files: dict[int, str]) -> dict[str, Any]:
    row = contents.row(item, files)
    row.pop("objects", None)
    return {"id": item.picture.id, "date_captured": row["created_at"], **row}


def _annotations(contents: Contents, items: Iterable[Item], *, whole: bool) -> Iterator[dict[str, Any]]:
    number_of = {class_id: number for number, class_id in enumerate(contents.class_names, start=1)}
    number = 0
    for item in items:
        picture = item.picture
        boxes: list[tuple[int, list[float], str, float | None]] = [
            (box.class_id, [box.x, box.y, box.width, box.height], box.source, box.score) for box in item.boxes
        ]
        if not boxes and whole:
            boxes.append(
                (picture.class_id, [0.0, 0.0, float(picture.width), float(picture.height)], _WHOLE, None)
            )
        for class_id, corner, source, score in boxes:
            number += 1
            annotation = {
                "id": number,
                "image_id": picture.id,
                "category_id": number_of[class_id],
                "bbox": corner,
                "area": corner[2] * corner[3],
                "iscrowd": 0,
                "segmentation": [],
                "source": source,
            }
            yield annotation if score is None else {**annotation, "score": score}


def open_json(path: Path, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:  # noqa: ARG001
    """COCO's JSON file, or an export's folder with one.

    A picture's class is that of the largest total box area; crowds count for nothing. The pictures are looked
    for in the folder of the file, in ``images``, and where COCO itself and Roboflow keep them.
    """
    file = only_file(path, "annotations/*.json")
    images, annotations, names = _load(file)
    root = _picture_folder(file, [str(image.get("file_name", "")) for image in images])
    by_image: dict[int | str, list[dict[str, Any]]] = {}
    for annotation in annotations:
        by_image.setdefault(annotation["image_id"], []).append(annotation)

    def entries() -> Iterator[Entry]:
        for image in images:
            yield _entry(image, by_image.get(image["id"], []), names, root, max_pixels)

    order = [name for name in names.values() if name]
    return PictureSource(tuple(dict.fromkeys(order)), entries(), len(images))


def _entry(
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    names: dict[Any, str],
    root: Path,
    max_pixels: int,
) -> Entry:
    name = printable(str(image.get("file_name", "")))
    earlier, label = earlier_of(image), None
    if earlier is not None and image.get("label") in names.values():
        label = image["label"]
        annotations = [annotation for annotation in annotations if annotation.get("source") != _WHOLE]
    boxes = [box for annotation in annotations if (box := _box(annotation, names)) is not None]
    width, height = image.get("width"), image.get("height")
    frame = None
    if isinstance(width, int | float) and isinstance(height, int | float):
        frame = (float(width), float(height))
    return detected(root, name, boxes, frame, max_pixels, label=label, earlier=earlier)


def _box(annotation: dict[str, Any], names: dict[Any, str]) -> SourceBox | None:
    """The box of an annotation; None for a crowd, or one without sense."""
    if annotation.get("iscrowd"):
        return None
    try:
        name = names[annotation["category_id"]]
        return source_box(name, annotation["bbox"], annotation.get("score"), annotation.get("source"))
    except (KeyError, TypeError, ValueError):
        return None


def _load(file: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[Any, str]]:
    """Images, annotations, and the class names by category id."""
    try:
        content = json.loads(file.read_bytes())
        images = [image for image in content["images"] if isinstance(image.get("id"), int | str)]
        annotations = [
            each for each in content.get("annotations", ()) if isinstance(each.get("image_id"), int | str)
        ]
        names = {each["id"]: class_name(each["name"]) for each in content["categories"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"expected COCO annotations (JSON with images, annotations and categories) in {file}, but:"
            f" {type(error).__name__}: {error}. Check the file."
        ) from error
    return images, annotations, names


def _picture_folder(file: Path, names: Sequence[str]) -> Path:
    """Where the pictures are: COCO's file doesn't say."""
    above, split = file.parent.parent, file.stem.rpartition("_")[2]
    folders = [
        above / "images" / split,
        above / "images",
        above / split,
        file.parent / "images",
        file.parent,
        above,
    ]
    looked_at = [name for name in names if is_inside(name)][:_LOOKED_AT]
    for folder in folders:
        if any((folder / name).is_file() for name in looked_at):
            return folder
    if not looked_at:
        return file.parent
    raise InputError(
        f"expected the pictures of {file}, such as {looked_at[0]}, in one of"
        f" {', '.join(map(str, folders))}; found none. Put the pictures or the file there."
    )


COCO = Format("coco", write, lambda path: path.suffix.lower() == ".json", open_json)
