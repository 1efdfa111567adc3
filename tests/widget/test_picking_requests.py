"""A personalisation between its rounds, as the page sees it and decides it."""

import io

import pytest
from PIL import Image

from datacrafter_widget.session.built import built

SMALL = {"steps": 1, "samples": 2, "top": 1, "rounds": 2, "beside": "on a table"}


def of_first_class(session):
    first = session.classes[0]
    return first, [picture.id for picture in session.pictures(first.name, origin="original")][:4]


@pytest.fixture
def waiting(session):
    """The token of a personalisation that waits for its person; afterwards it is over."""
    _, ids = of_first_class(session)
    places = ["on grass", "at night"]
    token = session.personalize(ids, anchors=places, select="human", **SMALL).result(quiet=True)
    yield token
    if any(row["token"] == token for row in session.turn_table()):
        session.personalization(token).choose(instead=True).result(quiet=True)


def test_who_waits_is_a_row_and_the_pictures_come_when_they_are_asked_for(session, page, waiting):
    row = {
        "token": waiting,
        "class_id": session.classes[0].id,
        "kind": "object",
        "round": 1,
        "rounds": 2,
    }
    page.wait(lambda m: m["type"] == "state" and m["tables"].get("turns") == [row])
    assert session.turn_table() == [row]
    answer, _ = page.ask("candidates", token=waiting, turn=1)
    rows = answer["result"]
    assert [each["id"] for each in rows] == [0, 1, 2, 3]
    assert rows[2]["anchor"].endswith(f"{session.classes[0].word} at night")
    _, buffers = page.ask("candidate_pictures", token=waiting, turn=1, candidates=[3, 0, 99])
    assert [Image.open(io.BytesIO(each)).format for each in buffers[:2]] == ["WEBP", "WEBP"]
    assert buffers[2] == b""


def test_a_choice_is_taken_once(session, page, waiting):
    page.wait(lambda m: m["type"] == "state" and m["tables"].get("turns"))
    stale, _ = page.ask("candidates", token=waiting, turn=2)
    assert "after round 2" in stale["message"]
    wrong, _ = page.ask("choose_candidates", token=waiting, turn=1, candidates=[9], instead=True)
    assert "found [9]" in wrong["message"]
    taken, _ = page.ask("choose_candidates", token=waiting, turn=1, candidates=[1, 2], instead=True)
    again, _ = page.ask("choose_candidates", token=waiting, turn=1, candidates=[], instead=True)
    assert "made elsewhere" in again["message"]
    assert session._runner.job(taken["result"]).result(240) == waiting
    page.wait(lambda m: m["type"] == "state" and m["tables"].get("turns") == [])
    unknown, _ = page.ask("candidates", token="<nobody>", turn=1)  # noqa: S106
    assert "<nobody>" in unknown["message"]


def test_one_subject_is_taught_from_the_page(session, page):
    first, ids = of_first_class(session)
    asked = {"class_id": first.id, "kind": "object", "human": True, "rounds": 2, "steps": 1}
    few, _ = page.ask("personalize", ids=ids[:2], **asked)
    assert "3 or more" in few["message"]
    answer, _ = page.ask("personalize", ids=ids, **asked)
    job = session._runner.job(answer["result"])
    assert job.kind == "tune"
    assert session.concepts[-1].settings["personalization"]["select"] == "human"
    job.cancel()
    job.wait()


def test_the_studio_is_sent_when_it_is_wanted_and_kept_in_no_notebook(page):
    _, (script,) = page.ask("studio")
    assert script.decode() == built("studio.js")
    assert built("studio.js") not in str(page.widget.get_state())
