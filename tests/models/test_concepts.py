from pathlib import Path

import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.concepts import Concept, free_token, in_words, token_name, tokens_in


def test_tokens_are_found_once_and_in_order():
    assert tokens_in("a <crane-2> beside a <crane-1>, a <crane-2>") == ("<crane-1>", "<crane-2>")
    assert tokens_in("a photo of a crane <3, x < y, <|endoftext|>, < spaced >") == ()
    assert tokens_in("[<a-1> | a sketch of <b-1>] {class}") == ("<a-1>", "<b-1>")


def test_a_lora_token_becomes_its_words_and_a_learned_word_stays():
    lora = Concept("<crane-1>", "lora", Path("lora.safetensors"), "sks crane")
    word = Concept("<crane-2>", "textual_inversion", Path("word.safetensors"), "<crane-2>")
    prompt = "a <crane-1> and a <crane-2> and a <fish-1>"
    assert in_words(prompt, [lora, word]) == "a sks crane and a <crane-2> and a <fish-1>"
    assert lora.name == "crane-1"


@pytest.mark.parametrize("token", ["crane", "<crane 1>", "<>", "<../up>", "<Crane>", "<-x>", f"<{'x' * 41}>"])
def test_what_is_no_token_is_refused_with_an_example(token):
    with pytest.raises(InputError, match="<crane-1>"):
        token_name(token)


def test_a_new_token_takes_the_first_free_number():
    assert free_token("crane", []) == "<crane-1>"
    assert free_token("Crane bird", ["<crane-bird-1>", "<crane-bird-3>"]) == "<crane-bird-2>"
    assert free_token("鶴", []) == "<concept-1>"
    assert token_name(free_token("x" * 99, []))
