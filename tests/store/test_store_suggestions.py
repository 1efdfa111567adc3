"""Suggestions in the store, and the folders in which pictures for them are collected."""

import sqlite3

import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import Store, import_images
from datacrafter_widget.store.collecting import WISH_NAME, dropped, make_folder
from datacrafter_widget.store.schema import MIGRATIONS, migrate


def test_a_suggestion_keeps_what_was_asked_and_what_was_found(tmp_path):
    with Store(tmp_path) as store:
        crane, heron = store.add_class("crane"), store.add_class("heron")
        asked = store.add_suggestion(crane.id, {"method": "phrases"})
        assert (asked.state, asked.text, asked.report) == ("running", "", {})
        template = store.add_template(crane.id, "a crane on snow")
        store.update_suggestion(
            asked.id, text="a crane on snow", report={"gain": 0.1}, template_id=template.id, state="open"
        )
        other = store.add_suggestion(heron.id, {})
    with Store(tmp_path, read_only=True) as store:
        found = store.suggestion(asked.id)
        assert (found.text, found.asked, found.report) == (
            "a crane on snow",
            {"method": "phrases"},
            {"gain": 0.1},
        )
        assert store.suggestions(states=("running",)) == [other]
        assert store.suggestions(crane.id) == [found]


def test_what_does_not_fit_is_refused(store):
    crane = store.add_class("crane")
    suggestion = store.add_suggestion(crane.id, {})
    for call in (
        lambda: store.add_suggestion(77, {}),
        lambda: store.suggestion(77),
        lambda: store.update_suggestion(suggestion.id, state="forgotten"),
        lambda: store.update_suggestion(suggestion.id, class_id=1),
    ):
        with pytest.raises(InputError, match="expected"):
            call()
    assert store.suggestions() == [suggestion]


def test_a_session_of_version_4_gets_the_table_and_keeps_its_rows(tmp_path):
    connection = sqlite3.connect(tmp_path / "session.db", isolation_level=None)
    assert migrate(connection, MIGRATIONS[:4]) == 4
    connection.execute("INSERT INTO class (name, word, position) VALUES ('crane', 'crane', 0)")
    connection.close()
    with Store(tmp_path) as store:
        (crane,) = store.classes()
        assert store.suggestions() == []
        assert store.add_suggestion(crane.id, {}).class_id == crane.id


def test_what_is_dropped_is_imported_and_what_is_unreadable_reported(store, paint):
    store.add_class("crane")
    name = make_folder(store.folder, "crane", 3, "a crane on snow")
    assert name == "collect/crane-3"
    folder = store.folder / name
    assert "a crane on snow" in (folder / WISH_NAME).read_text()
    paint(1).save(folder / "one.png")
    (folder / "deeper").mkdir()
    paint(2).save(folder / "deeper" / "two.jpg")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "broken.png").write_bytes(b"no picture")
    make_folder(store.folder, "crane", 3, "a crane on snow")  # again: nothing in it is lost
    folders = [(name, "crane"), ("collect/gone-4", "crane")]
    report = import_images(store, dropped(store.folder, folders))
    assert report.per_class == {"crane": 2}
    assert [problem.source for problem in report.problems] == [f"{name}/broken.png"]
    assert {picture.source for picture in store.pictures(origin="original")} == {
        f"{name}/one.png",
        f"{name}/deeper/two.jpg",
    }
    again = import_images(store, dropped(store.folder, folders))
    assert (again.imported, again.already_there, again.duplicates) == (0, 2, [])


def test_folders_have_names_that_every_system_takes(store):
    name = make_folder(store.folder, 'Zaun/könig: "klein"', 1, "klein")
    assert (store.folder / name).is_dir()
    assert len(name.split("/")) == 2
