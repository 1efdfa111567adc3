"""A cell that is run again and again, in a real kernel."""

SETUP = """
import gc, os, psutil
from datacrafter_widget import DataCrafter, Session
session = Session.open({folder!r}, read_only=True)
own = len(session.events._listeners)
kept = DataCrafter(session, panels=["info"])
def followers():
    return len(session.events._listeners) - own
def resident():
    gc.collect()
    return psutil.Process().memory_info().rss
"""


def test_a_cell_that_is_run_fifty_times_leaves_one_widget_and_no_memory(session, kernel):
    kernel.run(SETUP.format(folder=session.info()["folder"]), "first")
    before = int(kernel.run("print(followers())", "count"))
    for _ in range(5):
        kernel.run("DataCrafter(session)", "again")
    kernel.run("other = DataCrafter(session)", "elsewhere")
    resident = int(kernel.run("print(resident())", "count"))
    for _ in range(50):
        kernel.run("DataCrafter(session)", "again")
    grown = int(kernel.run("print(resident())", "count")) - resident
    one = int(kernel.run("print(followers())", "count")) - before
    assert one == before * 2  # the last of that cell, and the one elsewhere
    assert kernel.run("print(kept._live, other._live)", "count") == "True True"
    assert grown < 50 * 300_000


def test_a_widget_that_is_still_seen_is_closed_once_it_is_not(session, kernel):
    kernel.run(SETUP.format(folder=session.info()["folder"]), "first")
    kernel.run("old = DataCrafter(session); old.set_state({'_view_count': 1})", "again")
    kernel.run("new = DataCrafter(session)", "again")
    assert kernel.run("print(old._live, new._live)", "count") == "True True"
    kernel.run("old.set_state({'_view_count': 0})", "page")
    assert kernel.run("print(old._live, new._live)", "count") == "False True"


def test_waiting_for_less_than_a_second_leaves_no_bar_behind(kernel):
    said = kernel.run(
        """
import ipywidgets
from datacrafter_widget.jobs import JobRunner
runner = JobRunner()
runner.submit(lambda job: 1, "quick").wait()
print(len(ipywidgets.Widget.get_manager_state()["state"]))
runner.close()
""",
        "quick",
    )
    assert said == "0"
