"""Who brings the pictures that a query in words asks for, and how: two stand-ins for a person.

`Collector` photographs by habit: where the text is silent, its pictures are as the originals are, since the same person
brings both. What a text says is read by the toybox's own words, and drawn by its renderer.

`Painter` is a text-to-image model, as in GenMQD's experiments: it knows the text alone.
"""

from dataclasses import replace

from PIL import Image

from datacrafter_widget.generation.class_words import mentions
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.toybox.vocabulary import LABELS
from datacrafter_widget.toybox.world import KINDS, SCENES, TYPICAL, Attributes, render

_SAID = ("colour", "scene", "style", "count", "size")


def habit(rng, kind):
    """What the owner's pictures show: photographs of one thing of a usual colour, every kind in a place of its own."""
    scene = SCENES[KINDS.index(kind) % len(SCENES)]
    return Attributes(kind, str(rng.choice(TYPICAL[kind])), scene, "photo")


def said(text):
    """Attribute → the values that a text names, one or more."""
    found = {}
    for label, meaning in LABELS.items():
        if mentions(text, label):
            for name in _SAID:
                value = getattr(meaning, name)
                if value is not None and value not in found.setdefault(name, []):
                    found[name].append(value)
    return {name: values for name, values in found.items() if values}


class Collector:
    """Brings renders of a kind that show what the text says; of several places or colours, any."""

    def bring(self, texts, kinds, rng):
        """Pictures of these kinds, one a text."""
        drawn = []
        for text, kind in zip(texts, kinds, strict=True):
            shown = {name: values[int(rng.integers(len(values)))] for name, values in said(text).items()}
            drawn.append(Image.fromarray(render(replace(habit(rng, kind), **shown), rng)))
        return drawn


class Painter:
    """Brings what the toybox's generator draws of the text, right or wrong."""

    def __init__(self):
        self._generator = DiffusersGenerator("toybox", device="cpu")

    def bring(self, texts, kinds, rng):  # noqa: ARG002 - the text names the kind
        """Pictures, one a text."""
        defaults = self._generator.defaults
        wanted = [PictureRequest.by_default(defaults, text, int(rng.integers(2**31))) for text in texts]
        size = defaults.batch_size
        return [
            image
            for first in range(0, len(wanted), size)
            for image in self._generator.generate(wanted[first : first + size])
        ]
