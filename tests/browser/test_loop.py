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
machines = [p for p, kind in zip(cranes, kinds) if kind != "crane bird"]
print(json.dumps({"made": cranes, "machines": machines, "class": session.pictures("crane")[0].class_id}))
"""
STATE = """
hidden = {p.id for p in session.pictures(include_hidden=True)} - {p.id for p in session.pictures()}
print(json.dumps({"hidden": sorted(hidden), "templates": session.template_table()}))
"""


def lasso(page: Any, ids: list[int]) -> None:
    """Draw a loop around each picture with the mouse, on the canvas itself."""
    positions = page.evaluate(
        """ids => {
            const detail = {ids};
            document.querySelector('.datacrafter').dispatchEvent(new CustomEvent('datacrafter-locate', {detail}));
            return Object.values(detail.positions instanceof Map ? [...detail.positions.values()] : detail.positions)
                .map(p => Array.isArray(p) ? p : [p.x, p.y]);
        }""",
        ids,
    )
    for number, (x, y) in enumerate(positions):
        if number == 1:
            page.keyboard.down("Control")  # the others are added
        left, right, top, bottom = x - 5, x + 5, y - 5, y + 5
        page.mouse.move(left, top)
        page.mouse.down()
        for at in [(right, top), (right, bottom), (left, bottom), (left, top)]:
            page.mouse.move(*at, steps=3)
        page.mouse.up()
    page.keyboard.up("Control")


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
    assert user.page.locator(".datacrafter canvas.dc-map-points").first.is_visible()

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

    # Lasso the undesired kind and remove it: a better prompt is proposed, and explained.
    user.run(1)
    user.state(f"Number(root.dataset.generated) === {streamed + 16}")
    user.run(2)
    cranes = json.loads(user.output(2))
    machines = cranes["machines"]
    assert machines
    user.state("root.dataset.job === 'idle'")
    user.page.locator(".datacrafter").scroll_into_view_if_needed()
    user.button("fit").click()
    user.button("lasso").click()
    lasso(user.page, machines)
    user.state(f"Number(root.dataset.selected) >= {len(machines)}")
    user.button("remove").click()
    user.state(f"Number(root.dataset.points) <= {count + streamed + 16 - len(machines)}")
    user.run(4)
    removed = set(json.loads(user.output(4))["hidden"])  # with what lies over them
    assert set(machines) <= removed
    group = user.page.locator(f".datacrafter [data-prompt-class='{cranes['class']}']")
    card = group.locator("[data-proposal][data-state='open']")
    # The search makes some hundred pictures: on a busy machine that takes a while.
    card.wait_for(timeout=600_000)
    user.state("root.dataset.job === 'idle'")
    assert card.get_attribute("data-improved") == "true"
    assert "Remove" in card.locator(".dc-proposal-head").text_content()
    assert card.locator(".dc-edit").count() >= 1
    for side in ("before", "after"):
        card.locator(f".dc-strip-{side} img[src^='blob:']").nth(2).wait_for()

    # It is edited and accepted, and its pictures take the place of those of the old prompt.
    card.locator("[data-action='edit-proposal']").click()
    prompt = card.get_by_label("Prompt template")
    prompt.fill(prompt.input_value() + ", close up")
    card.locator("[data-action='accept-menu']").click()
    card.locator("[data-action='accept-replace']").click()
    card.wait_for(state="detached")
    user.page.locator(".datacrafter [data-action='undo'][title*='replace']").wait_for()
    user.state("root.dataset.job === 'idle'")
    user.run(4)
    state = json.loads(user.output(4))
    assert set(cranes["made"]) <= set(state["hidden"])
    assert any(row["text"].endswith(", close up") for row in state["templates"])

    # Undo brings the old pictures back, and then the proposal; redo takes the prompt again.
    user.button("undo").click()
    user.page.locator(".datacrafter [data-action='undo'][title*='accept']").wait_for()
    user.button("undo").click()
    card.wait_for()
    assert card.locator("[data-action='accept']").is_enabled()
    user.run(4)
    state = json.loads(user.output(4))
    assert set(cranes["made"]) & set(state["hidden"]) == set(cranes["made"]) & removed
    user.button("redo").click()
    card.wait_for(state="detached")

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
