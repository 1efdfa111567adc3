"""Nearest phrases say what a class lacks; a small grammar puts labels into sentences."""

from dataclasses import replace

import numpy as np
import pytest
from wishes import World, alike

from datacrafter_widget.active.phrases import nearest_phrases
from datacrafter_widget.active.sentence import parts_of, sentence
from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.class_words import mentions
from datacrafter_widget.toybox.vocabulary import LABELS
from datacrafter_widget.toybox.world import KINDS

LACKING = (
    ("pear", {"scene": "snow"}),
    ("boat", {"colour": "purple"}),
    ("apple", {"style": "sketch"}),
    ("lemon", {"scene": "beach", "colour": "blue"}),
)


@pytest.fixture(scope="module")
def world(clip):
    return World(clip)


def test_phrases_say_what_the_class_lacks(world):
    said = []
    for kind, lacking in LACKING:
        wish = world.wish(kind, **lacking)
        best, *_ = found = nearest_phrases(wish.x, kind, count=3, **world.arguments(wish))
        said.append(wish.true_of(best.labels) and not wish.contradicted_by(best.labels))
        assert best.similarity == max(phrase.similarity for phrase in found) > 0.2
        assert len({phrase.labels for phrase in found}) == len(found) <= 3
    assert np.mean(said) >= 3 / 4


def test_a_phrase_names_its_class_and_no_other(world):
    wish = world.wish("apple", scene="table")
    others = [kind for kind in KINDS if kind != "apple"]
    for phrase in nearest_phrases(wish.x, "apple", count=5, **world.arguments(wish)):
        assert mentions(phrase.text, "apple", "apples")
        assert not mentions(phrase.text, *others)


def test_what_would_make_another_class_of_it_stays_unsaid(world):
    wish = world.wish("lemon", scene="night")
    boats = world.seen([alike("boat")] * 8).mean(axis=0)
    arguments = world.arguments(wish)
    (best,) = nearest_phrases(wish.x + 0.15 * (boats - wish.usual), "lemon", count=1, **arguments)
    assert wish.true_of(best.labels)
    assert not mentions(best.text, "vehicle", "sail", "roof", "beak")


def test_several_phrases_say_different_things(world):
    studio, beach = (world.wish("pear", scene=scene) for scene in ("studio", "beach"))
    both = studio.x + beach.x - studio.usual
    scenes = [
        LABELS[label].scene
        for phrase in nearest_phrases(both, "pear", count=2, **world.arguments(studio))
        for label in phrase.labels
    ]
    assert {"beach", "studio"} <= set(scenes)


def test_without_a_change_the_class_is_named(world):
    wish = world.wish("pear", scene="snow")
    (phrase,) = nearest_phrases(wish.usual * (1 + 1e-15), "pear", **world.arguments(wish))
    assert (phrase.text, phrase.labels, phrase.similarity) == ("a photo of a pear", (), 0)


def test_without_the_usual_the_picture_itself_is_described(world):
    wish = world.wish("pear", scene="snow")
    arguments = world.arguments(wish) | {"usual": None}
    shown = world.seen([replace(alike("pear"), scene="snow")])[0]
    assert any(
        set(phrase.labels) & {"snow", "winter"} for phrase in nearest_phrases(shown, "pear", **arguments)
    )


def test_without_labels_the_class_is_named(world):
    wish = world.wish("pear", scene="snow")
    arguments = world.arguments(wish) | {"labels": ["pear", " ", "apple"]}
    (phrase,) = nearest_phrases(wish.x, "pear", **arguments)
    assert (phrase.text, phrase.labels) == ("a photo of a pear", ())


def test_bad_input_is_named(world):
    wish = world.wish("pear", scene="snow")
    with pytest.raises(InputError, match="a class's word, found 3 and ' '"):
        nearest_phrases(wish.x, " ", **world.arguments(wish))
    with pytest.raises(InputError, match=r"x: expected an array of \(N, 128\)"):
        nearest_phrases(wish.x[:7], "pear", **world.arguments(wish))


def test_labels_stand_where_english_has_them():
    def said(word, *labels):
        return sentence(word, [parts_of(label)[0] for label in labels])

    assert said("pear") == "a photo of a pear"
    assert said("pear", "snow", "red") == "a photo of a red pear on snow"
    assert said("apple", "night", "pencil drawing") == "a pencil drawing of an apple at night"
    assert said("strawberry", "two", "wooden table") == "a photo of two strawberries on a wooden table"
    assert said("bird", "orange", "small", "long legs") == "a photo of a small orange bird with long legs"
    assert said("boat", "sea", "pair") == "a photo of a pair of boats in the sea"
    assert {part.words for part in parts_of("roof")} == {"on a roof"}
    assert {part.words for part in parts_of("hook")} == {"with hook", "with a hook"}
    assert parts_of("one") == []


def test_a_sentence_says_nothing_twice():
    def joins(label, *others):
        return parts_of(label)[0].joins([parts_of(other)[0] for other in others])

    assert joins("red", "sketch", "snow")
    assert joins("night", "beach", "roses")
    assert joins("hook", "roses")
    assert not joins("cartoon", "sketch")
    assert not joins("pair", "two")
    assert not joins("wood", "grass")
    assert not joins("plain background", "snow")
    assert joins("snow", "night")
    assert not joins("yellow", "white")
    assert not joins("wooden table", "table")
