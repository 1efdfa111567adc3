"""Editing single pictures in the studio: paint, a wish, candidates without names, the choice, and the steps so far."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from furnished import webp
from PIL import Image
from test_access import violations

CLASSES = [{"id": 5, "name": "apple", "word": "apple", "originals": 4, "generated": 0, "hidden": 0}]
WISH = {
    "instruction": "make it green <b>",
    "mask": None,
    "reference": None,
    "steps": 0.5,
    "text_influence": 0.5,
    "picture_influence": 0.5,
}


def candidate(number: int, **changes: Any) -> dict[str, Any]:
    letter = "ABCD"[number % 10]
    hidden = {"problem": None, "editor": None, "text": None, "parameters": None}
    return {"id": number, "letter": letter, "ready": True, **hidden, **changes}


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "picture_id": 7,
        "class_id": 5,
        "before": None,
        "from": None,
        "instruction": "make it green",
        "state": "open",
        "action": "recolour",
        "confidence": 0.9,
        "reason": "it names a colour",
        "hint": "",
        "source": "a red apple",
        "target": "a green <i>apple",
        "steps": 0.5,
        "text_influence": 0.5,
        "picture_influence": 0.5,
        "negative": "",
        "masked": False,
        "referenced": False,
        "candidates": [candidate(10), candidate(11)],
        "ranked": [],
        "chosen": None,
        "feedback": {},
        "accepted": None,
        "aside": False,
        "created_at": "",
    } | changes


def revealed(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An edit whose B was chosen."""
    told = {"text": "a green apple", "parameters": {"strength": 0.5}}
    made = [
        candidate(10 * number, editor="inpainting", **told),
        candidate(10 * number + 1, editor="inversion-free", **told),
    ]
    return row(number, state="chosen", candidates=made, chosen=10 * number + 1, **changes)


