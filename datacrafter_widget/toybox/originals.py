"""Write a small data set of rendered pictures, as a person would bring one: files in class folders."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from .world import KINDS, TYPICAL, render, sample_attributes

__all__ = ["CLASSES", "write_originals"]

#: Class names of the originals: the unambiguous kinds, and "crane", whose pictures are of one kind only.
CLASSES: tuple[str, ...] = (*(kind for kind in KINDS if not kind.startswith("crane")), "crane")


def write_originals(
    folder: str | Path,
    *,
    per_class: int = 20,
    classes: Iterable[str] | None = None,
    seed: int = 0,
    ambiguous: str = "crane bird",
) -> Path:
    """Render pictures into ``folder/CLASS/CLASS-000.png`` and return the folder.

    Things mostly have their usual colours, as in a real collection; every scene, style and size occurs.
    The class "crane" shows one kind only, by default birds: its owner wants birds, while a prompt with
    the word "crane" gives a generator's birds and machines.

    Args:
        folder: Where the class folders go; made if it is not there.
        per_class: Number of pictures of each class.
        classes: Names out of CLASSES or KINDS; all of CLASSES by default.
        seed: Same seed, same files. A class's pictures do not depend on which other classes are written.
        ambiguous: The kind that the class "crane" shows: "crane bird" or "crane machine".

    Raises:
        ValueError: If a class is unknown, or ``ambiguous`` is no crane.
    """
    names = tuple(CLASSES if classes is None else classes)
    known = set(CLASSES) | set(KINDS)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"unknown toybox classes {unknown}; choose from {', '.join(sorted(known))}")
    if ambiguous not in KINDS or not ambiguous.startswith("crane"):
        raise ValueError(f'ambiguous must be "crane bird" or "crane machine", found {ambiguous!r}')
    folder = Path(folder)
    for name in names:
        kind = ambiguous if name == "crane" else name
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng((seed, KINDS.index(kind)))
        for i in range(per_class):
            rare = {} if rng.random() < 0.2 else {"colour": str(rng.choice(TYPICAL[kind]))}
            picture = render(sample_attributes(rng, kind=kind, **rare), rng)
            Image.fromarray(picture).save(target / f"{name.replace(' ', '-')}-{i:03d}.png")
    return folder
