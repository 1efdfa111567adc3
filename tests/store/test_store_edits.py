"""Edits in the store."""

import sqlite3

import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.energy import Spent
from datacrafter_widget.store import Provenance, Store
from datacrafter_widget.store.edits import CandidateDraft
from datacrafter_widget.store.schema import MIGRATIONS, migrate

DRAFTS = [CandidateDraft("pix2pix", "make it green", 1), CandidateDraft("inversion-free", "a green crane", 2)]


@pytest.fixture
def begun(store, paint):
    """A picture of a crane, and an edit of it with two candidates to make."""
    crane = store.add_class("crane")
    picture = store.add_original(paint(1), crane.id)
    edit = store.add_edit(picture.id, "make it green", {"steps": 0.5})
    store.plan_edit(edit.id, {"action": "recolour"}, DRAFTS)
    return edit


def made(parent, **changes):
    values = {
        "template_id": None,
        "template": "a green crane",
        "prompt": "a green crane",
        "negative_prompt": "",
        "seed": 2,
        "parent_id": parent,
        "strength": 0.4,
        "guidance_scale": 2.0,
        "num_inference_steps": 4,
        "width": 24,
        "height": 16,
        "model": "inversion-free",
        "model_revision": "abc",
        "batch_size": 1,
        "perturbation": "edit:inversion-free",
        "created_at": "2026-01-01T00:00:00.000Z",
    }
    return Provenance(**{**values, **changes})


def test_an_edit_keeps_what_was_asked_made_and_chosen(tmp_path, paint):
    with Store(tmp_path) as store:
        crane = store.add_class("crane")
        picture = store.add_original(paint(1), crane.id)
        mask, reference = store.put_edit_images([paint(2), paint(3)])
        edit = store.add_edit(picture.id, "make it green", {"steps": 0.5}, mask=mask, reference=reference)
        assert (edit.state, edit.report, edit.chosen_id, edit.revealed) == ("running", {}, None, False)
        one, two = store.plan_edit(edit.id, {"action": "recolour"}, DRAFTS)
        assert [(each.place, each.editor, each.sha256) for each in (one, two)] == [
            (0, "pix2pix", None),
            (1, "inversion-free", None),
        ]
        (content,) = store.put_edit_images([paint(4)])
        store.finish_candidate(one.id, problem="unsafe")
        store.finish_candidate(two.id, revision="abc", parameters={"strength": 0.4}, sha256=content)
        store.update_edit(
            edit.id, state="chosen", chosen_id=two.id, feedback={"matches": 4}, revealed=True, aside=True
        )
        step = store.add_edit(picture.id, "on snow", {}, before_id=edit.id, from_id=two.id)
    with Store(tmp_path, read_only=True) as store:
        kept = store.edit(edit.id)
        assert (kept.chosen_id, kept.feedback, kept.revealed, kept.aside) == (
            two.id,
            {"matches": 4},
            True,
            True,
        )
        assert store.load_content(kept.mask).tobytes() == paint(2).tobytes()
        assert store.load_candidate(two.id).tobytes() == paint(4).tobytes()
        assert store.candidate_thumbnail(two.id)[:4] == b"RIFF"
        assert [each.problem for each in store.edit_candidates([edit.id])] == ["unsafe", None]
        assert store.edit_candidate(two.id).parameters == {"strength": 0.4}
        assert store.edits(states=("running",)) == [step]
        assert store.edits([picture.id]) == [kept, step]
        assert store.edits([]) == []
        assert store.integrity_check(deep=True) == []


def test_an_accepted_candidate_is_a_generated_picture_that_descends_from_the_edited_one(store, begun, paint):
    (content,) = store.put_edit_images([paint(4)])
    candidate = store.edit_candidates([begun.id])[1]
    with pytest.raises(InputError, match="not made yet"):
        store.add_edited(candidate.id, made(begun.picture_id), 1)
    store.finish_candidate(candidate.id, sha256=content)
    picture = store.add_edited(candidate.id, made(begun.picture_id), 1)
    assert store.load_image(picture.id).tobytes() == paint(4).tobytes()
    assert picture.class_id == store.picture(begun.picture_id).class_id
    assert picture.origin == "generated"
    assert picture.provenance == made(begun.picture_id)
    assert store.descendants([begun.picture_id]) == {begun.picture_id: [picture.id]}
    assert picture.id in store.picture_columns().ids
    assert store.edit_of(picture.id) is None
    accepted = store.update_edit(begun.id, accepted_id=picture.id)
    assert store.edit_of(picture.id) == accepted


def test_what_does_not_fit_is_refused(store, begun):
    candidate = store.edit_candidates([begun.id])[0]
    for call in (
        lambda: store.add_edit(77, "make it green", {}),
        lambda: store.add_edit(begun.picture_id, "make it green", {}, before_id=77),
        lambda: store.edit(77),
        lambda: store.edit_candidate(77),
        lambda: store.plan_edit(begun.id, {}, DRAFTS),
        lambda: store.update_edit(begun.id, state="forgotten"),
        lambda: store.update_edit(begun.id, instruction="another"),
        lambda: store.update_edit(begun.id, chosen_id=77),
        lambda: store.finish_candidate(candidate.id),
        lambda: store.finish_candidate(candidate.id, sha256="0" * 64, problem="both"),
        lambda: store.finish_candidate(77, problem="unsafe"),
        lambda: store.load_candidate(candidate.id),
    ):
        with pytest.raises(InputError, match="expected"):
            call()
    assert store.edit(begun.id).report == {"action": "recolour"}


def test_a_missing_file_of_an_edit_is_told(store, begun, paint):
    (content,) = store.put_edit_images([paint(4)])
    store.finish_candidate(store.edit_candidates([begun.id])[0].id, sha256=content)
    assert store.integrity_check() == []
    store._files.path(content).unlink()
    assert [problem.endswith("is missing") for problem in store.integrity_check()] == [True]


def test_a_session_of_version_5_gets_the_tables_and_keeps_its_rows(tmp_path, paint):
    connection = sqlite3.connect(tmp_path / "session.db", isolation_level=None)
    assert migrate(connection, MIGRATIONS[:5]) == 5
    connection.execute("INSERT INTO class (name, word, position) VALUES ('crane', 'crane', 0)")
    connection.execute(
        "INSERT INTO suggestion (class_id, asked, state, created_at) VALUES (1, '{}', 'open', '')"
    )
    connection.execute(
        "INSERT INTO cost (iteration, purpose, pictures, seconds, joules, device, created_at)"
        " VALUES (2, 'proxies', 5, 1.5, NULL, 'cpu', 'then')"
    )
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(
            "INSERT INTO cost (iteration, purpose, pictures, seconds, device, created_at)"
            " VALUES (2, 'edits', 5, 1.5, 'cpu', 'then')"
        )
    connection.close()
    with Store(tmp_path) as store:
        assert len(store.suggestions()) == 1
        (cost,) = store.costs()
        assert (cost.iteration, cost.purpose, cost.pictures, cost.seconds, cost.created_at) == (
            2,
            "proxies",
            5,
            1.5,
            "then",
        )
        assert store.edits() == []
        picture = store.add_original(paint(1), store.classes()[0].id)
        assert store.add_edit(picture.id, "make it green", {}).picture_id == picture.id
        store.add_cost(3, None, "edits", 2, Spent(1.0, None), "cpu")
        assert [each.purpose for each in store.costs()] == ["proxies", "edits"]
        with pytest.raises(InputError, match="SQLite says"):
            store.add_cost(3, None, "dancing", 2, Spent(1.0, None), "cpu")
        assert store.integrity_check() == []
