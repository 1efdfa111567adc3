"""Wishes whose leading verb says what to do: "paint", "brighten", "rotate", and light that does its work."""

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
    thing_of,
)
from datacrafter_widget.editing.rules.additions import LOOKS

if TYPE_CHECKING:
    from datacrafter_widget.models.editors.editor import Action


_SUN = re.compile(
    r"\b(?:sun|moon|stars?|lamps?|lanterns?|candles?) (?:to )?(?:set|rise|shine|go down|"
    r"come (?:up|out)|glow|light)",
    re.IGNORECASE,
)


_FIRST = re.compile(r"^(?P<verb>[\w-]+)(?: (?:up|down|out))?(?:\s+(?P<rest>.+))?$")


_TONE = re.compile(
    r"^(?:increase|decrease|boost|reduce|enhance|improve|adjust|correct|fix|sharpen|"
    r"soften|blur|brighten|darken|lighten|desaturate|saturate|crop|zoom|upscale|"
    r"restore|retouch|denoise|invert|colou?ri[sz]e|normali[sz]e|balance|tone|apply|"
    r"intensify|raise|lower|auto|strengthen|weaken|warm|cool|deblur|rescale|resize|"
    r"beautify|amplify|mute|crank|dial|lessen|deepen|lift|bump|crush|even|optimi[sz]e|"
    r"equali[sz]e)$",
    re.IGNORECASE,
)


_LIGHTEN = re.compile(
    r"^(?:light|relight|re-light|illuminate|backlight|dim|blur|darken|brighten|lighten|defocus|soften)$",
    re.IGNORECASE,
)


_PAINT = re.compile(
    r"^(?:paint|dye|colou?r|re-?colou?r|tint|bleach|spray|spray-paint|stain|repaint|"
    r"colou?ri[sz]e|shade|tan)$",
    re.IGNORECASE,
)


def lit(said: str) -> Reading | None:
    """Sun, rain and lamps that are to do what they do."""
    plain = re.sub(r"^(?:let|make|have) (?:it )?", "", said, flags=re.IGNORECASE)
    if _SUN.search(said) or re.match(
        r"^(?:snow|rain|pour|storm|hail)(?:ing|y)?\b(?! \w+s\b)", plain, re.IGNORECASE
    ):
        return Reading("relight", SURE, "it asks for other light or weather", "", plain)
    return None


def acted(said: str) -> Reading | None:  # noqa: C901, PLR0911, PLR0912
    """What a leading verb and its object mean."""
    found = _FIRST.match(said)
    if not found:
        return None
    verb, rest = found["verb"], (found["rest"] or "").strip()
    if words.STYLE_VERB.match(verb):
        return Reading("restyle", SURE, f"'{verb}' is a change of style", "", verb)
    if _PAINT.match(verb) and rest:
        colour = list(words.COLOUR.finditer(rest))
        if colour and not words.ARTICLE.match(rest):
            thing = re.sub(
                r"\s+(?:in|with|to)?(?:\s+an?)?(?:\s+[\w-]+ (?:shade|tone) of)?\s*$",
                "",
                rest[: colour[-1].start()],
            )
            kind: Action = (
                "global" if words.is_picture(thing) and words.EVERYTHING.search(thing) else "recolour"
            )
            return Reading(
                kind, SURE, "it names a colour for a thing", thing_of(thing), rest[colour[-1].start() :]
            )
        if words.is_picture(rest):
            return Reading("global", LIKELY, "it changes the colours of the whole picture", "", rest)
        if not words.ARTICLE.match(rest):
            return Reading("recolour", LIKELY, "it asks for another colour", thing_of(head(rest)), rest)
    if rest and is_background(rest):
        return Reading("relight", SURE, "it changes what is behind the things, or the light", "", said)
    if re.match(
        r"^turn (?:on|off) |^turn .+ (?:on|off)$|^switch (?:on|off) ", said, re.IGNORECASE
    ) and re.search(r"light|lamp|sun", rest):
        return Reading("relight", LIKELY, "it changes the light", "", said)
    if _TONE.match(verb) or _LIGHTEN.match(verb):
        if rest and (
            (is_light(rest) and not words.WHOLE.search(rest))
            or (
                _LIGHTEN.match(verb)
                and verb.lower() in ("light", "relight", "illuminate", "backlight", "dim")
            )
        ):
            return Reading("relight", SURE, "it changes the light", "", said)
        if words.STYLE.search(rest) and LOOKS.search(rest):
            return Reading("restyle", LIKELY, "it names a medium or a style", "", rest)
        if verb.lower() in ("raise", "lower", "lift") and not words.WHOLE.search(rest):
            return Reading(
                "reorient", SURE, "it asks for another pose or place of a thing", thing_of(rest), said
            )
        if (
            verb.lower() in ("brighten", "darken", "lighten")
            and rest
            and not words.EVERYTHING.search(rest)
            and not words.is_picture(rest)
        ):
            return Reading(
                "recolour", GUESS + 0.1, "it makes a thing lighter or darker", thing_of(rest), f"{verb}ed"
            )
        return Reading(
            "global",
            SURE if words.WHOLE.search(said) else LIKELY,
            f"'{verb}' changes the whole picture",
            "",
            said,
        )
    if words.POSE_VERB.match(verb) and rest and not words.ARTICLE.match(rest):
        return Reading("reorient", SURE, f"'{verb}' turns or moves a thing", thing_of(head(rest)), said)
    if verb.lower() in ("change", "different", "vary", "modify", "alter", "adjust", "other", "new"):
        if words.COLOUR_NOUN.search(head(rest)):
            return Reading("recolour", LIKELY, "it asks for another colour", owner(rest), "")
        if words.VIEW.search(rest) or words.LIMB.search(rest):
            return Reading("reorient", LIKELY, "it asks for another view or pose", "", rest)
        if re.search(r"\bstyle\b", rest):
            return Reading("restyle", LIKELY, "it asks for another style", "", rest)
        if is_light(rest):
            return Reading("relight", LIKELY, "it changes the light", "", rest)
        if ends(words.WHOLE, rest):
            return Reading("global", LIKELY, "it changes the whole picture", "", rest)
    return None
