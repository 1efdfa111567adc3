import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from blocks import decode
from fuzzing.good_requests import GOOD
from hypothesis import given, settings
from hypothesis import strategies as st

from datacrafter_widget import InputError
from datacrafter_widget.session.plain import plain
from datacrafter_widget.session.points import MAX_ITERATION, encode_points
from datacrafter_widget.session.tables import TABLES
from datacrafter_widget.widget import protocol
from datacrafter_widget.widget.protocol import REQUESTS, check_message, check_request
from datacrafter_widget.widget.requests import ANSWERS

TYPESCRIPT = (Path(__file__).parents[2] / "js" / "src" / "protocol.ts").read_text()


def points(count):
    return {
        "id": np.arange(1, count + 1),
        "x": np.linspace(0, 1, count),
        "y": np.linspace(1, 0, count),
        "class_index": np.full(count, 300),
        "origin": np.ones(count, bool),
        "iteration": np.full(count, 2),
        "hidden": np.zeros(count, bool),
        "flagged": np.arange(count) % 2,
    }


@pytest.mark.parametrize("count", [0, 1, 2, 1001])
def test_a_point_block_comes_back_as_it_was(count):
    given = points(count)
    block = encode_points(given, seq=9)
    read = decode(block)
    assert (read["seq"], read["count"], len(block)) == (9, count, 16 + 8 * (count > 0) + 12 * count)
    for name, column in given.items():
        np.testing.assert_allclose(read[name], column, rtol=1e-6)


def test_a_point_block_keeps_ids_with_gaps_and_in_any_order():
    ids = np.array([7, 8, 9, 12, 3, 2, 100_000])
    block = encode_points(points(len(ids)) | {"id": ids}, seq=0)
    np.testing.assert_array_equal(decode(block)["id"], ids)
    assert len(block) == 16 + 8 * 5 + 12 * len(ids)


def test_rounds_past_the_last_that_fits_are_shown_as_that_one():
    block = encode_points(points(2) | {"iteration": np.array([5, 70_000])}, seq=0)
    assert decode(block)["iteration"].tolist() == [5, MAX_ITERATION]
    assert decode(block)["origin"].tolist() == [1, 1]


def test_thirty_thousand_points_stay_under_a_megabyte_in_a_notebook():
    assert len(encode_points(points(30_000), seq=0)) * 4 / 3 < 1_000_000


def test_plain_values_survive_strict_json():
    table = {
        "a": np.float32(1.5),
        "b": np.int64(3),
        "c": [math.nan, np.inf],
        "d": (Path("/x"), None, True),
        5: "é",
    }
    assert json.loads(json.dumps(plain(table), allow_nan=False)) == {
        "a": 1.5,
        "b": 3,
        "c": [None, None],
        "d": ["/x", None, True],
        "5": "é",
    }


def test_both_sides_name_the_same_requests_arguments_and_tables():
    wish = re.search(r"interface Wish \{(.*?)\n\}", TYPESCRIPT, re.DOTALL)[1]
    requests = re.search(r"interface Requests \{(.*?)\n\}", TYPESCRIPT, re.DOTALL)[1]
    for name, arguments in REQUESTS.items():
        found = re.search(
            rf"^  {name}: ((?:Wish & )?\{{.*?\}}|Record<string, never>);", requests, re.DOTALL | re.MULTILINE
        )
        assert found, name
        named = found[1].replace("Wish &", wish)
        assert set(re.findall(r"(\w+):", named)) == set(arguments), name
    assert len(re.findall(r"^  \w+: (?:Wish|\{|Record)", requests, re.MULTILINE)) == len(REQUESTS)
    tables = re.search(r"interface Tables \{(.*?)\n\}", TYPESCRIPT, re.DOTALL)[1]
    assert tuple(re.findall(r"^  (\w+):", tables, re.MULTILINE)) == TABLES


def test_both_sides_name_the_same_messages():
    page = re.search(r"type Message =(.*?);\n\n", TYPESCRIPT, re.DOTALL)[1]
    kernel = re.search(r"Messages to the page:(.*?)\n\n", protocol.__doc__, re.DOTALL)[1]
    assert set(re.findall(r'type: "(\w+)"', page)) == set(re.findall(r"``(\w+)``\s\(", kernel))


def test_every_request_has_an_answer():
    assert set(ANSWERS) | {"hello"} == set(REQUESTS)


WRONG = [object(), [None], {"away": "1"}, b"x", math.inf]
"""No argument of any request may be one of these."""


