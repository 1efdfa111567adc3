import gc
import json
import weakref
from pathlib import Path

import numpy as np
import pytest
from blocks import decode

from datacrafter_widget import DataCrafter, InputError, Session, Suggestions
from datacrafter_widget.session.tables import TABLES, read_table


def test_a_new_widget_holds_the_whole_state_in_its_traits(session):
    widget = DataCrafter(session)
    try:
        read = decode(widget.points)
        assert read["count"] == len(session.pictures())
        assert (read["origin"] == 0).all()
        assert len(widget.info["classes"]) == len(session.classes)
        assert widget.info["language"] is None
        assert widget.labels
        assert sorted(widget.label_tree["labels"]) == sorted(row["id"] for row in widget.labels)
        assert widget.templates
        assert widget.history == {"undo": None, "redo": None}
        state = widget.get_state()
        state.pop("points")
        json.dumps({name: state[name] for name in TABLES}, allow_nan=False)
        assert len(json.dumps({name: state[name] for name in TABLES})) < 60_000
    finally:
        widget.close()


def test_a_closed_widget_lets_its_session_go_and_says_that_it_is_closed(originals, tmp_path):
    images = [(file, "apple") for file in sorted((originals / "apple").glob("*.png"))[:2]]
    session = Session.open(tmp_path / "short", images=images)
    widget = DataCrafter(session)
    widget.close()
    session.close()
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None
    assert repr(widget).startswith("<DataCrafter of 'short'")
    with pytest.raises(InputError, match="this widget is closed; show the session in a new one"):
        widget.selected_frame()
    widget.selection = []


def test_a_saved_widget_tells_no_more_of_its_folder_than_it_must(session, tmp_path, monkeypatch):
    folder = Path(session.info()["folder"])
    monkeypatch.chdir(folder.parent)
    assert read_table(session, "info")["folder"] == folder.name
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(folder.parent.parent))
    assert read_table(session, "info")["folder"] == f"~/{folder.parent.name}/{folder.name}"
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert read_table(session, "info")["folder"] == str(folder)


def test_where_no_widget_is_shown_it_says_what_to_do(session):
    widget = Suggestions(session)
    try:
        text = widget._repr_mimebundle_()[0]["text/plain"]
        assert text.startswith("<Suggestions of")
        assert text.endswith("trust the notebook or run the cell to see it>")
    finally:
        widget.close()


def test_an_unknown_panel_is_refused_by_name(session):
    with pytest.raises(InputError, match="'maps'"):
        DataCrafter(session, panels=("maps",))
    with pytest.raises(InputError, match="none"):
        DataCrafter(session, panels=())


def test_a_page_in_step_gets_nothing_and_one_behind_gets_everything(page):
    page.ask("undo")
    seq = page.widget._feed.seq
    answer, buffers = page.ask("hello", seq=seq)
    assert answer["result"] == {"seq": seq, "tables": None}
    answer, buffers = page.ask("hello", seq=seq + 100)
    assert set(answer["result"]["tables"]) == set(TABLES)
    assert decode(buffers[0])["count"] == decode(page.widget.points)["count"]


def test_generated_pictures_stream_in_as_appended_points(session, page):
    before = decode(page.widget.points)["count"]
    answer, _ = page.ask(
        "generate",
        per_class=3,
        classes=[session.classes[0].id],
        seed=5,
        perturbation="text2image",
        strength=None,
        guidance_scale=None,
        num_inference_steps=None,
    )
    job = answer["result"]
    _, buffers = page.wait(lambda m: m["type"] in {"append", "replace"})
    assert (decode(buffers[0])["origin"] == 1).any()
    page.wait(
        lambda m: (
            m["type"] == "state"
            and any(row["id"] == job and row["state"] == "done" for row in m["tables"].get("jobs", []))
        )
    )
    numbers = [m["seq"] for m, _ in page.messages if "seq" in m]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    page.wait(
        lambda m: (
            m["type"] == "state" and m["tables"].get("info", {}).get("classes", [{}])[0].get("generated") == 3
        )
    )
    page.widget._fold()
    read = decode(page.widget.points)
    assert read["count"] == before + 3
    assert read["seq"] == page.widget._feed.seq


