"""Copies of pictures: fingerprints, and the search for pictures that are nearly the same.

A fingerprint is a picture's centre square, made small. Two are compared by their cosine transforms, as in pHash
(Zauner 2010, Sec. 3.2.1), with three changes: colours count; frequencies are weighted up as their strength
falls in pictures of the world (1/f; Field 1987), so that the details that make a picture this one count as much
as the light and dark that it shares with many; and mirrored and slightly cropped copies are found too.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]

SIDE = 32
"""Pixels of a fingerprint's side."""
FREQUENCIES = (16, 8, 8)
"""Frequencies a side that are compared, of luma and the two colour differences."""
DIM = sum(side * side for side in FREQUENCIES)
"""Numbers of a descriptor."""
NEAR = 0.95
"""Similarity from which on two pictures are copies. Toybox pictures of one prompt with other seeds reach 0.87,
tiles of photographs 0.68; copies (JPEG, resized, brightened, mirrored, cropped by 5 %) have 0.98 or more, but for
corner crops of fine textures, which may be missed (tests/benchmarks/duplicates.py)."""
CUTS = ((0.0, 1.0), (0.0, 0.97), (0.03, 0.97), (0.0, 0.95), (0.025, 0.95), (0.05, 0.95), (0.035, 0.93))
"""Parts of a picture's sides, as (start, length), that are compared with the whole of another: crops of 2 to 7 %."""
CANDIDATES = 8
"""Most stored pictures that are looked at closely, for each picture."""
CANDIDATE = 0.2
"""Least similarity, before anything is cut off, of a picture that is looked at closely."""

_CHUNK = 512
_QUERIES_TOGETHER = 64
_NOTHING = 1e-2
"""Length of what is left of a picture without contrast: rounding."""


class Copies(NamedTuple):
    """Pairs of pictures that are nearly the same, by query and then from the most alike, as arrays (P,)."""

    queries: npt.NDArray[np.int64]
    stored: npt.NDArray[np.int64]
    scores: FloatArray


