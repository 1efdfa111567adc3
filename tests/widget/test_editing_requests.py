"""Edits of single pictures as the page asks for them: a wish with paint, candidates without names, the choice."""

import base64
import io
import sys
from pathlib import Path

import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "session"))

from tinting import Tinting

PLAIN = {"mask": None, "reference": None, "steps": 0.5, "text_influence": 0.5, "picture_influence": 0.5}


@pytest.fixture(scope="module")
def editors(session):
    """Two that come before all others where the wish names them."""
    made = [Tinting("red", (255, 0, 0)), Tinting("green", (0, 255, 0))]
    session.use_editors(*made)
    return made


@pytest.fixture
def picture(session):
    return session.pictures(origin="original")[0].id


def png(mode="L", size=(64, 64), colour=255):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def asked(session, page, kind, /, **arguments):
    """Have a wish fulfilled; the row of the edit that came of it."""
    answer, _ = page.ask(kind, **PLAIN | arguments)
    made = session._runner.job(answer["result"]).result(240)
    (edit,) = made if isinstance(made, list) else [made]
    return next(row for row in session.edit_table() if row["id"] == edit.id)


@pytest.mark.usefixtures("editors")
def test_a_wish_becomes_candidates_that_the_page_hears_of(session, page, picture):
    row = asked(session, page, "edit", ids=[picture], instruction="make it green", mask=png())
    assert (row["state"], row["masked"], row["referenced"]) == ("open", True, False)
    page.wait(
        lambda m: (
            m["type"] == "state"
            and any(
                (each["id"], each["state"]) == (row["id"], "open") for each in m["tables"].get("edits", [])
            )
        )
    )
    answer, _ = page.ask("edit_rows", ids=[picture])
    (told,) = [each for each in answer["result"] if each["id"] == row["id"]]
    assert {each["editor"] for each in told["candidates"]} == {None}
    wanted = [each["id"] for each in told["candidates"] if each["ready"]]
    _, buffers = page.ask("edit_pictures", candidates=[*wanted, 10**6], size=4000)
    assert [Image.open(io.BytesIO(each)).size for each in buffers[:-1]] == [(64, 64)] * len(wanted)
    assert buffers[-1] == b""


@pytest.mark.usefixtures("editors")
def test_one_is_chosen_accepted_stepped_on_from_and_gone_back_to(session, page, picture):
    row = asked(
        session, page, "edit", ids=[picture], instruction="make it red", reference=png("RGB", (9, 9), "red")
    )
    assert row["referenced"]
    chosen = next(each["id"] for each in row["candidates"] if each["ready"])
    feedback = {"matches": 4, "keeps": None, "unusable": [], "words": "fine"}
    answer, _ = page.ask("choose_edit", edit=row["id"], candidate=chosen, **feedback)
    assert answer["type"] == "reply"
    answer, _ = page.ask("accept_edit", edit=row["id"])
    assert session.picture(answer["result"])["provenance"]["parent_id"] == picture
    then = asked(session, page, "edit_further", edit=row["id"], instruction="make it green")
    assert (then["before"], then["from"]) == (row["id"], chosen)
    page.ask("revert_edit", edit=then["id"], step=row["id"])
    assert session.edit_table()[0]["aside"]
    answer, _ = page.ask("replay_edit", edit=row["id"], ids=[session.pictures(origin="original")[1].id])
    assert session._runner.job(answer["result"]).result(240)
    answer, _ = page.ask("teach_prompt", edits=[row["id"]])
    session._runner.job(answer["result"]).cancel()


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("edit", {"ids": [1], "instruction": "  "}, "instruction"),
        ("edit", {"ids": [1], "instruction": "green", "mask": png(size=(9, 9))}, "9 x 9"),
        ("edit", {"ids": [1], "instruction": "green", "mask": png(colour=0)}, "found none"),
        ("edit", {"ids": [1], "instruction": "green", "mask": "AAAA"}, "image file"),
        ("edit", {"ids": [1], "instruction": "green", "reference": "AAAA"}, "file"),
        ("edit", {"ids": [1], "instruction": "green", "reference": 10**6}, "1000000"),
        ("edit", {"ids": [1], "instruction": "green", "steps": 2}, "steps"),
        ("edit", {"ids": [10**6], "instruction": "green"}, "1000000"),
        ("edit_further", {"edit": 10**6, "instruction": "green"}, "1000000"),
    ],
)
def test_a_wish_that_makes_no_sense_is_answered_in_words(session, page, kind, arguments, message):
    jobs, edits = len(session.job_table()), len(session.edit_table())
    answer, _ = page.ask(kind, **PLAIN | arguments)
    assert answer["type"] == "error"
    assert message in answer["message"]
    assert (len(session.job_table()), len(session.edit_table())) == (jobs, edits)


def test_a_wish_is_understood_without_anything_being_made(session, page, picture):
    edits = len(session.edit_table())
    answer, _ = page.ask("understand", picture=picture, instruction="as a sketch")
    assert answer["result"]["action"] == "restyle"
    assert answer["result"]["reason"]
    assert not answer["result"]["hint"]
    answer, _ = page.ask("understand", picture=picture, instruction="put it at sea")
    assert "“sea”" in answer["result"]["hint"]
    assert len(session.edit_table()) == edits


@pytest.mark.usefixtures("editors")
def test_an_edit_is_published_found_liked_taken_up_and_deleted(session, page, picture):
    row = asked(session, page, "edit", ids=[picture], instruction="make it violet", mask=png())
    chosen = next(each["id"] for each in row["candidates"] if each["ready"])
    session.choose_edit(row["id"], chosen)
    about = {"title": "Violet <b>", "description": "a test", "public": False}
    published, _ = page.ask("publish_edit", edit=row["id"], **about)
    look = {"likes": 0, "since": None, "until": None, "order": "newest", "page": 1}
    found, _ = page.ask("gallery", words="violet", **look)
    (card,) = found["result"]["entries"]
    assert (card["id"], card["title"], card["count"]) == (published["result"], "Violet <b>", 1)
    page.wait(lambda m: m["type"] == "gallery")
    none, _ = page.ask("gallery", words="purple", **look)
    assert none["result"] == {"entries": [], "pages": 1, "total": 0}
    wrong, _ = page.ask("gallery", words="", **look | {"since": "yesterday"})
    assert "yesterday" in wrong["message"]
    entry, _ = page.ask("gallery_entry", entry=card["id"])
    (step,) = entry["result"]["steps"]
    assert step["instruction"] == "make it violet"
    keys = [card["picture"], card["result"], step["mask"], "0" * 64]
    _, buffers = page.ask("gallery_pictures", keys=keys, size=64)
    assert [each[8:12] for each in buffers] == [b"WEBP"] * 3 + [b""]
    liked, _ = page.ask("like_entry", entry=card["id"], liked=True)
    assert (liked["result"]["likes"], liked["result"]["liked"]) == (1, True)
    other = session.pictures(origin="original")[1].id
    answer, _ = page.ask("fork_entry", entry=card["id"], ids=[other])
    (edit,) = session._runner.job(answer["result"]).result(240)
    assert edit.picture_id == other
    page.ask("delete_entry", entry=card["id"])
    gone, _ = page.ask("gallery_entry", entry=card["id"])
    assert card["id"] in gone["message"]
