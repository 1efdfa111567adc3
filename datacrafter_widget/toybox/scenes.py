"""The places where toybox objects stand: sky, ground and what belongs to them.

A scene is painted onto the whole canvas, (128, 128, 3) floats in [0, 1]. Photos have gradients, cartoons
flat colours, sketches the cartoon's colours washed out on paper.
"""

import numpy as np

from .canvas import CANVAS, PAPER, X, Y, cover, hatching, mix
from .objects import rgb
from .shapes import capsule, circle, ellipse, union

__all__ = ["paint_scene"]

#: Scene → (sky at the horizon, sky above, ground near, share of brightness left at the far bottom).
_COLOURS: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, float]] = {
    "grass": (rgb(202, 230, 246), rgb(96, 166, 232), rgb(106, 176, 72), 0.68),
    "snow": (rgb(208, 222, 236), rgb(150, 178, 208), rgb(243, 247, 252), 0.92),
    "beach": (rgb(212, 236, 248), rgb(110, 182, 236), rgb(238, 214, 162), 0.86),
    "night": (rgb(46, 58, 116), rgb(12, 16, 48), rgb(38, 60, 64), 0.6),
    "table": (rgb(214, 200, 182), rgb(170, 154, 138), rgb(172, 114, 66), 0.82),
}
_BACKDROPS = (rgb(226, 226, 228), rgb(208, 221, 232), rgb(233, 222, 208), rgb(220, 230, 217))
_ROLLING = ("grass", "snow", "night")


def paint_scene(scene: str, style: str, rng: np.random.Generator) -> np.ndarray:
    """Paint one scene of ``SCENES`` in one style of ``STYLES``; the generator picks its details."""
    image = _studio(style, rng) if scene == "studio" else _landscape(scene, style, rng)
    if style == "sketch":
        image = _wash(image, scene)
    return image


def _vary(colour: np.ndarray, rng: np.random.Generator, amount: float = 0.02) -> np.ndarray:
    return np.clip(colour + rng.uniform(-amount, amount, 3).astype(np.float32), 0, 1)


def _side(rng: np.random.Generator) -> float:
    return -1.0 if rng.random() < 0.5 else 1.0


def _studio(style: str, rng: np.random.Generator) -> np.ndarray:
    colour = _vary(_BACKDROPS[rng.integers(len(_BACKDROPS))], rng)
    if style != "photo":
        return np.broadcast_to(colour, (CANVAS, CANVAS, 3)).copy()
    radius = np.sqrt((X * 0.8) ** 2 + (Y + 0.1) ** 2)[..., None]
    return colour * (1.06 - 0.22 * radius**1.5)


def _landscape(scene: str, style: str, rng: np.random.Generator) -> np.ndarray:
    horizon = rng.uniform(0.0, 0.2) if scene == "table" else rng.uniform(-0.1, 0.12)
    low, high, near, fade = _COLOURS[scene]
    low, high, near = (_vary(colour, rng, 0.01 if scene == "snow" else 0.02) for colour in (low, high, near))
    flat = style != "photo"
    edge = horizon + np.zeros_like(X)
    if scene in _ROLLING:
        edge = edge + 0.05 * np.sin(X * rng.uniform(1.5, 3) + rng.uniform(0, 6.3))
    above = np.clip((Y - horizon) / (1 - horizon), 0, 1)[..., None]
    below = np.clip((horizon - Y) / (1 + horizon), 0, 1)[..., None]
    sky = low if flat else mix(low, high, above)
    ground = near if flat else mix(near * 1.04, near * fade, below)
    image = mix(sky, ground, cover(Y - edge)) * np.ones((CANVAS, CANVAS, 1), np.float32)
    return _DETAILS[scene](image, horizon, flat, rng)


