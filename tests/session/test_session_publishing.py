"""An edit is published with all that led to it, and taken up by another session."""

import re
from pathlib import Path

import numpy as np
import pytest
from tinting import Tinting

from datacrafter_widget import InputError, Session, StoreError
from datacrafter_widget.editing.gallery import Gallery


@pytest.fixture(scope="module")
def session(tmp_path_factory, few, toybox, clip):
    folder = tmp_path_factory.mktemp("publishing") / "s"
    with Session.open(folder, few, generator=toybox, encoder=clip, seed=3) as opened:
        opened.observe().result()
        yield opened


@pytest.fixture
def gallery(session, tmp_path):
    """A gallery of its own for each test; the session has its own again after it."""
    with Gallery.open(tmp_path / "shared", author="Ada") as opened:
        session.gallery = opened
        yield opened
        session._close_gallery()


def chosen(job):
    edit = job.result()
    edit = edit[0] if isinstance(edit, list) else edit
    edit.choose("A")
    return edit


@pytest.fixture
def edit(session):
    """Two steps: the first within a mask, the second with a reference picture."""
    picture, other = (each.id for each in session.pictures("apple", origin="original")[:2])
    size = session.image(picture).size
    mask = np.zeros(size[::-1], np.uint8)
    mask[10:40, 10:40] = 255
    first = chosen(
        session.edit(
            picture, "make the apple green", editors=Tinting("green", (0, 255, 0)), mask=mask, steps=0.25
        ),
    )
    return chosen(
        first.then("make it blue", editors=Tinting("blue", (0, 0, 255)), reference=other, negative="grass"),
    )


def test_an_edit_is_published_with_everything_that_led_to_it(session, gallery, edit):
    heard = []
    stop = session.events.subscribe(lambda event: heard.append(event["kind"]))
    entry = session.publish(edit, title="Blue apple", description="In two steps.", public=True)
    stop()
    assert heard == ["gallery"]
    assert session.gallery is gallery
    assert (entry.author, entry.public, entry.subject) == ("Ada", True, "apple")
    first, second = entry.steps
    assert [step.instruction for step in entry.steps] == ["make the apple green", "make it blue"]
    assert [step.editor for step in entry.steps] == ["green", "blue"]
    assert first.sliders == {"steps": 0.25, "text_influence": 0.5, "picture_influence": 0.5}
    assert second.negative == "grass"
    assert all(step.prompt and step.revision and step.seed is not None for step in entry.steps)
    assert first.parameters == edit.trail()[0].chosen.parameters
    np.testing.assert_array_equal(gallery.image(entry.picture), session.image(edit.picture_id))
    np.testing.assert_array_equal(gallery.image(entry.result), edit.image())
    assert (first.mask is not None, second.reference is not None) == (True, True)
    assert gallery.search("blue apple")[0] == entry


def test_an_entry_is_taken_up_on_other_pictures_by_another_session(
    session, gallery, edit, tmp_path, few, toybox, clip
):
    entry = session.publish(edit.id, title="Blue apple")
    with Session.open(tmp_path / "theirs", few, generator=toybox, encoder=clip, seed=9) as theirs:
        theirs.observe().result()
        theirs.use_editors(Tinting("green", (0, 255, 0)), Tinting("blue", (0, 0, 255)))
        theirs.gallery = gallery
        pictures = [each.id for each in theirs.pictures("crane", origin="original")[:2]]
        last = theirs.fork(entry, pictures).result()
        assert [each.picture_id for each in last] == pictures
        for each in last:
            assert [step.instruction for step in each.trail()] == [step.instruction for step in entry.steps]
            assert [step.chosen.editor for step in each.trail()] == ["green", "blue"]
            assert each.state == "chosen"
        again = theirs.publish(last[0], title="Mine", public=True)
        assert [step.sliders for step in again.steps] == [step.sliders for step in entry.steps]
    assert gallery.browse().total == 2  # a gallery that was brought stays open
    index = gallery.to_html(tmp_path / "site")
    assert "Mine" in index.read_text()
    assert "Blue apple" not in index.read_text()


