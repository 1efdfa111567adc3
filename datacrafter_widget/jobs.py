"""Background work: a `Job` with progress, cancel and result, and the one thread that runs them.

One thread owns the models, so that work on the accelerator is serial. Interactive jobs go first: they are
taken from the queue before long ones, and a long job lets them in at each `Job.checkpoint()`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import heapq
import html
import itertools
import logging
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar

from datacrafter_widget.errors import DataCrafterError, InputError, JobCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")
State = Literal["queued", "running", "done", "cancelled", "failed"]

_log = logging.getLogger(__name__)
_FINISHED = ("done", "cancelled", "failed")
_KEPT_FINISHED_JOBS = 200


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        done: finished steps.
        total: all steps, or None while that is not known.
        message: a few words on what it is doing.
    """

    done: int = 0
    total: int | None = None
    message: str = ""


class Job(Generic[T]):
    """Work that runs in the background: wait for it, await it, cancel it, or look at its progress.

    Attributes:
        id: its number in this process, from 1.
        name: what it does, for people.
        kind: what sort of work it is, for programs: "generate", "search", "observe", ….
        interactive: whether it goes before long jobs.
        error: the exception it failed with, or None.
    """

    def __init__(
        self,
        function: Callable[[Job[T]], T],
        name: str,
        *,
        id: int = 0,  # noqa: A002 - it is the attribute's name
        kind: str = "",
        interactive: bool = False,
        at_end: Callable[[], object] = lambda: None,
        runner: JobRunner | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.kind = kind
        self.interactive = interactive
        self.error: BaseException | None = None
        self._function: Callable[[Job[T]], T] | None = function
        self._at_end = at_end
        self._runner = runner
        self._state: State = "queued"
        self._progress = Progress()
        self._pace = (0.0, 0)  # when the steps of now began, and with which
        self._rate: float | None = None
        self._result: T | None = None
        self._cancelled = False
        self._callbacks: dict[int, Callable[[Job[T]], object]] = {}
        self._callback_ids = itertools.count()
        self._changed = threading.Condition()

    # ---- for the person who started it -------------------------------------------------------------

    @property
    def state(self) -> State:
        """One of "queued", "running", "done", "cancelled", "failed"."""
        return self._state

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @property
    def rate(self) -> float | None:
        """Steps a second of what it is doing now; None while that is not known, or it is over."""
        return None if self.done() else self._rate

    def done(self) -> bool:
        """Whether it is over, well or not."""
        return self._state in _FINISHED

    def cancel(self) -> bool:
        """Ask it to stop: a waiting job never starts, a running one stops at its next check.

        Returns:
            False when it was over already.
        """
        with self._changed:
            if self.done() or self._cancelled:
                return not self.done()
            self._cancelled = True
            waiting = self._state == "queued"
            self._changed.notify_all()
        if waiting:
            self._close("cancelled")
        else:
            self._tell()
        return True

    def wait(self, timeout: float | None = None, *, quiet: bool = False) -> Self:
        """Wait until it is over, with a progress bar in a terminal or a notebook.

        An interrupt (Ctrl-C, or the notebook's stop button) ends the waiting, not the job.

        Args:
            timeout: seconds to wait at most; None waits without limit.
            quiet: show no bar.

        Returns:
            The job itself, as in `job.wait(60).done()`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with contextlib.ExitStack() as stack:
            bar = None if quiet or self.done() else stack.enter_context(progress_bar(self.name))
            while True:
                with self._changed:
                    if not self.done():
                        # Woken by every change; a second at most, so that the bar's clock runs on and an
                        # interrupt is noticed on platforms whose locks cannot be interrupted.
                        left = 1.0 if deadline is None else min(1.0, deadline - time.monotonic())
                        if left > 0:
                            self._changed.wait(left)
                over = self.done()
                if bar is not None:
                    _show(bar, self._progress)
                if over or (deadline is not None and time.monotonic() >= deadline):
                    return self

    def result(self, timeout: float | None = None, *, quiet: bool = False) -> T:
        """Wait for it and give what it made.

        Args:
            timeout: seconds to wait at most; None waits without limit.
            quiet: show no bar.

        Raises:
            TimeoutError: it is not over after `timeout` seconds.
            JobCancelled: it was cancelled.
            Exception: what it failed with.
        """
        if not self.wait(timeout, quiet=quiet).done():
            msg = f"job {self.name!r} is not over after {timeout} s; it goes on, wait again or cancel() it"
            raise TimeoutError(msg)
        if self._state == "cancelled":
            msg = f"job {self.name!r} was cancelled"
            raise JobCancelled(msg) from self.error
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value]

    def __await__(self) -> Generator[Any, None, T]:
        """`await job` in a notebook cell: gives the result and leaves the kernel's loop free meanwhile."""
        return self._wait_async().__await__()

    async def _wait_async(self) -> T:
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def told(job: Job[T]) -> None:
            if job.done():
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(over.set)

        unsubscribe = self.subscribe(told)
        try:
            if not self.done():
                await over.wait()
        finally:
            unsubscribe()
        return self.result(quiet=True)

    def subscribe(self, callback: Callable[[Job[T]], object]) -> Callable[[], None]:
        """Call `callback(job)` on every change of state or progress, on whatever thread made it.

        An exception in a callback is logged and does no harm to the job.

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

    # ---- for the work itself -----------------------------------------------------------------------

    @property
    def cancelled(self) -> bool:
        """Whether someone asked it to stop."""
        return self._cancelled

    def update(
        self, *, done: int | None = None, total: int | None = None, message: str | None = None
    ) -> None:
        """Say how far it is; what is None stays."""
        with self._changed:
            old = self._progress
            new = Progress(
                old.done if done is None else done,
                old.total if total is None else total,
                old.message if message is None else message,
            )
            if new == old:
                return
            self._progress = new
            self._keep_pace(old, new)
            self._changed.notify_all()
        self._tell()

    def _keep_pace(self, old: Progress, new: Progress) -> None:
        now = time.monotonic()
        start, first = self._pace
        if new.total != old.total or new.done < old.done:
            self._pace, self._rate = (now, new.done), None
        elif new.done > old.done and now > start > 0:
            self._rate = (new.done - first) / (now - start)

    def raise_if_cancelled(self) -> None:
        """Stop here if someone asked for it. May be called from any thread, in the middle of a model's run.

        Raises:
            JobCancelled: it was cancelled.
        """
        if self._cancelled:
            msg = f"job {self.name!r} was cancelled"
            raise JobCancelled(msg)

    def checkpoint(self) -> None:
        """Stop here if cancelled, and let waiting interactive jobs run first.

        Call it between units of work, never while a model is running: the job that is let in may use it.

        Raises:
            JobCancelled: it was cancelled.
        """
        self.raise_if_cancelled()
        if self._runner is not None:
            self._runner._run_interactive(self)  # noqa: SLF001 - two halves of one thing
            self.raise_if_cancelled()

    # ---- the runner's half -------------------------------------------------------------------------

    def _run(self) -> None:
        with self._changed:
            if self._state != "queued" or self._cancelled:
                return
            function = self._function
            self._state = "running"
            self._changed.notify_all()
        self._tell()
        try:
            result = function(self)  # type: ignore[misc]
        except JobCancelled as cancelled:
            self._close("cancelled", error=cancelled)
        except BaseException as error:  # the thread outlives a job that fails, whatever it raises
            _log.debug("job %r failed", self.name, exc_info=True)
            self._close("failed", error=error)
        else:
            self._close("done", result=result)

    def _close(self, state: State, *, result: T | None = None, error: BaseException | None = None) -> None:
        try:
            self._at_end()
        except Exception as failure:
            _log.warning("the end of job %r failed", self.name, exc_info=True)
            if state != "failed":
                state, result, error = "failed", None, failure
        with self._changed:
            self._result = result
            self.error = error
            self._state = state
            self._function = None  # it may hold on to pictures and models
            self._changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            _call(callback, self)
        if self._runner is not None:
            self._runner._tell(self)  # noqa: SLF001 - two halves of one thing

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.name!r}: {self._status()}>"

    def _repr_html_(self) -> str:
        done, total = self._progress.done, self._progress.total
        bar = f'<progress value="{done}" max="{total}"></progress> ' if total and not self.done() else ""
        return f"<div>{bar}<b>{html.escape(self.name)}</b> {html.escape(self._status())}</div>"

    def _status(self) -> str:
        done, total, message = self._progress.done, self._progress.total, self._progress.message
        parts = [self._state, f"{done}/{total}" if total else "", message]
        if self._state == "failed":
            parts.append(f"{type(self.error).__name__}: {self.error}")
        return ", ".join(part for part in parts if part)


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
        at_end: Callable[[], object] = lambda: None,
    ) -> Job[T]:
        """Put work into the queue.

        Args:
            function: the work; it gets its job, for `update` and `checkpoint`, and returns the result.
            name: what it does, for people.
            kind: what sort of work it is, for programs.
            interactive: let it go before long jobs, also before one that is running (at its checkpoint).
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
                function, name, id=number, kind=kind, interactive=interactive, at_end=at_end, runner=self
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
            _call(callback, job)

    def _forget_old(self) -> None:
        finished = [number for number, job in self._jobs.items() if job.done()]
        for number in finished[:-_KEPT_FINISHED_JOBS]:
            del self._jobs[number]


def _call(callback: Callable[[Job[Any]], object], job: Job[Any]) -> None:
    try:
        callback(job)
    except Exception:
        _log.exception("a subscriber of job %r failed", job.name)


def _close_at_exit(runner: weakref.ref[JobRunner]) -> None:
    alive = runner()
    if alive is not None:
        with contextlib.suppress(DataCrafterError):
            alive.close(timeout=10.0)


def progress_bar(name: str) -> Any:
    """A tqdm bar that appears after a second; none where nobody looks (output to a file)."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns where ipywidgets is missing, and draws text then
        from tqdm.auto import tqdm

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    shown = hasattr(shell, "kernel") or (sys.stderr is not None and sys.stderr.isatty())
    return tqdm(desc=name, delay=1.0, disable=not shown)


def _show(bar: Any, progress: Progress) -> None:
    if progress.total != bar.total and progress.total is not None:
        bar.total = progress.total
    bar.set_postfix_str(progress.message, refresh=False)
    bar.update(progress.done - bar.n)
    bar.refresh()
