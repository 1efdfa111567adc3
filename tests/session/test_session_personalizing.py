"""Teaching the generator one subject in rounds: its token, a person's choice, cancelling and resuming."""

import json

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import InputError, JobCancelled, Session
from datacrafter_widget.toybox.subjects import draw_subject

SMALL = {"steps": 2, "learning_rate": 0.02, "samples": 2, "top": 1, "rounds": 2, "beside": "on a table"}
PLACES = ["on grass", "at night"]
MINE = "<mine>"


@pytest.fixture(scope="module")
def subject():
    """Four pictures of one boat."""
    rng = np.random.default_rng(5)
    return [Image.fromarray(draw_subject("marked boat", rng)) for _ in range(4)]


@pytest.fixture
def session(tmp_path, subject):
    with Session.open(tmp_path / "s", images=[(each, "boat") for each in subject], seed=1) as opened:
        opened.observe().cancel()
        yield opened


def ids_of(session):
    return [picture.id for picture in session.pictures("boat")]


def folder_of(session, token):
    return session.store.concept_folder(token)


def states(session):
    return {concept.token: concept.state for concept in session.concepts}


def test_a_personalised_token_may_be_used_in_templates(session):
    job = session.personalize(ids_of(session), anchors=PLACES, select="random", **SMALL)
    said = []
    job.subscribe(lambda job: said.append(job.progress.message))
    assert job.result(quiet=True) == "<boat-1>"
    assert states(session) == {"<boat-1>": "ready"}
    assert {message.split(":")[0] for message in said} >= {"round 1 of 2", "round 2 of 2"}
    assert session.personalizing is None
    (one,) = json.loads((folder_of(session, "<boat-1>") / "rounds.json").read_text())
    log = json.loads((folder_of(session, "<boat-1>") / "round-2" / "training.json").read_text())
    assert log["settings"]["weights"] == [1.0] * 4 + [one["openness"]]
    assert log["settings"]["prompts"][0] == "a photo of a sks boat on a table"
    assert log["settings"]["prompts"][4].endswith(PLACES[one["chosen"][0] // 2])
    assert len(session.pictures()) == 4  # what it practised on is not the data set's

    first = session.template_table()[0]["id"]
    drawn = set()
    for text in ("a photo of a <boat-1>", "a photo of a sks boat"):
        first = session.edit_template(first, text)
        (made,) = session.generate(1, classes="boat", seed=3, num_inference_steps=2).result(quiet=True)
        drawn.add(session.image(made).tobytes())
    assert len(drawn) == 2


def test_a_person_chooses_between_the_rounds(session, subject, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, picture in zip(paths, subject, strict=False):
        picture.save(path)
    token = session.personalize(
        paths, class_="boat", anchors=PLACES, select="human", token=MINE, **SMALL
    ).result(quiet=True)
    waiting = session.personalizing
    assert (token, waiting.token, waiting.waiting, waiting.round) == (MINE, MINE, True, 1)
    assert [each.id for each in waiting.candidates] == [0, 1, 2, 3]
    assert waiting.candidates[2].anchor == "a photo of a boat at night"
    assert waiting.image(3).size == (64, 64)
    assert waiting._repr_html_().count("<img") == 4
    assert session.info()["resumable"] == 0  # it is the person's turn
    with pytest.raises(InputError, match="not finished"):
        session.add_template("boat", "a <mine>")
    with pytest.raises(InputError, match=r"found \[7\]"):
        waiting.choose([7])
    assert waiting.choose([3, 1], instead=True).result(quiet=True) == MINE
    log = json.loads((folder_of(session, MINE) / "round-2" / "training.json").read_text())
    assert [prompt.split(" boat ")[1] for prompt in log["settings"]["prompts"][3:]] == [
        "at night",
        "on grass",
    ]
    assert states(session) == {MINE: "ready"}
    assert session.personalizing is None
    with pytest.raises(InputError, match="waits for a choice"):
        waiting.choose()


def test_a_choice_is_of_one_round_and_the_rounds_end_with_the_directions(session):
    asked = {**SMALL, "rounds": 4, "weight_scale": None}
    session.personalize(ids_of(session), anchors=PLACES, select="human", **asked).result(quiet=True)
    first = session.personalizing
    first.choose([0], instead=True).result(quiet=True)
    second = session.personalizing
    assert (second.round, [each.id for each in second.candidates]) == (2, [2, 3])
    with pytest.raises(InputError, match="drew in round 2, found one of round 1"):
        first.choose([2])
    second.choose([3], instead=True).result(quiet=True)
    assert states(session) == {"<boat-1>": "ready"}
    log = json.loads((folder_of(session, "<boat-1>") / "round-3" / "training.json").read_text())
    assert len(log["settings"]["prompts"]) == 4 + 2
    assert log["settings"]["steps"] == 3  # of 2: the given pictures are drawn as often as in the first round


def test_no_choice_at_all_ends_it_with_what_was_learned(session):
    session.personalize(ids_of(session), anchors=PLACES, select="human", **SMALL).result(quiet=True)
    session.personalizing.choose(instead=True).result(quiet=True)
    folder = folder_of(session, "<boat-1>")
    assert states(session) == {"<boat-1>": "ready"}
    assert (folder / "concept.safetensors").read_bytes() == (
        folder / "round-1" / "concept.safetensors"
    ).read_bytes()


def test_one_that_was_cut_off_in_the_middle_ends_as_it_would_have(tmp_path, subject):
    images = [(each, "boat") for each in subject]
    files = []
    for name in ("whole", "cut"):
        with Session.open(tmp_path / name, images=images, seed=1) as session:
            session.observe().cancel()
            job = session.personalize(ids_of(session), anchors=PLACES, select="random", **SMALL)
            if name == "cut":
                job.subscribe(lambda job: "practising" in job.progress.message and job.cancel())
                with pytest.raises(JobCancelled):
                    job.result(quiet=True)
                assert states(session) == {"<boat-1>": "cancelled"}
                assert session.personalizing.waiting is False
                job = session.resume_tuning("<boat-1>")
                session.close()  # as a crash: it is resumed by the next session
            else:
                job.result(quiet=True)
        with Session.open(tmp_path / name) as session:
            session.observe().cancel()
            if session.info()["resumable"]:
                assert session.resume().result(quiet=True) == "<boat-1>"
            assert states(session) == {"<boat-1>": "ready"}
            files.append((folder_of(session, "<boat-1>") / "concept.safetensors").read_bytes())
    assert files[0] == files[1]


def test_what_is_beside_the_subject_is_seen_and_anchors_come_from_the_labels(session):
    session.observe().result(quiet=True)
    asked = {**SMALL, "rounds": 1, "beside": None}
    token = session.personalize(ids_of(session), anchors="labels", **asked).result(quiet=True)
    settings = json.loads((folder_of(session, token) / "settings.json").read_text())
    assert "table" in settings["beside"]
    assert all(anchor["prompt"].startswith("a photo of a {} with ") for anchor in settings["anchors"])
    assert not any(anchor["prompt"].endswith(" boat") for anchor in settings["anchors"])


def test_what_makes_no_sense_is_refused_and_leaves_nothing(session, subject):
    ids = ids_of(session)
    for pictures, arguments, said in (
        (ids[:2], {}, "3 or more"),
        (ids * 3, {"class_": "boat"}, "3 to 10"),
        ([*ids, subject[0]], {}, "found both"),
        ("pictures/", {}, "in a list"),
        (subject, {}, "class_"),
        (ids, {"class_": "heron"}, "expected classes among"),
        (ids, {"kind": "person"}, '"object" or "style"'),
        (ids, {"anchors": "on a roof"}, 'or "labels"'),
        (ids, {"anchors": ["on a roof"], "top": 3}, "top"),
        (ids, {"rounds": 5}, "rounds"),
        (ids, {"weight_scale": -1.0}, "scale"),
        (ids, {"select": "best"}, "select"),
        (ids, {"steps": 0}, "steps"),
        (ids, {"token": "boat"}, "angle brackets"),
    ):
        with pytest.raises(InputError, match=said):
            session.personalize(pictures, **arguments)
    assert session.concepts == []
    assert session.personalizing is None
