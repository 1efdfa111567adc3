"""Pictures on their way into a training, and how they are drawn."""

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.examples import Examples, drawn, resampled
from datacrafter_widget.training.pictures import Labelled

CLASSES = np.repeat([0, 1, 2], [4, 7, 2])


def examples(classes=CLASSES, generated=False):
    images = np.zeros((len(classes), 8, 8, 3), np.uint8)
    pictures = Labelled.of(images, classes, generated=generated)
    return Examples.of(pictures, [f"{int(generated)}-{at}" for at in range(len(classes))])


def test_a_budget_draws_as_many_of_each_class_as_there_are():
    counts = np.bincount(CLASSES[drawn(CLASSES, 4, seed=0)])
    assert counts.tolist() == [4, 4, 2]


def test_a_smaller_budget_is_part_of_a_larger_one_and_seeds_draw_differently():
    small, large = (set(drawn(CLASSES, budget, seed=3).tolist()) for budget in (2, 5))
    assert small < large
    assert {tuple(drawn(CLASSES, 2, seed)) for seed in range(5)} > {tuple(drawn(CLASSES, 2, 3))}


def test_one_seed_resamples_the_same_originals_whatever_is_added_to_them():
    alone = examples()
    both = alone.joined(examples(np.array([0, 2, 2]), generated=True))
    rows = resampled(both.pictures, seed=5)
    originals = rows[~both.pictures.generated[rows]]
    assert originals.tolist() == resampled(alone.pictures, seed=5).tolist()
    assert len(rows) == len(both)
    assert np.bincount(both.pictures.classes[rows]).tolist() == [5, 7, 4]


def test_the_digest_tells_which_pictures_of_which_class():
    first = examples()
    assert first.digest() == examples().digest()
    others = [first.subset(np.arange(12)), examples(CLASSES[::-1]), first.subset(np.arange(13)[::-1])]
    assert len({first.digest(), *(each.digest() for each in others)}) == 4


def test_a_picture_without_content_is_refused():
    with pytest.raises(InputError, match="13 pictures"):
        Examples.of(examples().pictures, ["only one"])
