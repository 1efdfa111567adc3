"""The loop as a user walks it: JupyterLab, a real canvas, a busy kernel, a reloaded page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OPEN = """
from datacrafter_widget import DataCrafter, Session
session = Session.open("session", images="originals", batch_size=4)
session.observe().result()
DataCrafter(session)
"""
CRANES = "made = session.generate(per_class=16, classes='crane').result(quiet=True); print(len(made))"
BUSY = """
import time
from pathlib import Path
while not Path("stop").exists():
    time.sleep(0.05)
print("free")
"""
MACHINES = """
import json, numpy as np
from datacrafter_widget.toybox.judge import Judge
cranes = [p.id for p in session.pictures("crane", origin="generated")]
kinds = Judge.load().predict(np.stack([np.asarray(session.image(p)) for p in cranes]))["class"]
print(json.dumps([p for p, kind in zip(cranes, kinds) if kind != "crane bird"]))
"""
STATE = """
print(json.dumps({"hidden": int(session.map_points()["hidden"].sum()), "templates": session.template_table()}))
"""


def lasso(page: Any, ids: list[int]) -> None:
    """Draw a loop around pictures with the mouse, on the canvas itself."""
    positions = page.evaluate(
        """ids => {
            const detail = {ids};
            document.querySelector('.datacrafter').dispatchEvent(new CustomEvent('datacrafter-locate', {detail}));
            return Object.values(detail.positions instanceof Map ? [...detail.positions.values()] : detail.positions)
                .map(p => Array.isArray(p) ? p : [p.x, p.y]);
        }""",
        ids,
    )
    xs, ys = [x for x, _ in positions], [y for _, y in positions]
    left, right, top, bottom = min(xs) - 9, max(xs) + 9, min(ys) - 9, max(ys) + 9
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in [(right, top), (right, bottom), (left, bottom), (left, top)]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


@pytest.mark.timeout(1500)
def test_the_loop_in_jupyterlab(lab: Any, notebook: Callable[..., Any], originals: Path):
    (lab.folder / "originals").symlink_to(originals)
    lab.write("loop.ipynb", [OPEN, CRANES, MACHINES, BUSY, STATE])
    user = notebook()
    user.open("loop.ipynb")

    user.run(0)
    user.state("root.dataset.ready === 'true'")
    count = len(list(originals.rglob("*.png")))
    assert int(user.data("points")) == count
    assert user.data("generated") == "0"
    assert user.page.locator(".datacrafter canvas").first.is_visible()

    # Rings appear while a job runs and a different cell is busy; cancel works meanwhile.
    user.run(3, wait=False)
    user.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    user.button("generate").click()
    user.state("Number(root.dataset.generated) >= 4 && root.dataset.job === 'running'")
    user.button("cancel").click()
    user.state("root.dataset.job === 'idle'")
    streamed = int(user.data("generated"))
    assert 4 <= streamed < 10 * 12
    assert "free" not in user.output(3)
    (lab.folder / "stop").touch()
    user.ready()

    # Lasso the undesired kind, remove, accept what is proposed.
    user.run(1)
    user.state(f"Number(root.dataset.generated) === {streamed + 16}")
    user.run(2)
    machines = json.loads(user.output(2))
    assert machines
    user.state("root.dataset.job === 'idle'")
    user.page.locator(".datacrafter").scroll_into_view_if_needed()
    user.button("fit").click()
    user.button("lasso").click()
    lasso(user.page, machines)
    user.state(f"Number(root.dataset.selected) >= {len(machines)}")
    user.button("remove").click()
    user.state(f"Number(root.dataset.points) <= {count + streamed + 16 - len(machines)}")
    # The search makes some hundred pictures: on a busy machine that takes a while.
    user.page.locator(".datacrafter [data-proposal][data-state='open']").first.wait_for(timeout=600_000)
    user.state("root.dataset.job === 'idle'")
    proposals = user.page.locator(".datacrafter [data-proposal][data-state='open']").count()
    user.button("accept").click()
    user.page.wait_for_function(
        f"() => document.querySelectorAll(\".datacrafter [data-proposal][data-state='open']\").length < {proposals}"
    )
    user.run(4)
    state = json.loads(user.output(4))
    assert state["hidden"] >= len(machines)
    assert "proposal" in {row["origin"] for row in state["templates"]}

    # Undo brings the accepted prompt back, redo takes it again.
    user.button("undo").click()
    user.page.locator(".datacrafter [data-proposal][data-state='open']").first.wait_for()
    user.button("redo").click()
    user.page.wait_for_function(
        f"() => document.querySelectorAll(\".datacrafter [data-proposal][data-state='open']\").length < {proposals}"
    )

    # The page is reloaded: the state is back.
    visible, generated = user.data("points"), user.data("generated")
    user.page.evaluate("async () => await window.jupyterapp.commands.execute('docmanager:save')")
    user.page.reload()
    user.ready()
    user.state("root.dataset.ready === 'true'")
    user.state(f"root.dataset.points === '{visible}' && root.dataset.generated === '{generated}'")

    assert user.errors == []
    assert user.strangers == []


def test_the_dashboard_follows_a_dark_theme(lab: Any, notebook: Callable[..., Any], originals: Path):
    if not (lab.folder / "originals").exists():
        (lab.folder / "originals").symlink_to(originals)
    lab.write("dark.ipynb", [OPEN.replace('"session"', '"dark"')])
    user = notebook(dark=True)
    user.open("dark.ipynb")
    user.page.evaluate(
        "async () => await window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    user.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    user.run(0)
    user.state("root.dataset.ready === 'true'")
    background = user.page.evaluate(
        """() => {
            const panel = document.querySelector('.datacrafter .dc-panel');
            return getComputedStyle(panel).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number);
        }"""
    )
    assert sum(background) / 3 < 80
    assert user.errors == []
