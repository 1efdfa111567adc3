"""Average precision of detections, as the COCO challenge measures it."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from datacrafter_widget.training.boxes import Detected, Detections

_OVERLAP = 0.5


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """How well objects are found; all values 0 to 1, NaN where there is no object to find.

    Attributes:
        map: mean over classes, and over overlaps (IoU) of 0.50, 0.55 … 0.95 that count as found.
        map_50: mean over classes at an overlap of 0.5.
        per_class: (C,) average precision, over the overlaps.
        per_class_50: (C,) the same at an overlap of 0.5.
    """

    map: float
    map_50: float
    per_class: NDArray[np.float64]
    per_class_50: NDArray[np.float64]


def average_precision(found: Sequence[Detections], truth: Detected, class_count: int) -> AveragePrecision:
    """Compare what a detector found with the boxes that are there (Lin et al., ECCV 2014; by pycocotools).

    Args:
        found: one for each picture, its boxes in pixels of the picture.
        truth: N pictures with their boxes.
        class_count: C.

    Raises:
        InputError: different numbers of pictures, or a class out of range.
        ModelError: pycocotools is not installed.
    """
    if len(found) != len(truth):
        raise InputError(
            f"average_precision: expected detections for {len(truth)} pictures, found {len(found)}"
        )
    indices = np.concatenate([[0], *truth.box_classes, *(each.classes for each in found)])
    if not 0 <= indices.min() <= indices.max() < class_count:
        raise InputError(
            f"average_precision: expected class indices 0 to {class_count - 1}, found {indices.min():.0f} to "
            f"{indices.max():.0f}"
        )
    precision = _precision(found, truth, class_count)  # (overlaps, recalls, C)
    per_class = precision.mean((0, 1))
    per_class_50 = precision[0].mean(0)
    there = ~np.isnan(per_class)
    if not there.any():
        return AveragePrecision(np.nan, np.nan, per_class, per_class_50)
    return AveragePrecision(
        float(per_class[there].mean()), float(per_class_50[there].mean()), per_class, per_class_50
    )


def found_as(found: Sequence[Detections], truth: Detected, class_count: int) -> NDArray[np.int64]:
    """What objects are taken for: by the surest box that shares half its area with theirs (IoU of 0.5).

    Args:
        found: one for each picture, its boxes in pixels of the picture.
        truth: N pictures with their boxes.
        class_count: C.

    Returns:
        (C, C) counts of objects; rows are the true classes. Objects that no box is on count nowhere.
    """
    import torch
    from torchvision.ops import box_iou

    counts = np.zeros((class_count, class_count), np.int64)
    for each, boxes, classes in zip(found, truth.boxes, truth.box_classes, strict=True):
        if not len(each) or not len(boxes):
            continue
        overlaps = box_iou(torch.from_numpy(boxes), torch.from_numpy(each.boxes)).numpy()
        scores = np.where(overlaps >= _OVERLAP, each.scores, -1.0)
        seen = scores.max(1) >= 0
        np.add.at(counts, (classes[seen], each.classes[scores.argmax(1)][seen]), 1)
    return counts


def _precision(found: Sequence[Detections], truth: Detected, class_count: int) -> NDArray[np.float64]:
    """(10, 101, C): precision at each overlap and recall; NaN for a class without objects."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise ModelError("average precision needs pycocotools; pip install pycocotools") from error
    objects = [
        _annotation(row, box, of)
        for row, (boxes, classes) in enumerate(zip(truth.boxes, truth.box_classes, strict=True))
        for box, of in zip(boxes, classes, strict=True)
    ]
    claims = [
        _annotation(row, box, of) | {"score": float(score)}
        for row, each in enumerate(found)
        for box, of, score in zip(each.boxes, each.classes, each.scores, strict=True)
    ]
    there = sorted({each["category_id"] for each in objects})
    precision = np.full((10, 101, class_count), np.nan)
    if not there:
        return precision
    precision[:, :, there] = 0.0
    claims = [each for each in claims if each["category_id"] in set(there)]
    if not claims:
        return precision
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        known, claimed = (_coco(COCO(), each, len(truth), there) for each in (objects, claims))
        evaluation = COCOeval(known, claimed, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision[:, :, there] = evaluation.eval["precision"][:, :, :, 0, -1]  # all sizes, 100 a picture
    return precision


def _coco(coco: Any, annotations: list[dict[str, Any]], pictures: int, classes: list[int]) -> Any:
    coco.dataset = {
        "images": [{"id": row} for row in range(pictures)],
        "annotations": [each | {"id": number} for number, each in enumerate(annotations, start=1)],
        "categories": [{"id": each} for each in classes],
    }
    coco.createIndex()
    return coco


def _annotation(row: int, box: NDArray[np.float32], of: int) -> dict[str, Any]:
    left, top, right, bottom = (float(value) for value in box)
    size = [right - left, bottom - top]
    return {
        "image_id": row,
        "category_id": int(of),
        "bbox": [left, top, *size],
        "area": size[0] * size[1],
        "iscrowd": 0,
    }