def test_removed_pictures_are_hidden_at_once_and_come_back_with_undo(session, page):
    victims = [picture.id for picture in session.pictures(origin="original")[:2]]
    answer, _ = page.ask("remove", ids=victims, weights=None)
    assert answer["type"] == "reply"
    _, buffers = page.wait(lambda m: m["type"] == "update")
    read = decode(buffers[0])
    assert sorted(read["id"]) == sorted(victims)
    assert read["hidden"].all()
    page.wait(lambda m: m["type"] == "state" and (m["tables"].get("history") or {}).get("undo"))
    page.messages.clear()
    page.ask("undo")
    _, buffers = page.wait(lambda m: m["type"] == "update")
    assert not decode(buffers[0])["hidden"].any()


def test_thumbnails_come_in_one_batch_and_a_missing_one_is_empty(session, page):
    ids = [picture.id for picture in session.pictures()[:3]]
    answer, buffers = page.ask("thumbnails", ids=[*ids, 999_999], size=48)
    assert answer["type"] == "reply"
    assert [bytes(buffer[8:12]) for buffer in buffers[:3]] == [b"WEBP"] * 3
    assert buffers[3] == b""


def test_families_come_as_arrays_and_provenance_and_labels_as_json(session, page):
    ids = [picture.id for picture in session.pictures()[:3]]
    _, (rows, members, marks) = page.ask("families", ids=ids, classes=None)
    found = np.frombuffer(rows, "<i4").reshape(-1, 4)
    assert found[:, 0].tolist() == [-1] * len(found)  # nothing was generated from them yet
    assert sorted(np.frombuffer(members, "<i4")) == ids
    assert bytes(marks) == bytes(len(ids))
    sheet, _ = page.ask("picture", picture=ids[0])
    assert sheet["result"]["origin"] == "original"
    label = session.label_table()[0]
    wearers, _ = page.ask("label_pictures", labels=[label["id"]])
    assert len(wearers["result"]) == label["originals"] + label["generated"]
    json.dumps([sheet, wearers], allow_nan=False)


def test_a_prompt_is_edited_and_an_error_names_the_place(session, page):
    template = session.template_table()[0]
    answer, _ = page.ask("edit_template", template=template["id"], text="[a photo of a {class}", negative="")
    assert (answer["type"], answer["where"]) == ("error", "here")
    assert "]" in answer["message"]
    answer, _ = page.ask(
        "edit_template", template=template["id"], text="a drawing of a {class}", negative="fog"
    )
    assert answer["type"] == "reply"
    page.wait(
        lambda m: (
            m["type"] == "state"
            and any(row["text"] == "a drawing of a {class}" for row in m["tables"].get("templates", []))
        )
    )
    page.ask("undo")


def test_a_bad_request_is_answered_and_harms_nothing(session, page):
    before = session.map_points()["hidden"].sum()
    for message in ({"ids": "all"}, {"ids": [10**9]}):
        answer, _ = page.ask("remove", weights=None, **message)
        assert answer["type"] == "error"
    answer, _ = page.ask("format_disk")
    assert "reload the page" in answer["message"]
    assert session.map_points()["hidden"].sum() == before


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("remove", {"ids": [1], "weights": {"beauty": 1}}, "beauty"),
        ("more_like", {"ids": [10**9], "weights": None}, "1000000000"),
        ("transform", {"ids": [1], "text": " ", "weights": None}, "a few words"),
        ("combine", {"first": [], "second": [1], "weights": None}, "expected"),
        ("without", {"first": [1], "second": [], "weights": None}, "expected"),
        ("accept", {"proposal": 99, "text": None, "negative": None, "regenerate": "add"}, "99"),
        ("reject", {"proposal": 99, "reason": "no"}, "99"),
        ("label", {"with": "language"}, "language"),
    ],
)
def test_feedback_that_makes_no_sense_is_answered_in_words(session, page, kind, arguments, message):
    jobs = len(session.job_table())
    answer, _ = page.ask(kind, **arguments)
    assert answer["type"] == "error"
    assert message in answer["message"]
    assert len(session.job_table()) == jobs


