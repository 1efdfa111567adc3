"""Data out: what training code reads is what the user kept."""

import json
import shutil
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store import Store, export_dataset, import_images
from datacrafter_widget.store.folder_names import class_folders, class_of_folder


@pytest.fixture
def full(store, plan, paint):
    """Two classes: originals, generated pictures, one of each hidden, one generated flagged."""
    crane, heron = store.add_class("crane"), store.add_class("heron")
    for seed in range(6):
        store.add_original(paint(seed), (crane, heron)[seed % 2].id, f"{seed}.png")
    drafts = [
        plan(0, crane.id, parent_id=1, strength=0.5),
        *(plan(index, crane.id, prompt='a "crane"\n</script>') for index in range(1, 4)),
    ]
    job = store.create_job(1, {}, drafts)
    items = [(paint(planned.seed), planned) for planned in store.planned(job.id)]
    made = store.add_generated_batch(items, "toybox", "abc", 4, 1)
    store.set_hidden([3, made[1].id], True)
    store.set_flagged([made[2].id], True)
    return store


def load(path, tmp_path):
    datasets = pytest.importorskip("datasets")
    return datasets.load_dataset(
        "imagefolder", data_dir=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )


def test_an_export_holds_what_is_neither_hidden_nor_flagged(full, tmp_path):
    report = export_dataset(full, tmp_path / "dataset")
    assert report.counts == {"crane": 4, "heron": 3}
    assert report.total == 7
    assert "7 pictures exported" in str(report)
    files = sorted(path.relative_to(report.path).as_posix() for path in report.path.rglob("*.png"))
    assert files == [
        "crane/generated-000007.png",
        "crane/generated-000010.png",
        "crane/original-000001.png",
        "crane/original-000005.png",
        "heron/original-000002.png",
        "heron/original-000004.png",
        "heron/original-000006.png",
    ]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "session") == ["dataset"]


def test_hugging_face_reads_it(full, tmp_path):
    export_dataset(full, tmp_path / "dataset")
    dataset = load(tmp_path / "dataset", tmp_path)
    assert len(dataset) == 7
    assert dataset["label"].count("crane") == 4
    by_id = {row["picture_id"]: row for row in dataset}
    generated = by_id[7]
    assert (generated["origin"], generated["seed"], generated["model_revision"]) == ("generated", 1000, "abc")
    assert (generated["parent_id"], generated["parent_file"]) == (1, "crane/original-000001.png")
    assert by_id[10]["prompt"] == 'a "crane"\n</script>'
    assert (by_id[1]["source"], by_id[1]["seed"]) == ("0.png", None)
    for picture_id, row in by_id.items():
        np.testing.assert_array_equal(np.asarray(row["image"]), np.asarray(full.load_image(picture_id)))


def test_a_set_without_generated_pictures_has_the_same_columns(full, paint, tmp_path):
    with Store(tmp_path / "other") as originals_only:
        import_images(originals_only, [(paint(1), "crane")])
        export_dataset(originals_only, tmp_path / "a")
    export_dataset(full, tmp_path / "b")
    columns = [
        [
            list(json.loads(line))
            for line in (tmp_path / name / "metadata.jsonl").read_text("utf-8").splitlines()
        ]
        for name in "ab"
    ]
    assert all(row == columns[0][0] for row in columns[0] + columns[1])
    assert load(tmp_path / "a", tmp_path)["prompt"] == [None]


AWKWARD = [
    "Cat",
    "cat",
    "CAT",
    "a/b",
    "a\\b",
    "..",
    ".hidden",
    "__init__",
    "100%",
    "%43at",
    "train",
    "bullet train",
    "Test-tube",
    "eval 2",
    '"test',
    "Aval",
    "aval",
    "latest trainer",
    "data",
    "CON",
    "nul.txt",
    "ends with.",
    'what?*<>|"',
    "鶴",
    "café",
    "straße",
    "strasse",
    "[a-z]{1}",
    "a, b & <c>",
    "s3::x",
    "鶴" * 120,
]


