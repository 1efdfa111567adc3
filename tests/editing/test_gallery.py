"""A gallery keeps trails and finds them again, the same way in a folder and in MongoDB."""

import dataclasses
import datetime as dt
import json
import random
import secrets
import sqlite3
import sys
import threading
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from trails import mask, mongodb, picture, trail

from datacrafter_widget.editing.gallery import Entry, Gallery, Trail, local
from datacrafter_widget.editing.gallery import gallery as module
from datacrafter_widget.editing.gallery.words import searchable, wanted
from datacrafter_widget.errors import InputError, StoreError


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mongodb(tmp_path_factory.mktemp("mongodb")) as address:
        yield address.split("?")[0].rstrip("/")


@pytest.fixture(params=["folder", "folder without FTS5", "MongoDB"])
def where(request, tmp_path, monkeypatch):
    """A place for a gallery."""
    if request.param == "MongoDB":
        return f"{request.getfixturevalue('server')}/gallery_{secrets.token_hex(4)}"
    if request.param == "folder without FTS5":
        monkeypatch.setattr(local, "_has_fts5", lambda: False)
    return tmp_path / "gallery"


@pytest.fixture
def gallery(where):
    with Gallery.open(where, author="Ada") as opened:
        yield opened


def at(monkeypatch, moment):
    monkeypatch.setattr(module, "now", lambda: moment)


def titles(entries):
    return [entry.title for entry in entries]


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and np.array_equal(np.asarray(one), np.asarray(other))


def test_an_entry_comes_back_as_it_was_published(gallery):
    published = trail("make it green", "put it on snow")
    entry = gallery.publish(published, title="  Green\napple ", description="By hand.", public=True)
    assert (entry.title, entry.description, entry.author, entry.public) == (
        "Green apple",
        "By hand.",
        "Ada",
        True,
    )
    found = gallery.entry(entry.id)
    assert found == entry
    assert [step.parameters for step in found.steps] == [step.parameters for step in published.steps]
    assert found.steps[0].seed == 2**63 - 1
    assert same(gallery.image(found.picture), published.pictures["start"])
    assert same(gallery.image(found.result), published.pictures["after 2"])
    assert same(gallery.image(found.steps[0].reference), published.pictures["reference"])
    with Image.open(BytesIO(gallery.thumbnail(found.result, 32))) as small:
        assert (small.format, small.size) == ("WEBP", (32, 32))
    assert Entry.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_an_entry_survives_closing(where):
    with Gallery.open(where, author="Ada") as first:
        entry = first.like(first.publish(trail("make it green"), title="Green"))
    with Gallery.open(where, author="Ada") as again:
        assert again.entry(entry.id) == entry
        assert titles(again.search("green")) == ["Green"]
    with Gallery.open(where, author="Ada", read_only=True) as reading:
        assert titles(reading.search("gree")) == ["Green"]
        for change in (reading.like, reading.delete):
            with pytest.raises(StoreError, match="read_only"):
                change(entry.id)
        with pytest.raises(StoreError, match="read_only"):
            reading.publish(trail("x"), title="x")


def test_forking_gives_the_steps_and_their_pictures(gallery):
    published = trail("make it green", "put it on snow")
    entry = gallery.publish(published, title="Green")
    forked = gallery.fork(entry.id)
    assert isinstance(forked, Trail)
    assert forked.subject == published.subject
    for mine, theirs in zip(forked.steps, published.steps, strict=True):
        keys = {"picture", "mask", "reference"}
        facts = {f.name for f in dataclasses.fields(mine)} - keys
        assert all(getattr(mine, name) == getattr(theirs, name) for name in facts)
        assert same(forked.pictures[mine.picture], published.pictures[theirs.picture])
    assert forked.pictures[forked.steps[0].mask].mode == "L"
    assert same(forked.pictures[forked.steps[0].mask], mask())
    again = gallery.publish(forked, title="Once more")
    assert again.steps == entry.steps


