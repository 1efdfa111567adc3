"""Directions to practise a subject or a style in."""

import numpy as np
import pytest

from datacrafter_widget.active.anchors import (
    OBJECT_PLACES,
    STYLE_THINGS,
    Anchor,
    beside_text,
    make_anchors,
    reference_prompt,
    spread_labels,
)
from datacrafter_widget.errors import InputError


def test_by_default_a_subject_is_put_into_places_and_a_style_given_to_things():
    places, things = make_anchors("object", "orange"), make_anchors("style", "style")
    assert (len(places), len(things)) == (18, 18)
    assert places[0] == Anchor("a photo of a {} in a garden", "a photo of an orange in a garden")
    assert things[0] == Anchor("an umbrella in {}", "an umbrella")
    assert len({*OBJECT_PLACES, *STYLE_THINGS}) == 36


def test_anchors_may_be_ones_own():
    whole = Anchor("a sketch of a {} at night", "a sketch of a dog at night")
    made = make_anchors("object", "dog", ["on  a roof", whole])
    assert made == (Anchor("a photo of a {} on a roof", "a photo of a dog on a roof"), whole)


def test_the_given_pictures_are_spoken_of_as_an_anchor_is():
    assert reference_prompt("object", "on a table") == "a photo of a {} on a table"
    assert (reference_prompt("object"), reference_prompt("style")) == ("a photo of a {}", "a picture in {}")
    assert beside_text("object", "apple", "on a table") == "a photo of an apple on a table"
    assert (reference_prompt("style", "a cat"), beside_text("style", "style", "a cat")) == (
        "a cat in {}",
        "a cat",
    )


def test_labels_that_lie_far_from_each_other_become_anchors():
    labels = ["dog", "grass", "meadow", "snow", "night"]
    features = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.99, 0.141, 0], [0, 0, 0, 1], [0, 0.3, 0.954, 0]])
    assert spread_labels(labels, features, leave_out=["Dog"], count=3) == ["grass", "snow", "night"]
    assert spread_labels(labels[:2], features[:2], count=18) == ["dog", "grass"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: make_anchors("person", "dog"), '"object" or "style"'),
        (lambda: make_anchors("object", "dog", "on a roof"), "in a list"),
        (lambda: make_anchors("object", "dog", []), "found 0"),
        (lambda: make_anchors("object", "dog", ["here", "here"]), "1 of them different"),
        (lambda: make_anchors("object", "dog", ["a {} here"]), "a place such as"),
        (lambda: make_anchors("style", "dog", [3]), "a thing such as"),
        (lambda: make_anchors("object", "dog", [Anchor("no place", "here")]), "once"),
        (lambda: spread_labels(["dog"], np.eye(1), leave_out=["dog"]), "found none"),
        (lambda: spread_labels(["dog"], np.eye(2)), "a row for each"),
    ],
)
def test_what_is_no_anchor_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
