import json

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import evaluate
from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.detecting import DetectorTrainer
from datacrafter_widget.store.records import Box
from datacrafter_widget.toybox.world import render_boxes, sample_attributes
from datacrafter_widget.training.detector import DetectorSettings

QUICK = DetectorSettings(steps=12, batch_size=8, validate_every=6, device="cpu")
SOME = 0.01  # a threshold that hardly trained detectors reach


@pytest.fixture
def boxed(session):
    """The session, with boxes around what its originals show."""
    originals = session.store.pictures(origin="original")
    session.store.add_boxes(Box(each.id, each.class_id, 8, 8, 48, 48) for each in originals)
    return session


def coco_file(folder, per_class):
    """A COCO data set of rendered apples, cranes and fishes."""
    rng = np.random.default_rng(5)
    images, annotations = [], []
    for category, kind in enumerate(("apple", "crane bird", "fish"), start=1):
        for _ in range(per_class):
            picture, boxes = render_boxes(sample_attributes(rng, kind=kind), rng)
            number = len(images)
            Image.fromarray(picture).save(folder / f"{number}.png")
            images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 64})
            annotations += [
                {
                    "id": len(annotations) + at,
                    "image_id": number,
                    "category_id": category,
                    "bbox": [*map(float, box[:2]), *map(float, box[2:] - box[:2])],
                }
                for at, box in enumerate(boxes)
            ]
    categories = [{"id": at, "name": name} for at, name in enumerate(("apple", "crane", "fish"), start=1)]
    file = folder / "instances.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return file


def test_generated_pictures_get_boxes_and_the_gain_is_measured(boxed, tmp_path):
    report = boxed.set_validation(coco_file(tmp_path, 3), role="test")
    gain = evaluate.detector(boxed, QUICK, threshold=SOME, seeds=[4, 7]).result(quiet=True)
    assert gain.measure == "mAP"
    assert "held-out test set" in gain.tested_on
    assert [run.seed for run in gain.after.runs] == [4, 7]
    assert gain.after.runs[0].pictures > gain.before.runs[0].pictures
    assert 0 <= gain.after.accuracy.mean <= 1
    assert gain.after.confusion.sum() <= 2 * report.boxes
    generated = {each.id: each for each in boxed.store.pictures(origin="generated")}
    drawn = {key: each for key, each in boxed.store.boxes().items() if each[0].source == "pseudo"}
    assert drawn.keys() <= generated.keys()
    assert drawn
    for number, boxes in drawn.items():
        assert {box.class_id for box in boxes} == {generated[number].class_id}
        assert all(box.score >= SOME and box.width > 0 and box.x + box.width <= 64.01 for box in boxes)
    left = (boxed.store.folder / "comparison" / "training").iterdir()
    assert [each.name.split("-")[0] for each in left] == ["detector"] * 2  # for the arms of a comparison

    again = evaluate.detector(boxed, QUICK, threshold=SOME, seeds=[4, 7]).result(quiet=True)
    assert [run.to_json() for run in again.after.runs] == [run.to_json() for run in gain.after.runs]
    assert sum(map(len, boxed.store.boxes(generated).values())) == sum(map(len, drawn.values()))


def test_a_comparison_can_be_one_of_detectors(boxed):
    trainer = DetectorTrainer(QUICK, threshold=SOME, measure="mAP50")
    arms = ("original", "guided")
    compared = evaluate.compare(boxed, arms, [2], seeds=2, trainer=trainer).result(quiet=True)
    assert compared.measure == "mAP50"
    assert {cell.arm for cell in compared.cells} == set(arms)
    assert not any(box.source == "pseudo" for each in boxed.store.boxes().values() for box in each)


def test_other_boxes_are_another_training(boxed):
    trainer = DetectorTrainer(QUICK)
    before = trainer.depends_on(boxed)
    boxed.store.add_boxes([Box(1, boxed.classes[0].id, 1, 1, 9, 9)])
    assert trainer.depends_on(boxed) != before


def test_originals_without_boxes_cannot_teach_a_detector(session):
    with pytest.raises(InputError, match="expected boxes around the objects"):
        evaluate.detector(session, QUICK).result(quiet=True)


def test_a_threshold_out_of_range_is_refused(session):
    with pytest.raises(InputError, match="threshold"):
        evaluate.detector(session, threshold=0)
    with pytest.raises(InputError, match="'mAP' or 'mAP50'"):
        DetectorTrainer(measure="AP")
