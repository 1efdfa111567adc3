"""A session from a script: open, observe, generate, cancel, feed back, undo, export."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from datacrafter_widget import (
    DataCrafterError,
    InputError,
    JobCancelled,
    Session,
    StoreError,
    TemplateError,
)


@pytest.fixture(scope="module")
def session(tmp_path_factory, originals):
    with Session.open(tmp_path_factory.mktemp("session") / "s", images=originals, batch_size=8) as opened:
        opened.observe().result()
        yield opened


def test_opening_imports_class_folders_and_gives_every_class_a_prompt(session):
    names = {row["name"]: row["originals"] for row in session.info()["classes"]}
    assert names["crane"] == 6
    assert len(names) >= 10
    assert {row["class_id"] for row in session.template_table()} == {row.id for row in session.classes}


def test_observing_places_pictures_among_words(session):
    points = session.map_points()
    assert len(points["id"]) == len(session.pictures(include_hidden=True))
    assert np.isfinite(points["x"]).all()
    labels = session.label_table()
    assert len(labels) >= 5
    assert all(session.label_pictures(label["id"]) for label in labels)
    carried = session.picture_labels([session.label_pictures(labels[0]["id"])[0], 10**9])
    assert len(carried) == 1
    assert labels[0]["id"] in next(iter(carried.values()))
    cut = session.label_cut(budget=6)
    assert 1 <= len(cut) <= 6
    assert {member for node in cut for member in node["members"]} == {label["id"] for label in labels}


def test_a_part_of_the_map_has_labels_of_its_own(session):
    label = session.label_table()[-1]
    view = (label["x"] - 1e-3, label["y"] - 1e-3, label["x"] + 1e-3, label["y"] + 1e-3)
    assert label["text"] in {row["text"] for row in session.label_cut(view=view)}
    tree = session.label_tree()
    assert sorted(tree["labels"]) == sorted(row["id"] for row in session.label_table())
    assert len(tree["children"]) == len(tree["labels"]) - 1
    assert len(tree["importance"]) == 2 * len(tree["labels"]) - 1
    pictures = len(session.pictures())
    assert tree["originals"][-1] + tree["generated"][-1] <= pictures  # each counted once


def test_the_map_as_a_figure_names_labels_without_overlaps(session):
    figure = session.figures.map()
    texts = {row["text"] for row in session.label_table()}
    written = [note.text for note in figure.layout.annotations]
    assert written
    assert set(written) <= texts
    assert len(figure.data) == 2 * len(session.classes) + 1


def test_the_map_does_not_jump_while_pictures_stream_in(tmp_path, originals):
    """Nothing moves while new pictures come; the observation after them moves the old ones a little."""

    def places():
        points = opened.map_points()
        return dict(zip(points["id"].tolist(), np.column_stack([points["x"], points["y"]]), strict=True))

    with Session.open(tmp_path / "s", images=originals, batch_size=4) as opened:
        opened.observe().result()
        before = places()
        box = np.ptp(np.stack(list(before.values())), axis=0).max()
        while_streaming = []
        job = opened.generate(per_class=4, classes=["crane", "apple", "boat"])
        job.subscribe(lambda _job: while_streaming.append(places()))
        job.result()
        opened.observe().result()
        after = places()
    seen = [now for now in while_streaming if len(now) > len(before)]
    assert seen
    for now in seen[:-1]:
        moved = [np.linalg.norm(now[picture] - place) for picture, place in before.items()]
        assert np.median(moved) <= 0.03 * box
    moved = [np.linalg.norm(after[picture] - place) for picture, place in before.items()]
    assert np.median(moved) <= 0.03 * box


def test_generated_pictures_stream_in_with_their_provenance(session):
    arrived: list[int] = []
    unsubscribe = session.events.subscribe(
        lambda event: arrived.extend(event["ids"]) if event["kind"] == "pictures" else None
    )
    ids = session.generate(per_class=3, classes=["apple", "lemon"], num_inference_steps=4).result()
    unsubscribe()
    assert len(ids) == 6
    assert sorted(arrived) == sorted(ids)
    sheet = session.picture(ids[0])
    made = sheet["provenance"]
    assert made["prompt"].endswith(("apple", "lemon"))
    assert made["num_inference_steps"] == 4
    assert made["model"]
    assert made["seed"] >= 0
    assert set(ids) <= set(session.map_points()["id"].tolist())
    assert {row["name"] for row in session.metric_table()} >= {"informativeness", "diversity", "distance"}
    json.dumps(sheet)


def test_image_to_image_starts_from_originals(session):
    ids = session.generate(per_class=2, classes="boat", perturbation="image2image", strength=0.6).result()
    parents = {session.picture(picture)["provenance"]["parent_id"] for picture in ids}
    originals = {picture.id for picture in session.pictures("boat", origin="original")}
    assert parents <= originals
    (row,) = session.details(list(parents)[:1])
    assert [child["id"] for child in row["descendants"]]


def test_the_same_seed_gives_the_same_pictures(session):
    first = session.generate(per_class=2, classes="pear", seed=5, num_inference_steps=3).result()
    again = session.generate(per_class=2, classes="pear", seed=5, num_inference_steps=3).result()
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(np.asarray(session.image(one)), np.asarray(session.image(other)))


def test_to_look_again_does_not_wait_for_a_look_that_was_cancelled(tmp_path, few):
    with Session.open(tmp_path / "s", images=few) as opened:
        first = opened.observe()
        first.cancel()
        second = opened.observe()
        assert second is not first
        second.result()
        assert opened.label_table()


def test_cancel_keeps_finished_pictures(session):
    one_batch = threading.Event()
    unsubscribe = session.events.subscribe(
        lambda event: one_batch.set() if event["kind"] == "pictures" else None
    )
    before = len(session.pictures(origin="generated"))
    job = session.generate(per_class=60, classes="fish", num_inference_steps=6)
    assert one_batch.wait(120)
    session.cancel(job.id)
    unsubscribe()
    with pytest.raises(JobCancelled):
        job.result()
    kept = len(session.pictures(origin="generated")) - before
    assert 8 <= kept < 60
    assert kept % 8 == 0


def test_removing_hides_at_once_and_undo_brings_back_exactly(session):
    victims = [picture.id for picture in session.pictures("apple", origin="original")][:2]
    session.remove(victims).wait()
    assert not set(victims) & {picture.id for picture in session.pictures()}
    hidden = dict(
        zip(session.map_points()["id"].tolist(), session.map_points()["hidden"].tolist(), strict=True)
    )
    assert all(hidden[picture] for picture in victims)
    assert session.history()["undo"] == "remove 2 pictures"
    session.undo()
    assert set(victims) <= {picture.id for picture in session.pictures()}
    session.redo()
    assert not set(victims) & {picture.id for picture in session.pictures()}
    session.undo()


def test_a_round_that_was_removed_has_no_measures_any_more(tmp_path, originals):
    """Also: classes that an unsorted list names, so that their ids are in another order than they are."""
    pairs = [
        (file, name) for name in ("pear", "apple") for file in sorted((originals / name).glob("*.png"))[:3]
    ]
    with Session.open(tmp_path / "unsorted", images=pairs, batch_size=4) as session:
        assert [row.id for row in session.classes] == [2, 1]
        first, second = session.generate(per_class=2).result(), session.generate(per_class=2).result()
        assert (len(first), len(second)) == (4, 4)
        session.observe().result()
        assert {row["iteration"] for row in session.metric_table()} == {1, 2}
        session.remove(second, max_proxies=8)
        session.observe().result()
        assert {row["iteration"] for row in session.metric_table()} == {1}


def test_prompts_are_edited_deleted_and_taken_back(session):
    (template,) = [row for row in session.template_table() if row["class_id"] == session.classes[0].id]
    new = session.edit_template(template["id"], "a cartoon of a [red | green] {class}")
    texts = {row["id"]: row["text"] for row in session.template_table()}
    assert texts[new] == "a cartoon of a [red | green] {class}"
    assert template["id"] not in texts
    session.undo()
    assert {row["id"] for row in session.template_table()} >= {template["id"]}
    session.delete_template(template["id"])
    with pytest.raises(InputError, match="no prompt for"):
        session.generate(classes=session.classes[0].name)
    session.undo()
    with pytest.raises(TemplateError):
        session.edit_template(template["id"], "a [red | green {class}")


def test_bad_input_says_what_was_expected(session):
    with pytest.raises(InputError, match=r"expected classes among .*crane.*crain"):
        session.generate(classes="crain")
    with pytest.raises(InputError, match="1 or more"):
        session.generate(per_class=0)
    with pytest.raises(InputError, match="strength"):
        session.generate(perturbation="image2image", strength=3)
    with pytest.raises(InputError, match="no such pictures"):
        session.remove([10**6])
    with pytest.raises(InputError, match="at least one"):
        session.remove([])
    with pytest.raises(InputError, match="no open proposal"):
        session.accept(10**6)
    with pytest.raises(InputError, match="imagefolder"):
        session.export("somewhere", format="tfrecord")


def test_a_second_writer_is_refused_and_a_reader_is_not(session):
    folder = session.info()["folder"]
    with pytest.raises(StoreError, match="read_only"):
        Session.open(folder)
    with Session.open(folder, read_only=True) as reader:
        assert len(reader.map_points()["id"]) == len(session.map_points()["id"])
        with pytest.raises(StoreError, match="read_only"):
            reader.generate(1)


def test_export_counts_are_the_visible_pictures_without_flags(session, tmp_path):
    removed = session.pictures("lemon", origin="generated")[:1]
    session.remove([picture.id for picture in removed]).cancel()
    session.export(tmp_path / "set")
    exported = {
        folder.name: len(list(folder.glob("*.png")))
        for folder in (tmp_path / "set").iterdir()
        if folder.is_dir()
    }
    good = [picture for picture in session.pictures() if not picture.flagged]
    expected = {row.name: sum(one.class_id == row.id for one in good) for row in session.classes}
    assert exported == expected
    rows = [json.loads(line) for line in (tmp_path / "set/metadata.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == sum(expected.values())
    with pytest.raises(InputError, match="overwrite"):
        session.export(tmp_path / "set")


def test_a_close_that_had_to_wait_too_long_is_finished_by_the_next(
    tmp_path: Path, originals: Path, monkeypatch
):
    session = Session.open(tmp_path / "s", images=originals)
    waiting = session._runner.close
    monkeypatch.setattr(session._runner, "close", lambda: waiting(timeout=0.0))
    with pytest.raises(DataCrafterError, match="close\\(\\) again to wait"):
        session.close()
    with pytest.raises(StoreError, match="open"):
        Session.open(tmp_path / "s")
    monkeypatch.undo()
    session.close()
    session.close()
    Session.open(tmp_path / "s").close()


def test_reopening_finds_everything_again(tmp_path: Path, originals: Path):
    with Session.open(tmp_path / "s", images=originals) as first:
        first.observe().result()
        ids = first.generate(per_class=1, classes="house", num_inference_steps=3).result()
        points = first.map_points()
        template = first.template_table()
    with Session.open(tmp_path / "s", images=originals) as again:
        assert again.import_report.imported == 0
        assert again.map_points()["id"].tolist() == points["id"].tolist()
        assert again.template_table() == template
        assert 1 <= len(again.label_cut(budget=6)) <= 6  # before anything was looked at again
        assert again.picture(ids[0])["provenance"]["prompt"]
        again.observe().result()