def fingerprint(image: Image.Image) -> ByteArray:
    """A picture's centre square (a generator crops its parents so too), made 32 x 32 pixels small.

    Returns:
        (32, 32, 3) uint8.
    """
    import PIL.Image

    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(
        image.convert("RGB").resize((SIDE, SIDE), PIL.Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
    )


def descriptors(fingerprints: npt.ArrayLike) -> FloatArray:
    """What fingerprints are compared by: unit vectors, whose dot product is the similarity, at most 1.

    The brightness of the whole and the contrast don't count.

    Args:
        fingerprints: (N, 32, 32, 3) uint8.

    Returns:
        (N, 384) float32. A picture of a single grey has zeros: it is like no other.

    Raises:
        InputError: another shape or type.
    """
    return _described(_checked(fingerprints), _whole())[:, 0]


def near_copies(
    queries: npt.ArrayLike,
    stored: npt.ArrayLike,
    stored_descriptors: FloatArray | None = None,
    *,
    threshold: float = NEAR,
) -> Copies:
    """Which pictures are nearly the same as stored ones.

    Each picture and its mirror image are compared with every stored one; the most alike are compared again
    with some per cent cut off the one or the other, at any of their edges.

    Args:
        queries: fingerprints (Q, 32, 32, 3) uint8.
        stored: fingerprints (N, 32, 32, 3) uint8.
        stored_descriptors: `descriptors(stored)` (N, 384), where they are at hand.
        threshold: least similarity of a copy.

    Returns:
        The pairs found; at most eight stored pictures for each query.

    Raises:
        InputError: another shape or type.
    """
    asked, kept = _checked(queries), _checked(stored)
    table = descriptors(kept) if stored_descriptors is None else stored_descriptors
    found = [Copies(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
    if len(kept):
        for first in range(0, len(asked), _QUERIES_TOGETHER):
            part = _near_copies(asked[first : first + _QUERIES_TOGETHER], kept, table, threshold)
            found.append(part._replace(queries=part.queries + first))
    return Copies(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _near_copies(asked: ByteArray, kept: ByteArray, table: FloatArray, threshold: float) -> Copies:
    whole = descriptors(asked)
    both = np.stack([whole, whole * _mirror()], axis=1)  # (Q, 2, D)
    rough = (both.reshape(-1, DIM) @ table.T).reshape(len(asked), 2, -1).max(axis=1)  # (Q, N)
    count = min(CANDIDATES, len(kept))
    best = np.argpartition(rough, -count, axis=1)[:, -count:]  # (Q, K)
    query, rank = np.nonzero(np.take_along_axis(rough, best, axis=1) >= CANDIDATE)
    other = best[query, rank]  # (P,)
    cut = _described(asked, _cuts())  # (Q, 49, D)
    several, place = np.unique(other, return_inverse=True)
    cut_other = _described(kept[several], _cuts())  # (U, 49, D)
    alike = np.empty(len(other), dtype=np.float32)
    for one in np.unique(query):
        pairs = np.flatnonzero(query == one)
        mirrored = np.concatenate([cut[one], cut[one] * _mirror()])
        ours = (mirrored @ table[other[pairs]].T).max(axis=0)
        theirs = (cut_other[place[pairs]] @ both[one].T).max(axis=(1, 2))
        alike[pairs] = np.maximum(ours, theirs)
    scores = np.minimum(alike, 1.0)
    found = np.flatnonzero(scores >= threshold)
    found = found[np.lexsort((-scores[found], query[found]))]
    return Copies(query[found], other[found], scores[found])


def _checked(fingerprints: npt.ArrayLike) -> ByteArray:
    pixels = np.asarray(fingerprints)
    if pixels.shape[1:] != (SIDE, SIDE, 3) or pixels.dtype != np.uint8:
        raise InputError(
            f"fingerprints: expected (N, {SIDE}, {SIDE}, 3) uint8, found {pixels.shape} {pixels.dtype}."
            " Take them from fingerprint(image)."
        )
    return pixels


def _described(fingerprints: ByteArray, maps: FloatArray) -> FloatArray:
    """Descriptors of the parts of pictures that maps (M, 16, 32) of their sides cut out: (N, M * M, 384)."""
    rows = np.empty((len(fingerprints), len(maps) ** 2, DIM), dtype=np.float32)
    for first in range(0, len(rows), _CHUNK):
        red, green, blue = np.moveaxis(fingerprints[first : first + _CHUNK], -1, 0).astype(np.float32)
        luma = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601, as in JPEG
        channels = (luma, 0.564 * (blue - luma), 0.713 * (red - luma))
        parts = [
            _transformed(channel, maps[:, :side]) for channel, side in zip(channels, FREQUENCIES, strict=True)
        ]
        parts[0][..., 0] = 0.0
        rows[first : first + _CHUNK] = np.concatenate(parts, axis=2)
    length = np.linalg.norm(rows, axis=2, keepdims=True)
    rows /= np.where(length > _NOTHING, length, np.inf)
    return rows


def _transformed(channel: FloatArray, maps: FloatArray) -> FloatArray:
    """Weighted frequencies (N, M * M, S * S) of pictures (N, 32, 32), for maps (M, S, 32) of both sides."""
    count, side, _ = maps.shape
    flat = maps.reshape(count * side, SIDE)
    cut = (flat @ channel @ flat.T).reshape(-1, count, side, count, side).transpose(0, 1, 3, 2, 4)
    return np.asarray(cut * _weights()[:side, :side], dtype=np.float32).reshape(
        len(channel), count * count, side * side
    )


@cache
def _whole() -> FloatArray:
    """The orthonormal cosine transform (DCT-II) of 32 values, its lowest 16 frequencies: (1, 16, 32)."""
    from scipy.fft import dct

    return np.asarray(dct(np.eye(SIDE), axis=0, norm="ortho")[None, : FREQUENCIES[0]], dtype=np.float32)


@cache
def _cuts() -> FloatArray:
    """`_whole` of the parts of a side that `CUTS` names: (7, 16, 32)."""
    from scipy.fft import dct

    waves = dct(np.eye(SIDE), axis=0, norm="ortho")
    scale = np.sqrt(np.where(np.arange(SIDE), 2, 1) / SIDE)
    maps = []
    for start, part in CUTS:
        # Between its pixels a side is read off its own cosines.
        at = start + part * (np.arange(SIDE) + 0.5) / SIDE
        maps.append(waves[: FREQUENCIES[0]] @ (np.cos(np.pi * at[:, None] * np.arange(SIDE)) * scale) @ waves)
    return np.asarray(maps, dtype=np.float32)


@cache
def _weights() -> FloatArray:
    frequency = np.hypot(*np.meshgrid(*[np.arange(FREQUENCIES[0], dtype=np.float32)] * 2))
    return np.maximum(frequency, 1.0)


@cache
def _mirror() -> FloatArray:
    """The sign (384,) of each number of a descriptor in a mirror: odd frequencies across change theirs."""
    sign = np.where(np.arange(FREQUENCIES[0]) % 2, -1.0, 1.0).astype(np.float32)
    return np.concatenate([np.tile(sign[:side], side) for side in FREQUENCIES])
