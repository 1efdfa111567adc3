"""Sentences of a class's word and content labels: a small grammar that knows where a label may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datacrafter_widget.generation.english import correct_articles, tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    Place = Literal["medium", "count", "before", "colour", "with", "where", "when"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What a picture is made as: "a sketch of a pear".
MEDIA = _words(
    "anime cartoon collage comic drawing embroidery engraving graffiti icon illustration image logo mosaic "
    "origami painting photo photograph picture poster render sculpture sketch tattoo watercolor"
)
_COLOURS = _words("beige black blue brown gray green grey orange pink purple red white yellow")
_PAIRS = {"pair": "a pair of", "couple": "a couple of"}
#: Where English has its own preposition or article; the last word of a label decides.
_PLACES = {
    "on {}": "asphalt canvas concrete earth grass gravel ice marble metal mud paper sand snow stone wood",
    "on a {}": "background beach bed bench branch carpet desk farm field floor hill lawn motorway mountain plate "
    "road rock roof runway shelf shore sofa street table wall",
    "in {}": "space water",
    "in a {}": "basket box cage cave city desert factory forest garden harbor hospital jungle kitchen lake library "
    "market meadow museum office park playground pond pool pot restaurant river room shop studio swamp valley "
    "village",
    "in the {}": "ocean sea sky",
}
_TIMES = {
    "at {}": "dawn dusk night noon sunrise sunset twilight",
    "in {}": "autumn backlight darkness daylight fog mist rain shade shadow spring summer sunlight sunshine winter",
    "under the {}": "moon stars sun",
}
_FORMS: dict[str, tuple[Place, str]] = {
    **{word: ("where", form) for form, words in _PLACES.items() for word in words.split()},
    **{word: ("when", form) for form, words in _TIMES.items() for word in words.split()},
}
_FORMS_OF_OTHERS = ("with {}", "with a {}")
_FORMS_OF_PLURALS = ("with {}",)


@dataclass(frozen=True)
class Part:
    """A label, and how a sentence says it.

    Attributes:
        label: the content label.
        place: where it stands.
        words: what stands there.
    """

    label: str
    place: Place
    words: str

    def joins(self, parts: Sequence[Part]) -> bool:
        """Whether a sentence with these parts has room for this one.

        It has one medium, one number, one colour, one place, one time or light, and says no word twice.
        """
        return not any(
            set(self.label.split()) & set(part.label.split())
            or (self.place == part.place and self.place not in ("before", "with"))
            for part in parts
        )


def parts_of(label: str) -> list[Part]:
    """The ways to say a label, by its part of speech (TextBlob's lexicon); which one is best, an encoder knows."""
    from textblob.en import tag

    tagged = tag(label)
    word, kind = tagged[-1] if tagged else (label, "NN")
    word = word.lower()
    if word in MEDIA:
        return [Part(label, "medium", label)]
    if word in _PAIRS and len(tagged) == 1:
        return [Part(label, "count", _PAIRS[word])]
    if kind == "CD" and len(tagged) == 1:
        return [] if word in ("one", "1") else [Part(label, "count", label)]
    if word in _FORMS:
        place, form = _FORMS[word]
        return [Part(label, place, form.format(label))]
    if word in _COLOURS or kind.startswith(("JJ", "VBG", "VBN")):
        return [Part(label, "colour" if word in _COLOURS else "before", label)]
    forms = _FORMS_OF_PLURALS if kind == "NNS" else _FORMS_OF_OTHERS
    return [Part(label, "with", form.format(label)) for form in forms]


def sentence(class_word: str, parts: Sequence[Part]) -> str:
    """One sentence with the class's word and all parts, such as "a sketch of a red pear on snow"."""
    at: dict[Place, list[str]] = {
        "medium": [], "count": [], "before": [], "colour": [], "with": [], "where": [], "when": [],
    }  # fmt: skip
    for part in parts:
        at[part.place].append(part.words)
    adjectives = at["before"] + at["colour"]
    things = f"a {' '.join([*adjectives, class_word])}"
    if at["count"]:
        things = " ".join([*at["count"], *adjectives, plural(class_word)])
    medium = at["medium"][0] if at["medium"] else "photo"
    return tidy(
        correct_articles(" ".join([f"a {medium} of", things, *at["with"], *at["where"], *at["when"]]))
    )


def plural(word: str) -> str:
    """Several of a thing."""
    import inflect

    return str(inflect.engine().plural_noun(word) or word)
