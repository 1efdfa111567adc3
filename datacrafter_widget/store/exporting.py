"""The pictures of a session as a data set that training code reads."""

import html
import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.formats import get_format
from datacrafter_widget.store.formats.contents import Contents, read_contents
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.splitting import Split
from datacrafter_widget.store.formats.writing import check_target, replacing, write_marker
from datacrafter_widget.store.store import Store


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote."""

    path: Path
    counts: dict[str, int]
    """Pictures, by class name."""
    total: int
    format: str = "imagefolder"
    splits: dict[str, int] = field(default_factory=dict)
    """Pictures, by split; empty where the data set isn't split."""
    boxes: int = 0

    def __str__(self) -> str:
        lines = [f"{self.total} pictures exported to {self.path} ({self.format})"]
        lines += [f"  {name}: {count}" for name, count in (self.counts | self.splits).items()]
        return "\n".join(lines + ([f"  with {self.boxes} boxes"] if self.boxes else []))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def export_dataset(
    store: Store,
    path: str | Path,
    *,
    format: str = "imagefolder",  # noqa: A002 - the word a user expects
    overwrite: bool = False,
    split: Split | None = None,
    split_seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> ExportReport:
    """Write originals and generated pictures, less hidden and flagged ones, as a data set.

    Every format has the same facts about each picture, in its own place (see `formats.contents.COLUMNS`), and
    numbers the classes in the session's order. Files are copies: a training script that edits them does not
    reach the session. Everything is written beside ``path`` and renamed at the end, so that ``path`` is never
    half an export.

    Args:
        store: The session; may be read-only.
        path: A folder that isn't there, or is empty.
        format: One of `formats.FORMATS`.
        overwrite: Replace an earlier export at ``path``. Anything else there is refused all the same.
        split: The share of "val", or the shares of "train", "val" and "test": of each class, chosen by chance;
            an original and all that was made from it stay together (see `split_pictures`).
        split_seed: Same seed, same split.
        progress: Called with the number of pictures written and in all; it may raise to stop.
        **options: Those of the format's ``write``: ``shard_size`` (webdataset, parquet), ``boxless`` (coco, yolo),
            ``task`` (yolo).

    Returns:
        Where, and how many pictures of each class.

    Raises:
        InputError: There is something at ``path``, nothing to export, or an unknown format or option.
        StoreError: A picture can't be read, or the disk refused.
    """
    kind = get_format(format)
    _check_options(kind, options)
    target = Path(path).expanduser().resolve()
    check_target(target, overwrite=overwrite)
    contents = read_contents(
        store,
        split=split,
        split_seed=split_seed,
        boxed_only=options.get("boxless") == "skip",
        progress=progress,
    )
    with replacing(target) as workplace:
        classes = kind.write(contents, workplace, **options)
        write_marker(workplace, kind.name, classes)
    return _report(target, kind, contents)


def _check_options(kind: Format, options: dict[str, Any]) -> None:
    known = [
        name
        for name, each in inspect.signature(kind.write).parameters.items()
        if each.kind == each.KEYWORD_ONLY
    ]
    if strangers := [name for name in options if name not in known]:
        raise InputError(
            f"expected {' and '.join(known) or 'no options'} for format={kind.name!r}, found {', '.join(strangers)}."
        )


def _report(target: Path, kind: Format, contents: Contents) -> ExportReport:
    used = Counter(item.class_name for item in contents.items)
    return ExportReport(
        target,
        {name: used[name] for name in contents.classes if used[name]},
        len(contents.items),
        kind.name,
        {name: len(items) for name, items in contents.splits().items() if name},
        sum(len(item.boxes) for item in contents.items),
    )
