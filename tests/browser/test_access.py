"""Anyone can use the dashboard: WCAG 2.2 AA as axe-core checks it, keys, and what screen readers are told."""

import pytest
from furnished import PANELS, furnish, open_sheet, picture, points

JOB = {"id": 9, "name": "Generate", "kind": "generate", "message": "", "error": None, "total": 40}
POPOVERS = (
    "help",
    "change",
    "sets",
    "weights",
    "cost",
    "strategy",
    "teach",
    "open-export",
    "accept-menu",
    "reject",
)


def shown(bare, theme="light", width=1500, **changes):
    bare.page.set_viewport_size({"width": width, "height": 900})
    bare.page.evaluate("document.body.style.background = '#fff'; document.documentElement.lang = 'en'")
    bare.page.evaluate("document.title = 'notebook'")
    bare.show(*PANELS, **(furnish() | {"theme": theme} | changes))
    bare.page.wait_for_function("sent.some(each => each.type === 'hello')")
    bare.place(points())
    bare.page.wait_for_selector(".datacrafter[data-points='200']")


def violations(bare):
    """What axe finds wrong with the widget, each with where and why."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
    results = axe.run(bare.page, ".datacrafter", options).response
    return [
        (found["id"], node["html"][:160], node["failureSummary"][:300])
        for found in results["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1500, 700, 340])
def test_axe_finds_nothing_wrong(bare, theme, width):
    shown(bare, theme, width)
    assert violations(bare) == []
    bare.select(70, 71)
    bare.say(type="error", id=None, where="map", message="not possible")
    bare.say(type="warning", where="prompts", message="less well")
    bare.state(jobs=[JOB | {"state": "failed", "done": 3, "error": "no memory"}])
    assert violations(bare) == []


def test_axe_finds_nothing_wrong_with_an_empty_dashboard(bare):
    bare.page.evaluate("document.title = 'notebook'; document.documentElement.lang = 'en'")
    bare.show(*PANELS)
    assert violations(bare) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_any_box(bare, theme):
    shown(bare, theme, 1900)
    bare.select(70, 71)
    for action in POPOVERS:
        bare.button(action).first.click()
        bare.page.locator(".dc-popover:popover-open > *").first.wait_for()
        assert violations(bare) == [], action
        bare.page.keyboard.press("Escape")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_sheet_of_a_picture(bare, theme):
    shown(bare, theme)
    open_sheet(bare, picture())
    assert violations(bare) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_high_contrast(bare, theme):
    bare.page.emulate_media(contrast="more", color_scheme=theme)
    shown(bare, "auto")
    assert bare.page.get_attribute(".datacrafter", "data-contrast") == "more"
    assert violations(bare) == []


def test_forced_colours_are_taken_over(bare):
    bare.page.emulate_media(forced_colors="active", color_scheme="dark")
    shown(bare, "auto")
    ground, ink = bare.page.evaluate(
        """() => {
            const style = getComputedStyle(document.querySelector('.dc-panel'));
            const probe = document.body.appendChild(document.createElement('i'));
            probe.style.cssText = 'background: Canvas; color: CanvasText; forced-color-adjust: none';
            const system = getComputedStyle(probe);
            return [[style.backgroundColor, system.backgroundColor], [style.color, system.color]];
        }"""
    )
    assert ground[0] == ground[1]
    assert ink[0] == ink[1]
    assert violations(bare) == []


def test_jupyters_high_contrast_theme_is_followed(bare):
    shown(bare, "auto")
    assert bare.page.get_attribute(".datacrafter", "data-contrast") == "usual"
    bare.page.evaluate(
        "Object.assign(document.body.dataset, {jpThemeLight: 'false', jpThemeName: 'JupyterLab Dark High Contrast'})"
    )
    bare.page.wait_for_selector(".datacrafter[data-contrast='more'][data-theme='dark']")


def test_nothing_moves_when_motion_is_unwanted(bare):
    bare.page.emulate_media(reduced_motion="reduce")
    shown(bare, jobs=[JOB | {"state": "running", "done": 0, "total": None}])
    moving = bare.page.evaluate(
        "document.getAnimations().filter(each => each.playState === 'running').length"
    )
    assert moving == 0


def test_every_control_has_a_name_and_a_tooltip_and_is_large_enough(bare):
    shown(bare)
    wrong = bare.page.evaluate(
        """() => [...document.querySelectorAll('.datacrafter button')].filter(button => {
            const {width, height} = button.getBoundingClientRect();
            if (!width) return false;
            const name = button.getAttribute('aria-label') || button.textContent.trim();
            const tip = button.title || button.closest('[title]') || button.textContent.trim().length > 2;
            return !name || !tip || (button.matches('.dc-button') && height < 24);
        }).map(button => button.outerHTML.slice(0, 120))"""
    )
    assert wrong == []


# -- keys ---------------------------------------------------------------------------------------------


def test_keys_undo_redo_remove_and_clear_wherever_the_focus_is(bare):
    shown(bare, jobs=[])
    bare.select(70, 71)
    bare.button("collapse").first.focus()
    for key, kind in [("z", "undo"), ("Shift+Z", "redo"), ("Delete", "remove")]:
        bare.page.keyboard.press(key)
        bare.answer(kind)
    bare.page.wait_for_selector(".datacrafter[data-selected='0']")
    assert bare.sent("remove") == [{"ids": [70, 71], "weights": None}]
    bare.select(70)
    bare.page.keyboard.press("Escape")
    bare.page.wait_for_selector(".datacrafter[data-selected='0']")


def test_keys_are_left_to_fields_and_to_the_notebook(bare):
    shown(bare, jobs=[])
    bare.select(70)
    bare.page.evaluate(
        "() => { window.heard = []; document.onkeydown = event => { heard.push(event.key); }; }"
    )
    bare.page.get_by_label("Per class").focus()
    bare.page.keyboard.press("Delete")
    bare.button("collapse").first.focus()
    bare.page.keyboard.press("Control+z")
    assert bare.page.evaluate("heard") == ["Control", "z"]
    assert bare.sent("undo") == bare.sent("remove") == []
    assert bare.page.locator(".datacrafter[data-lm-suppress-shortcuts='true']").count() == 1


def test_a_session_that_is_only_read_takes_no_keys(bare):
    shown(bare, info=furnish()["info"] | {"read_only": True})
    bare.select(70)
    bare.button("collapse").first.focus()
    for key in ("z", "Shift+Z", "Delete"):
        bare.page.keyboard.press(key)
    assert bare.sent("undo") == bare.sent("redo") == bare.sent("remove") == []


def test_a_question_mark_shows_the_keys_and_gives_the_focus_back(bare):
    shown(bare)
    bare.button("collapse").first.focus()
    bare.page.keyboard.press("?")
    box = bare.page.get_by_role("dialog", name="Keys")
    box.wait_for()
    assert {"Everywhere in the widget", "Map", "Detail"} <= set(box.locator("h3").all_text_contents())
    bare.page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    assert bare.page.evaluate("document.activeElement.dataset.action") == "collapse"


def test_the_tab_key_reaches_every_panel_in_order(bare):
    shown(bare)
    seen = []
    for _ in range(150):
        bare.page.keyboard.press("Tab")
        panel = bare.page.evaluate("document.activeElement.closest('[data-panel]')?.dataset.panel")
        if panel and panel not in seen:
            seen.append(panel)
    assert seen == list(PANELS)


# -- what is said -------------------------------------------------------------------------------------


def said(bare, text):
    bare.page.wait_for_function(
        "text => document.querySelector('.datacrafter > .dc-unseen').textContent.includes(text)", arg=text
    )


def test_progress_is_said_at_its_start_in_quarters_and_at_its_end(bare):
    shown(bare, jobs=[])
    bare.page.evaluate(
        """() => {
            window.spoken = [];
            const line = document.querySelector('.datacrafter > .dc-unseen');
            new MutationObserver(() => spoken.push(line.textContent)).observe(line, {childList: true});
        }"""
    )
    for done in range(40):
        bare.state(jobs=[JOB | {"state": "running", "done": done}])
    said(bare, "Generate: 75 %")
    bare.state(jobs=[JOB | {"state": "done", "done": 40}])
    said(bare, "Generate: done")
    assert len(bare.page.evaluate("spoken")) <= 4


def test_a_failed_job_is_said_with_its_reason(bare):
    shown(bare, jobs=[JOB | {"state": "running", "done": 3}])
    bare.state(jobs=[JOB | {"state": "failed", "done": 3, "error": "no memory"}])
    said(bare, "Generate failed: no memory")


def test_selections_and_steps_back_are_said(bare):
    shown(bare, jobs=[])
    bare.select(70, 71)
    said(bare, "2 pictures selected")
    bare.state(history={"undo": None, "redo": "remove 3 pictures"})
    said(bare, "Undone: remove 3 pictures")
