from dataclasses import replace

import numpy as np

from datacrafter_widget.toybox.captions import CONCEPTS, caption, describe, plural, with_article
from datacrafter_widget.toybox.vocabulary import LABELS, VOCABULARY
from datacrafter_widget.toybox.world import KINDS, Attributes, sample_attributes

CRANE_BIRD = Attributes("crane bird", "white", "night", "sketch")


def test_captions_are_true_of_their_picture():
    rng = np.random.default_rng(0)
    for _ in range(300):
        attributes = sample_attributes(rng)
        assert caption(attributes, rng).fits(attributes)
        assert describe(attributes).fits(attributes)


def test_full_sentence():
    assert describe(CRANE_BIRD).text == "a sketch of a white crane bird at night"
    two = Attributes("strawberry", "orange", "grass", "photo", 2)
    assert describe(two).text == "a photo of two orange strawberries on grass"
    assert (
        describe(Attributes("pear", "orange", "snow", "cartoon")).text
        == "a cartoon of an orange pear on snow"
    )


def test_crane_is_ambiguous_and_its_two_names_are_not():
    machine = replace(CRANE_BIRD, kind="crane machine")
    both = describe(CRANE_BIRD, concept="crane")
    assert both.fits(CRANE_BIRD)
    assert both.fits(machine)
    assert not describe(CRANE_BIRD).fits(machine)
    rng = np.random.default_rng(0)
    bare = [caption(each, rng).concept == "crane" for each in (CRANE_BIRD, machine) for _ in range(400)]
    assert 0.4 < np.mean(bare[:400]) < 0.6
    assert 0.4 < np.mean(bare[400:]) < 0.6


def test_words():
    assert plural("cactus") == "cacti"
    assert plural("crane bird") == "crane birds"
    assert with_article("orange fish") == "an orange fish"


def test_vocabulary_names_every_kind_and_only_things_that_occur():
    rng = np.random.default_rng(0)
    pictures = [sample_attributes(rng) for _ in range(800)]
    assert set(KINDS) <= set(VOCABULARY)
    assert 60 <= len(VOCABULARY) <= 90
    assert set(CONCEPTS) <= set(LABELS)
    for label in LABELS.values():
        share = np.mean([label.fits(picture) for picture in pictures])
        assert 0.01 < share < 0.85, label.text
