"""The gallery: published trails to browse, search, like and take up."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PIL import Image

from datacrafter_widget.editing.gallery import cards
from datacrafter_widget.editing.gallery.entries import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    Entry,
    Trail,
    json_text,
)
from datacrafter_widget.editing.gallery.local import LocalShelf
from datacrafter_widget.editing.gallery.mongodb import SCHEMES, MongoShelf
from datacrafter_widget.editing.gallery.shelf import Order, Query, Shelf
from datacrafter_widget.editing.gallery.site import write_site
from datacrafter_widget.editing.gallery.words import wanted
from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store.base import now
from datacrafter_widget.store.files import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Day = dt.date | dt.datetime | str
PER_PAGE = 12
ORDERS: tuple[Order, ...] = ("newest", "oldest", "liked")


@dataclass(frozen=True)
class Page:
    """A part of the entries that were asked for; in a notebook it shows them as cards.

    Attributes:
        entries: those of this page.
        number: which page it is, from 1.
        pages: how many there are, at least 1.
        total: how many entries there are on all of them.
    """

    entries: tuple[Entry, ...]
    number: int
    pages: int
    total: int
    gallery: Gallery = field(repr=False, compare=False)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, place: int) -> Entry:
        return self.entries[place]

    def _repr_html_(self) -> str:
        return cards.page_html(self, self.gallery.thumbnail)


@dataclass(frozen=True)
class Shown:
    """One entry with its steps, prompts and exact parameters, for a notebook."""

    entry: Entry
    gallery: Gallery = field(repr=False)

    def _repr_html_(self) -> str:
        return cards.entry_html(self.entry, self.gallery.thumbnail)


class Gallery:
    """Published trails: each a picture, the steps that were taken from it, and all that is needed to repeat them.

        gallery = Gallery.open("gallery")                                     # a folder
        gallery = Gallery.open("mongodb://localhost/gallery", author="Ada")   # shared with others

    Private entries are for their author alone, and never part of the static site. In a folder everybody who can
    read it is the author.

    Args:
        shelf: what keeps the entries.
        author: who publishes and likes.
    """

    def __init__(self, shelf: Shelf, *, author: str = "") -> None:
        self._shelf = shelf
        self._listeners: list[Callable[[], object]] = []
        self.author = _line(author, "author", LONGEST_TITLE)
        if shelf.shared and not self.author:
            shelf.close()
            raise InputError(
                f"expected an author, found none: {shelf.name} is shared, and private entries need an owner."
                " Say who you are: Gallery.open(…, author='Ada')"
            )

    @classmethod
    def open(cls, where: str | Path, *, author: str = "", read_only: bool = False) -> Self:
        """Open a gallery, or make one.

        Args:
            where: a folder, or the address of a MongoDB server (``"mongodb://…"``, which takes
                ``pip install 'datacrafter-widget[gallery]'``).
            author: the name that entries are published under; required where the gallery is shared.
            read_only: look without changing anything.

        Raises:
            InputError: the author is missing, or the address is none.
            StoreError: it can't be opened, or is no gallery.
        """
        shelf: Shelf
        if isinstance(where, str) and where.startswith(SCHEMES):
            shelf = MongoShelf(where, read_only=read_only)
        else:
            shelf = LocalShelf(where, read_only=read_only)
        try:
            return cls(shelf, author=author)
        except BaseException:
            shelf.close()
            raise

    # -- publishing ---------------------------------------------------------------------------------

    def publish(self, trail: Trail, *, title: str, description: str = "", public: bool = False) -> Entry:
        """Put a trail into the gallery.

        Args:
            trail: the picture, the steps, and their pictures.
            title: one line.
            description: what there is to say about it.
            public: whether others see it, and `to_html` shows it.

        Raises:
            InputError: no title, no step, a picture is missing, or a value that JSON has no word for.
            StoreError: the gallery can't be written.
        """
        self._writable()
        if not trail.steps:
            raise InputError(
                "expected a trail of one step or more, found none; make and choose an edit first"
            )
        missing = [key for key in trail.picture_keys if key not in trail.pictures]
        if missing:
            raise InputError(f"expected a picture for every key of the trail, found none for {missing[:3]}")
        # Pixels only: what a camera or another program wrote into a file stays with its owner.
        pictures = {key: trail.pictures[key].convert("RGB") for key in trail.picture_keys}
        names = {key: content_hash(picture) for key, picture in pictures.items()}
        first, steps = trail.renamed(names)
        entry = Entry(
            id=secrets.token_hex(6),
            title=_title(title),
            description=_text(description, "description", LONGEST_DESCRIPTION),
            author=self.author,
            public=bool(public),
            created=now(),
            picture=first,
            steps=steps,
            subject=trail.subject,
        )
        entry = Entry.from_json(_clean(entry.to_json()))
        self._shelf.add(entry, {names[key]: picture for key, picture in pictures.items()})
        self._tell()
        return entry

    def change(
        self,
        entry: str | Entry,
        *,
        title: str | None = None,
        description: str | None = None,
        public: bool | None = None,
    ) -> Entry:
        """Say something else about an entry of one's own, or let others see it, or no longer.

        A static site that was written before shows the entry until `to_html` is called again.

        Raises:
            InputError: no such entry, or another author's.
        """
        own = self._own(entry)
        changes: dict[str, Any] = {}
        if title is not None:
            changes["title"] = _clean(_title(title))
        if description is not None:
            changes["description"] = _clean(_text(description, "description", LONGEST_DESCRIPTION))
        if public is not None:
            changes["public"] = bool(public)
        changed = replace(own, **changes)
        self._shelf.put(changed)
        self._tell()
        return changed

    def delete(self, entry: str | Entry) -> None:
        """Take an entry of one's own out of the gallery, with its pictures, for good.

        Raises:
            InputError: no such entry, or another author's.
        """
        self._shelf.remove(self._own(entry).id)
        self._tell()

    # -- looking ------------------------------------------------------------------------------------

    def browse(
        self,
        page: int = 1,
        *,
        words: str = "",
        likes: int = 0,
        since: Day | None = None,
        until: Day | None = None,
        order: Order = "newest",
        per_page: int = PER_PAGE,
    ) -> Page:
        """Entries, a page at a time.

        Args:
            page: from 1; after the last one there are no entries.
            words: each of them must begin a word of the entry's title, description, author, captions,
                instructions or prompts, whatever its case and accents.
            likes: at least so many.
            since: published on this day (UTC, ``"2026-03-01"`` or a date) or later; or at this time.
            until: published on this day or earlier; or before this time.
            order: ``"newest"``, ``"oldest"`` or ``"liked"``: the most liked first.
            per_page: how many a page has.

        Raises:
            InputError: a number is out of range, or a date is none.
        """
        if page < 1 or per_page < 1:
            raise InputError(f"expected a page and a number of entries from 1, found {page} and {per_page}")
        if order not in ORDERS:
            raise InputError(f"expected an order of {', '.join(ORDERS)}; found {order!r}")
        query = Query(
            words=wanted(words),
            likes=likes,
            since=None if since is None else _moment(since, "since"),
            until=None if until is None else _moment(until, "until", after=True),
            order=order,
            reader=self.author if self._shelf.shared else None,
        )
        found, total = self._shelf.find(query, self.author, offset=(page - 1) * per_page, limit=per_page)
        return Page(tuple(found), page, max(1, -(-total // per_page)), total, self)

    def search(self, words: str, page: int = 1, **how: Any) -> Page:
        """Entries that have all of the words; see `browse`."""
        return self.browse(page, words=words, **how)

    def filter(
        self, *, likes: int = 0, since: Day | None = None, until: Day | None = None, page: int = 1, **how: Any
    ) -> Page:
        """Entries that are liked so much, and were published in this time; see `browse`."""
        return self.browse(page, likes=likes, since=since, until=until, **how)

    def entry(self, entry_id: str) -> Entry:
        """One entry, with its steps.

        Raises:
            InputError: there is none, or it is another author's private one.
        """
        found = self._shelf.get(str(entry_id), self.author)
        if found is None or not (found.public or not self._shelf.shared or found.author == self.author):
            raise InputError(f"no entry {entry_id!r} in this gallery; see gallery.browse()")
        return found

    def show(self, entry: str | Entry) -> Shown:
        """One entry as a notebook shows it: pictures, steps, prompts, exact parameters."""
        return Shown(self.entry(_id(entry)), self)

    def image(self, key: str) -> Image.Image:
        """A picture of an entry (`Entry.picture`, `Step.picture`, `Step.mask`, `Step.reference`), RGB.

        Raises:
            InputError: no entry has it.
        """
        content = self._shelf.png(key)
        if content is None:
            raise InputError(f"no picture {key!r} in this gallery; an entry's keys are in entry.picture_keys")
        try:
            with Image.open(BytesIO(content)) as picture:
                return picture.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise StoreError(f"expected a readable picture {key} in {self._shelf.name}: {error}") from error

    def thumbnail(self, key: str, size: int = 160) -> bytes:
        """WebP of a picture, its longest side at most `size` pixels."""
        return self._shelf.thumbnail(key, size)

    # -- liking and taking up -----------------------------------------------------------------------

    def like(self, entry: str | Entry) -> Entry:
        """Like an entry; a second time changes nothing."""
        return self._like(entry, liked=True)

    def unlike(self, entry: str | Entry) -> Entry:
        """Take a like back."""
        return self._like(entry, liked=False)

    def fork(self, entry: str | Entry) -> Trail:
        """An entry's steps with their pictures, to be taken on other pictures (`Session.fork`), or published anew."""
        found = self.entry(_id(entry))
        pictures = {key: self.image(key) for key in found.picture_keys}
        for step in found.steps:
            if step.mask is not None:
                pictures[step.mask] = pictures[step.mask].convert("L")
        return Trail(found.picture, found.steps, pictures, found.subject)

    # -- showing others -----------------------------------------------------------------------------

    def to_html(self, folder: str | Path, *, title: str = "Gallery") -> Path:
        """Write the public entries as a site of plain files: from disk or any web server, without a network.

        It can be searched and filtered. Private entries are no part of it; what an earlier call wrote for
        entries that are private or deleted by now is removed.

        Args:
            folder: new, empty, or an earlier site; files of other names stay as they are.
            title: of the site.

        Returns:
            The path of its ``index.html``.

        Raises:
            InputError: the folder has another program's ``index.html``.
            StoreError: it can't be written.
        """
        found, _ = self._shelf.find(Query(public=True), "", offset=0, limit=2**31)
        return write_site(Path(folder), found, self._shelf, title=_clean(_title(title)))

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after every change that is made through this object; returns the way to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """Let the gallery go. May be called twice."""
        self._shelf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Gallery({self._shelf.name!r})"

    def _repr_html_(self) -> str:
        return self.browse()._repr_html_()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _like(self, entry: str | Entry, *, liked: bool) -> Entry:
        self._writable()
        found = self.entry(_id(entry))
        self._shelf.like(found.id, self.author, liked=liked)
        self._tell()
        return self.entry(found.id)

    def _own(self, entry: str | Entry) -> Entry:
        self._writable()
        found = self.entry(_id(entry))
        if self._shelf.shared and found.author != self.author:
            raise InputError(f"entry {found.id} is {found.author}'s; {self.author} can't change it")
        return found

    def _writable(self) -> None:
        if self._shelf.read_only:
            raise StoreError("the gallery was opened with read_only=True; open it without to change it")


