"""The page's buttons while a cell runs, in a real kernel."""

SETUP = """
from datacrafter_widget import DataCrafter, Session
session = Session.open({folder!r}, read_only=True)
widget = DataCrafter(session)
print(widget.comm.comm_id)
"""
BUSY = """
import time
from pathlib import Path
until = time.monotonic() + 60
while not Path({stop!r}).exists() and time.monotonic() < until:
    time.sleep(0.02)
print(time.monotonic() < until)
"""


def test_the_page_is_answered_though_the_cell_that_spoke_last_is_busy(session, kernel, tmp_path):
    stop = tmp_path / "stop"
    comm = kernel.run(SETUP.format(folder=session.info()["folder"]), "first")
    subshell = kernel.subshell()
    kernel.run("widget.height = 600", "speaks")
    kernel.start(BUSY.format(stop=str(stop)), "busy")
    assert kernel.ask(comm, "hello", subshell, seq=0)["type"] == "reply"
    stop.touch()
    assert kernel.run("print('free')", "after") == "free"
