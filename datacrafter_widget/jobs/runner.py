"""The thread that runs jobs."""

from __future__ import annotations

import atexit
import contextlib
import heapq
import itertools
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from datacrafter_widget.errors import DataCrafterError, InputError
from datacrafter_widget.jobs.job import Job, call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_KEPT_FINISHED_JOBS = 200


class JobRunner:
    """Runs jobs one after the other on its own thread, interactive ones first."""

    def __init__(self, name: str = "datacrafter models") -> None:
        self._name = name
        self._ids = itertools.count(1)
        self._queue: list[tuple[int, int, Job[Any]]] = []
        self._jobs: dict[int, Job[Any]] = {}
        self._running: list[Job[Any]] = []  # the last one runs, those before it wait in their checkpoint
        self._callbacks: dict[int, Callable[[Job[Any]], object]] = {}
        self._callback_ids = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        # A daemon thread inside a model's kernel while the interpreter is torn down can crash it.
        runner = weakref.ref(self)
        self._at_exit = lambda: _close_at_exit(runner)
        atexit.register(self._at_exit)

    def submit(
        self,
        function: Callable[[Job[T]], T],
        name: str,
        *,
        kind: str = "",
        interactive: bool = False,
        about: Iterable[int] = (),
        at_end: Callable[[], object] = lambda: None,
    ) -> Job[T]:
        """Put work into the queue.

        Args:
            function: the work; it gets its job, for `update` and `checkpoint`, and returns the result.
            name: what it does, for people.
            kind: what sort of work it is, for programs.
            interactive: let it go before long jobs, also before one that is running (at its checkpoint).
            about: ids of what it works on, for programs.
            at_end: called once, however the job ends, also before it began; only then is it over.

        Raises:
            InputError: the runner is closed.
        """
        with self._changed:
            if self._closed:
                msg = f"can't start {name!r}: the session is closed; open it again"
                raise InputError(msg)
            number = next(self._ids)
            job = Job(
                function,
                name,
                id=number,
                kind=kind,
                interactive=interactive,
                about=about,
                at_end=at_end,
                runner=self,
            )
            self._jobs[number] = job
            self._forget_old()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        self._tell(job)  # "queued" comes before "running"
        with self._changed:
            heapq.heappush(self._queue, (0 if interactive else 1, number, job))
            self._changed.notify_all()
        return job

    def jobs(self) -> list[Job[Any]]:
        """The jobs of this process, oldest first; of those that are over, the last 200."""
        with self._changed:
            return list(self._jobs.values())

    def job(self, id: int) -> Job[Any]:  # noqa: A002 - it is the attribute's name
        """The job with this number.

        Raises:
            InputError: there is none.
        """
        with self._changed:
            if id in self._jobs:
                return self._jobs[id]
            known = ", ".join(map(str, self._jobs)) or "none"
        msg = f"there is no job {id!r}; known: {known}"
        raise InputError(msg)

    def subscribe(self, callback: Callable[[Job[Any]], object]) -> Callable[[], None]:
        """Call `callback(job)` on every change of every job, on whatever thread made it.

        Returns:
            A function that ends the subscription.
        """
        with self._changed:
            number = next(self._callback_ids)
            self._callbacks[number] = callback

        def unsubscribe() -> None:
            with self._changed:
                self._callbacks.pop(number, None)

        return unsubscribe

    def _ahead(self) -> Job[Any] | None:
        """The job that runs."""
        with self._changed:
            return self._running[-1] if self._running else None

    def close(self, timeout: float | None = 30.0) -> None:
        """Cancel everything, wait for the running job to stop, and end the thread. May be called twice.

        Args:
            timeout: seconds to wait for the running job; None waits without limit.

        Raises:
            DataCrafterError: the running job did not stop in time; it goes on to its next check.
        """
        with self._changed:
            self._closed = True
            jobs = list(self._jobs.values())
            self._changed.notify_all()
        atexit.unregister(self._at_exit)
        for job in jobs:
            job.cancel()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(timeout)
        if thread.is_alive():
            names = ", ".join(repr(job.name) for job in self._running)
            msg = f"{names} did not stop within {timeout} s; it ends at its next check, close() again to wait"
            raise DataCrafterError(msg)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if not self._queue:
                    return
                job = heapq.heappop(self._queue)[2]
            self._run(job)
            del job  # a waiting thread holds on to no result

    def _run(self, job: Job[Any]) -> None:
        with self._changed:
            self._running.append(job)
        try:
            job._run()  # noqa: SLF001 - two halves of one thing
        finally:
            with self._changed:
                self._running.remove(job)

    def _run_interactive(self, job: Job[Any]) -> None:
        """Run the interactive jobs that wait, if `job` is a long one and this is its thread."""
        if job.interactive or threading.current_thread() is not self._thread:
            return
        while True:
            with self._changed:
                if not self._queue or not self._queue[0][2].interactive:
                    return
                first = heapq.heappop(self._queue)[2]
            self._run(first)

    def _tell(self, job: Job[Any]) -> None:
        with self._changed:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            call(callback, job)

    def _forget_old(self) -> None:
        finished = [number for number, job in self._jobs.items() if job.done()]
        for number in finished[:-_KEPT_FINISHED_JOBS]:
            del self._jobs[number]


def _close_at_exit(runner: weakref.ref[JobRunner]) -> None:
    alive = runner()
    if alive is not None:
        with contextlib.suppress(DataCrafterError):
            alive.close(timeout=10.0)
