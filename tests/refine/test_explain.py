"""Edits between two prompts, each of which can be taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine import Candidate
from datacrafter_widget.refine.explain import edits_between

START = Candidate("a photo of a {class} on grass", "blurry")


def said(after, negative="blurry"):
    return {edit.text: edit.without for edit in edits_between(START, Candidate(after, negative))}


def test_equal_prompts_have_no_edits():
    assert edits_between(START, START) == []


def test_added_words_are_taken_back():
    edits = said("a photo of a {class} bird on grass, at night")
    assert {text: edit.template for text, edit in edits.items()} == {
        "adds 'bird'": "a photo of a {class} on grass, at night",
        "adds 'at night'": "a photo of a {class} bird on grass",
    }


def test_a_word_that_becomes_a_slot_is_one_edit():
    edits = said("a photo of a {class} on [snow | sand]")
    assert {text: edit.template for text, edit in edits.items()} == {
        "'grass' becomes '[snow | sand]'": START.template
    }


def test_terms_of_the_negative_prompt_come_and_go_one_by_one():
    edits = said(START.template, "machine, crane hook")
    assert {text: edit.negative for text, edit in edits.items()} == {
        "avoids 'machine'": "crane hook",
        "avoids 'crane hook'": "machine",
        "no longer avoids 'blurry'": "machine, crane hook, blurry",
    }


def test_an_edit_that_cannot_be_taken_back_alone_is_left_out():
    with pytest.raises(TemplateError):
        edits_between(START, Candidate("a [photo", ""))


WORDS = st.lists(
    st.sampled_from(["a", "{class}", "[x | y]", "[z | ]", "red,", "night", "[[odd]]", "it's"]), min_size=1
)


@given(WORDS, WORDS)
def test_every_edit_leaves_a_valid_template(before, after):
    old, new = (" ".join([*words, "end"]) for words in (before, after))
    edits = edits_between(Candidate(old), Candidate(new))
    for edit in edits:
        assert PromptTemplate.parse(edit.without.template)
    if len(edits) == 1 and "[[" not in old + new:
        assert edits[0].without.template.split() == old.split()


def test_a_word_that_moves_is_one_edit():
    (edit,) = edits_between(Candidate("a {class} in snow"), Candidate("in snow a {class}"))
    assert edit.text in {"moves 'in snow'", "moves 'a {class}'"}
    assert edit.without.template == "a {class} in snow"


def test_a_comma_alone_is_no_edit():
    assert edits_between(Candidate("a {class} at night"), Candidate("a {class}, at night")) == []


def test_slots_with_brackets_of_their_own_stay_valid():
    after = Candidate("a photo of a {class} on grass, [[[x]] | y]", "blurry")
    assert [edit.without.template for edit in edits_between(START, after)] == [START.template]


def test_a_slot_says_which_options_came_and_went():
    before = Candidate("[a photo of | a sketch of] a {class}")
    (edit,) = edits_between(before, Candidate("[a photo of | a cartoon of | ] a {class}"))
    assert edit.text == "drops the option 'a sketch of' and adds the option 'a cartoon of', nothing"
    assert edit.without.template == before.template
