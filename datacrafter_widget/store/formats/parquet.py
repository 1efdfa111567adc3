"""Parquet files with the pictures inside, as the Hugging Face hub keeps data sets."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.formats.contents import COLUMNS, Contents, Item
from datacrafter_widget.store.formats.csv_table import class_order, only_file, picture_columns
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.rows import FILE_COLUMNS, entry_of
from datacrafter_widget.store.sources import Entry, PictureSource, file_entry, reader

_ROW_GROUP = 64
"""Pictures in memory at a time."""
_SCHEMA_KEY = b"huggingface"


def write(contents: Contents, folder: Path, *, shard_size: int = 1000) -> dict[str, str]:
    """``data/<split>-00000-of-00003.parquet`` …: ``load_dataset(folder)`` gives pictures and class labels.

    Args:
        contents: What to write; "train" where it is not split.
        folder: Where.
        shard_size: Pictures a file.
    """
    check_size(shard_size)
    contents = contents.with_split("train")
    files = {item.picture.id: f"{item.name}.png" for item in contents.items}
    schema = _schema(contents)
    (folder / "data").mkdir()
    for split, items in contents.splits().items():
        parts = list(shards(items, shard_size))
        for index, part in enumerate(parts):
            path = folder / "data" / f"{split}-{index:05d}-of-{len(parts):05d}.parquet"
            _write_file(path, schema, part, contents, files)
    return {str(number): name for number, name in enumerate(contents.classes)}


def _write_file(
    path: Path, schema: Any, items: Sequence[Item], contents: Contents, files: dict[int, str]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number_of = {name: number for number, name in enumerate(contents.classes)}
    with path.open("wb") as file:
        # Pictures are compressed already; without statistics the footer holds no piece of them.
        with pq.ParquetWriter(
            file, schema, compression={"image.bytes": "none"}, write_statistics=False
        ) as table:
            for group in shards(items, _ROW_GROUP):
                rows = []
                for item in group:
                    row = contents.row(item, files)
                    row["label"] = number_of[item.class_name]
                    if objects := row.get("objects"):
                        objects["category"] = [number_of[name] for name in objects["category"]]
                    rows.append(
                        {"image": {"bytes": item.path.read_bytes(), "path": files[item.picture.id]}, **row}
                    )
                    contents.step()
                table.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
        file.flush()
        os.fsync(file.fileno())


def _schema(contents: Contents) -> Any:
    """Arrow's types, with what `datasets` wants to know of them."""
    pa = _pyarrow()
    label = {"names": list(contents.classes), "_type": "ClassLabel"}
    fields = [pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))]
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    for name, kind in COLUMNS.items():
        fields.append(pa.field(name, pa.int64() if name == "label" else getattr(pa, kind)()))
        features[name] = label if name == "label" else {"dtype": kind, "_type": "Value"}
    if contents.has_boxes:
        kinds = {
            "bbox": pa.list_(pa.float64()),
            "category": pa.int64(),
            "score": pa.float64(),
            "source": pa.string(),
        }
        fields.append(
            pa.field("objects", pa.struct([(name, pa.list_(kind)) for name, kind in kinds.items()]))
        )
        features["objects"] = _object_features(label)
    info = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={_SCHEMA_KEY: info.encode()})


def _object_features(label: dict[str, Any]) -> dict[str, Any]:
    """What `datasets` calls the types of ``objects``."""
    number = {"dtype": "float64", "_type": "Value"}

    def many(feature: dict[str, Any]) -> dict[str, Any]:
        return {"feature": feature, "_type": "Sequence"}

    text = {"dtype": "string", "_type": "Value"}
    return {"bbox": many(many(number)), "category": many(label), "score": many(number), "source": many(text)}


def open_parquet(path: Path, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A Parquet file, or the folder of an export; several files of one split are read one after the other."""
    files = _split_files(path) if path.is_dir() else [only_file(path, "*.parquet")]
    return open_many(files, class_names, max_pixels)


def open_many(files: Sequence[Path], class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """Several Parquet files of the same columns.

    Raises:
        InputError: One is no Parquet file, or has no column of pictures or classes.
    """
    opened = [_open(file) for file in files]
    schema = opened[0].schema_arrow
    image_column, label_column = picture_columns(schema.names, str(files[0]), ("image", "img", *FILE_COLUMNS))
    names = class_names or _label_names(schema, label_column)
    box_names = _label_names(schema, "objects", "category", "feature")
    order = class_order(files[0].parent.parent, (), names)

    def entries() -> Iterator[Entry]:
        for file, table in zip(files, opened, strict=True):
            number = 0
            for batch in table.iter_batches(batch_size=_ROW_GROUP):
                for row in batch.to_pylist():
                    source = f"{file.name}[{number}]"
                    read = _reader(row.pop(image_column, None), file.parent, max_pixels)
                    yield entry_of(row, read, row[label_column], source, names, box_names)
                    number += 1

    return PictureSource(order, entries(), sum(table.metadata.num_rows for table in opened))


def _reader(picture: Any, folder: Path, max_pixels: int) -> Callable[[], Image.Image]:
    """Reads a cell: file content, `datasets`' bytes and path, or the name of a file beside the table."""
    if isinstance(picture, dict):
        picture = picture.get("bytes") or picture.get("path")
    if isinstance(picture, str):
        return file_entry(folder, picture, "", max_pixels).read
    return reader(picture or b"", max_pixels)


def _split_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("data/*.parquet")) or sorted(folder.glob("*.parquet"))
    splits = sorted({file.name.partition("-")[0] for file in files})
    if len(splits) != 1:
        raise InputError(
            f"expected the Parquet files of one split in {folder}, found"
            f" {', '.join(splits) or 'none'}. Give the files of one, as a list."
        )
    return files


def _open(file: Path) -> Any:
    pa = _pyarrow()
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"expected a Parquet file at {file}, but: {error}. Check the file.") from error


def _label_names(schema: Any, *path: str) -> Sequence[str] | None:
    """The names of a class label, where `datasets` (or an export of ours) says them."""
    try:
        feature = json.loads((schema.metadata or {})[_SCHEMA_KEY])["info"]["features"]
        for key in path:
            feature = feature[key]
        return [str(name) for name in feature["names"]]
    except (KeyError, TypeError, ValueError):
        return None


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise InputError(
            "expected pyarrow for Parquet files, found none. Install it: pip install pyarrow"
        ) from error
    return pa


def check_size(shard_size: int) -> None:
    """Refuse a size of shards that is none.

    Raises:
        InputError: It is less than 1.
    """
    if isinstance(shard_size, bool) or not isinstance(shard_size, int) or shard_size < 1:
        raise InputError(f"expected shard_size as a number of pictures, 1 or more, found {shard_size!r}.")


def shards(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The pictures in pieces of a size."""
    return (items[start : start + size] for start in range(0, len(items), size))


PARQUET = Format("parquet", write, lambda path: path.suffix.lower() in (".parquet", ".pq"), open_parquet)
