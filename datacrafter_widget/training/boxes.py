"""Pictures with boxes around their objects, and what a detector finds in pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.pictures import Labelled, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.training.pictures import Picture

_TURNED_FROM = 5  # EXIF orientations that turn a picture by a quarter
_ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector finds in one picture, the surest first.

    Attributes:
        boxes: (n, 4) float32: left, top, right and bottom in pixels of the picture.
        classes: (n,) class indices.
        scores: (n,) float32, 0 to 1.
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def where(self, which: ArrayLike) -> Detections:
        """Some of them.

        Args:
            which: (n,) booleans, or indices.
        """
        rows = np.asarray(which)
        return Detections(self.boxes[rows], self.classes[rows], self.scores[rows])


@dataclass(frozen=True, eq=False)
class Detected(Labelled):
    """Pictures and the boxes of their objects.

    `at` and `pixels` stretch pictures to a square, so that no object is cut off.

    Attributes:
        boxes: a picture's (n, 4) float32: left, top, right and bottom in pixels of the picture; n may be 0.
        box_classes: a picture's (n,) class indices.
    """

    boxes: Sequence[NDArray[np.float32]]
    box_classes: Sequence[NDArray[np.int64]]

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, values in (("boxes", self.boxes), ("box_classes", self.box_classes)):
            if len(values) != len(self.images):
                raise InputError(
                    f"{name}: expected one array for each of {len(self.images)} pictures, found {len(values)}"
                )
        object.__setattr__(
            self, "boxes", [np.asarray(each, np.float32).reshape(-1, 4) for each in self.boxes]
        )
        object.__setattr__(self, "box_classes", [np.asarray(each, np.int64) for each in self.box_classes])
        for row, (boxes, classes) in enumerate(zip(self.boxes, self.box_classes, strict=True)):
            _check_boxes(row, boxes, classes)

    @classmethod
    def around(
        cls,
        labelled: Labelled,
        boxes: Sequence[ArrayLike],
        box_classes: Sequence[ArrayLike] | None = None,
    ) -> Detected:
        """Pictures whose boxes are known.

        Args:
            labelled: N pictures.
            boxes: a picture's (n, 4).
            box_classes: a picture's (n,); by default each object is of its picture's class.

        Raises:
            InputError: numbers that differ, a negative class, or a box without an area.
        """
        if box_classes is None:
            box_classes = [
                np.full(np.size(each) // 4, of)
                for each, of in zip(boxes, labelled.classes, strict=False)  # numbers are checked below
            ]
        return Detected(
            labelled.images,
            labelled.classes,
            labelled.generated,
            labelled.groups,
            labelled.ids,
            [np.asarray(each, np.float32) for each in boxes],
            [np.asarray(each, np.int64) for each in box_classes],
        )

    def at(self, size: int) -> Self:
        """The same pictures stretched to (N, size, size, 3) once and for all, and their boxes with them.

        As `Labelled.at`: where that takes too much memory, all stays as it is.

        Args:
            size: side in pixels.

        Raises:
            InputError: a picture that can't be read.
        """
        same = super().at(size)
        return same if same is self else replace(same, boxes=self.boxes_at(size))

    def boxes_at(self, size: int) -> list[NDArray[np.float32]]:
        """The boxes in pixels of pictures stretched to (size, size).

        Raises:
            InputError: a picture that can't be read.
        """
        scales = size / picture_sizes(self.images)
        return [boxes * np.tile(scale, 2) for boxes, scale in zip(self.boxes, scales, strict=True)]

    def _fitted(self, picture: Picture, size: int) -> NDArray[np.uint8]:
        image = readable(picture)
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), np.uint8)


def picture_sizes(images: Sequence[Picture] | NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 2): width and height of each picture in pixels; of files only the header is read.

    Raises:
        InputError: a picture that can't be read.
    """
    if isinstance(images, np.ndarray):
        return np.tile(np.array([images.shape[2], images.shape[1]], np.float32), (len(images), 1))
    return np.array([_size(each) for each in images], np.float32).reshape(-1, 2)


def _size(picture: Picture) -> tuple[int, int]:
    if isinstance(picture, np.ndarray):
        return picture.shape[1], picture.shape[0]
    if isinstance(picture, Path):
        try:
            with Image.open(picture) as image:
                return _upright(image)
        except (OSError, ValueError) as error:
            raise InputError(f"a picture can't be read: {picture}: {error}. Leave it out") from error
    return _upright(picture)


def _upright(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(_ORIENTATION, 1) >= _TURNED_FROM
    return (image.height, image.width) if turned else image.size


def _check_boxes(row: int, boxes: NDArray[np.float32], classes: NDArray[np.int64]) -> None:
    if classes.shape != (len(boxes),) or (len(classes) and classes.min() < 0):
        raise InputError(
            f"box_classes of picture {row}: expected {len(boxes)} class indices from 0, found {classes!r}"
        )
    if not np.isfinite(boxes).all() or (boxes[:, 2:] <= boxes[:, :2]).any():
        raise InputError(
            f"boxes of picture {row}: expected left, top, right, bottom with right > left and bottom > top, "
            f"found {boxes.tolist()}; leave such boxes out"
        )
