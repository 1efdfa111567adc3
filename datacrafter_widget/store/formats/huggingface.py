"""Data sets of Hugging Face `datasets`, in memory or on the way to the hub."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.formats.contents import COLUMNS, Contents, Item
from datacrafter_widget.store.formats.rows import entry_of
from datacrafter_widget.store.sources import Entry, PictureSource, reader


def to_huggingface(contents: Contents) -> Any:
    """A `datasets.Dataset`, or a `DatasetDict` of splits, with columns of type Image and ClassLabel.

    It refers to the session's files and takes little memory; ``push_to_hub`` and ``save_to_disk`` put the
    pictures in.

    Raises:
        InputError: `datasets` isn't installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            "expected Hugging Face datasets, found none. Install it: pip install datasets"
        ) from error
    files = {item.picture.id: f"{item.name}.png" for item in contents.items}
    label = datasets.ClassLabel(names=list(contents.classes))
    kinds = {name: datasets.Value(kind) for name, kind in COLUMNS.items()}
    features: dict[str, Any] = {"image": datasets.Image(), **kinds, "label": label}
    if contents.has_boxes:
        many, number = datasets.Sequence, datasets.Value("float64")
        features["objects"] = {
            "bbox": many(many(number)),
            "category": many(label),
            "score": many(number),
            "source": many(datasets.Value("string")),
        }

    def make(items: Sequence[Item]) -> Any:
        rows = [{"image": str(item.path), **contents.row(item, files)} for item in items]
        columns = {name: [row[name] for row in rows] for name in features}
        return datasets.Dataset.from_dict(columns, features=datasets.Features(features))

    splits = contents.splits()
    if list(splits) == [""]:
        return make(splits[""])
    return datasets.DatasetDict({name: make(items) for name, items in splits.items()})


def is_dataset(value: Any) -> bool:
    """Whether it is a `Dataset` (of one split)."""
    return hasattr(value, "column_names") and hasattr(value, "features")


def open_dataset(dataset: Any, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
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
    names = class_names or getattr(features[label_column], "names", None)
    undecoded = dataset.cast_column(image_column, type(features[image_column])(decode=False))
    wanted = [image_column, label_column, *(name for name in (*COLUMNS, "objects") if name in features)]
    undecoded = undecoded.select_columns(list(dict.fromkeys(wanted)))

    box_names = _category_names(features.get("objects"))

    def entries() -> Iterator[Entry]:
        for index, row in enumerate(undecoded):
            item = row.pop(image_column) or {}
            path, content = item.get("path"), item.get("bytes")
            source = f"dataset[{index}]" + (f" ({printable(Path(path).name)})" if path else "")
            picture = content if content is not None else path or b""
            yield entry_of(row, reader(picture, max_pixels), row[label_column], source, names, box_names)

    total = len(dataset) if hasattr(dataset, "__len__") else None
    return PictureSource(tuple(names or ()), entries(), total)


def _category_names(objects: Any) -> list[str] | None:
    """The names of the boxes' classes, by number; `datasets` has had several forms of lists."""
    objects = getattr(objects, "feature", objects)
    category = objects.get("category") if isinstance(objects, dict) else None
    names = getattr(getattr(category, "feature", category), "names", None)
    return None if names is None else list(names)
