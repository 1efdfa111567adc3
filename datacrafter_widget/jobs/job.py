"""A piece of background work: progress, cancel, result."""

from __future__ import annotations

import asyncio
import contextlib
import html
import itertools
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar

from datacrafter_widget.errors import JobCancelled
from datacrafter_widget.jobs.progress import Progress, ProgressBar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from datacrafter_widget.jobs.runner import JobRunner

T = TypeVar("T")
State = Literal["queued", "running", "done", "cancelled", "failed"]

_log = logging.getLogger(__name__)
_FINISHED = ("done", "cancelled", "failed")


class Job(Generic[T]):
    """Work that runs in the background: wait for it, await it, cancel it, or look at its progress.

    Attributes:
        id: its number in this process, from 1.
        name: what it does, for people.
        kind: what sort of work it is, for programs: "generate", "search", "observe", ….
        interactive: whether it goes before long jobs.
        about: ids of what it works on, where its kind has such.
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
        about: Iterable[int] = (),
        at_end: Callable[[], object] = lambda: None,
        runner: JobRunner | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.kind = kind
        self.interactive = interactive
        self.about = frozenset(about)
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
            bar = None if quiet or self.done() else stack.enter_context(ProgressBar(self.name))
            while True:
                with self._changed:
                    if not self.done():
                        # Woken by every change; a second at most, so that the bar's clock runs on and an
                        # interrupt is noticed on platforms whose locks cannot be interrupted.
                        left = 1.0 if deadline is None else min(1.0, deadline - time.monotonic())
                        if left > 0:
                            self._changed.wait(left)
                over = self.done()
                if bar is not None and self._state == "done":
                    bar.finish(self._progress)
                elif bar is not None:
                    bar.show(self._behind() or self._progress)
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
            self._close("cancelled", error=cancelled.with_traceback(None))
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
            self._changed.notify_all()
        self._tell()
        # Who keeps a job that is over, as IPython does, shall not keep a session with its pictures and models.
        self._function, self._at_end, self._runner = None, lambda: None, None
        self._callbacks.clear()

    def _behind(self) -> Progress | None:
        """While it waits in the queue: what for."""
        runner = self._runner
        if self._state != "queued" or runner is None or (first := runner._ahead()) is None:  # noqa: SLF001
            return None
        doing = f" ({first.progress.message})" if first.progress.message else ""
        return Progress(message=f"waits for: {first.name}{doing}")

    def _tell(self) -> None:
        with self._changed:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            call(callback, self)
        runner = self._runner
        if runner is not None:
            runner._tell(self)  # noqa: SLF001 - two halves of one thing

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


def call(callback: Callable[[Job[Any]], object], job: Job[Any]) -> None:
    """Tell a subscriber; what goes wrong with it is not the job's fault."""
    try:
        callback(job)
    except Exception:
        _log.exception("a subscriber of job %r failed", job.name)
