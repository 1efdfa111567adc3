"""A real session on the toybox, and a record of what the widget says to the page."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

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
        opened.verdict()  # nothing goes on in the background any more
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

    def ask(self, kind: str, /, **arguments: Any) -> tuple[dict[str, Any], list[bytes]]:
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


class Kernel:
    """Runs cells as a notebook does: each request names its cell."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def start(self, code: str, cell: str) -> dict[str, Any]:
        """Have a cell run."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        request: dict[str, Any] = self._client.session.msg(
            "execute_request", content, metadata={"cellId": cell}
        )
        self._client.shell_channel.send(request)
        return request

    def run(self, code: str, cell: str) -> str:
        """Run a cell; what it printed."""
        request, printed = self.start(code, cell), []
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            assert kind != "error", content
            printed.append(content["text"] if kind == "stream" and content["name"] == "stdout" else "")
            if kind == "status" and content["execution_state"] == "idle":
                return "".join(printed).strip()

    def subshell(self) -> str:
        """A thread of its own for messages that ask for it; its id."""
        self._client.control_channel.send(self._client.session.msg("create_subshell_request"))
        return str(self._client.get_control_msg(timeout=60)["content"]["subshell_id"])

    def ask(self, comm: str, name: str, subshell: str, **arguments: Any) -> dict[str, Any]:
        """Ask a widget something, as the page does; the reply."""
        data = {"method": "custom", "content": {"type": name, "id": "1", "where": "", **arguments}}
        request = self._client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        request["header"]["subshell_id"] = subshell
        self._client.shell_channel.send(request)
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            said = message["content"].get("data", {}).get("content", {})
            if message["msg_type"] == "comm_msg" and said.get("id") == "1":
                return dict(said)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel()
    yield Kernel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
