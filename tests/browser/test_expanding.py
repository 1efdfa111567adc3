"""Ways of generating, previews, cost, flags, strategies, learned words and formats on the built dashboard."""

import io

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.session.points import encode_points

CRANE = {"id": 5, "name": "crane", "word": "crane", "originals": 3, "generated": 2, "hidden": 0}
BOAT = CRANE | {"id": 6, "name": "boat", "word": "boat"}
WAYS = [
    {"name": "text2image", "title": "From prompts", "text": "By words.", "needs_originals": False},
    {"name": "gif", "title": "Guided imagination", "text": "By <i>ideas.", "needs_originals": True},
]
STRATEGIES = [
    {"name": "ST", "title": "Simple", "text": "A photo."},
    {"name": "NP", "title": "Negative prompts", "text": "Not the <b>others."},
]
JOB = {"id": 7, "name": "Any", "kind": "generate", "done": 0, "total": 4, "message": "", "error": None}


def shown(bare, *panels, **info):
    bare.show(*panels, info={"classes": [CRANE, BOAT], **info}, jobs=[], templates=[], proposals=[])


def text(bare, selector):
    return bare.page.locator(selector).inner_text()


def webp():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "WEBP")
    return buffer.getvalue()


def test_a_way_of_generating_is_explained_and_asked_for_with_its_strength(bare):
    shown(bare, "info", perturbations=WAYS)
    strength = bare.page.get_by_label("Strength")
    assert "By words." in text(bare, ".dc-generate")
    assert not strength.is_visible()
    bare.button("generate").click()
    bare.answer("generate", 1)
    bare.page.get_by_label("How the pictures are varied").select_option("Guided imagination")
    assert "By <i>ideas." in text(bare, ".dc-generate")
    strength.fill("0.4")
    bare.page.locator("[data-action='generate']:enabled").click()
    asked = [(each["perturbation"], each["strength"]) for each in bare.sent("generate")]
    assert asked == [("text2image", None), ("gif", 0.4)]


def test_previews_are_marked_and_gone_when_the_job_ends(bare):
    shown(bare, "info")
    strip = bare.page.locator(".dc-preview")
    preview = {"type": "preview", "job": 7, "class_ids": [5, 6], "count": 2}
    bare.say(webp(), webp(), **preview)
    assert not strip.is_visible()
    bare.state(jobs=[JOB | {"state": "running"}])
    bare.say(webp(), webp(), **preview)
    assert strip.inner_text() == "Preview, not part of the session"
    assert strip.locator("img").count() == 2
    assert strip.locator("button, a, [tabindex]").count() == 0
    bare.state(jobs=[JOB | {"state": "done"}])
    assert not strip.is_visible()
    bare.say(webp(), **preview)
    assert strip.locator("img").count() == 0


def test_generations_and_searches_stand_in_their_panels_whatever_their_names(bare):
    shown(bare, "info", "prompts")
    bare.state(
        jobs=[
            JOB | {"name": "prompt", "state": "running"},
            JOB | {"id": 8, "kind": "tune", "state": "running"},
        ]
    )
    assert bare.page.locator("[data-panel='info'] [data-job-id='7']").is_visible()
    assert bare.page.locator("[data-panel='prompts'] [data-job-id='8']").is_visible()
    assert bare.button("generate").is_disabled()


NO_COST = {"pictures": 0, "seconds": 0, "energy_wh": None, "money": None}
COST = {"pictures": 4, "seconds": 6.0, "energy_wh": 0.02, "money": None}
EACH = {"seconds": 1.5, "energy_wh": 0.005, "money": None}


def test_cost_is_time_and_energy_until_there_is_a_price(bare):
    cost = {"currency": "USD", "estimated": True, "total": NO_COST, "per_picture": NO_COST, "iterations": []}
    shown(bare, "info", cost=cost)
    assert not bare.button("cost").is_visible()
    cost |= {"total": COST, "per_picture": EACH, "iterations": [COST | {"iteration": 1}]}
    bare.change_info(cost=cost)
    shown_words = " ".join(text(bare, ".dc-cost").split())
    assert shown_words == "Cost 6 s · ≈ 20 mWh 1.5 s · ≈ 5 mWh each"
    bare.button("cost").click()
    assert bare.page.locator(".dc-cost tbody td").all_text_contents() == ["4", "6 s", "20 mWh"]
    assert "estimate" in text(bare, ".dc-cost .dc-popover")
    priced = COST | {"money": 0.0012}
    cost |= {"total": priced, "per_picture": EACH | {"money": 0.0003}, "iterations": []}
    bare.change_info(cost=cost | {"estimated": False})
    assert bare.button("cost").inner_text() == "$0.0012"
    assert "$0.0003 each" in text(bare, ".dc-cost")


