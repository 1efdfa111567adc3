"""Wishes that put something somewhere: a new thing, or all that is there into another place."""

from __future__ import annotations

import re

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
    starts,
    thing_of,
)
from datacrafter_widget.editing.rules.additions import comes

_PUT = re.compile(
    r"^(?P<verb>put|place|isolate|set|position|show|move|bring|transport|take|teleport|"
    r"photograph|depict|imagine|stage|park|lay|let|have|see|present|leave|relocate|drop|"
    r"get|send)\s+"
    r"(?P<thing>.+?)\s+(?P<where>(?:onto|on|into|in|inside|at|to|under|underwater|beside|"
    r"next to|near|among|amid|against|in front of|behind|over|above|between|by|around|"
    r"outside|indoors|outdoors)\b.*)$",
    re.IGNORECASE,
)


_CARRIER = re.compile(
    r"\b(?:head|hand|hands|face|neck|wrist|finger|lap|ear|ears|nose|back|shoulder|"
    r"shoulders|man|woman|boy|girl|dog|cat|person|child|him|her|them|it|plate|bowl|cup|"
    r"glass|box|basket|vase|bag)$",
    re.IGNORECASE,
)


_CLOTHES = re.compile(
    r"\b(?:suit|dress|costume|uniform|jacket|coat|outfit|kimono|hat|shirt|t-shirt|armou?r|"
    r"sweater|hoodie|gown|clothes|clothing|jeans|robe|skirt|pyjamas|pajamas)\b",
    re.IGNORECASE,
)


def put(said: str) -> Reading | None:  # noqa: C901, PLR0911, PLR0912
    """Something is put somewhere: a new thing, or all into another place."""
    found = _PUT.match(said)
    if found is None:
        return (re.match(r"^(?:put|place)\s", said, re.IGNORECASE) and comes(said.split(" ", 1)[1])) or None
    thing, where = found["thing"], found["where"]
    moved = bool(words.DEFINITE.match(thing)) or words.is_picture(thing)
    place = re.sub(r"^(?:in front of|next to|\w+)\s*", "", where)
    if re.match(r"^(?:in|into|as)\s", where, re.IGNORECASE):
        if words.is_colour(place):
            return Reading("recolour", SURE, "it asks for a colour", thing_of(thing), place)
        if words.STYLE.search(place) and not ends(words.PLACE, place):
            return Reading("restyle", LIKELY, "it names a medium or a style", "", place)
        if ends(words.WHOLE, place):
            return Reading("global", LIKELY, "it asks for a property of the whole picture", "", place)
        if _CLOTHES.search(head(place)) and moved:
            return Reading("swap", LIKELY, "it asks for other clothes", "", place)
    verb = found["verb"].lower()
    if starts(words.POSE, re.sub(r"^to ", "", where)) or words.VIEW.match(f"{thing.split()[-1]} {where}"):
        return None
    showing = verb in ("move", "show", "photograph", "depict", "imagine", "see", "present")
    if re.search(r"\b(?:as|for) (?:a |the )?(?:background|backdrop)$", where, re.IGNORECASE):
        return comes(f"{thing} {where}")
    if not moved and is_background(thing):
        return comes(thing)
    there = words.DEFINITE.match(place) and not words.VIEW.search(said)
    if not moved and (not showing or there):
        return Reading("insert", SURE, f"'{thing}' is to come in", "", f"{thing} {where}")
    if words.VIEW.search(where) and not is_background(place):
        return Reading(
            "reorient", LIKELY, "it asks for another place or direction of a thing", thing_of(thing), where
        )
    if verb in ("let", "have") and starts(words.POSE, " ".join(thing.split()[-1:])):
        return None
    if ends(words.LIMB, thing) and moved:
        return Reading("reorient", SURE, "it asks for another pose", thing, where)
    there = (
        ends(words.PLACE, place)
        or ends(words.PLACE, place.rsplit(" of ", 1)[-1])
        or is_background(place)
        or is_light(place)
    )
    indefinite = not words.DEFINITE.match(place)
    named = moved and re.match(r"(?:the )?[A-Z]", place) is not None
    if there or named or verb == "isolate" or (moved and indefinite and not _CARRIER.search(head(place))):
        return Reading(
            "relight",
            SURE if there else GUESS + 0.1,
            "what it shows is put into another place or light",
            thing_of(thing),
            where,
        )
    if verb in ("move", "position", "relocate", "bring", "lay"):
        return Reading("reorient", LIKELY, "a thing is moved within the picture", thing_of(thing), where)
    if verb in (
        "show",
        "let",
        "have",
        "see",
        "photograph",
        "depict",
        "imagine",
        "present",
        "take",
        "leave",
        "get",
    ):
        return None
    return Reading("insert", LIKELY, f"'{thing}' is to come in", "", f"{thing} {where}")
