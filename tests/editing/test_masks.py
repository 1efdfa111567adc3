"""Masks in the forms that people and pages have them in."""

import io

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.editing.masks import fitted, read_mask
from datacrafter_widget.errors import InputError

SIZE = (6, 4)
LEFT = np.zeros((4, 6), bool)
LEFT[:, :2] = True
WHITE = Image.fromarray(LEFT).convert("L")


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def painted():
    """White strokes on a transparent canvas, as a page has them."""
    canvas = np.zeros((4, 6, 4), np.uint8)
    canvas[LEFT] = 255
    return Image.fromarray(canvas, "RGBA")


@pytest.mark.parametrize(
    "mask",
    [
        LEFT,
        LEFT.astype(np.uint8),
        LEFT.astype(np.uint8) * 255,
        LEFT.astype(np.float32),
        LEFT.astype(np.int64) * 255,
        WHITE,
        WHITE.convert("1"),
        WHITE.convert("P"),
        WHITE.convert("RGB"),
        WHITE.convert("I"),
        painted(),
        png(WHITE),
        png(painted()),
    ],
)
def test_every_form_of_a_mask_comes_to_the_same(mask):
    found = read_mask(mask, SIZE)
    assert found.mode == "L"
    assert np.array_equal(np.asarray(found), LEFT * np.uint8(255))


def test_a_file_is_read_and_soft_edges_stay(tmp_path):
    Image.fromarray((LEFT * np.uint8(200)) + np.uint8(20)).save(tmp_path / "mask.png")
    for path in (tmp_path / "mask.png", str(tmp_path / "mask.png")):
        assert sorted(set(np.asarray(read_mask(path, SIZE)).ravel().tolist())) == [20, 220]


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.zeros((4, 6)), "found none"),
        (np.full((4, 6), 0.3), "found none"),
        (Image.new("RGBA", SIZE, (255, 255, 255, 0)), "found none"),
        (LEFT.T, "6 x 4 pixels, found 4 x 6"),
        (np.ones((4, 6, 3)), "shape"),
        (np.full((4, 6), -1.0), "found -1 to -1"),
        (np.full((4, 6), np.nan), "found nan"),
        (np.full((4, 6), 300), "300"),
        (np.array([["a"]]), "shape"),
        (b"no picture", "image file"),
        (b"", "image file"),
        ("no/such/file.png", "image file"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_refused(mask, said):
    with pytest.raises(InputError, match=said):
        read_mask(mask, SIZE)


def test_a_mask_is_fitted_to_another_picture():
    assert fitted(WHITE, SIZE) is WHITE
    large = np.asarray(fitted(WHITE, (60, 40)))
    assert large.shape == (40, 60)
    assert large[:, :15].min() == 255
    assert large[:, 30:].max() == 0