def _id(entry: str | Entry) -> str:
    return entry.id if isinstance(entry, Entry) else entry


def _title(text: str) -> str:
    title = _line(text, "title", LONGEST_TITLE)
    if not title:
        raise InputError("expected a title, found none; say in a few words what the entry shows")
    return title


def _line(text: str, what: str, longest: int) -> str:
    return " ".join(_text(text, what, longest).split())


def _text(text: str, what: str, longest: int) -> str:
    if not isinstance(text, str):
        raise InputError(f"expected a text as {what}, found {type(text).__name__}")
    if len(text) > longest:
        raise InputError(f"expected a {what} of at most {longest} characters, found {len(text)}")
    return text.strip()


def _clean(value: Any) -> Any:
    """JSON values without what no file holds: halves of characters, and NUL."""
    return _whole(json.loads(json_text(value)))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _moment(day: Day, what: str, *, after: bool = False) -> str:
    """The moment a day or time begins, or is over, UTC, in the form of `Entry.created`."""
    try:
        known = dt.datetime.fromisoformat(day) if isinstance(day, str) else day
    except ValueError as error:
        raise InputError(f"{what}: expected a date such as '2026-03-01', found {day!r}") from error
    whole = len(day) <= len("2026-03-01") if isinstance(day, str) else not isinstance(day, dt.datetime)
    if not isinstance(known, dt.datetime):
        if not isinstance(known, dt.date):
            raise InputError(f"{what}: expected a date such as '2026-03-01', found {day!r}")
        known = dt.datetime.combine(known, dt.time())
    known = known.replace(tzinfo=dt.UTC) if known.tzinfo is None else known.astimezone(dt.UTC)
    if whole and after:
        known += dt.timedelta(days=1)
    return known.isoformat(timespec="milliseconds").replace("+00:00", "Z")
