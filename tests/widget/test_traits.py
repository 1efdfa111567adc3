"""The widget's traits: what may be set, by whom, and who hears of it."""

import gc
import json
import tracemalloc
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import traitlets

import datacrafter_widget
from datacrafter_widget import DataCrafter, Detail, InputError, Map

ALL = ("info", "metrics", "evaluation", "map", "prompts", "suggestions", "detail")


@pytest.fixture
def make(session):
    made = []

    def one(kind=DataCrafter, **options):
        made.append(kind(session, **options))
        return made[-1]

    yield one
    for widget in made:
        widget.close()
    session.shared.clear()


def ids(*numbers):
    return np.asarray(numbers, "<i4").tobytes()


def test_the_selection_travels_as_int32_and_is_a_list_of_ids(make):
    widget = make()
    heard = []
    widget.observe(lambda change: heard.append(change.new), "selection")
    widget.set_state({"selection": memoryview(ids(3, 1))})
    assert widget.selection == [3, 1]
    widget.selection = np.array([2, 4])
    assert widget.selection == [2, 4]
    assert widget.get_state("selection") == {"selection": ids(2, 4)}
    widget.selection = ()
    assert heard == [[3, 1], [2, 4], []]


@pytest.mark.parametrize(
    "wrong", ["12", 3, [1.5], [True], [0], [-1], [2**40], [[1]], [None], {"1": 2}, [99_999]]
)
def test_a_selection_that_makes_no_sense_is_refused_and_the_old_one_stays(make, wrong):
    widget = make(selection=[1, 2])
    with pytest.raises(InputError, match="selection"):
        widget.selection = wrong
    assert widget.selection == [1, 2]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("classes", [10**6]),
        ("view", {"x": 0, "y": 0}),
        ("view", {"x": 0, "y": 0, "zoom": 0}),
        ("view", {"x": float("nan"), "y": 0, "zoom": 1}),
        ("view", {"x": "0", "y": 0, "zoom": 1}),
        ("view", {"x": 0, "y": 0, "zoom": 1, "z": 1}),
        ("arrangement", {"a": object()}),
        ("arrangement", {"a": "x" * 30_000}),
    ],
)
def test_other_traits_are_checked_too_and_the_error_names_them(make, name, wrong):
    widget = make()
    before = getattr(widget, name)
    with pytest.raises(InputError, match=name):
        setattr(widget, name, wrong)
    assert getattr(widget, name) == before
    with pytest.raises(InputError, match=name):
        make(**{name: wrong})


def test_a_view_is_kept_as_numbers(make):
    widget = make(view={"x": 1, "y": 2, "zoom": 3})
    assert widget.view == {"x": 1.0, "y": 2.0, "zoom": 3.0}
    widget.view = None
    assert widget.view is None


@pytest.mark.parametrize(
    "state",
    [
        {"selection": memoryview(b"abc")},
        {"selection": "no"},
        {"selection": [10**9]},
        {"selection": {"a": 1}},
        {"classes": [-1]},
        {"focus": [None]},
        {"view": [1, 2]},
        {"arrangement": 5},
        {"height": "tall"},
        {"theme": "pink"},
        {"info": {}},
        {"points": memoryview(b"")},
        {"panels": ["map"]},
        {"_esm": "alert(1)"},
        {"saved": {}},
        {"nothing": 1},
    ],
)
def test_what_the_page_may_not_set_is_put_back_and_answered(page, state):
    widget = page.widget
    (name,) = state
    before = getattr(widget, name, None)
    widget.set_state(state)
    assert getattr(widget, name, None) == before
    assert page.messages[-1][0]["type"] == "error"


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"heigth": 300}, "'height'"),
        ({"panel": ["map"]}, "'panels'"),
        ({"selected": [1]}, "'selection'"),
        ({"colour": "red"}, "there are panels"),
        ({"panels": ["maps"]}, "'map'"),
        ({"panels": "map"}, "list of panels"),
        ({"panels": ["map", "map"]}, "once"),
        ({"theme": "drak"}, "theme"),
        ({"height": 5}, "height"),
    ],
)
def test_an_unknown_argument_is_refused_with_a_hint(session, options, hint):
    with pytest.raises(InputError, match=hint):
        DataCrafter(session, **options)


