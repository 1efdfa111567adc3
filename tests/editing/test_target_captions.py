"""What a picture is to show, in words: the caption of what it shows, changed where the wish changes it."""

from dataclasses import replace

import numpy as np
import pytest

from datacrafter_widget.editing.captions import source_caption, target_caption
from datacrafter_widget.editing.nouns import main_noun
from datacrafter_widget.editing.rules import read
from datacrafter_widget.editing.scenes import where
from datacrafter_widget.toybox.captions import SCENE_PHRASES, describe
from datacrafter_widget.toybox.world import COLOURS, KINDS, SCENES, sample_attributes

APPLE = "a photo of a red apple on grass"
BERRIES = "a photo of two red strawberries on grass"
FISH = "a cartoon of a small orange fish at night"
CRANES = "a photo of two white crane machines at night"
WALK = "A woman in a blue coat walking a dog on a street in Paris."
DOG = "a brown dog on a sofa"
SHOE = "a photo of a leather sneaker"
HORSE = "a photo of a horse in a meadow"


def target(caption, wish):
    return target_caption(caption, read(wish))


@pytest.mark.parametrize(
    ("caption", "wish", "expected"),
    [
        (APPLE, "make the apple green", "a photo of a green apple on grass"),
        (APPLE, "make it orange", "a photo of an orange apple on grass"),
        (APPLE, "put it on snow", "a photo of a red apple on snow"),
        (APPLE, "make it night", "a photo of a red apple at night"),
        (APPLE, "change the background to a table", "a photo of a red apple on a table"),
        (APPLE, "add a second one", "a photo of two red apples on grass"),
        (APPLE, "Another apple, please", "a photo of two red apples on grass"),
        (APPLE, "turn it into a pear", "a photo of a red pear on grass"),
        (APPLE, "turn the red apple into a lemon", "a photo of a lemon on grass"),
        (APPLE, "as a sketch", "a sketch of a red apple on grass"),
        (APPLE, "make it a pencil sketch", "a pencil sketch of a red apple on grass"),
        (APPLE, "remove the apple", "a photo of grass"),
        (BERRIES, "make the strawberries blue", "a photo of two blue strawberries on grass"),
        (BERRIES, "turn them into pears", "a photo of two red pears on grass"),
        (BERRIES, "only one strawberry should be left", "a photo of a red strawberry on grass"),
        (FISH, "make it a photo", "a photo of a small orange fish at night"),
        (FISH, "put it on the grass", "a cartoon of a small orange fish on the grass"),
        (CRANES, "remove the crane on the left", "a photo of a white crane machine at night"),
        ("a photo of a cactus", "add a second cactus", "a photo of two cacti"),
    ],
)
def test_toybox_captions(caption, wish, expected):
    assert target(caption, wish) == expected


