"""How an export gets to its place: beside it first, renamed when whole, and never over anything else."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store.files import WRITERS
from datacrafter_widget.store.folder_names import MARKER_NAME, METADATA_NAME, exported_classes, read_marker


def check_target(target: Path, *, overwrite: bool) -> None:
    """Make sure that nothing but an earlier export is replaced.

    Raises:
        InputError: Something else is at ``target``, or an export that ``overwrite`` doesn't allow to replace.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"expected a folder to export to, but {target} is a file. Give another path.")
    entries = {entry.name for entry in target.iterdir()}
    if not entries:
        return
    if MARKER_NAME not in entries:
        raise InputError(
            f"expected a new or empty folder, or an earlier export, but {target} holds other files"
            f" ({', '.join(sorted(entries)[:3])}). Give another path."
        )
    if not overwrite:
        raise InputError(
            f"expected a new folder, but {target} holds an earlier export."
            " Pass overwrite=True to replace it, or give another path."
        )
    listed = read_marker(target).get("entries")
    ours = map(str, listed) if isinstance(listed, list) else (METADATA_NAME, *exported_classes(target))
    if strangers := entries - {MARKER_NAME, *ours}:
        raise InputError(
            f"expected nothing but an earlier export at {target}, but it also holds"
            f" {', '.join(sorted(strangers)[:3])}. Move that away first, or give another path."
        )


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that takes its place when the block ends well, and vanishes when it doesn't.

    Its name is fixed, so that what a killed export left is cleared by the next one.

    Raises:
        StoreError: The disk refused.
    """
    workplace = target.with_name(f".{target.name}.exporting")
    previous = target.with_name(f".{target.name}.replaced")
    try:
        for leftover in (workplace, previous):
            if leftover.exists():
                shutil.rmtree(leftover)
        workplace.mkdir(parents=True)
        yield workplace
        if target.exists():
            target.rename(previous)
        try:
            workplace.rename(target)
        except OSError:
            if previous.exists():
                previous.rename(target)
            raise
        shutil.rmtree(previous, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"expected to write a data set at {target}, but: {error}. Nothing was changed there."
            " Free some disk space, check the folder's rights, or give another path."
        ) from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def write_marker(folder: Path, name: str, classes: dict[str, str]) -> None:
    """Say that a folder is an export of ours, and which class each of its folders (or numbers) is."""
    entries = sorted(entry.name for entry in folder.iterdir())
    marker = {
        "made_by": "datacrafter-widget",
        "format": 1,
        "kind": name,
        "classes": classes,
        "entries": entries,
    }
    with text_file(folder / MARKER_NAME) as file:
        file.write(json.dumps(marker, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def text_file(path: Path) -> Iterator[TextIO]:
    """A new UTF-8 file, on the disk when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_json_lines(path: Path, rows: Iterable[Any]) -> None:
    """One JSON value a line."""
    with text_file(path) as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def put_all(files: Iterable[tuple[Path | bytes, Path]], step: Callable[[], object] = lambda: None) -> None:
    """Write files to the disk, (file to copy or content, target) each; folders are made.

    ``step`` is called after each.
    """
    pairs = list(files)
    for folder in {target.parent for _, target in pairs}:
        folder.mkdir(parents=True, exist_ok=True)

    def put(pair: tuple[Path | bytes, Path]) -> None:
        with pair[1].open("wb") as file:
            if isinstance(pair[0], bytes):
                file.write(pair[0])
            else:
                with pair[0].open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())

    # Waiting for the disk is most of the work, as in ImageFiles.put.
    with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="export") as pool:
        try:
            for _ in pool.map(put, pairs):
                step()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