def test_the_examples_cover_every_request():
    assert GOOD.keys() == REQUESTS.keys()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_request_passes_as_it_is(name):
    assert check_request({"type": name, "id": "1", "where": "", **GOOD[name]}) == (name, GOOD[name])


@pytest.mark.parametrize(("name", "argument"), [(name, key) for name in GOOD for key in GOOD[name]])
def test_each_argument_must_be_there_and_of_its_kind(name, argument):
    message = {"type": name, **GOOD[name]}
    for wrong in WRONG:
        with pytest.raises(InputError, match=f"{name}: {argument}"):
            check_request({**message, argument: wrong})
    del message[argument]
    with pytest.raises(InputError, match=f"{name}: {argument}"):
        check_request(message)


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("remove", "ids", "1"),
        ("remove", "ids", [1.5]),
        ("remove", "ids", [True]),
        ("remove", "weights", [1]),
        ("remove", "weights", {"away": True}),
        ("remove", "weights", {"away": math.nan}),
        ("remove", "weights", {str(i): 1 for i in range(1000)}),
        ("transform", "text", None),
        ("accept", "proposal", None),
        ("accept", "regenerate", "yes"),
        ("accept", "regenerate", True),
        ("reject", "reason", "x" * 30_000),
        ("label", "with", "clip or language"),
        ("edit_template", "text", "x" * 30_000),
        ("thumbnails", "size", math.nan),
        ("export", "overwrite", 1),
        ("use_strategy", "replace", None),
        ("tune", "method", "full"),
        ("tune", "steps", 10.5),
        ("edit", "mask", "data:image/png;base64,AAAA"),
        ("edit", "mask", 7),
        ("edit", "mask", "iVBORw0KGgo"),
        ("edit", "mask", ""),
        ("edit", "mask", "A" * 13_000_000),
        ("edit", "reference", "../picture.png"),
        ("edit", "reference", -1),
        ("edit", "steps", None),
        ("edit", "text_influence", math.nan),
        ("choose_edit", "matches", 4.5),
        ("choose_edit", "unusable", None),
        ("gallery", "order", "best"),
        ("gallery", "since", ""),
        ("gallery_entry", "entry", "x" * 1000),
        ("gallery_pictures", "keys", ["ab" * 32, 7]),
        ("gallery_pictures", "keys", ["../../x"]),
        ("gallery_pictures", "keys", ["ab" * 32] * 5000),
        ("like_entry", "liked", "yes"),
        ("personalize", "kind", "person"),
        ("personalize", "human", 1),
        ("candidates", "turn", "1"),
        ("choose_candidates", "candidates", [-1]),
        ("choose_candidates", "candidates", [0.5]),
        ("choose_candidates", "candidates", [2**40]),
        ("choose_candidates", "candidates", list(range(30_000))),
        ("choose_candidates", "instead", None),
    ],
)
def test_a_value_out_of_bounds_is_refused(name, argument, value):
    with pytest.raises(InputError, match=f"{name}: {argument}"):
        check_request({"type": name, **GOOD[name], argument: value})


@pytest.mark.parametrize("kind", ["__class__", ["remove"], None, 3])
def test_an_unknown_request_is_refused(kind):
    with pytest.raises(InputError, match="reload the page"):
        check_request({"type": kind, "ids": [1]})


def test_arguments_that_were_not_agreed_are_refused():
    with pytest.raises(InputError, match="found path"):
        check_request({"type": "undo", "id": "1", "path": "/etc"})


@pytest.mark.parametrize("message", [None, [], "undo", {}, {"id": None}, {"id": ["1"]}, {"id": "x" * 1000}])
def test_a_request_that_cant_be_answered_is_refused(message):
    with pytest.raises(InputError, match="with an id"):
        check_message(message)


def test_errors_go_to_a_place_by_its_name():
    assert check_message({"id": "1", "where": "map"}) == ("1", "map")
    assert check_message({"id": 1, "where": {"a": 1}}) == (1, "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_whatever_an_argument_is_it_passes_unchanged_or_is_refused_in_words(name, data):
    keys = sorted(GOOD[name])
    changed = data.draw(st.dictionaries(st.sampled_from(keys), JSON)) if keys else {}
    message = {"type": name, "id": "1", "where": "", **GOOD[name], **changed}
    try:
        checked = check_request(message)
    except InputError as error:
        said = str(error)
    else:
        assert checked == (name, {key: message[key] for key in GOOD[name]})
        return
    assert said.startswith(tuple(f"{name}: {key} " for key in changed))
    assert len(said) < 250
