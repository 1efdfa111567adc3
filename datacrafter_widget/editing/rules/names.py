"""Wishes that are no command: a complaint ("it is too dark") or a bare phrase ("as a sketch", "at night")."""

from __future__ import annotations

import re

from datacrafter_widget.editing import words
from datacrafter_widget.editing.reading import (
    GUESS,
    LAMPS,
    LIKELY,
    Reading,
    ends,
    head,
    is_background,
    is_light,
    predicate,
    subject,
    thing_of,
    without_colour,
)

_TOO = re.compile(
    r"^(?P<what>.+?) (?:is|are|looks?|seems?|feels?|'s) (?:far |way |much |a bit |"
    r"a little |still )?(?:too|not|a bit|a little|rather|very|kind of|so) (?P<how>.+)$",
    re.IGNORECASE,
)


_FAULTS = re.compile(
    r"(?:dark|bright|light|flat|cold|warm|pale|dull|blue|yellow|green|red|soft|harsh|low)\b", re.IGNORECASE
)


def complained(said: str) -> Reading | None:
    """What is wrong, rather than what should be: "it is too dark"."""
    found = _TOO.match(re.sub(r"^(it|this|that)'s ", r"\1 is ", said, flags=re.IGNORECASE))
    if found is None:
        return None
    what, how = found["what"], found["how"]
    if is_light(what) or is_background(what):
        return Reading(
            "relight", LIKELY, "it is about the light or what is behind the things", "", f"not {how}"
        )
    overall = words.is_picture(what) or ends(words.WHOLE, what) or words.EVERYTHING.search(what)
    if (overall or re.search(r"colou?rs\b", what)) and (words.WHOLE.search(how) or _FAULTS.match(how)):
        return Reading("global", LIKELY, "it is about the whole picture", "", f"not {how}")
    return None


def named(said: str) -> Reading | None:  # noqa: C901, PLR0911, PLR0912
    """What the words alone say, where no frame does: "as a sketch", "at night", "the sneakers in black"."""
    plain = re.sub(
        r"^(?:show|see|view|have|let|make|use|get|do|try|set|depict|photograph|present|imagine)\s+",
        "",
        said,
        flags=re.IGNORECASE,
    )
    plain = re.sub(r"^(?:it|this|that|me|us|all|everything)\s+(?=\w)", "", plain, flags=re.IGNORECASE)
    if words.STYLE.search(plain) and (
        re.match(r"^(?:as|like|in|into|an?)\b", plain, re.IGNORECASE)
        or re.search(r"\b(?:version|style|look|type|effect|of (?:it|this|the)|instead)\b", plain)
        or ends(words.STYLE, plain)
    ):
        return Reading("restyle", LIKELY, "it names a medium or a style", "", plain)
    if words.VIEW.search(plain):
        found = words.VIEW.search(plain)
        return Reading(
            "reorient",
            LIKELY,
            "it names a view or a direction",
            thing_of(head(plain)),
            found.group(0) if found else plain,
        )
    if re.search(
        r"(?:'s|s') (?:back|front|side|rear|underside|bottom|top|inside|other side|profile)$|"
        r"\b(?:back|front|rear|underside|other side|profile) of (?:the|it|this|his|her)\b",
        plain,
        re.IGNORECASE,
    ):
        return Reading("reorient", LIKELY, "it asks for another view", "", plain)
    if re.search(r"\b(?:colou?rs|tones|hues)$", plain, re.IGNORECASE) and not words.DEFINITE.match(plain):
        return Reading("global", LIKELY, "it changes the colours of the whole picture", "", plain)
    coloured = re.match(r"^(?P<thing>.+?),? (?:in|all|with) (?P<colour>.+)$", plain)
    if coloured and words.is_colour(coloured["colour"]) and not words.is_picture(coloured["thing"]):
        return Reading(
            "recolour", LIKELY, "it names a colour for a thing", coloured["thing"], coloured["colour"]
        )
    if re.search(r"black[ -](?:and|&)[ -]white|black/white|b&w", plain, re.IGNORECASE):
        return Reading("global", LIKELY, "it changes the colours of the whole picture", "", "black and white")
    if words.is_colour(plain):
        return Reading("recolour", LIKELY, "it names a colour", "", plain)
    if re.search(r"\b(?:outdoors|indoors|outside|inside)$", plain, re.IGNORECASE):
        return Reading("relight", LIKELY, "it asks for another place", "", plain)
    where = words.WHERE.search(plain)
    if (
        where
        and words.ARTICLE.match(re.sub(r"^\w+ (?=(?:an?|some|two|three|several|another) )", "", plain))
        and not ends(words.PLACE, head(plain))
    ):
        plain = re.sub(r"^\w+ (?=(?:an?|some|two|three|several|another) )", "", plain)
    if where and words.ARTICLE.match(plain) and words.DEFINITE.match(where["place"]) and not is_light(plain):
        return Reading("insert", LIKELY, "it names a thing and where it should be", "", plain)
    if where and (
        ends(words.PLACE, where["place"]) or is_light(where["place"]) or is_background(where["place"])
    ):
        return Reading(
            "relight", LIKELY, "it names a place or a light", thing_of(plain[: where.start()]), where.group(0)
        )
    if (words.LIGHT.search(plain) and not LAMPS.search(plain)) or is_background(plain) or is_light(plain):
        return Reading("relight", LIKELY, "it names a light, a weather or a time of day", "", plain)
    if words.WHOLE.search(plain) or re.search(r"\b(?:overall|everything|whole|entire)\b", plain):
        return Reading("global", LIKELY, "it names a property of the whole picture", "", plain)
    if words.POSE.search(plain) and not words.ARTICLE.match(plain):
        return Reading("reorient", LIKELY, "it names a pose", subject(plain), predicate(plain))
    if words.STYLE.search(plain):
        return Reading("restyle", GUESS, "it names a medium or a style", "", plain)
    if words.COLOUR.search(plain) and not words.ARTICLE.match(plain):
        colour = words.COLOUR.search(plain)
        return Reading(
            "recolour", GUESS, "it names a colour", without_colour(plain), colour.group(0) if colour else ""
        )
    if where and not words.ARTICLE.match(plain):
        return Reading("relight", GUESS, "it names a place", "", where.group(0))
    if words.ARTICLE.match(plain):
        return Reading("insert", GUESS + 0.1, "it names a thing and nothing that becomes of it", "", plain)
    return None
