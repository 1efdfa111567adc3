"""Pointing, selecting and moving on the map, with the pointer, with fingers and with keys."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from datacrafter_widget.session.points import encode_points

PLACES = {1: (0, 0), 2: (4, 0), 3: (0, 3), 4: (4, 3), 5: (2, 1), 6: (2, 2)}
CLASSES = [
    {"id": 7, "name": "crane", "word": "crane", "originals": 2, "generated": 1, "hidden": 0},
    {"id": 9, "name": "boat", "word": "boat", "originals": 1, "generated": 2, "hidden": 0},
]
WEARERS = {10: [1, 2], 11: [5, 6]}
LABELS = [
    {"id": 10, "text": "red", "x": 3.0, "y": 0.5, "originals": 2, "generated": 0, "ratio": 0.3},
    {"id": 11, "text": "night", "x": 1.0, "y": 2.5, "originals": 0, "generated": 2, "ratio": 3.0},
]
TREE = {
    "labels": [10, 11],
    "children": [[0, 1]],
    "place": [0],
    "text": [None],
    "originals": [2],
    "generated": [2],
    "importance": [1, 1, 1],
}
SELECTED = "[...new Int32Array(traits.selection.buffer)]"
LOCATE = """() => {
    const detail = {};
    document.querySelector('.datacrafter').dispatchEvent(new CustomEvent('datacrafter-locate', {detail}));
    return detail;
}"""


def points(places: dict[int, tuple[float, float]]) -> bytes:
    ids = np.array(list(places))
    xy = np.array(list(places.values()), float)
    generated = ids > 3
    columns = {
        "id": ids,
        "x": xy[:, 0],
        "y": xy[:, 1],
        "class_index": (ids - 1) % 2,
        "iteration": np.where(generated, ids - 3, 0),
        "origin": generated,
        "hidden": np.zeros(len(ids)),
        "flagged": ids == 6,
    }
    return encode_points(columns, 1)


class Stage:
    """The map of a bare page, and Python's answers about labels."""

    def __init__(self, bare: Any) -> None:
        self.bare = bare
        self.page = bare.page
        self.stage = self.page.locator(".dc-map-stage")

    def places(self) -> dict[int, tuple[float, float]]:
        found = self.page.evaluate(LOCATE)["positions"]
        return {int(key): (place["x"], place["y"]) for key, place in found.items()}

    def labels(self) -> dict[str, Any]:
        return {label["text"]: label["boxes"] for label in self.page.evaluate(LOCATE)["labels"]}

    def point(self, picture: int) -> None:
        self.page.mouse.move(*self.places()[picture])

    def click(self, picture: int, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.click(*self.places()[picture])
        for key in keys:
            self.page.keyboard.up(key)

    def drag(self, *corners: tuple[float, float], keys: tuple[str, ...] = ()) -> None:
        self.page.mouse.move(*corners[0])
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*corner, steps=4)
        self.page.mouse.up()
        for key in keys:
            self.page.keyboard.up(key)

    def around(self, *pictures: int) -> list[tuple[float, float]]:
        at = [self.places()[picture] for picture in pictures]
        x0, y0, x1, y1 = [*(np.min(at, axis=0) - 12).tolist(), *(np.max(at, axis=0) + 12).tolist()]
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]

    def selected(self) -> list[int]:
        return self.page.evaluate(SELECTED)

    def wait(self, expression: str) -> None:
        self.page.wait_for_function(f"() => {expression}")


@pytest.fixture
def open_map(bare: Any) -> Callable[..., Stage]:
    def show(*panels: str, labels: int = 2, **traits: Any) -> Stage:
        info = {"classes": CLASSES, "iteration": 3}
        bare.show(*(panels or ("map",)), info=info, labels=LABELS, label_tree=TREE, **traits)
        bare.say(points(PLACES), type="replace", seq=1)
        bare.page.wait_for_function(
            "labels => document.querySelector('.datacrafter').dataset.labels === String(labels)"
            " && document.querySelector('.datacrafter').dataset.ready === 'true'",
            arg=labels,
        )
        return Stage(bare)

    return show


