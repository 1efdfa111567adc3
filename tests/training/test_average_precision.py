import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.average_precision import average_precision, found_as
from datacrafter_widget.training.boxes import Detected, Detections
from datacrafter_widget.training.pictures import Labelled

PICTURE = np.zeros((64, 64, 3), np.uint8)


def truth(boxes, classes):
    images = np.stack([PICTURE] * len(boxes))
    own = [each[0] if each else 0 for each in classes]
    return Detected.around(Labelled.of(images, own), boxes, classes)


def found(boxes, classes, scores):
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(classes, np.int64), np.array(scores, np.float32)
    )


def test_boxes_that_are_right_score_one_and_missing_ones_nothing():
    there = truth([[[4, 4, 24, 24]], [[10, 10, 40, 40]]], [[0], [1]])
    right = [found([[4, 4, 24, 24]], [0], [0.9]), found([[10, 10, 40, 40]], [1], [0.8])]
    assert average_precision(right, there, 2).map == pytest.approx(1)
    none = [found([], [], [])] * 2
    assert average_precision(none, there, 2).map == 0
    half = average_precision([right[0], none[0]], there, 2)
    assert half.map_50 == pytest.approx(0.5)
    assert half.per_class.tolist() == pytest.approx([1, 0])


def test_a_box_that_is_a_little_off_counts_at_lesser_overlaps_only():
    there = truth([[[0, 0, 20, 20]]], [[0]])
    shifted = average_precision([found([[0, 0, 20, 16.2]], [0], [1.0])], there, 1)  # IoU 0.81
    assert shifted.map_50 == pytest.approx(1)
    assert shifted.map == pytest.approx(0.7)  # 0.50, 0.55 … 0.80


def test_a_surer_wrong_box_lowers_the_precision():
    there = truth([[[0, 0, 20, 20]]], [[0]])
    both = average_precision([found([[40, 40, 60, 60], [0, 0, 20, 20]], [0, 0], [0.9, 0.8])], there, 1)
    assert both.map == pytest.approx(0.5)


def test_agrees_with_torchmetrics():
    metrics = pytest.importorskip("torchmetrics.detection")
    import torch

    rng = np.random.default_rng(0)
    boxes, classes, claims = [], [], []
    for _ in range(30):
        corner = rng.uniform(0, 30, (2, 2))
        boxes.append(np.hstack([corner, corner + rng.uniform(8, 30, (2, 2))]).astype(np.float32))
        classes.append(rng.integers(0, 3, 2))
        noisy = boxes[-1] + rng.normal(0, 2, (2, 4))
        named = np.where(rng.random(2) < 0.8, classes[-1], rng.integers(0, 3, 2))
        claims.append(found(noisy, named, rng.random(2)))
    ours = average_precision(claims, truth(boxes, [each.tolist() for each in classes]), 4)
    theirs = metrics.MeanAveragePrecision(class_metrics=True)
    theirs.update(
        [
            {
                "boxes": torch.from_numpy(each.boxes),
                "labels": torch.from_numpy(each.classes),
                "scores": torch.from_numpy(each.scores),
            }
            for each in claims
        ],
        [
            {"boxes": torch.from_numpy(box), "labels": torch.from_numpy(of)}
            for box, of in zip(boxes, classes, strict=True)
        ],
    )
    expected = theirs.compute()
    assert ours.map == pytest.approx(float(expected["map"]), rel=1e-4)
    assert ours.map_50 == pytest.approx(float(expected["map_50"]), rel=1e-4)
    assert ours.per_class[:3] == pytest.approx(expected["map_per_class"].numpy(), rel=1e-4)
    assert np.isnan(ours.per_class[3])


def test_says_what_objects_are_taken_for():
    there = truth([[[0, 0, 20, 20], [30, 30, 60, 60]], [[0, 0, 20, 20]]], [[0, 1], [1]])
    claims = [
        found([[0, 0, 20, 19], [0, 0, 20, 20], [30, 30, 60, 58]], [1, 0, 1], [0.4, 0.9, 0.3]),
        found([[40, 40, 60, 60]], [1], [0.9]),  # on no object
    ]
    assert found_as(claims, there, 2).tolist() == [[1, 0], [0, 1]]


def test_pictures_without_objects_have_no_precision():
    nothing = average_precision([found([[0, 0, 9, 9]], [0], [0.5])], truth([[]], [[]]), 2)
    assert np.isnan(nothing.map)
    assert np.isnan(nothing.per_class).all()


def test_classes_and_numbers_are_checked():
    there = truth([[[0, 0, 20, 20]]], [[0]])
    with pytest.raises(InputError, match="expected detections for 1 pictures, found 0"):
        average_precision([], there, 1)
    with pytest.raises(InputError, match="class indices 0 to 0, found 0 to 3"):
        average_precision([found([[0, 0, 9, 9]], [3], [0.5])], there, 1)
