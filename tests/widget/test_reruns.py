"""A cell that is run again and again, in a real kernel."""

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """
import gc, os, psutil
from datacrafter_widget import DataCrafter, Session
session = Session.open({folder!r}, read_only=True)
kept = DataCrafter(session, panels=["info"])
def followers():
    return len(session.events._listeners)
def resident():
    gc.collect()
    return psutil.Process().memory_info().rss
"""


class Kernel:
    """Runs cells as a notebook does: each request names its cell."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, code: str, cell: str) -> str:
        session, printed = self._client.session, []
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        request = session.msg("execute_request", content, metadata={"cellId": cell})
        self._client.shell_channel.send(request)
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            assert kind != "error", content
            printed.append(content["text"] if kind == "stream" and content["name"] == "stdout" else "")
            if kind == "status" and content["execution_state"] == "idle":
                return "".join(printed).strip()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel()
    yield Kernel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


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
