"""A gallery's static site in a browser: opened from disk, searched, filtered, read; what is written in it is text."""

import dataclasses
import json
import sys
from datetime import date
from unicodedata import category

import pytest
from trails import trail

from datacrafter_widget.editing.gallery import Gallery
from datacrafter_widget.editing.gallery import gallery as module
from datacrafter_widget.editing.gallery.words import searchable

EVIL = {
    "html": "<img src=x onerror=\"window.ran='img'\"><script>window.ran='script'</script></style></textarea>&amp;",
    "attribute": "\"' onmouseover='window.ran=1' style='position:fixed;inset:0' x=\"",
    "bidi": "\u202e\u2067\u200fgnp.exe \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈\u0301\u0301\ufeff\u200b",
    "long": "W" * 190,
    "template": "${alert(1)} {{constructor}} %s $title",
}
PUBLISHED = [  # title, author, day, likes, wishes
    ("Green apple", "Ada", "2026-01-10", 3, ("make the apple green", "put it on snow")),
    ("Crane at night", "Ben", "2026-02-11", 0, ("make it night",)),
    ("تفاحة حمراء", "ليلى", "2026-03-12", 12, ("ضع التفاحة على الثلج",)),
    ("Crème brûlée 🍮", "Chloé", "2026-04-13", 1, ("brown it",)),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of four public entries; the gallery has a private one too."""
    folder = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch, Gallery.open(folder / "gallery") as gallery:
        for number, (title, author, day, likes, wishes) in enumerate(PUBLISHED):
            patch.setattr(module, "now", lambda day=day: f"{day}T12:00:00.000Z")
            gallery.author = author
            entry = gallery.publish(trail(*wishes, seed=10 * number), title=title, public=True)
            for reader in range(likes):
                gallery.author = str(reader)
                gallery.like(entry)
        hidden = dataclasses.replace(trail("whisper", seed=90), subject="a mystery")
        gallery.publish(hidden, title="Hidden sesame", description="sesame")
        return gallery.to_html(folder / "site", title="Our edits")


@pytest.fixture
def page(chromium):
    """A page that notes what goes wrong and what is asked of the network."""
    opened = chromium.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(20_000)
    opened.trouble = []
    opened.on("console", lambda message: opened.trouble.append(message.text))
    opened.on("pageerror", lambda error: opened.trouble.append(str(error)))
    opened.on(
        "request",
        lambda request: request.url.startswith("file:") or opened.trouble.append(request.url),
    )
    yield opened
    trouble = opened.trouble
    opened.close()
    assert trouble == []


def opened(page, site, fragment=""):
    page.goto(site.as_uri() + fragment)
    page.locator("[role=status]:not(:empty)").wait_for()


def seen(page):
    return page.locator(".dcg-card:visible h2").all_text_contents()


def status(page, text):
    page.wait_for_function("text => document.querySelector('[role=status]').textContent === text", arg=text)


def violations(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
    return [
        (found["id"], node["html"][:160], node["failureSummary"][:300])
        for found in axe.run(page, options=options).response["violations"]
        for node in found["nodes"]
    ]


def all_pictures_are_there(page):
    page.evaluate("for (const each of document.images) each.loading = 'eager'")
    page.wait_for_function("[...document.images].every(each => each.complete)")
    return page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_it_opens_from_disk_with_all_its_pictures(page, site):
    opened(page, site)
    assert page.title() == "Our edits"
    assert seen(page) == [title for title, *_ in reversed(PUBLISHED)]
    assert page.locator("[role=status]").text_content() == "4 entries"
    assert all_pictures_are_there(page)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("apple green", ["Green apple"]),
        ("SNOW green", ["Green apple"]),
        ("creme", ["Crème brûlée 🍮"]),
        ("🍮", ["Crème brûlée 🍮"]),
        ("الثلج", ["تفاحة حمراء"]),
        ("ppl", []),
        ("sesame", []),
        ("recolour ben", ["Crane at night"]),
    ],
)
def test_search_finds_what_the_gallery_finds(page, site, words, found):
    opened(page, site)
    page.get_by_role("searchbox").fill(words)
    status(page, f"{len(found)} of 4 entries")
    assert seen(page) == found
    with Gallery.open(site.parent.parent / "gallery", read_only=True) as gallery:
        assert [entry.title for entry in gallery.search(words) if entry.public] == found


def test_every_writing_is_searched_for_as_the_gallery_prepares_it(page, site):
    opened(page, site)
    assigned = [
        code for code in range(1, sys.maxunicode + 1) if category(chr(code)) not in {"Cn", "Co", "Cs"}
    ]
    prepared = [searchable(f"a{chr(code)}b {chr(code)}") for code in assigned]
    others = page.evaluate(
        """([codes, prepared]) => codes.filter((code, place) => {
            const character = String.fromCodePoint(code);
            return searchable(`a${character}b ${character}`) !== prepared[place];
        })""",
        [assigned, prepared],
    )
    assert len(others) < len(assigned) / 1000  # Python and the browser know different versions of Unicode


def test_filters_and_order_are_kept_in_the_address(page, site):
    opened(page, site)
    page.get_by_label("Likes, at least").fill("1")
    status(page, "3 of 4 entries")
    page.get_by_label("Since").fill(date(2026, 1, 10).isoformat())
    page.get_by_label("Until").fill(date(2026, 3, 12).isoformat())
    status(page, "2 of 4 entries")
    page.get_by_label("Order").select_option("oldest")
    page.wait_for_function(
        "document.querySelector('.dcg-card:not([hidden]) h2').textContent === 'Green apple'"
    )
    page.get_by_label("Order").select_option("liked")
    page.wait_for_function("document.querySelector('.dcg-card').dataset.likes === '12'")
    asked = seen(page)
    assert asked == ["تفاحة حمراء", "Green apple"]

    page.get_by_role("link", name="Green apple").click()
    page.get_by_role("heading", level=1, name="Green apple").wait_for()
    page.go_back()
    status(page, "2 of 4 entries")
    assert seen(page) == asked
    page.reload()
    status(page, "2 of 4 entries")
    assert seen(page) == asked

    page.get_by_role("button", name="Clear").click()
    status(page, "4 entries")
    assert seen(page) == [title for title, *_ in reversed(PUBLISHED)]
    assert "#" not in page.url


def test_an_address_with_nonsense_shows_everything(page, site):
    opened(page, site, "#order=constructor&likes=x&since=soon&other=1")
    assert page.locator("[role=status]").text_content() == "4 entries"


def test_an_entry_shows_its_steps_prompts_and_exact_parameters(page, site):
    opened(page, site)
    page.get_by_role("link", name="Green apple").click()
    page.get_by_role("heading", level=1, name="Green apple").wait_for()
    assert page.locator(".dcg-step h3 bdi").all_text_contents() == ["make the apple green", "put it on snow"]
    first = page.locator(".dcg-step").first
    assert first.locator("figcaption").all_text_contents() == [
        "Before",
        "After",
        "Mask: white may change",
        "Reference",
    ]
    assert "a picture where one was asked to make the apple green" in first.text_content()
    assert not first.locator("table").is_visible()
    first.get_by_text("Exact parameters").click()
    first.locator("table").wait_for()
    rows = dict(row.split("\t") for row in first.locator("table").inner_text().splitlines())
    assert rows["seed"] == str(2**63 - 1)
    assert rows["strength"] == "0.30000000000000004"
    assert rows["sizes"] == "[1, 2.5, null]"
    assert all_pictures_are_there(page)
    page.get_by_role("link", name="Our edits").click()
    status(page, "4 entries")


def test_before_and_after_are_compared_with_a_key(page, site):
    opened(page, site)
    page.get_by_role("link", name="Green apple").click()
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("End")
    page.wait_for_function("getComputedStyle(document.querySelector('.dcg-after')).clipPath.includes('100%')")
    page.keyboard.press("Home")
    page.wait_for_function(
        "!getComputedStyle(document.querySelector('.dcg-after')).clipPath.includes('100%')"
    )


def test_without_script_everything_is_there_but_the_search(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.as_uri())
    assert page.locator(".dcg-card").count() == 4
    assert not page.locator("form").is_visible()
    page.get_by_role("link", name="Green apple").click()
    page.get_by_role("heading", level=1, name="Green apple").wait_for()
    assert page.locator(".dcg-step").count() == 2
    context.close()


def test_private_entries_are_nowhere(site):
    files = [path for path in site.parent.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        for word in (b"sesame", b"whisper", b"mystery"):
            assert word not in path.read_bytes(), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 700, 340])
def test_axe_finds_nothing_wrong(page, site, scheme, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    opened(page, site)
    assert violations(page) == []
    assert sideways(page) == 0
    page.get_by_role("link", name="Green apple").click()
    page.get_by_role("heading", level=1, name="Green apple").wait_for()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert violations(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize("media", [{"contrast": "more"}, {"forced_colors": "active"}])
def test_axe_finds_nothing_wrong_in_other_colours(page, site, media):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, **media)
        opened(page, site)
        assert violations(page) == []


@pytest.mark.parametrize("kind", EVIL)
def test_whatever_is_written_is_text(page, tmp_path, kind):
    text = EVIL[kind]
    with Gallery.open(tmp_path / "gallery", author=text) as gallery:
        facts = dict.fromkeys(("action", "editor", "revision", "prompt", "negative", "source"), text)
        wish = trail(text, **facts, target=f"{text} after", parameters={text: text, "list": [text]})
        entry = gallery.publish(
            dataclasses.replace(wish, subject=text), title=text, description=f"{text}\n\n{text}", public=True
        )
        index = gallery.to_html(tmp_path / "site", title=text)
    for address in (index, index.parent / "entries" / f"{entry.id}.html"):
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address.as_uri())
            page.locator("h1").wait_for()
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            assert page.evaluate("window.ran") is None
            assert page.locator("script").count() == 1
            assert page.locator("[src=x], [onerror], [onmouseover], iframe, object").count() == 0
            assert page.locator("h1").text_content() == entry.title
            assert entry.title in page.title()
            assert sideways(page) == 0
    assert page.locator(".dcg-step h3 bdi").text_content() == entry.steps[0].instruction
    assert page.locator("td").last.text_content() == json.dumps([text], ensure_ascii=False)
