"""YOLO's folders, by supervision and as other programs write them."""

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import Store, export_dataset, import_images

yaml = pytest.importorskip("yaml")
WREN = 'Zaun/könig, "klein" [1]'


@pytest.fixture
def foreign(tmp_path, paint):
    """Roboflow's layout: its data.yaml names the folders as ../train/images."""
    root = tmp_path / "foreign"
    for split in ("train", "valid"):
        for folder in ("images", "labels"):
            (root / split / folder).mkdir(parents=True)
    for seed in range(5):
        paint(seed, (40, 20)).save(root / f"train/images/{seed}.png")
    paint(9, (40, 20)).save(root / "valid/images/9.png")
    labels = {
        "0": "0 0.5 0.5 0.5 0.5\n1 0.1 0.1 0.2 0.2\n",
        "1": "1 0.1 0.1 0.3 0.1 0.3 0.5 0.1 0.5\n\n",  # an outline
        "2": "1 0.5 0.5 0.4 0.4 0.9\n",  # with a score
        "3": "7 0.5 0.5 0.4 0.4\n",
    }
    for name, text in labels.items():
        (root / f"train/labels/{name}.txt").write_text(text)
    content = {"train": "../train/images", "val": "../valid/images", "nc": 2, "names": ["bird", "house"]}
    (root / "data.yaml").write_text(yaml.safe_dump(content))
    return root


def test_supervision_reads_an_export(expanded, tmp_path):
    supervision = pytest.importorskip("supervision")
    report = export_dataset(expanded, tmp_path / "out", format="yolo", split=0.3)
    seen = {}
    for split in ("train", "val"):
        dataset = supervision.DetectionDataset.from_yolo(
            images_directory_path=str(tmp_path / "out/images" / split),
            annotations_directory_path=str(tmp_path / "out/labels" / split),
            data_yaml_path=str(tmp_path / "out/data.yaml"),
        )
        assert dataset.classes == ["crane", WREN, "later"]
        assert len(dataset) == report.splits[split]
        for path, pixels, found in dataset:
            seen[path.rpartition("/")[2]] = (pixels, found)
    assert len(seen) == 37
    pixels, found = seen["original-000001.png"]
    np.testing.assert_array_equal(pixels[:, :, ::-1], np.asarray(expanded.load_image(1)))
    np.testing.assert_allclose(found.xyxy, [[2, 1, 12, 13], [14.5, 3, 20.5, 7]], atol=1e-3)
    assert found.class_id.tolist() == [0, 1]
    whole = seen["original-000004.png"][1]
    np.testing.assert_allclose(whole.xyxy, [[0, 0, 24, 16]], atol=1e-3)


def test_supervision_reads_a_classification_export(expanded, tmp_path):
    supervision = pytest.importorskip("supervision")
    report = export_dataset(expanded, tmp_path / "out", format="yolo", task="classify", split=0.3)
    dataset = supervision.ClassificationDataset.from_folder_structure(str(tmp_path / "out/train"))
    assert len(dataset) == report.splits["train"]
    assert len(dataset.classes) == 2
    with Store(tmp_path / "second") as second:
        again = import_images(second, tmp_path / "out/train")
        assert (again.imported, set(again.per_class)) == (report.splits["train"], {"crane", WREN})


def test_what_supervision_writes_is_read(expanded, tmp_path):
    supervision = pytest.importorskip("supervision")
    export_dataset(expanded, tmp_path / "out", format="yolo", boxless="skip")
    dataset = supervision.DetectionDataset.from_yolo(
        str(tmp_path / "out/images/train"),
        str(tmp_path / "out/labels/train"),
        str(tmp_path / "out/data.yaml"),
    )
    place = tmp_path / "theirs"
    dataset.as_yolo(str(place / "images"), str(place / "labels"), str(place / "data.yaml"))
    content = yaml.safe_load((place / "data.yaml").read_text())
    (place / "data.yaml").write_text(yaml.safe_dump({**content, "train": "images"}))
    with Store(tmp_path / "second") as second:
        report = import_images(second, place)
        assert (report.imported, report.boxes) == (3, 5)
        assert report.per_class == {"crane": 2, WREN: 1}


def test_an_export_without_boxes_is_class_folders(store, paint, tmp_path):
    import_images(store, [(paint(1), "a"), (paint(2), "b")])
    export_dataset(store, tmp_path / "out", format="yolo")
    assert sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("out/*/*/*.png")
    ) == [
        "train/a/original-000001.png",
        "train/b/original-000002.png",
    ]
    with Store(tmp_path / "second") as second:
        assert import_images(second, tmp_path / "out").per_class == {"a": 1, "b": 1}
    export_dataset(store, tmp_path / "out", format="yolo", task="detect", overwrite=True)
    content = yaml.safe_load((tmp_path / "out/data.yaml").read_text("utf-8"))
    assert content == {"train": "images/train", "val": "images/train", "names": {0: "a", 1: "b"}}
    with pytest.raises(InputError, match="'detect' or 'classify'"):
        export_dataset(store, tmp_path / "out", format="yolo", task="segment", overwrite=True)


def test_roboflows_folders_are_read_and_faults_named(store, foreign):
    report = import_images(store, foreign)
    assert report.per_class == {"bird": 1, "house": 2}
    problems = dict(report.problems)
    assert "no class 7" in problems["train/images/3.png"]
    assert "no box of a class" in problems["train/images/4.png"]
    assert "only train is" in problems["val: ../valid/images"]
    assert len(problems) == 3
    boxes = [box for found in store.boxes().values() for box in found]
    assert [(b.x, b.y, b.width, b.height) for b in boxes] == [
        pytest.approx(corner, abs=1e-6)
        for corner in [(10, 5, 20, 10), (0, 0, 8, 4), (4, 2, 8, 8), (12, 6, 16, 8)]
    ]
    assert [(b.score, b.source) for b in boxes][-1] == (0.9, "pseudo")


def test_a_list_of_files_is_read_but_not_beyond_its_folder(store, foreign, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    (foreign / "list.txt").write_text("./train/images/0.png\n\n../secret.png\n")
    content = {"train": "list.txt", "names": {0: "bird", 1: "house"}}
    (foreign / "data.yaml").write_text(yaml.safe_dump(content))
    report = import_images(store, foreign / "data.yaml")
    assert report.per_class == {"bird": 1}
    assert [source for source, _ in report.problems] == ["../secret.png"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("names: [a]\ntrain: ../../etc", "found nothing there"),
        ("names: [a]\ntrain: /etc", "found nothing there"),
        ("names: 5\ntrain: images", "expected names"),
        ("names: [a]", "key train"),
        ("a: [", "data.yaml of YOLO"),
        ("!!python/object/apply:os.system ['true']", "data.yaml of YOLO"),
    ],
)
def test_bad_files_are_refused(store, tmp_path, content, words):
    (tmp_path / "data.yaml").write_text(content)
    with pytest.raises(InputError, match=words):
        import_images(store, tmp_path / "data.yaml")
