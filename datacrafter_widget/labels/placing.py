"""Where labels are written so that no two overlap. `js/src/map/layout.ts` does the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["right", "left", "below", "above"]
Rectangle = tuple[float, float, float, float]

SIDES: tuple[Side, ...] = ("right", "left", "below", "above")
GAP = 4.0  # between mark and text
EDGE = 2.0  # that new texts keep from the edge
RIM = 16.0  # that new marks keep from it, so that they do not leave at once
CLEARANCE = 3.0  # that new labels keep from the others
# part of the way between two marks that new labels leave free: what zooming out by a tenth takes
SQUEEZE = 1 / 11


@dataclass(frozen=True)
class LabelBox:
    """A label to place. Lengths are pixels, y grows downwards.

    Attributes:
        x: centre of its mark.
        y: centre of its mark.
        radius: of its mark.
        width: of its text.
        height: of its text.
        side: where its text was, for a label that is shown already.
    """

    x: float
    y: float
    radius: float
    width: float
    height: float
    side: Side | None = None


@dataclass(frozen=True)
class PlacedLabel:
    """Where a label went: its place in the list, the side, and the left end of its text's middle line."""

    index: int
    side: Side
    text_x: float
    text_y: float


def place_labels(labels: Sequence[LabelBox], width: float, height: float) -> list[PlacedLabel]:
    """Place what fits: the mark stays at its place, the text goes right, left, below or above of it.

    Labels that are shown already come first and keep their side while they can; they may be cut off by the
    edge. New ones follow in their order, have to be inside, and keep some distance, so that zooming out a
    little does not hide them again. Two labels count as clear
    of each other only when they are apart in the direction in which their marks are: then they stay clear
    however far one zooms in (cf. Been et al., Dynamic map labeling, TVCG 2006).

    Args:
        labels: the most important first.
        width: of the map.
        height: of the map.

    Returns:
        The labels that found room, in the order in which they were placed.
    """
    order = sorted(range(len(labels)), key=lambda index: labels[index].side is None)
    taken: list[tuple[LabelBox, Rectangle]] = []
    placed = []
    for index in order:
        label = labels[index]
        new = label.side is None
        mark = _mark(label)
        if (new and not _inside(mark, width, height, RIM)) or not _clear(label, mark, taken):
            continue
        for side in SIDES if label.side is None else (label.side, *(s for s in SIDES if s != label.side)):
            text_x, text_y = _text_place(label, side)
            text = (
                text_x - 2,
                text_y - label.height / 2 - 1,
                text_x + label.width + 2,
                text_y + label.height / 2 + 1,
            )
            if (new and not _inside(text, width, height, EDGE)) or not _clear(label, text, taken):
                continue
            taken += [(label, mark), (label, text)]
            placed.append(PlacedLabel(index, side, text_x, text_y))
            break
    return placed


def _mark(label: LabelBox) -> Rectangle:
    reach = label.radius + 1
    return label.x - reach, label.y - reach, label.x + reach, label.y + reach


def _text_place(label: LabelBox, side: Side) -> tuple[float, float]:
    if side == "right":
        return label.x + label.radius + GAP, label.y
    if side == "left":
        return label.x - label.radius - GAP - label.width, label.y
    down = label.radius + GAP + label.height / 2
    return label.x - label.width / 2, label.y + (down if side == "below" else -down)


def _inside(box: Rectangle, width: float, height: float, margin: float) -> bool:
    low, high_x, high_y = margin, width - margin, height - margin
    return box[0] >= low and box[1] >= low and box[2] <= high_x and box[3] <= high_y


def _clear(label: LabelBox, box: Rectangle, taken: Sequence[tuple[LabelBox, Rectangle]]) -> bool:
    room, squeeze = (CLEARANCE, SQUEEZE) if label.side is None else (0.0, 0.0)
    return all(
        _apart(label.x, box[0], box[2], other.x, rectangle[0], rectangle[2], room, squeeze)
        or _apart(label.y, box[1], box[3], other.y, rectangle[1], rectangle[3], room, squeeze)
        for other, rectangle in taken
    )


def _apart(
    a: float, a0: float, a1: float, b: float, b0: float, b1: float, room: float, squeeze: float
) -> bool:
    if a <= b and a1 + room + squeeze * (b - a) <= b0:
        return True
    return b <= a and b1 + room + squeeze * (a - b) <= a0
