"""What a page without a kernel answers from: small pictures, who comes from whom, who carries which label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.plain import plain

if TYPE_CHECKING:
    from datacrafter_widget.session.shown import Shown

MOST_PICTURES = 1000
SIZE = 64
"""Pixels on the longer side of a small picture."""

MOST_EDGES = 300_000
"""Pairs of picture and label; where there are more, only those of the kept pictures are kept."""

SavedView = dict[str, Any]


def saved_pictures(session: "Shown", most: int, *, size: int = SIZE, first: Sequence[int] = ()) -> SavedView:
    """What `js/src/offline.ts` reads.

    Args:
        session: what to keep of.
        most: keep at most so many pictures, as many of each class, originals and generated.
        size: pixels on the longer side.
        first: pictures that are kept before the others.

    Returns:
        ``ids`` (int32) of the kept pictures, ``ends`` (uint32) of their WebP files in ``images``, their provenance
        sheets in ``sheets``, all `Session.families` in ``families``, and in ``wearers`` pairs (int32) of label and
        picture. Arrays are little-endian bytes.

    Raises:
        InputError: a number out of range.
    """
    if not 0 <= most <= 20_000:
        raise InputError(f"expected 0 to 20,000 pictures to keep, found {most}")
    if not 16 <= size <= 256:
        raise InputError(f"expected pictures of 16 to 256 pixels, found {size}")
    kept = spread(session, most, first)
    images = [session.thumbnail(each, size) for each in kept.tolist()]
    rows, ids, marks = session.families()
    return {
        "size": size,
        "ids": kept.astype("<i4").tobytes(),
        "ends": np.cumsum([len(image) for image in images]).astype("<u4").tobytes(),
        "images": b"".join(images),
        "sheets": [plain(session.picture(each)) for each in kept.tolist()],
        "families": [rows.astype("<i4").tobytes(), ids.astype("<i4").tobytes(), marks.astype("u1").tobytes()],
        "wearers": _wearers(session, kept).astype("<i4").tobytes(),
    }


def spread(session: "Shown", most: int, first: Sequence[int] = ()) -> NDArray[np.int64]:
    """Ids of visible pictures, sorted: `first`, and then as many of each class, originals and generated."""
    points = session.map_points()
    visible = points["hidden"] == 0
    ids = points["id"][visible].astype(np.int64)
    group = points["class_index"][visible].astype(np.int64) * 2 + (points["origin"][visible] != 0)
    order = np.random.default_rng(0).permutation(len(ids))
    order = order[np.argsort(group[order], kind="stable")]
    rank = np.empty(len(ids), np.int64)  # of each picture in its group
    ordered = group[order]
    rank[order] = np.arange(len(ids)) - np.searchsorted(ordered, ordered)
    rank[np.isin(ids, np.asarray(first, np.int64))] = -1
    return np.sort(ids[np.argsort(rank, kind="stable")[:most]])


def _wearers(session: "Shown", kept: NDArray[np.int64]) -> NDArray[np.int64]:
    points = session.map_points()
    ids = points["id"][points["hidden"] == 0].tolist()
    worn = session.picture_labels(ids)
    pairs = [(label, picture) for picture, labels in worn.items() for label in labels]
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    return edges if len(edges) <= MOST_EDGES else edges[np.isin(edges[:, 1], kept)]
