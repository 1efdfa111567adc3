"""Entries as a notebook shows them: no script, no file, nothing fetched."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from datacrafter_widget.editing.gallery import markup

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.editing.gallery.entries import Entry
    from datacrafter_widget.editing.gallery.gallery import Page

SMALL, LARGE = 128, 320
"""Longest sides of the pictures, in pixels: of a card, and of a step."""


def page_html(page: Page, thumbnail: Callable[[str, int], bytes]) -> str:
    """A page of entries as cards."""
    if not page.entries:
        said = "Nothing here yet." if page.total == 0 else f"There are {page.pages} pages."
        return _framed(f'<p class="dcg-quiet">{said}</p>')
    source = _sources(thumbnail, SMALL)
    shown = "".join(
        f"<div>{markup.card(entry, source)}<code>{markup.text(entry.id)}</code></div>" for entry in page
    )
    many = f"{page.total} entr{'ies' if page.total != 1 else 'y'}"
    place = f", page {page.number} of {page.pages}" if page.pages > 1 else ""
    hint = "gallery.show(id) opens one"
    return _framed(f'<p class="dcg-quiet">{many}{place}; {hint}</p><div class="dcg-cards">{shown}</div>')


def entry_html(entry: Entry, thumbnail: Callable[[str, int], bytes]) -> str:
    """One entry with its steps."""
    return _framed(
        f'<div class="dcg-intro-text">{markup.heading(entry)}</div>'
        + markup.steps(entry, _sources(thumbnail, LARGE))
    )


def _framed(content: str) -> str:
    return f'<div class="dc-gallery dcg-notebook"><style>{markup.style()}</style>{content}</div>'


def _sources(thumbnail: Callable[[str, int], bytes], size: int) -> Callable[[str], str]:
    def source(key: str) -> str:
        return "data:image/webp;base64," + base64.b64encode(thumbnail(key, size)).decode("ascii")

    return source
