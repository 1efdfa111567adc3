"""Accept: a candidate of an edit becomes a picture of the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.generation.checks import PictureChecks
from datacrafter_widget.store.records import PlannedPicture, Provenance

if TYPE_CHECKING:
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session.events import Events
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Edit, EditCandidate


def provenance_of(store: Store, edit: Edit, made: EditCandidate) -> Provenance:
    """How a candidate was made: its parent is the picture that the trail begins with, its prompt the caption after.

    Of several steps this is the last; the others, and all the editors' own settings, are in the edits.
    """
    begun, own = store.picture(edit.picture_id), made.parameters
    target = edit.report["target"] or edit.instruction
    return Provenance(
        template_id=None,
        template=edit.instruction,
        prompt=target,
        negative_prompt=edit.asked["negative"],
        seed=made.seed,
        parent_id=begun.id,
        strength=own.get("strength"),
        guidance_scale=float(own.get("guidance_scale") or 0.0),
        num_inference_steps=int(own.get("num_inference_steps") or 0),
        width=begun.width,
        height=begun.height,
        model=made.editor,
        model_revision=made.revision,
        batch_size=1,
        perturbation=f"edit:{made.editor}",
        created_at=made.created_at,
    )


def take_in(job: Job[Any], store: Store, observer: Observer, events: Events, picture_id: int) -> None:
    """Encode an accepted picture, see whether it is a copy of another one, and give it its place on the map."""
    observer.encode_missing(job)
    picture = store.picture(picture_id)
    made = picture.provenance
    assert made is not None
    checks = PictureChecks(store)  # of its own: a round that is being made has another thread at its
    checks.prepare(job)
    planned = PlannedPicture(
        index=0,
        class_id=picture.class_id,
        template=made.template,
        prompt=made.prompt,
        seed=made.seed,
        parent_id=made.parent_id,
        strength=0.0,  # it is meant to be like the picture that was edited
        guidance_scale=made.guidance_scale,
        num_inference_steps=made.num_inference_steps,
        width=made.width,
        height=made.height,
    )
    (wrong,) = checks.check([(store.load_image(picture_id), planned)], itself=picture_id)
    store.add_flags(picture_id, wrong)
    observer.ready(job)
    observer.place([picture])
    events.emit("pictures", ids=[picture_id])
    events.emit("labels")
    events.emit("flags")
    if not store.open_jobs():  # a round that is being made is measured when it is whole
        observer.measure()
