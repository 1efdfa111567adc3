"""WebDataset: tar files of samples, ``<key>.png``, ``<key>.cls`` and ``<key>.json`` each."""

import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.formats.contents import Contents
from datacrafter_widget.store.formats.csv_table import class_order
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.parquet import check_size, shards
from datacrafter_widget.store.formats.rows import LABEL_COLUMNS, entry_of
from datacrafter_widget.store.sources import Entry, PictureSource, first_of, natural, reader, refuse

_IMAGES = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif", "ppm")
_ENDINGS = (".tar", ".tar.gz", ".tgz")
_MAX_BYTES = 1 << 29
"""Larger members are not read into memory."""
_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")


def write(contents: Contents, folder: Path, *, shard_size: int = 1000) -> dict[str, str]:
    """``[split-]000000.tar`` …: of each picture the PNG, its class's number, and its facts as JSON.

    Args:
        contents: What to write.
        folder: Where.
        shard_size: Pictures a tar file.
    """
    check_size(shard_size)
    files = {item.picture.id: f"{item.name}.png" for item in contents.items}
    number_of = {class_id: number for number, class_id in enumerate(contents.class_names)}
    for split, items in contents.splits().items():
        for index, shard in enumerate(shards(items, shard_size)):
            path = folder / f"{split}{split and '-'}{index:06d}.tar"
            with path.open("wb") as file:
                with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                    for item in shard:
                        facts = json.dumps(contents.row(item, files), ensure_ascii=False)
                        _add(tar, f"{item.name}.png", item.path.read_bytes())
                        _add(tar, f"{item.name}.cls", str(number_of[item.picture.class_id]).encode())
                        _add(tar, f"{item.name}.json", facts.encode())
                        contents.step()
                file.flush()
                os.fsync(file.fileno())
    return {str(number): name for number, name in enumerate(contents.classes)}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    tar.addfile(member, io.BytesIO(content))


def open_shards(path: Path, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A tar file, or an export's folder of them; read from beginning to end, nothing is unpacked to disk.

    The class is that of ``.json`` ("label" …), or else ``.cls`` (a number or a name).
    """
    found = sorted(path.glob("*.tar")) if path.is_dir() else [path]
    splits = {re.sub(r"-?\d*\.tar$", "", file.name) for file in found}
    if path.is_dir() and len(splits) > 1:
        raise InputError(
            f"expected the shards of one split in {path}, found those of {', '.join(sorted(splits))}."
            f" Give {path}/{min(splits)}-*.tar."
        )
    return open_many(found, class_names, max_pixels)


def open_many(paths: Sequence[Path], class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """Several tar files, one after the other.

    Raises:
        InputError: One isn't there.
    """
    strangers = [str(path) for path in paths if not path.is_file()]
    if strangers or not paths:
        raise InputError(
            f"expected tar files, found nothing at {', '.join(strangers[:3]) or 'all'}. Check the paths."
        )
    names = class_order(paths[0].parent, (), class_names)
    problems: list[tuple[str, str]] = []
    return PictureSource(names, _entries(paths, names or None, max_pixels, problems), None, problems)


def expand(pattern: str) -> list[Path]:
    """The tar files that a path with ``{000..012}``, ``*``, ``?`` or ``[…]`` means, in order."""
    if braces := _BRACES.search(pattern):
        first, last = braces.groups()
        if int(last) - int(first) >= 100_000:
            raise InputError(f"expected at most 100,000 shards, found {braces.group()}. Give fewer.")
        numbers = (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))
        return [
            path
            for number in numbers
            for path in expand(pattern[: braces.start()] + number + pattern[braces.end() :])
        ]
    path = Path(pattern).expanduser()
    if any(character in path.name for character in "*?[") and not path.exists():
        return sorted(path.parent.glob(path.name), key=lambda file: natural(file.name))
    return [path]


def is_shard(path: Path) -> bool:
    """Whether a file's name is that of a shard."""
    return path.name.lower().endswith(_ENDINGS)


def _entries(
    paths: Iterable[Path], class_names: Sequence[str] | None, max_pixels: int, problems: list[tuple[str, str]]
) -> Iterator[Entry]:
    for path in paths:
        try:
            with tarfile.open(path, mode="r|*") as tar:
                for key, sample in _samples(tar):
                    yield _entry(f"{path.name}/{key}", sample, class_names, max_pixels)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            problems.append((path.name, f"not a tar file, or damaged from here on: {error}"))


def _samples(tar: tarfile.TarFile) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Neighbouring files of the same name up to the first dot, by ending, as WebDataset reads them."""
    current, sample = "", dict[str, bytes]()
    for member in tar:
        if not member.isfile() or member.size > _MAX_BYTES:
            continue
        folder, _, base = member.name.rpartition("/")
        stem, _, ending = base.partition(".")
        key = f"{folder}/{stem}" if folder else stem
        if key != current:
            if sample:
                yield current, sample
            current, sample = key, {}
        file = tar.extractfile(member)
        sample[ending.lower()] = b"" if file is None else file.read()
    if sample:
        yield current, sample


def _entry(
    source: str, sample: dict[str, bytes], class_names: Sequence[str] | None, max_pixels: int
) -> Entry:
    ending = first_of(_IMAGES, sample)
    if ending is None:
        return refuse(printable(source), f"no picture among {', '.join(sorted(sample))}"[:200])
    row = _row(sample.get("json", b""))
    column = first_of(LABEL_COLUMNS, row)
    label: Any = row[column] if column else sample.get("cls", b"").decode("utf-8", "replace").strip()
    if isinstance(label, str) and label.isdecimal() and class_names is not None and label not in class_names:
        label = int(label)
    if isinstance(label, int) and class_names is not None and not 0 <= label < len(class_names):
        return refuse(printable(source), f"class {label}, but there are {len(class_names)} class names")
    return entry_of(row, reader(sample[ending], max_pixels), label, f"{source}.{ending}", class_names)


def _row(content: bytes) -> dict[str, Any]:
    try:
        row = json.loads(content or b"{}")
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


WEBDATASET = Format("webdataset", write, is_shard, open_shards)