def test_pages_are_of_one_order_and_miss_nothing(gallery, monkeypatch):
    for number in range(7):
        at(monkeypatch, f"2026-03-0{1 + number // 2}T10:00:00.000Z")  # some at the same moment
        gallery.publish(trail("x", seed=number), title=str(number))
    for order in ("newest", "oldest", "liked"):
        pages = [gallery.browse(number, per_page=3, order=order) for number in (1, 2, 3, 4)]
        assert [len(page) for page in pages] == [3, 3, 1, 0]
        assert {(page.total, page.pages) for page in pages} == {(7, 3)}
        assert sorted(title for page in pages for title in titles(page)) == list("0123456")
    newest = [entry.created for entry in gallery.browse(per_page=10)]
    assert newest == sorted(newest, reverse=True)
    assert [entry.created for entry in gallery.browse(per_page=10, order="oldest")] == newest[::-1]


SEARCHED = {
    "Crème brûlée": ["creme", "CRÈME", "brul", "crème brûlée"],
    "红苹果、在桌上。": ["苹果", "红", "苹果在", "桌上。"],
    "تفاحة حمراء": ["حمراء", "تفاح"],
    "שלום עולם": ["עולם"],
    "A 🍎 and a 👩‍👩‍👧": ["🍎", "👩"],
    "don't stop": ["don't", "don"],
    "100% [sure] (a|b) $x": ["100%", "[sure]", "$x", "(a|b)"],
    "사과 그림": ["사과", "사"],
    "\ufb01ne \u216b \uff21\uff22": ["fine", "ab", "xii"],
}


@pytest.mark.parametrize("title", SEARCHED)
def test_words_are_found_in_any_writing(gallery, title):
    gallery.publish(trail("zzz"), title=title)
    gallery.publish(trail("yyy", seed=9), title="qqq")
    for words in SEARCHED[title]:
        assert titles(gallery.search(words)) == [title], words


def test_every_word_must_begin_a_word_somewhere_in_the_entry(gallery):
    gallery.publish(trail("make the apple green"), title="Fruit", description="From Ada's orchard")
    crane = dataclasses.replace(trail("put the crane on snow", seed=5, action="relight"), subject="a crane")
    gallery.publish(crane, title="Bird")
    for words in ("green fruit", "orchard APPLE", "app", "recol", "recolour apple", "table fruit"):
        assert titles(gallery.search(words)) == ["Fruit"], words
    for words in ("pple", "green snow", '" NOT "', "NEAR(", "fruit*zzz", "m.*e"):
        assert titles(gallery.search(words)) == [], words
    assert len(gallery.search("  ")) == len(gallery.search("***")) == 2  # nothing to look for
    assert titles(gallery.search("snow", order="oldest", per_page=1)) == ["Bird"]


def test_words_are_prepared_once_for_all():
    assert searchable("Red  APPLES\n", "Ébène") == " red apples ebene"
    assert wanted("red red  Éb") == (" red", " eb")
    assert searchable("\u202eevil\u200f") == " evil"
    assert searchable("") == ""


def test_filters_by_likes_and_date(where, monkeypatch):
    with Gallery.open(where, author="Ada") as ada, Gallery.open(where, author="Ben") as ben:
        for number, day in enumerate(("2026-02-28", "2026-03-01", "2026-03-02")):
            at(monkeypatch, f"{day}T23:30:00.000Z")
            entry = ada.publish(trail("x", seed=number), title=day, public=True)
            for reader in (ada, ben)[:number]:
                reader.like(entry)
        assert titles(ada.filter(likes=1)) == ["2026-03-02", "2026-03-01"]
        assert titles(ada.filter(likes=2)) == ["2026-03-02"]
        assert titles(ada.browse(order="liked")) == ["2026-03-02", "2026-03-01", "2026-02-28"]
        assert titles(ada.filter(since="2026-03-01")) == ["2026-03-02", "2026-03-01"]
        assert titles(ada.filter(until=dt.date(2026, 3, 1))) == ["2026-03-01", "2026-02-28"]
        assert titles(ada.filter(since="2026-03-01", until="2026-03-01")) == ["2026-03-01"]
        eastern = dt.timezone(dt.timedelta(hours=2))
        moment = dt.datetime(2026, 3, 2, 1, 30, tzinfo=eastern)  # the very moment of the second
        assert titles(ada.filter(since=moment)) == ["2026-03-02", "2026-03-01"]
        assert titles(ada.filter(until=moment)) == ["2026-02-28"]
        assert titles(ada.search("ada", likes=1, until="2026-03-01")) == ["2026-03-01"]