def test_awkward_class_names_get_safe_folders_and_come_back(store, paint, tmp_path):
    report = import_images(store, [(paint(seed), name) for seed, name in enumerate(AWKWARD)])
    assert report.imported == len(AWKWARD)
    export_dataset(store, tmp_path / "dataset")
    folders = [path.name for path in (tmp_path / "dataset").iterdir() if path.is_dir()]
    assert len({folder.casefold() for folder in folders}) == len(AWKWARD)
    assert "鶴" in folders
    assert "latest trainer" in folders

    dataset = load(tmp_path / "dataset", tmp_path)
    assert sorted(dataset["label"]) == sorted(AWKWARD)

    with Store(tmp_path / "second") as second:  # an export is a folder of class folders like any other
        again = import_images(second, tmp_path / "dataset")
        assert again.problems == []
        assert set(again.per_class) == set(AWKWARD)


def test_folder_names_are_readable_where_they_can_be_and_reversible():
    folders = class_folders(AWKWARD)
    assert {name: folders[name] for name in ("data", "a/b", "cat", "Cat", "train", "bullet train")} == {
        "data": "data",
        "a/b": "a%2Fb",
        "cat": "cat",
        "Cat": "%43at",
        "train": "trai%6E",
        "bullet train": "bullet trai%6E",
    }
    for name, folder in folders.items():
        assert len(folder.encode()) < 255
        if len(name) < 100:
            assert class_of_folder(folder) == unquote(folder) == name


def test_nothing_is_overwritten_untold(full, tmp_path):
    target = tmp_path / "dataset"
    target.mkdir()
    export_dataset(full, target)  # an empty folder is no loss
    with pytest.raises(InputError, match="overwrite=True"):
        export_dataset(full, target)
    full.set_hidden([1, 2], True)
    assert export_dataset(full, target, overwrite=True).total == 5
    assert len(list(target.rglob("*.png"))) == 5

    (target / "my notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"my notes\.txt"):
        export_dataset(full, target, overwrite=True)
    assert (target / "my notes.txt").read_text() == "mine"


def test_a_folder_that_is_no_export_is_never_replaced(full, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter 1.tex").write_text("words")
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"chapter 1\.tex"):
            export_dataset(full, tmp_path / "thesis", overwrite=overwrite)
        with pytest.raises(InputError):
            export_dataset(full, full.folder, overwrite=overwrite)
    (tmp_path / "file").write_text("words")
    with pytest.raises(InputError, match="is a file"):
        export_dataset(full, tmp_path / "file", overwrite=True)
    assert (tmp_path / "thesis" / "chapter 1.tex").read_text() == "words"
    assert full.integrity_check(deep=True) == []


def test_a_failed_export_leaves_nothing_half_made(full, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(done, _total):
        if done == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        export_dataset(full, tmp_path / "dataset", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["session"]

    export_dataset(full, tmp_path / "dataset")
    before = {path: path.read_bytes() for path in (tmp_path / "dataset").rglob("*") if path.is_file()}
    full.image_path(1).rename(tmp_path / "lost.png")
    with pytest.raises(StoreError, match="Nothing was changed"):
        export_dataset(full, tmp_path / "dataset", overwrite=True)
    assert {path: path.read_bytes() for path in (tmp_path / "dataset").rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "lost.png", "session"]


def test_what_a_killed_export_left_is_cleared(full, tmp_path):
    export_dataset(full, tmp_path / "dataset")
    shutil.copytree(tmp_path / "dataset", tmp_path / ".dataset.exporting")
    export_dataset(full, tmp_path / "dataset", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "session"]


def test_files_are_copies(full, tmp_path):
    """A training script that edits its data must not reach the session."""
    report = export_dataset(full, tmp_path / "dataset")
    Image.new("RGB", (1, 1)).save(report.path / "crane" / "original-000001.png")
    assert full.integrity_check(deep=True) == []


def test_nothing_to_export_is_an_error(store, tmp_path):
    with pytest.raises(InputError, match="none visible"):
        export_dataset(store, tmp_path / "dataset")
    assert not (tmp_path / "dataset").exists()


def test_a_session_open_elsewhere_can_be_exported(full, tmp_path):
    with Store(full.folder, read_only=True) as reader:
        assert export_dataset(reader, tmp_path / "dataset").total == 7
