"""The batching engine: makes a planned round, while a second thread writes and encodes what is finished."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError, JobCancelled
from datacrafter_widget.models.generator import PictureRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.encoder import Encoder
    from datacrafter_widget.models.generator import Generator
    from datacrafter_widget.store.records import GenerationJob, Picture, PlannedPicture
    from datacrafter_widget.store.store import Store

_FINISHED_BATCHES_WAITING = 2


def run_generation(
    store: Store,
    generator: Generator,
    encoder: Encoder | None,
    generation_job: GenerationJob,
    *,
    job: Job[Any],
    batch_size: int | None = None,
    on_pictures: Callable[[list[Picture]], object] | None = None,
) -> list[int]:
    """Make the pictures of a planned round that are not there yet.

    The caller's thread runs the generator. A second thread, at most two batches behind, commits each batch
    with its provenance, stores its embeddings, and then calls `on_pictures`. Batches are put together from
    the whole plan, whatever of it is there already: a batch of which a part is missing is made again as a
    whole and only the missing pictures are kept. So a round that was cut off ends with bitwise the same
    pictures as one that was not, at the same batch size.

    When the job is cancelled, the batch in the works is dropped within one denoising step, all finished ones
    are kept, and the round's state becomes "cancelled". After an error it stays "open". Running a round again
    goes on with what is missing, in either case.

    Args:
        store: where the plan is and the pictures go.
        generator: makes the pictures.
        encoder: embeds them, or None to leave that for later.
        generation_job: the round, from `Store.create_job`.
        job: reports progress and says when to stop.
        batch_size: pictures at a time; the one in the round's settings, or the generator's, when None.
        on_pictures: called on the second thread with each batch, after it was committed.

    Returns:
        The ids of the pictures made now, in the order they were committed.

    Raises:
        JobCancelled: the job was cancelled.
        OutOfMemoryError: with the batch size to try.
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
    writer = _Writer(store, generator, encoder, generation_job, job=job, on_pictures=on_pictures)

    def on_step(_step: int, _steps: int) -> None:
        # Not `checkpoint`: the interactive job it may let in could use the model that is running now.
        job.raise_if_cancelled()
        writer.raise_if_failed()

    try:
        with writer:
            for batch in compose_batches(plan, size):
                job.checkpoint()
                writer.raise_if_failed()
                pictures = generator.generate([_request(store, one) for one in batch], on_step=on_step)
                writer.put(_Finished(batch, pictures, size))
    except JobCancelled:
        store.set_job_state(generation_job.id, "cancelled")
        raise
    store.set_job_state(generation_job.id, "done")
    return writer.made


def compose_batches(plan: Sequence[PlannedPicture], batch_size: int) -> list[list[PlannedPicture]]:
    """Put the pictures that can be made together into batches, and leave out batches that are all there.

    Args:
        plan: the whole plan, also what is made already: a picture's batch must not depend on that.
        batch_size: pictures a batch; the last one of each kind may have fewer.

    Returns:
        Batches by first index. The pictures of one have the same size, steps, guidance and strength, have all
        a parent or none, and all a negative prompt or none (some models treat none unlike an empty one).
    """
    kinds: dict[tuple[object, ...], list[PlannedPicture]] = {}
    for planned in sorted(plan, key=lambda planned: planned.index):
        kind = (
            planned.width,
            planned.height,
            planned.num_inference_steps,
            planned.guidance_scale,
            planned.strength,
            planned.parent_id is None,
            not planned.negative_prompt,
        )
        kinds.setdefault(kind, []).append(planned)
    batches = [
        same[start : start + batch_size]
        for same in kinds.values()
        for start in range(0, len(same), batch_size)
    ]
    unfinished = [batch for batch in batches if any(one.picture_id is None for one in batch)]
    return sorted(unfinished, key=lambda batch: batch[0].index)


def _request(store: Store, planned: PlannedPicture) -> PictureRequest:
    return PictureRequest(
        prompt=planned.prompt,
        negative_prompt=planned.negative_prompt,
        seed=planned.seed,
        parent=None if planned.parent_id is None else store.load_image(planned.parent_id),
        strength=planned.strength,
        guidance_scale=planned.guidance_scale,
        num_inference_steps=planned.num_inference_steps,
        width=planned.width,
        height=planned.height,
    )


@dataclass(frozen=True)
class _Finished:
    batch: list[PlannedPicture]
    pictures: list[Image.Image]
    batch_size: int


class _Writer:
    """The second thread. Leaving its context waits until all that is finished is written."""

    def __init__(
        self,
        store: Store,
        generator: Generator,
        encoder: Encoder | None,
        generation_job: GenerationJob,
        *,
        job: Job[Any],
        on_pictures: Callable[[list[Picture]], object] | None,
    ) -> None:
        self.made: list[int] = []
        self._store = store
        self._generator = generator
        self._encoder = encoder
        self._generation_job = generation_job
        self._job = job
        self._on_pictures = on_pictures
        self._queue: queue.Queue[_Finished | None] = queue.Queue(_FINISHED_BATCHES_WAITING)
        self._failure: BaseException | None = None
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="datacrafter writer", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None or isinstance(error, JobCancelled):
            self.raise_if_failed()  # also a failure of the last batches, and one that a cancel would hide

    def put(self, finished: _Finished) -> None:
        """Hand a batch over; waits while two others are waiting."""
        self._queue.put(finished)

    def raise_if_failed(self) -> None:
        """Raise what went wrong on the second thread."""
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (finished := self._queue.get()) is not None:
            if self._failure is not None:
                continue  # after a failure: take what comes, so that `put` never waits for good
            try:
                self._write(finished)
            except JobCancelled:
                continue  # raised by a callback: the other thread stops by itself, the rest is still written
            except BaseException as failure:  # it is raised on the other thread
                self._failure = failure

    def _write(self, finished: _Finished) -> None:
        wanted = [
            (picture, planned)
            for planned, picture in zip(finished.batch, finished.pictures, strict=True)
            if planned.picture_id is None
        ]
        rows = self._store.add_generated_batch(
            wanted,
            self._generator.name,
            self._generator.revision,
            finished.batch_size,
            self._generation_job.iteration,
        )
        self.made += [row.id for row in rows]
        if self._encoder is not None:
            features = self._encoder.encode_images([picture for picture, _ in wanted])
            hashes = [row.sha256 for row in rows]
            self._store.put_embeddings(self._encoder.identity, list(zip(hashes, features, strict=True)))
        rate = len(self.made) / max(time.monotonic() - self._started, 1e-9)
        self._job.update(
            done=self._job.progress.done + len(rows), message=f"generating, {rate:.1f} pictures/s"
        )
        if self._on_pictures is not None:
            self._on_pictures(rows)
