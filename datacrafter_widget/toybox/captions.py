"""The toybox's language: sentences for pictures, and the short labels a picture deserves.

A caption states some attributes of a picture and is silent about the others; what it states is returned
beside it, so that a trainer knows which other pictures the same caption fits. The bare word "crane" is
ambiguous on purpose: it stands for crane birds and crane machines alike.
"""

from dataclasses import dataclass

import numpy as np

from .world import Attributes

__all__ = [
    "CONCEPTS",
    "SCENE_PHRASES",
    "STYLE_PHRASES",
    "Caption",
    "caption",
    "describe",
    "plural",
    "with_article",
]

SCENE_PHRASES: dict[str, tuple[str, ...]] = {
    "grass": ("on grass", "on the grass", "in a meadow"),
    "snow": ("on snow", "in the snow"),
    "beach": ("on the beach", "on a beach", "on sand"),
    "night": ("at night", "under the night sky"),
    "table": ("on a wooden table", "on a table"),
    "studio": ("on a plain background", "in a studio"),
}
STYLE_PHRASES: dict[str | None, tuple[str, ...]] = {
    "photo": ("a photo of", "a photograph of"),
    "cartoon": ("a cartoon of", "a cartoon drawing of"),
    "sketch": ("a sketch of", "a pencil sketch of", "a pencil drawing of"),
    None: ("a picture of", "an image of"),
}
_PLURALS = {"strawberry": "strawberries", "fish": "fish", "cactus": "cacti"}

#: Word → the kinds that it is true of: names, groups, and parts that can be seen.
CONCEPTS: dict[str, tuple[str, ...]] = {
    "strawberry": ("strawberry",),
    "apple": ("apple",),
    "lemon": ("lemon",),
    "pear": ("pear",),
    "mushroom": ("mushroom",),
    "cactus": ("cactus",),
    "fish": ("fish",),
    "bird": ("bird", "crane bird"),
    "boat": ("boat",),
    "house": ("house",),
    "crane": ("crane bird", "crane machine"),
    "crane bird": ("crane bird",),
    "crane machine": ("crane machine",),
    "construction crane": ("crane machine",),
    "fruit": ("strawberry", "apple", "lemon", "pear"),
    "plant": ("cactus",),
    "animal": ("fish", "bird", "crane bird"),
    "machine": ("crane machine",),
    "vehicle": ("boat",),
    "building": ("house",),
    "leaf": ("strawberry", "apple", "pear"),
    "seeds": ("strawberry",),
    "dots": ("mushroom",),
    "pot": ("cactus",),
    "fin": ("fish",),
    "beak": ("bird", "crane bird"),
    "wing": ("bird", "crane bird"),
    "long legs": ("crane bird",),
    "long neck": ("crane bird",),
    "sail": ("boat",),
    "roof": ("house",),
    "window": ("house", "crane machine"),
    "door": ("house",),
    "hook": ("crane machine",),
    "tower": ("crane machine",),
}


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence and what it says: a concept of CONCEPTS, and attribute values or None where silent."""

    text: str
    concept: str | None = None
    colour: str | None = None
    scene: str | None = None
    style: str | None = None
    count: int | None = None
    size: str | None = None

    def fits(self, attributes: Attributes) -> bool:
        """Whether the caption is true of a picture with these attributes."""
        if self.concept is not None and attributes.kind not in CONCEPTS[self.concept]:
            return False
        stated = ("colour", "scene", "style", "count", "size")
        return all(getattr(self, name) in (None, getattr(attributes, name)) for name in stated)


def plural(noun: str) -> str:
    """Plural of a noun of the toybox, e.g. ``plural("crane bird")`` → "crane birds"."""
    return _PLURALS.get(noun, noun + "s")


def with_article(words: str) -> str:
    """The words after "a" or "an"."""
    return ("an " if words[0] in "aeiou" else "a ") + words


def caption(attributes: Attributes, rng: np.random.Generator, *, ambiguous: float = 0.5) -> Caption:
    """A random sentence for a picture, as a person would vary it.

    ``ambiguous`` is the share of pictures of either crane that are called just "crane".
    """
    concept = noun = attributes.kind
    if noun.startswith("crane") and rng.random() < ambiguous:
        concept = noun = "crane"
    elif noun == "crane machine" and rng.random() < 0.25:
        noun = "construction crane"
    style = attributes.style if rng.random() < 0.92 else None
    colour = attributes.colour if rng.random() < 0.72 else None
    size = attributes.size if attributes.size != "medium" and rng.random() < 0.4 else None
    scene = attributes.scene if rng.random() < 0.75 else None
    opening = str(rng.choice(STYLE_PHRASES[style]))
    place = str(rng.choice(SCENE_PHRASES[scene])) if scene else None
    text = _sentence(opening, size, colour, noun, attributes.count, place)
    return Caption(text, concept, colour, scene, style, attributes.count, size)


def describe(attributes: Attributes, *, concept: str | None = None) -> Caption:
    """The one full sentence for a picture, with plain words; ``concept`` may replace its kind's name."""
    noun = concept or attributes.kind
    text = _sentence(
        STYLE_PHRASES[attributes.style][0],
        None,
        attributes.colour,
        noun,
        attributes.count,
        SCENE_PHRASES[attributes.scene][0],
    )
    return Caption(text, noun, attributes.colour, attributes.scene, attributes.style, attributes.count)


def _sentence(
    opening: str, size: str | None, colour: str | None, noun: str, count: int, place: str | None
) -> str:
    words = " ".join(word for word in (size, colour, noun if count == 1 else plural(noun)) if word)
    words = with_article(words) if count == 1 else f"two {words}"
    return " ".join(part for part in (opening, words, place) if part)
