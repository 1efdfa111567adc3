"""A real session on the toybox, and a record of what the widget says to the page."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datacrafter_widget import Session


@pytest.fixture(scope="module")
def session(originals: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Three classes with four pictures each, looked at."""
    images = [
        (file, folder.name)
        for folder in sorted(originals.iterdir())[:3]
        for file in sorted(folder.glob("*.png"))[:4]
    ]
    with Session.open(tmp_path_factory.mktemp("widget") / "session", images=images, batch_size=4) as opened:
        opened.observe().result()
        yield opened


class Page:
    """Stands where the browser is: takes the widget's messages, and asks as the front end does."""

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        self.messages: list[tuple[dict[str, Any], list[bytes]]] = []
        self._arrived = threading.Condition()
        self._count = 0
        widget.send = self._take

    def _take(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self._arrived:
            self.messages.append((content, buffers or []))
            self._arrived.notify_all()

    def wait(
        self, wanted: Callable[[dict[str, Any]], bool], timeout: float = 240
    ) -> tuple[dict[str, Any], list[bytes]]:
        """The first message that `wanted` takes."""

        def found() -> list[tuple[dict[str, Any], list[bytes]]]:
            return [message for message in self.messages if wanted(message[0])]

        with self._arrived:
            assert self._arrived.wait_for(lambda: bool(found()), timeout), [m for m, _ in self.messages]
            return found()[0]

    def ask(self, kind: str, **arguments: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Send a request and wait for its answer."""
        self._count += 1
        request = f"{id(self)}-{self._count}"
        self.widget._on_message(self.widget, {"type": kind, "id": request, "where": "here", **arguments}, [])
        return self.wait(lambda message: message.get("id") == request)


@pytest.fixture
def page(session: Session) -> Iterator[Page]:
    from datacrafter_widget.widget import DataCrafter

    widget = DataCrafter(session)
    yield Page(widget)
    widget.close()
