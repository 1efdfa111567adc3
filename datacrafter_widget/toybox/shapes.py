"""Signed-distance shapes, the strokes from which every toybox object is drawn.

Each function takes coordinate grids ``x``, ``y`` (same shape, y pointing up) and returns the signed
distance of every point to the shape's edge: negative inside, in the unit of the coordinates. Distances
of ellipses and of smooth unions are approximate, which is all that shading and outlines need.
Formulas after Inigo Quilez, "2D distance functions" (iquilezles.org/articles/distfunctions2d).
"""

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["box", "capsule", "circle", "ellipse", "polygon", "smooth_union", "union"]


def circle(x: np.ndarray, y: np.ndarray, cx: float, cy: float, radius: float) -> np.ndarray:
    """Disc of the given radius around (cx, cy)."""
    return np.sqrt((x - cx) ** 2 + (y - cy) ** 2) - radius


def ellipse(
    x: np.ndarray, y: np.ndarray, cx: float, cy: float, a: float, b: float, angle: float = 0.0
) -> np.ndarray:
    """Ellipse with half-axes ``a`` and ``b``, turned by ``angle`` radians."""
    x, y = x - cx, y - cy
    if angle:
        cos, sin = math.cos(angle), math.sin(angle)
        x, y = cos * x + sin * y, cos * y - sin * x
    scaled = np.sqrt((x / a) ** 2 + (y / b) ** 2) + 1e-6
    gradient = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2) + 1e-6
    return scaled * (scaled - 1) / gradient


def box(
    x: np.ndarray, y: np.ndarray, cx: float, cy: float, half_width: float, half_height: float,
    rounding: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Axis-parallel box with corners rounded by ``rounding``."""
    dx = np.abs(x - cx) - (half_width - rounding)
    dy = np.abs(y - cy) - (half_height - rounding)
    outside = np.sqrt(np.maximum(dx, 0) ** 2 + np.maximum(dy, 0) ** 2)
    return outside + np.minimum(np.maximum(dx, dy), 0) - rounding


def capsule(
    x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float], radius: float,
    end_radius: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Thick line from ``start`` to ``end``; its radius may change along the way."""
    px, py = x - start[0], y - start[1]
    bx, by = end[0] - start[0], end[1] - start[1]
    along = np.clip((px * bx + py * by) / (bx * bx + by * by + 1e-9), 0, 1)
    thickness = radius if end_radius is None else radius + (end_radius - radius) * along
    return np.sqrt((px - bx * along) ** 2 + (py - by * along) ** 2) - thickness


def polygon(x: np.ndarray, y: np.ndarray, corners: Sequence[tuple[float, float]]) -> np.ndarray:
    """Polygon with the given corners, in order (either direction)."""
    squared = np.full_like(x, np.inf)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, [corners[-1], *corners[:-1]], strict=True):
        ex, ey = bx - ax, by - ay
        wx, wy = x - ax, y - ay
        along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
        squared = np.minimum(squared, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
        above, below, left = y >= ay, y < by, ex * wy > ey * wx
        inside ^= (above & below & left) | ~(above | below | left)
    return np.where(inside, -1, 1).astype(x.dtype) * np.sqrt(squared)


def union(*distances: np.ndarray) -> np.ndarray:
    """All shapes together, with sharp seams."""
    return np.minimum.reduce(distances)


def smooth_union(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Two shapes melted together over a distance of ``blend``."""
    h = np.clip(0.5 + 0.5 * (second - first) / blend, 0, 1)
    return second * (1 - h) + first * h - blend * h * (1 - h)
