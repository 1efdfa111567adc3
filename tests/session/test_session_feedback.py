"""Every way to say what is wrong, what comes of it, and taking it back. Searches are short: the figures that
show how good they are come from tests/benchmarks/refinement.py."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from chat import Refusal, naming

from datacrafter_widget import InputError, JobCancelled, Session, StoreError, TemplateError
from datacrafter_widget.models.language import OpenAILanguageModel

CLASS = "apple"
SHORT = {"max_proxies": 40}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, originals):
    """A session with some generated apples, to copy."""
    path = tmp_path_factory.mktemp("feedback") / "s"
    with Session.open(path, images=originals, batch_size=16) as session:
        session.generate(24, classes=CLASS).result()
    return path


@pytest.fixture
def session(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "s")
    with Session.open(tmp_path / "s") as opened:
        yield opened


def made(session):
    return [picture.id for picture in session.pictures(CLASS, origin="generated")]


def visible(session):
    return {picture.id for picture in session.pictures()}


def row_of(session, job):
    job.result()
    (row,) = session.proposal_table()
    return row


def test_a_wish_is_proposed_and_explained(session):
    ids = made(session)[:8]
    row = row_of(session, session.transform(ids, "at  night", max_proxies=60))
    assert (row["kind"], row["wish"], row["state"]) == ("transform", "at night", "open")
    assert row["proxies"] <= 60
    assert row["improved"]
    assert "night" in row["after"]
    (proposal,) = session.proposals
    shown = proposal._repr_html_()
    assert shown.count("<img") == min(12, len(row["before_refs"])) + min(12, len(row["after_refs"]))
    assert row["after"] in shown
    table, figure = proposal.explain()
    assert list(table.columns) == ["change", "gain", "standard_error"]
    assert table["gain"].notna().any()
    assert len(figure.data) >= 3
    assert set(row["terms"]["before"]) == set(row["terms"]["after"]) == set(row["weights"])
    assert row["generations"][-1]["terms"]


@pytest.mark.parametrize("verb", ["combine", "without"])
def test_two_sets_are_compared(session, verb):
    ids = made(session)
    row = row_of(session, getattr(session, verb)(ids[:8], ids[8:16], **SHORT))
    assert row["kind"] == verb
    assert row["gain"] is not None


def test_sets_must_share_a_class(session):
    other = [picture.id for picture in session.pictures("boat")]
    with pytest.raises(InputError, match="same class"):
        session.combine(made(session)[:4], other)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weights": {"nearness": 1}}, "expected weights of"),
        ({"weights": {"near": -1}}, "0 or more"),
        ({"weights": {"near": float("nan")}}, "0 or more"),
        ({"max_proxies": 0}, "max_proxies"),
        ({"max_seconds": 0}, "max_seconds"),
    ],
)
def test_settings_that_make_no_sense_change_nothing(session, settings, words):
    before = visible(session)
    with pytest.raises(InputError, match=words):
        session.remove(made(session)[:3], **settings)
    with pytest.raises(InputError, match="few words"):
        session.transform(made(session)[:3], "  ")
    assert visible(session) == before
    assert session.history()["undo"] is None


def test_weights_are_kept_with_the_proposal(session):
    row = row_of(session, session.remove(made(session)[:6], weights={"confidence": 0}, **SHORT))
    assert row["weights"] == {**session.info()["weights"]["remove"], "confidence": 0}


def test_accepting_an_edited_prompt_and_replacing_its_pictures_can_be_undone(session):
    old = set(made(session))
    row = row_of(session, session.transform(sorted(old)[:8], "at night", **SHORT))
    with pytest.raises(TemplateError):
        session.accept(row["id"], text="a [photo")
    new = session.accept(row["id"], text="a photo of a red {class} at night", negative="grass")
    (template,) = [each for each in session.template_table() if each["id"] == new]
    assert (template["text"], template["negative"], template["origin"]) == (
        "a photo of a red {class} at night",
        "grass",
        "user",
    )
    fresh = session.regenerate(new, count=6).result()
    assert set(made(session)) == set(fresh)
    assert session.history()["undo"] == f"replace {len(old)} pictures"
    session.undo()
    assert set(made(session)) == old
    session.redo()
    assert set(made(session)) == set(fresh)


def test_regenerating_may_add_instead(session):
    old = set(made(session))
    (template,) = [row for row in session.template_table() if row["class_id"] == class_id(session)]
    new = session.edit_template(template["id"], "a sketch of a {class}")
    fresh = session.regenerate(new, count=4, replace=False).result()
    assert set(made(session)) == old | set(fresh)
    with pytest.raises(InputError, match="count"):
        session.regenerate(new, count=0)
    with pytest.raises(InputError, match="no prompt"):
        session.regenerate(template["id"])


def class_id(session):
    return next(row.id for row in session.classes if row.name == CLASS)


def test_what_was_rejected_is_not_proposed_again(session):
    ids = made(session)[:8]
    first = row_of(session, session.transform(ids, "at night", **SHORT))
    (proposal,) = session.proposals
    proposal.reject("not so dark, and no moon")
    assert session.proposals == []
    again = row_of(session, session.transform(ids, "at night", **SHORT))
    assert (again["after"], again["negative_after"]) != (first["after"], first["negative_after"])
    tried = {(each["template"], each["negative"]) for each in again["tried"]}
    assert (first["after"], first["negative_after"]) not in tried
    assert not any("moon" in template for template, _ in tried)


def test_undo_takes_a_search_back_and_redo_repeats_it(session):
    ids = made(session)[:8]
    job = session.remove(ids, **SHORT)
    session.undo()
    job.wait(quiet=True)
    assert session.proposal_table() == []
    assert set(ids) <= visible(session)
    session.redo()
    assert not set(ids) & visible(session)
    for running in session._runner.jobs():
        running.wait(quiet=True)
    (row,) = session.proposal_table()
    assert row["state"] == "open"


def test_cancelling_before_anything_was_found_leaves_no_proposal(session):
    job = session.remove(made(session)[:6], max_proxies=200)
    job.subscribe(lambda each: each.cancel() if each.progress.done else None)
    with pytest.raises(JobCancelled):
        job.result()
    assert [row for row in session.proposal_table() if row["state"] == "running"] == []


def test_a_search_that_was_cut_off_goes_on(session, tmp_path, folder):
    worker = """