def test_there_is_a_widget_for_each_panel_and_its_name_says_which(make):
    for name in ALL:
        widget = make(getattr(datacrafter_widget, name.capitalize()))
        assert widget.panels == [name]
        assert isinstance(widget, DataCrafter)
    assert make(Map, height=333).height == 333
    assert make(panels=("detail", "map")).panels == ["detail", "map"]


def test_widgets_of_a_session_share_what_is_selected(make, session):
    plan, rows = make(Map), make(Detail)
    apart = make(linked=False)
    plan.set_state({"selection": ids(2, 3)})
    assert (rows.selection, apart.selection) == ([2, 3], [])
    rows.classes = [session.classes[0].id]
    assert plan.classes == rows.classes
    late = make(DataCrafter)
    assert (late.selection, late.classes) == ([2, 3], rows.classes)
    other = make(selection=[4])
    assert plan.selection == rows.selection == late.selection == other.selection == [4]
    apart.selection = [5]
    assert plan.selection == [4]
    plan.view = {"x": 0, "y": 0, "zoom": 2}
    assert rows.view is None


def test_it_works_as_an_ipywidget(make):
    one, other = make(linked=False), make(linked=False)
    link = ipywidgets.link((one, "selection"), (other, "selection"))
    one.selection = [1, 2]
    assert other.selection == [1, 2]
    link.unlink()
    slider = ipywidgets.IntSlider(400, 300, 900)
    ipywidgets.dlink((slider, "value"), (one, "height"))
    slider.value = 500
    assert one.height == 500
    ipywidgets.jslink((one, "selection"), (other, "selection"))
    box = ipywidgets.Tab([ipywidgets.HBox([one]), ipywidgets.VBox([other])])
    state = ipywidgets.Widget.get_manager_state(widgets=[box, one])["state"]
    json.dumps(state, allow_nan=False)
    assert {each["path"][0] for each in state[one.model_id]["buffers"]} >= {"points", "selection"}


def test_a_trait_drives_interactive_output(make):
    shown = []

    class Chosen(ipywidgets.ValueWidget, ipywidgets.DOMWidget):
        value = traitlets.List()

    chosen = Chosen()
    widget = make()
    ipywidgets.dlink((widget, "selection"), (chosen, "value"))
    ipywidgets.interactive_output(lambda ids: shown.append(list(ids)), {"ids": chosen})
    widget.selection = [3]
    assert shown == [[], [3]]


def test_the_selected_pictures_are_a_data_frame_in_their_order(make, session):
    widget = make()
    assert list(widget.selected_frame()["id"]) == []
    widget.selection = [4, 2]
    frame = widget.selected_frame()
    assert list(frame["id"]) == [4, 2]
    assert {"class", "origin", "iteration", "prompt", "labels", "flagged", "path"} <= set(frame.columns)
    assert set(frame["class"]) <= {row.name for row in session.classes}
    assert frame["labels"].map(len).sum() > 0
    for path in frame["path"]:
        assert Path(path).read_bytes()[:4] == b"\x89PNG"
    assert len(session.frame()) == len(session.pictures())
    with pytest.raises(InputError, match="99999"):
        session.frame([99_999])


def test_a_new_widget_has_nothing_to_tell(page):
    page.widget._feed.join()
    assert page.messages == []


def test_a_closed_widget_keeps_no_pictures(session):
    def run():
        widget = DataCrafter(session)
        widget.close()
        return widget

    kept = [run() for _ in range(3)]  # what is loaded once is loaded now
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [run() for _ in range(50)]  # as IPython keeps what cells returned
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown / len(kept) < 60_000
    assert all(widget.points == b"" for widget in kept)
    assert len(session.events._listeners) == len({id(each) for each in session.events._listeners})
