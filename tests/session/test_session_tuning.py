"""Teaching the session's generator: tokens in templates, cancelling, resuming, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import InputError, JobCancelled, Session
from datacrafter_widget.session import teaching

STEPS = 2
BIRD = "<bird>"


@pytest.fixture(scope="module")
def pictures():
    """Three pictures of a class, and three that are too small to learn a word from."""
    rng = np.random.default_rng(3)

    def noise(side):
        return Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8))

    return [(noise(64), "crane") for _ in range(4)] + [(noise(32), "icon") for _ in range(3)]


@pytest.fixture
def session(tmp_path, pictures):
    with Session.open(tmp_path / "s", images=pictures, batch_size=4, seed=1) as opened:
        opened.observe().cancel()
        yield opened


def stop_at(job, step):
    """Cancel a job at a step of its training, and wait for its end."""
    job.subscribe(lambda job: job.progress.total and job.progress.done >= step and job.cancel())
    with pytest.raises(JobCancelled):
        job.result(quiet=True)


def states(session):
    return {concept.token: concept.state for concept in session.concepts}


def test_a_token_in_a_template_generates_other_pictures_than_the_word(session, monkeypatch):
    monkeypatch.setattr(teaching, "PRIOR_PICTURES", 4)
    told = []
    session.events.subscribe(lambda event: told.append(event["kind"]))
    token = session.tune("crane", steps=STEPS, learning_rate=0.1).result(quiet=True)
    assert (token, states(session)) == ("<crane-1>", {"<crane-1>": "ready"})
    assert "concepts" in told
    lora = session.tune("crane", "lora", steps=STEPS, learning_rate=0.01, prior_preservation=True)
    assert lora.result(quiet=True) == "<crane-2>"
    assert [cost.purpose for cost in session._store.costs()] == ["tuning", "tuning"]

    first = session.template_table()[0]["id"]
    drawn = {}
    for text in (
        "a photo of a crane",
        "a photo of a <crane-1>",
        "a photo of a <crane-2>",
        "a photo of a sks crane",
    ):
        first = session.edit_template(first, text)
        ids = session.generate(2, classes="crane", seed=7, num_inference_steps=2).result(quiet=True)
        drawn[text] = {session.image(each).tobytes() for each in ids}
    assert len(set.union(*drawn.values())) == 2 * len(drawn)


def test_a_cancelled_training_goes_on_when_asked(session):
    stop_at(session.tune("crane", steps=STEPS + 2, token=BIRD), 1)
    assert states(session) == {BIRD: "cancelled"}
    with pytest.raises(InputError, match=r"resume_tuning\('<bird>'\)"):
        session.tune("crane", token=BIRD)
    with pytest.raises(InputError, match=r"not finished.*resume_tuning"):
        session.add_template("crane", "a <bird>")
    assert session.resume_tuning(BIRD).result(quiet=True) == BIRD
    assert states(session) == {BIRD: "ready"}
    session.add_template("crane", "a <bird>")
    with pytest.raises(InputError, match="is ready"):
        session.resume_tuning(BIRD)


def test_a_training_that_never_began_leaves_its_token_free(session):
    stop_at(session.tune("crane", steps=STEPS), 0)
    assert states(session) == {}
    assert session.tune("crane", steps=STEPS).result(quiet=True) == "<crane-1>"


def test_closing_keeps_a_training_for_the_next_session(tmp_path, pictures):
    with Session.open(tmp_path / "s", images=pictures) as session:
        session.observe().cancel()
        job = session.tune("crane", "lora", steps=STEPS)
        assert not session._tuning_unfinished()  # a job of this process has it
    assert job.state == "cancelled"
    with Session.open(tmp_path / "s") as session:
        session.observe().cancel()
        assert session._tuning_unfinished()
        assert session._go_on_tuning().result(quiet=True) == "<crane-1>"
        assert states(session) == {"<crane-1>": "ready"}
        assert not session._tuning_unfinished()


def test_a_concept_is_not_for_another_model(session):
    session.tune("crane", steps=STEPS).result(quiet=True)
    (row,) = session.concepts
    assert [concept.token for concept in teaching.learned(session._store, row.model_revision)] == [
        "<crane-1>"
    ]
    assert teaching.learned(session._store, "another") == []
    with pytest.raises(InputError, match="learned by another model, 'toybox'"):
        teaching.check_tokens(session._store, "a <crane-1>", "another")


def test_what_makes_no_sense_is_refused_and_leaves_nothing(session):
    few = [picture.id for picture in session.pictures("crane")][:2]
    for arguments, said in (
        ({"class_": "heron"}, "expected classes among"),
        ({"class_": "crane", "pictures": few}, "3 or more"),
        ({"class_": "crane", "pictures": [999]}, "no such pictures"),
        ({"class_": "icon"}, "32 pixels"),
        ({"class_": "crane", "token": "crane"}, "angle brackets"),
        ({"class_": "crane", "method": "magic"}, "textual_inversion"),
        ({"class_": "crane", "steps": 0}, "steps"),
        ({"class_": "crane", "prior_preservation": True}, "lora"),
    ):
        with pytest.raises(InputError, match=said):
            session.tune(**arguments)
    assert session.concepts == []
    with pytest.raises(InputError, match=r"<crane-9>.*known are none yet.*session\.tune"):
        session.add_template("crane", "a photo of a <crane-9>")
    with pytest.raises(InputError, match="<crane-9>"):
        session.edit_template(session.template_table()[0]["id"], "[a | the] <crane-9>")
