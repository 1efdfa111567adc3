"""kill -9 while candidates are being made: what was shown is there, and the same candidates come in the end."""

import os
import shutil

import pytest

from datacrafter_widget.store import Store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

OPEN = """
from datacrafter_widget.session import Session
folder, images = args
session = Session.open(folder, images=images, generator=generator, encoder=encoder)
session.observe().result(quiet=True)
"""
TELL = """
def tell(event):
    if event["kind"] == "edits":
        made = [each.sha256 for each in session.store.edit_candidates() if each.sha256]
        say("shown", *made)

session.events.subscribe(tell)
"""
EDIT = f"""{OPEN}{TELL}
session.edit([1, 2], "put it on snow", seed=5, steps=0.2).result(quiet=True)
session.close()
"""
RESUME = f"""{OPEN}
say("made", *(edit.id for edit in session.resume().result(quiet=True)))
say("again", session.resume() is not None)
session.close()
"""


def candidates(folder):
    with Store(folder, read_only=True) as store:
        assert store.integrity_check(deep=True) == []
        assert [edit.state for edit in store.edits()] == ["open", "open"]
        return [(each.edit_id, each.place, each.editor, each.sha256) for each in store.edit_candidates()]


@pytest.fixture(scope="module")
def whole(forked, few, tmp_path_factory):
    """A session that has looked at its pictures, and the candidates that come when nothing goes wrong."""
    prepared = tmp_path_factory.mktemp("crash") / "prepared"
    forked.run(f"{OPEN}session.close()", str(prepared), str(few))
    done = prepared.with_name("done")
    shutil.copytree(prepared, done)
    forked.run(EDIT, str(done), str(few))
    return prepared, candidates(done)


@pytest.mark.parametrize("made_before", [0, 2])
def test_what_a_kill_cut_off_goes_on_to_the_same_end(forked, few, whole, tmp_path, made_before):
    prepared, expected = whole
    folder = tmp_path / "s"
    shutil.copytree(prepared, folder)
    child = forked.start(EDIT, str(folder), str(few))
    shown = []
    for _, *words in child.said():
        shown = words
        if len(shown) == made_before:
            child.kill()
    assert child.status == -9
    assert len(shown) < len(expected)
    made, again = forked.run(RESUME, str(folder), str(few))
    assert made == ["made", "1", "2"]
    assert again == ["again", "False"]
    found = candidates(folder)
    assert found == expected
    assert {"image-to-image", "inversion-free"} == {editor for _, _, editor, _ in found}
    assert set(shown) <= {sha256 for *_, sha256 in found}
