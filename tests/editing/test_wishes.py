"""What an edit wished for, in words that a prompt can say."""

import pytest

from datacrafter_widget.editing.wishes import said_as_wished, wish_in_words


@pytest.mark.parametrize(
    ("source", "target", "wish"),
    [
        ("a photo of a red apple on grass", "a photo of a green apple on grass", "green"),
        ("a photo of an apple on grass", "a photo of an apple on snow", "on snow"),
        ("a photo of an apple", "a photo of an apple at night", "at night"),
        ("a photo of an apple on a table", "a photo of an apple on the beach", "on the beach"),
        ("a photo of an apple", "a pencil sketch of an apple", "as a pencil sketch"),
        ("a photo of an apple", "an oil painting of an apple", "as an oil painting"),
        ("a photo of an apple", "a photo of two apples", "two apples"),
        ("a red apple on grass", "a green apple on snow", "green, on snow"),
        ("a photo of a crane", "a photo of a pear", "pear"),
        ("a photo of an apple", "a photo of an apple", "tidy it up"),
        ("", "", "tidy it up"),
    ],
)
def test_the_change_of_a_caption_is_the_wish(source, target, wish):
    assert wish_in_words(source, target, "tidy it up") == wish


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("on snow", "a photo of a red apple on snow"),
        ("green, at night", "a photo of a green apple at night"),
        ("bigger", "a photo of a red apple on grass"),
        ("green, bigger", "a photo of a red apple on grass"),
    ],
)
def test_a_caption_says_what_is_wished_in_place_of_the_same_kind_or_stays(wish, said):
    assert said_as_wished("a photo of a red apple on grass", wish) == said
