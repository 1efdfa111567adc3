"""COCO, by pycocotools and as other programs write it."""

import json

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import Store, export_dataset, import_images

WREN = 'Zaun/könig, "klein" [1]'


def write_coco(folder, images, annotations, categories=("bird", "house"), name="annotations/instances.json"):
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 7 * (index + 1), "name": each} for index, each in enumerate(categories)],
    }
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


def box(number, image, category, corner, **more):
    return {"id": number, "image_id": image, "category_id": category, "bbox": corner, **more}


@pytest.fixture
def foreign(tmp_path, paint):
    """Three pictures as another program annotates them, and what is wrong in such files."""
    root = tmp_path / "foreign"
    (root / "images").mkdir(parents=True)
    for seed in range(4):
        paint(seed, (40, 30)).save(root / "images" / f"{seed}.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    sizes = {"width": 40, "height": 30}
    names = ["0.png", "1.png", "2.png", "3.png", "../../secret.png", str(tmp_path / "secret.png"), "gone.png"]
    images = [{"id": index, "file_name": name, **sizes} for index, name in enumerate(names)]
    images[1] |= {"width": 80, "height": 60}  # annotated at twice the size
    images[2] |= {"width": 30, "height": 40}  # turned since
    annotations = [
        box(1, 0, 7, [1, 2, 10, 10]),
        box(2, 0, 14, [0, 0, 11, 7]),
        box(3, 0, 14, [20, 10, 30, 5]),  # over the edge
        box(4, 1, 14, [20, 20, 40, 20], score=0.5, source="pseudo"),
        box(5, 2, 7, [1, 1, 5, 5]),
        box(6, 3, 7, [1, 1, 5, 5], iscrowd=1),
        box(7, 4, 7, [1, 1, 5, 5]),
        box(8, 5, 7, [1, 1, 5, 5]),
        box(9, 6, 7, [1, 1, 5, 5]),
        box(10, 0, 99, [1, 1, 5, 5]),
        box(11, 0, 7, [1, "x"]),
    ]
    return write_coco(root, images, annotations)


def test_pycocotools_reads_an_export(expanded, tmp_path):
    coco_api = pytest.importorskip("pycocotools.coco")
    export_dataset(expanded, tmp_path / "out", format="coco")
    coco = coco_api.COCO(str(tmp_path / "out/annotations/instances.json"))
    assert [each["name"] for each in coco.loadCats(coco.getCatIds())] == ["crane", WREN, "later"]
    assert len(coco.getImgIds()) == 37
    found = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert [(each["category_id"], each["bbox"], each["source"]) for each in found] == [
        (1, [2, 1, 10, 12], "given"),
        (2, [14.5, 3, 6, 4], "given"),
    ]
    (pseudo,) = coco.loadAnns(coco.getAnnIds(imgIds=[21]))
    assert (pseudo["source"], pseudo["score"], pseudo["area"]) == ("pseudo", 0.75, 64)
    (whole,) = coco.loadAnns(coco.getAnnIds(imgIds=[4]))
    assert (whole["source"], whole["bbox"], whole["category_id"]) == ("whole", [0, 0, 24, 16], 2)
    assert len(coco.getImgIds(catIds=[1])) == 20  # 19 cranes, and one with a crane in it
    (image,) = coco.loadImgs([21])
    assert (image["seed"], image["parent_id"], image["parent_file"]) == (1000, 1, "original-000001.png")
    pixels = np.asarray(Image.open(tmp_path / "out/images" / image["file_name"]))
    np.testing.assert_array_equal(pixels, np.asarray(expanded.load_image(21)))


def test_pycocotools_evaluates_pseudo_boxes_of_an_export(expanded, tmp_path):
    coco_api = pytest.importorskip("pycocotools.coco")
    export_dataset(expanded, tmp_path / "out", format="coco", boxless="skip")
    coco = coco_api.COCO(str(tmp_path / "out/annotations/instances.json"))
    found = [each for each in coco.dataset["annotations"] if "score" in each]
    assert len(coco.getImgIds()) == 3
    assert len(coco.loadRes(found).getAnnIds()) == 1


@pytest.mark.parametrize(
    ("boxless", "pictures", "annotations"), [("whole", 37, 39), ("skip", 3, 5), ("empty", 37, 5)]
)
def test_pictures_without_a_box(expanded, tmp_path, boxless, pictures, annotations):
    report = export_dataset(expanded, tmp_path / "out", format="coco", boxless=boxless)
    content = json.loads((tmp_path / "out/annotations/instances.json").read_text("utf-8"))
    assert (report.total, len(content["images"]), len(content["annotations"])) == (
        pictures,
        pictures,
        annotations,
    )
    assert len(list((tmp_path / "out/images").iterdir())) == pictures
    with pytest.raises(InputError, match="'whole', 'skip' or 'empty'"):
        export_dataset(expanded, tmp_path / "other", format="coco", boxless="no")


def test_each_split_has_its_file(expanded, tmp_path):
    report = export_dataset(expanded, tmp_path / "out", format="coco", split=0.3)
    with Store(tmp_path / "second") as second:
        again = import_images(second, tmp_path / "out/annotations/instances_val.json")
        assert again.imported == report.splits["val"] > 0
        assert again.problems == []


def test_another_programs_file_is_read_and_its_faults_named(store, foreign):
    report = import_images(store, foreign)
    assert report.per_class == {"bird": 1, "house": 2}
    assert [(item.source, item.class_name, item.others) for item in report.several_classes] == [
        ("0.png", "house", ("bird",))
    ]
    problems = dict(report.problems)
    assert "no box of a class" in problems.pop("3.png")
    assert "30 x 40" in problems.pop("2.png")
    assert "no such file" in problems.pop("gone.png")
    assert len(problems) == 2
    assert all("out of the data set's folder" in reason for reason in problems.values())
    boxes = {store.picture(picture).source: found for picture, found in store.boxes().items()}
    assert [(b.x, b.y, b.width, b.height, b.score) for b in boxes["0.png"]] == [
        (1, 2, 10, 10, None),
        (0, 0, 11, 7, None),
        (20, 10, 20, 5, None),
    ]
    (scaled,) = boxes["1.png"]
    assert (scaled.x, scaled.y, scaled.width, scaled.height) == (10, 10, 20, 10)
    assert (scaled.score, scaled.source) == (0.5, "pseudo")
    assert "objects of several classes" in str(report)


def test_boxes_that_come_later_are_added_once(store, foreign):
    import_images(store, [(foreign.parent.parent / "images/0.png", "house")])
    assert [import_images(store, foreign).boxes for _ in range(2)] == [4, 0]
    assert len(store.boxes([1])[1]) == 3


def test_roboflows_layout_is_found(store, paint, tmp_path):
    paint(1, (40, 30)).save(tmp_path / "a.png")
    images = [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}]
    path = write_coco(tmp_path, images, [box(1, 1, 7, [0, 0, 4, 4])], name="_annotations.coco.json")
    assert import_images(store, path).per_class == {"bird": 1}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"images": 3, "categories": []}', '{"images": [], "categories": [1]}']
)
def test_a_file_of_something_else_is_refused(store, tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match="COCO"):
        import_images(store, tmp_path / "x.json")
    with pytest.raises(InputError, match="found nothing"):
        import_images(store, tmp_path / "y.json")


def test_pictures_that_are_nowhere_are_asked_for(store, tmp_path):
    images = [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}]
    with pytest.raises(InputError, match=r"such as a\.png"):
        import_images(store, write_coco(tmp_path, images, [box(1, 1, 7, [0, 0, 4, 4])]))
