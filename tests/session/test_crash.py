"""kill -9 while pictures are being generated: what was shown is there, nothing is half-written, resume completes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from datacrafter_widget import Session

WORKER = """
import sys
from datacrafter_widget import Session
session = Session.open(sys.argv[1], images=sys.argv[2], batch_size=4)
session.observe().wait(quiet=True)
session.events.subscribe(
    lambda event: print("shown", *event["ids"], flush=True) if event["kind"] == "pictures" else None
)
session.generate(per_class=40, classes=["apple"], seed=3, num_inference_steps=6).wait(quiet=True)
"""


def test_kill_during_generation_loses_nothing_that_was_shown(tmp_path: Path, originals: Path):
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path / "s"), str(originals)], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    shown: set[int] = set()
    for line in worker.stdout:
        if line.startswith("shown"):
            shown |= {int(word) for word in line.split()[1:]}
        if len(shown) >= 8:
            os.kill(worker.pid, signal.SIGKILL)
            break
    for line in worker.stdout:
        if line.startswith("shown"):
            shown |= {int(word) for word in line.split()[1:]}
    worker.wait()
    assert len(shown) >= 8
    with Session.open(tmp_path / "s") as session:
        there = {picture.id for picture in session.pictures("apple", origin="generated")}
        assert shown <= there
        assert len(there) < 40
        for picture in there:
            assert session.image(picture).size == (64, 64)
        assert session.info()["resumable"] == 1
        resumed = session.resume()
        assert resumed is not None
        resumed.result()
        assert len(session.pictures("apple", origin="generated")) == 40
        assert session.resume() is None
    reference = tmp_path / "reference"
    with (
        Session.open(reference, images=originals, batch_size=4) as session,
        Session.open(tmp_path / "s", read_only=True) as killed,
    ):
        session.generate(per_class=40, classes=["apple"], seed=3, num_inference_steps=6).result()
        uninterrupted = {picture.sha256 for picture in session.pictures("apple", origin="generated")}
        assert uninterrupted == {picture.sha256 for picture in killed.pictures("apple", origin="generated")}
