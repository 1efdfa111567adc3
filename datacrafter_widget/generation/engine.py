"""The batching engine: makes a planned round, while a second thread writes what is finished."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError, JobCancelled, OutOfMemoryError
from datacrafter_widget.generation.batches import compose_batches, picture_request
from datacrafter_widget.generation.writer import Finished, Writer
from datacrafter_widget.models.generator import SplitGenerator, StreamingGenerator

if TYPE_CHECKING:
    import collections.abc
    from collections.abc import Callable, Iterator

    from PIL import Image

    from datacrafter_widget.generation.checks import PictureChecks
    from datacrafter_widget.generation.imagination import Imagination
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.encoder import Encoder
    from datacrafter_widget.models.generator import Generator, PictureRequest
    from datacrafter_widget.store.records import GenerationJob, Picture, PlannedPicture
    from datacrafter_widget.store.store import Store


def run_generation(
    store: Store,
    generator: Generator,
    encoder: Encoder | None,
    generation_job: GenerationJob,
    *,
    job: Job[Any],
    batch_size: int | None = None,
    imagine: Callable[[str], Imagination] | None = None,
    checks: PictureChecks | None = None,
    on_pictures: Callable[[list[Picture]], object] | None = None,
    on_preview: Callable[[list[PlannedPicture], list[Image.Image]], object] | None = None,
) -> list[int]:
    """Make the pictures of a planned round that are not there yet.

    The caller's thread runs the generator. A second thread, at most two batches behind, decodes, checks,
    commits each batch with its provenance, stores its embeddings, and then calls `on_pictures`; on a CPU it
    leaves to the first what computes (see `Writer`).
    Batches are put together from the whole plan, whatever of it is there already: a batch of which a part is
    missing is made again as a whole and only the missing pictures are kept. So a round that was cut off ends
    with bitwise the same pictures as one that was not, at the same batch size.

    When memory runs out, the round goes on with half the batch size, and its settings say so.
    When the job is cancelled, the batch in the works is dropped within one denoising step, all finished ones
    are kept, and the round's state becomes "cancelled". After an error it stays "open". Running a round again
    goes on with what is missing, in either case.

    Args:
        store: where the plan is and the pictures go.
        generator: makes the pictures; one that splits denoising from decoding, or keeps several batches in
            flight, is used so.
        encoder: embeds them, or None to leave that for later.
        generation_job: the round, from `Store.create_job`.
        job: reports progress and says when to stop.
        batch_size: pictures at a time; the one in the round's settings, or the generator's, when None.
        imagine: gives what moves the starts of a "gif…" perturbation; needed for those alone.
        checks: finds what is wrong with a picture, or None to check nothing.
        on_pictures: called with each batch after it was committed, on the second thread; on a CPU on the
            caller's, between two denoising steps.
        on_preview: called with a batch's plan and its pictures as far as they are; these are kept nowhere.

    Returns:
        The ids of the pictures made now, in the order they were committed.

    Raises:
        JobCancelled: the job was cancelled.
        OutOfMemoryError: one picture at a time is too much.
        ModelError: the generator or the encoder failed.
        StoreError: a picture can't be written.
    """
    size = batch_size or generation_job.settings.get("batch_size") or generator.defaults.batch_size
    if size < 1:
        msg = f"batch_size: expected 1 or more, found {size}"
        raise InputError(msg)
    plan = store.planned(generation_job.id)
    missing = sum(planned.picture_id is None for planned in plan)
    store.set_job_state(generation_job.id, "open")
    job.update(done=len(plan) - missing, total=len(plan), message="generating")
    made: list[int] = []
    try:
        while True:
            writer = Writer(
                store,
                generator,
                encoder,
                generation_job.iteration,
                batch_size=size,
                job=job,
                checks=checks,
                on_pictures=on_pictures,
            )
            try:
                with writer:
                    batches = compose_batches(plan, size)
                    requests = _requests(store, batches, imagine, writer)
                    finished = _finished(generator, batches, requests, writer.on_step, on_preview)
                    with contextlib.closing(finished):
                        for each in finished:
                            writer.put(each)
                break
            except OutOfMemoryError as error:
                if error.suggested_batch_size is None or size == 1:
                    raise
                size //= 2
                settings = {**store.job(generation_job.id).settings, "batch_size": size}
                store.set_job_settings(generation_job.id, settings)
                job.update(message=f"memory ran out; going on with {size} pictures a batch")
            finally:
                made += writer.made
            plan = store.planned(generation_job.id)
    except JobCancelled:
        store.set_job_state(generation_job.id, "cancelled")
        raise
    return made


def _requests(
    store: Store,
    batches: list[list[PlannedPicture]],
    imagine: Callable[[str], Imagination] | None,
    writer: Writer,
) -> Iterator[list[PictureRequest]]:
    """What the generator is asked for, batch by batch; stops where the writer says so."""
    for batch in batches:
        writer.before_batch()
        asked = [picture_request(store, one) for one in batch]
        if batch[0].perturbation.startswith("gif"):
            if imagine is None:
                msg = "guided imagination needs an encoder and the classes' words; generate in a session"
                raise InputError(msg)
            parents = [one.parent_id or 0 for one in batch]
            asked = imagine(batch[0].perturbation).starts(asked, parents, on_step=writer.raise_if_stopped)
        yield asked


def _finished(
    generator: Generator,
    batches: list[list[PlannedPicture]],
    requests: Iterator[list[PictureRequest]],
    on_step: Callable[[int, int], object],
    on_preview: Callable[[list[PlannedPicture], list[Image.Image]], object] | None,
) -> collections.abc.Generator[Finished]:
    """The batches as they get ready, by the best way the generator offers."""
    if isinstance(generator, StreamingGenerator):
        with contextlib.closing(generator.stream(requests, on_step=on_step)) as stream:
            for at, pictures in stream:
                yield Finished(batches[at], pictures)
        return
    for batch, asked in zip(batches, requests, strict=True):
        if isinstance(generator, SplitGenerator):
            preview = None if on_preview is None else functools.partial(on_preview, batch)
            undecoded = generator.denoise(asked, on_step=on_step, on_preview=preview)
            yield Finished(batch, undecoded.pictures)
        else:
            yield Finished(batch, generator.generate(asked, on_step=on_step))