def test_a_like_counts_once_a_person(where):
    with Gallery.open(where, author="Ada") as ada, Gallery.open(where, author="Ben") as ben:
        entry = ada.publish(trail("x"), title="x", public=True)
        assert ada.like(ada.like(entry)).likes == 1
        assert (ben.entry(entry.id).likes, ben.entry(entry.id).liked) == (1, False)
        assert (ben.like(entry).likes, ada.entry(entry.id).likes) == (2, 2)
        assert (ada.unlike(entry).likes, ada.unlike(entry).likes, ada.entry(entry.id).liked) == (1, 1, False)


def test_likes_of_many_at_a_time_are_all_counted(where):
    readers = [Gallery.open(where, author=f"reader {number}") for number in range(6)]
    entry = readers[0].publish(trail("x"), title="x", public=True)
    threads = [threading.Thread(target=reader.like, args=[entry]) for reader in readers for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert readers[0].entry(entry.id).likes == 6
    for reader in readers:
        reader.close()


def test_an_entry_can_be_changed_and_is_found_by_its_new_words(gallery):
    entry = gallery.publish(trail("x"), title="Old", description="before")
    assert not entry.public
    changed = gallery.change(entry, title="New", public=True)
    assert gallery.entry(entry.id) == changed
    assert (changed.title, changed.description, changed.public) == ("New", "before", True)
    assert titles(gallery.search("new")) == ["New"]
    assert titles(gallery.search("old")) == []


def test_deleting_takes_the_pictures_that_no_other_entry_has(gallery):
    kept = gallery.publish(trail("x", "y"), title="kept")
    gone = gallery.publish(trail("x", "y", "z"), title="gone")
    gallery.thumbnail(gone.result, 64)
    gallery.delete(gone)
    assert titles(gallery.browse()) == ["kept"]
    assert titles(gallery.search("gone")) == []
    for key in kept.picture_keys:
        gallery.image(key)
    with pytest.raises(InputError, match="no picture"):
        gallery.image(gone.result)
    with pytest.raises(InputError, match="no entry"):
        gallery.entry(gone.id)
    with pytest.raises(InputError, match="no entry"):
        gallery.delete(gone)


def test_deleting_leaves_no_file(tmp_path):
    with Gallery.open(tmp_path / "g") as gallery:
        entry = gallery.publish(trail("x"), title="x")
        gallery.thumbnail(entry.result, 64)
        gallery.delete(entry)
    assert [path for path in (tmp_path / "g").rglob("*.*") if path.suffix in {".png", ".webp"}] == []


def test_private_entries_in_a_shared_gallery_are_their_authors_alone(server):
    where = f"{server}/gallery_{secrets.token_hex(4)}"
    with Gallery.open(where, author="Ada") as ada, Gallery.open(where, author="Ben") as ben:
        secret = ada.publish(trail("x"), title="secret")
        shown = ada.publish(trail("y", seed=3), title="shown", public=True)
        assert titles(ada.browse()) == ["shown", "secret"]
        assert titles(ben.browse()) == titles(ben.search("")) == ["shown"]
        assert titles(ben.search("secret")) == []
        for look in (ben.entry, ben.like, ben.fork, ben.show, ben.delete):
            with pytest.raises(InputError, match="no entry"):
                look(secret.id)
        for change in (ben.delete, lambda entry: ben.change(entry, title="mine")):
            with pytest.raises(InputError, match="is Ada's"):
                change(shown)
    with pytest.raises(InputError, match="expected an author"):
        Gallery.open(where)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "  "}, "expected a title"),
        ({"title": "x" * 201}, "at most 200 characters"),
        ({"title": 3}, "found int"),
        ({"description": "x" * 10_001}, "at most 10000"),
    ],
)
def test_what_cannot_be_published_says_why(gallery, changes, message):
    with pytest.raises(InputError, match=message):
        gallery.publish(trail("x"), **{"title": "x", **changes})
    assert gallery.browse().total == 0


