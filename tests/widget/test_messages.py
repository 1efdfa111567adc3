"""No message of the page, whatever it is, raises, goes unanswered, or changes a session that it should not."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacrafter_widget import DataCrafter, InputError, Session
from datacrafter_widget.session.tables import TABLES, read_table
from datacrafter_widget.widget.protocol import REQUESTS, check_message, check_request

NUMBERS = st.one_of(
    st.integers(), st.integers(-5, 15), st.floats(), st.sampled_from([0, -1, 2**31, 2**53, True])
)
TEXTS = st.one_of(
    st.text(max_size=30), st.sampled_from(["", "<script>", "../../x", "a {class}", "\u202e", "x" * 30_000])
)
LEAVES = st.one_of(st.none(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
IDS = st.lists(st.one_of(st.integers(-2, 20), VALUES), max_size=5)
REQUEST = st.sampled_from(sorted(REQUESTS)).flatmap(
    lambda name: st.fixed_dictionaries(
        {"type": st.just(name), "id": st.just("1")},
        optional={
            **{key: st.one_of(VALUES, IDS) for key in REQUESTS[name]},
            "where": VALUES,
            "surprise": VALUES,
        },
    )
)
MESSAGES = st.one_of(REQUEST, VALUES, st.fixed_dictionaries({"type": VALUES, "id": LEAVES}))
QUIET = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def watched(session: Session) -> Iterator[Any]:
    """A session that may only be read, as a second kernel sees it, in a widget that records what it says."""
    with Session.open(session.info()["folder"], read_only=True) as second:
        widget = DataCrafter(second)
        said: list[dict[str, Any]] = []
        widget.send = lambda message, _=None: said.append(message)
        yield second, widget, said
        widget.close()


def state(session: Session) -> str:
    return json.dumps([read_table(session, name) for name in TABLES if name != "info"], sort_keys=True)


@QUIET
@given(message=MESSAGES)
def test_every_message_has_one_answer_and_a_wrong_one_changes_nothing(watched, message):
    session, widget, said = watched
    before = state(session)
    said.clear()
    widget._on_message(widget, message, [])
    deadline = time.monotonic() + 60
    while not (answers := [each for each in said if each["type"] in {"reply", "error"}]):
        assert time.monotonic() < deadline, message
        widget._readers.submit(int).result()
    assert len(answers) == 1
    json.dumps(answers, allow_nan=False)
    assert state(session) == before


@QUIET
@given(message=MESSAGES)
def test_what_passes_the_check_is_of_the_agreed_form(message):
    with suppress(InputError):
        check_message(message)
        check_agreed(*check_request(message))


def check_agreed(name: str, arguments: dict[str, Any]) -> None:
    assert arguments.keys() == REQUESTS[name].keys()
    for value in arguments.values():
        for each in value if isinstance(value, list) else [value]:
            assert not isinstance(each, float) or abs(each) < float("inf")


@QUIET
@given(
    name=st.sampled_from(
        ["selection", "classes", "focus", "view", "arrangement", "theme", "height", "info", "x"]
    ),
    value=st.one_of(VALUES, st.binary(max_size=16).map(memoryview)),
)
def test_whatever_the_page_sets_a_trait_holds_what_makes_sense(watched, name, value):
    session, widget, _ = watched
    known = {picture.id for picture in session.pictures(include_hidden=True)}
    widget.set_state({name: value})
    assert set(widget.selection) <= known
    assert set(widget.classes) <= {row.id for row in session.classes}
    assert widget.view is None or set(widget.view) == {"x", "y", "zoom"}
    assert 100 <= widget.height <= 10_000
    assert widget.theme in {"auto", "light", "dark"}
    assert widget.info["classes"]
    json.dumps(widget.arrangement, allow_nan=False)
