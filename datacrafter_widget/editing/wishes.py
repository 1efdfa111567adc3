"""What an edit wished for, in words that a prompt can say: "on snow" from "put it on snow"."""

from __future__ import annotations

import difflib

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
