"""Text that others wrote, made into parts of a template that name the class by its placeholder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacrafter_widget.generation.templates import CLASS, MAX_LENGTH, escape, slot_text
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_OPTION = 200


def word_pattern(*words: str) -> re.Pattern[str]:
    """Finds any of some words of classes in a text, as whole words in any case."""
    found = [r"\s+".join(re.escape(part) for part in word.split()) for word in words]
    # (?!) matches nothing
    return re.compile(rf"(?<![\w-])(?:{'|'.join(filter(None, found)) or '(?!)'})(?![\w-])", re.IGNORECASE)


def mentions(text: str, *words: str) -> bool:
    """Whether a text has any of some words of classes in it."""
    return word_pattern(*words).search(text) is not None


def with_placeholder(text: str, word: str) -> str:
    """Template text that says what `text` says, with `{class}` in place of the class's word.

    Args:
        text: anything; it is taken literally, and cut after 200 characters.
        word: the class's word.
    """
    pieces = word_pattern(word).split(plain_line(text, LONGEST_OPTION))
    return CLASS.join(escape(piece) for piece in pieces)


def one_of(options: Sequence[str], after: str = "") -> str:
    """A template that says one of the options (template text), as many of the first as there is room for.

    Args:
        options: at least one.
        after: template text that follows.
    """
    kept = list(dict.fromkeys(options))
    while True:
        text = (kept[0] if len(kept) == 1 else slot_text(kept)) + after
        if len(text) <= MAX_LENGTH or len(kept) == 1:
            return text
        kept.pop()
