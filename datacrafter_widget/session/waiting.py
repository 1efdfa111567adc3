"""A progress bar for what a caller waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from datacrafter_widget.jobs import Progress, ProgressBar


@contextmanager
def waiting(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A function to call with what is done and in all (None: unknown); it draws a bar after a second."""
    with ProgressBar(name) as bar:
        yield lambda done, total: bar.show(Progress(done, total))
