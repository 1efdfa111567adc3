"""Feedback from the map's tools, and the card that answers it: without a notebook, so that it is quick."""

import pytest
from furnished import proposal

CLASSES = [{"id": 1, "name": "crane", "word": "crane", "originals": 6, "generated": 9, "hidden": 0}]
WEIGHTS = {"remove": {"away": 1, "near": 1}, "transform": {"moved": 1, "kept": 1}}
PROPOSAL = proposal() | {
    "template_id": 2,
    "kind": "remove",
    "wish": "",
    "after": "a photo of a {class} bird",
    "reasons": ["'machine' is on most of what you removed <script>"],
    "edits": [
        {"text": "adds 'bird'", "gain": 1.2, "standard_error": 0.2},
        {"text": "avoids '<b>machine'", "gain": None, "standard_error": None},
    ],
}


def show_map(bare, **tables):
    bare.show("map", info={"classes": CLASSES, "weights": WEIGHTS}, selection=[3, 4], **tables)


def show_card(bare, **changes):
    bare.show("prompts", info={"classes": CLASSES}, proposals=[PROPOSAL | changes])
    return bare.page.locator("[data-proposal]")


# -- the map's tools ----------------------------------------------------------------------------------


def test_a_change_is_asked_for_in_words(bare):
    show_map(bare)
    opener = bare.button("change")
    opener.click()
    wish = bare.page.get_by_role("textbox", name="How they should be")
    bare.page.wait_for_function("document.activeElement.name === 'wish'")
    assert bare.button("transform").is_disabled()

    # Escape closes the box and gives the focus back; what was typed stays.
    bare.page.keyboard.type("at night")
    bare.page.keyboard.press("Escape")
    wish.wait_for(state="hidden")
    assert bare.focused().startswith("Change:")
    bare.page.keyboard.press("Enter")
    wish.wait_for()
    bare.page.mouse.click(5, 890)
    wish.wait_for(state="hidden")
    assert bare.sent("transform") == []

    opener.click()
    wish.press("Enter")
    wish.wait_for(state="hidden")
    assert bare.sent("transform") == [{"ids": [3, 4], "text": "at night", "weights": None}]
    bare.refuse("transform", "expected a few words")
    assert bare.page.locator("[data-slot='map']").text_content() == "expected a few words"


def test_without_a_selection_there_is_nothing_to_change(bare):
    bare.show("map", info={"classes": CLASSES})
    assert bare.button("change").is_disabled()
    bare.button("sets").click()
    assert bare.button("keep-set").is_disabled()
    assert bare.button("combine").is_disabled()


@pytest.mark.parametrize("action", ["combine", "without"])
def test_two_sets_are_kept_one_after_the_other(bare, action):
    show_map(bare)
    bare.button("sets").click()
    assert bare.button(action).is_disabled()
    bare.button("keep-set").click()
    assert bare.page.locator("[data-set='a']").get_by_text("2 pictures").is_visible()
    bare.page.keyboard.press("Escape")
    bare.select(7, 8, 9)
    bare.button("sets").click()
    assert bare.page.locator("[data-set='b']").get_by_text("the selection, 3 pictures").is_visible()
    bare.button(action).click()
    assert bare.sent(action) == [{"first": [3, 4], "second": [7, 8, 9], "weights": None}]
    bare.button("sets").click()
    bare.button("clear-set").click()
    assert bare.page.locator("[data-set='a']").get_by_text("none yet").is_visible()


def test_weights_go_along_once_they_were_changed(bare):
    show_map(bare)
    bare.button("weights").click()
    bare.page.get_by_role("slider", name="near").fill("2.5")
    bare.page.get_by_label("Kind of feedback").select_option("Change")
    assert [slider.get_attribute("name") for slider in bare.page.get_by_role("slider").all()] == [
        "moved",
        "kept",
    ]
    bare.page.keyboard.press("Escape")
    bare.button("remove").click()
    bare.button("weights").click()
    bare.page.get_by_label("Kind of feedback").select_option("Remove")
    assert bare.page.get_by_role("slider", name="near").input_value() == "2.5"
    bare.button("reset-weights").click()
    bare.page.keyboard.press("Escape")
    bare.button("more-like").click()
    assert bare.sent("remove") == [{"ids": [3, 4], "weights": {"near": 2.5}}]
    assert bare.sent("more_like") == [{"ids": [3, 4], "weights": None}]


# -- the card of a proposal ---------------------------------------------------------------------------


