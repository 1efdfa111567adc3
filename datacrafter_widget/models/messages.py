"""What is sent to a chat model: our instructions, and apart from them a question that may hold others' text."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.models.answers import Schema

Message = dict[str, Any]

#: Pixels of a picture's longer side; larger ones are sent smaller. Endpoints scale further down by themselves.
LARGEST_SIDE = 768


def chat_messages(
    instructions: str, question: str, schema: Schema, images: Sequence[Image.Image]
) -> list[Message]:
    """The system's message and the user's.

    The schema stands in the system's text too: for endpoints that take no response format, or take and ignore it.
    """
    shape = json.dumps(schema)
    system = (
        f"{_sendable(instructions)}\n\nAnswer with one JSON object, without any other text, "
        f"that fits this schema:\n{shape}"
    )
    content: str | list[Message] = _sendable(question)
    if images:
        pictures = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in images]
        content = [{"type": "text", "text": _sendable(question)}, *pictures]
    return [{"role": "system", "content": system}, {"role": "user", "content": content}]


def repair_messages(messages: Sequence[Message], reply: str, problem: str) -> list[Message]:
    """The same conversation, with the model's useless reply and what is wrong with it."""
    return [
        *messages,
        {"role": "assistant", "content": _sendable(reply) or "(nothing)"},
        {
            "role": "user",
            "content": _sendable(
                f"That does not fit the schema: {problem}. Answer again, with the JSON object alone."
            ),
        },
    ]


def data_url(image: Image.Image) -> str:
    """A picture as a PNG in a ``data:`` URL: its pixels and nothing else that its file may have held.

    Place and camera (EXIF), texts and colour profiles stay here.
    """
    from PIL import Image as Images

    pixels = image.convert("RGB")
    bare = Images.frombytes("RGB", pixels.size, pixels.tobytes())
    bare.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    buffer = io.BytesIO()
    bare.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _sendable(text: str) -> str:
    """The text without half characters, which no UTF-8 can hold; file names and broken JSON have some."""
    return text.encode("utf-8", "replace").decode("utf-8")
