"""Every format: what goes out comes back, and nothing else does."""

import json
import tracemalloc

import numpy as np
import pytest

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store import Store, export_dataset, import_images
from datacrafter_widget.store.formats import FORMATS
from datacrafter_widget.store.formats.contents import COLUMNS

EVERY = pytest.mark.parametrize("kind", FORMATS)
LIBRARY = {"parquet": "pyarrow", "yolo": "yaml"}


@pytest.fixture(autouse=True)
def libraries(request):
    kind = request.node.callspec.params.get("kind") if hasattr(request.node, "callspec") else None
    if kind in LIBRARY:
        pytest.importorskip(LIBRARY[kind])


@EVERY
def test_an_export_comes_back_with_classes_boxes_and_provenance(expanded, known, kind, tmp_path):
    report = export_dataset(expanded, tmp_path / "out", format=kind)
    assert (report.total, report.boxes, report.format) == (37, 5, kind)
    assert report.counts == {"crane": 19, 'Zaun/könig, "klein" [1]': 18}
    with Store(tmp_path / "second") as second:
        again = import_images(second, tmp_path / "out")
        assert (again.problems, again.duplicates) == ([], [])
        assert (again.imported, again.generated, again.boxes) == (37, 18, 5)
        assert list(again.per_class) == ["crane", 'Zaun/könig, "klein" [1]']
        assert {item.class_name for item in again.several_classes} == set(again.per_class)
        assert known(second) == known(expanded)
        assert second.integrity_check(deep=True) == []
        assert second.next_iteration() == 2
        once_more = import_images(second, tmp_path / "out")
        assert (once_more.imported, once_more.already_there, once_more.boxes) == (0, 37, 0)
        assert sum(map(len, second.boxes().values())) == 5


@EVERY
def test_a_split_export_keeps_families_together(expanded, kind, tmp_path):
    report = export_dataset(
        expanded, tmp_path / "out", format=kind, split={"train": 0.6, "val": 0.2, "test": 0.2}, split_seed=3
    )
    assert sum(report.splits.values()) == 37
    assert list(report.splits) == ["train", "val", "test"]
    assert 18 <= report.splits["train"] <= 26
    if kind != "yolo":
        with (
            pytest.raises(InputError, match=r"one (of them|split|data set)"),
            Store(tmp_path / "s") as second,
        ):
            import_images(second, tmp_path / "out")


def test_an_export_gives_way_to_one_of_another_format_and_nothing_else_does(expanded, tmp_path):
    pytest.importorskip("pyarrow")
    for kind in FORMATS:
        export_dataset(expanded, tmp_path / "out", format=kind, overwrite=True)
        with pytest.raises(InputError, match="overwrite=True"):
            export_dataset(expanded, tmp_path / "out", format=kind)
    (tmp_path / "out" / "notes.txt").write_text("mine")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("words")
    for kind in FORMATS:
        for folder in ("out", "thesis"):
            with pytest.raises(InputError, match=r"notes\.txt|chapter\.txt"):
                export_dataset(expanded, tmp_path / folder, format=kind, overwrite=True)
    assert (tmp_path / "out" / "notes.txt").exists()


@EVERY
def test_a_stopped_or_failed_export_leaves_nothing(expanded, kind, tmp_path):
    class StoppedError(Exception):
        pass

    seen = []

    def stop(done, total):
        seen.append((done, total))
        if done == 5:
            raise StoppedError

    with pytest.raises(StoppedError):
        export_dataset(expanded, tmp_path / "out", format=kind, progress=stop)
    assert seen == [(done, 37) for done in range(1, 6)]
    expanded.image_path(1).rename(tmp_path / "lost.png")
    with pytest.raises(StoreError, match="Nothing was changed"):
        export_dataset(expanded, tmp_path / "out", format=kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lost.png", "session"]


@EVERY
def test_unknown_options_and_formats_are_named(expanded, kind, tmp_path):
    with pytest.raises(InputError, match=f"{kind}.*found colour"):
        export_dataset(expanded, tmp_path / "out", format=kind, colour="red")
    with pytest.raises(InputError, match=f"{kind}.*found 'tfrecord'"):
        export_dataset(expanded, tmp_path / "out", format="tfrecord")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["webdataset", "parquet"])
def test_memory_does_not_grow_with_the_number_of_pictures(store, kind, tmp_path):
    crane = store.add_class("crane")
    rng = np.random.default_rng(0)
    from PIL import Image

    def export(number):
        start = len(store.pictures())
        for index in range(start, number):
            pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            store.add_original(Image.fromarray(pixels), crane.id, f"{index}.png")
        tracemalloc.start()
        export_dataset(store, tmp_path / f"{number}", format=kind)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = export(128), export(640)
    assert many - few < 512 * 64 * 64 * 3 / 2  # the pictures themselves


def test_every_format_has_the_same_columns(expanded, tmp_path):
    export_dataset(expanded, tmp_path / "a", format="imagefolder")
    row = json.loads((tmp_path / "a/metadata.jsonl").read_text("utf-8").splitlines()[0])
    assert list(row) == [*COLUMNS, "objects"]
    export_dataset(expanded, tmp_path / "b", format="coco")
    image = json.loads((tmp_path / "b/annotations/instances.json").read_text("utf-8"))["images"][0]
    assert set(COLUMNS) <= set(image)
