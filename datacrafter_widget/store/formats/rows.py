"""Rows of facts about pictures, ours or another program's, on their way in."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.folder_names import METADATA_NAME
from datacrafter_widget.store.formats.contents import COLUMNS
from datacrafter_widget.store.records import Provenance
from datacrafter_widget.store.restoring import Earlier
from datacrafter_widget.store.sources import (
    Entry,
    SourceBox,
    label_name,
    missing,
    refuse,
    source_box,
    without_label,
)

FILE_COLUMNS = ("file_name", "path", "file_path", "filepath", "image_path", "filename", "file", "image")
LABEL_COLUMNS = ("label", "class", "class_name", "category", "labels", "target")

_REQUIRED = ("prompt", "seed", "guidance_scale", "num_inference_steps", "model", "perturbation")
_CONVERT: dict[str, Callable[[Any], Any]] = {"string": str, "int64": int, "float64": float}


def entry_of(
    row: Mapping[str, Any],
    read: Callable[[], Image.Image],
    label: Any,
    source: str,
    class_names: Sequence[str] | None = None,
    box_names: Sequence[str] | None = None,
) -> Entry:
    """An entry from a row: class, boxes, and what it was where an export of ours wrote the row.

    Args:
        row: The facts, by column.
        read: Decodes the picture.
        label: Its class, by name or number.
        source: What to call it.
        class_names: Names for classes given as numbers.
        box_names: Names for the boxes' classes, where they are numbers.

    Raises:
        InputError: The label is of no form that a class can have.
    """
    source = printable(source)
    if without_label(label):
        return refuse(source, "it has no label")
    try:
        name = label_name(label, class_names, source)
    except InputError as error:
        if isinstance(label, str):
            return refuse(source, str(error))
        raise
    known = _clean(row)
    size = (known["width"], known["height"]) if known.get("width") and known.get("height") else None
    return Entry(name, source, read, boxes_of(row.get("objects"), box_names), size, earlier_of(known))


def earlier_of(row: Mapping[str, Any]) -> Earlier | None:
    """What a picture was, by a row that an export of ours wrote; None for any other row."""
    known = _clean(row)
    if known.get("origin") == "original" and "picture_id" in known and "sha256" in known:
        return Earlier(known["picture_id"], 0, None)
    if known.get("origin") != "generated" or any(name not in known for name in ("picture_id", *_REQUIRED)):
        return None
    if not -(2**63) <= known["seed"] < 2**63:
        return None
    provenance = Provenance(
        template_id=None,
        template=known.get("template", known["prompt"]),
        prompt=known["prompt"],
        negative_prompt=known.get("negative_prompt", ""),
        seed=known["seed"],
        parent_id=known.get("parent_id"),
        strength=known.get("strength"),
        guidance_scale=known["guidance_scale"],
        num_inference_steps=known["num_inference_steps"],
        width=known.get("width", 0),
        height=known.get("height", 0),
        model=known["model"],
        model_revision=known.get("model_revision"),
        batch_size=known.get("batch_size"),
        perturbation=known["perturbation"],
        created_at=known.get("created_at", ""),
    )
    return Earlier(known["picture_id"], max(1, known.get("iteration", 1)), provenance)


def boxes_of(objects: Any, names: Sequence[str] | None = None) -> tuple[SourceBox, ...]:
    """Boxes from an ``objects`` value (see `Contents.row`; also as JSON text); none where there is no sense in it.

    Classes by number need ``names``: they may be others than the pictures'.
    """
    try:
        found = json.loads(objects) if isinstance(objects, str) else objects
        if isinstance(found, list):  # `datasets` before version 4 may give one dict a box
            found = {key: [item[key] for item in found] for key in found[0]} if found else {}
        corners = [] if found is None else list(found["bbox"])
        labels = next((found[key] for key in ("category", "categories", "label") if key in found), ())
        scores = found.get("score") or [None] * len(corners)
        sources = found.get("source") or ["given"] * len(corners)
        return tuple(
            source_box(label_name(label, names or (), "a box"), corner, score, source)
            for corner, label, score, source in zip(corners, labels, scores, sources, strict=True)
        )
    except (AttributeError, InputError, KeyError, TypeError, ValueError):
        return ()


def metadata_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of ``metadata.jsonl`` in a folder by file name; lines without sense are left out."""
    rows: dict[str, dict[str, Any]] = {}
    try:
        with (folder / METADATA_NAME).open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    row = json.loads(line)
                    rows[str(row["file_name"])] = row
                except (ValueError, KeyError, TypeError):
                    continue
    except OSError:
        return {}
    return rows


def _clean(row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of our columns in their types; what is missing, not-a-number or of no sense is left out."""
    clean: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        value = row.get(name)
        if missing(value):
            continue
        try:  # pandas writes whole numbers as 7.0 in a column with gaps
            clean[name] = _CONVERT[kind](value.removesuffix(".0") if isinstance(value, str) else value)
        except (TypeError, ValueError, OverflowError):
            continue
    return clean
