"""Notices of the built dashboard, in a Chromium without a notebook: what Python says is a message of the test."""

from collections.abc import Iterator
from typing import Any

import pytest

from datacrafter_widget.widget.dashboard import STATIC

OPEN = """async ([script, style, panels, language]) => {
    document.head.append(Object.assign(document.createElement('style'), {textContent: style}));
    const module = await import(URL.createObjectURL(new Blob([script], {type: 'text/javascript'})));
    const listeners = [];
    const info = {
        name: 'test', folder: '', generator: {name: 'a/generator'}, encoder: {name: 'an/encoder'}, language,
        memory: null, classes: [], iteration: 0, read_only: false, resumable: 0,
    };
    const traits = {panels, height: 700, theme: 'light', info};
    const model = {
        get: key => traits[key], set: () => {}, save_changes: () => {}, off: () => {},
        send: ({id, type}) => setTimeout(() => say(
            type === 'hello' ? {type: 'reply', id, result: {seq: 0, tables: null}}
                             : {type: 'error', id, where: 'map', message: 'not possible'}
        )),
        on: (event, listener) => event === 'msg:custom' && listeners.push(listener),
    };
    window.say = message => listeners.forEach(listener => listener(message, []));
    const widget = module.default();
    widget.initialize({model});
    widget.render({model, el: document.body});
}"""

NAMES = "groups keep the name of their most central word: <img src=x onerror=document.title='run'>"


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 1500, "height": 900})
    page.set_default_timeout(20_000)
    yield page
    page.close()


def show(page: Any, *panels: str, language: str | None = None) -> None:
    style = (STATIC / "widget.css").read_text()
    page.evaluate(OPEN, [(STATIC / "widget.js").read_text(), style, list(panels), language])


def warn(page: Any, message: str) -> None:
    page.evaluate("message => say({type: 'warning', where: 'map', message})", message)


def fail(page: Any) -> None:
    page.evaluate("say({type: 'error', id: null, where: 'map', message: 'not possible'})")


def test_a_warning_stands_on_the_map_once_as_plain_text(page):
    show(page, "info", "map")
    for _ in range(3):
        warn(page, NAMES)
    notices = page.locator(".dc-slot[data-slot='map'] > .dc-notice")
    assert notices.all_text_contents() == [NAMES]
    assert page.locator("[src=x]").count() == 0
    assert page.title() != "run"
    assert notices.bounding_box()["y"] < page.locator(".dc-map-stage").bounding_box()["y"]


def test_a_warning_stays_beside_errors_until_it_is_dismissed_and_then_away(page):
    show(page, "info", "map")
    notices = page.locator(".dc-slot[data-slot='map'] > .dc-notice")
    warn(page, NAMES)
    for _ in range(2):
        fail(page)
    assert notices.all_text_contents() == [NAMES, "not possible"]
    warn(page, "something else")
    assert notices.all_text_contents() == ["not possible", "something else"]
    warn(page, NAMES)
    page.locator(".dc-notice-warning").get_by_role("button", name="Dismiss").click()
    assert notices.all_text_contents() == ["not possible"]
    warn(page, NAMES)
    assert notices.all_text_contents() == ["not possible"]


def test_without_a_map_a_warning_is_a_toast(page):
    show(page, "info")
    for _ in range(2):
        warn(page, NAMES)
    assert page.locator(".dc-toasts > .dc-notice").all_text_contents() == [NAMES]


@pytest.mark.parametrize("language", ["openai/<b>tiny", None])
def test_info_names_the_language_model_where_there_is_one(page, language):
    show(page, "info", language=language)
    facts = page.locator(".dc-model .dc-fact").all_text_contents()
    assert facts[:2] == ["Generatorgenerator", "Encoderencoder"]
    assert [fact for fact in facts if fact.startswith("Language")] == (
        ["Language<b>tiny"] if language else []
    )
