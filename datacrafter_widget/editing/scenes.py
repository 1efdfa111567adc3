"""Places, light and times of day in captions."""

from __future__ import annotations

import re

from datacrafter_widget.editing import words

_AT = re.compile(
    r"^(?:the |an? )?(night|nighttime|night time|sunset|sunrise|dawn|dusk|noon|midday|"
    r"midnight|twilight|golden hour|blue hour|daytime)\b",
    re.IGNORECASE,
)
_IN_THE = re.compile(
    r"^(?:the |an? )?(?:early |late )?(morning|evening|afternoon|rain|snow|fog|mist|dark|"
    r"storm|moonlight|sunlight|sunshine)$",
    re.IGNORECASE,
)
_SEASON = re.compile(r"^(?:the )?(?:early |late )?(?:winter|summer|autumn|spring)$", re.IGNORECASE)
_WEATHER = {
    "raining": "in the rain",
    "rain": "in the rain",
    "rainy": "on a rainy day",
    "snowing": "in falling snow",
    "snow": "in the snow",
    "snowy": "on a snowy day",
    "foggy": "in fog",
    "misty": "in mist",
    "sunny": "on a sunny day",
    "cloudy": "under a cloudy sky",
    "overcast": "under an overcast sky",
    "stormy": "in a storm",
    "day": "in daylight",
    "daylight": "in daylight",
}
_ON = re.compile(
    r"\b(?:beach|grass|table|tabletop|snow|sand|lawn|counter|countertop|street|road|moon|"
    r"mars|island|balcony|terrace|rooftop|bridge|shelf|desk|floor|carpet|"
    r"sidewalk|pavement|stage|hill|pier|background|ice|glacier|runway|highway|coast|shore|mountain)$",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(?:backdrop|wall|mountains|tower|skyline|curtain|taj mahal)$", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"^(?:on|in|at|under|underneath|inside|against|in front of|by|near|next to|among|amid|"
    r"behind|over|above|beneath|surrounded by|after|during|before|with|without)\s",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\s(?:at (?:night|sunset|sunrise|dawn|dusk|noon|midday|midnight|twilight|golden hour|"
    r"blue hour|daytime)|under the night sky|in the (?:early |late )?(?:morning|evening|"
    r"afternoon)|"
    r"in daylight|by (?:day|night))\b",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r",?\s(?:on|in|at|under|inside|against|in front of|by|near|among|amid)\s(?:an? |"
    r"the )?(?:[\w'-]+ ){0,3}?" + words.PLACE.pattern + r"(?: background| backdrop)?",
    re.IGNORECASE,
)


_GROUND = re.compile(
    r",?\s(?:on|in) (?:an? |the )?(?:wooden |plain )?(?:grass|snow|sand|table|background|studio|meadow|beach)$",
    re.IGNORECASE,
)


def moved_to(caption: str, wanted: str) -> str:
    """A caption with another place, light, weather or time of day.

    A time takes the place of a time, a place that of a place; what the caption does not name is said at its end.
    Where all that a caption says of its scene is the ground ("on grass") or the time ("at night"), one takes the
    other's place: it said one thing and goes on to say one.

    Args:
        caption: what a picture shows.
        wanted: as a wish says it: "night", "on snow", "a tropical beach", "soft light from the left".
    """
    said = where(wanted)
    on_ground = _GROUND.search(caption) is not None
    if _TIME.match(f" {said}"):
        return f"{_GROUND.sub('', _TIME.sub('', caption))} {said}"
    placed = _PLACES.search(caption) is not None
    weather = said in _WEATHER.values() and placed and not on_ground
    is_place = _PLACES.search(f" {said}") or (_PREPOSITION.match(said) and not words.LIGHT.search(said))
    if weather or not is_place:
        return f"{caption}{' ' if _PREPOSITION.match(said) else ', '}{said}"
    if not placed and _GROUND.match(f" {said}"):
        caption = _TIME.sub("", caption)
    return f"{_PLACES.sub('', caption)} {said}"


def where(wanted: str) -> str:  # noqa: C901, PLR0911
    """A place or time as a caption says it: "night" → "at night", "a sunny beach" → "on a sunny beach"."""
    said = re.sub(
        r"^(?:to|onto|into)\s+(?=\w)",
        lambda found: {"onto": "on ", "into": "in "}.get(found.group(0).strip().lower(), ""),
        wanted.strip(),
        flags=re.IGNORECASE,
    )
    said = re.sub(
        r"^(?:it|look(?:s|ing)?(?: like)?|be|like|more|standing|sitting|being)\s+",
        "",
        said,
        flags=re.IGNORECASE,
    )
    if _PREPOSITION.match(said):
        return said
    plain = re.sub(r"^(?:the|an?) ", "", said, flags=re.IGNORECASE)
    at, weather = _AT.match(said), _WEATHER.get(plain.lower())
    if weather:
        return weather
    if at and at.end() == len(said):
        return f"at {at[1].lower().replace('nighttime', 'night').replace('night time', 'night')}"
    if _IN_THE.match(said):
        return f"in the {plain}"
    if _SEASON.match(said):
        return f"in {plain}"
    if _BEFORE.search(said):
        return f"in front of {said}"
    if re.search(r"\bbackground$", said, re.IGNORECASE):
        return f"on {said if said != plain else 'a ' + plain}"
    if re.search(r"\bsky$", said, re.IGNORECASE):
        return f"under {said if said != plain else 'a ' + plain}"
    if _ON.search(said):
        return f"on {said}"
    if words.PLACE.search(said):
        return f"in {said}"
    return said
