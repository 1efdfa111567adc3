"""How far a job is, and the bar that shows it in a terminal or a notebook."""

import sys
from dataclasses import dataclass
from typing import Any


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


def progress_bar(name: str) -> Any:
    """A tqdm bar that appears after a second; none where nobody looks (output to a file)."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns where ipywidgets is missing, and draws text then
        from tqdm.auto import tqdm

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    shown = hasattr(shell, "kernel") or (sys.stderr is not None and sys.stderr.isatty())
    return tqdm(desc=name, delay=1.0, disable=not shown)


def show(bar: Any, progress: Progress) -> None:
    """Bring a bar up to date."""
    if progress.total != bar.total and progress.total is not None:
        bar.total = progress.total
    bar.set_postfix_str(progress.message, refresh=False)
    bar.update(progress.done - bar.n)
    bar.refresh()
