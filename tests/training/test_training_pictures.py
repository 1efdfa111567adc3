from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.pictures import Labelled, pixel_batches


@pytest.fixture
def mixed(originals: Path) -> Labelled:
    """A file, an array and a PIL image."""
    file = next((originals / "apple").glob("*.png"))
    array = np.full((40, 80, 3), 200, np.uint8)
    return Labelled.of([file, array, Image.new("L", (10, 10), 50)], [0, 1, 1], ids=[7, 8, 9])


def test_pictures_of_any_form_become_squares_of_one_size(mixed):
    pixels = mixed.at(32).images
    assert (pixels.shape, pixels.dtype) == ((3, 32, 32, 3), np.uint8)
    assert (pixels[1] == 200).all()
    assert (pixels[2] == 50).all()


def test_decoding_is_done_once(mixed):
    decoded = mixed.at(64)
    assert decoded.at(64) is decoded
    with Image.open(mixed.images[0]) as image:
        assert np.array_equal(decoded.images[0], np.asarray(image))


def test_what_does_not_fit_the_memory_is_read_batch_by_batch(mixed, monkeypatch):
    monkeypatch.setattr("datacrafter_widget.training.pictures._SHARE_OF_MEMORY", 0.0)
    large = mixed.at(32)
    assert large is mixed
    batches = list(pixel_batches(large, [np.array([2, 0]), np.array([1])], 32))
    assert [len(batch) for batch in batches] == [2, 1]
    monkeypatch.undo()
    assert np.array_equal(np.concatenate(batches), mixed.at(32).images[[2, 0, 1]])


def test_subsets_and_joins_keep_what_is_known_of_each_picture(mixed):
    part = mixed.subset([True, False, True])
    assert part.ids.tolist() == mixed.subset([0, 2]).ids.tolist() == [7, 9]
    generated = Labelled.of([np.zeros((8, 8, 3), np.uint8)], [1], generated=True, groups=[3])
    both = part.joined(generated)
    assert len(both) == 3
    assert both.generated.tolist() == [False, False, True]
    assert both.groups.tolist() == [-1, -1, 3]
    assert both.at(16).images.shape == (3, 16, 16, 3)


def test_decoded_pictures_stay_one_array_when_joined():
    one = Labelled.of(np.zeros((2, 8, 8, 3), np.uint8), [0, 1])
    assert one.joined(one).images.shape == (4, 8, 8, 3)


def test_values_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(InputError, match="each of 2 pictures"):
        Labelled.of(np.zeros((2, 8, 8, 3), np.uint8), [0])
    with pytest.raises(InputError, match="from 0"):
        Labelled.of(np.zeros((1, 8, 8, 3), np.uint8), [-1])
    with pytest.raises(InputError, match=r"gone\.png"):
        Labelled.of([tmp_path / "gone.png"], [0]).at(8)
