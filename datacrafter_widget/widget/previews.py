"""Unfinished pictures of a running job, small, for the page to look at."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

LARGEST = 96
"""Pixels on the longer side."""

MOST = 24
"""Pictures a message."""


def encode_preview(event: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The message that shows a session's ``preview`` event (job, class_ids, images), and a WebP a picture."""
    images = [webp(image, LARGEST, 60) for image in event["images"][:MOST]]
    message = {
        "type": "preview",
        "job": event["job"],
        "class_ids": [int(each) for each in event["class_ids"][:MOST]],
        "count": len(images),
    }
    return message, images


def webp(image: Image.Image, largest: int, quality: int) -> bytes:
    """A picture at most `largest` pixels wide and high, as a WebP that is made quickly."""
    small = image.convert("RGB")  # a copy where it is one already: `thumbnail` works in place
    small.thumbnail((largest, largest))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=quality, method=0)
    return buffer.getvalue()
