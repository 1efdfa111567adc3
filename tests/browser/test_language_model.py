"""The language model in the Info panel: its name, what it cost, when it is away, and labels by it."""

LANGUAGE = {
    "name": "openai/<b>tiny",
    "calls": 41,
    "cached": 3,
    "prompt_tokens": 38_000,
    "completion_tokens": 3000,
    "cost": 0.25,
    "problem": None,
}


def facts(bare):
    return bare.page.locator(".dc-model > *").all_text_contents()


def test_info_tells_what_the_language_model_was_asked_and_what_it_cost(bare):
    bare.show("info", info={"language": LANGUAGE})
    assert facts(bare)[2:4] == ["Language<b>tiny", "41 calls · 41k tokens · $0.25"]
    bare.change_info(language=LANGUAGE | {"problem": "no answer from <i>there"})
    assert facts(bare)[2:4] == ["Language<b>tiny", "working without it: no answer from <i>there"]


def test_without_a_language_model_there_is_nothing_to_say_or_to_choose(bare):
    bare.show("info")
    assert not any("Language" in fact for fact in facts(bare))
    assert not bare.page.get_by_text("Language model", exact=True).is_visible()


def test_labels_are_asked_of_the_language_model_and_back_when_that_fails(bare):
    bare.show("info", info={"language": LANGUAGE})
    clip, language = bare.page.get_by_label("CLIP"), bare.page.get_by_label("Language model")
    assert clip.is_checked()
    language.check()
    assert bare.sent("label") == [{"with": "language"}]
    assert language.is_checked()
    assert language.is_disabled()
    bare.refuse("label", "no answer")
    assert clip.is_checked()
    assert bare.page.locator("[data-slot='labels']").text_content() == "no answer"
    assert clip.is_enabled()
