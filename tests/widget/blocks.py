"""Reads point blocks as the page does."""

import struct

import numpy as np


def decode(block: bytes) -> dict:
    magic, seq, count, runs = struct.unpack_from("<4sIII", block)
    assert magic == b"DCP2"
    at = 16

    def column(kind, length):
        nonlocal at
        found = np.frombuffer(block, kind, length, at)
        at += found.nbytes
        return found

    ids = [np.arange(start, start + length) for start, length in column("<i4", 2 * runs).reshape(-1, 2)]
    points = {"seq": seq, "count": count, "id": np.concatenate([np.zeros(0, int), *ids])}
    for name, kind in (("x", "<f4"), ("y", "<f4"), ("class_index", "<u2"), ("state", "<u2")):
        points[name] = column(kind, count)
    assert at == len(block)
    assert len(points["id"]) == count
    state = points.pop("state")
    bits = {name: state >> bit & 1 for bit, name in enumerate(("origin", "hidden", "flagged"), start=13)}
    return points | bits | {"iteration": state & 0x1FFF}
