"""Messages as no page sends them: each is refused in words, nothing of a session that may be written to changes.

`tests/benchmarks/fuzz.py` sends many more.
"""

import random
from collections.abc import Iterator

import pytest
from fuzzing.messages import STRANGER, Watch, deep, envelope, message

from datacrafter_widget import Session


@pytest.fixture(scope="module")
def watch(session: Session) -> Iterator[Watch]:
    watch = Watch(session)
    before = watch.content()
    yield watch
    after = watch.content()
    watch.close()
    assert after == before


def test_spoilt_messages_are_refused_and_change_nothing(watch):
    heard = [watch.hear(message(random.Random(seed))) for seed in range(300)]
    assert sum(heard) > 200


def test_spoilt_traits_and_buffers_change_nothing_else(watch):
    for seed in range(150):
        watch.set(*envelope(random.Random(seed)))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"type": "vary", "id": "1", "picture": 1, "count": 8, "strength": 10**400},
        {"type": "remove", "id": "1", "ids": [1], "weights": {"away": -(10**400)}},
        {"type": "remove", "id": "1", "ids": deep(5000), "weights": None},
        {"type": "remove", "id": deep(5000)},
        {"type": deep(5000), "id": "1"},
        {"type": "edit_template", "id": "1", "template": STRANGER, "text": "\ud800", "negative": ""},
    ],
)
def test_what_no_check_may_stumble_over(watch, spoilt):
    watch.hear(spoilt)


@pytest.mark.parametrize(
    "state",
    [
        {"view": {"x": 10**400, "y": 0, "zoom": 1}},
        {"view": deep(5000)},
        {"arrangement": deep(5000)},
        {"selection": deep(5000)},
    ],
)
def test_what_no_trait_may_stumble_over(watch, state):
    watch.set({"method": "update", "state": state, "buffer_paths": []}, [])
