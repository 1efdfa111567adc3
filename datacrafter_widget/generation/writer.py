"""The second thread of a round: decodes, checks, commits and encodes what the generator has finished."""

from __future__ import annotations

import functools
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from datacrafter_widget.errors import JobCancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from datacrafter_widget.generation.checks import PictureChecks
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.encoder import Encoder
    from datacrafter_widget.models.generator import Generator
    from datacrafter_widget.store.records import Picture, PlannedPicture
    from datacrafter_widget.store.store import Store

_FINISHED_BATCHES_WAITING = 2


@dataclass(frozen=True)
class Finished:
    """A batch that the generator is through with.

    Attributes:
        batch: what was planned.
        pictures: its pictures in that order, or what decodes them.
    """

    batch: list[PlannedPicture]
    pictures: list[Image.Image] | Callable[[], list[Image.Image]]


@dataclass(frozen=True)
class _Wanted:
    """The pictures of a batch that are missing, with their embeddings if they have been computed."""

    items: list[tuple[Image.Image, PlannedPicture]]
    features: NDArray[np.float32] | None


class Writer:
    """The second thread. Leaving its context waits until all that is finished is written.

    On a CPU it only writes: two threads that compute on the same cores hinder each other, and OpenMP slows all
    of them down once their pools have more threads than there are cores. There the caller's thread computes,
    and calls `on_pictures` between two denoising steps.

    Args:
        store: where the pictures go.
        generator: who made them.
        encoder: embeds them, or None.
        iteration: the round, from 1.
        batch_size: the size of the batches, for the provenance.
        job: is told how far it is.
        checks: finds what is wrong with a picture, or None.
        on_pictures: called with each batch, after it was committed.

    Attributes:
        made: ids of the pictures written so far.
    """

    def __init__(
        self,
        store: Store,
        generator: Generator,
        encoder: Encoder | None,
        iteration: int,
        *,
        batch_size: int,
        job: Job[Any],
        checks: PictureChecks | None,
        on_pictures: Callable[[list[Picture]], object] | None,
    ) -> None:
        self.made: list[int] = []
        self._store = store
        self._generator = generator
        self._encoder = encoder
        self._iteration = iteration
        self._batch_size = batch_size
        self._job = job
        self._checks = checks
        self._on_pictures = on_pictures
        self._committed: queue.SimpleQueue[list[Picture]] = queue.SimpleQueue()
        self._computes = generator.device != "cpu"
        self._queue: queue.Queue[Callable[[], _Wanted] | None] = queue.Queue(_FINISHED_BATCHES_WAITING)
        self._failure: BaseException | None = None
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="datacrafter writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._queue.put(None)
        self._thread.join()
        self._guarded(self._tell)
        if error is None or isinstance(error, JobCancelled):
            self.raise_if_failed()  # also a failure of the last batches, and one that a cancel would hide

    def put(self, finished: Finished) -> None:
        """Hand a batch over; waits while two others are waiting."""
        if self._computes:
            self._queue.put(lambda: self._compute(finished))
        else:
            wanted = self._compute(finished)
            self._queue.put(lambda: wanted)

    def before_batch(self) -> None:
        """Stop if the job was cancelled or the second thread failed; else let interactive jobs in."""
        self._job.checkpoint()
        self.raise_if_failed()

    def on_step(self, _step: int, _steps: int) -> None:
        """Stop within a denoising step."""
        self.raise_if_stopped()

    def raise_if_stopped(self) -> None:
        """Stop if the job was cancelled or the second thread failed; else hand on what was committed."""
        # Not `checkpoint`: the interactive job it may let in could use the model that is running now.
        self._job.raise_if_cancelled()
        self.raise_if_failed()
        self._tell()

    def raise_if_failed(self) -> None:
        """Raise what went wrong on the second thread."""
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (finished := self._queue.get()) is not None:
            if self._failure is None:  # after a failure: take what comes, so that `put` never waits for good
                self._guarded(functools.partial(self._write, finished))

    def _guarded(self, work: Callable[[], object]) -> None:
        """Keep what goes wrong, to be raised on the caller's thread."""
        try:
            work()
        except JobCancelled:
            pass  # raised by a callback: the caller's thread stops by itself, the rest is still written
        except BaseException as failure:
            self._failure = self._failure or failure

    def _tell(self) -> None:
        """Hand on what was committed since the last time, where that is for the caller's thread to do."""
        while not self._committed.empty():
            rows = self._committed.get()
            if self._on_pictures is not None:
                self._on_pictures(rows)

    def _compute(self, finished: Finished) -> _Wanted:
        pictures = finished.pictures() if callable(finished.pictures) else finished.pictures
        items = [
            (picture, planned)
            for planned, picture in zip(finished.batch, pictures, strict=True)
            if planned.picture_id is None
        ]
        encoder = self._encoder
        features = None if encoder is None else encoder.encode_images([picture for picture, _ in items])
        return _Wanted(items, features)

    def _write(self, finished: Callable[[], _Wanted]) -> None:
        wanted = finished()
        flags = None if self._checks is None else self._checks.check(wanted.items)
        rows = self._store.add_generated_batch(
            wanted.items,
            self._generator.name,
            self._generator.revision,
            self._batch_size,
            self._iteration,
            flags=flags,
        )
        self.made += [row.id for row in rows]
        if self._checks is not None:
            self._checks.remember(rows)
        if self._encoder is not None and wanted.features is not None:
            hashes = [row.sha256 for row in rows]
            self._store.put_embeddings(
                self._encoder.identity, list(zip(hashes, wanted.features, strict=True))
            )
        rate = len(self.made) / max(time.monotonic() - self._started, 1e-9)
        self._job.update(
            done=self._job.progress.done + len(rows), message=f"generating, {rate:.1f} pictures/s"
        )
        self._committed.put(rows)
        if self._computes:
            self._tell()
