"""The kinds of things in the toybox, each built from signed-distance parts.

An object lives in its own coordinates: about [-1, 1] in both directions, y pointing up, standing on
``FLOOR[kind]``. A builder takes the coordinate grids and the object's colour, RGB in [0, 1], and returns
its parts from back to front. Thin parts stay at least 0.045 thick: thinner ones vanish at 64 pixels,
and a small generator never learns them.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .shapes import box, capsule, circle, ellipse, polygon, smooth_union, union

__all__ = ["BUILDERS", "FLOOR", "MIRRORED", "TILT", "Builder", "Part"]


class Part(NamedTuple):
    """One shaded piece of an object."""

    distance: np.ndarray  #: signed distance, negative inside
    colour: np.ndarray  #: RGB in [0, 1]
    bulge: float = 0.25  #: width of the rounded rim when shaded as a photo
    gloss: float = 0.25  #: strength of the highlight
    outlined: bool = True  #: drawn with an outline in cartoons and sketches


def rgb(*values: int) -> np.ndarray:
    """Colour from 0-255 values."""
    return np.array(values, np.float32) / 255


BROWN = rgb(110, 72, 40)
CREAM = rgb(240, 226, 200)
DARK = rgb(44, 44, 50)
INK = rgb(20, 20, 24)
LEAF = rgb(62, 140, 52)
WHITE = rgb(250, 249, 244)


def tint(colour: np.ndarray, amount: float) -> np.ndarray:
    """The colour mixed with white."""
    return colour + (1 - colour) * amount


def _stem_and_leaf(x: np.ndarray, y: np.ndarray, top: float) -> list[Part]:
    return [
        Part(capsule(x, y, (0, top), (0.07, top + 0.3), 0.06), BROWN, 0.05, 0.1),
        Part(ellipse(x, y, 0.27, top + 0.24, 0.24, 0.12, 0.45), LEAF, 0.1, 0.2),
    ]


def strawberry(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    body = capsule(x, y, (0, -0.6), (0, 0.1), 0.22, 0.66)
    body = smooth_union(body, ellipse(x, y, 0, 0.2, 0.66, 0.45), 0.15)
    golden = colour[0] > 0.85 and colour[2] < 0.35 and colour[1] > 0.45
    seed = rgb(170, 70, 30) if golden or colour.min() > 0.6 else rgb(252, 226, 130)
    seeds = [
        ellipse(x, y, sx, sy, 0.05, 0.075)
        for sy, xs in ((0.26, (-0.4, -0.13, 0.13, 0.4)), (-0.04, (-0.28, 0.0, 0.28)), (-0.34, (-0.14, 0.14)))
        for sx in xs
    ]
    leaves = [
        ellipse(x, y, 0.34 * math.cos(a), 0.52 + 0.16 * math.sin(a), 0.27, 0.12, a)
        for a in (math.pi / 2 + k * 0.72 for k in (-2, -1, 0, 1, 2))
    ]
    return [
        Part(body, colour, 0.6, 0.45),
        Part(union(*seeds), seed, 0.05, 0, False),
        Part(capsule(x, y, (0, 0.58), (0.07, 0.88), 0.06), LEAF * 0.8, 0.05, 0.1),
        Part(union(*leaves), LEAF, 0.1, 0.1),
    ]


def apple(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    body = smooth_union(circle(x, y, -0.24, -0.1, 0.58), circle(x, y, 0.24, -0.1, 0.58), 0.12)
    body = np.maximum(body, -ellipse(x, y, 0, 0.52, 0.2, 0.13))
    return [Part(body, colour, 0.6, 0.5), *_stem_and_leaf(x, y, 0.38)]


def lemon(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    body = smooth_union(ellipse(x, y, 0, 0, 0.72, 0.52), ellipse(x, y, 0.74, 0, 0.2, 0.13), 0.2)
    body = smooth_union(body, ellipse(x, y, -0.74, 0, 0.17, 0.12), 0.2)
    return [Part(body, colour, 0.5, 0.4), Part(ellipse(x, y, -0.9, 0, 0.09, 0.09), LEAF * 0.8, 0.05, 0)]


def pear(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    body = smooth_union(circle(x, y, 0, -0.36, 0.58), circle(x, y, 0, 0.36, 0.3), 0.35)
    return [Part(body, colour, 0.55, 0.4), *_stem_and_leaf(x, y, 0.6)]


def mushroom(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    stem = smooth_union(box(x, y, 0, -0.45, 0.22, 0.45, 0.1), ellipse(x, y, 0, -0.78, 0.32, 0.14), 0.1)
    cap = np.maximum(ellipse(x, y, 0, -0.02, 0.86, 0.78), -(y + 0.08))
    cap = smooth_union(cap, ellipse(x, y, 0, -0.06, 0.84, 0.12), 0.05)
    dot = rgb(205, 60, 60) if colour.min() > 0.85 else WHITE
    dots = [
        ellipse(x, y, cx, cy, 1.1 * r, r)
        for cx, cy, r in ((-0.08, 0.5, 0.15), (0.42, 0.26, 0.14), (-0.5, 0.2, 0.14), (0.0, 0.1, 0.11))
    ]
    return [
        Part(stem, CREAM, 0.25, 0.1),
        Part(cap, colour, 0.6, 0.4),
        Part(union(*dots), dot, 0.1, 0, False),
    ]


def cactus(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    arms = union(
        capsule(x, y, (-0.2, -0.05), (-0.5, -0.05), 0.14),
        capsule(x, y, (-0.5, -0.05), (-0.5, 0.32), 0.14),
        capsule(x, y, (0.2, 0.12), (0.5, 0.12), 0.14),
        capsule(x, y, (0.5, 0.12), (0.5, 0.55), 0.14),
    )
    body = smooth_union(capsule(x, y, (0, -0.5), (0, 0.64), 0.26), arms, 0.06)
    ribs = union(
        capsule(x, y, (-0.1, -0.4), (-0.1, 0.68), 0.028), capsule(x, y, (0.1, -0.4), (0.1, 0.68), 0.028)
    )
    pot = polygon(x, y, [(-0.36, -0.5), (0.36, -0.5), (0.27, -0.92), (-0.27, -0.92)])
    return [
        Part(body, colour, 0.2, 0.2),
        Part(ribs, colour * 0.68, 0.02, 0, False),
        Part(pot, rgb(190, 98, 60), 0.2, 0.1),
        Part(box(x, y, 0, -0.52, 0.42, 0.09, 0.03), rgb(208, 116, 74), 0.08, 0.1),
    ]


def fish(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    body = ellipse(x, y, -0.12, 0, 0.68, 0.44)
    fins = union(
        polygon(x, y, [(-0.25, 0.3), (0.15, 0.7), (0.35, 0.22)]),
        polygon(x, y, [(-0.1, -0.3), (0.2, -0.62), (0.3, -0.2)]),
    )
    stripes = [np.maximum(np.abs(circle(x, y, cx, 0, 0.6)) - 0.045, body + 0.05) for cx in (-0.62, -0.3)]
    return [
        Part(polygon(x, y, [(0.4, 0), (0.95, 0.46), (0.8, 0), (0.95, -0.46)]), colour * 0.8, 0.12, 0.1),
        Part(fins, colour * 0.8, 0.1, 0.1),
        Part(body, colour, 0.42, 0.45),
        Part(union(*stripes), tint(colour * 0.72, 0.12), 0.05, 0, False),
        Part(circle(x, y, -0.5, 0.1, 0.13), WHITE, 0.1, 0),
        Part(circle(x, y, -0.52, 0.1, 0.075), INK, 0.1, 0.3, False),
    ]


def bird(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    body = smooth_union(ellipse(x, y, 0.05, -0.15, 0.58, 0.45, -0.15), circle(x, y, -0.36, 0.38, 0.33), 0.2)
    legs = union(
        capsule(x, y, (-0.08, -0.5), (-0.12, -0.88), 0.05), capsule(x, y, (0.14, -0.5), (0.14, -0.88), 0.05)
    )
    belly = np.maximum(ellipse(x, y, -0.18, -0.3, 0.34, 0.26, -0.3), body + 0.03)
    return [
        Part(legs, rgb(214, 120, 40), 0.05, 0),
        Part(
            polygon(x, y, [(0.35, -0.02), (0.98, 0.16), (0.95, -0.16), (0.4, -0.36)]), colour * 0.7, 0.1, 0.1
        ),
        Part(polygon(x, y, [(-0.6, 0.52), (-1.0, 0.34), (-0.6, 0.2)]), rgb(246, 160, 40), 0.08, 0.1),
        Part(body, colour, 0.45, 0.25),
        Part(belly, tint(colour, 0.55), 0.3, 0, False),
        Part(ellipse(x, y, 0.22, -0.08, 0.38, 0.2, -0.35), colour * 0.72, 0.15, 0.1),
        Part(circle(x, y, -0.43, 0.45, 0.085), INK, 0.1, 0.5, False),
    ]


def boat(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    hull = polygon(x, y, [(-0.9, -0.26), (0.9, -0.26), (0.6, -0.78), (-0.64, -0.78)])
    stripe = np.maximum(box(x, y, 0, -0.38, 0.92, 0.06), hull + 0.02)
    return [
        Part(capsule(x, y, (-0.02, -0.3), (-0.02, 0.9), 0.05), BROWN, 0.05, 0.1),
        Part(polygon(x, y, [(0.07, 0.86), (0.07, -0.16), (0.76, -0.16)]), WHITE, 0.2, 0.1),
        Part(polygon(x, y, [(-0.12, 0.7), (-0.12, -0.16), (-0.66, -0.16)]), rgb(234, 226, 208), 0.2, 0.1),
        Part(hull, colour, 0.25, 0.25),
        Part(stripe, tint(colour * 0.4, 0.55), 0.05, 0, False),
    ]


def house(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    reddish = colour[0] > 0.7 and colour[1] < 0.3
    roof = rgb(84, 84, 96) if reddish else rgb(128, 62, 48)
    bars = union(box(x, y, 0.32, -0.28, 0.025, 0.2), box(x, y, 0.32, -0.28, 0.2, 0.025))
    return [
        Part(box(x, y, 0.42, 0.52, 0.11, 0.3), rgb(150, 90, 70), 0.1, 0),
        Part(box(x, y, 0, -0.35, 0.68, 0.5), colour, 0.05, 0.05),
        Part(polygon(x, y, [(-0.88, 0.1), (0, 0.8), (0.88, 0.1)]), roof, 0.12, 0.1),
        Part(box(x, y, -0.24, -0.54, 0.16, 0.31), rgb(96, 60, 36), 0.05, 0.1),
        Part(box(x, y, 0.32, -0.28, 0.2, 0.2), rgb(255, 236, 150), 0.03, 0.1),
        Part(bars, rgb(90, 66, 50), 0.02, 0, False),
    ]


def crane_bird(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    legs = union(
        capsule(x, y, (0.08, -0.25), (0.02, -0.93), 0.05), capsule(x, y, (0.26, -0.25), (0.32, -0.93), 0.05)
    )
    neck = union(
        capsule(x, y, (-0.14, 0.0), (-0.36, 0.32), 0.13, 0.1),
        capsule(x, y, (-0.36, 0.32), (-0.3, 0.7), 0.1, 0.09),
    )
    body = smooth_union(ellipse(x, y, 0.18, -0.08, 0.5, 0.28, -0.22), neck, 0.14)
    body = smooth_union(body, ellipse(x, y, -0.32, 0.76, 0.17, 0.14), 0.06)
    return [
        Part(legs, rgb(74, 66, 64), 0.05, 0),
        Part(ellipse(x, y, 0.66, -0.24, 0.32, 0.17, -0.55), DARK, 0.12, 0.1),
        Part(polygon(x, y, [(-0.4, 0.86), (-0.98, 0.66), (-0.4, 0.66)]), rgb(232, 168, 52), 0.06, 0.1),
        Part(body, colour, 0.24, 0.2),
        Part(ellipse(x, y, -0.29, 0.87, 0.15, 0.075), rgb(208, 40, 40), 0.05, 0, False),
        Part(ellipse(x, y, 0.28, -0.06, 0.38, 0.17, -0.3), colour * 0.8, 0.12, 0.1),
        Part(circle(x, y, -0.37, 0.77, 0.055), INK, 0.1, 0, False),
    ]


def crane_machine(x: np.ndarray, y: np.ndarray, colour: np.ndarray) -> list[Part]:
    mast = box(x, y, 0.3, -0.18, 0.13, 0.7)
    braces = [
        np.maximum(capsule(x, y, (0.3 - 0.13 * s, y0), (0.3 + 0.13 * s, y0 + 0.3), 0.04), mast + 0.02)
        for y0, s in ((-0.82, 1), (-0.52, -1), (-0.22, 1), (0.08, -1))
    ]
    jib = polygon(x, y, [(-0.98, 0.5), (-0.98, 0.6), (0.3, 0.72), (0.96, 0.64), (0.96, 0.5)])
    ties = union(
        capsule(x, y, (0.3, 0.94), (-0.6, 0.62), 0.035), capsule(x, y, (0.3, 0.94), (0.9, 0.62), 0.035)
    )
    return [
        Part(ties, DARK, 0.03, 0, False),
        Part(capsule(x, y, (-0.66, 0.55), (-0.66, 0.0), 0.04), DARK, 0.03, 0, False),
        Part(box(x, y, 0.3, -0.88, 0.4, 0.09, 0.03), rgb(120, 120, 126), 0.05, 0),
        Part(capsule(x, y, (0.3, 0.5), (0.3, 0.92), 0.06), colour, 0.06, 0.1),
        Part(mast, colour, 0.08, 0.1),
        Part(union(*braces), colour * 0.6, 0.03, 0, False),
        Part(jib, colour, 0.08, 0.1),
        Part(box(x, y, 0.8, 0.42, 0.17, 0.17, 0.02), rgb(96, 98, 106), 0.08, 0.1),
        Part(box(x, y, 0.12, 0.34, 0.17, 0.16, 0.03), colour * 0.85, 0.06, 0.1),
        Part(box(x, y, 0.07, 0.36, 0.1, 0.08), rgb(180, 220, 240), 0.03, 0.3, False),
        Part(box(x, y, -0.66, -0.1, 0.17, 0.13, 0.02), rgb(156, 94, 60), 0.08, 0.1),
    ]


Builder = Callable[[np.ndarray, np.ndarray, np.ndarray], list[Part]]
"""x, y and a colour → parts."""

#: Kind → the function that builds it.
BUILDERS: dict[str, Builder] = {
    "strawberry": strawberry,
    "apple": apple,
    "lemon": lemon,
    "pear": pear,
    "mushroom": mushroom,
    "cactus": cactus,
    "fish": fish,
    "bird": bird,
    "boat": boat,
    "house": house,
    "crane bird": crane_bird,
    "crane machine": crane_machine,
}

#: Kind → height of its lowest point, in its own coordinates.
FLOOR = dict(
    zip(
        BUILDERS,
        (-0.82, -0.68, -0.52, -0.94, -0.92, -0.92, -0.6, -0.92, -0.78, -0.86, -0.97, -0.97),
        strict=True,
    )
)

#: Kind → largest tilt, in radians.
TILT = dict(zip(BUILDERS, (0.25, 0.15, 0.45, 0.15, 0.1, 0.05, 0.2, 0.1, 0.06, 0, 0.05, 0), strict=True))

#: Kinds that look left as often as right.
MIRRORED = frozenset(BUILDERS) - {"mushroom"}
