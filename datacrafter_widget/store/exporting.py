"""The pictures of a session as a data set that training code reads."""

import html
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store.files import WRITERS
from datacrafter_widget.store.folder_names import MARKER_NAME, METADATA_NAME, class_folders, exported_classes
from datacrafter_widget.store.records import Picture
from datacrafter_widget.store.store import Store

_PROVENANCE_COLUMNS = (
    "template",
    "prompt",
    "negative_prompt",
    "seed",
    "parent_id",
    "strength",
    "guidance_scale",
    "num_inference_steps",
    "model",
    "model_revision",
    "batch_size",
    "perturbation",
)


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote."""

    path: Path
    counts: dict[str, int]
    """Pictures, by class name."""
    total: int

    def __str__(self) -> str:
        lines = [f"{self.total} pictures exported to {self.path}"]
        return "\n".join(lines + [f"  {name}: {count}" for name, count in self.counts.items()])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def export_imagefolder(
    store: Store,
    path: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> ExportReport:
    """Write originals and generated pictures, less hidden and flagged ones, as an image folder.

    ``path/<class>/<picture>.png`` with ``path/metadata.jsonl`` (file name, label, origin, provenance; the
    same columns in every row), as Hugging Face ``load_dataset("imagefolder", data_dir=path)`` reads it.
    Folder names are class names, percent-encoded where a file system or `datasets` would stumble over them.
    Files are copies: a training script that edits them does not reach the session. Everything is written
    beside ``path`` and renamed at the end, so that ``path`` is never half an export.

    Args:
        store: The session; may be read-only.
        path: A folder that isn't there, or is empty.
        overwrite: Replace an earlier export at ``path``. Anything else there is refused all the same.
        progress: Called with the number of pictures written and in all; it may raise to stop.

    Returns:
        Where, and how many pictures of each class.

    Raises:
        InputError: There is something at ``path``, or nothing to export.
        StoreError: A picture can't be read, or the disk refused.
    """
    target = Path(path).expanduser().resolve()
    _check_target(target, overwrite=overwrite)
    pictures = [picture for picture in store.pictures() if not picture.flagged]
    if not pictures:
        raise InputError(
            f"expected pictures to export, found none visible in {store!r}. Import or restore some first."
        )
    names = {row.id: row.name for row in store.classes()}
    used = Counter(names[picture.class_id] for picture in pictures)
    counts = {name: used[name] for name in names.values() if used[name]}
    folders = class_folders(counts)
    files = {
        picture.id: f"{folders[names[picture.class_id]]}/{picture.origin}-{picture.id:06d}.png"
        for picture in pictures
    }
    rows = [_metadata(picture, files, names[picture.class_id]) for picture in pictures]
    copies = [(store.image_path(picture.id), files[picture.id]) for picture in pictures]
    with _replacing(target) as workplace:
        for folder in folders.values():
            (workplace / folder).mkdir()
        _copy_all(copies, workplace, progress)
        _write_text(
            workplace / METADATA_NAME, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        )
        classes = {folder: name for name, folder in folders.items()}
        marker = {"made_by": "datacrafter-widget", "format": 1, "classes": classes}
        _write_text(workplace / MARKER_NAME, json.dumps(marker, ensure_ascii=False, indent=1) + "\n")
    return ExportReport(target, counts, len(pictures))


def _check_target(target: Path, *, overwrite: bool) -> None:
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
    if strangers := entries - {MARKER_NAME, METADATA_NAME, *exported_classes(target)}:
        raise InputError(
            f"expected nothing but an earlier export at {target}, but it also holds"
            f" {', '.join(sorted(strangers)[:3])}. Move that away first, or give another path."
        )


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that takes its place when the block ends well, and vanishes when it doesn't.

    Its name is fixed, so that what a killed export left is cleared by the next one.
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


def _copy_all(
    copies: list[tuple[Path, str]], workplace: Path, progress: Callable[[int, int], object] | None
) -> None:
    def copy(item: tuple[Path, str]) -> None:
        with item[0].open("rb") as source, (workplace / item[1]).open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())

    # Waiting for the disk is most of the work, as in ImageFiles.put.
    with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="export") as pool:
        try:
            for done, _ in enumerate(pool.map(copy, copies), start=1):
                if progress is not None:
                    progress(done, len(copies))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _metadata(picture: Picture, files: dict[int, str], label: str) -> dict[str, Any]:
    """One row; every row has the same columns, null where a column means nothing for it."""
    provenance = {} if picture.provenance is None else asdict(picture.provenance)
    return {
        "file_name": files[picture.id],
        "label": label,
        "origin": picture.origin,
        "picture_id": picture.id,
        "sha256": picture.sha256,
        "width": picture.width,
        "height": picture.height,
        "source": picture.source,
        "iteration": picture.iteration,
        "created_at": picture.created_at,
        # Not "parent_file_name": `datasets` makes pictures of columns whose names end so.
        "parent_file": files.get(provenance.get("parent_id") or 0),
        **{name: provenance.get(name) for name in _PROVENANCE_COLUMNS},
    }


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
