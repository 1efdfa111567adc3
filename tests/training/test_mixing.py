import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.mixing import epoch_batches
from datacrafter_widget.training.pictures import Labelled


@pytest.fixture
def mixed() -> Labelled:
    """Ten originals of two classes; twenty generated pictures of the second class."""
    pixel = np.zeros((1, 1, 1, 3), np.uint8)
    originals = Labelled.of(pixel.repeat(10, 0)[:, 0], np.repeat([0, 1], 5))
    return originals.joined(Labelled.of(pixel.repeat(20, 0)[:, 0], np.ones(20), generated=True))


def rng():
    return np.random.default_rng(5)


def test_an_epoch_goes_over_all_pictures_once_in_even_batches(mixed):
    batches = epoch_batches(mixed, rng(), batch_size=8)
    assert [len(batch) for batch in batches] == [8, 8, 7, 7]
    assert sorted(np.concatenate(batches)) == list(range(30))


def test_an_epoch_of_a_fixed_length_goes_round_until_it_is_full(mixed):
    batches = epoch_batches(mixed, rng(), batch_size=8, batches=9)
    assert [len(batch) for batch in batches] == [8] * 9
    counts = np.bincount(np.concatenate(batches), minlength=30)
    assert set(counts) == {2, 3}
    few = epoch_batches(mixed.subset(np.arange(3)), rng(), batch_size=8, batches=2)
    assert [len(batch) for batch in few] == [3, 3]


def test_replacement_swaps_originals_for_generated_pictures_of_their_class(mixed):
    draws = np.concatenate(epoch_batches(mixed, rng(), batch_size=10, batches=200, replacement=0.3))
    classes, generated = mixed.classes[draws], mixed.generated[draws]
    assert not generated[classes == 0].any()  # there is none of that class
    assert generated[classes == 1].mean() == pytest.approx(0.3, abs=0.05)
    assert (classes == 1).mean() == pytest.approx(0.5)


def test_replacement_never_and_always(mixed):
    never = np.concatenate(epoch_batches(mixed, rng(), batch_size=10, replacement=0.0))
    assert sorted(never) == list(range(10))
    always = np.concatenate(epoch_batches(mixed, rng(), batch_size=10, replacement=1.0))
    assert mixed.generated[always].sum() == 5


def test_what_can_not_be_drawn_is_refused(mixed):
    with pytest.raises(InputError, match="originals"):
        epoch_batches(mixed.subset(mixed.generated), rng(), batch_size=8, replacement=0.5)
    with pytest.raises(InputError, match="probability"):
        epoch_batches(mixed, rng(), batch_size=8, replacement=2.0)
