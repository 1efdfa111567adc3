"""Metric lines: of all classes and of those chosen, with the values of each round, and of now."""

import numpy as np
import pytest

from datacrafter_widget.session.points import encode_points

CLASSES = [
    {"id": 4, "name": "crane", "word": "crane", "originals": 3, "generated": 2, "hidden": 0},
    {"id": 7, "name": "<b>boat</b>", "word": "boat", "originals": 3, "generated": 0, "hidden": 0},
]
ROWS = [
    {"iteration": iteration, "class_id": class_id, "name": name, "value": iteration + (class_id or 0) / 100}
    for name in ("informativeness", "diversity", "distance")
    for iteration in (1, 2, 3)
    for class_id in (None, 4, 7)
]


@pytest.fixture
def charts(bare):
    show(bare, ROWS)
    return bare.page.locator(".dc-chart")


def show(bare, rows):
    bare.show("metrics", "map", info={"classes": CLASSES, "iteration": 3}, metrics=rows)


def plot(charts, at=0):
    return charts.nth(at).get_by_role("slider")


def lines(charts):
    return charts.first.locator(".dc-line:not(.dc-provisional)").count()


def test_all_classes_have_one_line_and_the_last_value_says_how_it_changed(charts):
    assert charts.count() == 3
    assert lines(charts) == 1
    assert charts.first.locator(".dc-chart-value b").inner_text() == "3.00"
    assert charts.first.locator(".dc-chart-note").inner_text() == "+50 %"


def test_the_values_of_a_round_are_read_by_keyboard_in_all_charts(bare, charts):
    plot(charts).focus()
    assert plot(charts).get_attribute("aria-valuetext") == "round 3: all classes 3.00"
    bare.page.keyboard.press("ArrowLeft")
    assert plot(charts).get_attribute("aria-valuetext") == "round 2: all classes 2.00"
    bare.page.keyboard.press("Home")
    assert plot(charts).get_attribute("aria-valuenow") == "1"
    assert charts.locator(".dc-chart-value b").all_inner_texts() == ["1.00", "1.00", "1.00"]
    bare.page.keyboard.press("End")
    assert plot(charts).get_attribute("aria-valuetext") == "round 3: all classes 3.00"


def test_hovering_shows_the_values_of_a_round_until_the_pointer_leaves(bare, charts):
    box = plot(charts).bounding_box()
    bare.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    assert charts.locator(".dc-chart-value b").all_inner_texts() == ["2.00", "2.00", "2.00"]
    assert charts.first.locator(".dc-chart-note").inner_text() == "round 2"
    bare.page.mouse.move(1, 1)
    assert charts.first.locator(".dc-chart-value b").inner_text() == "3.00"


def test_the_value_of_now_is_marked_until_the_round_is_measured(bare):
    now = [row | {"provisional": row["iteration"] == 3} for row in ROWS]
    show(bare, now)
    charts = bare.page.locator(".dc-chart")
    first = charts.first
    assert first.locator(".dc-tick").all_text_contents() == ["1", "2", "now"]
    assert first.locator(".dc-line.dc-provisional").count() == 1
    assert plot(charts).get_attribute("aria-valuetext") == "round 3, so far: all classes 3.00"
    assert first.locator(".dc-chart-note").inner_text() == "now +50 %"
    bare.state(metrics=ROWS)
    assert first.locator(".dc-tick").all_text_contents() == ["1", "2", "3"]
    assert first.locator(".dc-provisional").count() == 0


def test_a_click_on_a_round_selects_its_pictures(bare, charts):
    ids = np.arange(1, 7)
    points = {
        "id": ids,
        "x": ids / 7,
        "y": ids / 7,
        "class_index": np.zeros(6),
        "iteration": np.array([0, 0, 1, 1, 2, 3]),
        "origin": np.array([0, 0, 1, 1, 1, 1]),
        "hidden": np.array([0, 0, 0, 0, 0, 0]),
        "flagged": np.zeros(6),
    }
    bare._seq = 1
    bare.say(encode_points(points, 1), type="replace", seq=1)
    plot(charts).focus()
    bare.page.keyboard.press("Home")
    bare.page.keyboard.press("Enter")
    bare.page.locator(".datacrafter[data-selected='2']").wait_for()
    bare.page.keyboard.press("ArrowRight")
    bare.page.keyboard.press("Control+Enter")
    bare.page.locator(".datacrafter[data-selected='3']").wait_for()


def test_before_the_first_round_it_says_when_there_will_be_values(bare):
    show(bare, [])
    assert bare.page.get_by_text("after the first round").count() == 3
    assert bare.page.get_by_role("slider").first.get_attribute("tabindex") == "-1"


def test_chosen_classes_have_lines_of_their_own_with_all_values_on_hover(bare):
    bare.show("metrics", "prompts", info={"classes": CLASSES}, metrics=ROWS, templates=[])
    charts = bare.page.locator(".dc-chart")
    bare.page.locator("[data-class-chip='7']").click()
    assert lines(charts) == 2
    assert bare.page.locator(".dc-key span").all_inner_texts() == ["all", "<b>boat</b>"]
    box = plot(charts).bounding_box()
    bare.page.mouse.move(box["x"] + 2, box["y"] + 20)
    tip = charts.first.locator(".dc-chart-tip")
    assert tip.is_visible()
    assert tip.inner_text().split() == ["Round", "1", "all", "classes", "1.00", "<b>boat</b>", "1.07"]
    assert plot(charts).get_attribute("aria-valuetext") == "round 1: all classes 1.00, <b>boat</b> 1.07"
    bare.page.mouse.move(1, 1)
    assert not tip.is_visible()
    bare.page.locator("[data-class-chip='4']").click(modifiers=["Control"])
    assert lines(charts) == 3
