import numpy as np
import pytest

from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.english import correct_articles
from datacrafter_widget.generation.templates import DEFAULT_TEMPLATE, PromptTemplate, escape


def all_prompts(text, word="crane"):
    template = PromptTemplate.parse(text)
    return [template.render(choice, word) for choice in template.combinations()]


def test_paper_template_gives_every_combination():
    assert all_prompts("[a photo of | a sketch of] a [bright | dark] {class}") == [
        "a photo of a bright crane",
        "a photo of a dark crane",
        "a sketch of a bright crane",
        "a sketch of a dark crane",
    ]


def test_default_template_parses_and_names_the_class():
    template = PromptTemplate.parse(DEFAULT_TEMPLATE)
    assert template.count == 3
    assert template.names_class
    assert template.text == DEFAULT_TEMPLATE


def test_same_seed_same_prompts():
    template = PromptTemplate.parse(DEFAULT_TEMPLATE)
    draws = [[template.sample(np.random.default_rng(7), "fish") for _ in range(5)] for _ in range(2)]
    assert draws[0] == draws[1]
    rng = np.random.default_rng(0)
    assert len({template.sample(rng, "fish") for _ in range(50)}) == 3


def test_empty_option_leaves_no_blanks_or_commas():
    assert all_prompts("a [ | bright] {class}[ | , at night], in snow") == [
        "a crane, in snow",
        "a crane, at night, in snow",
        "a bright crane, in snow",
        "a bright crane, at night, in snow",
    ]


def test_article_follows_the_sampled_word():
    assert all_prompts("a photo of a [orange | red | ] {class}", "owl") == [
        "a photo of an orange owl",
        "a photo of a red owl",
        "a photo of an owl",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a hour with a unicorn", "an hour with a unicorn"),
        ("An useful thing", "A useful thing"),
        ("a uninteresting umbrella", "an uninteresting umbrella"),
        ("a x-ray of a U-boat", "an x-ray of a U-boat"),
        ("vitamin A extract", "vitamin A extract"),
        ("a élan and a 8 ball", "an élan and a 8 ball"),
        ("data owl", "data owl"),
        ("an one-eyed eurasian owl", "a one-eyed eurasian owl"),
    ],
)
def test_articles(before, after):
    assert correct_articles(before) == after


def test_class_word_is_taken_literally_even_with_brackets():
    assert all_prompts("a {class}", r"[x | y] {class} \1") == [r"a [x | y] {class} \1"]


def test_doubled_brackets_are_literal():
    assert all_prompts("a {class} [[1]] {{b}} [c]]d | e]") == ["a crane [1] {b} c]d", "a crane [1] {b} e"]
    hostile = "a [b | c] {class} }{"
    assert PromptTemplate.parse(escape(hostile)).render((), "x") == hostile.replace("|", "/")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a [b | c", "never closed"),
        ("a b] c", "without '\\['"),
        ("a [b [c | d]] e", "slot inside a slot"),
        ("a [ | ] {class}", "without words"),
        ("a [] {class}", "without words"),
        ("a {clas}", "unknown placeholder '{clas}'"),
        ("a {class", "single '{'"),
        ("a class}", "single '}'"),
        ("[ | a] [ | b]", "come out empty"),
        ("x" * 3000, "at most 2000"),
    ],
)
def test_errors_say_what_and_where(text, says):
    with pytest.raises(TemplateError, match=says):
        PromptTemplate.parse(text)


def test_error_gives_the_position():
    with pytest.raises(TemplateError, match="character 3 "):
        PromptTemplate.parse("a [b | c")


def test_text_is_not_a_number():
    with pytest.raises(TemplateError, match="found int"):
        PromptTemplate.parse(3)


def test_edits_give_valid_templates():
    template = PromptTemplate.parse("[a photo of | a sketch of] a [red | green] {class}")
    assert template.slots == (("a photo of", "a sketch of"), ("red", "green"))
    assert template.with_slot(1, ["blue", "", "red"]).slots[1] == ("blue", "", "red")
    assert template.with_slot(0, ["a photo of"]).text == "a photo of a [red | green] {class}"
    assert template.without_slot(-1).render((0,), "owl") == "a photo of an owl"
    assert template.replace_class("{class} bird").render((0, 0), "crane") == "a photo of a red crane bird"
    assert template.with_options_before_class(["tall", "small"]).count == 8
    assert template.append("[ | , at night]").count == 8
    with pytest.raises(TemplateError, match="no slot 2"):
        template.with_slot(2, ["x"])
    with pytest.raises(TemplateError):
        template.with_slot(0, ["a [b"])


def test_render_checks_the_choices():
    with pytest.raises(TemplateError, match="one option index a slot"):
        PromptTemplate.parse("[a | b] c").render((2,), "x")


def test_a_slot_keeps_options_in_brackets():
    template = PromptTemplate.parse("[ [[old]] | new] {class}").with_slot(0, ["[[old]]", "new [[one]]"])
    assert all_prompts(template.text) == ["[old] crane", "new [one] crane"]
    wide = PromptTemplate.parse("a {class}").with_options_before_class([escape("[old]"), "new"])
    assert all_prompts(wide.text) == ["a [old] crane", "a new crane"]
