"""What an edit wished for, in words that a prompt can say ("on snow" from "put it on snow"), and captions that do."""

from __future__ import annotations

import difflib

from datacrafter_widget.editing.captions import target_caption
from datacrafter_widget.editing.reading import GUESS
from datacrafter_widget.editing.rules import read
from datacrafter_widget.generation.english import correct_articles

_ARTICLES = ("a", "an", "the")
_PREPOSITIONS = (
    "on",
    "in",
    "at",
    "with",
    "under",
    "near",
    "beside",
    "behind",
    "before",
    "among",
    "without",
    "by",
)
_LEADS = (*_ARTICLES, *_PREPOSITIONS)


def wish_in_words(source: str, target: str, instruction: str) -> str:
    """The words by which a caption changed, as they would follow the class's word in a prompt.

    Args:
        source: a caption of the picture before.
        target: a caption of the picture after.
        instruction: what stands in where the captions don't tell.
    """
    before, after = source.split(), target.split()
    parts = []
    for kind, _, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind in ("equal", "delete") or all(word in _LEADS for word in after[start:end]):
            continue
        first = start
        while first > 0 and after[first - 1] in _LEADS:
            first -= 1
        words = after[first:end]
        if end < len(after) and after[end] == "of":  # another medium
            words = ["as", "a", *(word for word in words if word not in _ARTICLES)]
        elif words[0] in _ARTICLES:
            words = words[1:]
        parts.append(" ".join(words).strip(",."))
    return correct_articles(", ".join(part for part in parts if part)) or instruction


def said_as_wished(caption: str, wish: str) -> str:
    """A caption that says a wish in place of what it says of the same kind: a place for a place, a colour for a colour.

    Args:
        caption: "a photo of a boat on grass".
        wish: "on the beach"; parts that are set off by commas are wishes each. Where one is not understood the caption
            stays as it is.
    """
    said = caption
    for part in wish.split(", "):
        reading = read(part)
        if reading is None or reading.confidence <= GUESS:
            return caption
        said = target_caption(said, reading)
    return said
