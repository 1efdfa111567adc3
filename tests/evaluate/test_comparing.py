"""One call that compares arms, on a session of the toybox."""

import shutil

import numpy as np
import pytest

from datacrafter_widget import Session, evaluate
from datacrafter_widget.errors import InputError, JobCancelled
from datacrafter_widget.evaluate.cells import KIND

ARMS = ("original", "image2image", "guided")


def ask(session, unseen, **more):
    return evaluate.compare(session, **{"arms": ARMS, "budgets": [1, 2], "seeds": 2, "test": unseen, **more})


def test_arms_get_equal_budgets_and_leave_the_session_as_it_was(session, unseen):
    before = [picture.id for picture in session.pictures(include_hidden=True)]
    found = ask(session, unseen).result(300, quiet=True)
    assert [picture.id for picture in session.pictures(include_hidden=True)] == before
    added = {(cell.arm, cell.budget): cell.added for cell in found.cells}
    assert added == {
        ("original", 0): 0,
        ("image2image", 1): 3,
        ("image2image", 2): 6,
        ("guided", 1): 3,
        ("guided", 2): 6,
    }
    assert found.tested_on == "the pictures given as test="
    assert not found.warnings
    assert all(0 <= cell.outcome.accuracy <= 1 for cell in found.cells)
    assert found.costs["image2image"].total.seconds > 0

    with Session.open(found.folders["image2image"], read_only=True) as arm:
        made = arm.pictures(origin="generated")
        assert {picture.provenance.perturbation for picture in made} == {"image2image"}
        assert {row.name for row in arm.classes} == {row.name for row in session.classes}


def test_what_was_done_is_not_done_again(session, unseen):
    first = ask(session, unseen).result(300, quiet=True)
    rows = {row.key for row in session.store.evaluations(KIND)}
    with Session.open(first.folders["image2image"], read_only=True) as arm:
        made = len(arm.pictures(origin="generated"))
    again = ask(session, unseen).result(300, quiet=True)
    assert repr(again) == repr(first)
    assert {row.key for row in session.store.evaluations(KIND)} == rows

    more = ask(session, unseen, budgets=[1, 2, 3], seeds=3).result(300, quiet=True)
    assert rows < {row.key for row in session.store.evaluations(KIND)}
    assert len(more.outcomes("image2image", 3).runs) == 3
    with Session.open(more.folders["image2image"], read_only=True) as arm:
        assert made < len(arm.pictures(origin="generated")) <= made + 6


def test_a_cancelled_comparison_goes_on_with_what_is_missing(session, unseen):
    job = ask(session, unseen)

    def stop(job):
        if session.store.evaluations(KIND):
            job.cancel()

    job.subscribe(stop)
    with pytest.raises(JobCancelled):
        job.result(300, quiet=True)
    kept = {row.key for row in session.store.evaluations(KIND)}
    assert len(kept) == 1
    whole = ask(session, unseen).result(300, quiet=True)
    assert kept < {row.key for row in session.store.evaluations(KIND)}
    assert len(whole.cells) == 10


def test_an_arm_that_was_cut_off_ends_with_the_same_pictures(session, unseen):
    def made(found):
        with Session.open(found.folders["image2image"], read_only=True) as arm:
            return [picture.sha256 for picture in arm.pictures(origin="generated")]

    whole = made(ask(session, unseen, arms=["image2image"], seeds=1).result(300, quiet=True))
    shutil.rmtree(session.store.folder / "comparison")

    def stop(job):
        if job.progress.message == "generating" and job.progress.total == 6:
            job.cancel()

    job = ask(session, unseen, arms=["image2image"], seeds=1)
    job.subscribe(stop)
    with pytest.raises(JobCancelled):
        job.result(300, quiet=True)
    assert made(ask(session, unseen, arms=["image2image"], seeds=1).result(300, quiet=True)) == whole


def test_removed_and_flagged_pictures_are_not_compared(session, unseen):
    ids = [picture.id for picture in session.pictures("apple", origin="generated")]
    session.store.set_hidden(ids[:2], hidden=True)
    session.store.set_flagged(ids[2:4], flagged=True)
    found = ask(session, unseen, arms=["original", "guided"], budgets=[4]).result(300, quiet=True)
    assert {cell.added for cell in found.cells} == {0, 2 + 4 + 4}
    assert "fewer than 4 pictures of 1 of 3 classes (apple)" in found.warnings[0]


def test_without_a_test_set_whole_families_are_split_off_and_it_is_said(session):
    found = evaluate.compare(session, ["original", "guided"], [2], seeds=2).result(300, quiet=True)
    assert "There is no test set" in found.warnings[0]
    assert "25%" in found.tested_on


def test_the_sessions_own_test_set_is_used(session, unseen):
    session.set_validation(unseen, role="test")
    found = evaluate.compare(session, ["original"], seeds=2).result(300, quiet=True)
    assert found.tested_on == "the session's held-out test set"
    assert found.outcomes("original").confusion.sum() == 2 * 15


def test_what_can_not_be_compared_is_said_at_once(session, unseen):
    for more, said in (
        ({"arms": ["plain"]}, "text2image"),
        ({"arms": ["retrieved"]}, "retrieved_from"),
        ({"budgets": [0]}, "budgets"),
        ({"seeds": 0}, "seeds"),
        ({"trainer": "resnet"}, "trainer"),
    ):
        with pytest.raises(InputError, match=said):
            ask(session, unseen, **more)
    with pytest.raises(InputError, match="apple, crane, fish"):
        ask(session, [(np.zeros((8, 8, 3), np.uint8), "pear")]).result(300, quiet=True)
    with pytest.raises(InputError, match="crane"):
        ask(session, unseen, templates={"apple": "an apple", "fish": "a fish"}).result(300, quiet=True)