def test_a_proposal_is_edited_accepted_and_regenerated(session, page):
    ids = [picture.id for picture in session.pictures(session.classes[0].name, origin="original")]
    session.more_like(ids[:2], max_proxies=24).result()
    row = session.proposal_table()[0]
    assert (row["kind"], row["pictures"], row["state"]) == ("more_like", 2, "open")
    text = f"{row['after']}, close up"
    answer, _ = page.ask("accept", proposal=row["id"], text=text, negative="fog", regenerate="add")
    assert answer["type"] == "reply"
    templates = [(each["text"], each["negative"]) for each in session.template_table()]
    assert (text, "fog") in templates
    page.wait(
        lambda m: (
            m["type"] == "state"
            and any(
                job["id"] == answer["result"] and job["state"] == "done"
                for job in m["tables"].get("jobs", [])
            )
        )
    )
    assert any(picture.provenance.template == text for picture in session.pictures(origin="generated"))
    page.ask("undo")


def test_export_reports_what_it_wrote_and_refuses_to_overwrite(page, tmp_path):
    folder = str(tmp_path / "dataset")
    answer, _ = page.ask("export", path=folder, format="imagefolder", overwrite=False)
    assert answer["result"]["path"] == folder
    assert answer["result"]["total"] > 0
    again, _ = page.ask("export", path=folder, format="imagefolder", overwrite=False)
    assert again["type"] == "error"


def test_a_warning_is_told_where_it_happened_and_changes_nothing_else(session, page):
    session.verdict()  # what earlier tests left in the background is over
    session.events.emit("warning", where="info", message="first")
    page.wait(lambda m: m.get("message") == "first")
    page.ask("hello", seq=page.widget._feed.seq)  # answered once the messages of the widget's opening are out
    message = "groups of words keep the name of their most central word: <b>no answer</b>"
    seq = page.widget._feed.seq
    session.events.emit("warning", where="map", message=message)
    session.events.emit("warning", where="prompts", message="another")
    page.wait(lambda m: m.get("message") == "another")
    assert [m for m, _ in page.messages if m["type"] == "warning"][1:] == [
        {"type": "warning", "where": "map", "message": message},
        {"type": "warning", "where": "prompts", "message": "another"},
    ]
    answer, _ = page.ask("hello", seq=seq)
    assert answer["result"] == {"seq": seq, "tables": None}


def test_the_language_model_is_named(originals, tmp_path):
    class Always:
        name = "any/model"

        def answer(self, instructions, question, schema, *, images=()):  # noqa: ARG002
            return {"names": []}

    with Session.open(tmp_path / "named", images=originals, language=Always()) as session:
        widget = DataCrafter(session)
        assert widget.info["language"]["name"] == "any/model"
        assert widget.info["language"]["problem"] is None
        assert widget.info["labels_from"] == "clip"
        widget.close()


def test_selection_is_a_trait(page):
    heard = []
    page.widget.observe(lambda change: heard.append(change["new"]), "selection")
    page.widget.selection = [3, 4]
    assert heard == [[3, 4]]
    page.widget.selection = []


def test_a_closed_widget_hears_no_more(session, page):
    page.widget.close()
    page.messages.clear()
    session.events.emit("labels")
    page.widget._feed.join()
    assert page.messages == []


@pytest.mark.usefixtures("page")
def test_two_widgets_show_one_session(session):
    other = DataCrafter(session, panels=("map",))
    try:
        np.testing.assert_array_equal(decode(other.points)["id"], session.map_points()["id"])
        assert other.panels == ["map"]
    finally:
        other.close()
