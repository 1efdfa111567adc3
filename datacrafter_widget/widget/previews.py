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
    images = [_webp(image) for image in event["images"][:MOST]]
    message = {
        "type": "preview",
        "job": event["job"],
        "class_ids": [int(each) for each in event["class_ids"][:MOST]],
        "count": len(images),
    }
    return message, images


def _webp(image: Image.Image) -> bytes:
    small = image.convert("RGB")  # a copy where it is one already: `thumbnail` works in place
    small.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=60, method=0)
    return buffer.getvalue()
