"""A template says a wish in place of what it says of the same kind."""

from functools import partial

import pytest

from datacrafter_widget.editing.wishes import said_as_wished
from datacrafter_widget.refine import Candidate
from datacrafter_widget.refine.mutate.rewrite import rewritten


def rewrite(template, wish, class_word="apple"):
    return [
        (each.template, each.reasons[0].removeprefix("wished").strip())
        for each in rewritten(Candidate(template), class_word, partial(said_as_wished, wish=wish), "wished")
    ]


@pytest.mark.parametrize(
    ("template", "wish", "said", "lost"),
    [
        ("a photo of a {class} on grass", "on the beach", "a photo of a {class} on the beach", "grass"),
        ("a photo of a {class} on grass", "at night", "a photo of a {class} at night", "on grass"),
        ("a photo of a red {class} on grass", "green", "a photo of a green {class} on grass", "red"),
        ("a photo of a {class} on grass", "green", "a photo of a green {class} on grass", None),
        ("a photo of a {class} on grass", "as a sketch", "a sketch of a {class} on grass", "photo"),
        ("a photo of a {class} on grass", "two apples", "a photo of two {class}s on grass", "a {class}"),
        ("a red {class} on grass", "green, on snow", "a green {class} on snow", "red grass"),
        ("two {class}s on grass, sharp", "at dusk", "two {class}s on grass, sharp at dusk", None),
        ("a [red | blue] {class}", "green", "a green {class}", "[red | blue]"),
        ("a {class} [on grass | on snow]", "on the beach", "a {class} on the beach", "[on grass | on snow]"),
        ("a {class} [ | on grass]", "on the beach", "a {class} on the beach", "[ | on grass]"),
        ("a [red | striped] {class}", "green", "a green striped {class}", None),
        (
            "[a photo of | a sketch of] a {class}",
            "on snow",
            "[a photo of | a sketch of] a {class} on snow",
            None,
        ),
    ],
)
def test_it_is_said_in_place_of_what_is_of_its_kind(template, wish, said, lost):
    assert rewrite(template, wish) == [(said, f"in place of '{lost}'" if lost else "")]


@pytest.mark.parametrize(
    ("template", "wish"),
    [
        ("a [red | green] {class}", "green"),  # an option says it already
        ("a photo of a {class}", "bigger"),  # nobody knows what that is in a caption
        ("a photo of a {class} on grass", "swap the apple for a pear"),  # another class
        ("a photo of a {class} [[x]]", "green"),
    ],
)
def test_where_it_does_not_fit_nothing_is_said(template, wish):
    assert rewrite(template, wish) == []


def test_a_class_of_several_words_stays():
    assert rewrite("a {class} on grass", "two crane birds", "crane bird")[0][0] == "two {class}s on grass"
