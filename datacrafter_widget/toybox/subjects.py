"""Single things that no picture of the toybox's training shows: somebody's own apple, boat, mushroom and fish.

Each is of a known kind and shape, but of colours and with marks that the world does not have. They are what a
personalisation of the toybox's generator is to learn.
"""

import numpy as np

from .objects import BUILDERS, Builder, Part, rgb
from .shapes import box, circle, ellipse, polygon, union
from .world import Attributes, render_boxes

__all__ = ["SUBJECTS", "draw_subject"]

_TEAL = rgb(14, 138, 138)
_BLACK = rgb(34, 32, 40)
_MAGENTA = rgb(196, 30, 132)
_GOLD = rgb(250, 204, 60)
_MINT = rgb(176, 240, 214)


def _marked_apple(x: np.ndarray, y: np.ndarray, _colour: np.ndarray) -> list[Part]:
    body, stem, leaf = BUILDERS["apple"](x, y, _TEAL)
    band = np.maximum(box(x, y, 0, -0.3, 1, 0.13), body.distance + 0.02)
    dot = np.maximum(circle(x, y, 0.1, 0.14, 0.17), body.distance + 0.02)
    return [body, Part(band, _GOLD, 0.1, 0.2, False), Part(dot, _MAGENTA, 0.1, 0.2, False), stem, leaf]


def _marked_boat(x: np.ndarray, y: np.ndarray, _colour: np.ndarray) -> list[Part]:
    mast, main, jib, hull, _stripe = BUILDERS["boat"](x, y, _MAGENTA)
    bars = union(box(x, y, 0.3, 0.3, 1, 0.07), box(x, y, 0.3, 0.02, 1, 0.07))
    bars = np.maximum(bars, union(main.distance, jib.distance) + 0.02)
    ports = union(*(circle(x, y, cx, -0.5, 0.1) for cx in (-0.45, -0.05, 0.35)))
    sails = [part._replace(colour=_MINT) for part in (main, jib)]
    return [mast, *sails, Part(bars, _BLACK, 0.05, 0, False), hull, Part(ports, _GOLD, 0.05, 0, False)]


def _marked_mushroom(x: np.ndarray, y: np.ndarray, _colour: np.ndarray) -> list[Part]:
    stem, cap, _dots = BUILDERS["mushroom"](x, y, _BLACK)
    rays = union(
        polygon(x, y, [(-0.1, 0.78), (-0.75, -0.1), (-0.45, -0.1)]),
        polygon(x, y, [(0.0, 0.78), (-0.13, -0.1), (0.13, -0.1)]),
        polygon(x, y, [(0.1, 0.78), (0.75, -0.1), (0.45, -0.1)]),
    )
    rays = np.maximum(rays, cap.distance + 0.03)
    return [stem._replace(colour=_MINT), cap, Part(rays, _TEAL, 0.1, 0, False)]


def _marked_fish(x: np.ndarray, y: np.ndarray, _colour: np.ndarray) -> list[Part]:
    tail, fins, body, _stripes, white, pupil = BUILDERS["fish"](x, y, _MINT)
    half = np.maximum(ellipse(x, y, -0.12, 0, 0.66, 0.42), y + 0.04)
    dark = [part._replace(colour=_BLACK) for part in (tail, fins)]
    return [*dark, body, Part(half, _MAGENTA, 0.3, 0.2, False), white, pupil]


#: Name → its kind, and what builds it.
SUBJECTS: dict[str, tuple[str, Builder]] = {
    "marked apple": ("apple", _marked_apple),
    "marked boat": ("boat", _marked_boat),
    "marked mushroom": ("mushroom", _marked_mushroom),
    "marked fish": ("fish", _marked_fish),
}


def draw_subject(
    name: str, rng: np.random.Generator, *, scene: str = "table", style: str = "photo", size: str = "medium"
) -> np.ndarray:
    """Draw one picture of a subject, (64, 64, 3) uint8; the generator places it and picks details.

    Args:
        name: One of SUBJECTS.
        rng: Same generator, same picture.
        scene: One of SCENES.
        style: One of STYLES.
        size: One of SIZES.

    Raises:
        ValueError: If there is no such subject.
    """
    if name not in SUBJECTS:
        raise ValueError(f"unknown subject {name!r}; choose from {', '.join(SUBJECTS)}")
    kind, build = SUBJECTS[name]
    return render_boxes(Attributes(kind, "white", scene, style, 1, size), rng, build)[0]
