"""`datacrafter demo` makes the demo session and serves the quickstart notebook."""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks/01_quickstart.ipynb"


@pytest.mark.timeout(300)
def test_the_demo_serves_the_notebook_at_the_address_it_prints(tmp_path: Path):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(NOTEBOOK, tmp_path / "notebooks")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = subprocess.Popen(
        [sys.executable, "-m", "datacrafter_widget.cli", "demo", "--no-browser", "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert demo.stdout is not None
        addresses = (re.search(r"http://localhost:\S+", line) for line in demo.stdout)
        address = next(found.group() for found in addresses if found)
        assert f":{port}/lab/tree/01_quickstart.ipynb?token=" in address
        contents = address.replace("/lab/tree/", "/api/contents/")
        deadline = time.monotonic() + 120
        while demo.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                urllib.request.urlopen(contents, timeout=5).close()
                break
            with suppress(subprocess.TimeoutExpired):
                demo.wait(0.2)
        else:
            pytest.fail("JupyterLab did not answer")
        assert (tmp_path / "notebooks/demo-session/session/session.db").is_file()
    finally:
        demo.terminate()
        demo.wait(30)