def test_a_strategy_is_applied_to_the_class_that_is_shown(bare):
    shown(bare, "info", "prompts", strategies=STRATEGIES)
    bare.page.locator("[data-class-chip='6']").click()
    bare.button("strategy").click()
    bare.page.locator(".dc-strategy").get_by_text(
        "Not the <b>others."
    ).wait_for()  # its code comes when it is wanted
    assert "For boat" in text(bare, ".dc-strategy .dc-popover")
    bare.page.get_by_role("radio", name="Negative prompts").check()
    bare.button("use-strategy").click()
    assert bare.sent("use_strategy") == [{"strategy": "NP", "classes": [6], "replace": True}]
    bare.answer("use_strategy", [11])
    assert bare.page.get_by_text("1 new prompt. Undo takes them back.").is_visible()


def test_a_class_is_taught_and_its_word_goes_into_a_prompt(bare):
    shown(bare, "prompts")
    group = bare.page.locator("[data-prompt-class='5']")
    group.locator("[data-action='teach']").click()
    group.get_by_role("radio", name="A small change of the model").check()
    group.get_by_label("Steps").fill("40")
    group.locator("[data-action='tune']").click()
    assert bare.sent("tune") == [{"class_id": 5, "method": "lora", "steps": 40}]
    concept = {"token": "<crane-1>", "kind": "lora", "class_id": 5, "state": "training"}
    bare.change_info(classes=[CRANE, BOAT], concepts=[concept])
    assert group.locator("[data-token]").count() == 0
    bare.change_info(classes=[CRANE, BOAT], concepts=[concept | {"state": "ready"}])
    assert group.locator("[data-token]").get_attribute("data-token") == "<crane-1>"
    group.locator("[data-action='insert-token']").click()
    assert group.locator("textarea").input_value().endswith("a <crane-1>")
    group.locator("textarea").fill("two ")
    group.locator("[data-action='insert-token']").click()
    assert group.locator("textarea").input_value() == "two <crane-1>"


def flagged_row(flagged):
    flags = [{"kind": "near_original", "of": 3, "words": "nearly a copy of picture <3>"}]
    row = {"id": 4, "class_id": 5, "origin": "generated", "flagged": flagged}
    return row | {"flags": flags if flagged else []}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_flagged_picture_says_why_and_may_be_kept(bare, read_only):
    bare.families((0, 5, [4]), marks={4: 2})
    shown(bare, "info", "map", "detail", flagged={"near_original": 1}, read_only=read_only)
    ids = np.arange(1, 6)
    columns = dict.fromkeys(("class_index", "iteration", "origin", "hidden"), ids * 0)
    points = encode_points({"id": ids, "x": ids, "y": ids, **columns, "flagged": ids == 4}, 1)
    bare.say(points, type="replace", seq=1)
    assert bare.button("select-flagged").inner_text() == "1 near-copy of an original"
    bare.button("select-flagged").click()
    assert bare.page.locator(".datacrafter").get_attribute("data-selected") == "1"
    badge = bare.page.locator("[data-picture='4']")
    assert badge.get_attribute("aria-label").endswith("flagged")
    badge.click()
    bare.answer("picture", flagged_row(True))
    keep = bare.button("keep")
    assert "nearly a copy of picture <3>" in text(bare, ".dc-sheet")
    assert bare.button("show-twin").inner_text() == "Picture 3"
    if read_only:
        assert keep.is_disabled()
        return
    keep.click()
    assert bare.sent("keep") == [{"ids": [4]}]
    bare.answer("keep")
    bare.page.wait_for_function("sent.filter(each => each.type === 'picture').length === 2")
    bare.answer("picture", flagged_row(False))
    keep.wait_for(state="detached")


def test_a_format_is_chosen_for_the_export(bare):
    shown(bare, "info", export_formats=["imagefolder", "coco", "new"], name="birds")
    bare.button("open-export").click()
    choice = bare.page.get_by_label("Format")
    choice.wait_for()
    assert choice.locator("option").all_text_contents() == ["ImageFolder", "COCO", "new"]
    choice.select_option("coco")
    bare.button("export").click()
    assert bare.sent("export") == [{"path": "birds-dataset", "format": "coco", "overwrite": False}]
    bare.answer("export", {"total": 4, "path": "/data/<b>birds"})
    assert bare.page.get_by_text("4 pictures in /data/<b>birds").is_visible()
    assert not bare.page.get_by_role("dialog", name="Export the data set").is_visible()
