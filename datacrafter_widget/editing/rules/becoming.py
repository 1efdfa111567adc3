"""Wishes that something becomes, or looks, or does something: "make A B", "turn A into B"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacrafter_widget.editing import words
from datacrafter_widget.editing.reading import (
    GUESS,
    LIKELY,
    SURE,
    Reading,
    ends,
    head,
    is_background,
    is_light,
    owner,
    starts,
    thing_of,
    without_colour,
)
from datacrafter_widget.editing.rules.additions import LOOKS
from datacrafter_widget.editing.rules.exchanges import ONES

if TYPE_CHECKING:
    from datacrafter_widget.models.editors.editor import Action


_INTO = re.compile(
    r"^(?:turn|change|transform|convert|morph|switch|alter|make|redo|remake|re-?imagine|"
    r"redraw|repaint|re-?render|render|restyle|rework|re-?create|transfer|translate|"
    r"modify|edit|adjust|set|colou?r|bring|reshape|rewrite|update|paint|"
    r"shift)\s+(?P<old>.+?)\s+(?:from .+? )?(?:in)?to\s+(?:be |become |look like |"
    r"look )?(?P<new>.+)$",
    re.IGNORECASE,
)


_AS = re.compile(
    r"^(?:render|show|draw|illustrate|paint|depict|make|redo|do|imagine|redraw|repaint|present|"
    r"remake|re-?create|re-?imagine|turn|display|print|restyle|picture|rework|reinterpret|"
    r"re-?render|style)"
    r"\s+(?P<old>.+?)\s+(?P<new>(?:look(?:s|ing)? |appear |seem )?(?:as|like)\s.+|in\s.+|"
    r"using\s.+|with\s.+)$",
    re.IGNORECASE,
)


_BE = re.compile(
    r"^(?:what if |if |imagine |suppose |(?:make|ensure|"
    r"see) (?:sure )?(?:that )?)?(?:could |can |should |might |may |"
    r"would )?(?P<old>(?!there\b|only\b).+?) "
    r"(?:(?:should|could|must|shall|would|can|may|might|needs?|has|have|ought|is|are)(?: to)? )?"
    r"(?:(?:be|become|were|was|is|are|been|turned? into|turned?|feel|feels|"
    r"look(?!s? (?:at|up|down|to|into|over|away|left|right|back|straight)\b)|looks|get|"
    r"appear)(?: to be)?|to be|to look|to become) (?P<new>(?:like |as if |as though )?.+)$",
    re.IGNORECASE,
)


_MAKE = re.compile(
    r"^(?:make|let|have|get|turn|keep|render|force|cause|paint|dye|"
    r"colou?r)\s+(?P<rest>.+)$",
    re.IGNORECASE,
)


_TURNS = re.compile(
    r"^(?:let|have|make|see)\s+(?P<old>.+?)\s+(?:turn|change|transform|morph|evolve)(?:s|"
    r"ed)? into (?P<new>.+)$",
    re.IGNORECASE,
)


_AROUND = re.compile(
    r"^(?:turn|move|spin|swing|switch|swap|twist|bend) .+ (?:around|round|over|about|back|"
    r"sideways|places|positions|upside down|away|aside|up|down|left|right)\b|\b(?:swap|"
    r"switch|trade|change|exchange) (?:places|positions|sides|seats)\b",
    re.IGNORECASE,
)


_SO_THAT = re.compile(
    r"^(?:turn|change|move|edit|modify|alter|make|adjust)\s+(?P<old>.+?)\s+so (?:that )?(?P<new>.+)$",
    re.IGNORECASE,
)


_SEEMS = re.compile(
    r"^looks?(?:ing)? (?!at\b|up\b|down\b|over\b|into\b|to\b|left\b|right\b|away\b|back|"
    r"towards?\b|straight\b|out\b|around\b|for)",
    re.IGNORECASE,
)


_GONE = re.compile(r"^(?:disappear|vanish|gone|go away|invisible|removed|deleted|erased)\b", re.IGNORECASE)


_TAKES_ON = re.compile(
    r"^(?:be )?(?:wear|hold|carr[yi]|hav)(?:e|s|ing)?\s(?!hands\b|still\b|on\b)", re.IGNORECASE
)


def become(said: str) -> Reading | None:
    """One thing becomes another, or takes on another colour, style, light or pose."""
    for pattern in (_SO_THAT, _TURNS, _INTO, _AS, _BE):
        found = pattern.match(said)
        if found:
            reading = _becomes(
                found["old"], found["new"], certain=pattern in (_INTO, _TURNS), made=pattern is not _AS
            )
            if reading is not None:
                return reading
    if _AROUND.search(said):
        return Reading("reorient", SURE, "it turns or moves a thing", "", said)
    found = _MAKE.match(said)
    if not found:
        return None
    splits = [(old, re.sub(r"^to ", "", new)) for old, new in _splits(found["rest"])]
    readings = [_becomes(old, new, split=True) for old, new in splits]
    return max(filter(None, readings), key=lambda each: each.confidence, default=None) or _by_word_class(
        splits
    )


def _by_word_class(splits: list[tuple[str, str]]) -> Reading | None:
    """A guess by what kind of word ends the thing of "make A B": a verb, an adjective, or another noun."""
    from textblob.en import tag

    for old, new in splits:
        if not (words.DEFINITE.match(old) or words.is_picture(old)):
            return None
        whole = words.is_picture(old) or words.EVERYTHING.search(old) is not None
        tags = [each for _, each in tag(f"they {new}")[1:]]
        if tags and tags[0] in ("VB", "VBP"):
            return Reading("reorient", GUESS, f"'{new}' is something that '{old}' does", thing_of(old), new)
        kind = tag(f"{old} is {new}")[len(old.split()) + 1 :]
        if kind and kind[0][1] in ("JJ", "JJR", "RB", "RBR"):
            action: Action = "global" if whole else "recolour"
            return Reading(action, GUESS, f"'{new}' is how '{old}' is to look", thing_of(old), new)
    old, new = splits[-1] if splits else ("", "")
    if new and len(new.split()) == 1 and new.endswith("s") and not words.is_picture(old):
        return Reading("swap", GUESS, f"'{old}' becomes another thing", thing_of(old), new)
    return None


MOST_WORDS = 9
"""Of a thing's name; what comes after is what it becomes."""


