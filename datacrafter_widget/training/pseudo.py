"""Boxes for pictures that nobody drew boxes in: those that a trained detector finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.boxes import Detected, Detections
from datacrafter_widget.training.detector import TrainedDetector, detect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from datacrafter_widget.training.pictures import Labelled

THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class PseudoLabelled:
    """Pictures with the boxes that a detector found.

    Attributes:
        pictures: those in which it found any.
        found: a picture's boxes, of its own class, with their scores; in the order of `pictures`.
        kept: (N,) which of the pictures that were looked at these are.
    """

    pictures: Detected
    found: tuple[Detections, ...]
    kept: NDArray[np.bool_]

    @property
    def left_out(self) -> int:
        """In how many pictures nothing was found."""
        return int((~self.kept).sum())


def pseudo_label(
    trained: TrainedDetector, pictures: Labelled, *, threshold: float = THRESHOLD
) -> PseudoLabelled:
    """Look for objects of each picture's own class; a picture without any is left out.

    A generated picture is meant to show its class, so that what a detector takes for another is either wrong or not
    what was asked for.

    Args:
        trained: the detector, trained on pictures with boxes.
        pictures: N pictures with their classes.
        threshold: least score of a box, above 0 and up to 1.

    Raises:
        InputError: a threshold out of range, or a picture that can't be read.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold: expected a number above 0 and up to 1, found {threshold}")
    found = [
        each.where(each.classes == own)
        for each, own in zip(detect(trained, pictures, threshold=threshold), pictures.classes, strict=True)
    ]
    kept = np.array([len(each) > 0 for each in found], bool)
    sure = tuple(each for each in found if len(each))
    labelled = pictures.subset(kept)
    return PseudoLabelled(Detected.around(labelled, [each.boxes for each in sure]), sure, kept)
