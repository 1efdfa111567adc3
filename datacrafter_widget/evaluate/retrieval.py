"""The arm that generates nothing: real pictures that the user has, found by the classes' words."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.evaluate.cells import hash_of
from datacrafter_widget.metrics.duplicates import SIDE, descriptors, fingerprint, near_copies
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors
from datacrafter_widget.session.observing import CLASS_PROMPT
from datacrafter_widget.store.decoding import UnreadablePictureError, decode
from datacrafter_widget.store.files import content_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session

PART = 256
"""Pictures that are looked at and kept together: what a crash loses at most."""

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_HASH_BYTES = 32


@dataclass(frozen=True, eq=False)
class Seen:
    """The pictures of a folder as the encoder sees them; N of them can be read.

    Attributes:
        paths: (N,) files.
        contents: (N,) content hashes.
        features: (N, D), rows of length 1.
        fingerprints: (N, 32, 32, 3) uint8, to tell copies by.
        unreadable: how many files are no pictures that can be read.
        seconds: that looking at them took, when it was done.
    """

    paths: tuple[Path, ...]
    contents: tuple[str, ...]
    features: NDArray[np.float32]
    fingerprints: NDArray[np.uint8]
    unreadable: int
    seconds: float


def look_at(session: Session, folder: str | os.PathLike[str], cache: Path, job: Job[Any]) -> Seen:
    """Encode every picture in a folder, at any depth, once: what was seen is kept in `cache`.

    A file that changed since is looked at again.

    Args:
        session: whose encoder looks.
        folder: of pictures.
        cache: a folder; made if it is not there.
        job: told of the progress; it may be cancelled, and lets interactive jobs in.

    Raises:
        InputError: no folder, or no pictures in it.
    """
    files = _files(folder)
    cache.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(files), PART):
        job.update(done=start, total=len(files), message=f"looking at the pictures in {Path(folder).name}")
        job.checkpoint()
        parts.append(_part(session, files[start : start + PART], cache))
    paths = [
        path for path, fine in zip(files, np.concatenate([p["fine"] for p in parts]), strict=True) if fine
    ]
    if not paths:
        raise InputError(
            f"retrieved_from: none of the {len(files)} files in {folder} can be read as a picture"
        )
    return Seen(
        tuple(paths),
        tuple(bytes(row).hex() for part in parts for row in part["contents"]),
        np.concatenate([part["features"].astype(np.float32) for part in parts]),
        np.concatenate([part["fingerprints"] for part in parts]),
        len(files) - len(paths),
        float(sum(part["seconds"][0] for part in parts)),
    )


def retrieve(
    seen: Seen, text_features: NDArray[np.float32], held: NDArray[np.uint8], per_class: int
) -> list[NDArray[np.int64]]:
    """The pictures that are nearest to each class's text, of those that are nearer to no other class's.

    Args:
        seen: where to look.
        text_features: (C, D) of the classes' prompts, rows of length 1.
        held: (H, 32, 32, 3) fingerprints of pictures of which no copy may be found, such as those that test.
        per_class: pictures a class, at most.

    Returns:
        Positions in `seen` for each class, the nearest first; no two of the same content.
    """
    likeness = seen.features @ text_features.T
    nearest = likeness.argmax(axis=1)
    described = descriptors(held)
    found = []
    taken: set[str] = set()
    for place in range(len(text_features)):
        own = np.flatnonzero(nearest == place)
        ranked = own[np.argsort(-likeness[own, place], kind="stable")]
        chosen: list[int] = []
        for start in range(0, len(ranked), PART):
            batch = ranked[start : start + PART]
            copies = set(near_copies(seen.fingerprints[batch], held, described).queries.tolist())
            for at, row in enumerate(batch.tolist()):
                if len(chosen) < per_class and at not in copies and seen.contents[row] not in taken:
                    chosen.append(row)
                    taken.add(seen.contents[row])
            if len(chosen) == per_class:
                break
        found.append(np.array(chosen, np.int64))
    return found


def class_texts(session: Session) -> NDArray[np.float32]:
    """Text embeddings (C, D) of the session's classes, in their order."""
    return session.models.encoder.encode_texts(
        [CLASS_PROMPT.format(word=row.word) for row in session.classes]
    )


def fingerprints_of(
    images: Sequence[Any] | NDArray[np.uint8], job: Job[Any] | None = None
) -> NDArray[np.uint8]:
    """Fingerprints (N, 32, 32, 3) of pictures of any kind; `job` is told of the progress, and may be cancelled."""
    found = np.zeros((len(images), SIDE, SIDE, 3), np.uint8)
    for at, image in enumerate(images):
        if job is not None and at % PART == 0:
            job.update(done=at, total=len(images), message="looking for copies")
            job.checkpoint()
        found[at] = fingerprint(decode(image))
    return found


def _files(folder: str | os.PathLike[str]) -> list[Path]:
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise InputError(f"retrieved_from: expected a folder of pictures, found nothing such at {root}")
    files = sorted(
        Path(where) / name
        for where, _, names in os.walk(root)
        for name in names
        if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES
    )
    if not files:
        raise InputError(f"retrieved_from: expected pictures in {root}, found none at any depth")
    return files


def _part(session: Session, files: Sequence[Path], cache: Path) -> dict[str, NDArray[Any]]:
    """What the encoder sees in some files, from the cache where they are as they were."""
    import torch

    encoder = session.models.encoder
    listing = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    kept = cache / f"{hash_of([encoder.identity, listing])[:32]}.safetensors"
    if kept.is_file():
        try:
            return {name: tensor.numpy() for name, tensor in read_tensors(kept)[0].items()}
        except StoreError:
            kept.unlink()
    start = time.perf_counter()
    images = []
    fine = np.zeros(len(files), bool)
    for at, path in enumerate(files):
        try:
            images.append(decode(path))
            fine[at] = True
        except UnreadablePictureError:
            continue
    hashes = b"".join(bytes.fromhex(content_hash(image)) for image in images)
    features = encoder.encode_images(images) if images else np.zeros((0, encoder.dim))
    part = {
        "fine": fine,
        "contents": np.frombuffer(hashes, np.uint8).reshape(-1, _HASH_BYTES).copy(),
        "features": np.asarray(features, np.float16),
        "fingerprints": fingerprints_of(images),
        "seconds": np.array([time.perf_counter() - start]),
    }
    write_tensors(kept, {name: torch.from_numpy(values) for name, values in part.items()})
    return part
