import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from blocks import decode

from datacrafter_widget import InputError
from datacrafter_widget.widget import protocol
from datacrafter_widget.widget.protocol import REQUESTS, TABLES, check_request, encode_points, plain
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
        "parent": np.arange(count)[::-1],
    }


@pytest.mark.parametrize("count", [0, 1, 2, 1001])
def test_a_point_block_comes_back_as_it_was(count):
    given = points(count)
    block = encode_points(given, seq=9)
    read = decode(block)
    assert (read["seq"], read["count"], len(block)) == (9, count, 16 + 22 * count)
    for name, column in given.items():
        np.testing.assert_allclose(read[name], column, rtol=1e-6)


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
    requests = re.search(r"interface Requests \{(.*?)\n\}", TYPESCRIPT, re.DOTALL)[1]
    for name, arguments in REQUESTS.items():
        found = re.search(
            rf"^  {name}: (\{{.*?\}}|Record<string, never>);", requests, re.DOTALL | re.MULTILINE
        )
        assert found, name
        assert set(re.findall(r"(\w+):", found[1])) == set(arguments), name
    assert len(re.findall(r"^  \w+: (?:\{|Record)", requests, re.MULTILINE)) == len(REQUESTS)
    tables = re.search(r"interface Tables \{(.*?)\n\}", TYPESCRIPT, re.DOTALL)[1]
    assert tuple(re.findall(r"^  (\w+):", tables, re.MULTILINE)) == TABLES


def test_both_sides_name_the_same_messages():
    page = re.search(r"type Message =(.*?);\n\n", TYPESCRIPT, re.DOTALL)[1]
    kernel = re.search(r"Messages to the page:(.*?)\n\n", protocol.__doc__, re.DOTALL)[1]
    assert set(re.findall(r'type: "(\w+)"', page)) == set(re.findall(r"``(\w+)``\s\(", kernel))


def test_every_request_has_an_answer():
    assert set(ANSWERS) | {"hello"} == set(REQUESTS)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "__class__"},
        {"type": ["remove"]},
        {"type": "remove"},
        {"type": "remove", "ids": "1"},
        {"type": "remove", "ids": [1.5]},
        {"type": "remove", "ids": [True]},
        {"type": "accept", "proposal": None},
        {"type": "edit_template", "template": 1, "text": "x" * 30_000, "negative": ""},
        {"type": "thumbnails", "ids": [1], "size": math.nan},
        {"type": "export", "path": "x", "overwrite": 1},
    ],
)
def test_a_malformed_request_is_refused(message):
    with pytest.raises(InputError):
        check_request(message)


def test_arguments_that_were_not_agreed_are_left_out():
    assert check_request({"type": "undo", "id": "1", "path": "/etc"}) == ("undo", {})
