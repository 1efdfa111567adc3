"""Reads point blocks as the page does."""

import struct

import numpy as np

from datacrafter_widget.widget.protocol import COLUMNS


def decode(block: bytes) -> dict:
    magic, form, seq, count = struct.unpack_from("<4sIII", block)
    assert (magic, form) == (b"DCP1", 1)
    points, at = {"seq": seq, "count": count}, 16
    for name, kind in COLUMNS:
        points[name] = np.frombuffer(block, kind, count, at)
        at += count * np.dtype(kind).itemsize
    assert at == len(block)
    return points
