"""What a model's name means: the embedded toybox, a folder, or a name on the hub."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from datacrafter_widget.errors import ModelError

TOYBOX = "toybox"
TOYBOX_PIPELINE = Path(__file__).parent.parent / "toybox" / "weights" / "pipeline"
TOYBOX_CLIP = Path(__file__).parent.parent / "toybox" / "weights" / "clip"

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_MODEL_FILES = (".safetensors", ".json", ".txt", ".model")
_HASHED_WHOLE = 64 * 1024**2
_HASHED_END = 1024**2


def resolve_generator(name: str | os.PathLike[str], what: str = "generator") -> Path | str:
    """Find a generator: "toybox", a folder in diffusers' form, or a hub id.

    Args:
        name: of it.
        what: it is for, as an error says it.

    Returns:
        A folder's path, or the hub id.

    Raises:
        ModelError: no such folder and no hub id either, or a folder that is no diffusers pipeline.
    """
    found = _folder(name, TOYBOX_PIPELINE)
    if found is not None:
        _require(found, "model_index.json", "a diffusers pipeline, as `pipeline.save_pretrained` writes it")
        return found
    text = os.fspath(name)
    if _HUB_ID.fullmatch(text):
        return text
    msg = f"{what}: expected an existing folder or a hub id such as 'stabilityai/sd-turbo', found {text!r}"
    raise ModelError(msg)


def resolve_encoder(name: str | os.PathLike[str]) -> Path | str:
    """Find an encoder: "toybox", a folder in open_clip's form, or one of open_clip's names.

    A folder may also be written as open_clip writes it, "local-dir:FOLDER".

    Returns:
        A folder's path, or the name ("ViT-B-32/openai", "ViT-B-32", "hf-hub:owner/name").

    Raises:
        ModelError: a path without a folder, or a folder that is no open_clip model.
    """
    name = os.fspath(name).removeprefix("local-dir:")
    found = _folder(name, TOYBOX_CLIP)
    if found is not None:
        _require(found, "open_clip_config.json", "an open_clip model with its weights")
        return found
    text = os.fspath(name)
    if not text or text[0] in "./~\\" or text.count("/") > 1:
        msg = f"encoder: expected an existing folder or a name such as 'ViT-B-32/openai', found {text!r}"
        raise ModelError(msg)
    return text


def folder_revision(folder: Path) -> str:
    """A short fingerprint of a model folder: the names, sizes and contents of its weights and configurations.

    Files over 64 MiB count by their first and last MiB. A model card or a picture does not count.

    Returns:
        "sha256:" and 16 hexadecimal digits.
    """
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _MODEL_FILES or not path.is_file():
            continue
        size = path.stat().st_size
        total.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            if size <= _HASHED_WHOLE:
                total.update(hashlib.file_digest(file, "sha256").digest())
            else:
                total.update(file.read(_HASHED_END))
                file.seek(-_HASHED_END, os.SEEK_END)
                total.update(file.read(_HASHED_END))
    return f"sha256:{total.hexdigest()[:16]}"


def _folder(name: str | os.PathLike[str], toybox: Path) -> Path | None:
    if os.fspath(name) == TOYBOX:
        if not toybox.is_dir():
            msg = f"the toybox's weights are missing: expected the folder {toybox}; reinstall the package"
            raise ModelError(msg)
        return toybox
    path = Path(name).expanduser()
    return path.resolve() if os.fspath(name) and path.is_dir() else None


def _require(folder: Path, file: str, form: str) -> None:
    if not (folder / file).is_file():
        inside = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        msg = f"the folder {folder} is not {form}: expected {file} in it, found {inside}"
        raise ModelError(msg)
