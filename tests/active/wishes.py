"""A class whose pictures are all alike, and what it lacks: wishes with a known answer, from the renderer."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from datacrafter_widget.active.describe import spread_of
from datacrafter_widget.active.modality import ModalityGap, unit_rows
from datacrafter_widget.toybox.vocabulary import LABELS
from datacrafter_widget.toybox.world import KINDS, TYPICAL, Attributes, even_attributes, render

STATED = ("colour", "scene", "style", "count", "size")


def alike(kind):
    """What all pictures of the class show."""
    return Attributes(kind, TYPICAL[kind][0], "grass", "photo")


@dataclass(frozen=True)
class Wish:
    """A feature a little way from the class's mean towards pictures that have other attributes."""

    kind: str
    lacking: dict[str, str | int]
    x: np.ndarray
    usual: np.ndarray
    spread: float

    def true_of(self, labels):
        """Whether labels say all that is lacking."""
        said = [LABELS[label] for label in labels]
        return all(any(getattr(each, name) == value for each in said) for name, value in self.lacking.items())

    def contradicted_by(self, labels):
        """Labels that are not true of the pictures that are lacking."""
        shown = replace(alike(self.kind), **self.lacking)
        return [label for label in labels if not LABELS[label].fits(shown)]


class World:
    """Pictures of some kinds, seen by the toybox's encoder."""

    def __init__(self, encoder, seed=0):
        self.encoder = encoder
        self.labels = list(LABELS)
        self._seed = seed
        rng = np.random.default_rng(seed)
        pictures = [even_attributes(rng) for _ in range(60)]
        self.gap = ModalityGap.between(self.seen(pictures), encoder.encode_texts(self.labels))

    def seen(self, drawn):
        rng = np.random.default_rng(self._seed)
        return self.encoder.encode_images([Image.fromarray(render(each, rng)) for each in drawn])

    def wish(self, kind, **lacking):
        same = alike(kind)
        others = self.seen([replace(same, **lacking)] * 6)
        usual, spread = spread_of(self.seen([same] * 8))
        x = unit_rows((usual + 0.2 * (others.mean(axis=0) - usual))[None], "x")[0]
        return Wish(kind, lacking, x, usual, spread)

    def arguments(self, wish):
        """What `describe` is told of a wish, after the feature and the class's word."""
        return {
            "labels": self.labels,
            "encode_texts": self.encoder.encode_texts,
            "gap": self.gap,
            "usual": wish.usual,
            "others": [kind for kind in KINDS if kind != wish.kind],
        }
