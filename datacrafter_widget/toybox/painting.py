"""How an object is painted in each style: shaded (photo), flat with ink lines (cartoon), pencil (sketch)."""

import math

import numpy as np

from .canvas import CANVAS, PAPER, PENCIL, X, Y, cover, hatching, mix
from .objects import BUILDERS, FLOOR, MIRRORED, Builder, Part
from .shapes import ellipse

__all__ = ["paint_object"]


def _unit(*vector: float) -> tuple[float, ...]:
    length = math.hypot(*vector)
    return tuple(component / length for component in vector)


_LIGHT = _unit(-0.48, 0.62, 0.62)
_HALFWAY = _unit(_LIGHT[0], _LIGHT[1], _LIGHT[2] + 1)
_INK = np.array((30, 28, 34), np.float32) / 255


def paint_object(
    image: np.ndarray, kind: str, colour: np.ndarray, style: str, scene: str, *,
    centre: tuple[float, float], scale: float, tilt: float = 0.0, mirrored: bool = False,
    build: Builder | None = None,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Paint one object and its shadow onto ``image`` in place; return the object's box.

    Args:
        image: (128, 128, 3) floats in [0, 1].
        kind: One of KINDS.
        colour: RGB in [0, 1].
        style: One of STYLES.
        scene: One of SCENES; night dims the light.
        centre: Where the object's own origin comes to lie on the canvas.
        scale: Half the side, on the canvas, of the object's own [-1, 1] square.
        tilt: Radians, anticlockwise.
        mirrored: Whether it looks the other way.
        build: What builds its parts; by default that of its kind.

    Returns:
        Left, top, right and bottom of what is inside the object's outline, in pixels of ``image``; the shadow
        is left out.
    """
    window = _window(*centre, 1.3 * scale)
    canvas, gx, gy = image[window], X[window], Y[window]
    _shadow(canvas, gx, gy, kind, style, centre, scale)
    dx, dy = (gx - centre[0]) / scale, (gy - centre[1]) / scale
    cos, sin = math.cos(tilt), math.sin(tilt)
    x, y = cos * dx + sin * dy, cos * dy - sin * dx
    parts = (build or BUILDERS[kind])(-x if mirrored and kind in MIRRORED else x, y, colour)
    if style == "photo":
        _photo(canvas, parts, scale, 0.82 if scene == "night" else 1.0)
    elif style == "cartoon":
        _cartoon(canvas, parts, scale)
    else:
        _sketch(canvas, parts, scale, hatching(gx, gy, 0.75, 0.2))
    return _box(parts, window)


def _box(parts: list[Part], window: tuple[slice, slice]) -> tuple[int, int, int, int]:
    inside = np.any([part.distance <= 0 for part in parts], axis=0)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    top, left = window[0].start, window[1].start
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1


def _window(cx: float, cy: float, reach: float) -> tuple[slice, slice]:
    def span(centre: float) -> slice:
        low, high = ((centre + s * reach + 1) / 2 * CANVAS for s in (-1, 1))
        return slice(max(0, math.floor(low)), min(CANVAS, math.ceil(high)))

    return span(-cy), span(cx)


def _shadow(
    canvas: np.ndarray, x: np.ndarray, y: np.ndarray, kind: str, style: str,
    centre: tuple[float, float], scale: float,
) -> None:  # fmt: skip
    photo = style == "photo"
    cx = centre[0] + (0.12 * scale if photo else 0)
    shape = ellipse(x, y, cx, centre[1] + FLOOR[kind] * scale + 0.01, 0.68 * scale, 0.13 * scale)
    softness = 0.12 * scale * CANVAS / 2 if photo else 1
    canvas *= 1 - (0.48 if photo else 0.26) * cover(shape, softness)


def _photo(canvas: np.ndarray, parts: list[Part], scale: float, ambience: float) -> None:
    for part in parts:
        rim = np.clip(-part.distance / part.bulge, 0, 1)
        height = np.sqrt(np.maximum(1 - (1 - rim) ** 2, 1e-4)) * (part.bulge * scale * 0.9)
        slope_y, slope_x = np.gradient(height, 2 / CANVAS)
        nx, ny = -slope_x, slope_y
        norm = np.sqrt(nx**2 + ny**2 + 1)
        diffuse = np.clip((nx * _LIGHT[0] + ny * _LIGHT[1] + _LIGHT[2]) / norm, 0, 1)
        mirror = np.clip((nx * _HALFWAY[0] + ny * _HALFWAY[1] + _HALFWAY[2]) / norm, 0, 1)
        lit = part.colour * (ambience * (0.42 + 0.72 * diffuse))[..., None]
        lit = np.clip(lit + (ambience * part.gloss * mirror**28)[..., None], 0, 1)
        canvas[:] = mix(canvas, lit, cover(part.distance * scale))


def _cartoon(canvas: np.ndarray, parts: list[Part], scale: float) -> None:
    pixel = 2 / CANVAS / scale
    for part in parts:
        if part.outlined:
            canvas[:] = mix(canvas, _INK, cover((part.distance - 2.2 * pixel) * scale))
    for part in parts:
        edge = part.distance
        if part.outlined and part.bulge > 0.06:
            canvas[:] = mix(canvas, _INK, cover((edge - 0.8 * pixel) * scale))
            edge = edge + 0.9 * pixel
        canvas[:] = mix(canvas, part.colour, cover(edge * scale))


def _sketch(canvas: np.ndarray, parts: list[Part], scale: float, strokes: np.ndarray) -> None:
    pixels = scale * CANVAS / 2
    for part in parts:
        fill = mix(PAPER, part.colour, 0.58 + 0.16 * strokes)
        canvas[:] = mix(canvas, fill, cover(part.distance * scale))
        if part.outlined:
            line = np.clip(1.5 - np.abs(part.distance * pixels), 0, 1)[..., None]
            canvas[:] = mix(canvas, PENCIL, 0.9 * line)
