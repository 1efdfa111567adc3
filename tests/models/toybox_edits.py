"""Edits of rendered pictures whose right answers are known, and a judge of them."""

from dataclasses import replace

import numpy as np
from PIL import Image

from datacrafter_widget.models.editors.editor import EditRequest
from datacrafter_widget.toybox.captions import describe
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.toybox.world import COLOURS, KINDS, SCENES, STYLES, even_attributes, render_boxes

ASPECTS = {"class": "kind", "colour": "colour", "scene": "scene", "style": "style", "count": "count"}
CHANGES = {
    "recolour": ("colour", tuple(COLOURS)),
    "scene": ("scene", SCENES),
    "second": ("count", (1, 2)),
    "restyle": ("style", STYLES),
    "swap": ("kind", KINDS),
}


def edits(change, count, seed=0):
    """(request, attributes wanted, box of the object) of pictures with one object."""
    name, values = CHANGES[change]
    made = []
    for number in range(count):
        rng = np.random.default_rng((seed, number, list(CHANGES).index(change)))
        before = even_attributes(rng, count=1, size="medium")
        pixels, boxes = render_boxes(before, rng)
        others = [value for value in values if value != getattr(before, name)]
        after = replace(before, **{name: others[rng.integers(len(others))]})
        request = EditRequest(
            picture=Image.fromarray(pixels),
            instruction="",
            source=describe(before).text,
            target=describe(after).text,
            seed=number,
        )
        made.append((request, after, boxes[0]))
    return made


def around(box, size=(64, 64), margin=3):
    """A mask of a box and a little more."""
    left, top, right, bottom = (round(float(side)) for side in box)
    mask = Image.new("L", size)
    mask.paste(255, (max(0, left - margin), max(0, top - margin), right + margin, bottom + margin))
    return mask


def success(pictures, wanted):
    """The share of pictures that show what was wanted in every respect, as the judge sees them."""
    seen = Judge.load().predict(np.stack([np.asarray(picture) for picture in pictures]))
    right = [
        all(seen[question][number] == getattr(attributes, name) for question, name in ASPECTS.items())
        for number, attributes in enumerate(wanted)
    ]
    return float(np.mean(right))
