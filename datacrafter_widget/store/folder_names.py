"""Class names as folder names that every file system and Hugging Face `datasets` take, and back."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

METADATA_NAME = "metadata.jsonl"
MARKER_NAME = ".datacrafter-export.json"
"""Tells an export from any other folder, and which class each of its folders is."""

MAX_BYTES = 200
_UNSAFE = frozenset('%<>:"/\\|?*')
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
# `datasets` takes folders with these words in their names for splits (and COCO has a class "train").
_SPLITS = "train|training|validation|valid|dev|val|test|testing|eval|evaluation"
_SPLIT_WORDS = re.compile(rf"(?<![^-._ 0-9])(?=(?:{_SPLITS})(?![^-._ 0-9]))", re.IGNORECASE)


def class_folders(names: Iterable[str]) -> dict[str, str]:
    """A folder name for each class name; no two are the same when upper and lower case are.

    Where a name needs it, characters are percent-encoded as in URLs, so that `urllib.parse.unquote` gives the
    class name back; only names beyond 200 bytes are cut, with a hash in place of the rest.

    Args:
        names: Different class names.

    Returns:
        ``{class name: folder name}``.
    """
    folders = {name: _safe(name) for name in names}
    folded = [folder.casefold() for folder in folders.values()]
    return {
        name: _cut(name, folder if folded.count(folder.casefold()) == 1 else _encode_cased(folder))
        for name, folder in folders.items()
    }


def class_of_folder(folder: str) -> str:
    """The class name of a folder name made by `class_folders` (cut ones aside)."""
    return unquote(folder)


def exported_classes(root: Path) -> dict[str, str]:
    """``{folder name: class name}`` of an exported data set; empty for any other folder."""
    try:
        classes = json.loads((root / MARKER_NAME).read_text("utf-8"))["classes"]
        return {str(folder): str(name) for folder, name in classes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _safe(name: str) -> str:
    places = {
        index for index, character in enumerate(name) if character in _UNSAFE or not character.isprintable()
    }
    places |= {match.start() for match in _SPLIT_WORDS.finditer(name)}
    if name.startswith((".", "__")) or _WINDOWS_DEVICES.match(name):  # hidden, or ignored by `datasets`
        places.add(0)
    if name.endswith((".", " ")):
        places.add(len(name) - 1)
    return "".join(_percent(c) if index in places else c for index, c in enumerate(name))


def _encode_cased(folder: str) -> str:
    return "".join(
        _percent(c) if c.casefold() != c and not _in_escape(folder, i) else c for i, c in enumerate(folder)
    )


def _in_escape(folder: str, index: int) -> bool:
    return "%" in folder[max(0, index - 2) : index]


def _cut(name: str, folder: str) -> str:
    content = folder.encode()
    if len(content) <= MAX_BYTES:
        return folder
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{content[:MAX_BYTES].decode(errors='ignore').rstrip('. ')}~{digest}"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