def _splits(rest: str) -> list[tuple[str, str]]:
    """The ways of "the dark red car green" to be a thing and what it becomes, the shortest thing first."""
    each = rest.split()
    first = (
        1
        if words.is_picture(each[0]) or each[0].lower() in ("him", "her", "them", "us", "me", "everyone")
        else 2
    )
    cuts = [(" ".join(each[:at]), " ".join(each[at:])) for at in range(first, min(len(each), MOST_WORDS + 1))]
    if each[0].lower() == "her" and len(each) > 1:  # "her hair blond", "her smile"
        cuts = cuts[1:] + cuts[:1]
    return [
        cut
        for cut in cuts
        if not re.search(
            r"\b(?:more|less|very|so|look|be|too|bit|little|was|is|like|as|touch)$", cut[0], re.IGNORECASE
        )
    ]


_COMPARED = re.compile(
    r"^(?:more|less|much|a (?:bit|little|lot|touch|tad)|slightly|way|even|far|two times|"
    r"twice)\s+|^(?:as|so|look(?:s|ing)?|be|appear|seem|feel)\s+",
    re.IGNORECASE,
)


def _becomes(  # noqa: C901, PLR0911, PLR0912
    old: str, new: str, *, certain: bool = False, split: bool = False, made: bool = True
) -> Reading | None:
    """What it means that something becomes something; None where that is not what was meant.

    Args:
        old: the thing.
        new: what it becomes.
        certain: the wish says "into".
        split: where the thing ends is a guess: only what is known to follow one is taken.
        made: what stands there is what it becomes, not perhaps where it is.
    """
    whole = words.is_picture(old)
    thing = thing_of(old)
    plain = new
    while _COMPARED.match(plain):
        plain = _COMPARED.sub("", plain)
    plain = re.sub(
        r"^(?:like|as if|as though|as|in|using|with) (?:it (?:were|was|is|had been) )?",
        "",
        plain,
        flags=re.IGNORECASE,
    )
    if re.fullmatch(
        r"(?:an? )?(?:real(?:istic)? |proper |normal )?(?:photo|photograph|photography)", plain, re.IGNORECASE
    ):
        return Reading("restyle", SURE, "it names another medium", "", plain)
    if _GONE.match(new):
        return Reading("remove", SURE, f"'{old}' is to go", old)
    if _TAKES_ON.match(new):
        return Reading("insert", SURE, "somebody gets something new", thing, new)
    if (
        re.fullmatch(
            r"(?:in )?(?:black[ -](?:and|&)[ -]white|b ?& ?w|monochrome|gr[ae]yscale|sepia|"
            r"full colou?r|colou?r)",
            plain,
            re.IGNORECASE,
        )
        and whole
    ):
        return Reading("global", SURE, "it changes the colours of the whole picture", "", plain)
    if (
        split
        and whole
        and re.match(r"(?:two|three|four|five|six|several|a pair of|\d+)\b", plain, re.IGNORECASE)
    ):
        return Reading("insert", LIKELY, "it asks for more of the same", "", plain)
    if re.fullmatch(rf"{words.COLOUR.pattern} ones?", plain, re.IGNORECASE):
        return Reading(
            "recolour", SURE, "only the colour differs", without_colour(old), ONES.sub("", plain).strip()
        )
    if not made and words.STYLE.search(plain) and not ends(words.PLACE, plain):
        return Reading("restyle", SURE, "it names a medium or a style", "", plain)
    if is_background(old) and not re.match(r"more|less", new):
        return Reading("relight", SURE, "it changes what is behind the things", "", plain)
    if (
        words.is_colour(plain)
        and whole
        and re.match(r"(?:a (?:bit|little) )?(?:more|less|too) ", new, re.IGNORECASE)
    ):
        return Reading("global", LIKELY, "it shifts the colours of the whole picture", "", new)
    if words.is_colour(plain) and not (split and words.is_colour(old)):
        return Reading("recolour", SURE, f"'{plain}' is a colour", owner(old), plain)
    if re.fullmatch(r"(?:the|all|all the|its|these)? ?(?:colou?rs|tones|hues)", old, re.IGNORECASE):
        return Reading("global", LIKELY, "it is about the colours of the whole picture", "", f"colours {new}")
    if words.COLOUR_NOUN.search(head(old)) and not words.WHOLE.search(plain):
        colour = words.COLOUR.search(plain)
        return Reading(
            "recolour",
            SURE,
            "it speaks of a thing's colour",
            owner(old),
            colour.group(0) if colour else plain,
        )
    if (
        (words.VIEW.search(new) and not split)
        or (split and words.VIEW.match(new))
        or (certain and words.VIEW.search(f"to {new}"))
    ):
        return Reading("reorient", SURE, "it asks for another view or direction", thing, new)
    if starts(words.POSE, new) and not words.ARTICLE.match(plain) and not _SEEMS.match(new):
        return Reading("reorient", SURE, "it asks for another pose", thing, new)
    if words.STYLE.search(plain) and (
        not split
        or whole
        or LOOKS.search(plain)
        or starts(words.STYLE, plain)
        or re.match(r"look|as if|like", new)
    ):
        return Reading("restyle", SURE, "it names a medium or a style", "", plain)
    if (
        certain
        and re.fullmatch(rf"(?:a |an )?(?:real(?:istic)? )?{words.PICTURE.pattern}", plain, re.IGNORECASE)
        and not whole
    ):
        return Reading("restyle", LIKELY, "it names another medium", "", plain)
    if re.match(
        r"(?:it |this |that )?(?:was |were |is )?(?:been )?(?:taken|shot|photographed|captured|filmed)\b",
        plain,
    ) and not words.LIGHT.search(plain):
        return Reading("global", LIKELY, "it is about how the picture was taken", "", plain)
    if (words.MADE_OF.match(plain) and not words.ARTICLE.match(old)) or (
        words.MATERIAL.fullmatch(plain) and not whole
    ):
        return Reading("recolour", LIKELY, "it asks for another surface", thing, plain)
    lit = re.sub(r"^(?:an?|the) ", "", plain)
    if (
        is_light(plain)
        or starts(words.LIGHT, plain)
        or re.match(rf"{words.LIGHT.pattern}", lit, re.IGNORECASE)
    ) and (whole or is_background(old) or ends(words.PLACE, old) or not words.ARTICLE.match(plain)):
        return Reading("relight", SURE, "it asks for another light, weather or time of day", "", plain)
    if words.WHOLE.search(plain) and (
        whole or words.EVERYTHING.search(old) or ends(words.COLOUR_NOUN, old) or ends(words.WHOLE, old)
    ):
        return Reading("global", SURE, "it changes a property of the whole picture", "", plain)
    if starts(words.WHOLE, plain) and not words.ARTICLE.match(plain):
        bright = re.match(r"(?:brighter|darker|lighter|vivid|vibrant|colou?rful|faded)", plain, re.IGNORECASE)
        if bright:
            return Reading(
                "recolour", LIKELY, "it changes how light or strong a thing's colour is", thing, plain
            )
        return Reading("global", GUESS, "it speaks of a property that pictures have", "", plain)
    if not certain and re.search(r"\b(?:everything|whole|entire|overall)\b", old, re.IGNORECASE):
        return Reading("global", GUESS, "it is about the whole picture", "", plain)
    if starts(words.SIZE, plain):
        return Reading("reorient", LIKELY, "it asks for another size or distance", thing, plain)
    where = words.WHERE.match(new)
    if where and (
        ends(words.PLACE, where["place"]) or is_light(where["place"]) or is_background(where["place"])
    ):
        return Reading("relight", LIKELY, "it asks for another place", thing, new)
    if words.ARTICLE.match(plain) and (made or re.match(r"as\s|like\s", new)):
        return Reading("swap", SURE if certain else LIKELY, f"'{old}' becomes another thing", thing, plain)
    if certain:
        return Reading("swap", LIKELY, f"'{old}' becomes another thing", thing, plain)
    return None
