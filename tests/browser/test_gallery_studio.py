"""The gallery in the studio: publish an edit, look for entries, open one, like it, take it up, delete it."""

from typing import Any

import pytest
from test_access import violations
from test_editing import CLASSES, answered, opened, revealed

STEP = {
    "instruction": "make it green",
    "picture": "c" * 64,
    "action": "recolour",
    "editor": "inpainting",
    "revision": "abc",
    "prompt": "a green <b>apple",
    "negative": "",
    "source": "a red apple",
    "target": "a green apple",
    "seed": 7,
    "sliders": {"steps": 0.5, "text_influence": 0.25},
    "parameters": {"strength": 0.625, "scheduler": "lcm"},
    "mask": "d" * 64,
    "reference": None,
}


def card(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{number:012x}",
        "title": f"Entry <i>{number}",
        "description": "An apple, greener.",
        "author": "Ada",
        "public": number % 2 == 0,
        "created": "2026-03-01T10:00:00+00:00",
        "picture": "a" * 64,
        "result": "c" * 64,
        "subject": "apple",
        "likes": number,
        "liked": False,
        "count": 1,
    } | changes


def shown(
    bare: Any, *cards: dict[str, Any], pages: int = 1, select: tuple[int, ...] = (), theme: str = "light"
) -> Any:
    bare.page.evaluate("document.title = 'notebook'; document.documentElement.lang = 'en'")
    bare.show("detail", info={"classes": CLASSES}, selection=list(select), theme=theme)
    bare.button("gallery").click()
    answered(bare, "gallery", {"entries": list(cards), "pages": pages, "total": len(cards)})
    return bare.page.get_by_role("dialog", name="Gallery")


def entry_opened(bare: Any, number: int = 2, **changes: Any) -> None:
    bare.page.locator(f"[data-entry='{number:012x}']").click()
    answered(bare, "gallery_entry", card(number, **changes) | {"steps": [STEP]})
    bare.page.get_by_role("heading", name=f"Entry <i>{number}").wait_for()


def test_an_edit_is_published_with_what_there_is_to_say(bare):
    opened(bare, revealed())
    bare.button("publish").click()
    title = bare.page.get_by_label("Title")
    assert title.input_value() == "make it green"
    title.fill("Greener")
    bare.page.get_by_label("What there is to say about it").fill("Two lines.\nOf text.")
    bare.page.get_by_label("Public").check()
    bare.button("publish-now").click()
    about = {"edit": 1, "title": "Greener", "description": "Two lines.\nOf text.", "public": True}
    assert bare.sent("publish_edit") == [about]
    bare.answer("publish_edit", "00")
    bare.page.get_by_text("Published. It stands in the gallery.").wait_for()
    bare.button("open-gallery").click()
    answered(bare, "gallery", {"entries": [], "pages": 1, "total": 0})
    bare.page.get_by_role("dialog", name="Gallery").get_by_text("Nothing here.").wait_for()


def test_entries_are_looked_for_by_words_likes_and_date(bare):
    dialog = shown(bare, card(1), card(2), pages=2)
    assert dialog.locator("[data-entry] b").all_text_contents() == ["Entry <i>1", "Entry <i>2"]
    assert "private" in dialog.locator("[data-entry]").first.inner_text()
    assert "2 likes" in dialog.locator("[data-entry]").nth(1).inner_text()
    bare.button("gallery-1").click()
    dialog.get_by_label("Words").fill("apple")
    dialog.get_by_label("Words").press("Enter")
    dialog.get_by_label("Likes").select_option("3 or more likes")
    dialog.get_by_label("from").fill("2026-03-01")
    dialog.get_by_label("Order").select_option("liked first")
    usual = {"words": "", "likes": 0, "since": None, "until": None, "order": "newest", "page": 1}
    last = {"words": "apple", "likes": 3, "since": "2026-03-01", "order": "liked"}
    sent = bare.sent("gallery")
    assert sent[0] == usual
    assert sent[1] == usual | {"page": 2}
    assert sent[-1] == usual | last


def test_the_cards_follow_what_others_publish(bare):
    dialog = shown(bare, card(1))
    dialog.locator("[data-entry]").focus()
    bare.say(type="gallery")
    answered(bare, "gallery", {"entries": [card(2), card(1)], "pages": 1, "total": 2})
    dialog.get_by_text("2 published").wait_for()
    assert bare.page.evaluate("document.activeElement.dataset.entry") == card(1)["id"]


def test_an_entry_shows_its_steps_with_prompts_and_exact_parameters(bare):
    dialog = shown(bare, card(2))
    entry_opened(bare)
    dialog.get_by_text("Exactly").click()
    facts = dialog.locator("dl").inner_text()
    for text in ("a green <b>apple", "0.625", "lcm", "text influence 0.25", "abc"):
        assert text in facts
    assert dialog.get_by_alt_text("The mask: white may change").count() == 1
    assert bare.button("fork").is_disabled()
    bare.button("gallery-back").click()
    assert len(bare.sent("gallery")) == 2


def test_an_entry_is_liked_taken_up_and_deleted(bare):
    dialog = shown(bare, card(2), select=(7, 8))
    entry_opened(bare)
    bare.button("like").click()
    assert bare.sent("like_entry") == [{"entry": "000000000002", "liked": True}]
    bare.answer("like_entry", card(2, liked=True, likes=3))
    answered(bare, "gallery_entry", card(2, liked=True, likes=3) | {"steps": [STEP]})
    dialog.get_by_role("button", name="Take your like back", pressed=True).wait_for()
    bare.button("fork").click()
    assert bare.sent("fork_entry") == [{"entry": "000000000002", "ids": [7, 8]}]
    bare.answer("fork_entry", 4)
    dialog.get_by_text("They will stand under Edit.").wait_for()
    bare.button("delete-entry").click()
    assert bare.sent("delete_entry") == []
    bare.button("delete-really").click()
    assert bare.sent("delete_entry") == [{"entry": "000000000002"}]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1500, 420])
def test_axe_finds_nothing_wrong(bare, theme, width):
    bare.page.set_viewport_size({"width": width, "height": 900})
    dialog = shown(bare, card(1), card(2), select=(7,), theme=theme)
    assert violations(bare) == []
    entry_opened(bare)
    dialog.get_by_text("Exactly").click()
    assert violations(bare) == []
    place = dialog.bounding_box()
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= width
