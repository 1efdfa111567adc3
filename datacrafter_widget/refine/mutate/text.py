"""Small helpers on the text of templates and labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacrafter_widget.generation.templates import PromptTemplate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CLASS = "{class}"

_WORD = re.compile(r"[\w'-]+")


def tokens(text: str) -> list[str]:
    """The words of a text, case folded, without punctuation."""
    return _WORD.findall(text.casefold())


def all_tokens(texts: Iterable[str]) -> set[str]:
    """The words of several texts."""
    return {token for text in texts for token in tokens(text)}


def find_words(text: str, label: str) -> tuple[int, int] | None:
    """Where the words of a label stand in a text as whole words in a row, or None."""
    wanted = tokens(label)
    if not wanted:
        return None
    matches = list(_WORD.finditer(text))
    words = [match.group(0).casefold() for match in matches]
    for first in range(len(words) - len(wanted) + 1):
        if words[first : first + len(wanted)] == wanted:
            return matches[first].start(), matches[first + len(wanted) - 1].end()
    return None


def first_prompt(template: str, class_word: str) -> str:
    """The prompt of every slot's first option."""
    parsed = PromptTemplate.parse(template)
    return parsed.render([0] * len(parsed.slots), class_word)


def listed(words: Sequence[str]) -> str:
    """Words in quotation marks, the first four."""
    shown = ", ".join(f"'{word}'" for word in words[:4])
    return shown + (" …" if len(words) > 4 else "")


def slot(options: Sequence[str]) -> str:
    """The text of a slot with these options (template text, see `escape`)."""
    return f"[{' | '.join(options)}]"
