import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.generation.class_words import with_placeholder
from datacrafter_widget.generation.strategies import (
    QUALITY_WORDS,
    STRATEGIES,
    find_strategy,
    make,
    siblings,
)
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.models.language import OpenAILanguageModel
from datacrafter_widget.toybox import CLASSES

WORDS = ("airplane", "automobile", "ship", "truck", "frog", "horse", "sports car", "car")
CAPTIONS = [
    "A red Ship in a harbour.",
    "two horses beside a horse on a meadow",
    "an airplane [landing] at {dusk}",
    "an old truck | a new one",
    "a frog, {class} of amphibians",
    "my automobile in 2012",
    "his sports car",
    "the car next door",
]


def prompts(template, word):
    parsed = PromptTemplate.parse(template)
    return [parsed.render(choice, word) for choice in parsed.combinations()]


@pytest.mark.parametrize(
    "name", [each for strategy in STRATEGIES for each in (strategy.name, strategy.long_name)]
)
def test_every_prompt_of_every_strategy_names_its_class(name):
    drafts = make(name, WORDS, captions=CAPTIONS)
    assert list(drafts) == list(WORDS)
    for word, draft in drafts.items():
        assert PromptTemplate.parse(draft.text).names_class
        assert all(word in prompt for prompt in prompts(draft.text, word))


def test_the_simple_one_is_the_word_alone():
    assert prompts(make("ST", ["crane"])["crane"].text, "crane") == ["crane"]


def test_the_defined_ones_are_those_of_clip():
    found = prompts(make("defined", ["airplane"], kind="aircraft")["airplane"].text, "airplane")
    assert len(found) == len(set(found)) == 18
    assert "a black and white photo of the airplane, a type of aircraft" in found
    assert "a photo of an airplane, a type of aircraft" in found
    assert "a photo of the big airplane" in prompts(make("DT", ["airplane"])["airplane"].text, "airplane")


def test_restrictions_follow_the_defined_templates():
    found = prompts(make("RD", ["airplane"])["airplane"].text, "airplane")
    assert "a photo of the big airplane, ((sharp focus)), ((highly detailed)), ((hires))" in found


def test_negative_prompts_are_siblings_and_bad_quality():
    negative = make("NP", WORDS)["airplane"].negative.split(", ")
    assert negative == ["automobile", "ship", "truck", "frog", "horse", *QUALITY_WORDS]
    assert make("NP", ["airplane"])["airplane"].negative == ", ".join(QUALITY_WORDS)
    assert "ship" in make("NP", ["airplane"], all_classes=WORDS)["airplane"].negative


def test_siblings_never_share_the_class_s_words():
    assert "car" not in siblings("sports car", WORDS, count=10)
    assert "sports car" not in siblings("car", WORDS, count=10)
    assert len(siblings("frog", WORDS, count=10)) == 7


def test_siblings_are_the_nearest_to_the_encoder(clip):
    found = siblings("fish", CLASSES, encode_texts=clip.encode_texts)
    texts = clip.encode_texts([f"a photo of a {name}" for name in CLASSES])
    near = np.argsort(-(texts @ texts[CLASSES.index("fish")]))
    assert found == [CLASSES[at] for at in near if CLASSES[at] != "fish"][:5]
    assert make("NP", ["fish"], all_classes=CLASSES, encode_texts=clip.encode_texts)[
        "fish"
    ].negative.startswith(", ".join(found))


def test_enhancement_speaks_of_what_the_class_s_pictures_show():
    labels = {"fish": ["red", "sea [blue]", "house", "fish", "fishing boat", "at night"]}
    drafts = make("CE", ["fish", "house"], all_classes=["fish", "house", "boat"], labels=labels)
    found = prompts(drafts["fish"].text, "fish")
    assert any(prompt.endswith(", red") for prompt in found)
    assert any(prompt.endswith(", sea [blue]") for prompt in found)
    assert not any(word in prompt for word in ("house", "boat") for prompt in found)
    assert all(prompt.count("fish") == 1 for prompt in found)
    assert len({*prompts(drafts["house"].text, "house")}) > 20


def language(chat):
    return OpenAILanguageModel("writer", base_url=chat.url, max_retries=0, timeout=30)