def _sun_or_cloud(image: np.ndarray, flat: bool, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.35:
        return image
    cx, cy = _side(rng) * rng.uniform(0.35, 0.75), rng.uniform(0.66, 0.82)
    if rng.random() < 0.5:
        return mix(image, rgb(255, 236, 130), cover(circle(X, Y, cx, cy, 0.14), 1 if flat else 5))
    cloud = union(
        ellipse(X, Y, cx, cy, 0.3, 0.11),
        circle(X, Y, cx - 0.09, cy + 0.07, 0.13),
        circle(X, Y, cx + 0.1, cy + 0.05, 0.1),
    )
    return mix(image, rgb(252, 252, 252), cover(cloud, 1 if flat else 6) * 0.92)


def _grass(image: np.ndarray, horizon: float, flat: bool, rng: np.random.Generator) -> np.ndarray:
    image = _sun_or_cloud(image, flat, rng)
    for _ in range(4):
        x0, y0 = rng.uniform(-0.95, 0.95), rng.uniform(-0.95, horizon - 0.2)
        tuft = union(
            capsule(X, Y, (x0, y0), (x0 - 0.06, y0 + 0.12), 0.022),
            capsule(X, Y, (x0, y0), (x0 + 0.05, y0 + 0.13), 0.022),
        )
        image = mix(image, rgb(64, 122, 46), cover(tuft) * 0.75)
    return image


def _dots(
    image: np.ndarray, colour: np.ndarray, count: int, lowest: float, rng: np.random.Generator
) -> np.ndarray:
    centres = [
        (rng.uniform(-0.96, 0.96), rng.uniform(lowest, 0.96), rng.uniform(0.024, 0.036)) for _ in range(count)
    ]
    return mix(image, colour, cover(union(*(circle(X, Y, *dot) for dot in centres))) * 0.95)


def _snow(image: np.ndarray, horizon: float, _flat: bool, rng: np.random.Generator) -> np.ndarray:
    return _dots(image, rgb(255, 255, 255), 9, horizon + 0.08, rng)


def _beach(image: np.ndarray, horizon: float, flat: bool, rng: np.random.Generator) -> np.ndarray:
    image = _sun_or_cloud(image, flat, rng)
    depth = np.clip((Y - horizon) / 0.16, 0, 1)[..., None]
    water = rgb(58, 146, 196) if flat else mix(rgb(84, 182, 206), rgb(40, 112, 178), depth)
    image = mix(image, water, cover(np.abs(Y - horizon - 0.07) - 0.09))
    foam = np.abs(Y - horizon + 0.025 - 0.014 * np.sin(X * 8 + rng.uniform(0, 6.3))) - 0.02
    return mix(image, rgb(248, 252, 252), cover(foam, 2) * 0.9)


def _night(image: np.ndarray, horizon: float, _flat: bool, rng: np.random.Generator) -> np.ndarray:
    image = _dots(image, rgb(255, 250, 220), 8, horizon + 0.2, rng)
    cx, cy = _side(rng) * rng.uniform(0.5, 0.8), rng.uniform(0.64, 0.8)
    moon = np.maximum(circle(X, Y, cx, cy, 0.16), -circle(X, Y, cx + 0.08, cy + 0.05, 0.14))
    return mix(image, rgb(255, 244, 200), cover(moon))


def _table(image: np.ndarray, horizon: float, _flat: bool, _rng: np.random.Generator) -> np.ndarray:
    for plank in range(1, 5):
        seam = np.abs(Y - horizon + 0.24 * plank) - 0.012
        image = mix(image, rgb(108, 68, 38), cover(seam) * 0.7)
    return mix(image, rgb(98, 62, 36), cover(np.abs(Y - horizon) - 0.014))


_DETAILS = {"grass": _grass, "snow": _snow, "beach": _beach, "night": _night, "table": _table}


def _wash(image: np.ndarray, scene: str) -> np.ndarray:
    strokes = hatching(X, Y, 1.45, 0.25)
    strength = (0.58 if scene == "night" else 0.4) * (0.86 + 0.14 * strokes)
    return mix(PAPER, image, strength)
