"""Detail on the built dashboard: rows, scrolling, keys, the sheet, comparing, and variations."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.session.points import encode_points

CRANE = {"id": 5, "name": "crane", "word": "crane", "originals": 2, "generated": 4, "hidden": 0}
BOAT = CRANE | {"id": 6, "name": "boat", "word": "boat"}
ROWS = [(1, 5, [11, 12, 13]), (0, 5, [21, 22]), (-1, 6, [2, 3])]


SERVE = """picture => {
    const serve = ({type, id, ids, size}) => {
        if (type !== 'thumbnails' || size !== 96) return;
        setTimeout(() => say({type: 'reply', id, result: null}, ids.map(() => picture)));
    };
    const push = sent.push.bind(sent);
    sent.forEach(serve);
    sent.push = message => { push(message); serve(message); };
}"""
"""Answers what is asked for small pictures."""


def webp(colour="red", size=4):
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "WEBP")
    return buffer.getvalue()


def shown(bare, rows=ROWS, *, marks=None, classes=(CRANE, BOAT), **info):
    bare.families(*rows, marks=marks)
    bare.show("detail", info={"classes": list(classes), **info}, jobs=[], templates=[], proposals=[])
    bare.page.locator("[data-picture]").first.wait_for()
    picture = base64.b64encode(webp()).decode()
    bare.page.evaluate(SERVE, picture)


def cell(bare, picture):
    return bare.page.locator(f"[data-picture='{picture}']")


def focused(bare):
    return bare.page.evaluate("document.activeElement.dataset.picture")


def press(bare, *keys):
    for key in keys:
        bare.page.keyboard.press(key)


def selection(bare):
    return bare.page.evaluate("""() => {
        const ids = traits.selection ?? [];
        return Array.isArray(ids) ? ids : [...new Int32Array(ids.buffer)];
    }""")


def test_originals_stand_in_rows_with_what_was_generated_from_them(bare):
    shown(bare)
    assert bare.page.locator(".dc-families-class b").all_text_contents() == ["crane", "boat"]
    row = bare.page.locator("[data-family='1']")
    assert row.locator("[data-picture]").evaluate_all("all => all.map(e => +e.dataset.picture)") == [
        1,
        11,
        12,
        13,
    ]
    assert "from text" in bare.page.locator("[data-family='none']").inner_text()
    assert cell(bare, 1).get_attribute("aria-label") == "crane 1, original"
    assert cell(bare, 21).get_attribute("aria-label") == "crane 21, generated"
    assert cell(bare, 3).get_attribute("aria-label") == "boat 3, original"


def test_a_selection_made_elsewhere_narrows_the_rows_and_one_made_here_does_not(bare):
    shown(bare)
    bare.select(12)
    bare.page.wait_for_function("document.querySelectorAll('[data-picture]').length === 4")
    assert cell(bare, 12).get_attribute("aria-selected") == "true"
    bare.button("show-all").click()
    assert cell(bare, 2).is_visible()
    cell(bare, 2).click(modifiers=["Control"])
    assert selection(bare) == [2, 12]
    assert cell(bare, 21).is_visible()
    cell(bare, 3).click(modifiers=["Control"])
    cell(bare, 2).click(modifiers=["Control"])
    assert selection(bare) == [3, 12]


def test_only_classes_that_are_shown_are_listed(bare):
    shown(bare)
    bare.page.evaluate("change('classes', [6])")
    bare.page.wait_for_function("document.querySelectorAll('[data-picture]').length === 2")
    assert bare.page.locator(".dc-families-class b").all_text_contents() == ["boat"]


def test_removed_pictures_are_out_of_the_way_until_they_are_asked_for(bare):
    shown(bare, marks={12: 5, 13: 8}, classes=[CRANE | {"hidden": 1}, BOAT])
    assert cell(bare, 12).count() == 0
    assert cell(bare, 13).get_attribute("aria-label") == "crane 13, generated, generation 2"
    bare.button("show-removed").click()
    assert cell(bare, 12).get_attribute("aria-label") == "crane 12, generated, removed"
    assert cell(bare, 12).locator(".dc-bin").is_visible()


def test_thirty_thousand_pictures_scroll_with_exact_heights_and_few_elements(bare):
    rows = [(i + 1, 5, [10_000 + i * 9 + j for j in range(9)]) for i in range(3000)]
    shown(bare, rows, classes=[CRANE])
    heights = bare.page.evaluate("""async () => {
        const list = document.querySelector('.dc-families');
        const seen = [];
        for (let step = 0; step <= 40; step++) {
            list.scrollTop = step * list.scrollHeight / 40;
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            const {top, bottom} = list.getBoundingClientRect();
            const rows = [...list.querySelectorAll('.dc-family')].map(row => row.getBoundingClientRect());
            const inView = rows.filter(row => row.bottom > top && row.top < bottom).sort((a, b) => a.top - b.top);
            const gaps = inView.slice(1).map((row, i) => row.top - inView[i].bottom);
            const covered = step === 40 || inView.at(-1).bottom > bottom - 20;
            seen.push([list.scrollHeight, rows.length, Math.max(0, ...gaps), inView[0].top <= top + 40 && covered]);
        }
        return seen;
    }""")
    assert len({height for height, *_ in heights}) == 1
    assert max(count for _, count, *_ in heights) < 120
    assert all(gap <= 14 for _, _, gap, _ in heights)
    assert all(covered for *_, covered in heights)


def test_pictures_are_asked_for_in_batches_once_the_scrolling_rests(bare):
    rows = [(i + 1, 5, [10_000 + i * 9 + j for j in range(9)]) for i in range(3000)]
    shown(bare, rows, classes=[CRANE])
    bare.page.evaluate("""async () => {
        const list = document.querySelector('.dc-families');
        for (let step = 1; step <= 30; step++) {
            list.scrollTop = step * 5000;
            await new Promise(requestAnimationFrame);
        }
    }""")
    last = bare.page.locator("[data-picture]").evaluate_all(
        "all => Math.max(...all.map(e => +e.dataset.picture))"
    )
    bare.page.wait_for_function(
        "id => sent.some(each => each.type === 'thumbnails' && each.ids.includes(id))", arg=last
    )
    asked = [id_ for each in bare.sent("thumbnails") for id_ in each["ids"]]
    assert len(asked) == len(set(asked)) < 1000


def test_the_view_stays_where_it_is_when_pictures_stream_in(bare):
    rows = [(i + 1, 5, [10_000 + i * 9 + j for j in range(3)]) for i in range(300)]
    shown(bare, rows, classes=[CRANE])
    place = """id => {
        const list = document.querySelector('.dc-families');
        const cell = list.querySelector(`[data-picture='${id}']`);
        return cell && cell.getBoundingClientRect().top - list.getBoundingClientRect().top;
    }"""
    bare.page.evaluate("document.querySelector('.dc-families').scrollTop = 3000")
    bare.page.wait_for_function("document.querySelector(\"[data-picture='40']\")")
    picture = bare.page.evaluate("""() => {
        const top = document.querySelector('.dc-families').getBoundingClientRect().top;
        const cells = [...document.querySelectorAll('.dc-original[data-picture]')];
        return +cells.find(cell => cell.getBoundingClientRect().bottom + 6 > top).dataset.picture;
    }""")
    before = bare.page.evaluate(place, picture)
    bare.families(
        *[(first, 5, [*ids, *range(50_000 + first * 40, 50_030 + first * 40)]) for first, _, ids in rows]
    )
    bare.state(info={**bare.page.evaluate("traits.info"), "classes": [CRANE | {"generated": 9999}]})
    bare.page.wait_for_function("document.querySelector('.dc-families').scrollHeight > 40000")
    assert bare.page.evaluate(place, picture) == pytest.approx(before, abs=1)


def test_arrows_home_end_and_pages_move_among_the_pictures(bare):
    rows = [(i + 1, 5, [10_000 + i * 9 + j for j in range(3)]) for i in range(300)]
    shown(bare, rows, classes=[CRANE])
    cell(bare, 1).focus()
    press(bare, "ArrowRight")
    assert focused(bare) == "10000"
    press(bare, "ArrowDown")
    assert focused(bare) == "10009"
    press(bare, "End")
    assert focused(bare) == "10011"
    press(bare, "ArrowRight")
    assert focused(bare) == "3"
    press(bare, "ArrowLeft", "Home")
    assert focused(bare) == "2"
    press(bare, "Control+End")
    assert focused(bare) == str(10_000 + 299 * 9 + 2)
    press(bare, "PageUp", "Home")
    assert 280 < int(focused(bare)) < 299
    press(bare, "Control+Home")
    assert focused(bare) == "1"
    assert bare.page.locator("[data-picture][tabindex='0']").count() == 1


def test_space_selects_shift_extends_and_enter_opens_the_sheet(bare):
    shown(bare)
    cell(bare, 11).focus()
    press(bare, " ")
    assert selection(bare) == [11]
    press(bare, "Shift+ArrowRight", "Shift+ArrowRight")
    assert selection(bare) == [11, 12, 13]
    press(bare, " ")
    assert selection(bare) == [11, 12]
    cell(bare, 22).click(modifiers=["Shift"])
    assert selection(bare) == [13, 21, 22]
    press(bare, "Enter")
    bare.answer("picture", sheet(22))
    assert bare.page.get_by_role("dialog", name="Provenance").is_visible()
    press(bare, "Escape")
    assert not bare.page.get_by_role("dialog", name="Provenance").is_visible()
    assert selection(bare) == [13, 21, 22]
    assert focused(bare) == "22"


def test_a_picture_under_the_pointer_or_the_focus_is_told_to_the_map(bare):
    shown(bare)
    cell(bare, 12).hover()
    bare.page.wait_for_function("sent.some(each => each.type === 'picture_labels' && each.ids.includes(12))")


def sheet(picture, **more):
    made = {"prompt": "a <b>photo", "seed": 7, "parent_id": 1, "strength": 0.5, "perturbation": "image2image"}
    row = {"id": picture, "class": "crane", "class_id": 5, "origin": "generated", "provenance": made}
    return row | {"labels": ["snow"], "descendants": [31, 32], "flags": []} | more


def opened_sheet(bare, **more):
    shown(bare)
    bare.state(labels=[{"id": 9, "text": "snow", "x": 0, "y": 0, "originals": 1, "generated": 1, "ratio": 1}])
    cell(bare, 12).click()
    bare.answer("picture", sheet(12, **more))
    return bare.page.get_by_role("dialog", name="Provenance")


def test_the_sheet_links_to_parent_descendants_and_labels(bare):
    box = opened_sheet(bare)
    assert box.locator("[data-kin]").evaluate_all("all => all.map(e => e.dataset.kin)") == ["1", "31", "32"]
    assert "a <b>photo" in box.inner_text()
    box.locator("[data-label='snow']").click()
    assert bare.sent("label_pictures") == [{"labels": [9]}]
    box.locator("[data-kin='31']").click()
    assert bare.sent("picture")[-1] == {"picture": 31}


def test_more_like_a_seed_are_asked_for_and_an_error_is_shown_there(bare):
    box = opened_sheet(bare)
    box.get_by_label("How many").fill("3")
    box.get_by_label("How near").select_option("very near")
    bare.button("vary").click()
    assert bare.sent("vary") == [{"picture": 12, "count": 3, "strength": 0.15}]
    bare.refuse("vary", "count: <i>expected")
    assert "count: <i>expected" in box.inner_text()
    bare.page.locator("[data-action='vary']:enabled").click()
    bare.answer("vary", 4)
    assert box.get_by_text("Making 3 like it.").is_visible()


def test_originals_and_imagined_pictures_offer_no_variations(bare):
    box = opened_sheet(bare, provenance={"perturbation": "gif", "parent_id": 1})
    assert box.locator("[data-action='vary']").count() == 0
    assert bare.button("compare").is_visible()


def test_two_pictures_are_compared_once_both_are_there(bare):
    opened_sheet(bare)
    bare.button("compare").click()
    bare.page.wait_for_function("sent.filter(each => each.type === 'picture').length === 2")
    bare.answer("picture", sheet(12))
    box = bare.page.get_by_role("dialog", name="Compare")
    box.wait_for()
    assert box.locator("img").count() == 0
    bare.page.wait_for_function("sent.some(each => each.type === 'thumbnails' && each.size === 512)")
    assert sorted(bare.sent("thumbnails")[-1]["ids"]) == [1, 12]
    bare.answer("thumbnails", None, webp("red"), webp("blue"))
    box.locator("img").nth(1).wait_for()
    assert box.locator("figcaption").all_text_contents() == ["Before: picture 1", "After: picture 12"]
    box.get_by_label("Swap").check()
    figures = box.locator("figure")
    box.locator(".dc-stage").focus()
    bare.page.keyboard.down(" ")
    assert [figures.nth(i).is_visible() for i in (0, 1)] == [False, True]
    bare.page.keyboard.up(" ")
    assert [figures.nth(i).is_visible() for i in (0, 1)] == [True, False]
    box.get_by_label("Slider").check()
    box.locator(".dc-stage").focus()
    press(bare, "ArrowRight")
    assert box.get_by_label("Where the pictures meet").input_value() == "55"
    press(bare, "Escape")
    assert box.count() == 0
    assert bare.page.get_by_role("dialog", name="Provenance").is_visible()


def test_an_empty_session_says_what_to_do_and_a_failure_offers_to_try_again(bare):
    bare.show("detail", info={"classes": []})
    bare.page.get_by_text("session.add_images(folder)").wait_for()
    assert bare.page.get_by_role("grid").count() == 0


def test_marks_follow_what_the_map_is_told(bare):
    shown(bare)
    ids = np.array([11, 12])
    columns = dict.fromkeys(("class_index", "iteration"), ids * 0) | {"origin": ids > 0}
    rows = {"id": ids, "x": ids, "y": ids, **columns}
    bare.say(encode_points(rows | {"hidden": ids * 0, "flagged": ids * 0}, 1), type="replace", seq=1)
    bare.say(
        encode_points(rows | {"hidden": ids == 11, "flagged": ids == 12}, 2), type="update", seq=2, count=2
    )
    cell(bare, 11).wait_for(state="detached")
    assert cell(bare, 12).get_attribute("aria-label").endswith("flagged")


def test_the_pictures_of_a_proposal_are_compared_seed_by_seed(bare):
    proposal = {
        "id": 1,
        "class_id": 5,
        "template_id": 1,
        "kind": "more_like",
        "wish": "",
        "pictures": 2,
        "before": "a crane",
        "after": "a red crane",
        "negative_before": "",
        "negative_after": "",
        "score_before": 0.1,
        "score_after": 0.2,
        "improved": True,
        "confirmed": True,
        "gain": 1,
        "standard_error": 0.1,
        "proxies": 4,
        "reasons": [],
        "edits": [],
        "terms": {"before": {}, "after": {}},
        "weights": {},
        "generations": [],
        "before_refs": [1, 2],
        "after_refs": [3, 4],
        "state": "open",
    }
    bare.show("prompts", info={"classes": [CRANE]}, templates=[], proposals=[proposal], jobs=[])
    bare.answer("proxies", None, *[webp()] * 4)
    bare.button("compare-proxies").click()
    box = bare.page.get_by_role("dialog", name="Compare")
    box.get_by_text("Pair 1 of 2").wait_for()
    assert box.locator("img").count() == 2
    box.get_by_role("button", name="The next pair").click()
    box.get_by_text("Pair 2 of 2").wait_for()
