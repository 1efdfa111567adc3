"""Pictures at the size that a model works at, and back: to their own size, and unchanged outside of a mask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from datacrafter_widget.models.generator import mark_problem, picture_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.models.editors.editor import EditRequest

_FEATHER = 0.03  # of the shorter side


def working_size(size: tuple[int, int], width: int, height: int, multiple: int = 16) -> tuple[int, int]:
    """A size of about `width` x `height` pixels in all, in a picture's own shape.

    Args:
        size: of the picture.
        width: that the model was trained at.
        height: that the model was trained at.
        multiple: of which both sides are to be.
    """
    scale = math.sqrt(width * height / (size[0] * size[1]))
    wide, high = (max(multiple, round(side * scale / multiple) * multiple) for side in size)
    return wide, high


def at_size(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The whole picture in another size, RGB."""
    from PIL import Image

    picture = picture.convert("RGB")
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def mask_at_size(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A mask in another size, black or white."""
    from PIL import Image

    grey = mask.convert("L")
    grey = grey if grey.size == size else grey.resize(size, Image.Resampling.BOX)
    return grey.point(lambda value: 255 if value >= 128 else 0)


def returned(requests: Sequence[EditRequest], edited: Sequence[Image.Image]) -> list[Image.Image]:
    """Edited pictures as they go back: of the requests' sizes, and the pictures' own pixels where a mask is black.

    What a model found wrong with a picture stays noted; that picture is not pasted, for it shows nothing.
    """
    results = []
    for request, picture in zip(requests, edited, strict=True):
        problem = picture_problem(picture)
        result = at_size(picture, request.picture.size)
        if problem is not None:
            mark_problem(result, problem)
        elif request.mask is not None:
            result = pasted(request.picture, result, request.mask)
        results.append(result)
    return results


def pasted(picture: Image.Image, edited: Image.Image, mask: Image.Image) -> Image.Image:
    """An edit laid onto its picture: nothing of it where the mask is black, more and more of it further inside.

    Args:
        picture: RGB, (w, h).
        edited: of the same size.
        mask: of the same size; white is edited.
    """
    import numpy as np
    from PIL import Image
    from scipy.ndimage import distance_transform_edt

    inside = np.asarray(mask.convert("L")) >= 128
    if inside.all():
        return edited
    feather = max(2.0, _FEATHER * min(picture.size))
    share = np.clip(distance_transform_edt(inside) / feather, 0, 1)[..., None]
    before = np.asarray(picture.convert("RGB"), np.float64)
    after = np.asarray(edited.convert("RGB"), np.float64)
    mixed = before + share * (after - before)
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))
