"""Panels side by side: at every width, resized, folded, alone, and as a saved arrangement says."""

import pytest
from furnished import PANELS, furnish, points

LONG = "Very long name of a kind that was found in Northern Patagonia "

# Controls and titles that lie outside their panel, are cut off where nothing says so, or cover one another.
TROUBLE = """() => {
    const trouble = [];
    const root = document.querySelector('.datacrafter');
    const box = element => element.getBoundingClientRect();
    const tell = (what, element) => trouble.push(`${what}: ${element.outerHTML.slice(0, 110)}`);
    const all = [...root.querySelectorAll('.dc-panel *')].filter(each => each.checkVisibility() && box(each).width > 1);
    for (const element of all) {
        const scrolls = element.parentElement.closest('.dc-chips, .dc-menu, [popover]');
        const panel = box(element.closest('.dc-panel'));
        const {left, right} = box(element);
        const outside = left < panel.left - 1 || right > panel.right + 1;
        if (!scrolls && outside && element.matches('button, input, select, h2, h3')) tell('outside its panel', element);
        const {overflowX, textOverflow} = getComputedStyle(element);
        if (overflowX === 'hidden' && textOverflow === 'clip' && element.children.length === 0
            && element.scrollWidth > element.clientWidth + 1) tell('cut off', element);
    }
    for (const header of root.querySelectorAll('.dc-panel-header')) {
        const parts = [...header.querySelectorAll('h2, button, .dc-panel-note, .dc-count')]
            .filter(each => each.checkVisibility() && !each.closest('h2 *, [popover]') && box(each).width > 0);
        parts.forEach((one, i) => parts.slice(i + 1).forEach(other => {
            const [a, b] = [box(one), box(other)];
            if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) tell('covered', other);
        }));
    }
    const panels = [...root.querySelectorAll('.dc-panel')].filter(each => each.checkVisibility()).map(box);
    panels.forEach((a, i) => panels.slice(i + 1).forEach(b => {
        if (a.right - b.left > 1 && b.right - a.left > 1 && a.bottom - b.top > 1 && b.bottom - a.top > 1)
            trouble.push('panels overlap');
    }));
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) trouble.push(`page scrolls sideways: ${page.scrollWidth}`);
    return trouble;
}"""


def shown(bare, *panels, width=1400, **changes):
    bare.page.set_viewport_size({"width": width, "height": 900})
    bare.page.evaluate("document.body.style.margin = 0")
    bare.show(*(panels or PANELS), **(furnish() | changes))
    bare.place(points())


def width_of(bare, panel):
    return bare.page.locator(f"[data-panel='{panel}']").bounding_box()["width"]


def height_of(bare, panel):
    return bare.page.locator(f"[data-panel='{panel}']").bounding_box()["height"]


def line(bare, name):
    return bare.page.get_by_role("separator", name=name)


def arranged(bare):
    return bare.page.evaluate("traits.arrangement")


@pytest.mark.parametrize("width", [320, 340, 500, 700, 900, 1100, 1400, 2400])
def test_nothing_is_cut_off_or_covered_at_any_width(bare, width):
    shown(bare, width=width)
    bare.select(70, 71)
    bare.page.wait_for_selector(".datacrafter[data-selected='2']")
    assert bare.page.evaluate(TROUBLE) == []


@pytest.mark.parametrize("width", [340, 700, 1400])
def test_long_names_break_nothing(bare, width):
    shown(bare, width=width, **furnish(lambda text: LONG + text))
    bare.select(*range(1, 200))
    assert bare.page.evaluate(TROUBLE) == []


@pytest.mark.parametrize("width", [640, 700])
def test_nothing_is_cut_off_when_the_browser_zooms_to_200_percent(chromium, bare, width):
    page = chromium.new_page(viewport={"width": width, "height": 450}, device_scale_factor=2)
    try:
        zoomed = type(bare)(page)
        shown(zoomed, width=width)
        zoomed.select(70)
        assert page.evaluate(TROUBLE) == []
    finally:
        page.close()


@pytest.mark.parametrize("panel", PANELS)
def test_one_panel_alone_fills_the_width(bare, panel):
    shown(bare, panel)
    assert width_of(bare, panel) > 1390
    assert bare.page.evaluate(TROUBLE) == []


@pytest.mark.parametrize(
    "panels", [("map", "metrics"), ("detail", "info"), ("detail", "prompts", "map"), ("info", "map")]
)
def test_some_panels_stand_in_the_order_that_was_asked_for(bare, panels):
    shown(bare, *panels)
    there = bare.page.locator(".dc-panel").evaluate_all("all => all.map(each => each.dataset.panel)")
    columns = {"info": 0, "metrics": 1, "map": 1, "prompts": 2, "detail": 2}
    assert there == sorted(panels, key=columns.get)
    assert bare.page.evaluate(TROUBLE) == []
    right = max(
        bare.page.locator(f"[data-panel='{each}']").bounding_box()["x"] + width_of(bare, each)
        for each in panels
    )
    assert right > 1390


def test_the_height_is_as_asked(bare):
    shown(bare, height=500)
    assert bare.page.locator(".dc-grid").bounding_box()["height"] == 500
    bare.page.evaluate("change('height', 600)")
    assert bare.page.locator(".dc-grid").bounding_box()["height"] == 600


# -- lines between panels -----------------------------------------------------------------------------


