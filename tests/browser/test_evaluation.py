"""The Evaluation panel: what a classifier learns from each round, and whether the last one helped."""

import pytest
from furnished import furnish

CLASSES = [
    {"id": 4, "name": "crane", "word": "crane", "originals": 3, "generated": 2, "hidden": 0},
    {"id": 7, "name": "<b>boat</b>", "word": "boat", "originals": 3, "generated": 0, "hidden": 0},
]
SAID = "These 20 pictures raised validation accuracy by 1.8 ± 0.6 points."


def table(*, rounds=3, text=SAID, effect="raised"):
    rows = [
        {
            "iteration": at,
            "class_id": class_id,
            "name": name,
            "value": 0.5 + at / 10,
            "low": 0.46 + at / 10,
            "high": 0.54 + at / 10,
        }
        for name in ("probe", "cler")
        for at in range(rounds)
        for class_id in (None, 4, 7)
    ]
    return {
        "verdict": {"text": text, "effect": effect},
        "measured_on": "on 90 validation pictures",
        "note": "How it was measured.",
        "rows": rows,
    }


@pytest.fixture
def panel(bare):
    bare.show("evaluation", "prompts", info={"classes": CLASSES}, evaluation=table(), templates=[])
    return bare.page.locator(".dc-evaluation")


def test_the_verdict_is_said_with_what_it_was_measured_on(bare, panel):
    said = panel.get_by_role("status")
    assert said.inner_text() == SAID
    assert panel.get_by_text("on 90 validation pictures").is_visible()
    raised = panel.locator(".dc-verdict").evaluate("each => getComputedStyle(each).borderLeftColor")
    text = f"No measurable effect (0.1 ± 0.9 points); {CLASSES[1]['name']}."
    bare.state(evaluation=table(text=text, effect="none"))
    assert said.inner_text() == text
    assert panel.locator(".dc-verdict").evaluate("each => getComputedStyle(each).borderLeftColor") != raised


def test_two_lines_with_their_intervals_start_at_the_originals(bare, panel):
    charts = panel.locator(".dc-chart")
    titles = charts.locator(".dc-chart-title").all_inner_texts()
    assert [title.strip("↑") for title in titles] == ["Probe accuracy", "CLER"]
    assert charts.locator(".dc-chart-value").all_inner_texts() == ["0.700± 0.04"] * 2
    assert charts.locator(".dc-band").count() == 2
    assert charts.first.locator(".dc-tick").all_text_contents() == ["0", "1", "2"]
    slider = charts.first.get_by_role("slider")
    slider.focus()
    bare.page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "originals: all classes 0.500"
    assert charts.locator(".dc-chart-value b").all_inner_texts() == ["0.500", "0.500"]
    bare.page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "round 1: all classes 0.600"


def test_chosen_classes_have_lines_without_intervals(bare, panel):
    bare.page.locator("[data-class-chip='7']").click()
    first = panel.locator(".dc-chart").first
    assert first.locator(".dc-line").count() == 2
    assert first.locator(".dc-band").count() == 1
    assert panel.locator(".dc-key span").all_inner_texts() == ["all", "<b>boat</b>"]


def test_before_anything_is_measured_it_says_what_will_come(bare):
    bare.show("evaluation", info={"classes": CLASSES})
    assert "after the first look" in bare.page.get_by_role("status").first.inner_text()
    assert bare.page.get_by_text("after the first round").count() == 2
    bare.state(evaluation=table(rounds=1, text="Nothing was generated yet.", effect="unknown"))
    assert bare.page.locator(".dc-point").count() == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [340, 700, 1400, 2400])
def test_nothing_is_cut_off_at_any_width(bare, width, theme):
    bare.page.set_viewport_size({"width": width, "height": 900})
    bare.show("info", "metrics", "evaluation", "map", "prompts", "detail", **(furnish() | {"theme": theme}))
    body = bare.page.locator(".dc-evaluation .dc-panel-body")
    assert body.evaluate("each => each.scrollHeight - each.clientHeight") <= 1
    assert body.evaluate("each => each.scrollWidth - each.clientWidth") <= 1
    for plot in bare.page.locator(".dc-evaluation .dc-chart-plot").all():
        assert plot.bounding_box()["height"] >= 44
        assert plot.bounding_box()["width"] >= 100
    assert bare.page.locator(".dc-map").bounding_box()["height"] >= 300


def test_the_keys_of_its_lines_are_in_the_help(bare, panel):
    panel.locator("[data-action='help']").click()
    assert "Lines over the rounds" in bare.page.locator("h3").all_text_contents()
