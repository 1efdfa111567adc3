"""Kinds of words: what a word of a wish is, so that "make the lynx teal" reads like "make the cat red"."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final

_THINGS = frozenset(
    ("animal", "person", "vehicle", "clothes", "food", "furniture", "dish", "structure", "nature", "tools")
)
_HOLDING_TOGETHER = (
    "a an the this that it its his her their my our your me him them us he she they i we you be is are was were "
    "am not no without with of in on at to into onto from for by as like than instead and or but so if what "
    "where there here all some any more less another one two three second only just both every each other new "
    "same too very much many make made turn change put add give let have has had get want need should would "
    "could can may must will do does did out off up down away over under behind front next near beside between "
    "around above below"
)
_FUNCTION_WORDS = frozenset(_HOLDING_TOGETHER.split())
_ENDINGS: Final = (
    ("'s", ""),
    ("s", ""),
    ("es", ""),
    ("ies", "y"),
    ("ing", ""),
    ("ing", "e"),
    ("ed", ""),
    ("ed", "e"),
    ("er", ""),
    ("ish", ""),
)
_SHORTEST_STEM = 3
_WORD = re.compile(r"\w+(?:['-]\w+)*|[^\w\s]")


def tokens(text: str) -> list[str]:
    """Words and marks, in lower case."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def kinds(text: str) -> list[str]:
    """A text with each word's kind in its place: "make the lynx teal" → ["make", "the", "THING", "COLOUR"].

    Words that hold English together stay; "WORD" is of no known kind, "#" a number or a mark.
    """
    return [word if word in _FUNCTION_WORDS else _kind(word) for word in tokens(text)]


def _kind(word: str) -> str:
    known = _known()
    if word in known:
        return known[word]
    for ending, before in _ENDINGS:
        stem = word.removesuffix(ending) + before
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and stem in known:
            return known[stem]
    return "WORD" if word.isalpha() else "#"


@functools.cache
def _known() -> dict[str, str]:
    """Each word's kind; of the several that "light" or "cream" may be, the one that comes last in the file."""
    known = {}
    for line in Path(__file__).with_name("kinds.txt").read_text(encoding="utf-8").splitlines():
        kind, words = line.split(": ")
        known.update(dict.fromkeys(words.split(), "THING" if kind in _THINGS else kind.upper()))
    return known
