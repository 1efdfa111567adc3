"""JupyterLab as a user runs it, and a Chromium that looks at it. Tests here wait on state, they never sleep."""

import base64
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lab import CHROMIUM_FLAGS, Lab, NotebookPage


@pytest.fixture(scope="module")  # no longer: its event loop would be in the way of other tests'
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        message = "no Chromium found; on Debian: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    folder.mkdir()
    server = Lab(folder)
    yield server
    server.stop()


NO_COST = {"pictures": 0, "seconds": 0, "energy_wh": None, "money": None}
INFO = {
    "name": "test",
    "folder": "",
    "generator": {"name": "a/generator"},
    "encoder": {"name": "an/encoder"},
    "language": None,
    "labels_from": "clip",
    "weights": {},
    "memory": None,
    "classes": [],
    "iteration": 0,
    "read_only": False,
    "resumable": 0,
    "cost": {
        "total": NO_COST,
        "per_picture": NO_COST,
        "iterations": [],
        "currency": "USD",
        "estimated": False,
    },
    "flagged": {},
    "strategies": [],
    "concepts": [],
    "export_formats": ["imagefolder"],
    "perturbations": [],
}


class BarePage:
    """The built dashboard without a notebook: the traits and what Python says are the test's."""

    _OPEN = """async ([script, style, studio, traits]) => {
        document.head.append(Object.assign(document.createElement('style'), {textContent: style}));
        const module = await import(URL.createObjectURL(new Blob([script], {type: 'text/javascript'})));
        const listeners = {};
        window.sent = [];
        const model = {
            get: key => traits[key], set: (key, value) => { traits[key] = value; },
            save_changes: () => {}, off: () => {},
            send: message => {
                window.sent.push(message);
                const {id} = message;
                const reply = (result, buffers) => setTimeout(() => say({type: 'reply', id, result}, buffers));
                if (message.type === 'hello') reply({seq: 0, tables: null});
                if (message.type === 'families') reply(null, window.families ?? []);
                if (message.type === 'studio' && window.studio !== false) reply(null, [studio]);
            },
            on: (event, listener) => (listeners[event] ??= []).push(listener),
        };
        window.say = (message, buffers = []) => {
            const views = buffers.map(bytes => new DataView(Uint8Array.from(atob(bytes), c => c.charCodeAt()).buffer));
            listeners['msg:custom'].forEach(listener => listener(message, views));
        };
        window.traits = traits;
        window.change = (key, value) => {
            traits[key] = value;
            (listeners[`change:${key}`] ?? []).forEach(listener => listener());
        };
        window.choose = ids => change('selection', ids);
        const widget = module.default();
        widget.initialize({model});
        widget.render({model, el: document.body});
    }"""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._seq = 0

    def show(self, *panels: str, info: dict[str, Any] | None = None, **tables: Any) -> None:
        from datacrafter_widget.session.built import built

        traits = {
            "panels": panels,
            "height": 700,
            "theme": "light",
            "info": INFO | (info or {}),
            **tables,
        }
        studio = base64.b64encode(built("studio.js").encode()).decode()
        self.page.evaluate(self._OPEN, [built("widget.js"), built("widget.css"), studio, traits])

    def change_info(self, **changes: Any) -> None:
        self.state(info=INFO | changes)

    def say(self, *buffers: bytes, **message: Any) -> None:
        encoded = [base64.b64encode(buffer).decode() for buffer in buffers]
        self.page.evaluate("([message, buffers]) => say(message, buffers)", [message, encoded])

    def state(self, **tables: Any) -> None:
        """Send tables as the session does when something changed."""
        self._seq += 1
        self.say(type="state", seq=self._seq, tables=tables)

    def place(self, block: bytes) -> None:
        """Send a block of points as the session does when all were placed anew."""
        self._seq += 1
        self.say(block, type="replace", seq=self._seq)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """The requests of a kind so far, without what belongs to every message."""
        return [
            {key: value for key, value in message.items() if key not in {"type", "id", "where"}}
            for message in self.page.evaluate("sent")
            if message["type"] == kind
        ]

    def families(self, *rows: tuple[int, int, list[int]], marks: dict[int, int] | None = None) -> None:
        """What the page is told from now on of who comes from whom: (original, 0 or -1; class id; pictures)."""
        known = marks or {}
        ids = [id_ for _, _, members in rows for id_ in members]
        heads = [
            value for first, owner, each in rows for value in (first, owner, known.get(first, 0), len(each))
        ]
        marked = bytes(known.get(id_, 4 if row[0] > 0 else 0) for row in rows for id_ in row[2])
        buffers = [struct.pack(f"<{len(heads)}i", *heads), struct.pack(f"<{len(ids)}i", *ids), marked]
        self.page.evaluate(
            "all => { window.families = all; }", [base64.b64encode(each).decode() for each in buffers]
        )

    def select(self, *ids: int) -> None:
        self.page.evaluate("ids => choose(ids)", ids)

    def refuse(self, kind: str, message: str) -> None:
        """Answer the latest request of a kind with an error."""
        latest = self._latest(kind)
        self.say(type="error", id=latest["id"], where=latest["where"], message=message)

    def answer(self, kind: str, result: Any = None, *buffers: bytes) -> None:
        """Answer the latest request of a kind, once it was made."""
        self.page.wait_for_function("kind => sent.some(each => each.type === kind)", arg=kind)
        self.say(*buffers, type="reply", id=self._latest(kind)["id"], result=result)

    def _latest(self, kind: str) -> dict[str, Any]:
        return [each for each in self.page.evaluate("sent") if each["type"] == kind][-1]

    def button(self, action: str) -> Any:
        return self.page.locator(f".datacrafter [data-action='{action}']")

    def focused(self) -> str | None:
        """What the element that has the focus is called."""
        return self.page.evaluate("document.activeElement.getAttribute('aria-label')")


@pytest.fixture
def bare(chromium: Any) -> Iterator[BarePage]:
    page = chromium.new_page(viewport={"width": 1500, "height": 900})
    page.set_default_timeout(20_000)
    yield BarePage(page)
    page.close()


@pytest.fixture
def notebook(chromium: Any, lab: Lab) -> Iterator[Callable[..., NotebookPage]]:
    contexts = []

    def make(*, dark: bool = False) -> NotebookPage:
        context = chromium.new_context(
            viewport={"width": 1600, "height": 1100}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        return NotebookPage(context.new_page(), lab)

    yield make
    for context in contexts:
        context.close()
