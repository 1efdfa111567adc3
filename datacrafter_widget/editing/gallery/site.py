"""A gallery as a static site: plain files that need neither a server nor a network."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from datacrafter_widget.editing.gallery import markup
from datacrafter_widget.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.editing.gallery.entries import Entry
    from datacrafter_widget.editing.gallery.shelf import Shelf

GENERATOR = "datacrafter-widget gallery"
CARD_SIZE = 320
HERE = Path(__file__).parent


def write_site(folder: Path, entries: Sequence[Entry], shelf: Shelf, *, title: str) -> Path:
    """Write the site; see `Gallery.to_html`.

    Args:
        folder: where to.
        entries: what to show, in order; private ones are refused.
        shelf: what has their pictures.
        title: of the site.
    """
    if any(not entry.public for entry in entries):
        raise InputError("expected public entries, found a private one; a site shows public entries only")
    folder = folder.expanduser().absolute()
    index = folder / "index.html"
    try:
        _check(folder, index)
        for name in ("entries", "pictures"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        # What is private or deleted by now goes first: an error later must not leave it there.
        index.unlink(missing_ok=True)
        _remove_stale(folder, entries)
        for key in dict.fromkeys(key for entry in entries for key in entry.picture_keys):
            _write_picture(folder / "pictures", key, shelf)
        for key in dict.fromkeys(key for entry in entries for key in (entry.picture, entry.result)):
            _write_once(folder / "pictures" / f"{key}-{CARD_SIZE}.webp", shelf.thumbnail(key, CARD_SIZE))
        pages = _Pages(title)
        for entry in entries:
            (folder / "entries" / f"{entry.id}.html").write_text(pages.entry(entry), encoding="utf-8")
            record = json.dumps(_told(entry), ensure_ascii=False, indent=1)
            (folder / "entries" / f"{entry.id}.json").write_text(record, encoding="utf-8")
        index.write_text(pages.index(entries), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"expected to write a site to {folder}, but: {error}. Free some disk space or check the folder's rights."
        ) from error
    return index


class _Pages:
    """Pages of one look, each with a policy that lets nothing run and nothing be fetched but what is here."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._style = markup.style()
        self._script = (HERE / "site.js").read_text(encoding="utf-8")
        self._frame = Template((HERE / "site.html").read_text(encoding="utf-8"))

    def index(self, entries: Sequence[Entry]) -> str:
        """The page with all entries."""
        body = Template((HERE / "site_index.html").read_text(encoding="utf-8")).substitute(
            title=markup.text(self._title),
            count=len(entries),
            cards="".join(
                markup.card(
                    entry, lambda key: f"pictures/{key}-{CARD_SIZE}.webp", link=f"entries/{entry.id}.html"
                )
                for entry in entries
            ),
        )
        return self._page(self._title, body)

    def entry(self, entry: Entry) -> str:
        """The page of one entry."""

        def picture(key: str) -> str:
            return f"../pictures/{key}.png"

        before_text, after_text = markup.alternatives(entry)
        body = Template((HERE / "site_entry.html").read_text(encoding="utf-8")).substitute(
            site=markup.text(self._title),
            heading=markup.heading(entry),
            before=markup.text(picture(entry.picture)),
            after=markup.text(picture(entry.result)),
            before_text=before_text,
            after_text=after_text,
            steps=markup.steps(entry, picture, link=picture),
            id=markup.text(entry.id),
        )
        return self._page(f"{entry.title} · {self._title}", body)

    def _page(self, title: str, body: str) -> str:
        return self._frame.substitute(
            title=markup.text(title),
            generator=GENERATOR,
            style=self._style,
            script=self._script,
            style_hash=_hash(self._style),
            script_hash=_hash(self._script),
            body=body,
        )


def _check(folder: Path, index: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"expected a folder for the site, but {folder} is a file. Give the path of a folder."
        )
    if index.exists() and f'content="{GENERATOR}"' not in index.read_text(encoding="utf-8", errors="replace"):
        raise InputError(
            f"expected a new folder or an earlier site of a gallery, but {index} is another page. Give another folder."
        )


def _remove_stale(folder: Path, entries: Sequence[Entry]) -> None:
    """Remove what an earlier call wrote for other entries; only files named as ours are."""
    ids = {entry.id for entry in entries}
    keys = {key for entry in entries for key in entry.picture_keys}
    for path in (folder / "entries").iterdir():
        if path.suffix in {".html", ".json"} and path.stem not in ids:
            path.unlink()
    for path in (folder / "pictures").iterdir():
        if path.suffix in {".png", ".webp"} and path.stem.removesuffix(f"-{CARD_SIZE}") not in keys:
            path.unlink()


def _write_picture(folder: Path, key: str, shelf: Shelf) -> None:
    content = shelf.png(key)
    if content is None:
        raise StoreError(f"expected a picture {key} in {shelf.name}, found none; restore it from a backup")
    _write_once(folder / f"{key}.png", content)


def _write_once(path: Path, content: bytes) -> None:
    """Files named by their content are the same in every call, unless one was cut short."""
    if not path.exists() or path.stat().st_size != len(content):
        path.write_bytes(content)


def _told(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in entry.to_json().items() if name not in {"liked", "public"}}


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")
