"""Text from data is text: in every place that shows it, whatever is written in it."""

import pytest
import test_editing
import test_gallery_studio
import test_picking
from furnished import PANELS, furnish, open_sheet, picture, points

HTML = "<img src=x onerror=\"window.ran='img'\"><script>window.ran='script'</script>&amp;</textarea></style>"
EVIL = {
    "html": HTML,
    "attribute": "\"' onmouseover='window.ran=1' style='position:fixed;inset:0' x=\"",
    "bidi": "\u202e\u2067\u200fgnp.exe \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈\u0301\u0301\u0301\u0000\ufeff\u200b",
    "long": "W" * 10_000,
    "words": "a long sentence of words " * 400,
    "template": "${alert(1)} {{constructor}} %s {class} | ] [",
    "url": "javascript:window.ran='url'",
}


def shown(bare, kind, width=1400):
    bare.page.set_viewport_size({"width": width, "height": 900})
    bare.page.evaluate("document.body.style.margin = 0")
    bare.show(*PANELS, **furnish(lambda text: f"{text} {EVIL[kind]}"))
    bare.place(points())
    bare.select(70)


def trouble(bare):
    """What ran, what was made of text, and what text pushed out of its place."""
    return bare.page.evaluate(
        """() => {
            const root = document.querySelector('.datacrafter');
            const made = root.querySelectorAll('script, iframe, object, link, [src=x], [onerror], [onmouseover]');
            const found = [...made].map(each => `made: ${each.outerHTML.slice(0, 90)}`);
            for (const each of root.querySelectorAll('[href], [style*="fixed" i]')) found.push(each.outerHTML);
            if (window.ran) found.push(`ran: ${window.ran}`);
            const page = document.documentElement;
            if (page.scrollWidth > page.clientWidth) found.push(`sideways: ${page.scrollWidth}`);
            for (const box of root.querySelectorAll('.dc-studio, .dc-studio .dc-bench, .dc-sheets'))
                if (box.scrollWidth > box.clientWidth + 1) found.push(`too wide: ${box.className} ${box.scrollWidth}`);
            for (const body of root.querySelectorAll('.dc-panel-body, .dc-panel-header')) {
                const {overflowX} = getComputedStyle(body);
                if (body.checkVisibility() && overflowX !== 'hidden' && body.scrollWidth > body.clientWidth + 1)
                    found.push(`too wide: ${body.parentElement.dataset.panel} ${body.className} ${body.scrollWidth}`);
            }
            for (const button of root.querySelectorAll('.dc-panel-header button, .dc-job button, .dc-notice button')) {
                if (!button.checkVisibility() || button.closest('[popover]')) continue;
                const inner = button.getBoundingClientRect();
                const outer = button.closest('.dc-panel, .datacrafter').getBoundingClientRect();
                if (inner.right > outer.right + 1 || inner.left < outer.left - 1)
                    found.push(`out of reach: ${button.dataset.action}`);
            }
            return found;
        }"""
    )


@pytest.mark.parametrize("kind", EVIL)
def test_whatever_is_written_in_the_tables_is_text(bare, kind):
    shown(bare, kind)
    assert trouble(bare) == []
    for where, text in [(".dc-class-name", "crane"), (".dc-class-chip", "crane"), (".dc-chip span", "red")]:
        shown_text = bare.page.locator(where).all_text_contents()
        assert f"{text} {EVIL[kind]}" in shown_text, where


@pytest.mark.parametrize("kind", EVIL)
def test_whatever_a_message_says_is_text(bare, kind):
    shown(bare, kind)
    for where in (*PANELS, "labels", "generate", "jobs", "template:1", "proposal:5", "nowhere"):
        bare.say(type="error", id=None, where=where, message=EVIL[kind])
        bare.say(type="warning", where=where, message=f"{where} {EVIL[kind]}")
    job = {"id": 9, "name": EVIL[kind], "kind": "observe", "state": "failed", "done": 0, "total": 1}
    bare.state(jobs=[job | {"message": EVIL[kind], "error": EVIL[kind]}])
    bare.page.locator(".dc-job-failed").first.wait_for()
    assert trouble(bare) == []
    assert bare.page.locator("[data-slot='map'] .dc-notice-error > span").text_content() == EVIL[kind]


