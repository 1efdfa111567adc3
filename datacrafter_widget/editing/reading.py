"""What a wish asks for, and the helpers that take its words apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacrafter_widget.editing import words
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from datacrafter_widget.models.editors.editor import Action


LONGEST = 300


SURE, LIKELY, GUESS = 0.95, 0.8, 0.5


@dataclass(frozen=True)
class Reading:
    """What a wish asks for.

    Attributes:
        action: what kind of change.
        confidence: 0 … 1; 0.5 for a guess.
        reason: why, in words for a person.
        thing: what is changed, in the wish's words; "" for the picture or what it mainly shows.
        result: what it becomes or what comes in: a thing, a colour, a place, a style, a pose.
    """

    action: Action
    confidence: float
    reason: str
    thing: str = ""
    result: str = ""


_BEFORE = re.compile(
    r"^(?:please|kindly|hey|hi|hello|ok|okay|so|now|then|and|also|maybe|perhaps|"
    r"just(?! (?:one|two|the|a|an)\b)|simply|i think|well|"
    r"(?:can|could|would|will) (?:you|we|i|u|someone|somebody|anyone|anybody)(?: please| kindly| maybe| just|"
    r" also)?(?: try to)?|(?:do|would) you mind|"
    r"i(?:'d| would| 'd)? (?:like|love|prefer|want|wish|need)(?: you)?(?: to (?:see|have|"
    r"get|view)\b| to\b)?|i(?:'d| would)? (?:rather|prefer(?: to)?)(?: have| see)?|i want|"
    r"i need|i'm missing|i miss|"
    r"what would (?:it|this|that) (?:look|be) like if|"
    r"we (?:want|need)|let'?s(?: see)?|how about|what about|try to|try|may i (?:see|have)|"
    r"i was hoping for|it would be (?:nice|great|cool) (?:to|if)|"
    r"is it possible to|(?:my )?wish:|edit:|go ahead and|instead(?! of))(?:[\s,:]+|$)",
    re.IGNORECASE,
)


_AFTER = re.compile(
    r"[\s,]*(?:[.!?;]+|\bplease|\bpls|\bthanks?(?: you)?|\bif possible|\bfor me|\binstead|"
    r"\binto the bargain|:\)|\btoo|\bas well)\s*$",
    re.IGNORECASE,
)


def bare_wish(instruction: str) -> str:
    """A wish without what politeness puts around it: "Could you make it red, please?" → "make it red"."""
    said = plain_line(instruction, LONGEST).replace("\u2019", "'").strip(" \"'`\u201c\u201d")
    while True:
        shorter = _AFTER.sub("", _BEFORE.sub("", said)).strip(" ,")
        if shorter == said:
            return said
        said = shorter


_CUT = re.compile(
    r",|\s(?:in|on|at|of|with|behind|near|next|beside|under|over|from|by|to|for|into|onto|"
    r"above|below|around|between|"
    r"that|which|who|so|while|where|after|before|during|instead|perched|wearing|holding|"
    r"sitting|standing|lying)\b",
    re.IGNORECASE,
)


def head(phrase: str) -> str:
    """A phrase up to what describes its thing further: "the tree in the background" → "the tree"."""
    return _CUT.split(phrase.strip(), maxsplit=1)[0].strip()


def ends(pattern: re.Pattern[str], phrase: str) -> bool:
    """Whether a phrase's main word is one of the pattern's: the last one before what describes it further."""
    said = head(phrase)
    return any(found.end() == len(said) for found in pattern.finditer(said))


def starts(pattern: re.Pattern[str], phrase: str) -> bool:
    """Whether a phrase, after "be" and the like, begins with one of the pattern's words."""
    return (
        pattern.match(
            re.sub(
                r"^(?:be|being|look(?:s|ing)?(?: like)?|appear|seem|a bit|a little|slightly|more|less|"
                r"much|very|so)\s+",
                "",
                phrase,
            )
        )
        is not None
    )


LAMPS = re.compile(
    r"\b(?:street|traffic|christmas|fairy|tail|head|string|ceiling|brake|signal|stop|"
    r"flash|floor|desk)[- ]?lights?\b|\b(?:lamp|eye|window)[- ]?shades?\b",
    re.IGNORECASE,
)


def is_light(phrase: str) -> bool:
    """Whether a phrase names light, weather or a time of day; a street light is a thing."""
    main = head(phrase)
    if LAMPS.search(main):
        return False
    return ends(words.LIGHT, main) or ends(words.LIGHT_NOUN, main)


def is_background(phrase: str) -> bool:
    """Whether a phrase names what is behind the things."""
    return ends(words.BACKGROUND, phrase)


def thing_of(phrase: str) -> str:
    """What a wish names as the thing to change; "" where it is "it" or the picture."""
    return "" if words.is_picture(phrase) else phrase.strip()


def owner(thing: str) -> str:
    """Whose colour it is: "the lemon's yellow" and "the colour of the lemon" → "the lemon"."""
    thing = re.sub(rf"^(?:the )?(?:{words.COLOUR_NOUN.pattern}) of ", "", thing.strip(), flags=re.IGNORECASE)
    thing = re.sub(rf"(?:'s|s')? (?:{words.COLOUR_NOUN.pattern})$", "", thing, flags=re.IGNORECASE)
    owned = re.fullmatch(r"(.+?)(?:'s|s') (.+)", thing)
    if owned and words.is_colour(owned[2]):
        thing = owned[1]
    return thing_of(thing)


def without_colour(phrase: str) -> str:
    """A phrase without its colours."""
    return " ".join(words.COLOUR.sub(" ", phrase).split())


def subject(phrase: str) -> str:
    """Who acts in "the horse gallop"."""
    found = words.POSE.search(phrase)
    return thing_of(phrase[: found.start()]) if found else ""


def predicate(phrase: str) -> str:
    """What is done in "the horse gallop"."""
    found = words.POSE.search(phrase)
    return phrase[found.start() :] if found else phrase
