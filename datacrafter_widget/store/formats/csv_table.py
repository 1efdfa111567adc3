"""A CSV file with a row for each picture, beside the pictures."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.folder_names import exported_classes
from datacrafter_widget.store.formats.contents import COLUMNS, Contents
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.rows import FILE_COLUMNS, LABEL_COLUMNS, entry_of
from datacrafter_widget.store.formats.writing import put_all, text_file
from datacrafter_widget.store.sources import Entry, PictureSource, file_entry, first_of, ordered


def write(contents: Contents, folder: Path) -> dict[str, str]:
    """``data.csv``, or ``train.csv``, ``val.csv`` …, and ``images/<picture>.png``; boxes as JSON text."""
    files = {item.picture.id: f"images/{item.name}.png" for item in contents.items}
    put_all(((item.path, folder / files[item.picture.id]) for item in contents.items), contents.step)
    for split, items in contents.splits().items():
        columns = [*COLUMNS, "objects"] if contents.has_boxes else list(COLUMNS)
        with text_file(folder / f"{split or 'data'}.csv") as file:
            table = csv.DictWriter(file, columns)
            table.writeheader()
            for item in items:
                row = contents.row(item, files)
                if contents.has_boxes:
                    row["objects"] = json.dumps(row["objects"], ensure_ascii=False)
                table.writerow(row)
    return {str(index): name for index, name in enumerate(contents.classes)}


def open_table(path: Path, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A CSV file with a column of file names (relative to its folder) and one of classes."""
    file = only_file(path, "*.csv")
    (file_column, label_column), total, labels = _look(file)

    def entries() -> Iterator[Entry]:
        for row in _rows(file):
            name = row.get(file_column, "")
            entry = file_entry(file.parent, name, "", max_pixels)
            yield entry_of(row, entry.read, _label(row.get(label_column), class_names), name, class_names)

    return PictureSource(class_order(file.parent, labels, class_names), entries(), total)


def picture_columns(
    columns: Sequence[str], where: str, files: Sequence[str] = FILE_COLUMNS
) -> tuple[str, str]:
    """The columns of pictures and of classes.

    Raises:
        InputError: One isn't there.
    """
    file_column, label_column = first_of(files, columns), first_of(LABEL_COLUMNS, columns)
    if file_column is None or label_column is None:
        raise InputError(
            f"expected a column of pictures ({', '.join(files)}) and one of classes"
            f" ({', '.join(LABEL_COLUMNS)}) in {where}, found {', '.join(map(str, columns)) or 'none'}."
            " Rename the columns."
        )
    return file_column, label_column


def only_file(path: Path, pattern: str) -> Path:
    """A file itself, or the only file of its kind in a folder.

    Raises:
        InputError: It isn't there, or there are several, such as one for each split.
    """
    found = sorted(path.glob(pattern)) if path.is_dir() else [path]
    if len(found) == 1 and found[0].is_file():
        return found[0]
    if not found or not path.is_dir():
        raise InputError(f"expected a file of a data set at {path}, found nothing. Check the path.")
    names = ", ".join(entry.relative_to(path).as_posix() for entry in found[:5])
    raise InputError(f"expected one data set in {path}, found {names}. Give one of them.")


def class_order(folder: Path, names: Iterable[str], class_names: Sequence[str] | None) -> tuple[str, ...]:
    """The classes in the order given, or that of an export of ours, or else the natural one."""
    return ordered(names, class_names or tuple(exported_classes(folder).values()))


def _label(value: Any, class_names: Sequence[str] | None) -> Any:
    return int(value) if class_names is not None and value is not None and value.isdecimal() else value


def _look(file: Path) -> tuple[tuple[str, str], int, set[str]]:
    """The columns of pictures and of classes, the number of rows, and the labels."""
    with _opened(file) as opened:
        table = csv.DictReader(opened)
        columns = picture_columns(table.fieldnames or (), str(file))
        labels = [row.get(columns[1]) or "" for row in table]
    return columns, len(labels), set(labels)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with _opened(file) as opened:
        for row in csv.DictReader(opened):
            yield {key: value for key, value in row.items() if value not in (None, "")}


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
            yield opened
    except (csv.Error, OSError) as error:
        raise InputError(f"expected a CSV file at {file}, but: {error}. Check the file.") from error


CSV = Format("csv", write, lambda path: path.suffix.lower() == ".csv", open_table)
