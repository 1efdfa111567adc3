"""A dashboard's life in JupyterLab: scrolled away and back, shown twenty times over, its cell run again and again."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

OPEN = """
import gc, json, ipywidgets, psutil
from IPython.display import display
from datacrafter_widget import Map, Session
session = Session.open("session", images="originals", batch_size=4)
session.observe().result()
print(len(session.pictures()))
"""
SHOW = "Map(session, height=400)"
MANY = """
for number in range(20):
    display(Map(session, height=300, linked=False))
"""
FILLER = "print('\\n'.join(['a long output'] * 60))"
MEMORY = """
gc.collect()
widgets = len(ipywidgets.Widget.get_manager_state()["state"])
print(json.dumps({"rss": psutil.Process().memory_info().rss, "widgets": widgets}))
"""

# Counts the WebGL contexts that are alive, without keeping them so.
COUNT_CONTEXTS = """
(() => {
    const made = [];
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        const context = getContext.call(this, kind, ...more);
        if (kind === 'webgl2' && context && !made.some(each => each.deref() === context))
            made.push(new WeakRef(context));
        return context;
    };
    window.livingContexts = () => made.filter(each => each.deref() && !each.deref().isContextLost()).length;
})()
"""


def colourful(png: bytes) -> int:
    """How many pixels have a colour: points do, paper and words don't."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    return int((pixels.max(axis=2) - pixels.min(axis=2) > 60).sum())


def drawn(stage: Any, least: int = 150) -> int:
    """Wait until a map shows its points; how many coloured pixels it has then."""
    deadline = time.monotonic() + 60
    while (found := colourful(stage.screenshot())) < least:
        assert time.monotonic() < deadline, f"the map stays blank: {found} coloured pixels"
    return found


def open_notebook(
    lab: Any, notebook: Callable[..., Any], originals: Path, name: str, cells: list[str]
) -> Any:
    if not (lab.folder / "originals").exists():
        (lab.folder / "originals").symlink_to(originals)
    lab.write(name, [OPEN.replace('"session"', json.dumps(name.removesuffix(".ipynb"))), *cells])
    view = notebook()
    view.page.add_init_script(COUNT_CONTEXTS)
    view.open(name)
    view.run(0)
    assert int(view.output(0)) > 50
    return view


@pytest.mark.timeout(600)
def test_a_map_that_was_scrolled_away_is_there_when_it_comes_back(
    lab: Any, notebook: Callable[..., Any], originals: Path
) -> None:
    view = open_notebook(lab, notebook, originals, "away.ipynb", [SHOW, *[FILLER] * 25])
    page = view.page
    page.evaluate(
        """() => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.notebookConfig = {...content.notebookConfig, windowingMode: 'full'};
        }"""
    )
    for index in range(2, 27):
        view.run(index)
    view.run(1)
    view.state("root.dataset.ready === 'true'")
    stage = page.locator(".dc-map-stage").first
    before = drawn(stage)
    for _ in range(3):
        scroll(page, 26)
        page.wait_for_function(
            "() => !(document.querySelector('.dc-map-stage')?.getBoundingClientRect().bottom > 0)"
        )
        scroll(page, 1)
        stage.wait_for(state="visible")
        after = drawn(stage, before // 2)
        assert 0.7 * before < after < 1.4 * before
    assert not [error for error in view.errors if "datacrafter" in error.lower() or "webgl" in error.lower()]


@pytest.mark.timeout(600)
def test_more_widgets_than_a_browser_has_contexts_all_show_their_points(
    lab: Any, notebook: Callable[..., Any], originals: Path
) -> None:
    view = open_notebook(lab, notebook, originals, "many.ipynb", [MANY])
    page = view.page
    view.run(1)
    stages = page.locator(".dc-map-stage")
    page.wait_for_function("() => document.querySelectorAll('.dc-map-stage').length === 20")
    for number in [*range(20), 0, 10]:
        stage = stages.nth(number)
        stage.scroll_into_view_if_needed()
        drawn(stage)
    assert page.evaluate("livingContexts()") <= 16


@pytest.mark.timeout(900)
def test_running_the_cell_fifty_times_leaks_nothing(
    lab: Any, notebook: Callable[..., Any], originals: Path
) -> None:
    view = open_notebook(lab, notebook, originals, "again.ipynb", [SHOW, MEMORY])
    page = view.page
    console = page.context.new_cdp_session(page)

    def counts() -> dict[str, float]:
        view.run(2)
        for _ in range(3):
            console.send("HeapProfiler.collectGarbage")
        found = console.send("Memory.getDOMCounters")
        return {
            "nodes": found["nodes"],
            "listeners": found["jsEventListeners"],
            "contexts": page.evaluate("livingContexts()"),
            **json.loads(view.output(2)),
        }

    def run(times: int) -> None:
        for _ in range(times):
            view.run(1)
            view.state("root.dataset.ready === 'true'")
        drawn(page.locator(".dc-map-stage").first)

    run(5)
    before = counts()
    run(45)
    after = counts()
    print(before, after)
    assert after["contexts"] <= 2
    assert after["nodes"] < before["nodes"] * 1.1 + 500
    assert after["listeners"] < before["listeners"] * 1.1 + 100
    assert after["widgets"] <= before["widgets"] + 3
    assert after["rss"] - before["rss"] < 40e6


@pytest.mark.timeout(900)
def test_a_cell_that_opens_another_session_lets_the_widget_of_the_former_go_also_after_a_reload(
    lab: Any, notebook: Callable[..., Any], originals: Path
) -> None:
    another = """import tempfile
session.close()
session = Session.open(tempfile.mkdtemp() + "/session", images="originals")
Map(session, height=400)"""
    alive = """states = ipywidgets.Widget.get_manager_state()["state"].values()
print(sum(each["model_name"] == "AnyModel" for each in states))"""
    view = open_notebook(lab, notebook, originals, "others.ipynb", [another, alive])
    for _ in range(3):
        view.run(1)
        view.state("root.dataset.ready === 'true'")
        view.page.evaluate("async () => await window.jupyterapp.commands.execute('docmanager:save')")
        view.page.reload()
        view.ready()
        view.state("root.dataset.ready === 'true'")
    view.run(1)
    view.state("root.dataset.ready === 'true'")
    view.run(2)
    assert int(view.output(2)) == 1


def scroll(page: Any, index: int) -> None:
    """Bring a cell of the notebook into view."""
    page.evaluate(
        """async index => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = index;
            await content.scrollToItem(index, 'center');
        }""",
        index,
    )