@pytest.mark.parametrize("kind", EVIL)
def test_whatever_is_known_about_a_picture_is_text(bare, kind):
    shown(bare, kind)
    open_sheet(bare, picture(lambda text: f"{text} {EVIL[kind]}"))
    assert f"a photo of a crane {EVIL[kind]}" in bare.page.locator(".dc-sheet").text_content()
    assert trouble(bare) == []


@pytest.mark.parametrize("kind", EVIL)
def test_boxes_show_text(bare, kind):
    shown(bare, kind)
    for action in ("cost", "strategy", "teach", "open-export", "accept-menu", "reject"):
        bare.button(action).first.click()
        box = bare.page.locator(".dc-popover:popover-open")
        box.locator("> *").first.wait_for()
        place = box.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 1400
        assert trouble(bare) == [], action
        bare.page.keyboard.press("Escape")


@pytest.mark.parametrize("kind", EVIL)
def test_the_studio_shows_text(bare, kind):
    shown(bare, kind)
    said = EVIL[kind]
    made = {"id": 10, "letter": "A", "ready": False, "problem": said, "editor": said, "text": said}
    edit = test_editing.revealed(1, instruction=said, reason=said, target=said, feedback={"words": said})
    edit["candidates"][1] |= {"editor": said, "text": said, "parameters": {said: said}}
    edit["candidates"] += [made | {"parameters": {said: [said]}}]
    branch = test_editing.row(2, instruction=said, aside=True)
    bare.button("edit").click()
    bare.answer("picture", picture(lambda text: f"{text} {said}"))
    test_editing.answered(bare, "edit_rows", [edit | {"picture_id": 70}, branch | {"picture_id": 70}])
    bare.page.locator(".dc-choice summary").click()
    assert trouble(bare) == []
    assert said in bare.page.locator(".dc-choice dd").first.text_content()
    bare.button("open-gallery").click()
    step = test_gallery_studio.STEP | dict.fromkeys(("instruction", "editor", "prompt", "target"), said)
    card = test_gallery_studio.card(2, title=said, description=said, author=said, subject=said)
    test_editing.answered(bare, "gallery", {"entries": [card], "pages": 1, "total": 1})
    bare.page.locator("[data-entry]").click()
    steps = [step | {"parameters": {said: said}}]
    test_editing.answered(bare, "gallery_entry", card | {"steps": steps})
    bare.page.locator(".dc-entry-steps summary").click()
    assert trouble(bare) == []
    bare.button("close-studio").click()
    turn = test_picking.TURN | {"token": said, "class_id": 1}
    bare.state(turns=[turn])
    bare.button("choose").click()
    bare.answer("candidates", [each | {"anchor": said} for each in test_picking.ROWS])
    bare.page.locator("[data-candidate]").first.wait_for()
    assert trouble(bare) == []


@pytest.mark.parametrize("width", [340, 700])
@pytest.mark.parametrize("kind", ["long", "words", "bidi"])
def test_long_text_pushes_nothing_away_on_narrow_pages(bare, kind, width):
    shown(bare, kind, width)
    assert trouble(bare) == []


def test_a_mark_that_turns_the_writing_ends_with_its_text(bare):
    shown(bare, "bidi")
    turned = bare.page.evaluate(
        """() => [...document.querySelectorAll('.datacrafter *')].filter(each => {
            const own = [...each.childNodes].some(node => node.nodeType === 3 && /\\u202e/.test(node.data));
            if (!own || each.closest('option, svg')) return false;
            const {display, unicodeBidi} = getComputedStyle(each);
            return display.startsWith('inline') && display === 'inline' && unicodeBidi === 'normal';
        }).map(each => each.outerHTML.slice(0, 100))"""
    )
    assert turned == []


def test_what_is_cut_short_is_there_in_full(bare):
    shown(bare, "words")
    short = bare.page.evaluate(
        """() => [...document.querySelectorAll('.datacrafter .dc-panel *')].filter(each => {
            if (!each.checkVisibility() || each.closest('select, .dc-link')) return false;
            const {textOverflow, overflowX} = getComputedStyle(each);
            if (textOverflow !== 'ellipsis' || overflowX === 'visible') return false;
            if (each.scrollWidth <= each.clientWidth) return false;
            const title = each.closest('[title]')?.title ?? '';
            return !title.includes('a long sentence of words a long');
        }).map(each => each.outerHTML.slice(0, 100))"""
    )
    assert short == []
