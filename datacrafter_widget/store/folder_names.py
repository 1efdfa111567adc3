"""Class names as folder names that every file system and Hugging Face `datasets` take, and back."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

METADATA_NAME = "metadata.jsonl"
MARKER_NAME = ".datacrafter-export.json"
"""Tells an export from any other folder, and which class each of its folders is."""

MAX_BYTES = 200
_UNSAFE = frozenset('%<>:"/\\|?*')
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
# `datasets` takes folders with these words in their names for splits (and COCO has a class "train"); digits,
# those of an escape too, part words for it.
SPLITS = ("train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation")
_SPLIT_WORDS = re.compile(rf"(?<![^-._ 0-9])(?:{'|'.join(SPLITS)})(?![^-._ 0-9])", re.IGNORECASE)


def class_folders(names: Iterable[str]) -> dict[str, str]:
    """A folder name for each class name; no two are the same when upper and lower case are.

    Where a name needs it, characters are percent-encoded as in URLs, so that `urllib.parse.unquote` gives the
    class name back; only names beyond 200 bytes are cut, with a hash in place of the rest.

    Args:
        names: Different class names.

    Returns:
        ``{class name: folder name}``.
    """
    escaped = {name: _escape(name) for name in names}
    folded = Counter(folder.casefold() for folder in escaped.values())
    return {
        name: _cut(
            name, _hide_split_words(folder if folded[folder.casefold()] == 1 else _escape_case(folder))
        )
        for name, folder in escaped.items()
    }


def class_of_folder(folder: str) -> str:
    """The class name of a folder name made by `class_folders` (cut ones aside)."""
    return unquote(folder)


def exported_classes(root: Path) -> dict[str, str]:
    """``{folder name: class name}`` of an exported data set, or a split of one; empty for any other folder."""
    marker = read_marker(root) or read_marker(root.parent)
    classes = marker.get("classes")
    return {str(key): str(name) for key, name in classes.items()} if isinstance(classes, dict) else {}


def read_marker(root: Path) -> dict[str, Any]:
    """What an export says of itself: ``kind`` (its format), ``classes``, ``entries``; empty where none is."""
    try:
        marker = json.loads((root / MARKER_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def _escape(name: str) -> str:
    places = {index for index, c in enumerate(name) if c in _UNSAFE or not c.isprintable()}
    if name.startswith((".", "__")) or _WINDOWS_DEVICES.match(name):  # hidden, or ignored by `datasets`
        places.add(0)
    if name.endswith((".", " ")):
        places.add(len(name) - 1)
    return "".join(_percent(c) if index in places else c for index, c in enumerate(name))


def _escape_case(folder: str) -> str:
    def escape(match: re.Match[str]) -> str:
        text = match.group()
        return text if len(text) > 1 or text.casefold() == text else _percent(text)

    return re.sub(r"%[0-9A-F]{2}|.", escape, folder)


def _hide_split_words(folder: str) -> str:
    return _SPLIT_WORDS.sub(lambda match: match.group()[:-1] + _percent(match.group()[-1]), folder)


def _cut(name: str, folder: str) -> str:
    content = folder.encode()
    if len(content) <= MAX_BYTES:
        return folder
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{content[:MAX_BYTES].decode(errors='ignore').rstrip('. ')}~{digest}"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
