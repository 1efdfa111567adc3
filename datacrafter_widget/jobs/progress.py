"""How far a job is, and the bar that shows it in a terminal or a notebook."""

import sys
import time
from dataclasses import dataclass, replace
from typing import Any, Self

DELAY = 1.0
"""Seconds before a bar is shown."""

FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"
"""Without a rate: a job's steps are now pictures, now shares of a map."""


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


class ProgressBar:
    """A tqdm bar that is made once a second is over; none where nobody looks (output to a file).

    Whoever waits for less sees none, and a notebook's kernel keeps no widgets of it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.time()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: Progress) -> None:
        """Bring the bar up to date."""
        if self._bar is None:
            if time.time() - self._began < DELAY:
                return
            self._bar = _made(self._name)
        if progress.total != self._bar.total and progress.total is not None:
            self._bar.reset(total=progress.total)
        self._bar.start_t = self._began
        self._bar.set_postfix_str(progress.message, refresh=False)
        self._bar.update(progress.done - self._bar.n)
        self._bar.refresh()

    def finish(self, progress: Progress) -> None:
        """Show that all went well, perhaps before all that was planned was done."""
        self.show(replace(progress, total=progress.done or progress.total))


def _made(name: str) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns where ipywidgets is missing, and draws text then
        from tqdm.auto import tqdm

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    shown = hasattr(shell, "kernel") or (sys.stderr is not None and sys.stderr.isatty())
    return tqdm(desc=name, disable=not shown, bar_format=FORMAT)
