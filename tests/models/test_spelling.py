"""Words that a text encoder has to spell."""

from datacrafter_widget.models.spelling import spelled_out, tokenizers
from datacrafter_widget.toybox import PIPELINE


class Whole:
    """A tokenizer that knows every word, or every word's stem."""

    def tokenize(self, word):
        return [word[:3], word[3:]] if len(word) > 5 else [word]


def test_words_that_a_tokenizer_was_not_made_for_are_spelled():
    known = tokenizers(PIPELINE)
    assert len(known) == 1
    texts = ["a photo of a Turquoise boat at sea", "two cartoon birds on grass at night", "sea, <b-1> of 猫"]
    assert spelled_out(texts, known) == ["turquoise", "sea"]


def test_one_tokenizer_that_knows_a_word_will_do():
    assert spelled_out(["turquoise"], [*tokenizers(PIPELINE), Whole()]) == []
    assert spelled_out(["turquoise"], []) == []


def test_what_can_not_be_read_is_no_tokenizer(tmp_path):
    (tmp_path / "tokenizer").mkdir()
    assert tokenizers(tmp_path) == []
