"""Masks: where a picture may change."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from datacrafter_widget.errors import InputError

_CHANGES = 128
"""The least value of 255 that lets a pixel change."""


def read_mask(mask: Any, size: tuple[int, int]) -> Image.Image:
    """A mask in any of the forms that a person or a page has it in.

    Args:
        mask: A PIL image, the bytes or the path of an image file, or an array (H, W) of booleans, of 0 … 1 or of
            0 … 255. White may change, black stays; what is transparent stays.
        size: Width and height of the picture that it is for.

    Returns:
        A picture of mode "L".

    Raises:
        InputError: It is none of these, of another size, or nothing in it may change.
    """
    found = _opened(mask)
    if found.size != tuple(size):
        raise InputError(
            f"mask: expected the picture's size, {size[0]} x {size[1]} pixels, found {found.width} x {found.height}."
            " Paint it on the picture itself, or resize it."
        )
    if np.asarray(found).max() < _CHANGES:
        raise InputError(
            "mask: expected white where the picture may change, found none. Paint some of it white."
        )
    return found


def fitted(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The same mask for a picture of another size: the same part of it."""
    return mask if mask.size == tuple(size) else mask.resize(size, Image.Resampling.BILINEAR)


def _opened(mask: Any) -> Image.Image:
    if isinstance(mask, Image.Image):
        return _grey(mask)
    if isinstance(mask, bytes | str | Path):
        try:
            with Image.open(io.BytesIO(mask) if isinstance(mask, bytes) else mask) as image:
                return _grey(image)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise InputError(f"mask: expected an image file, but: {error}. Give a PNG.") from error
    array = np.asarray(mask)
    if array.ndim != 2 or array.dtype.kind not in "buif" or 0 in array.shape:
        raise InputError(
            "mask: expected a PIL image, an image file, or an array of numbers of shape (H, W), found"
            f" {type(mask).__name__} of shape {array.shape} and type {array.dtype}."
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):
        raise InputError(f"mask: expected values from 0 to 1 or from 0 to 255, found {low:g} to {high:g}.")
    return Image.fromarray(np.rint(array * (255.0 if high <= 1 else 1.0)).astype(np.uint8))


def _grey(image: Image.Image) -> Image.Image:
    """Grey levels; what is transparent is black."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    if image.mode.startswith(("I", "F")):
        return _opened(np.asarray(image))
    return image.convert("L")