def test_a_label_lights_up_its_pictures_and_a_picture_its_labels(open_map):
    view = open_map("map", "info")
    near = "[...document.querySelectorAll('.dc-chip[data-near]')].map(chip => chip.dataset.label).join()"
    view.page.locator(".dc-chip[data-label='11']").hover()
    view.wait(f"{near} === '11'")
    view.bare.answer("label_pictures", WEARERS[11])
    view.point(1)
    view.wait("document.querySelector('.dc-tooltip strong')?.textContent === 'crane'")
    view.bare.answer("picture_labels", {"1": [10]})
    view.wait(f"{near} === '10'")
    view.wait("document.querySelector('.dc-tooltip-words').textContent.includes('red')")
    asked = len(view.bare.sent("picture_labels"))
    view.point(2)
    view.point(1)
    view.wait(f"{near} === '10'")  # known by now
    assert len(view.bare.sent("picture_labels")) - asked <= 1
    assert view.bare.sent("label_pictures") == [{"labels": [11]}]


def test_labels_are_asked_anew_when_they_have_changed(open_map):
    view = open_map()
    view.point(1)
    view.bare.answer("picture_labels", {"1": [10]})
    view.wait("document.querySelector('.dc-tooltip-words').textContent.includes('red')")
    view.bare.say(type="state", seq=2, tables={"labels": [{**LABELS[0], "originals": 1}, LABELS[1]]})
    view.page.mouse.move(5, 5)
    view.point(1)
    view.wait("sent.filter(each => each.type === 'picture_labels').length === 2")


def test_the_tooltip_stays_inside_the_map(open_map):
    view = open_map()
    box = view.stage.bounding_box()
    for picture in (1, 2, 3, 4):
        view.point(picture)
        view.wait("!document.querySelector('.dc-tooltip').hidden")
        tip = view.page.locator(".dc-tooltip").bounding_box()
        assert tip["x"] >= box["x"]
        assert tip["y"] >= box["y"]
        assert tip["x"] + tip["width"] <= box["x"] + box["width"]
        assert tip["y"] + tip["height"] <= box["y"] + box["height"]


def test_clicks_replace_add_to_and_take_from_the_selection(open_map):
    view = open_map()
    view.click(1)
    view.click(2, "Control")
    view.click(3, "Shift")
    assert view.selected() == [1, 2, 3]
    view.click(2, "Alt")
    assert view.selected() == [1, 3]
    view.click(4)
    assert view.selected() == [4]


def test_a_double_click_on_nothing_zooms_and_keeps_the_selection(open_map):
    view = open_map()
    view.click(1)
    before = view.places()
    box = view.stage.bounding_box()
    view.page.mouse.dblclick(box["x"] + 12, box["y"] + 12)
    after = view.places()
    assert view.selected() == [1]
    assert after[2][0] - after[1][0] == pytest.approx(1.8 * (before[2][0] - before[1][0]), rel=1e-3)


def test_lasso_and_rectangle_select_with_modifiers(open_map):
    view = open_map()
    view.drag(*view.around(1, 5), keys=("Shift",))
    assert view.selected() == [1, 5]
    view.stage.press("r")
    rectangle = view.around(3, 6)
    view.drag(rectangle[0], rectangle[2], keys=("Control",))
    assert view.selected() == [1, 3, 5, 6]
    rectangle = view.around(5, 6)
    view.drag(rectangle[0], rectangle[2], keys=("Alt",))
    assert view.selected() == [1, 3]
    view.stage.press("v")
    assert view.stage.get_attribute("data-tool") == "pan"


def test_a_label_is_selected_by_a_click_with_a_modifier(open_map):
    view = open_map()
    view.click(3)
    x0, y0, x1, y1 = view.labels()["night"][1]
    view.page.keyboard.down("Control")
    view.page.mouse.click((x0 + x1) / 2, (y0 + y1) / 2)
    view.page.keyboard.up("Control")
    view.bare.answer("label_pictures", WEARERS[11])
    view.wait(f"{SELECTED}.join() === '3,5,6'")


def test_the_menu_selects_by_name(open_map):
    view = open_map()

    def choose(name: str) -> list[int]:
        view.bare.button("select").click()
        view.bare.button(f"select-{name}").click()
        return view.selected()

    assert choose("all") == [1, 2, 3, 4, 5, 6]
    assert choose("originals") == [1, 2, 3]
    assert choose("invert") == [4, 5, 6]
    assert choose("round-2") == [5]
    assert choose("flagged") == [6]
    assert choose("none") == []


def test_classes_are_chosen_and_then_selected(open_map):
    view = open_map("map", "info")
    view.page.locator("[data-class='9']").click()
    view.bare.button("select-classes").click()
    assert view.selected() == [2, 4, 6]