@pytest.mark.parametrize(
    ("caption", "wish", "expected"),
    [
        (
            WALK,
            "give her a red hat",
            "A woman with a red hat in a blue coat walking a dog on a street in Paris",
        ),
        (WALK, "make the coat yellow", "A woman in a yellow coat walking a dog on a street in Paris"),
        (WALK, "make it night", "A woman in a blue coat walking a dog on a street in Paris at night"),
        (WALK, "replace the dog with a fox", "A woman in a blue coat walking a fox on a street in Paris"),
        (WALK, "let it snow", "A woman in a blue coat walking a dog on a street in Paris in the snow"),
        (
            WALK,
            "in the style of Vincent van Gogh",
            (
                "a picture of a woman in a blue coat walking a dog on a street in Paris, "
                "in the style of Vincent van Gogh"
            ),
        ),
        (DOG, "make the dog sit down", "a brown dog sitting down on a sofa"),
        (DOG, "make the dog wear sunglasses", "a brown dog wearing sunglasses on a sofa"),
        (DOG, "show it from above", "a brown dog on a sofa, seen from above"),
        (DOG, "turn the dog so that it faces left", "a brown dog facing left on a sofa"),
        (DOG, "Raise its left paw", "a brown dog on a sofa, with its left paw raised"),
        (SHOE, "put it on a marble countertop", "a photo of a leather sneaker on a marble countertop"),
        (SHOE, "change the background to a beach", "a photo of a leather sneaker on a beach"),
        (SHOE, "add warm light from the left", "a photo of a leather sneaker, warm light from the left"),
        (SHOE, "increase the contrast", "a photo of a leather sneaker, high contrast"),
        (SHOE, "make it black and white", "a black and white photo of a leather sneaker"),
        (HORSE, "make the horse a zebra", "a photo of a zebra in a meadow"),
        (HORSE, "make it winter", "a photo of a horse in a meadow in winter"),
        (HORSE, "make it look like an oil painting", "an oil painting of a horse in a meadow"),
        ("a dog and a cat on a rug", "remove the cat", "a dog on a rug"),
        ("a dog and a cat on a rug", "make the cat black", "a dog and a black cat on a rug"),
        ("a man with a beard next to a car", "remove the beard", "a man next to a car"),
        ("three birds on a wire", "add another bird", "four birds on a wire"),
        (
            "a picture of a white house in the snow",
            "paint the front door dark green",
            "a picture of a white house with a dark green front door in the snow",
        ),
        ("a photo of a fish", "put a boat next to it", "a photo of a fish with a boat next to it"),
        ("a photo of a street with cars", "no cars, please", "a photo of a street"),
    ],
)
def test_free_captions(caption, wish, expected):
    assert target(caption, wish) == expected


def some_attributes(count=40):
    rng = np.random.default_rng(5)
    return [sample_attributes(rng) for _ in range(count)]


@pytest.mark.parametrize("attributes", some_attributes(), ids=lambda each: describe(each).text)
def test_wishes_on_any_toybox_caption_give_what_the_toybox_would_say(attributes):
    said = describe(attributes).text
    rng = np.random.default_rng(len(said))
    colour, scene = str(rng.choice(list(COLOURS))), str(rng.choice(SCENES))
    style, kind = str(rng.choice(["cartoon", "sketch", "photo"])), str(rng.choice(KINDS))
    assert target(said, f"make it {colour}") == describe(replace(attributes, colour=colour)).text
    assert target(said, f"turn it into a {style}") == describe(replace(attributes, style=style)).text
    place = SCENE_PHRASES[scene][0]
    put = "make it night" if scene == "night" else f"put it {place}"
    assert target(said, put) == describe(replace(attributes, scene=scene)).text
    thing = f"the {attributes.kind}" if attributes.count == 1 else "both"
    if attributes.count == 1:
        assert target(said, "add a second one") == describe(replace(attributes, count=2)).text
        assert target(said, f"replace {thing} with a {kind}") == describe(replace(attributes, kind=kind)).text
    else:
        one = describe(replace(attributes, count=1)).text
        assert target(said, f"remove the {attributes.kind} on the left") == one


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("night", "at night"),
        ("an autumn forest", "in an autumn forest"),
        ("a plain white backdrop", "in front of a plain white backdrop"),
        ("a dramatic sky", "under a dramatic sky"),
        ("foggy", "in fog"),
        ("evening", "in the evening"),
        ("the beach", "on the beach"),
        ("at dawn", "at dawn"),
        ("winter", "in winter"),
    ],
)
def test_places_and_times_get_their_preposition(wanted, said):
    assert where(wanted) == said


def test_a_caption_that_is_not_known_has_no_target():
    assert target_caption("", read("make it red")) == ""
    assert source_caption("", "", read("as a sketch")) == ""
    assert source_caption("", "orange fish", None) == "a picture of an orange fish"


def test_the_main_noun():
    assert main_noun("a photo of two red crane birds at night") == "crane birds"
    assert main_noun("") == ""
