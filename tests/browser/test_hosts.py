"""The dashboard in the other hosts: Notebook 7 and marimo."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from datacrafter_widget import Session

PlaywrightTimeout = pytest.importorskip("playwright.sync_api").TimeoutError

PATIENCE = 90_000  # ms; a bound on failure, not a wait

NOTEBOOK = """
from datacrafter_widget import DataCrafter, Session
session = Session.open("session", read_only=True)
widget = DataCrafter(session)
widget
"""
ASK = "print('chosen', len(widget.selection))"
MARIMO = """
import marimo

app = marimo.App()

@app.cell
def _():
    import marimo as mo
    from datacrafter_widget import DataCrafter, Session
    session = Session.open({folder!r}, read_only=True)
    widget = mo.ui.anywidget(DataCrafter(session, height=600))
    widget
    return

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture(scope="module")
def looked_at(originals: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a session that has been looked at."""
    folder = tmp_path_factory.mktemp("hosts") / "session"
    with Session.open(folder, images=originals, batch_size=4) as session:
        session.observe().result()
    return folder


@pytest.mark.timeout(400)
@pytest.mark.skipif(importlib.util.find_spec("notebook") is None, reason="Notebook 7 is not installed")
def test_notebook_7_shows_the_dashboard(lab: Any, chromium: Any, looked_at: Path) -> None:
    (lab.folder / "session").symlink_to(looked_at)
    lab.write("seven.ipynb", [NOTEBOOK, ASK])
    page = chromium.new_page(viewport={"width": 1600, "height": 1100})
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://127.0.0.1:{lab.port}/notebooks/seven.ipynb?token={lab.token}")
    run_cell(page, 0)
    root = page.locator(".datacrafter")
    page.locator(".datacrafter[data-ready='true']").wait_for()
    assert int(root.get_attribute("data-points") or 0) > 50
    assert root.get_attribute("data-theme") == "light"

    stage = page.locator(".dc-map-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    for right, down in ((1, 0), (1, 1), (0, 1), (0, 0)):
        page.mouse.move(
            box["x"] + 8 + right * (box["width"] - 16), box["y"] + 8 + down * (box["height"] - 16), steps=5
        )
    page.mouse.up()
    page.keyboard.up("Shift")
    page.locator(".datacrafter:not([data-selected='0'])").wait_for()
    run_cell(page, 1)
    page.get_by_text("chosen").last.wait_for()
    said = page.locator(".jp-OutputArea-output pre", has_text="chosen").inner_text()
    assert int(said.split()[-1]) == int(root.get_attribute("data-selected") or 0) > 20

    page.get_by_role("menuitem", name="Settings").click()
    page.get_by_text("Theme", exact=True).click()
    page.get_by_text("JupyterLab Dark", exact=True).click()
    page.locator(".datacrafter[data-theme='dark']").wait_for()
    page.close()


@pytest.fixture
def marimo(looked_at: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a marimo app that shows the session."""
    pytest.importorskip("marimo")
    app = tmp_path / "app.py"
    app.write_text(MARIMO.format(folder=str(looked_at)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "marimo", "run", str(app), "--headless", "--no-token"]
    with (tmp_path / "marimo.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--host=127.0.0.1", f"--port={port}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(tmp_path), "MARIMO_SKIP_UPDATE_CHECK": "1"},
        )
        deadline = time.monotonic() + PATIENCE / 1000
        try:
            while True:
                with suppress(OSError):
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"marimo did not start:\n{(tmp_path / 'marimo.log').read_text()[-2000:]}")
                with suppress(subprocess.TimeoutExpired):
                    server.wait(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(20)


@pytest.mark.timeout(300)
def test_marimo_shows_the_points(marimo: str, chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 1600, "height": 1100})
    page.set_default_timeout(PATIENCE)
    page.goto(marimo)
    root = page.locator(".datacrafter[data-ready='true']")
    root.wait_for()
    assert int(root.get_attribute("data-points") or 0) > 50
    box = page.locator(".dc-map-points").bounding_box()
    assert box is not None
    assert box["width"] > 200, "the style sheet did not reach marimo's shadow tree"
    assert box["height"] > 200
    page.close()


def run_cell(page: Any, index: int) -> None:
    """Run a cell of Notebook 7 as a person does: again, if the kernel was not there yet and nothing happened."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(index)
    ran = cell.locator(".jp-InputPrompt").filter(has_not_text="[ ]")
    deadline = time.monotonic() + PATIENCE / 1000
    while not ran.count() and time.monotonic() < deadline:
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        with suppress(PlaywrightTimeout):
            ran.wait_for(timeout=3000)
