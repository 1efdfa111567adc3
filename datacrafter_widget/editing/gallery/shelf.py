"""What a gallery asks of the place that keeps its entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from datacrafter_widget.editing.gallery.entries import Entry

Order = Literal["newest", "oldest", "liked"]


@dataclass(frozen=True)
class Query:
    """Which entries, and in which order.

    Attributes:
        words: parts of `searchable` texts, all of which an entry must have.
        likes: at least so many.
        since: the first moment, UTC, ISO 8601, or None.
        until: the first moment that is too late, or None.
        order: "newest", "oldest", or "liked": the most liked first, the newest of those.
        reader: who looks: private entries of other authors are left out. None: whoever may read everything.
        public: leave out all private entries.
    """

    words: tuple[str, ...] = ()
    likes: int = 0
    since: str | None = None
    until: str | None = None
    order: Order = "newest"
    reader: str | None = None
    public: bool = False


class Shelf(Protocol):
    """Keeps entries and their pictures. All methods may be called from any thread.

    Every method raises a `StoreError` when the place can't be reached, read or written.
    """

    @property
    def name(self) -> str:
        """Where it is, for people; without passwords."""

    @property
    def shared(self) -> bool:
        """Whether other people use it, so that private entries need an owner."""

    @property
    def read_only(self) -> bool:
        """Whether writing is refused."""

    def add(self, entry: Entry, pictures: Mapping[str, Image.Image]) -> None:
        """Keep an entry and its pictures (RGB, by content hash): both, or neither."""

    def get(self, entry_id: str, who: str) -> Entry | None:
        """An entry as `who` sees it, or None."""

    def find(self, query: Query, who: str, *, offset: int, limit: int) -> tuple[list[Entry], int]:
        """A part of what matches, as `who` sees it, and how many match."""

    def put(self, entry: Entry) -> None:
        """Replace what an entry says: title, description, public."""

    def like(self, entry_id: str, who: str, *, liked: bool) -> None:
        """Let `who` like an entry, or no longer; a second time changes nothing."""

    def remove(self, entry_id: str) -> None:
        """Forget an entry and the pictures that no other entry has."""

    def png(self, key: str) -> bytes | None:
        """A picture's PNG file, or None."""

    def thumbnail(self, key: str, size: int) -> bytes:
        """WebP of a picture, its longest side at most `size` pixels."""

    def close(self) -> None:
        """Let it go. May be called twice."""
