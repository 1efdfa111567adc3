"""Wishes that name two things, one in the place of the other: "replace A with B", "B instead of A"."""

from __future__ import annotations

import re

from datacrafter_widget.editing import words
from datacrafter_widget.editing.reading import (
    LIKELY,
    SURE,
    Reading,
    ends,
    head,
    is_background,
    is_light,
    owner,
    predicate,
    starts,
    subject,
    without_colour,
)

_REPLACE = re.compile(
    r"^(?P<verb>replace|substitute|swap|exchange|switch|trade|"
    r"change)(?: out)? (?P<old>.+?) (?:with|by|for|against) (?P<new>.+)$",
    re.IGNORECASE,
)


_PASSIVE = re.compile(
    r"^(?:can |could |should )?(?P<old>.+?) (?:should |must |could |can |has to |"
    r"needs to |is to |ought to )?(?:be |is |are |being )?(?:replaced|swapped|exchanged|"
    r"substituted|switched)(?: out)? (?:with|by|for) (?P<new>.+)$",
    re.IGNORECASE,
)


_INSTEAD_FIRST = re.compile(
    r"^(?:instead of|rather than|in place of) (?P<old>.+?),? (?:i(?:'d| would) (?:like|prefer|rather have)|i want|"
    r"put|use|"
    r"show(?: (?:it|him|her|them))?|make (?:it|them)|have|let there be|there should be|add|draw) (?P<new>.+)$",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"^(?P<new>.+?),? (?:instead of|rather than|in (?:the )?place of|in lieu of|"
    r"(?:and )?not(?! (?:be|so|too|to)\b)|"
    r"(?<!er )(?<!more )(?<!less )(?<!other )than) (?P<old>.+)$",
    re.IGNORECASE,
)


_WHERE_NOW = re.compile(
    r"^(?:put|place|draw|insert|add) (?P<new>.+?) where (?P<old>.+?) (?:is|are|was|were|"
    r"stands?|sits?|lies|used to be)(?: now)?$",
    re.IGNORECASE,
)


_WHERE_FIRST = re.compile(
    r"^where (?P<old>.+?) (?:is|are|was|were|stands?|sits?|lies)(?: now)?,? (?:i want|"
    r"i'd like|put|place|there should be|should be) (?P<new>.+)$",
    re.IGNORECASE,
)


_LEADING_VERB = re.compile(
    r"^(?:(?:make|let|have|show|give|use|put|draw|paint|want|get|there (?:should|"
    r"could) be|turn|set|place|add|insert)\s+)",
    re.IGNORECASE,
)


_TAKES = re.compile(
    r"^(?:it|him|her|them|the [\w-]+|his [\w-]+|her [\w-]+)\s+(?:be|hold|wear|carry|have|"
    r"eat|ride|drink|read|use|play|drive)(?:s|ing)?\s+",
    re.IGNORECASE,
)


def replaced(said: str) -> Reading | None:
    """One thing for another, both named."""
    found = _REPLACE.match(said) or _PASSIVE.match(said) or _WHERE_NOW.match(said) or _WHERE_FIRST.match(said)
    if found:
        old, new = found["old"], found["new"]
        if said.lower().startswith("substitute") and re.search(r"\sfor\s", said) and " with " not in said:
            old, new = new, old
        return _pair(old, new, "one thing takes another's place")
    found = _INSTEAD_FIRST.match(said) or _INSTEAD.match(said)
    if found:
        new = _TAKES.sub("", _LEADING_VERB.sub("", found["new"]))
        return _pair(found["old"], new, "it says what should be there instead")
    return None


ONES = re.compile(r"\b(?:ones?|thing)$", re.IGNORECASE)


def _pair(old: str, new: str, why: str) -> Reading:  # noqa: PLR0911
    if re.fullmatch(r"(?:just |only )?(?:one|two|three|four)", old, re.IGNORECASE) and words.ARTICLE.match(
        new
    ):
        return Reading("insert", LIKELY, "it asks for more of the same", "", new)
    colours = words.COLOUR.search(old), words.COLOUR.search(new)
    bare_old = re.sub(r"^(?:the|a|an)\s+", "", ONES.sub("", old).strip()).strip()
    where = words.WHERE.match(new)
    if is_background(old) or is_background(new) or (where and ends(words.PLACE, where["place"])):
        return Reading("relight", SURE, "it changes what is behind the things", "", new)
    if re.fullmatch(rf"(?:the |an? )?{words.COLOUR.pattern} ones?", new, re.IGNORECASE):
        new = re.sub(r"^(?:the|an?) ", "", ONES.sub("", new).strip(), flags=re.IGNORECASE)
    if (
        words.is_colour(new)
        or words.is_colour(bare_old)
        or (words.COLOUR_NOUN.search(head(old)) and colours[1])
    ):
        result = colours[1].group(0) if colours[1] else new
        thing = old if words.is_colour(new) else without_colour(new)
        return Reading("recolour", SURE, "only the colour differs", owner(thing), result)
    if words.STYLE.search(new) and (
        words.is_picture(old)
        or re.search(r"\bstyles?\b", new + " " + old, re.IGNORECASE)
        or ends(words.STYLE, old)
    ):
        return Reading("restyle", LIKELY, "it names another medium or style", "", new)
    if is_light(old) or (is_light(new) and not words.ARTICLE.match(old)):
        return Reading("relight", SURE, "it changes the light, the weather or the time of day", "", new)
    bare = not (words.ARTICLE.match(old) or words.DEFINITE.match(old))
    if bare and (starts(words.POSE, old) or re.match(r"\w+ing\b", old)):
        return Reading("reorient", SURE, "it asks for another pose", subject(new), predicate(new))
    if ends(words.PLACE, old) and ends(words.PLACE, new) and bare:
        return Reading("relight", LIKELY, "it asks for another place", "", new)
    return Reading("swap", SURE, why, old, new)