import sys
from datacrafter_widget import Session
session = Session.open(sys.argv[1])
ids = [picture.id for picture in session.pictures("apple", origin="generated")][:8]
job = session.transform(ids, "at night", max_proxies=60)
job.subscribe(lambda each: print("done", each.progress.done, flush=True) if each.progress.done else None)
job.wait(quiet=True)
"""
    path = tmp_path / "killed"
    shutil.copytree(folder, path)
    process = subprocess.Popen([sys.executable, "-c", worker, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("done") and int(line.split()[1]) >= 20:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    uninterrupted = row_of(session, session.transform(made(session)[:8], "at night", max_proxies=60))
    with Session.open(path) as killed:
        (row,) = killed.proposal_table()
        assert row["state"] == "running"
        assert killed.info()["resumable"] == 1
        resumed = killed.resume()
        assert resumed is not None
        again = row_of(killed, resumed)
        assert killed.info()["resumable"] == 0
    for name in ("after", "negative_after", "proxies"):
        assert again[name] == uninterrupted[name]
    assert np.isclose(again["gain"], uninterrupted["gain"], atol=1e-3)
    assert len(again["before_refs"]) == len(uninterrupted["before_refs"]) > 0


def test_feedback_that_no_prompt_can_satisfy_says_so(session):
    ids = made(session)
    rng = np.random.default_rng(0)
    job = session.remove([int(picture) for picture in rng.choice(ids, 8, replace=False)], **SHORT)
    assert job.result() == []
    (row,) = session.proposal_table()
    assert not row["improved"]
    assert "no better prompt found" in row["reasons"][-1]
    assert "no better prompt found" in job.progress.message
    assert session.proposals == []
    session.reject(row["id"])
    assert session.proposal_table() == []


def test_read_only_sessions_refuse(folder):
    with Session.open(folder, read_only=True) as reading, pytest.raises(StoreError, match="read_only"):
        reading.transform([1], "at night")


def rewriting(template):
    """A model that names groups of labels, and proposes a prompt when it is asked for one."""

    def answer(body):
        if "rewritings" not in body["messages"][0]["content"]:
            return naming(lambda labels: labels[0])(body)
        return json.dumps({"rewritings": [{"template": template, "negative": "", "reason": "as you said"}]})

    return answer


@pytest.fixture
def with_model(folder, tmp_path, chat):
    shutil.copytree(folder, tmp_path / "s")
    model = OpenAILanguageModel("tiny", base_url=chat.url, timeout=5, max_retries=0)
    with Session.open(tmp_path / "s", language=model) as opened:
        yield opened


def test_a_language_model_hears_the_feedback_and_is_tried_beside_the_rest(with_model, chat):
    chat.say(rewriting("a photo of a {class} under a night sky"))
    row = row_of(with_model, with_model.transform(made(with_model)[:8], "at night", max_proxies=60))
    assert "a photo of a {class} under a night sky" in {each["template"] for each in row["tried"]}
    assert len(row["tried"]) > 1
    asked = [body for body in chat.requests if "rewritings" in body["messages"][0]["content"]]
    text, *pictures = asked[0]["messages"][1]["content"]
    question = json.loads(text["text"])
    assert (question["wish"], question["class"]) == ("at night", CLASS)
    assert 1 <= len(pictures) <= 8
    assert str(with_model._store.folder) not in json.dumps(asked)
    language = with_model.info()["language"]
    assert language["calls"] >= len(asked)
    assert language["problem"] is None


def test_without_its_language_model_a_search_goes_on_and_says_so(with_model, chat):
    chat.say(Refusal(500, "out of order"))
    warnings = []
    with_model.events.subscribe(lambda event: warnings.append(event) if event["kind"] == "warning" else None)
    row = row_of(with_model, with_model.transform(made(with_model)[:8], "at night", max_proxies=60))
    assert "night" in row["after"]
    told = [event["message"] for event in warnings if event["where"] == "prompts"]
    assert len(told) == 1
    assert "went on without the language model" in told[0]
    assert "out of order" in with_model.info()["language"]["problem"]
