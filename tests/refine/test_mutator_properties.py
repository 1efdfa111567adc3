"""Mutators never fail and never make what is no template, whatever the words."""

import zlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacrafter_widget.editing.wishes import said_as_wished
from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.templates import PromptTemplate, escape
from datacrafter_widget.refine import (
    Candidate,
    CombineMutator,
    FeedbackMutator,
    Tried,
    VarietyMutator,
    WishMutator,
)

DIM = 8
WORDS = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        ["[a | b]", "{class}", "]]", "a|b", "red", "on grass", ",", " ", "ÄÖ ß", "猫", "it's", "[", "}"]
    ),
)


def encode(texts):
    rows = np.zeros((len(texts), DIM))
    for row, text in zip(rows, texts, strict=True):
        row[:] = np.random.default_rng(zlib.crc32(text.encode())).normal(size=DIM)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def mutators(word, labels, wish, avoid, *, encoder):
    rng = np.random.default_rng(0)
    groups = [rng.normal(size=(9, DIM)) + shift for shift in (0.5, -0.5, 0.0)]
    prompts = [f"a photo of a {word}"] * 9
    words = (word, labels, encode(labels))
    both = {"encode_texts": encode if encoder else None, "avoid": avoid}
    marked = {
        "wanted": [groups[0]],
        "unwanted": groups[1],
        "wanted_prompts": prompts,
        "unwanted_prompts": prompts,
        **both,
    }
    yield FeedbackMutator(*words, **marked)
    yield FeedbackMutator(*words, **marked, rest=groups[2])
    yield VarietyMutator(*words, **marked)
    yield CombineMutator(*words, first=groups[0], second=groups[1], rest=groups[2], **both)
    if wish.strip():
        yield WishMutator(*words, wish, rewrite=partial(said_as_wished, wish=wish), **both)


@settings(max_examples=25, deadline=None)
@given(
    word=WORDS.filter(str.strip),
    labels=st.lists(WORDS, max_size=7, unique=True),
    wish=WORDS,
    said=st.lists(WORDS, min_size=1, max_size=2),
    encoder=st.booleans(),
)
def test_variations_are_valid_different_and_give_a_reason(word, labels, wish, said, encoder):
    template = f"[a photo of | {escape(said[0])} x] a {escape(said[-1])} {{class}} on grass"
    try:
        parent = Candidate(PromptTemplate.parse(template).text, "blur")
    except TemplateError:
        return
    for mutate in mutators(word, labels, wish, ["blue"], encoder=encoder):
        found = mutate(parent, 9, np.random.default_rng(1))
        assert len(found) <= 9
        assert len({each.key(word) for each in found} | {parent.key(word)}) == len(found) + 1
        for each in found:
            assert PromptTemplate.parse(each.template).text == each.template
            assert each.negative.startswith("blur")
            assert each.reasons
            assert all(each.reasons)


LABELS = ["red", "blue", "grass", "snow", "sketch", "night"]


@pytest.mark.parametrize("index", range(5))
def test_words_to_avoid_never_come_in(index):
    parent = Candidate("[a photo of | a sketch of] a red {class} on grass")
    avoid = ["Blue", "snow", "grass!", "sketch"]
    strict = list(mutators("owl", LABELS, "at night", avoid, encoder=True))[index]
    kept = strict(parent, 40, np.random.default_rng(0))
    for each in kept:
        assert not {"blue", "snow"} & set((each.template + " " + each.negative).casefold().split())
        assert "sketch" not in each.negative  # it stands in the template already, and may stay there


@pytest.mark.parametrize("index", range(5))
def test_what_has_been_tried_is_not_tried_again(index):
    mutate = list(mutators("owl", LABELS, "at night", [], encoder=True))[index]
    parent = Candidate("[a photo of | a sketch of] a red {class} on grass")
    first = mutate(parent, 3, np.random.default_rng(0))
    tried = [Tried(each, gain=-1.0, standard_error=0.1, proxies=8) for each in first]
    again = mutate(parent, 3, np.random.default_rng(0), tried)
    assert not {each.key("owl") for each in first} & {each.key("owl") for each in again}


def test_what_helped_before_is_tried_first_and_what_did_not_last():
    mutate = next(mutators("owl", LABELS, "", [], encoder=False))
    parent = Candidate("a {class}")
    found = mutate(parent, 30, np.random.default_rng(0))
    first, last = found[0].reasons[0], found[-1].reasons[-1]
    assert first != last
    hurt = Tried(Candidate("the {class}", reasons=(first,)), -2.0, 0.1, 8)
    helped = Tried(Candidate("one {class}", reasons=(last,)), 2.0, 0.1, 8)
    again = mutate(parent, 30, np.random.default_rng(0), [helped, hurt])
    assert again[0].reasons == (last,)
    assert first in again[-1].reasons
