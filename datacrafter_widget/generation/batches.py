"""Which pictures of a plan are made together, and what a generator is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datacrafter_widget.generation.varying import VARIATION, Beginning, beginning
from datacrafter_widget.models.concepts import tokens_in
from datacrafter_widget.models.generator import PictureRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.store.records import PlannedPicture
    from datacrafter_widget.store.store import Store


def compose_batches(plan: Sequence[PlannedPicture], batch_size: int) -> list[list[PlannedPicture]]:
    """Put the pictures that can be made together into batches, and leave out batches that are all there.

    Args:
        plan: the whole plan, also what is made already: a picture's batch must not depend on that.
        batch_size: pictures a batch; the last one of each kind may have fewer.

    Returns:
        Batches by first index. The pictures of one have the same perturbation, size, steps, guidance and
        strength, name the same learned concepts, have all a parent or none, and all a negative prompt or none
        (some models treat none unlike an empty one).
    """
    kinds: dict[tuple[object, ...], list[PlannedPicture]] = {}
    for planned in sorted(plan, key=lambda planned: planned.index):
        kind = (
            planned.perturbation,
            planned.width,
            planned.height,
            planned.num_inference_steps,
            planned.guidance_scale,
            planned.strength,
            planned.parent_id is None,
            not planned.negative_prompt,
            tokens_in(planned.prompt),
        )
        kinds.setdefault(kind, []).append(planned)
    batches = [
        same[start : start + batch_size]
        for same in kinds.values()
        for start in range(0, len(same), batch_size)
    ]
    unfinished = [batch for batch in batches if any(one.picture_id is None for one in batch)]
    return sorted(unfinished, key=lambda batch: batch[0].index)


def picture_request(store: Store, planned: PlannedPicture) -> PictureRequest:
    """What the generator is asked for, with the parent's pixels.

    Raises:
        InputError: a variation of a picture that can't be varied.
        StoreError: the parent's file is missing or damaged.
    """
    source = Beginning(planned.seed, planned.parent_id, planned.strength)
    if planned.perturbation == VARIATION:
        varied = beginning(store, planned.parent_id or 0)
        source = replace(varied, turns=(*varied.turns, (planned.seed, planned.strength or 0.0)))
    return PictureRequest(
        prompt=planned.prompt,
        negative_prompt=planned.negative_prompt,
        seed=source.seed,
        turns=source.turns,
        parent=None if source.parent_id is None else store.load_image(source.parent_id),
        strength=source.strength,
        guidance_scale=planned.guidance_scale,
        num_inference_steps=planned.num_inference_steps,
        width=planned.width,
        height=planned.height,
    )
