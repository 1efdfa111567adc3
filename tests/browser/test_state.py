"""What a page shows without a kernel, after a reload, and in several cells that work together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datacrafter_widget import InputError, Session

HOSTILE = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'>"

OPEN = """
from datacrafter_widget import DataCrafter, Detail, Map, Session
session = Session.open("session", images="originals", batch_size=4)
session.observe().result()
plan = Map(session, height=420)
plan
"""
ROWS = """
rows = Detail(session, height=300)
rows
"""
CHOOSE = """
ids = [picture.id for picture in session.pictures()[:3]]
plan.selection = ids
plan.view = {"x": 0.0, "y": 0.0, "zoom": 3}
"""
ASK = """
import json
print(json.dumps({"plan": plan.selection, "rows": rows.selection, "frame": list(plan.selected_frame()["id"]),
    "view": plan.view, "classes": rows.classes}))
"""
KEEP = "plan.snapshot(40); rows.snapshot(40)"
BOX = """
import ipywidgets
from datacrafter_widget import Map, Session
session = Session.open("boxes", images="originals", batch_size=4)
session.observe().result()
extra = Map(session, height=300, linked=False)
other = Map(session, height=300, linked=False)
ipywidgets.jslink((extra, "selection"), (other, "selection"))
ipywidgets.Tab([ipywidgets.VBox([extra, other])])
"""


@pytest.fixture(scope="module")
def page_file(originals: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    images = [
        (file, HOSTILE if number == 0 else f"kind {number}")
        for number, kind in enumerate(sorted(originals.iterdir())[:3])
        for file in sorted(kind.glob("*.png"))[:5]
    ]
    words = {HOSTILE: "crane"}
    with Session.open(folder / "session", images=images, class_words=words, batch_size=4) as session:
        session.observe().result()
        session.generate(per_class=2, seed=1).result()
        target = session.to_html(folder / "page.html", title=f"A page {HOSTILE}")
        with pytest.raises(InputError, match="overwrite"):
            session.to_html(target)
        with pytest.raises(InputError, match="folder that exists"):
            session.to_html(folder / "nowhere" / "page.html")
        session.to_html(target, pictures=10, overwrite=True)
        few = target.stat().st_size
        session.to_html(target, title=f"A page {HOSTILE}", overwrite=True)
        assert few < target.stat().st_size < 500_000
    return target


@pytest.fixture
def saved_page(chromium: Any, page_file: Path) -> Any:
    """The page as a browser without a network shows it, from disk."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, offline=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page.wrong.append(message.text))
    page.on(
        "request",
        lambda request: request.url.startswith(("file:", "blob:")) or page.wrong.append(request.url),
    )
    page.goto(page_file.as_uri())
    page.wait_for_selector(".datacrafter[data-ready='true']")
    yield page
    context.close()


def test_a_page_of_one_file_shows_the_session_from_disk(saved_page):
    root = saved_page.locator(".datacrafter")
    assert root.get_attribute("data-points") == "21"
    assert root.get_attribute("data-generated") == "6"
    saved_page.wait_for_function("() => document.querySelector('.datacrafter').dataset.labels > 0")
    assert saved_page.locator(".dc-waiting").inner_text().startswith("A saved view")
    for panel in ("info", "metrics", "evaluation", "map", "prompts", "suggestions", "detail"):
        assert saved_page.locator(f".dc-{panel}").first.is_visible()
    saved_page.locator(".dc-detail img[src^='blob:']").nth(3).wait_for()
    assert saved_page.wrong == []


def test_text_in_a_page_stays_text(saved_page):
    assert saved_page.evaluate("window.hurt") is None
    assert saved_page.locator(".datacrafter img[src='x']").count() == 0
    assert saved_page.get_by_text("</script>", exact=False).first.is_visible()
    assert saved_page.title() == f"A page {HOSTILE}"
    assert saved_page.wrong == []


def test_a_picture_of_a_page_tells_where_it_comes_from_and_its_labels(saved_page):
    saved_page.locator(".dc-detail img[src^='blob:']").first.wait_for()
    chip = saved_page.locator(".datacrafter [data-label]").first
    chip.click()
    saved_page.wait_for_function(
        "() => document.querySelector(\".datacrafter [data-label][aria-pressed='true']\")"
    )
    assert saved_page.wrong == []


