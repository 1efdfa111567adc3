"""The static site holds the public entries, and nothing else."""

import dataclasses
import json
import re

import pytest
from trails import picture, trail

from datacrafter_widget.editing.gallery import Entry, Gallery
from datacrafter_widget.errors import InputError, StoreError


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", author="Ada") as opened:
        yield opened


def content(folder):
    """Every file of a folder, by its name there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_private_entries_leave_no_trace(gallery, tmp_path):
    shown = gallery.publish(trail("make it green"), title="shown", public=True)
    hidden = dataclasses.replace(trail("a secret wish", seed=70), subject="a secret subject")
    secret = gallery.publish(hidden, title="a secret title", description="a secret word")
    gallery.to_html(tmp_path / "site")
    files = content(tmp_path / "site")
    for name, data in files.items():
        for word in ("secret", secret.id, *(set(secret.picture_keys) - set(shown.picture_keys))):
            assert word not in name, name
            assert word.encode() not in data, name
    assert {f"pictures/{key}.png" for key in shown.picture_keys} <= set(files)


def test_what_turned_private_or_was_deleted_goes_from_an_earlier_site(gallery, tmp_path):
    site = tmp_path / "site"
    entries = [gallery.publish(trail("x", seed=10 * n), title=f"title {n}", public=True) for n in range(3)]
    gallery.to_html(site)
    (site / "CNAME").write_text("gallery.example")
    (site / "pictures" / "mine.txt").write_text("mine")
    assert b"title 1" in content(site)["index.html"]
    gallery.change(entries[1], public=False)
    gallery.delete(entries[2])
    gallery.to_html(site)
    files = content(site)
    assert files["CNAME"] == b"gallery.example"
    assert files["pictures/mine.txt"] == b"mine"
    kept = {f"entries/{entries[0].id}.html", f"entries/{entries[0].id}.json"}
    assert {name for name in files if name.startswith("entries/")} == kept
    for gone in entries[1:]:
        own = set(gone.picture_keys) - set(entries[0].picture_keys)
        assert not any(word in name for name in files for word in (gone.id, *own))
        assert not any(f"{gone.title}<".encode() in data for data in files.values())


def test_a_site_that_could_not_be_finished_shows_nothing_private(gallery, tmp_path):
    site = tmp_path / "site"
    entry = gallery.publish(trail("x"), title="was public", public=True)
    other = gallery.publish(trail("y", seed=9), title="other", public=True)
    gallery.to_html(site)
    gallery.change(entry, public=False)
    (tmp_path / "gallery" / "images" / other.picture[:2] / f"{other.picture}.png").unlink()
    with pytest.raises(StoreError, match="expected a picture"):
        gallery.to_html(site)
    assert not any(b"was public" in data or entry.id in name for name, data in content(site).items())


def test_nothing_is_fetched_from_elsewhere_and_only_our_script_runs(gallery, tmp_path):
    gallery.publish(trail("see https://example.org/x", seed=3), title="<b>http</b>", public=True)
    gallery.to_html(tmp_path / "site", title="Ada & <Ben>")
    for name, data in content(tmp_path / "site").items():
        if not name.endswith(".html"):
            continue
        page = data.decode()
        assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?\s*(https?:)?//", page), name
        assert page.count("<script") == 1
        assert "default-src 'none'" in page
        assert "Ada &amp; &lt;Ben&gt;" in page
        for address in re.findall(r'(?:src|href)="([^"#]+)"', page):
            assert (tmp_path / "site" / name).parent.joinpath(address).exists(), address


def test_the_steps_can_be_taken_away_as_json(gallery, tmp_path):
    entry = gallery.like(gallery.publish(trail("make it green", "on snow"), title="Green", public=True))
    gallery.to_html(tmp_path / "site")
    told = json.loads((tmp_path / "site" / "entries" / f"{entry.id}.json").read_text())
    assert Entry.from_json({**told, "public": True, "liked": True}) == entry


def test_an_empty_gallery_is_a_site_too(gallery, tmp_path):
    gallery.publish(trail("x"), title="private")
    index = gallery.to_html(tmp_path / "site")
    assert index == tmp_path / "site" / "index.html"
    assert "<article" not in index.read_text()


def test_another_programs_page_stays(gallery, tmp_path):
    (tmp_path / "index.html").write_text("<title>mine</title>")
    with pytest.raises(InputError, match="another page"):
        gallery.to_html(tmp_path)
    assert (tmp_path / "index.html").read_text() == "<title>mine</title>"
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        gallery.to_html(tmp_path / "file")


def test_a_read_only_gallery_can_be_written_as_a_site(gallery, tmp_path):
    entry = gallery.publish(trail("x"), title="shown", public=True)
    with Gallery.open(tmp_path / "gallery", read_only=True) as reading:
        reading.to_html(tmp_path / "site")
    assert f"entries/{entry.id}.html" in content(tmp_path / "site")


def test_many_entries_are_one_light_page(gallery, tmp_path):
    first = gallery.publish(trail("x"), title="first", public=True)
    for number in range(100):
        gallery._shelf.add(
            dataclasses.replace(first, id=f"{number:012d}"), dict.fromkeys(first.picture_keys, picture(0))
        )
    index = gallery.to_html(tmp_path / "site")
    assert index.read_text().count("<article") == 101
    assert index.stat().st_size < 200_000
