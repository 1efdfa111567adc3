"""What the page and its traits have in common, and what a page does whose kernel says nothing."""

import base64
import io

from PIL import Image

CLASSES = [
    {"id": number, "name": name, "word": name, "originals": 2, "generated": 1, "hidden": 0}
    for number, name in ((4, "crane"), (9, "fish"))
]
LABELS = [
    {"id": number, "text": text, "x": 0, "y": 0, "originals": 2, "generated": 1, "ratio": 1}
    for number, text in ((31, "red"), (32, "snow"))
]
READ = """name => {
    const value = traits[name];
    return Array.isArray(value) ? value : [...new Int32Array(value.buffer)];
}"""
SAVE = """saved => {
    const bytes = text => new DataView(Uint8Array.from(atob(text), each => each.charCodeAt()).buffer);
    for (const name of ['ids', 'ends', 'images', 'wearers']) saved[name] = bytes(saved[name]);
    saved.families = saved.families.map(bytes);
    change('saved', saved);
}"""


def shown(bare, **traits):
    bare.show("info", "detail", info={"classes": CLASSES}, labels=LABELS, **traits)
    bare.page.locator("[data-label]").first.wait_for()


def pressed(bare, kind):
    return bare.page.locator(f"[data-{kind}][aria-pressed='true']")


def test_classes_and_label_focus_follow_their_traits_and_set_them(bare):
    shown(bare, classes=[9])
    assert pressed(bare, "class").get_attribute("data-class") == "9"
    bare.page.evaluate("change('classes', [4])")
    bare.page.wait_for_function("() => document.querySelector(\"[data-class='4'][aria-pressed='true']\")")
    pressed(bare, "class").click()
    assert bare.page.evaluate(READ, "classes") == []

    bare.page.evaluate("change('focus', [32])")
    bare.answer("label_pictures", [1, 2])
    pressed(bare, "label").wait_for()
    assert pressed(bare, "label").get_attribute("data-label") == "32"
    assert bare.sent("label_pictures") == [{"labels": [32]}]
    pressed(bare, "label").click()
    assert bare.page.evaluate(READ, "focus") == []
    bare.page.locator("[data-label='31']").click()
    bare.answer("label_pictures", [1])
    pressed(bare, "label").wait_for()
    assert bare.page.evaluate(READ, "focus") == [31]


def test_a_label_that_lost_the_focus_meanwhile_is_not_highlighted(bare):
    shown(bare)
    bare.page.evaluate("change('focus', [32])")
    bare.page.evaluate("change('focus', [])")
    bare.answer("label_pictures", [1, 2])
    bare.page.evaluate("new Promise(done => setTimeout(done))")
    assert pressed(bare, "label").count() == 0


def test_while_no_kernel_answers_what_was_saved_does_until_one_does(bare):
    bare._OPEN = bare._OPEN.replace("if (message.type === ", "if (window.deaf) return; if (message.type === ")
    bare.page.evaluate("window.deaf = true")
    shown(bare)
    encode = lambda *values: base64.b64encode(b"".join(v.to_bytes(4, "little") for v in values)).decode()  # noqa: E731
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "WEBP")
    saved = {
        "ids": encode(7),
        "ends": encode(len(picture.getvalue())),
        "images": base64.b64encode(picture.getvalue()).decode(),
        "sheets": [],
        "families": [encode(7, 4, 0, 1), encode(8), base64.b64encode(b"\x04").decode()],
        "wearers": encode(31, 7, 31, 8),
    }
    bare.page.evaluate(SAVE, saved)
    bare.page.locator(".dc-waiting.dc-saved:not([hidden])").wait_for()
    bare.page.locator(".dc-detail img[src^='blob:']").first.wait_for()
    bare.page.locator("[data-label='31']").click()
    pressed(bare, "label").wait_for()

    # What acts waits for the kernel: it may only be busy.
    bare.say(type="warning", where="map", message="back again")
    bare.page.locator(".dc-waiting.dc-saved").wait_for(state="hidden")