def test_whatever_changes_in_the_gallery_is_told(session, gallery, edit):
    heard = []
    stop = session.events.subscribe(lambda event: heard.append(event["kind"]))
    entry = session.publish(edit, title="x")
    gallery.like(entry)
    gallery.change(entry, public=True)
    gallery.delete(entry)
    assert heard == ["gallery"] * 4
    with Gallery.open(gallery._shelf.folder.parent / "another") as another:
        session.gallery = another
        gallery.publish(edit.record(), title="y")
        assert heard == ["gallery"] * 5  # of the new one
        session.gallery = gallery
    stop()


def test_what_cannot_be_published_or_taken_up_is_refused(session, gallery, edit):
    entry = session.publish(edit, title="x")
    (undecided,) = session.edit(edit.picture_id, "make it red", editors=Tinting("red", (255, 0, 0))).result()
    with pytest.raises(InputError, match="was chosen"):
        session.publish(undecided, title="x")
    with pytest.raises(InputError, match="expected a title"):
        session.publish(edit, title=" ")
    with pytest.raises(InputError, match="no entry"):
        session.fork("nothing", edit.picture_id)
    with pytest.raises(InputError, match="no such pictures"):
        session.fork(entry, 10**9)
    with pytest.raises(InputError, match="expected a gallery"):
        session.gallery = "a path"
    assert gallery.browse().total == 1


def test_a_session_has_a_gallery_of_its_own(tmp_path, few, toybox, clip):
    folder = tmp_path / "s"
    with Session.open(folder, few, generator=toybox, encoder=clip) as session:
        session.observe().result()
        picture = session.pictures("apple")[0].id
        edit = chosen(session.edit(picture, "make it green", editors=Tinting("green", (0, 255, 0))))
        entry = session.publish(edit, title="Green")
        own = session.gallery
    with pytest.raises(StoreError, match="closed"):
        own.browse()
    with pytest.raises(StoreError, match="closed"):
        _ = session.gallery
    with Session.open(folder, generator=toybox, encoder=clip, read_only=True) as reading:
        assert list(reading.gallery.browse()) == [entry]
        with pytest.raises(StoreError, match="read_only"):
            reading.publish(edit.id, title="again")
    with Session.open(folder, generator=toybox, encoder=clip) as again:
        assert list(again.gallery.browse()) == [entry]


def test_a_read_only_session_without_publications_says_so(tmp_path, few, toybox, clip):
    with Session.open(tmp_path / "s", few, generator=toybox, encoder=clip) as session:
        session.observe().wait()
    with (
        Session.open(tmp_path / "s", generator=toybox, encoder=clip, read_only=True) as reading,
        pytest.raises(StoreError, match="nothing was published"),
    ):
        _ = reading.gallery


def test_the_readmes_examples_run_as_they_are_printed(tmp_path, few, toybox, clip, monkeypatch):
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (section,) = re.findall(r"## Nearly right\? Edit it\n(.*?)\n## ", readme, re.DOTALL)
    told = "".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))
    elsewhere = {
        "teach_prompt(others)": "teach_prompt(others, max_proxies=8)",
        "mongodb://host/gallery": "shared",
        '"instruct-pix2pix", model="my-weights/"': '"inversion-free", generator=session.models.generator',
    }
    for there, here in elsewhere.items():
        assert there in told
        told = told.replace(there, here)
    monkeypatch.chdir(tmp_path)
    with Session.open(tmp_path / "s", few, generator=toybox, encoder=clip, seed=3) as session:
        turned = [(session.image(each.id).rotate(90), "apple") for each in session.pictures()]
        session.add_images(turned)
        session.observe().result()
        exec(told, {"session": session})  # noqa: S102
        assert session.store.proposals()
        assert len(session.store.edits(states=("chosen",))) == 2 + 3 * 2 + 2 * 2
        session.gallery.close()
    assert (tmp_path / "site/index.html").is_file()
    assert (tmp_path / "preferences.parquet").is_file()