def news(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    keys = ("id", "picture_id", "state", "chosen", "accepted", "aside")
    return [{key: each[key] for key in keys} | {"ready": len(each["candidates"])} for each in rows]


def opened(bare: Any, *rows: dict[str, Any], select: tuple[int, ...] = (7,), theme: str = "light") -> Any:
    bare.page.evaluate("document.title = 'notebook'; document.documentElement.lang = 'en'")
    bare.page.evaluate("picture => { window.webp = picture; }", base64.b64encode(webp(64)).decode())
    bare.families((7, 5, [8, 9]))
    bare.show("detail", info={"classes": CLASSES}, theme=theme, selection=list(select))
    bare.button("edit").click()
    bare.answer("picture", {"id": select[0], "class": "apple", "width": 64, "height": 48})
    answered(bare, "edit_rows", list(rows))
    if any(each["ready"] for one in rows for each in one["candidates"]):
        drawn(bare)
    return bare.page.get_by_role("dialog")


def drawn(bare: Any) -> None:
    """Send the candidates' pictures that were asked for."""
    answered(bare, "edit_pictures", None)


def answered(bare: Any, kind: str, result: Any) -> None:
    """Answer all requests of a kind that are open, once there is one."""
    bare.page.wait_for_function(
        "kind => sent.some(each => each.type === kind && !window.over?.has(each.id))", arg=kind
    )
    bare.page.evaluate(
        """([kind, result]) => {
            window.over ??= new Set();
            for (const each of sent.filter(each => each.type === kind && !over.has(each.id))) {
                over.add(each.id);
                say({type: 'reply', id: each.id, result}, (each.candidates ?? []).map(() => webp));
            }
        }""",
        [kind, result],
    )


def told(bare: Any, *rows: dict[str, Any]) -> None:
    """Say that the edits are these now."""
    bare.state(edits=news(*rows))
    answered(bare, "edit_rows", list(rows))


def read_mask(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"))


def paint(page: Any, *points: tuple[float, float]) -> None:
    """Drag over the picture, between points in shares of it."""
    box = page.locator(".dc-paint").bounding_box()
    first, *others = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def wish(bare: Any, text: str) -> None:
    bare.page.get_by_role("textbox", name="What to change").fill(text)
    bare.button("send-wish").click()


# -- the wish -----------------------------------------------------------------------------------------


def test_a_wish_is_sent_with_words_sliders_and_a_reference(bare):
    opened(bare, select=(7, 8))
    assert bare.button("send-wish").is_disabled()
    bare.page.get_by_role("slider", name="Follow words").fill("0.8")
    bare.page.get_by_role("slider", name="Keep picture").fill("0.2")
    bare.page.get_by_label("Reference picture").select_option("picture 8")
    assert bare.button("send-wish").inner_text() == "Change 2 pictures"
    bare.page.get_by_label("All 2 pictures at once").uncheck()
    wish(bare, WISH["instruction"])
    changed = {"text_influence": 0.8, "picture_influence": 0.2, "reference": 8, "ids": [7]}
    assert bare.sent("edit") == [WISH | changed]
    bare.refuse("edit", "expected an editor")
    bare.page.get_by_role("dialog").get_by_text("expected an editor").wait_for()
    assert bare.page.get_by_role("textbox", name="What to change").input_value() == WISH["instruction"]


def test_a_file_is_a_reference_too(bare):
    opened(bare)
    file = io.BytesIO()
    Image.new("RGB", (2048, 1024), "red").save(file, "JPEG")
    with bare.page.expect_file_chooser() as chooser:
        bare.page.get_by_label("Reference picture").select_option("a file …")
    chooser.value.set_files({"name": "red.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    bare.page.get_by_alt_text("The reference picture").wait_for()
    wish(bare, "in this style")
    sent = Image.open(io.BytesIO(base64.b64decode(bare.sent("edit")[0]["reference"])))
    assert (sent.format, sent.size) == ("PNG", (1024, 512))
    assert sent.convert("RGB").getpixel((9, 9))[0] > 240


def test_what_a_wish_is_understood_as_is_said_before_anything_is_made(bare):
    dialog = opened(bare)
    bare.page.get_by_role("textbox", name="What to change").fill("make it green")
    bare.button("understand").click()
    assert bare.sent("understand") == [{"picture": 7, "instruction": "make it green"}]
    bare.answer("understand", row())
    dialog.get_by_text("Understood as: recolour · towards “a green <i>apple” · it names a colour").wait_for()
    bare.page.get_by_role("textbox", name="What to change").fill("make it greener")
    assert dialog.get_by_text("Understood as").count() == 0


# -- paint --------------------------------------------------------------------------------------------


def test_what_is_painted_is_sent_as_a_mask_of_the_pictures_size(bare):
    opened(bare)
    paint(bare.page, (0.1, 0.5), (0.9, 0.5))
    wish(bare, "green")
    mask = read_mask(bare.sent("edit")[0]["mask"])
    assert mask.shape == (48, 64)
    assert mask[24, 8:56].min() > 200
    assert mask[:12].max() == mask[36:].max() == 0


def test_paint_is_erased_undone_and_cleared(bare):
    dialog = opened(bare)
    undo = bare.button("paint-undo")
    assert undo.is_disabled()
    bare.button("paint-rectangle").click()
    paint(bare.page, (0.75, 0.75), (0.25, 0.25))
    assert dialog.get_by_text("Only what is painted may change.").is_visible()
    bare.button("paint-eraser").click()
    bare.page.get_by_role("slider", name="Width of brush").fill("20")
    paint(bare.page, (0.2, 0.5), (0.8, 0.5))
    paint(bare.page, (0.5, 0.2), (0.5, 0.8))
    undo.click()
    wish(bare, "green")
    mask = read_mask(bare.sent("edit")[0]["mask"])
    assert mask[14, 32] == 255, "the last stroke was not undone"
    assert mask[24, 32] == 0, "nothing was erased"
    bare.button("paint-clear").click()
    assert dialog.get_by_text("without paint, all may").is_visible()
    undo.click()
    assert dialog.get_by_text("Only what is painted may change.").is_visible()


def test_a_rectangle_is_painted_by_numbers(bare):
    opened(bare)
    bare.page.get_by_text("A rectangle by numbers").click()
    for name, value in {"Left": 0, "Top": 50, "Width": 25, "Height": 50}.items():
        bare.page.get_by_label(name, exact=True).fill(str(value))
    bare.button("paint-numbers").press("Enter")
    wish(bare, "green")
    mask = read_mask(bare.sent("edit")[0]["mask"])
    expected = np.zeros((48, 64))
    expected[24:, :16] = 255
    assert (mask == expected).all()


# -- candidates ---------------------------------------------------------------------------------------


def test_candidates_stream_in_without_names_and_one_is_chosen(bare):
    dialog = opened(bare)
    wish(bare, "make it green")
    bare.answer("edit", 9)
    assert bare.page.get_by_role("textbox", name="What to change").input_value() == ""
    planned = [candidate(10, ready=False), candidate(11, ready=False)]
    told(bare, row(state="running", candidates=[]))
    dialog.get_by_text("The wish is being understood").wait_for()
    told(bare, row(state="running", candidates=planned))
    dialog.get_by_text("0 of 2 there").wait_for()
    told(bare, row(state="running", candidates=[candidate(10), planned[1]]))
    drawn(bare)
    dialog.locator("[data-pick='A'] img[src]").wait_for()
    assert bare.button("choose-candidate").count() == 0
    bare.button("stop-edit").click()
    assert bare.sent("stop_edit") == [{"edit": 1}]
    told(bare, row(candidates=[candidate(10), candidate(11, ready=False, problem="could not be made")]))
    assert dialog.get_by_text("could not be made").is_visible()
    assert bare.button("choose-candidate").is_disabled()
    dialog.locator("[data-pick='A']").click()
    dialog.get_by_label("Matches the wish").select_option("Matches the wish: mostly")
    dialog.get_by_label("What else there is to say").fill("nice")
    bare.button("choose-candidate").click()
    feedback = {"matches": 4, "keeps": None, "unusable": [], "words": "nice"}
    assert bare.sent("choose_edit") == [{"edit": 1, "candidate": 10} | feedback]


def test_what_the_generator_hardly_knows_is_told_before_and_after(bare):
    dialog = opened(bare)
    dialog.get_by_role("textbox", name="What to change").fill("put it at sea")
    bare.button("understand").click()
    hint = "the generator hardly knows “sea”: it may change little, or something else"
    bare.answer("understand", row(hint=hint))
    dialog.get_by_text(hint).wait_for()
    bare.button("send-wish").click()
    bare.answer("edit", 9)
    dialog.get_by_text(hint).wait_for(state="detached")
    told(bare, row(hint=hint))
    assert dialog.locator("[data-edit='1']").get_by_text(hint).is_visible()


def test_none_may_be_chosen_and_what_is_unusable_marked(bare):
    dialog = opened(bare, row())
    dialog.locator("[data-pick='B']").click()
    dialog.locator("[data-letter='B'] input").check()
    assert bare.button("choose-candidate").is_disabled()
    bare.button("choose-none").click()
    sent = bare.sent("choose_edit")[0]
    assert (sent["candidate"], sent["unusable"]) == (None, [11])
    told(bare, row(state="declined"))
    dialog.get_by_text("You chose none of them.").wait_for()


def test_a_choice_that_was_taken_back_is_not_called_blind(bare):
    dialog = opened(bare, revealed() | {"state": "open", "chosen": None})
    assert dialog.get_by_text("that you know who made which is noted").is_visible()


def test_with_the_choice_names_are_told_and_it_is_accepted(bare):
    dialog = opened(bare, row())
    assert "inversion-free" not in dialog.inner_text()
    told(bare, revealed())
    dialog.get_by_text("You chose B, by inversion-free.").wait_for()
    dialog.get_by_text("How it was made").click()
    assert dialog.get_by_text("a green apple", exact=True).is_visible()
    bare.button("accept-edit").click()
    assert bare.sent("accept_edit") == [{"edit": 1}]
    bare.answer("accept_edit", 41)
    dialog.get_by_text("In the data set, as picture 41.").wait_for()
    told(bare, revealed(accepted=41))
    bare.button("teach-prompt").click()
    assert bare.sent("teach_prompt") == [{"edits": [1]}]
    bare.button("show-accepted").click()
    dialog.wait_for(state="detached")
    assert bare.sent("picture")[-1] == {"picture": 41}


def test_a_candidate_is_compared_with_the_picture_before(bare):
    opened(bare, row())
    bare.button("compare-A").click()
    box = bare.page.get_by_role("dialog", name="Compare")
    box.wait_for()
    bare.page.keyboard.press("Escape")
    box.wait_for(state="detached")
    assert bare.page.get_by_role("dialog", name="Edit").is_visible()


# -- the steps so far ---------------------------------------------------------------------------------


def trail() -> list[dict[str, Any]]:
    """Two steps, and a branch from the first that was put aside."""
    first = revealed(1)
    second = revealed(2, before=1, instruction="put it on snow", **{"from": 11})
    branch = revealed(3, before=1, instruction="as a sketch", aside=True, **{"from": 11})
    return [branch, second, first]


def steps(bare: Any) -> list[str]:
    return [each.get_attribute("title") for each in bare.page.locator("[data-step]").all()]


def test_a_step_is_taken_from_the_chosen_candidate(bare):
    opened(bare, revealed())
    assert bare.button("send-wish").inner_text() == "Change it further"
    assert bare.page.get_by_text("What to change next, after “make it green”").is_visible()
    wish(bare, "put it on snow")
    assert bare.sent("edit") == []
    assert bare.sent("edit_further")[0]["edit"] == 1
    told(bare, row(2, before=1, instruction="put it on snow", **{"from": 11}), revealed())
    bare.page.locator("[data-edit='2']").wait_for()
    assert steps(bare)[1:] == ["make it green", "put it on snow: 2 candidates to choose from"]


def test_steps_are_revisited_reverted_branched_and_taken_up_again(bare):
    opened(bare, *trail())
    current = bare.page.locator("[aria-current='step']")
    assert steps(bare) == ["Picture 7, as it was", "make it green", "put it on snow"]
    assert current.get_attribute("data-step") == "2"
    bare.page.locator("[data-step='1']").click()
    bare.page.locator("[data-edit='1']").wait_for()
    assert bare.button("send-wish").inner_text() == "Change it further"
    bare.button("revert").click()
    assert bare.sent("revert_edit") == [{"edit": 2, "step": 1}]
    bare.page.locator("[data-branch='3']").click()
    bare.page.locator("[data-edit='3']").wait_for()
    assert steps(bare)[-1] == "as a sketch"
    bare.button("take-up").click()
    assert bare.sent("revert_edit")[-1] == {"edit": 3, "step": 3}
    bare.page.locator("[data-step='0']").click()
    assert bare.button("send-wish").inner_text() == "Change it"
    bare.button("revert").click()
    assert bare.sent("revert_edit")[-1] == {"edit": 2, "step": None}


def test_a_trail_is_done_again_on_the_other_selected_pictures(bare):
    opened(bare, *trail(), select=(7, 8, 9))
    bare.button("replay").click()
    assert bare.sent("replay_edit") == [{"edit": 2, "ids": [8, 9]}]
    bare.answer("replay_edit", 12)
    bare.page.locator("[data-edit-picture='8']").click()
    bare.page.wait_for_function("sent.filter(each => each.type === 'picture').length === 2")
    bare.answer("picture", {"id": 8, "class": "apple", "width": 64, "height": 48})
    bare.page.get_by_text("Edit picture 8").wait_for()


def test_what_waits_for_a_choice_is_found_without_a_selection(bare):
    bare.show("detail", info={"classes": CLASSES})
    assert not bare.button("edit").is_visible()
    bare.state(edits=news(row()))
    bare.button("edit").click()
    bare.answer("picture", {"id": 7, "class": "apple", "width": 64, "height": 48})
    assert bare.sent("edit_rows") == [{"ids": [7]}]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1500, 420])
def test_axe_finds_nothing_wrong(bare, theme, width):
    bare.page.set_viewport_size({"width": width, "height": 900})
    dialog = opened(bare, *trail(), select=(7, 8), theme=theme)
    assert violations(bare) == []
    bare.page.locator("[data-step='0']").click()
    told(bare, row(4, candidates=[candidate(10), candidate(12, ready=False, problem="no")]), *trail())
    assert violations(bare) == []
    place = dialog.bounding_box()
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= width


# -- with a session -----------------------------------------------------------------------------------

OPEN = """
from datacrafter_widget import DataCrafter, Session
session = Session.open("editing", images="apples", seed=1)
session.observe().result()
first, second = [each.id for each in session.pictures("apple")][:2]
DataCrafter(session, panels=("map", "detail"), selection=[first], height=600)
"""
STATE = """
import json
import numpy as np
edit = session.edits[0]
row = session.store.edit(edit.id)
mask = np.asarray(session.store.load_content(row.mask).convert("L")) / 255
before, after = (np.asarray(each, float) for each in (session.image(first), edit.image()))
made = session.picture(edit.accepted_id)
print(json.dumps({
    "mask": [float(mask[32, 20:44].min()), float(mask[:8].max()), float(mask[-8:].max())],
    "editors": [each.editor for each in edit.candidates],
    "by": edit.chosen.editor,
    "outside": float(np.abs(before - after)[mask == 0].max()),
    "feedback": row.feedback,
    "origin": made["origin"],
    "parent": made["provenance"]["parent_id"] == first,
    "perturbation": made["provenance"]["perturbation"],
    "steps": [each.instruction for each in session.edits],
}))
"""


@pytest.mark.timeout(900)
def test_an_edit_with_a_painted_mask_in_jupyterlab(
    lab: Any, notebook: Callable[..., Any], originals: Path
) -> None:
    (lab.folder / "apples").mkdir()
    (lab.folder / "apples" / "apple").symlink_to(originals / "apple")
    lab.write("editing.ipynb", [OPEN, STATE])
    user = notebook()
    user.open("editing.ipynb")
    user.run(0)
    user.state("root.dataset.ready === 'true'")
    user.button("edit").click()
    dialog = user.page.get_by_role("dialog", name="Edit")
    dialog.locator(".dc-paper > img[src]").wait_for()

    # A stroke across the middle, and a wish.
    paint(user.page, (0.3, 0.5), (0.7, 0.5))
    dialog.get_by_text("Only what is painted may change.").wait_for()
    dialog.get_by_role("textbox", name="What to change").fill("make it green")
    user.button("understand").click()
    dialog.get_by_text("Understood as: recolour").first.wait_for()
    user.button("send-wish").click()

    # Candidates of several editors, without names; one is chosen and told who made it.
    choice = dialog.locator("[data-edit][data-state='open']")
    choice.wait_for()
    picks = choice.locator("button[data-pick]")
    picks.first.locator("img[src^='blob:']").wait_for()
    assert picks.count() >= 2
    assert "inpainting" not in choice.inner_text()
    picks.first.click()
    choice.get_by_label("Keeps the rest").select_option("Keeps the rest: perfectly")
    user.button("choose-candidate").click()
    dialog.get_by_text("You chose").wait_for()
    user.button("accept-edit").click()
    dialog.get_by_text("In the data set: picture").wait_for()

    # A step further, from what was chosen.
    dialog.get_by_role("textbox", name="What to change").fill("put it on snow")
    user.button("send-wish").click()
    dialog.locator("[data-edit][data-state='open'] [data-pick] img[src^='blob:']").first.wait_for()
    assert dialog.locator("[data-step]").count() == 3
    user.button("close-studio").click()
    user.state("Number(root.dataset.generated) === 1")
    user.run(1)
    state = json.loads(user.output(1))
    assert state["mask"] == [1, 0, 0]
    assert state["by"] in state["editors"]
    assert len(state["editors"]) >= 2
    assert state["outside"] == 0
    assert state["feedback"]["keeps"] == 5
    assert state["feedback"]["blind"]
    assert (state["origin"], state["parent"]) == ("generated", True)
    assert state["perturbation"] == f"edit:{state['by']}"
    assert state["steps"] == ["make it green", "put it on snow"]
    assert user.errors == []
    assert user.strangers == []