def test_a_trail_must_be_whole(gallery):
    whole = trail("x")
    with pytest.raises(InputError, match="one step or more"):
        gallery.publish(dataclasses.replace(whole, steps=()), title="x")
    pictures = {key: each for key, each in whole.pictures.items() if key != "after 1"}
    with pytest.raises(InputError, match=r"found none for \['after 1'"):
        gallery.publish(dataclasses.replace(whole, pictures=pictures), title="x")
    with pytest.raises(InputError, match="JSON"):
        gallery.publish(trail("x", parameters={"value": object()}), title="x")
    with pytest.raises(InputError, match="JSON"):
        gallery.publish(trail("x", parameters={"value": float("nan")}), title="x")
    assert gallery.browse().total == 0


def test_numpy_numbers_and_odd_characters_are_kept_as_well_as_can_be(gallery):
    entry = gallery.publish(
        trail("half \ud83c and nul \0", parameters={"guidance": np.float64(1.5), "ids": np.arange(2)}),
        title="\ud83c\udf4e and \udc00",
    )
    assert gallery.entry(entry.id) == entry
    assert entry.steps[0].instruction == "half ? and nul \ufffd"
    assert entry.steps[0].parameters == {"guidance": 1.5, "ids": [0, 1]}


def test_nothing_but_pixels_of_a_picture_is_published(gallery, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    picture(1).save(tmp_path / "photo.jpg", exif=exif)
    whole = trail("x")
    with Image.open(tmp_path / "photo.jpg") as photo:
        entry = gallery.publish(
            dataclasses.replace(whole, pictures={**whole.pictures, "start": photo}), title="x"
        )
    assert b"taken at home" not in gallery._shelf.png(entry.picture)


@pytest.mark.parametrize("arguments", [{"page": 0}, {"per_page": 0}, {"order": "best"}, {"since": "soon"}])
def test_a_question_that_makes_no_sense_is_refused(gallery, arguments):
    with pytest.raises(InputError, match="expected"):
        gallery.browse(**arguments)


def test_a_closed_gallery_says_so(gallery):
    gallery.close()
    gallery.close()
    with pytest.raises(StoreError, match="was closed"):
        gallery.browse()


def test_a_notebook_shows_text_as_text(gallery):
    evil = "<script>ran()</script><img src=x onerror=ran()> \" ' \u202e"
    entry = gallery.publish(trail(evil, parameters={evil: evil}), title=evil, description=evil)
    page, shown = gallery._repr_html_(), gallery.show(entry)._repr_html_()
    for html in (page, shown):
        assert "<script" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;ran()" in html
        assert "http" not in html
    assert "0.25" in shown
    assert entry.id in page
    assert "Private" in page
    gallery.delete(entry)
    assert "Nothing here yet" in gallery._repr_html_()


def test_two_processes_may_use_a_folder(tmp_path):
    """Two connections, as two kernels have: each sees what the other publishes."""
    with Gallery.open(tmp_path / "g") as one, Gallery.open(tmp_path / "g") as other:
        one.publish(trail("x"), title="first")
        other.publish(trail("y", seed=4), title="second")
        assert titles(one.search("first")) + titles(one.search("second")) == ["first", "second"]


def test_the_index_of_words_is_made_again_after_a_sqlite_without_it(tmp_path, monkeypatch):
    with Gallery.open(tmp_path / "g") as gallery:
        first = gallery.publish(trail("x"), title="first")
    with monkeypatch.context() as without:
        without.setattr(local, "_has_fts5", lambda: False)
        with Gallery.open(tmp_path / "g") as gallery:
            gallery.publish(trail("y", seed=4), title="second")
            gallery.change(first, title="changed")
    with Gallery.open(tmp_path / "g") as gallery:
        assert titles(gallery.search("second")) == ["second"]
        assert titles(gallery.search("changed")) == ["changed"]
        assert titles(gallery.search("first")) == []


def test_what_is_no_gallery_is_refused(tmp_path):
    with pytest.raises(StoreError, match="nothing was published"):
        Gallery.open(tmp_path / "none", read_only=True)
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="Give another path"):
        Gallery.open(tmp_path / "file")
    other = tmp_path / "other"
    other.mkdir()
    with sqlite3.connect(other / "gallery.db") as connection:
        connection.execute("CREATE TABLE x (y)")
    connection.close()
    with pytest.raises(StoreError, match="another program's"):
        Gallery.open(other)
    with Gallery.open(tmp_path / "newer") as gallery:
        gallery._shelf._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer"):
        Gallery.open(tmp_path / "newer")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "gallery.db").write_bytes(b"no database " * 100)
    with pytest.raises(StoreError, match="expected to read and write"):
        Gallery.open(tmp_path / "damaged")


