import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.box_augment import jitter, moved
from datacrafter_widget.training.boxes import Detected, picture_sizes
from datacrafter_widget.training.pictures import Labelled


def with_a_square(width=64, height=64, box=(10, 20, 40, 36)):
    """A black picture with one white rectangle."""
    picture = np.zeros((height, width, 3), np.uint8)
    left, top, right, bottom = box
    picture[top:bottom, left:right] = 255
    return picture


def white_part(picture):
    rows, columns = np.nonzero(picture.max(-1) > 0.5 * picture.max())
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_boxes_stretch_with_their_pictures(tmp_path):
    picture = with_a_square(100, 50)
    file = tmp_path / "wide.png"
    Image.fromarray(picture).save(file)
    images = [picture, Image.fromarray(picture), file]
    small = Detected.around(Labelled.of(images, [0, 0, 0]), [[[10, 20, 40, 36]]] * 3).at(50)
    assert small.images.shape == (3, 50, 50, 3)
    for image, boxes in zip(small.images, small.boxes, strict=True):
        assert boxes[0] == pytest.approx([5, 20, 20, 36])
        assert white_part(image) == pytest.approx(boxes[0], abs=1)
    assert small.at(50).boxes[0] == pytest.approx(small.boxes[0])


def test_the_size_of_a_photograph_is_the_upright_one(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert picture_sizes([tmp_path / "turned.jpg"]).tolist() == [[20, 30]]


def test_subsets_and_joins_keep_boxes_beside_their_pictures():
    images = np.stack([with_a_square()] * 3)
    pictures = Detected.around(
        Labelled.of(images, [0, 1, 2]), [[[0, 0, 9, 9]], [], [[1, 1, 8, 8], [2, 2, 7, 7]]]
    )
    both = pictures.subset([2, 0]).joined(pictures.subset(pictures.classes == 1))
    assert [len(each) for each in both.boxes] == [2, 1, 0]
    assert [each.tolist() for each in both.box_classes] == [[2, 2], [0], []]


@pytest.mark.parametrize(
    ("box", "message"),
    [((5, 5, 5, 9), "right > left"), ((5, 5, np.nan, 9), "right > left")],
)
def test_a_box_without_an_area_is_refused(box, message):
    with pytest.raises(InputError, match=message):
        Detected.around(Labelled.of([with_a_square()], [0]), [[box]])


def test_numbers_of_boxes_are_checked():
    pictures = Labelled.of([with_a_square()], [0])
    with pytest.raises(InputError, match="one array for each of 1 pictures, found 2"):
        Detected.around(pictures, [[], []])
    with pytest.raises(InputError, match="expected 1 class indices"):
        Detected.around(pictures, [[[0, 0, 9, 9]]], [[0, 1]])


def test_boxes_follow_what_is_moved_and_mirrored():
    import torch

    box = np.array([[24, 26, 42, 36]], np.float32)
    images = torch.from_numpy(np.stack([with_a_square(box=(24, 26, 42, 36))] * 40)).permute(0, 3, 1, 2) / 255
    changed, moves = jitter(images, np.random.default_rng(0))
    assert 0 < (moves[:, 0, 0] < 0).sum() < 40  # some are mirrored
    for picture, move in zip(changed.permute(0, 2, 3, 1).numpy(), moves, strict=True):
        left, top, right, bottom = moved(box, move, 64)[0]
        assert right - left > 2  # it is still seen
        if left > 0 and top > 0 and right < 64 and bottom < 64:
            assert white_part(picture) == pytest.approx([left, top, right, bottom], abs=1.5)


def test_an_object_that_left_the_picture_has_no_box():
    away = np.array([[1.0, 60.0], [1.0, 0.0]])  # 60 pixels to the right
    assert moved(np.array([[10, 10, 30, 30]], np.float32), away, 64).tolist() == [[0, 0, 0, 0]]