def test_a_line_is_moved_with_the_keyboard_and_put_back(bare):
    shown(bare)
    before = width_of(bare, "info")
    left = line(bare, "Width of the left column")
    left.focus()
    bare.page.keyboard.press("Shift+ArrowRight")
    assert width_of(bare, "info") > before + 100
    assert left.get_attribute("aria-valuenow") == str(round(100 * width_of(bare, "info") / 1400))
    assert 0 < arranged(bare)["sizes"]["left"] < 1
    bare.page.keyboard.press("Enter")
    assert width_of(bare, "info") == before
    assert arranged(bare)["sizes"] == {}


@pytest.mark.parametrize(
    ("name", "panel", "dx", "dy"),
    [
        ("Width of the left column", "info", 80, 0),
        ("Width of the right column", "detail", -80, 0),
        ("Height of Metrics", "metrics", 0, 80),
        ("Height of Evaluation", "evaluation", 0, 80),
        ("Height of Prompts", "prompts", 0, 80),
        ("Height of Suggestions", "suggestions", 0, 80),
    ],
)
def test_a_line_is_dragged_and_put_back_with_a_double_click(bare, name, panel, dx, dy):
    shown(bare)
    measure = width_of if dx else height_of
    before = measure(bare, panel)
    box = line(bare, name).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    bare.page.mouse.move(x, y)
    bare.page.mouse.down()
    bare.page.mouse.move(x + dx / 2, y + dy / 2)
    assert not arranged(bare), "only what rests is kept"
    bare.page.mouse.move(x + dx, y + dy)
    bare.page.mouse.up()
    assert measure(bare, panel) == pytest.approx(before + 80, abs=8)
    assert len(arranged(bare)["sizes"]) == 1
    assert bare.page.evaluate(TROUBLE) == []
    line(bare, name).dblclick()
    assert measure(bare, panel) == pytest.approx(before, abs=1)


@pytest.mark.parametrize("key", ["Home", "End"])
def test_lines_leave_every_panel_room(bare, key):
    shown(bare)
    for name in (
        "Width of the left column",
        "Width of the right column",
        "Height of Metrics",
        "Height of Evaluation",
        "Height of Prompts",
        "Height of Suggestions",
    ):
        line(bare, name).focus()
        bare.page.keyboard.press(key)
    assert all(width_of(bare, each) >= 150 and height_of(bare, each) >= 60 for each in PANELS)


# -- folded, alone, remembered ------------------------------------------------------------------------


def test_a_folded_panel_leaves_its_title_and_a_folded_column_a_strip(bare):
    shown(bare)
    wide = width_of(bare, "map")
    bare.page.get_by_role("button", name="Metrics", exact=True).click()
    assert height_of(bare, "metrics") < 45
    bare.page.get_by_role("button", name="Info", exact=True).click()
    assert width_of(bare, "info") < 45
    assert width_of(bare, "map") > wide + 100
    assert set(arranged(bare)["collapsed"]) == {"metrics", "info"}
    assert bare.page.evaluate(TROUBLE) == []
    bare.page.get_by_role("button", name="Info", exact=True).press("Enter")
    assert width_of(bare, "map") == wide


def test_when_the_centre_is_folded_the_right_takes_its_room(bare):
    shown(bare)
    bare.page.evaluate("change('arrangement', {collapsed: ['metrics', 'evaluation', 'map']})")
    assert width_of(bare, "detail") > 900
    assert bare.page.evaluate(TROUBLE) == []


def test_all_panels_folded_take_little_room(bare):
    shown(bare)
    bare.page.evaluate("change('arrangement', {collapsed: traits.panels})")
    assert bare.page.locator(".dc-grid").bounding_box()["height"] < 250
    assert bare.page.evaluate(TROUBLE) == []


@pytest.mark.parametrize("width", [340, 700, 1400])
def test_the_map_alone_fills_the_widget_and_goes_back(bare, width):
    shown(bare, width=width)
    alone = bare.page.get_by_role("button", name="Show Map alone")
    alone.click()
    assert width_of(bare, "map") > width - 10
    assert height_of(bare, "map") > 690
    assert bare.page.locator(".dc-panel:visible").count() == 1
    assert bare.page.evaluate(TROUBLE) == []
    alone.click()
    assert bare.page.locator(".dc-panel:visible").count() == len(PANELS)


def test_an_arrangement_comes_back_with_the_widget(bare):
    saved = {"sizes": {"left": 0.3, "right-rows": 0.3}, "collapsed": ["metrics"], "maximised": None}
    shown(bare, arrangement=saved)
    assert width_of(bare, "info") == pytest.approx(0.3 * 1400, abs=6)
    assert height_of(bare, "prompts") < height_of(bare, "detail") < 600
    assert (
        bare.page.get_by_role("button", name="Metrics", exact=True).get_attribute("aria-expanded") == "false"
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        7,
        "x",
        [],
        {"sizes": 3, "collapsed": "map"},
        {"sizes": {"left": "1px; color: red", "right": -4, "up": 0.5}},
    ],
)
def test_an_arrangement_that_makes_no_sense_is_passed_over(bare, nonsense):
    shown(bare)
    before = [width_of(bare, each) for each in PANELS]
    bare.page.evaluate("value => change('arrangement', value)", nonsense)
    assert [width_of(bare, each) for each in PANELS] == before
