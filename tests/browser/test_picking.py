"""The person's turn in a personalisation: what was drawn, sheet by sheet, and the choice of what to learn from next."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from furnished import webp
from test_access import violations

DOG = {"id": 5, "name": "dog", "word": "dog", "originals": 4, "generated": 0, "hidden": 0}
TURN = {"token": "<dog-1>", "class_id": 5, "kind": "object", "round": 1, "rounds": 4}
ANCHORS = ["a photo of a dog in snow", "a photo of a dog <b>at night"]
ROWS = [
    {
        "id": i,
        "anchor": ANCHORS[i // 4],
        "overfitted": i in {1, 2},
        "faithful": 0.25,
        "proposed": i == 6,
    }
    for i in range(8)
]


def shown(bare: Any, **tables: Any) -> None:
    bare.page.evaluate("document.title = 'notebook'; document.documentElement.lang = 'en'")
    bare.show("map", "prompts", **({"info": {"classes": [DOG]}, "turns": [TURN]} | tables))


def opened(bare: Any, theme: str = "light", **turn: Any) -> Any:
    shown(bare, theme=theme, turns=[TURN | turn])
    bare.button("choose").click()
    bare.answer("candidates", ROWS)
    bare.answer("candidate_pictures", None, *[webp(32)] * 8)
    bare.page.locator("[data-candidate='7'] img[src]").wait_for()
    return bare.page.get_by_role("dialog")


def picked(bare: Any) -> list[int]:
    chosen = bare.page.locator("[data-candidate][aria-pressed='true']")
    return sorted(int(each.get_attribute("data-candidate")) for each in chosen.all())


def choices(bare: Any) -> list[tuple[list[int], bool]]:
    sent = bare.sent("choose_candidates")
    assert all((each["token"], each["turn"]) == ("<dog-1>", 1) for each in sent)
    return [(each["candidates"], each["instead"]) for each in sent]


def test_a_class_that_waits_for_the_person_says_so_and_comes_first(bare):
    crane = DOG | {"id": 4, "name": "crane"}
    shown(bare, info={"classes": [crane, DOG]})
    card = bare.page.locator("[data-prompt-class='5'] [data-turn]")
    assert "<dog-1> waits for your choice: round 1 of 4" in card.inner_text()
    assert bare.page.locator(".dc-prompts .dc-attention").inner_text() == "1 to decide"
    assert bare.page.locator("[data-prompt-class]").first.get_attribute("data-prompt-class") == "5"
    bare.state(turns=[])
    card.wait_for(state="detached")


def test_the_studio_is_asked_for_once_and_again_only_after_it_failed(bare):
    shown(bare)
    bare.page.evaluate("window.studio = false")
    bare.button("choose").click()
    bare.page.wait_for_function("sent.some(each => each.type === 'studio')")
    bare.refuse("studio", "not built")
    bare.page.locator("[data-turn] .dc-notice").get_by_text("not built").wait_for()
    bare.page.evaluate("window.studio = true")
    for _ in range(2):
        bare.button("choose").click()
        bare.page.get_by_role("dialog").wait_for()
        bare.page.keyboard.press("Escape")
        bare.page.get_by_role("dialog").wait_for(state="detached")
    assert len(bare.sent("studio")) == 2
    assert bare.page.locator(".datacrafter > style").count() == 1


def test_a_box_that_cant_be_filled_closes_and_says_why(bare):
    shown(bare)
    bare.page.evaluate("window.studio = false")
    bare.button("teach").click()
    box = bare.page.locator(".dc-popover:popover-open")
    box.wait_for()
    bare.refuse("studio", "not built")
    box.wait_for(state="detached")
    bare.page.locator("[data-slot='prompts']").get_by_text("not built").wait_for()
    bare.page.evaluate("window.studio = true")
    bare.button("teach").click()
    box.get_by_text("Teach the generator").wait_for()


def test_the_proposed_are_picked_to_begin_with_and_more_may_be_added(bare):
    dialog = opened(bare)
    assert dialog.locator("h3").all_text_contents() == [ANCHORS[1], ANCHORS[0] + "2 of 4 overfitted"]
    assert picked(bare) == [6]
    overfitted = dialog.locator("[data-candidate='1']")
    assert "overfitted: it shows what was beside the subject" in overfitted.get_attribute("aria-label")
    dialog.locator("[data-candidate='3']").click()
    assert picked(bare) == [3, 6]
    assert dialog.get_by_text("2 pictures picked").is_visible()
    bare.button("go-on").click()
    assert choices(bare) == [([3], False)]
    bare.refuse("choose_candidates", "the choice was made elsewhere")
    dialog.get_by_text("the choice was made elsewhere").wait_for()
    bare.button("go-on").click()
    bare.answer("choose_candidates", 3)
    dialog.wait_for(state="detached")
    assert bare.focused() == "Choose what <dog-1> is learned from next"


def test_only_the_persons_own_are_learned_from(bare):
    dialog = opened(bare)
    bare.page.get_by_role("radio", name="Only mine").check(force=True)
    assert picked(bare) == []
    assert bare.button("go-on").is_disabled()
    dialog.locator("[data-candidate='0']").click()
    bare.button("go-on").click()
    assert choices(bare) == [([0], True)]


def test_it_may_end_with_what_was_learned(bare):
    opened(bare)
    bare.button("end-rounds").click()
    assert choices(bare) == [([], True)]


def test_it_is_closed_when_the_choice_was_made_elsewhere(bare):
    dialog = opened(bare)
    bare.state(turns=[TURN | {"round": 2}])
    dialog.wait_for(state="detached")


def test_it_is_used_by_keyboard_alone(bare):
    opened(bare)
    assert bare.focused().startswith("Picture 5")
    bare.page.keyboard.press("ArrowRight")
    bare.page.keyboard.press("Space")
    assert picked(bare) == [5, 6]
    bare.page.keyboard.press("Tab")
    assert bare.focused().startswith("Picture 1,")
    bare.page.keyboard.press("End")
    bare.page.keyboard.press("Enter")
    assert picked(bare) == [3, 5, 6]
    for _ in range(4):
        if bare.focused() == "Train the next round with the picked pictures":
            break
        bare.page.keyboard.press("Tab")
    bare.page.keyboard.press("Enter")
    assert choices(bare) == [([5, 3], False)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1500, 420])
def test_axe_finds_nothing_wrong(bare, theme, width):
    bare.page.set_viewport_size({"width": width, "height": 900})
    dialog = opened(bare, theme)
    assert violations(bare) == []
    place = dialog.bounding_box()
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= width


def test_one_subject_is_taught_from_the_selected_pictures(bare):
    shown(bare, turns=[])
    bare.select(1, 2)
    bare.button("teach").click()
    bare.page.get_by_role("radio", name="One subject").check()
    go = bare.button("tune")
    assert go.is_disabled()
    bare.page.keyboard.press("Escape")
    bare.select(1, 2, 3)
    bare.button("teach").click()
    assert bare.page.get_by_text("pictures of it: 3 pictures selected.").is_visible()
    bare.page.get_by_label("I choose between rounds").check()
    go.click()
    asked = {"class_id": 5, "ids": [1, 2, 3], "kind": "object", "human": True, "rounds": None, "steps": None}
    assert bare.sent("personalize") == [asked]
    assert bare.sent("tune") == []


# -- with a session -----------------------------------------------------------------------------------

OPEN = """
from datacrafter_widget import DataCrafter, Session
session = Session.open("picking", images="cranes", seed=1)
session.observe().result()
ids = [each.id for each in session.pictures("crane")][:4]
small = {"steps": 2, "learning_rate": 0.02, "samples": 2, "top": 1, "rounds": 3, "beside": "on a table"}
job = session.personalize(ids, anchors=["on grass", "at night", "in snow"], select="human", **small)
DataCrafter(session, panels=("map", "prompts"))
"""
STATE = """
import json
chosen = json.loads((session.store.concept_folder("<crane-1>") / "rounds.json").read_text())
print([(each.token, each.state) for each in session.concepts], [each["chosen"] for each in chosen])
"""


@pytest.mark.timeout(600)
def test_the_rounds_of_a_personalisation_in_jupyterlab(
    lab: Any, notebook: Callable[..., Any], originals: Path
) -> None:
    (lab.folder / "cranes").mkdir()
    (lab.folder / "cranes" / "crane").symlink_to(originals / "crane")
    lab.write("picking.ipynb", [OPEN, STATE])
    user = notebook()
    user.open("picking.ipynb")
    user.run(0)
    user.page.locator("[data-turn]").get_by_text("round 1 of 3").wait_for()
    user.button("choose").click()
    user.page.locator("[data-candidate] img[src^='blob:']").nth(5).wait_for()
    user.page.locator("[data-candidate='5']").click()
    pressed = user.page.locator("[data-candidate][aria-pressed='true']")
    first = sorted(int(each.get_attribute("data-candidate")) for each in pressed.all())
    user.button("go-on").click()
    user.page.locator("[data-turn]").get_by_text("round 2 of 3").wait_for()
    user.button("choose").click()
    user.page.locator("[data-candidate] img[src^='blob:']").first.wait_for()
    user.button("end-rounds").click()
    user.page.locator("[data-token='<crane-1>']").wait_for()
    user.run(1)
    assert "[('<crane-1>', 'ready')]" in user.output(1)
    assert sorted(eval(user.output(1).split("] ", 1)[1])[0]) == first  # noqa: S307 - what the test printed
    assert user.errors == []
    assert user.strangers == []
