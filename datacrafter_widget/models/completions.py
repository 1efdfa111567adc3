"""A chat completion as it comes from an endpoint, which may be anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeGuard

from datacrafter_widget.models.usage import Tokens

_SHOWN = 100


@dataclass(frozen=True)
class Completion:
    """What a chat model replied.

    Attributes:
        text: the reply; "" when there is none.
        refusal: the model's words when it will not answer, else "".
        finish: why it stopped: ``"stop"``, ``"length"``, ``"content_filter"`` or what else the endpoint says.
        tokens: what it took, or None when the endpoint does not tell.
    """

    text: str
    refusal: str = ""
    finish: str = ""
    tokens: Tokens | None = None


def read_completion(body: bytes) -> Completion | str:
    """A completion from a reply's body, or a few words on what the body is instead."""
    if not body.strip():
        return "nothing at all"
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return f"what is no JSON: {_shown(body)}"
    choice = _first(found.get("choices")) if isinstance(found, dict) else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return f"none: {_shown(body)}"
    return Completion(
        text=_text(message.get("content")),
        refusal=_string(message.get("refusal")),
        finish=_string(choice.get("finish_reason")) if isinstance(choice, dict) else "",
        tokens=_tokens(found.get("usage")),
    )


def _tokens(usage: Any) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not (_is_count(prompt) and _is_count(completion)):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Tokens(prompt, completion, cached if _is_count(cached) else 0)


def _text(content: Any) -> str:
    if isinstance(content, list):  # some endpoints reply in parts
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return _string(content)


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, list) and values else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _shown(body: bytes) -> str:
    text = " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
    printable = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return repr(printable[:_SHOWN])
