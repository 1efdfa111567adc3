"""Copies are found and different pictures of a kind are not, on photographs and on pictures without a copy."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from skimage import data

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics.duplicates import descriptors, fingerprint, near_copies

SIDE = 128


def tiles(pixels, side=SIDE):
    """The tiles of a photograph: pictures of a kind, none a copy of another."""
    picture = Image.fromarray(pixels).convert("RGB")
    return [
        picture.crop((x, y, x + side, y + side))
        for y in range(0, picture.height - side + 1, side)
        for x in range(0, picture.width - side + 1, side)
    ]


@pytest.fixture(scope="module")
def photographs():
    return [
        tile for one in (data.astronaut(), data.cat(), data.coffee(), data.grass()) for tile in tiles(one)
    ]


def prints(pictures):
    return np.stack([fingerprint(picture) for picture in pictures])


def jpeg(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=50)
    return Image.open(buffer).convert("RGB")


def cropped(picture, left, top):
    size = int(0.95 * picture.width)
    return picture.crop((left, top, left + size, top + size))


COPIES = {
    "the same": lambda picture: picture.copy(),
    "as JPEG": jpeg,
    "half the size": lambda picture: picture.resize((64, 64)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.9),
    "mirrored": ImageOps.mirror,
    "cropped at its edges": lambda picture: cropped(picture, 3, 3),
    "cropped at a corner": lambda picture: cropped(picture, 6, 6),
    "cropped at one side": lambda picture: picture.crop((6, 0, SIDE, SIDE)).resize((SIDE, SIDE)),
    "brighter, cropped, mirrored, as JPEG": lambda picture: jpeg(
        ImageOps.mirror(cropped(ImageEnhance.Brightness(picture).enhance(1.1), 3, 3))
    ),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES.keys())
def test_a_copy_is_found_whatever_was_done_to_it(photographs, change):
    found = near_copies(prints([change(picture) for picture in photographs]), prints(photographs))
    assert set(zip(found.queries.tolist(), found.stored.tolist(), strict=True)) == {
        (at, at) for at in range(len(photographs))
    }


def test_a_picture_is_found_that_a_stored_one_was_cropped_from(photographs):
    found = near_copies(prints(photographs), prints([cropped(picture, 6, 0) for picture in photographs]))
    assert found.queries.tolist() == found.stored.tolist() == list(range(len(photographs)))


def test_the_colours_tell_pictures_apart():
    coffee = tiles(data.coffee())[4]
    red, green, blue = coffee.split()
    assert not len(near_copies(prints([Image.merge("RGB", (blue, red, green))]), prints([coffee])).queries)


def test_a_wide_picture_is_compared_by_the_square_that_generators_cut_from_it():
    wide = Image.fromarray(np.asarray(data.coffee())[:, :, :3])
    square = ImageOps.fit(wide, (64, 64))
    assert len(near_copies(prints([square]), prints([wide])).queries) == 1


def test_pairs_come_by_query_and_then_from_the_most_alike(photographs):
    stored = prints([jpeg(photographs[1]), photographs[0], photographs[1]])
    found = near_copies(prints(photographs[:2]), stored)
    assert found.queries.tolist() == [0, 1, 1]
    assert found.stored.tolist() == [1, 2, 0]
    assert found.scores[1] >= found.scores[2]
    assert found.scores.max() <= 1


def test_a_picture_of_one_colour_is_like_no_other():
    grey = prints([Image.new("RGB", (64, 64), (128, 128, 128))])
    assert not descriptors(grey).any()
    assert not len(near_copies(grey, grey).queries)


def test_nothing_is_compared_with_nothing(photographs):
    none = np.empty((0, 32, 32, 3), np.uint8)
    assert not len(near_copies(prints(photographs[:2]), none).queries)
    assert not len(near_copies(none, prints(photographs[:2])).queries)
    assert descriptors(none).shape == (0, 384)


def test_pictures_that_are_no_fingerprints_are_refused():
    with pytest.raises(InputError, match=r"expected \(N, 32, 32, 3\) uint8, found \(1, 64, 64, 3\)"):
        near_copies(np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="float64"):
        descriptors(np.zeros((1, 32, 32, 3)))
