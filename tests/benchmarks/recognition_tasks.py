"""Recognition tasks of the toybox's world, common, fine-grained and rare ones, as GenBench's data sets are.

Each class has a name, which becomes a prompt, and says what its pictures show. The pictures to recognise are renders:
of seeds that no training of the toybox has seen, drawn as the toybox's own training pictures are (`sample_attributes`)
except for what the class and the task fix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from datacrafter_widget.toybox.captions import CONCEPTS
from datacrafter_widget.toybox.world import COLOURS, KINDS, STYLES, render, sample_attributes

Shown = Mapping[str, str | int | tuple[str, ...]]

FIRST_SEED = 730_000


@dataclass(frozen=True)
class Task:
    """A data set to recognise.

    Attributes:
        name: unique.
        group: "common", "fine-grained" or "rare".
        classes: class's name → what its pictures show; of several values one is drawn.
        shown: what all test pictures show beside that.
    """

    name: str
    group: str
    classes: Mapping[str, Shown]
    shown: Shown = field(default_factory=dict)

    def pictures(self, per_class: int, seed: int) -> tuple[list[Image.Image], np.ndarray]:
        """Pictures and class indices (per_class · C,); the same seed gives the same."""
        drawn = []
        for index, shown in enumerate(self.classes.values()):
            number = list(TASKS).index(self.name)
            rng = np.random.default_rng([FIRST_SEED + seed, number, index])
            for _ in range(per_class):
                fixed = {
                    key: str(rng.choice(value)) if isinstance(value, tuple) else value
                    for key, value in {**self.shown, **shown}.items()
                }
                drawn.append(Image.fromarray(render(sample_attributes(rng, **fixed), rng)))
        return drawn, np.repeat(np.arange(len(self.classes)), per_class)


def _kinds(*names: str, **shown: str | int) -> dict[str, Shown]:
    return {name: {"kind": CONCEPTS[name], **shown} for name in names}


def _coloured(kinds: tuple[str, ...], colours: tuple[str, ...]) -> dict[str, Shown]:
    return {f"{colour} {kind}": {"kind": kind, "colour": colour} for kind in kinds for colour in colours}


_PLACES = {
    "meadow": "grass", "snow": "snow", "beach": "beach", "night": "night", "wooden table": "table",
    "plain background": "studio",
}  # fmt: skip

_SYNONYMS = {
    "berry": "strawberry", "citrus": "lemon", "toadstool": "mushroom", "succulent": "cactus", "trout": "fish",
    "sparrow": "bird", "ship": "boat", "cottage": "house",
}  # fmt: skip

_OWNERS = _kinds(*KINDS[:-2]) | {"crane": {"kind": "crane bird"}}  # who says "crane" and means birds

_ALL = (
    Task("kinds", "common", _kinds(*KINDS)),
    Task("owner's words", "common", _OWNERS),
    Task("fruit in odd colours", "common", _kinds("strawberry", "apple", "lemon", "pear"),
         {"colour": ("blue", "purple", "pink", "white")}),
    Task("kinds as sketches at night", "common", _kinds(*KINDS), {"style": "sketch", "scene": "night"}),
    Task("small pairs", "common", _OWNERS, {"count": 2, "size": "small"}),
    Task("coloured fruit", "fine-grained", _coloured(("apple", "pear"), ("red", "green", "yellow", "orange"))),
    Task("birds by colour", "fine-grained", _coloured(("bird",), tuple(COLOURS))),
    Task("odd boats and houses", "fine-grained", _coloured(("boat", "house"), ("purple", "pink", "green"))),
    Task("cranes", "fine-grained", _kinds("crane bird", "crane machine") | _kinds("bird", "house")),
    Task("one or two", "fine-grained", {
        name: {"kind": kind, "count": count}
        for kind in ("apple", "lemon", "boat")
        for count, name in ((1, f"one {kind}"), (2, f"two {kind}s"))
    }),
    Task("small or big", "fine-grained", {
        f"{size} {kind}": {"kind": kind, "size": size, "count": 1}
        for kind in ("cactus", "mushroom", "pear") for size in ("small", "big")
    }),
    Task("fish in places", "fine-grained", {
        f"fish {where}": {"kind": "fish", "scene": scene}
        for where, scene in (("on grass", "grass"), ("on snow", "snow"), ("on the beach", "beach"),
                             ("at night", "night"), ("on a wooden table", "table"))
    }),
    Task("places", "rare", {name: {"scene": scene} for name, scene in _PLACES.items()}),
    Task("styles", "rare", {f"{style} of an animal": {"style": style, "kind": CONCEPTS["animal"]}
                            for style in STYLES}),
    Task("colours", "rare", {colour: {"colour": colour} for colour in COLOURS}),
    Task("groups", "rare", _kinds("fruit", "animal", "plant", "vehicle", "building", "machine")),
    Task("parts", "rare", _kinds("seeds", "dots", "pot", "fin", "wing", "sail", "roof", "hook")),
    Task("synonyms", "rare", {name: {"kind": kind} for name, kind in _SYNONYMS.items()}),
)  # fmt: skip

#: Name → task.
TASKS: dict[str, Task] = {task.name: task for task in _ALL}
