"""Prompts as cards with chips: each change of an option is one edit of the template."""

import pytest

CRANE = {"id": 5, "name": "crane", "word": "crane", "originals": 3, "generated": 0, "hidden": 0}
TEXT = "[a photo of | a sketch of | art of] a {class}, [day | night]"
TEMPLATE = {"id": 9, "class_id": 5, "text": TEXT, "negative": "blur", "origin": "default"}
OTHER = TEMPLATE | {"id": 10, "text": "a {class} <b>alone</b>", "negative": ""}


@pytest.fixture
def card(bare):
    """The card of `TEMPLATE` as long as that has not been edited."""
    show(bare)
    return bare.page.locator("[data-template='9']")


def show(bare, **info):
    bare.show("prompts", info={"classes": [CRANE], **info}, templates=[TEMPLATE, OTHER])


def chip(bare, name):
    return bare.page.get_by_role("button", name=name, exact=True)


def edits(bare):
    return [message["text"] for message in bare.sent("edit_template")]


def cards(bare):
    return bare.page.locator("[data-template]").evaluate_all("all => all.map(each => each.dataset.template)")


def edited(bare, template, text):
    """Say what Python says of an edit: the template has a new id."""
    bare.state(templates=[OTHER, TEMPLATE | {"id": template, "text": text, "origin": "user"}])
    bare.page.locator(f"[data-template='{template}']").wait_for()


def test_an_option_is_left_out_and_taken_back_in_its_place(bare, card):
    chip(bare, "a sketch of").click()
    text = "[a photo of | art of] a {class}, [day | night]"
    assert bare.sent("edit_template") == [{"template": 9, "text": text, "negative": "blur"}]
    assert card.evaluate("card => card.inert")
    bare.answer("edit_template")
    edited(bare, 11, text)
    assert cards(bare) == ["11", "10"], "the card jumped to another place"
    assert bare.focused() == "a sketch of"
    assert chip(bare, "a sketch of").get_attribute("aria-pressed") == "false"
    bare.page.keyboard.press("Enter")
    assert edits(bare)[-1] == TEXT
    bare.answer("edit_template")
    edited(bare, 12, TEXT)
    assert chip(bare, "a sketch of").get_attribute("aria-pressed") == "true"


@pytest.mark.usefixtures("card")
def test_options_are_reached_removed_and_added_by_keyboard(bare):
    chip(bare, "a photo of").focus()
    for _ in range(2):
        bare.page.keyboard.press("ArrowRight")
    assert bare.focused() == "art of"
    bare.page.keyboard.press("Delete")
    text = "[a photo of | a sketch of] a {class}, [day | night]"
    assert edits(bare) == [text]
    bare.answer("edit_template")
    edited(bare, 11, text)
    assert chip(bare, "art of").count() == 0
    assert bare.focused() == "a sketch of"
    bare.page.keyboard.press("ArrowRight")
    bare.page.keyboard.press("Enter")
    bare.page.keyboard.type("an oil painting of")
    bare.page.keyboard.press("Enter")
    text = "[a photo of | a sketch of | an oil painting of] a {class}, [day | night]"
    assert edits(bare)[-1] == text
    bare.answer("edit_template")
    edited(bare, 12, text)
    assert bare.focused() == "Add an option"


def test_a_new_option_is_given_up_with_escape(bare, card):
    card.locator("[data-action='add-option']").first.click()
    bare.page.keyboard.type("x")
    bare.page.keyboard.press("Escape")
    assert bare.focused() == "Add an option"
    assert edits(bare) == []


def test_what_python_refuses_is_said_on_the_card_and_nothing_changes(bare, card):
    card.locator("[data-action='add-option']").first.click()
    bare.page.keyboard.type("a [b")
    bare.page.keyboard.press("Enter")
    bare.refuse("edit_template", "a slot inside a slot")
    assert card.get_by_text("a slot inside a slot").is_visible()
    assert card.get_by_text("a [b").count() == 0
    assert not card.evaluate("card => card.inert")


@pytest.mark.usefixtures("card")
def test_the_last_option_of_a_slot_stays(bare):
    chip(bare, "day").click()
    text = "[a photo of | a sketch of | art of] a {class}, [night]"
    bare.answer("edit_template")
    edited(bare, 11, text)
    chip(bare, "night").click()
    assert bare.page.get_by_text("A slot keeps one option at least.").is_visible()
    assert edits(bare) == [text]


@pytest.mark.usefixtures("card")
def test_an_option_that_is_left_out_is_forgotten_with_delete(bare):
    chip(bare, "day").click()
    bare.answer("edit_template")
    edited(bare, 11, edits(bare)[0])
    bare.page.keyboard.press("Delete")
    assert chip(bare, "day").count() == 0
    assert len(edits(bare)) == 1


def test_an_example_shows_what_the_template_becomes(bare, card):
    example = card.locator(".dc-example")
    seen = {example.inner_text()}
    assert "crane, " in example.inner_text()
    example.click()
    seen.add(example.inner_text())
    assert len(seen) == 2
    assert "6 prompts" in example.get_attribute("title")
    assert bare.page.locator("[data-template='10'] .dc-example").inner_text() == "a crane <b>alone</b>"


def test_what_can_only_be_read_has_no_chips_to_press(bare):
    show(bare, read_only=True)
    assert bare.page.locator("button.dc-option").count() == 0
    assert bare.page.get_by_text("a sketch of", exact=True).is_visible()
