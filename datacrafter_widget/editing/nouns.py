"""Noun phrases in captions: where they stand, what they are made of, and how they read in other numbers."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import Any

from datacrafter_widget.editing import words

MEDIUM = (
    r"photo(?:graph)?s?|pictures?|images?|paintings?|sketch(?:es)?|drawings?|cartoons?|"
    r"illustrations?|render(?:ing)?s?|prints?|"
    r"comics?|views?|shots?|portraits?|close-?ups?|snapshots?|engravings?|mosaics?|"
    r"woodcuts?|watercolou?rs?|posters?|caricatures?|doodles?|etchings?"
)
OPENING = re.compile(
    rf"^(?:(?:an?|the) )?(?:[\w-]+ ){{0,3}}?(?:{MEDIUM})(?: (?:of|showing|with) )", re.IGNORECASE
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DETERMINER = re.compile(
    rf"(?:an?|the|{'|'.join(_NUMBERS)}|some|several|many|his|her|its|their|my|our|your|"
    rf"this|that|these|those|another|\d+)\s+",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r",|\s(?:on|in|at|of|with|without|behind|near|next|beside|under|over|from|by|to|for|"
    r"into|onto|above|below|around|between|against|among|amid|along|"
    r"and|or|that|which|who|while|is|are|\w+ing)\b",
    re.IGNORECASE,
)
ADJECTIVES = re.compile(
    rf"^(?:(?:{words.COLOUR.pattern}|{words.SIZE.pattern}|young|old|new|cute|little|same|"
    rf"left|right|second|first|other|whole)\s+)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NounPhrase:
    """A noun phrase in a caption: "two red crane birds" is determiner "two", adjectives "red", noun "crane birds"."""

    start: int
    end: int
    determiner: str
    adjectives: str
    noun: str

    def said(self) -> str:
        """The phrase in words."""
        return " ".join(part for part in (self.determiner, self.adjectives, self.noun) if part)

    @property
    def count(self) -> int:
        """How many it speaks of; 1 where it doesn't say."""
        return _NUMBERS.index(self.determiner) + 1 if self.determiner in _NUMBERS else 1


def main_noun(caption: str) -> str:
    """What a caption is mainly of, without its adjectives: "a photo of two red apples" → "apples"; or ""."""
    found = find_noun(caption, "") if caption.strip() else None
    return found.noun if found else ""


def find_noun(caption: str, thing: str) -> NounPhrase | None:
    """The noun phrase of a caption that a wish speaks of; what the caption is mainly of for ""."""
    opening = OPENING.match(caption)
    start = opening.end() if opening else 0
    main = first_noun(caption[start:], start)
    bare = ADJECTIVES.sub("", bare_noun(thing)).lower()
    if not bare or bare in ("it", "one", "thing", "object", "subject", "him", "her", "them"):
        return main if main.noun else None
    name = bare.split()[-1]
    for found in re.finditer(r"[\w-]+", caption[start:]):
        if same_noun(found.group(0), name):
            at = start + found.start()
            begins = [each.start() for each in _DETERMINER.finditer(caption, start) if each.start() < at]
            phrase = first_noun(caption[begins[-1] :], begins[-1]) if begins else main
            if phrase.start <= at < phrase.end:
                return phrase
            return NounPhrase(at, start + found.end(), "", "", found.group(0))
    return main if name in main.noun.lower().split() else None


def first_noun(text: str, offset: int = 0) -> NounPhrase:
    """The noun phrase that a text begins with."""
    ends = _ENDS.search(text)
    said = text[: ends.start()] if ends else text
    determiner = _DETERMINER.match(said)
    rest = said[determiner.end() :] if determiner else said
    adjectives = ADJECTIVES.match(rest)
    noun = rest[adjectives.end() :] if adjectives else rest
    if not noun.strip() and adjectives:  # "an orange"
        *before, noun = adjectives.group(0).split()
        return NounPhrase(offset, offset + len(said), _lower(determiner), " ".join(before), noun)
    return NounPhrase(
        offset,
        offset + len(said),
        _lower(determiner),
        adjectives.group(0).strip() if adjectives else "",
        noun.strip(),
    )


def _lower(found: re.Match[str] | None) -> str:
    return found.group(0).strip().lower() if found else ""


def put_noun(caption: str, found: NounPhrase, said: str) -> str:
    """A caption with other words in the place of a noun phrase of it."""
    return f"{caption[: found.start]}{said}{caption[found.end :]}"


def say_after(caption: str, owner: NounPhrase | None, words_after: str) -> str:
    """A caption with words said of one of its noun phrases, or at its end."""
    return (
        f"{caption[: owner.end]} {words_after.strip()}{caption[owner.end :]}"
        if owner
        else f"{caption}, {words_after.strip()}"
    )


def counted(noun: NounPhrase, count: int) -> str:
    """A noun phrase of so many."""
    if count <= 1:
        return replace(noun, determiner="a", noun=singular(noun.noun)).said()
    number = _NUMBERS[count - 1] if count <= len(_NUMBERS) else str(count)
    return replace(noun, determiner=number, noun=plural(noun.noun)).said()


def bare_noun(thing: str) -> str:
    """A thing's name without its determiner and what describes it further."""
    ends = _ENDS.search(thing)
    said = thing[: ends.start()] if ends else thing
    return _DETERMINER.sub(
        "", re.sub(r"^(?:all |both |only |just |every |each )+", "", said.strip() + " "), count=1
    ).strip()


def uncapitalised(caption: str) -> str:
    """A caption as it stands within a sentence: "A dog" → "a dog"; names stay."""
    first, blank, rest = caption.partition(" ")
    return f"{first.lower()}{blank}{rest}" if _DETERMINER.fullmatch(first + " ") else caption


def with_article(noun: str) -> str:
    """A noun as a caption begins with it: "apple" → "a apple" (see `correct_articles`), "apples" → "apples"."""
    return noun if _DETERMINER.match(noun + " ") or is_plural(noun) else f"a {noun}"


@functools.cache
def _english() -> Any:
    import inflect

    return inflect.engine()


_IRREGULAR = {"cactus": "cacti"}


def singular(noun: str) -> str:
    """A noun in the singular: "crane birds" → "crane bird"."""
    *before, last = noun.split() or [""]
    back = {plural: one for one, plural in _IRREGULAR.items()}
    one = back.get(last.lower()) or (
        _english().singular_noun(last) if last and not last.endswith(("ss", "us", "is")) else False
    )
    return " ".join([*before, str(one) if one else last])


def plural(noun: str) -> str:
    """A noun in the plural."""
    *before, last = noun.split() or [""]
    if not last or is_plural(last):
        return noun
    return " ".join([*before, _IRREGULAR.get(last.lower()) or _english().plural_noun(last)])


def is_plural(noun: str) -> bool:
    """Whether a noun is in the plural."""
    return bool(noun) and singular(noun) != noun


def same_noun(one: str, other: str) -> bool:
    """Whether two nouns are the same in whatever number, by their last words."""
    return bool(one and other) and singular(one).lower().split()[-1] == singular(other).lower().split()[-1]
