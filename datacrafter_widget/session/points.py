"""The pictures on the map as bytes: what the page reads as a point block. ``js/src/points.ts`` reads it."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"DCP2"
MAX_ITERATION = (1 << 13) - 1
"""Rounds that the page tells apart: later ones are shown as this one."""


def encode_points(points: Mapping[str, NDArray[Any]], seq: int) -> bytes:
    """A point block: 12 bytes a picture, and 8 for each run of pictures whose ids follow each other.

    Four little-endian uint32 (magic, ``seq``, rows, runs); the runs as int32 (first id, length); then the columns x, y
    (float32), class index (uint16) and state (uint16: 13 bits of iteration, then origin, hidden, flagged).

    Args:
        points: equally long arrays ``id``, ``x``, ``y``, ``class_index``, ``iteration``, ``origin``, ``hidden`` and
            ``flagged``, as `Session.map_points` gives them.
        seq: the number of the message that the block goes with.
    """
    ids = np.asarray(points["id"], np.int64)
    first = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 2) != 1)
    runs = np.stack([ids[first], np.diff(first, append=len(ids))], axis=1)
    state = np.minimum(points["iteration"], MAX_ITERATION).astype(np.uint16)
    for bit, name in enumerate(("origin", "hidden", "flagged"), start=13):
        state |= (np.asarray(points[name]) != 0).astype(np.uint16) << np.uint16(bit)
    columns = (
        (runs, "<i4"),
        (points["x"], "<f4"),
        (points["y"], "<f4"),
        (points["class_index"], "<u2"),
        (state, "<u2"),
    )
    header = MAGIC + struct.pack("<III", seq, len(ids), len(runs))
    return header + b"".join(np.ascontiguousarray(column, kind).tobytes() for column, kind in columns)