def test_every_picture_is_reached_and_selected_by_keys(open_map):
    view = open_map()
    view.stage.focus()
    view.page.keyboard.press("Shift+ArrowRight")
    view.wait("!document.querySelector('.dc-crosshair').hidden")
    for _ in range(60):
        view.page.keyboard.press("Shift+ArrowRight")
    for _ in range(60):
        view.page.keyboard.press("Shift+ArrowUp")
    said = view.page.locator(".dc-map-stage .dc-unseen").text_content()
    assert said == "boat, generated · round 1, picture 4"
    view.page.keyboard.press("Enter")
    assert view.selected() == [4]
    for _ in range(80):
        view.page.keyboard.press("Shift+ArrowLeft")
    view.page.keyboard.press("Control+Enter")
    assert view.selected() == [3, 4]
    view.page.keyboard.press("Alt+Enter")
    assert view.selected() == [4]
    view.page.keyboard.press("a")
    assert view.selected() == [1, 2, 3, 4, 5, 6]
    view.page.keyboard.press("Escape")
    assert view.selected() == []
    assert view.page.locator(".dc-crosshair").is_hidden()


def test_f_shows_the_selection_and_0_everything(open_map):
    view = open_map(selection=[5, 6])
    whole = view.places()
    view.stage.press("f")
    close = view.places()
    assert close[5][1] - close[6][1] > 2 * (whole[5][1] - whole[6][1])
    view.stage.press("0")
    assert view.places() == whole


def test_the_view_is_kept_in_a_trait_and_follows_it(open_map):
    view = open_map()
    view.bare.button("zoom-in").click()
    view.wait("traits.view?.zoom > 1.4")
    kept = view.page.evaluate("traits.view")
    zoomed = view.places()
    view.page.evaluate("change('view', null)")
    assert view.places() != zoomed
    view.page.evaluate("view => change('view', view)", kept)
    assert np.allclose(list(view.places().values()), list(zoomed.values()), atol=0.01)
    view.bare.button("fit").click()
    view.wait("traits.view === null")


def test_a_saved_view_is_shown_at_once(open_map):
    view = open_map(labels=0, view={"x": 4, "y": 3, "zoom": 3})
    box = view.stage.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert view.places()[4] == pytest.approx(middle, abs=1.5)


def test_two_fingers_zoom_and_move(open_map):
    view = open_map()
    cdp = view.page.context.new_cdp_session(view.page)
    box = view.stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, *xs: float) -> None:
        places = [{"x": each, "y": y, "id": i} for i, each in enumerate(xs)]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    before = view.places()
    touch("touchStart", x - 50, x + 50)
    touch("touchMove", x - 100, x + 100)
    touch("touchEnd")
    after = view.places()
    assert after[2][0] - after[1][0] == pytest.approx(2 * (before[2][0] - before[1][0]), rel=0.02)
    assert (after[2][0] + after[1][0]) / 2 == pytest.approx((before[2][0] + before[1][0]) / 2, abs=3)


def test_the_wheel_scrolls_the_page_until_the_map_has_the_focus(open_map):
    view = open_map()
    before = view.places()
    view.point(5)
    view.page.mouse.wheel(0, -200)
    view.wait("!document.querySelector('.dc-map-hint').hidden")
    assert view.places() == before
    view.stage.focus()
    view.page.mouse.wheel(0, -200)
    view.wait("traits.view?.zoom > 1")


def test_the_density_switch_says_its_three_states(open_map):
    view = open_map()
    switch = view.bare.button("density")
    names = []
    for _ in range(3):
        names.append(switch.get_attribute("aria-label"))
        switch.click()
    assert len(set(names)) == 3
    assert switch.get_attribute("aria-label") == names[0]


@pytest.mark.parametrize("width", [340, 500, 700, 1400])
def test_every_tool_is_within_reach_at_any_width(bare, open_map, width):
    bare.page.set_viewport_size({"width": width, "height": 700})
    view = open_map(selection=[1])
    for action in ("remove", "lasso", "select", "undo", "sets", "weights"):
        box = bare.button(action).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= view.stage.bounding_box()["y"]
    foot = view.page.locator(".dc-map-foot").bounding_box()
    stage = view.stage.bounding_box()
    assert foot["y"] >= stage["y"] + stage["height"] - 1


def test_an_empty_map_says_what_to_do(bare):
    bare.show("map", info={"classes": []})
    empty = bare.page.locator(".dc-map-empty")
    assert "session.add_images" in empty.text_content()
    bare.change_info(classes=CLASSES)
    assert "session.observe()" in empty.text_content()
    bare.change_info(classes=[{**row, "originals": 0, "generated": 0, "hidden": 3} for row in CLASSES])
    assert "Undo" in empty.text_content()
