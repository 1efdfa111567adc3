"""Edits of the toybox's pictures whose right answers are known.

A picture with one thing is rendered, and so is its answer: the same, from the same seed, but for what is wished. An
edit should leave alone the surroundings of a thing that is recoloured or joined by another, and the thing that is put
elsewhere.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation

from datacrafter_widget.models.editors.editor import EditRequest
from datacrafter_widget.toybox.captions import describe, with_article
from datacrafter_widget.toybox.world import COLOURS, SCENES, Attributes, even_attributes, render_boxes

#: Change → the attribute that it changes, and that attribute's values.
CHANGES = {"recolour": ("colour", tuple(COLOURS)), "scene": ("scene", SCENES), "second": ("count", (1, 2))}
#: Question of the judge → attribute.
ASPECTS = {"class": "kind", "colour": "colour", "scene": "scene", "style": "style", "count": "count"}
DAY = tuple(scene for scene in SCENES if scene != "night")
ALIKE = 8  # of 255: what changes less from scene to scene is the thing
MARGIN = 3  # pixels that a mask goes beyond a thing
BRUSH = 1  # pixels that a mask of the surroundings stays clear of the thing
SHADOW = 4  # pixels around things that don't count as their surroundings


@dataclass(frozen=True)
class Task:
    """One edit.

    Attributes:
        change: of CHANGES.
        request: what an editor is asked, without a mask.
        mask: what a person would paint for an editor that needs a mask.
        wanted: what the answer shows.
        before: (64, 64, 3) uint8, the picture.
        answer: (64, 64, 3) uint8, as it should become.
        stays: (64, 64) bool, where the edit should look like the answer whatever it made up.
        thing: (64, 64) bool, where the thing is in the picture, as a person sees it.
    """

    change: str
    request: EditRequest
    mask: Image.Image
    wanted: Attributes
    before: np.ndarray
    answer: np.ndarray
    stays: np.ndarray
    thing: np.ndarray


def tasks(change, count, seed):
    """So many edits of a kind; even attributes, one thing of medium size."""
    return [task(change, number, seed) for number in range(count)]


def task(change, number, seed):
    name, values = CHANGES[change]
    drawn = (seed, number, list(CHANGES).index(change))
    rng = np.random.default_rng(drawn)
    shown = even_attributes(rng, count=1, size="medium")
    others = [value for value in values if value != getattr(shown, name)]
    wanted = replace(shown, **{name: others[rng.integers(len(others))]})

    def drawing(attributes):
        generators = (np.random.default_rng((*drawn, part)) for part in (1, 2))
        return render_boxes(attributes, next(generators), scene_rng=next(generators))[0]

    def things(attributes):
        scenes = np.stack([drawing(replace(attributes, scene=scene)) for scene in DAY])
        return (np.ptp(scenes, axis=0) < ALIKE).all(axis=2)

    before = drawing(shown)
    thing = things(shown)
    around = ~binary_dilation(thing | things(wanted), iterations=SHADOW)
    request = EditRequest(
        picture=Image.fromarray(before),
        instruction=wish(change, wanted),
        source=describe(shown).text,
        target=describe(wanted).text,
        seed=1000 * seed + number,
    )
    return Task(
        change=change,
        request=request,
        mask=painted(change, thing),
        wanted=wanted,
        before=before,
        answer=drawing(wanted),
        stays=thing if change == "scene" else around,
        thing=thing,
    )


def painted(change, thing):
    """A mask for a wish: a box around the thing; all but the thing; or the rows in which a second one has to stand."""
    if change == "scene":
        return Image.fromarray(np.where(binary_dilation(thing, iterations=BRUSH), 0, 255).astype(np.uint8))
    top, bottom = reach(thing.any(axis=1))
    left, right = reach(thing.any(axis=0)) if change == "recolour" else (0, thing.shape[1])
    mask = np.zeros(thing.shape, np.uint8)
    mask[top:bottom, left:right] = 255
    return Image.fromarray(mask)


def reach(shown):
    """From where to where a thing reaches, and a little more."""
    at = np.flatnonzero(shown)
    return max(0, at[0] - MARGIN), at[-1] + 1 + MARGIN


def wish(change, wanted):
    """What a person says."""
    if change == "recolour":
        return f"make the {wanted.kind} {wanted.colour}"
    if change == "second":
        return f"add a second {wanted.kind}"
    places = {"table": "on a wooden table", "studio": "on a plain background", "night": "at night"}
    return f"put {with_article(wanted.kind)} {places.get(wanted.scene, f'on {wanted.scene}')}"
