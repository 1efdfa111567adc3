"""The Info panel: classes however many, jobs with their pace and their end, models in a line."""

import pytest

JOB = {
    "id": 7,
    "name": "Generate",
    "kind": "generate",
    "state": "running",
    "done": 10,
    "total": 40,
    "message": "generating, 2.0 pictures/s",
    "error": None,
    "rate": 2.0,
    "made": None,
}


def classes(count, name="class {}"):
    return [
        {"id": i, "name": name.format(i), "word": "x", "originals": i, "generated": 0, "hidden": 0}
        for i in range(1, count + 1)
    ]


def show(bare, jobs=(), **info):
    bare.show("info", info={"classes": classes(3), **info}, jobs=list(jobs))


def job(bare):
    return bare.page.locator("[data-job-id='7']")


def test_a_job_says_how_long_it_will_take_also_on_a_page_opened_later(bare):
    show(bare, [JOB])
    assert job(bare).locator(".dc-job-message").inner_text() == "generating, 2.0 pictures/s · 15 s left"
    assert job(bare).get_by_role("button").inner_text() == "Stop"
    assert job(bare).get_by_role("progressbar").get_attribute("aria-valuenow") == "25"


def test_a_job_that_waits_says_behind_how_many_and_is_cancelled(bare):
    waiting = {"state": "queued", "done": 0, "total": None, "message": "", "rate": None}
    show(bare, [JOB | {"id": 5}, JOB | waiting | {"id": 6}, JOB | waiting])
    assert job(bare).locator(".dc-job-message").inner_text() == "waiting, 2 jobs before it"
    stop = job(bare).get_by_role("button")
    assert stop.inner_text() == "Cancel"
    stop.click()
    assert bare.sent("cancel") == [{"job": 7}]
    assert stop.inner_text() == "Stopping …"
    bare.refuse("cancel", "no such job")
    bare.state(jobs=[JOB])
    assert stop.inner_text() == "Stop"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"state": "done", "made": 40}, "Generate: 40 pictures made"),
        ({"state": "done", "made": 1}, "Generate: 1 picture made"),
        ({"state": "cancelled"}, "Generate: stopped. What was finished is kept."),
        ({"state": "done", "kind": "observe"}, "Generate: done"),
    ],
)
def test_a_job_that_ends_says_so(bare, end, words):
    show(bare, [JOB])
    bare.state(jobs=[JOB | end])
    assert job(bare).count() == 0
    assert bare.page.get_by_role("region", name="Info").get_by_text(words).is_visible()


def test_what_ended_before_the_page_was_opened_is_old_news(bare):
    show(bare, [JOB | {"state": "done", "made": 40}])
    assert bare.page.locator(".dc-job-ended").count() == 0


def test_the_models_are_a_line_that_opens(bare):
    show(bare)
    models = bare.page.locator(".dc-models")
    assert models.locator("summary").inner_text().split("\n") == ["Models", "generator · encoder"]
    assert not models.get_by_text("Device").is_visible()
    models.locator("summary").click()
    assert models.get_by_text("Device").is_visible()


def test_a_language_model_that_is_away_is_seen_without_a_click(bare):
    language = {
        "name": "a/model",
        "calls": 0,
        "cached": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cost": None,
        "problem": "no answer",
    }
    show(bare, language=language)
    assert bare.page.get_by_text("working without it: no answer").is_visible()


def test_a_session_that_can_only_be_read_says_so(bare):
    show(bare)
    badge = bare.page.get_by_text("Read only")
    assert not badge.is_visible()
    bare.change_info(read_only=True)
    assert badge.is_visible()


def test_a_hundred_classes_scroll_and_are_found_by_name(bare):
    show(bare, classes=classes(100))
    lines = bare.page.locator(".dc-class")
    assert lines.count() == 100
    assert bare.page.locator(".dc-classes").evaluate("list => list.scrollHeight > list.clientHeight")
    bare.page.get_by_role("searchbox", name="Find a class").fill("Class 9")
    assert lines.count() == 11
    bare.page.get_by_role("searchbox").fill("nothing")
    assert bare.page.get_by_text("No class has such a name.").is_visible()


def test_few_classes_need_no_search(bare):
    show(bare)
    assert not bare.page.get_by_label("Find a class").is_visible()


def test_lines_of_classes_keep_the_focus_while_pictures_come(bare):
    show(bare)
    second = bare.page.locator("[data-class='2']")
    second.focus()
    counted = classes(3)
    counted[1]["generated"] = 1500
    bare.change_info(classes=counted)
    assert second.evaluate("line => line === document.activeElement")
    assert second.locator(".dc-class-count").inner_text() == "2+1,500"
    bare.page.keyboard.press("ArrowDown")
    assert bare.page.locator("[data-class='3']").evaluate("line => line === document.activeElement")


def test_without_classes_it_says_what_to_do(bare):
    show(bare, classes=[])
    assert bare.page.get_by_text("session.add_images(…)").is_visible()


@pytest.mark.parametrize("width", [208, 340])
def test_nothing_sticks_out_however_long_the_names(bare, width):
    bare.page.set_viewport_size({"width": width, "height": 900})
    names = classes(3, name="a_very_long_class_name_without_any_blank_" * 4 + "{}")
    show(bare, [JOB | {"name": "generate " * 9, "message": "word" * 50}], classes=names)
    sticking = bare.page.evaluate(
        """() => [...document.querySelectorAll('.dc-info *')].filter(each =>
            each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1
            && !each.closest('[popover]')).map(each => each.className)"""
    )
    assert sticking == []