def test_the_card_says_what_was_asked_what_changes_and_what_each_change_brought(bare):
    card = show_card(bare)
    assert card.locator(".dc-proposal-head").text_content() == "Remove 20 pictures+1.58 ± 0.20"
    assert card.locator("ins").all_text_contents() == ["bird", "machine"]
    assert card.locator(".dc-edit").all_text_contents() == [
        "adds 'bird'+1.20",
        "avoids '<b>machine'not measured",
    ]
    assert "<script>" in card.locator(".dc-reasons").text_content()
    card.get_by_text("Details").click()
    assert card.locator("tbody tr").all_text_contents() == [
        "away\u00d7 1\u22120.500.90",
        "near\u00d7 20.100.30",
    ]
    points = card.locator(".dc-point")
    assert points.count() == 3
    assert card.get_by_text("After 120 pictures: prompt 3").is_visible()
    points.first.hover()
    assert card.locator(".dc-chart-note").text_content() == "generation 1"
    assert card.get_by_text("After 40 pictures: prompt 1").is_visible()


def test_a_proposal_is_accepted_in_three_ways(bare):
    card = show_card(bare)
    args = {"proposal": 5, "text": None, "negative": None}
    bare.button("accept").click()
    assert bare.button("accept").is_disabled()
    bare.refuse("accept", "there is no such proposal")
    assert card.locator(".dc-notice").text_content() == "there is no such proposal"
    for action in ("accept-replace", "accept-add"):
        bare.button("accept-menu").click()
        bare.button(action).click()
        bare.refuse("accept", "not now")
    assert bare.sent("accept") == [args | {"regenerate": how} for how in ("no", "replace", "add")]


def test_a_prompt_is_edited_in_the_card_and_then_accepted(bare):
    card = show_card(bare)
    bare.button("edit-proposal").click()
    prompt, negative = card.get_by_label("Prompt template"), card.get_by_label("Negative prompt")
    assert (prompt.input_value(), negative.input_value()) == (PROPOSAL["after"], "machine")
    prompt.fill("nothing")
    bare.button("discard-edit").click()
    bare.button("edit-proposal").click()
    prompt.fill("a drawing of a {class} bird")
    # News from the session leave the open editor alone.
    bare.state(proposals=[PROPOSAL, PROPOSAL | {"id": 6}], templates=[])
    assert prompt.evaluate("field => field === document.activeElement")
    bare.button("accept-menu").first.focus()
    bare.page.keyboard.press("Enter")
    bare.page.wait_for_function("document.activeElement.dataset.action === 'accept-replace'")
    bare.page.keyboard.press("ArrowDown")
    bare.page.keyboard.press("Enter")
    accepted = {
        "proposal": 5,
        "text": "a drawing of a {class} bird",
        "negative": "machine",
        "regenerate": "add",
    }
    assert bare.sent("accept") == [accepted]


def test_a_proposal_that_comes_back_can_be_decided_again(bare):
    show_card(bare)
    bare.button("accept").click()
    bare.state(proposals=[])
    bare.state(proposals=[PROPOSAL])
    assert bare.button("accept").is_enabled()


def test_a_proposal_is_rejected_with_a_reason_or_without(bare):
    show_card(bare)
    bare.button("reject").click()
    bare.page.wait_for_function("document.activeElement.name === 'reason'")
    bare.page.keyboard.press("Enter")
    bare.refuse("reject", "not now")
    bare.button("reject").click()
    bare.page.get_by_role("textbox", name="Why you reject it").fill(" too dark ")
    bare.button("reject-now").click()
    assert [each["reason"] for each in bare.sent("reject")] == ["", "too dark"]


def test_a_search_that_found_nothing_better_says_so_and_may_be_used_anyway(bare):
    card = show_card(bare, improved=False, kind="transform", wish="at night <img>", edits=[])
    assert card.get_by_text("These, but at night <img>").is_visible()
    assert card.get_by_text("No better prompt found. The best tried:").is_visible()
    assert bare.button("accept").text_content() == "Use it anyway"
    assert bare.button("reject").count() == 0
    bare.button("dismiss-proposal").click()
    assert bare.sent("reject") == [{"proposal": 5, "reason": ""}]


def test_a_stopped_search_says_that_it_compared_few_pictures(bare):
    card = show_card(bare, confirmed=False)
    assert card.get_by_text("The search was stopped: compared on few pictures.").is_visible()


def test_a_running_search_is_calm_and_tells_when_it_was_cut_off(bare):
    card = show_card(bare, state="running", after=PROPOSAL["before"], edits=[], generations=[])
    assert card.get_by_role("button").count() == 0
    assert card.get_by_text("The search was cut off.").is_visible()
    job = {"id": "j", "name": "Look for a better prompt", "kind": "search", "state": "running"}
    bare.state(jobs=[job | {"done": 0, "total": None, "message": "", "error": None}])
    assert card.get_by_text("Looking for a better prompt").is_visible()
    assert not card.get_by_text("The search was cut off.").is_visible()
