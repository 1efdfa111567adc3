"""Variations of a generated picture: its prompt, its parent and its settings, and noise near its own.

A variation is a planned picture whose `parent_id` is the picture that it varies, whose `strength` says how far the
noise is turned, and whose `seed` is that of the noise it is turned towards. All else is the varied picture's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.plan import SEED_BITS
from datacrafter_widget.store.records import PlannedPicture

if TYPE_CHECKING:
    from datacrafter_widget.store.records import Picture
    from datacrafter_widget.store.store import Store

VARIATION = "variation"
"""The perturbation of a variation."""

_REPEATABLE = frozenset({"text2image", "image2image"})


@dataclass(frozen=True)
class Beginning:
    """What a picture began from.

    Attributes:
        seed: of its first noise.
        parent_id: the picture whose pixels it started from, or None.
        strength: how far it left that one.
        turns: seed and strength of each turn of the noise since, in order.
    """

    seed: int
    parent_id: int | None
    strength: float | None
    turns: tuple[tuple[int, float], ...] = ()


def beginning(store: Store, picture_id: int) -> Beginning:
    """What a generated picture began from, back through all that it is a variation of.

    Raises:
        InputError: an original, a picture whose starts were imagined, or one whose source isn't in the session.
    """
    turns: list[tuple[int, float]] = []
    at: int | None = picture_id
    while True:
        made = None if at is None else store.picture(at).provenance
        if made is None:
            what = "it is an original" if not turns else "what it is a variation of is not in this session"
            raise InputError(
                f"expected a generated picture to vary, found picture {picture_id}: {what}."
                ' Use generate(perturbation="image2image") to start from originals.'
            )
        if made.perturbation != VARIATION:
            break
        turns.append((made.seed, made.strength or 0.0))
        at = made.parent_id
    if made.perturbation.startswith("edit:"):
        raise InputError(
            f"picture {picture_id} can't be varied: it was edited. Edit the picture that it came from again, with"
            f" session.edit({made.parent_id}, …, seed=…)."
        )
    if made.perturbation not in _REPEATABLE:
        raise InputError(
            f"picture {picture_id} can't be varied: what it began from was imagined together with other pictures"
            f' (perturbation "{made.perturbation}") and is not kept. Vary one made from text or from a picture.'
        )
    return Beginning(made.seed, made.parent_id, made.strength, tuple(reversed(turns)))


def plan_variations(
    picture: Picture, count: int, *, strength: float, seed: int
) -> tuple[list[PlannedPicture], dict[str, float | int | str]]:
    """Plan variations of a generated picture.

    Args:
        picture: a generated one.
        count: how many.
        strength: how far to turn its noise, above 0 and up to 1.
        seed: 0 or more; another one gives other variations.

    Returns:
        Drafts for `Store.plan_job`, and the settings they share.
    """
    made = picture.provenance
    if made is None:
        raise InputError(f"expected a generated picture to vary, found picture {picture.id}, an original")
    settings: dict[str, float | int | str] = {
        "perturbation": VARIATION,
        "strength": strength,
        "guidance_scale": made.guidance_scale,
        "num_inference_steps": made.num_inference_steps,
        "width": made.width,
        "height": made.height,
    }
    drafts = []
    for number in range(count):
        randomness = np.random.SeedSequence(seed, spawn_key=(picture.id, number))
        own_seed = int(randomness.generate_state(1, np.uint64)[0] >> np.uint64(64 - SEED_BITS))
        drafts.append(
            PlannedPicture(
                index=number,
                class_id=picture.class_id,
                template_id=made.template_id,
                template=made.template,
                prompt=made.prompt,
                negative_prompt=made.negative_prompt,
                seed=own_seed,
                parent_id=picture.id,
                **settings,  # type: ignore[arg-type]
            )
        )
    return drafts, settings