def test_a_language_model_writes_the_sentences(chat):
    rows = [
        {
            "number": 1,
            "sentences": [
                "A white Airplane soars through [clear] blue skies.",
                "Something else entirely.",
                "An airplane above a ship.",
            ],
        },
        {"number": 2, "sentences": ["Nothing."]},
        {"number": 9, "sentences": ["A frog."]},
    ]
    chat.say(json.dumps({"classes": rows}))
    drafts = make("CE", ["airplane", "ship"], language=language(chat))
    assert prompts(drafts["airplane"].text, "airplane") == [
        "A white airplane soars through [clear] blue skies"
    ]
    assert len(prompts(drafts["ship"].text, "ship")) > 20  # by the grammar
    asked = json.loads(chat.requests[0]["messages"][1]["content"])
    assert [row["word"] for row in asked["classes"]] == ["airplane", "ship"]


def test_a_language_model_that_fails(chat):
    chat.say("no JSON")
    with pytest.raises(ModelError):
        make("CE", ["airplane"], language=language(chat))


def test_retrieval_takes_captions_of_the_class():
    drafts = make("RA", WORDS, captions=CAPTIONS)
    assert prompts(drafts["ship"].text, "ship") == ["A red ship in a harbour"]
    assert prompts(drafts["airplane"].text, "airplane") == ["an airplane [landing] at {dusk}"]
    assert prompts(drafts["truck"].text, "truck") == ["an old truck / a new one"]
    assert prompts(drafts["frog"].text, "frog") == ["a frog, {class} of amphibians"]
    assert prompts(drafts["horse"].text, "horse") == ["two horses beside a horse on a meadow"]


def test_retrieval_by_nearness_where_no_caption_names_the_class(clip):
    captions = ["a photo of a red fish", "a blue truck at night", "a sketch of a house"]
    words = ["fish", "house", "trout"]
    (found,) = {
        *prompts(
            make("RA", ["trout"], all_classes=words, captions=captions, encode_texts=clip.encode_texts)[
                "trout"
            ].text,
            "trout",
        )
    }
    assert found == "a photo of a trout, a blue truck at night"  # the others name other classes
    with pytest.raises(InputError, match="no caption speaks of 'trout'"):
        make("RA", ["trout"], captions=captions)
    ranked = make(
        "RA", ["fish"], captions=["fish " + each for each in captions], encode_texts=clip.encode_texts
    )
    assert prompts(ranked["fish"].text, "fish")[0] == "fish a photo of a red fish"


def test_retrieval_from_the_captions_of_each_class():
    own = {"cat": ["a grey animal on a sofa", "a cat"], "dog": ["it barks at a cat and a dog"]}
    drafts = make("RA", ["cat", "dog"], captions=own)
    assert prompts(drafts["cat"].text, "cat") == ["a cat"]
    assert prompts(drafts["dog"].text, "dog") == ["it barks at a cat and a dog"]
    with pytest.raises(InputError, match="no caption speaks of 'bird'"):
        make("RA", ["bird"], captions=own)


@settings(max_examples=150, deadline=None)
@given(
    captions=st.lists(st.text(max_size=80), min_size=1, max_size=12), word=st.text(min_size=1, max_size=12)
)
def test_no_caption_breaks_a_template(captions, word):
    drafts = make("RA", ["fish"], captions=[f"{text} fish {text}" for text in captions])
    assert all("fish" in prompt for prompt in prompts(drafts["fish"].text, "fish"))
    for name in ("ST", "DT", "CE", "RD", "NP"):
        (draft,) = make(name, [word], kind=captions[0], labels={word: captions}).values()
        assert PromptTemplate.parse(draft.text).names_class
        assert "{class}" not in draft.negative


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_text_of_others_is_taken_literally(text):
    template = with_placeholder(f"x {text} x", "fish")
    (prompt,) = prompts(template, "FISH")
    plain = prompt.casefold()
    for bracket in "[]{}":
        assert plain.count(bracket) == text.count(bracket)


def test_names_of_strategies():
    assert find_strategy("np") is find_strategy("Negative") is find_strategy("negative")
    assert find_strategy("category enhancement").name == "CE"
    with pytest.raises(
        InputError, match=r"expected one of 'ST' \(simple\), .*'RA' \(retrieval\); found 'XX'"
    ):
        make("XX", WORDS)
    with pytest.raises(InputError, match="at least one class"):
        make("ST", [])
