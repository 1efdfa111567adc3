"""pandas data frames."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.formats.contents import COLUMNS, Contents
from datacrafter_widget.store.formats.csv_table import picture_columns
from datacrafter_widget.store.formats.rows import FILE_COLUMNS, entry_of
from datacrafter_widget.store.sources import Entry, PictureSource, missing, ordered, reader, refuse

_TYPES = {"string": "string", "int64": "Int64", "float64": "Float64"}


def to_pandas(contents: Contents) -> Any:
    """A data frame with a row for each picture.

    ``path`` is the picture's file in the session, to be read only; ``label`` is categorical in the classes'
    order; the other columns are those of every export, with gaps (NA) where they mean nothing.
    """
    import pandas as pd

    paths = {item.picture.id: str(item.path) for item in contents.items}
    rows = [contents.row(item, paths) for item in contents.items]
    columns = {
        name: pd.array([row[name] for row in rows], dtype=_TYPES[kind])
        for name, kind in COLUMNS.items()
        if name not in ("file_name", "parent_file", "label")
    }
    labels = pd.Categorical([row["label"] for row in rows], categories=list(contents.classes))
    frame = pd.DataFrame({"path": list(paths.values()), "label": labels, **columns})
    if contents.has_boxes:
        frame["objects"] = [row["objects"] for row in rows]
    if contents.items[0].split:
        frame["split"] = [item.split for item in contents.items]
    return frame


def is_frame(value: Any) -> bool:
    """Whether it is a pandas data frame."""
    return type(value).__name__ == "DataFrame" and type(value).__module__.partition(".")[0] == "pandas"


def open_frame(frame: Any, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A data frame with a column of pictures (paths, PIL images or file contents) and one of classes."""
    columns = [str(name) for name in frame.columns]
    file_column, label_column = picture_columns(columns, "the data frame", ("image", "path", *FILE_COLUMNS))
    categories = getattr(frame[label_column].dtype, "categories", None)
    if class_names is None and categories is not None:
        names = ordered((), [str(name) for name in categories])
    else:
        texts = {name for name in frame[label_column].unique() if isinstance(name, str)}
        names = ordered(texts, class_names)

    def entries() -> Iterator[Entry]:
        for index, values in enumerate(frame.itertuples(index=False, name=None)):
            row = dict(zip(columns, values, strict=True))
            yield _entry(row, f"row {index}", file_column, label_column, class_names, max_pixels)

    return PictureSource(names, entries(), len(frame))


def _entry(
    row: dict[str, Any],
    source: str,
    file_column: str,
    label_column: str,
    class_names: Sequence[str] | None,
    max_pixels: int,
) -> Entry:
    picture = row[file_column]
    if isinstance(picture, dict):  # a cell of a Hugging Face data set
        picture = picture.get("bytes") or picture.get("path")
    if isinstance(picture, str | Path):
        source = printable(str(picture))
    elif missing(picture):
        return refuse(source, f"it has no {file_column}")
    read = reader(picture.copy() if isinstance(picture, Image.Image) else picture, max_pixels)
    return entry_of(row, read, row[label_column], source, class_names)
