"""JupyterLab as a user runs it, and a notebook of it in a browser: for tests and for benchmarks."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat

CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 120_000  # ms; a bound on failure, not a wait


class Lab:
    """A JupyterLab server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(8)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = folder.parent / "settings"
        settings.mkdir()
        quiet = {"checkForUpdates": False, "doNotDisturbMode": True, "fetchNews": "false"}
        (settings / "overrides.json").write_text(
            json.dumps({"@jupyterlab/apputils-extension:notification": quiet})
        )
        homes = {
            name: str(folder.parent / name.lower())
            for name in (
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_RUNTIME_DIR",
                "JUPYTER_DATA_DIR",
                "JUPYTERLAB_SETTINGS_DIR",
                "JUPYTERLAB_WORKSPACES_DIR",
                "IPYTHONDIR",
            )
        }
        self._log = (folder.parent / "lab.log").open("w")
        self._server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--allow-root",
                "--ip=127.0.0.1",
                f"--port={self.port}",
                "--ServerApp.port_retries=0",
                f"--ServerApp.root_dir={folder}",
                "--LabApp.expose_app_in_browser=True",
                f"--LabApp.app_settings_dir={settings}",
            ],
            env={**os.environ, **homes, "JUPYTER_TOKEN": self.token, "HF_HUB_OFFLINE": "1"},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + PATIENCE / 1000
        while True:
            with suppress(OSError):
                urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/api?token={self.token}", timeout=5
                ).close()
                return
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"JupyterLab did not start:\n{(folder.parent / 'lab.log').read_text()[-3000:]}"
                )
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(0.2)

    def address(self, notebook: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/{notebook}?token={self.token}&reset"

    def write(self, name: str, cells: list[str]) -> None:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.folder / name)

    def stop(self) -> None:
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
        self._log.close()


class NotebookPage:
    """A notebook in the browser, with what went wrong and what was asked of the network."""

    def __init__(self, page: Any, lab: Lab) -> None:
        self.page = page
        self.lab = lab
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)

    def open(self, notebook: str) -> None:
        self.page.goto(self.lab.address(notebook))
        self.ready()

    def ready(self) -> None:
        """Wait until the notebook's kernel is connected and idle."""
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
                return context?.isReady && context.session?.kernel?.status === 'idle';
            }"""
        )

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run one cell; with `wait`, until the kernel is idle again."""
        self.page.evaluate(
            """async ([index, wait]) => {
                const panel = window.jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = index;
                panel.content.deselectAll();
                const done = window.jupyterapp.commands.execute('notebook:run-cell');
                if (wait) await done;
            }""",
            [index, wait],
        )

    def output(self, index: int) -> str:
        return self.page.evaluate(
            """index => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel;
                return cell.outputs.map(output => output.text ?? output.traceback?.join('') ?? '').flat().join('');
            }""",
            index,
        )

    def state(self, expression: str) -> None:
        """Wait until a JavaScript expression over `root`, the widget's element, is true."""
        self.page.wait_for_function(
            f"() => {{ const root = document.querySelector('.datacrafter'); return root && ({expression}); }}"
        )

    def data(self, name: str) -> str:
        return self.page.locator(".datacrafter").first.get_attribute(f"data-{name}") or ""

    def button(self, action: str) -> Any:
        return self.page.locator(f".datacrafter [data-action='{action}']").first

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _request(self, request: Any) -> None:
        local = (f"http://127.0.0.1:{self.lab.port}", f"ws://127.0.0.1:{self.lab.port}", "data:", "blob:")
        if not request.url.startswith(local):
            self.strangers.append(request.url)
