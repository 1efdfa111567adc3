"""Small data sets of rendered pictures, as a person would bring one, and fair sets to test on."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from .world import KINDS, TYPICAL, Attributes, even_attributes, render_boxes, sample_attributes

__all__ = ["CLASSES", "Drawn", "draw_pictures", "even", "one_scene", "usual", "write_originals"]

#: Class names of the originals: the unambiguous kinds, and "crane", whose pictures are of one kind only.
CLASSES: tuple[str, ...] = (*(kind for kind in KINDS if not kind.startswith("crane")), "crane")

Choice = Callable[[np.random.Generator, str], Attributes]
"""What a picture of a kind shows."""


class Drawn(NamedTuple):
    """A rendered picture of a data set."""

    name: str  #: class
    number: int  #: within its class
    picture: np.ndarray  #: (64, 64, 3) uint8
    boxes: np.ndarray  #: (n, 4) float32: left, top, right, bottom in pixels
    attributes: Attributes


def usual(rng: np.random.Generator, kind: str) -> Attributes:
    """Mostly the usual colours, as in a real collection; every scene, style and size occurs."""
    rare = {} if rng.random() < 0.2 else {"colour": str(rng.choice(TYPICAL[kind]))}
    return sample_attributes(rng, kind=kind, **rare)


def one_scene(rng: np.random.Generator, kind: str) -> Attributes:
    """Biased: photographs of one thing of a usual colour on grass."""
    return Attributes(kind, str(rng.choice(TYPICAL[kind])), "grass", "photo")


def even(rng: np.random.Generator, kind: str) -> Attributes:
    """All colours, scenes, styles, counts and sizes equally often: to test on."""
    return even_attributes(rng, kind=kind)


def draw_pictures(
    *,
    per_class: int = 20,
    classes: Iterable[str] | None = None,
    seed: int = 0,
    ambiguous: str = "crane bird",
    choose: Choice = usual,
) -> Iterable[Drawn]:
    """Render a data set, class by class; the arguments are those of `write_originals`."""
    names = tuple(CLASSES if classes is None else classes)
    known = set(CLASSES) | set(KINDS)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"unknown toybox classes {unknown}; choose from {', '.join(sorted(known))}")
    if ambiguous not in KINDS or not ambiguous.startswith("crane"):
        raise ValueError(f'ambiguous must be "crane bird" or "crane machine", found {ambiguous!r}')
    return (each for name in names for each in _draw(name, per_class, seed, ambiguous, choose))


def _draw(name: str, count: int, seed: int, ambiguous: str, choose: Choice) -> Iterable[Drawn]:
    kind = ambiguous if name == "crane" else name
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    for number in range(count):
        attributes = choose(rng, kind)
        yield Drawn(name, number, *render_boxes(attributes, rng), attributes)


def write_originals(
    folder: str | Path,
    *,
    per_class: int = 20,
    classes: Iterable[str] | None = None,
    seed: int = 0,
    ambiguous: str = "crane bird",
    choose: Choice = usual,
) -> Path:
    """Render pictures into ``folder/CLASS/CLASS-000.png`` and return the folder.

    The class "crane" shows one kind only, by default birds: its owner wants birds, while a prompt with
    the word "crane" gives a generator's birds and machines.

    Args:
        folder: Where the class folders go; made if it is not there.
        per_class: Number of pictures of each class.
        classes: Names out of CLASSES or KINDS; all of CLASSES by default.
        seed: Same seed, same files. A class's pictures do not depend on which other classes are written.
        ambiguous: The kind that the class "crane" shows: "crane bird" or "crane machine".
        choose: What a picture shows: `usual`, `one_scene` (biased), `even` (to test on), or a function of
            your own.

    Raises:
        ValueError: If a class is unknown, or ``ambiguous`` is no crane.
    """
    folder = Path(folder)
    for drawn in draw_pictures(
        per_class=per_class, classes=classes, seed=seed, ambiguous=ambiguous, choose=choose
    ):
        target = folder / drawn.name
        target.mkdir(parents=True, exist_ok=True)
        name = f"{drawn.name.replace(' ', '-')}-{drawn.number:03d}.png"
        Image.fromarray(drawn.picture).save(target / name)
    return folder
