"""A progress bar for what a caller waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from datacrafter_widget.jobs import progress_bar


@contextmanager
def waiting(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A function to call with what is done and in all (None: unknown); it draws a bar after a second."""
    with progress_bar(name) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
