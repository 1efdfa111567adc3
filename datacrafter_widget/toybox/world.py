"""The toybox's picture world: what a picture can show, and the renderer that draws it.

Everything is numpy; the same attributes and the same random generator give the same picture.
"""

from dataclasses import dataclass

import numpy as np

from .canvas import CANVAS, downsample
from .objects import BUILDERS, FLOOR, MIRRORED, TILT, Builder
from .painting import paint_object
from .scenes import paint_scene

__all__ = [
    "COLOURS",
    "KINDS",
    "SCENES",
    "SIZES",
    "STYLES",
    "TYPICAL",
    "Attributes",
    "even_attributes",
    "render",
    "render_boxes",
    "sample_attributes",
]

#: The twelve kinds of things. The last two share the word "crane".
KINDS: tuple[str, ...] = tuple(BUILDERS)

#: Colour name → RGB, 0-255.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 38, 42),
    "green": (70, 166, 58),
    "yellow": (247, 208, 48),
    "blue": (48, 106, 216),
    "purple": (138, 68, 184),
    "orange": (243, 132, 30),
    "pink": (246, 142, 180),
    "white": (241, 240, 237),
}
SCENES: tuple[str, ...] = ("grass", "snow", "beach", "night", "table", "studio")
STYLES: tuple[str, ...] = ("photo", "cartoon", "sketch")
SIZES: tuple[str, ...] = ("small", "medium", "big")

#: Kind → its usual colours, the frequent ones repeated. Every other colour of it is rare.
TYPICAL: dict[str, tuple[str, ...]] = {
    "strawberry": ("red",),
    "apple": ("red", "red", "green"),
    "lemon": ("yellow",),
    "pear": ("green", "green", "yellow"),
    "mushroom": ("red", "red", "orange"),
    "cactus": ("green",),
    "fish": ("orange", "orange", "blue"),
    "bird": ("blue", "blue", "red"),
    "boat": ("red", "blue", "white"),
    "house": ("white", "red", "yellow"),
    "crane bird": ("white", "white", "pink"),
    "crane machine": ("yellow", "yellow", "orange"),
}

#: Size → range of scales for one object, and for each of two.
_SCALES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "small": ((0.48, 0.54), (0.37, 0.40)),
    "medium": ((0.64, 0.72), (0.42, 0.45)),
    "big": ((0.80, 0.88), (0.47, 0.50)),
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a picture shows: a value of KINDS, COLOURS, SCENES, STYLES, one or two, and a value of SIZES."""

    kind: str
    colour: str
    scene: str
    style: str
    count: int = 1
    size: str = "medium"


def sample_attributes(rng: np.random.Generator, **fixed: str | int) -> Attributes:
    """Draw attributes: kinds and scenes evenly, half of the colours typical of the kind, half of all.

    Any attribute can be fixed by name, e.g. ``sample_attributes(rng, kind="pear", count=2)``.
    """
    kind = str(fixed.get("kind") or rng.choice(KINDS))
    colours = TYPICAL[kind] if rng.random() < 0.5 else tuple(COLOURS)
    drawn = {
        "colour": str(rng.choice(colours)),
        "scene": str(rng.choice(SCENES)),
        "style": str(rng.choice(STYLES, p=(0.5, 0.27, 0.23))),
        "count": 2 if rng.random() < 0.22 else 1,
        "size": str(rng.choice(SIZES, p=(0.2, 0.5, 0.3))),
    }
    return Attributes(**(drawn | fixed | {"kind": kind}))  # type: ignore[arg-type]


def even_attributes(rng: np.random.Generator, **fixed: str | int) -> Attributes:
    """Draw attributes, each value of each as often as the others: what a fair test set shows.

    Any attribute can be fixed by name, as for `sample_attributes`.
    """
    values = {"kind": KINDS, "colour": tuple(COLOURS), "scene": SCENES, "style": STYLES, "size": SIZES}
    drawn: dict[str, str | int] = {name: str(rng.choice(each)) for name, each in values.items()}
    drawn["count"] = int(rng.integers(1, 3))
    return Attributes(**(drawn | fixed))  # type: ignore[arg-type]


def render(attributes: Attributes, rng: np.random.Generator) -> np.ndarray:
    """Draw one picture, (64, 64, 3) uint8; the generator places things and picks details."""
    return render_boxes(attributes, rng)[0]


def render_boxes(
    attributes: Attributes,
    rng: np.random.Generator,
    build: Builder | None = None,
    scene_rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The picture that `render` draws, and the boxes of its objects.

    Args:
        attributes: What it shows.
        rng: Places things and picks details.
        build: What builds the objects' parts; by default that of their kind.
        scene_rng: Picks the scene's details instead; then objects lie in the same places in every scene.

    Returns:
        (64, 64, 3) uint8, and (attributes.count, 4) float32: left, top, right and bottom in pixels, from left
        to right.
    """
    kind, style, scene = attributes.kind, attributes.style, attributes.scene
    image = paint_scene(scene, style, rng if scene_rng is None else scene_rng)
    base = np.array(COLOURS[attributes.colour], np.float32) / 255
    boxes = []
    for centre_x, scale in _layout(attributes, rng):
        shade = base * rng.uniform(0.94, 1.04) + rng.uniform(-0.02, 0.02, 3).astype(np.float32)
        low, high = (-0.78, -0.42) if attributes.count == 1 else (-0.68, -0.42)
        floor = rng.uniform(low, high)
        centre_y = min(floor - FLOOR[kind] * scale, 0.95 - 0.95 * scale)
        box = paint_object(
            image,
            kind,
            np.clip(shade, 0, 1),
            style,
            scene,
            centre=(centre_x, centre_y),
            scale=scale,
            tilt=rng.uniform(-1, 1) * TILT[kind],
            mirrored=kind in MIRRORED and rng.random() < 0.5,
            build=build,
        )
        boxes.append(box)
    if style == "photo":
        image *= 1 + rng.uniform(-0.04, 0.04)
    return downsample(image), np.array(boxes, np.float32) * (64 / CANVAS)


def _layout(attributes: Attributes, rng: np.random.Generator) -> list[tuple[float, float]]:
    """(horizontal centre, scale) of each object."""
    single, double = _SCALES[attributes.size]
    if attributes.count == 1:
        scale = rng.uniform(*single)
        return [(rng.uniform(-1, 1) * 0.7 * (0.94 - scale), scale)]
    scale = rng.uniform(*double)
    return [(side * 0.48 + rng.uniform(-0.04, 0.04), scale * rng.uniform(0.96, 1.04)) for side in (-1, 1)]
