"""The toybox's own words: the content labels that its CLIP has learnt to tell apart.

Every label is kept with what must be true of a picture that deserves it, so that the CLIP's trainer can
teach it and a test can check it.
"""

from .captions import CONCEPTS, SCENE_PHRASES, Caption
from .world import COLOURS

__all__ = ["LABELS", "VOCABULARY"]

#: Words for what is seen of one scene.
_SCENE_WORDS: dict[str, tuple[str, ...]] = {
    "grass": ("grass", "meadow"),
    "snow": ("snow", "winter"),
    "beach": ("beach", "sand", "sea"),
    "night": ("night", "moon", "stars", "dark"),
    "table": ("table", "wood", "wooden table"),
    "studio": ("studio", "plain background"),
}
_STYLE_WORDS = {"photo": ("photo",), "cartoon": ("cartoon",), "sketch": ("sketch", "pencil drawing", "paper")}
_COUNT_WORDS = {1: ("one", "single"), 2: ("two", "pair")}
_SIZES = ("small", "big")


def _labels() -> dict[str, Caption]:
    labels = [Caption(word, concept=word) for word in CONCEPTS]
    labels += [Caption(word, colour=word) for word in COLOURS]
    labels += [Caption(word, scene=scene) for scene in SCENE_PHRASES for word in _SCENE_WORDS[scene]]
    labels += [Caption(word, style=style) for style, words in _STYLE_WORDS.items() for word in words]
    labels += [Caption(word, count=count) for count, words in _COUNT_WORDS.items() for word in words]
    labels += [Caption(word, size=word) for word in _SIZES]
    return {label.text: label for label in labels}


#: Label → what it says about a picture (``LABELS["beak"].fits(attributes)``).
LABELS: dict[str, Caption] = _labels()

#: The labels alone, to hand to a session.
VOCABULARY: tuple[str, ...] = tuple(LABELS)