def test_what_acts_on_the_session_is_out_of_reach_in_a_page(saved_page):
    assert saved_page.locator(".datacrafter [data-action='generate']").is_disabled()
    assert saved_page.locator(".datacrafter [data-action='undo']").first.is_disabled()
    for action in ("edit", "gallery"):
        assert saved_page.locator(f".datacrafter [data-action='{action}']").is_hidden()


@pytest.mark.timeout(900)
def test_cells_work_together_and_a_saved_notebook_shows_them_again(
    lab: Any, notebook: Callable[..., Any], originals: Path
):
    (lab.folder / "originals").symlink_to(originals)
    lab.write("state.ipynb", [OPEN, ROWS, CHOOSE, ASK, KEEP])
    user = notebook()
    user.open("state.ipynb")
    page = user.page
    user.run(0)
    user.run(1)
    both = "document.querySelectorAll('.datacrafter[data-ready=true]').length"
    page.wait_for_function(f"() => {both} === 2")

    # What Python selects is selected in both cells, and what the page selects comes to Python.
    user.run(2)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.datacrafter')].every(each => each.dataset.selected === '3')"
    )
    page.wait_for_function("() => document.querySelectorAll(\".dc-detail img[src^='blob:']\").length >= 3")
    user.run(3)
    told = json.loads(user.output(3))
    assert told["plan"] == told["rows"] == told["frame"]
    assert len(told["plan"]) == 3
    assert told["view"]["zoom"] == 3
    stage = page.locator(".datacrafter .dc-map-stage").first
    stage.scroll_into_view_if_needed()
    stage.focus()
    page.keyboard.press("a")
    count = int(user.data("points"))
    everywhere = "[...document.querySelectorAll('.datacrafter')].every"
    page.wait_for_function(f"() => {everywhere}(each => Number(each.dataset.selected) > {count} / 3)")
    user.run(3)
    told = json.loads(user.output(3))
    assert told["plan"] == told["rows"]
    assert len(told["plan"]) > 3

    # Saved, and opened with a kernel that knows nothing: the same points, the same pictures.
    user.run(4)
    save = "async () => { const { commands } = window.jupyterapp;"
    page.evaluate(
        f"{save} await commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState');"
        " await commands.execute('docmanager:save'); }"
    )
    content = json.loads((lab.folder / "state.ipynb").read_text())
    state = content["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert sum("points" in each["state"] or "arrangement" in each["state"] for each in state.values()) == 2
    page.evaluate("async () => await window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.reload()
    user.ready()
    page.wait_for_function(f"() => {both} === 2")
    page.wait_for_function("() => document.querySelector('.dc-waiting.dc-saved:not([hidden])')")
    assert int(user.data("points")) == count
    page.wait_for_function("() => document.querySelectorAll(\".dc-detail img[src^='blob:']\").length >= 3")

    # A second kernel opens the session again.
    user.run(0)
    page.wait_for_function(
        "() => !document.querySelector('.datacrafter .dc-map')?.closest('.datacrafter')"
        ".querySelector('.dc-saved:not([hidden])')"
    )
    user.state("root.dataset.ready === 'true'")
    assert int(user.data("points")) == count
    assert user.errors == []
    assert user.strangers == []


@pytest.mark.timeout(600)
def test_widgets_in_a_box_follow_each_other_on_the_page_alone(
    lab: Any, notebook: Callable[..., Any], originals: Path
):
    if not (lab.folder / "originals").exists():
        (lab.folder / "originals").symlink_to(originals)
    lab.write("box.ipynb", [BOX])
    user = notebook()
    user.open("box.ipynb")
    user.run(0)
    everywhere = "[...document.querySelectorAll('.datacrafter')].filter"
    user.page.wait_for_function(f"() => {everywhere}(each => each.dataset.ready === 'true').length === 2")
    stage = user.page.locator(".datacrafter .dc-map-stage").first
    stage.scroll_into_view_if_needed()
    stage.focus()
    user.page.keyboard.press("a")
    user.page.wait_for_function(
        f"() => {everywhere}(each => Number(each.dataset.selected) > 10).length === 2"
    )
    assert user.errors == []