def test_a_server_that_is_not_there_says_so_without_the_password():
    pytest.importorskip("pymongo")
    address = "mongodb://ada:sesame@127.0.0.1:9/gallery?serverSelectionTimeoutMS=50"
    with pytest.raises(StoreError, match=r"MongoDB 127.0.0.1:9/gallery") as refused:
        Gallery.open(address, author="Ada")
    assert "sesame" not in str(refused.value)
    with pytest.raises(InputError, match="expected an address"):
        Gallery.open("mongodb://", author="Ada")


def test_without_pymongo_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymongo", None)
    with pytest.raises(InputError, match=r"datacrafter-widget\[gallery\]"):
        Gallery.open("mongodb://localhost", author="Ada")


def test_a_gallery_on_a_read_only_disk_can_be_read(tmp_path, monkeypatch):
    with Gallery.open(tmp_path / "g") as gallery:
        gallery.publish(trail("x"), title="first")
    real = sqlite3.connect

    def refusing(address, **options):
        if "immutable" not in address:
            return real(":memory:", **{**options, "uri": False}, factory=Refusing)
        return real(address, **options)

    class Refusing(sqlite3.Connection):
        """As SQLite is where it can't make a file for its log."""

        def execute(self, *_arguments):
            raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(local, "_has_fts5", lambda: True)
    monkeypatch.setattr(local.sqlite3, "connect", refusing)
    with Gallery.open(tmp_path / "g", read_only=True) as gallery:
        assert titles(gallery.search("first")) == ["first"]


def test_the_index_finds_what_a_look_at_every_entry_finds(tmp_path):
    chance = random.Random(3)
    signs = [
        "ab",
        "b a",
        "é",
        "ﬂ",
        "A-B",
        "苹",
        "果",
        "か\u3099",
        "한글",
        "🍎",
        "👩‍👩",
        "x_y",
        "1.5",
        "'",
        '"',
        "*",
        "(",
        "ม",
        "ßẞ",
        "İi",
    ]
    with Gallery.open(tmp_path / "g") as gallery:
        for number in range(30):
            title = " ".join(chance.choices(signs, k=4))
            gallery.publish(trail("zz", seed=number), title=f"t{number} {title}")
        if not gallery._shelf.indexed:
            pytest.skip("this SQLite has no FTS5")
        entries = list(gallery.browse(per_page=50))
        for _ in range(150):
            words = "".join(chance.choices([*signs, " "], k=chance.randint(1, 3)))
            parts = wanted(words)
            expected = {entry.id for entry in entries if all(part in entry.words() for part in parts)}
            found = {}
            for indexed in (True, False):
                gallery._shelf.indexed = indexed
                found[indexed] = {entry.id for entry in gallery.search(words, per_page=50)}
            assert found == {True: expected, False: expected}, words
