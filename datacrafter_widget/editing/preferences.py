"""Choices as a preference data set: of each edit, the chosen candidate against each other one."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

PICTURES = ("image", "chosen", "rejected", "mask", "reference")
MARKS = ("matches", "keeps")
METADATA, IMAGES = "metadata.jsonl", "images"
_HASHED, _PANDAS = "huggingface", "pandas"
_TYPES = {"int": "int64", "str": "string", "bool": "bool", "float": "float64"}


@dataclass(frozen=True, kw_only=True)
class Preference:
    """One candidate was preferred to another.

    Attributes:
        edit: number of the edit in its session.
        instruction: what was wished.
        action: what sort of change it is.
        source: a caption of the picture before.
        target: a caption of the picture after.
        chosen_editor: who made the chosen candidate.
        chosen_revision: with which weights.
        chosen_text: what it was told.
        chosen_parameters: with which settings, as JSON.
        rejected_editor: who made the other one.
        rejected_revision: with which weights.
        rejected_text: what it was told.
        rejected_parameters: with which settings, as JSON.
        seed: of the randomness of both.
        matches: how well the chosen one does what was wished, 1 … 5; None: not said.
        keeps: how well it keeps the rest, 1 … 5; None: not said.
        unusable: whether the other one is offensive or unusable.
        words: what else was said.
        blind: whether it was chosen before it was known who made what.
        image: content hash of the picture that was edited.
        chosen: of the chosen candidate.
        rejected: of the other one.
        mask: of the mask, or None.
        reference: of the reference picture, or None.
    """

    edit: int
    instruction: str
    action: str
    source: str
    target: str
    chosen_editor: str
    chosen_revision: str
    chosen_text: str
    chosen_parameters: str
    rejected_editor: str
    rejected_revision: str
    rejected_text: str
    rejected_parameters: str
    seed: int
    matches: int | None
    keeps: int | None
    unusable: bool
    words: str
    blind: bool
    image: str
    chosen: str
    rejected: str
    mask: str | None
    reference: str | None


def write_preferences(
    rows: Sequence[Preference],
    path: str | Path,
    load: Callable[[str], Image.Image],
    *,
    overwrite: bool = False,
) -> Path:
    """Write a preference data set with its pictures.

    Args:
        rows: The preferences, one or more.
        path: ``….parquet``: one file with the pictures inside, for ``load_dataset("parquet", data_files=path)``. Any
            other name: a folder of ``metadata.jsonl`` and ``images/``, for
            ``load_dataset("imagefolder", data_dir=path)``.
        load: Reads a picture by its content hash.
        overwrite: Replace an earlier export. A folder with anything else in it is refused all the same.

    Returns:
        The path.

    Raises:
        InputError: There are no rows, or something is at `path` already.
        StoreError: The disk refused; nothing is left under the final name.
    """
    target = Path(path).expanduser()
    if not rows:
        raise InputError("expected an edit with two candidates of which one was chosen, found none yet.")
    if target.exists() and not overwrite:
        raise InputError(f"expected a new path, found {target}. overwrite=True replaces an earlier export.")
    if target.is_dir() and {each.name for each in target.iterdir()} - {METADATA, IMAGES}:
        raise InputError(
            f"expected an earlier export of preferences, found other files in {target}. Give another path."
        )
    write = _write_parquet if target.suffix == ".parquet" else _write_folder
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
            made = Path(folder) / target.name
            write(rows, made, load)
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)
    except OSError as error:
        raise StoreError(
            f"expected to write {target}, but: {error}. Check the folder's rights and the disk."
        ) from error
    return target


def _write_folder(rows: Sequence[Preference], folder: Path, load: Callable[[str], Image.Image]) -> None:
    (folder / IMAGES).mkdir(parents=True)
    for content in sorted({key for row in rows for key in _contents(row).values() if key}):
        load(content).save(folder / IMAGES / f"{content}.png")
    with (folder / METADATA).open("w", encoding="utf-8") as file:
        for row in rows:
            names = {
                f"{name}_file_name": content and f"{IMAGES}/{content}.png"
                for name, content in _contents(row).items()
            }
            # `datasets` takes a column of pictures by its name, but not where all are missing.
            shown = {
                name: value for name, value in names.items() if _has(rows, name.removesuffix("_file_name"))
            }
            file.write(json.dumps({**_values(row), **shown}, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _write_parquet(rows: Sequence[Preference], path: Path, load: Callable[[str], Image.Image]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns, features = [], {}
    for each in fields(Preference):
        kind = _TYPES.get(str(each.type).partition(" ")[0], "string")
        is_picture = each.name in PICTURES
        columns.append(pa.field(each.name, picture if is_picture else pa.type_for_alias(kind)))
        features[each.name] = {"_type": "Image"} if is_picture else {"dtype": kind, "_type": "Value"}
    # Marks that were not given are missing whole numbers in pandas too, which would else make floats of them.
    marks = [
        {"name": name, "field_name": name, "pandas_type": "int64", "numpy_type": "Int64", "metadata": None}
        for name in MARKS
    ]
    told = {
        _HASHED: {"info": {"features": features}},
        _PANDAS: {"index_columns": [], "column_indexes": [], "columns": marks},
    }
    schema = pa.schema(columns, metadata={name: json.dumps(each) for name, each in told.items()})
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema, write_statistics=False) as table:
            for row in rows:
                cells = {
                    name: content and {"bytes": _png(load(content)), "path": f"{content}.png"}
                    for name, content in _contents(row).items()
                }
                table.write_batch(pa.RecordBatch.from_pylist([{**_values(row), **cells}], schema=schema))
        file.flush()
        os.fsync(file.fileno())


def _contents(row: Preference) -> dict[str, str | None]:
    return {name: getattr(row, name) for name in PICTURES}


def _values(row: Preference) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(row) if each.name not in PICTURES}


def _has(rows: Sequence[Preference], name: str) -> bool:
    return any(getattr(row, name) for row in rows)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
