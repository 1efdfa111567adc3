"""The drawing surface of the toybox: a square of coordinates, and how paint gets onto it."""

import math

import numpy as np

__all__ = ["CANVAS", "PAPER", "PENCIL", "X", "Y", "cover", "downsample", "hatching", "mix"]

#: Side of the canvas in pixels; pictures are its 2x2 average.
CANVAS = 128

_rows, _columns = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
#: Coordinates of the pixels' centres: X from -1 (left) to 1, Y from -1 (bottom) to 1.
X: np.ndarray = (_columns + 0.5) / CANVAS * 2 - 1
Y: np.ndarray = 1 - (_rows + 0.5) / CANVAS * 2

PAPER = np.array((248, 246, 240), np.float32) / 255
PENCIL = np.array((70, 68, 74), np.float32) / 255


def mix(under: np.ndarray, over: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """``under`` where alpha is 0, ``over`` where it is 1."""
    return under * (1 - alpha) + over * alpha


def cover(distance: np.ndarray, softness: float = 1.0) -> np.ndarray:
    """How much of each pixel a shape covers, (…, 1), its edge ``softness`` pixels wide."""
    return np.clip(0.5 - distance * (CANVAS / 2) / softness, 0, 1)[..., None]


def hatching(x: np.ndarray, y: np.ndarray, angle: float, period: float) -> np.ndarray:
    """Soft parallel strokes in [0, 1], (…, 1), at a fixed place on the paper."""
    along = x * math.cos(angle) + y * math.sin(angle)
    return (0.5 + 0.5 * np.sin(along * (2 * math.pi / period)))[..., None]


def downsample(image: np.ndarray) -> np.ndarray:
    """(CANVAS, CANVAS, 3) floats in [0, 1] → (CANVAS / 2, CANVAS / 2, 3) uint8."""
    half = CANVAS // 2
    small = np.clip(image, 0, 1).reshape(half, 2, half, 2, 3).mean((1, 3))
    return (small * 255 + 0.5).astype(np.uint8)
