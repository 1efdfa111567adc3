"""Notices of the built dashboard: what Python says is a message of the test."""

import pytest

NAMES = "groups keep the name of their most central word: <img src=x onerror=document.title='run'>"
ERROR = {"type": "error", "id": None, "where": "map", "message": "not possible"}


def warn(bare, message, where="map"):
    bare.say(type="warning", where=where, message=message)


def notices(bare, where="map"):
    return bare.page.locator(f".dc-slot[data-slot='{where}'] > .dc-notice")


def test_a_warning_stands_on_the_map_once_as_plain_text(bare):
    bare.show("info", "map")
    for _ in range(3):
        warn(bare, NAMES)
    assert notices(bare).all_text_contents() == [NAMES]
    assert bare.page.locator("[src=x]").count() == 0
    assert bare.page.title() != "run"
    assert notices(bare).bounding_box()["y"] < bare.page.locator(".dc-map-stage").bounding_box()["y"]


@pytest.mark.parametrize("where", ["info", "prompts"])
def test_a_warning_stands_in_the_panel_that_it_is_about(bare, where):
    bare.show("info", "map", "prompts")
    warn(bare, NAMES, where)
    assert notices(bare, where).all_text_contents() == [NAMES]
    assert bare.page.locator(".dc-notice").count() == 1
    assert bare.page.locator(f"[data-panel='{where}'] .dc-notice").is_visible()


def test_a_warning_stays_beside_errors_until_it_is_dismissed_and_then_away(bare):
    bare.show("info", "map")
    warn(bare, NAMES)
    for _ in range(2):
        bare.say(**ERROR)
    assert notices(bare).all_text_contents() == [NAMES, "not possible"]
    warn(bare, "something else")
    assert notices(bare).all_text_contents() == ["not possible", "something else"]
    warn(bare, NAMES)
    bare.page.locator(".dc-notice-warning").get_by_role("button", name="Dismiss").click()
    assert notices(bare).all_text_contents() == ["not possible"]
    warn(bare, NAMES)
    assert notices(bare).all_text_contents() == ["not possible"]


def test_without_a_map_a_warning_is_a_toast(bare):
    bare.show("info")
    for _ in range(2):
        warn(bare, NAMES)
    assert bare.page.locator(".dc-toasts > .dc-notice").all_text_contents() == [NAMES]
