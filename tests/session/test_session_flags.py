"""Pictures that stay out of an export: who marks them, what is said, and how a person keeps them."""

from collections import Counter
from typing import get_args

import pytest

from datacrafter_widget import InputError, Session
from datacrafter_widget.session.flag_words import round_in_words
from datacrafter_widget.store.records import FlagKind


@pytest.fixture(scope="module")
def twice(tmp_path_factory, originals):
    """A session that made the same pictures twice, and the warnings that it gave."""
    with Session.open(tmp_path_factory.mktemp("flags") / "s", images=originals, batch_size=4) as session:
        warnings = []
        session.events.subscribe(
            lambda event: warnings.append(event["message"]) if event["kind"] == "warning" else None
        )
        rounds = [
            session.generate(4, classes=["fish"], seed=5, num_inference_steps=2).result() for _ in range(2)
        ]
        yield session, rounds, warnings


def test_pictures_that_are_there_already_are_flagged_with_the_one_they_repeat(twice):
    session, (first, second), _ = twice
    assert [(row["picture"], row["kind"], row["of"]) for row in session.flags] == [
        (new, "duplicate", old) for old, new in zip(first, second, strict=True)
    ]
    assert session.flags[0]["words"] == f"The same as picture {first[0]}"
    assert session.picture(second[0])["flags"] == [
        {"kind": "duplicate", "of": first[0], "words": f"The same as picture {first[0]}"}
    ]
    assert session.picture(first[0])["flags"] == []


def test_a_round_warns_once_and_says_what_to_do(twice):
    _, _, warnings = twice
    (message,) = warnings
    assert message == (
        "4 of 4 new pictures stay out of the export: 4 are the same as other pictures."
        " The details say why; session.keep(ids) keeps them all the same."
    )


def test_flagged_pictures_are_shown_and_not_exported(twice, tmp_path):
    session, (_, second), _ = twice
    assert set(second) <= {picture.id for picture in session.pictures()}
    report = session.export(tmp_path / "out")
    assert report.total == len(session.pictures()) - 4
    assert len(list((tmp_path / "out").rglob("*.png"))) == report.total


def test_keeping_takes_the_mark_away_and_undo_brings_it_and_its_reason_back(twice):
    session, (first, second), _ = twice
    before = session.flags
    assert session.keep([first[0], *second[:2]]) == second[:2]  # the first was not marked
    assert [row["picture"] for row in session.flags] == second[2:]
    assert session.history()["undo"] == "keep 2 pictures"
    session.undo()
    assert session.flags == before
    session.redo()
    assert [row["picture"] for row in session.flags] == second[2:]
    session.undo()


def test_a_person_flags_pictures_and_takes_it_back(twice):
    session, (first, _), _ = twice
    told = []
    stop = session.events.subscribe(lambda event: told.append(event["kind"]))
    assert session.flag([first[3]]) == [first[3]]
    stop()
    assert {"flags", "actions"} <= set(told)
    assert session.picture(first[3])["flags"] == [{"kind": "user", "of": None, "words": "Marked by you"}]
    assert session.history()["undo"] == "flag 1 picture"
    session.undo()
    assert session.picture(first[3])["flags"] == []


def test_marking_what_is_marked_leaves_no_trace_in_the_history(twice):
    session, (first, second), _ = twice
    actions = len(session.history()["actions"])
    assert session.flag(second) == []
    assert session.keep(first) == []
    assert len(session.history()["actions"]) == actions


def test_unknown_pictures_are_refused(twice):
    with pytest.raises(InputError, match="no such pictures"):
        twice[0].keep([10**6])


def test_a_session_that_is_reopened_knows_its_flags(tmp_path, originals):
    with Session.open(tmp_path / "s", images=originals) as session:
        parent = session.pictures()[0]
        session.flag([parent.id])
        flags = session.flags
    with Session.open(tmp_path / "s", read_only=True) as session:
        assert session.flags == flags


def test_a_warning_names_every_reason_in_plain_words():
    assert round_in_words(Counter({"near_original": 1}), 16) == (
        "1 of 16 new pictures stays out of the export: 1 is nearly a copy of an original."
        " The details say why; session.keep(ids) keeps them all the same."
    )
    kinds = get_args(FlagKind)
    message = round_in_words(Counter(dict.fromkeys(kinds, 2)), 20)
    assert message.startswith(
        "12 of 20 new pictures stay out of the export: 2 are nearly copies of originals,"
    )
    assert "2 show nothing, 2 are broken" in message
