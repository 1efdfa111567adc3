"""The verbs `keep` and `flag`: which pictures stay out of an export."""

from collections.abc import Iterable
from typing import Any

from datacrafter_widget.session.core import Core
from datacrafter_widget.session.flag_words import flag_rows


class Flags(Core):
    """What `Session` does with pictures that something is wrong with."""

    @property
    def flags(self) -> list[dict[str, Any]]:
        """The visible pictures that an export leaves out, and why.

        Rows of ``picture`` (id), ``kind``, ``of`` (the picture that it is a copy of, or None), ``score`` (how
        alike the two are, at most 1, or None) and ``words``. Kinds: ``"nan"`` (the model computed what is no
        number), ``"unsafe"`` (the model's safety checker held it back), ``"blank"``, ``"duplicate"`` and
        ``"near_duplicate"`` (of another generated picture), ``"near_original"`` (a leak of the data set that
        it was to extend) and ``"user"`` (see `flag`).
        """
        return flag_rows(self._store)

    def keep(self, ids: Iterable[int]) -> list[int]:
        """These are good all the same: take the mark away. One undo brings it back.

        Returns:
            The pictures of these that were marked.

        Raises:
            InputError: unknown pictures.
        """
        return self._mark("keep", ids, flagged=True)

    def flag(self, ids: Iterable[int]) -> list[int]:
        """Leave these out of exports; they stay on the map, marked. One undo takes the mark away.

        Returns:
            The pictures of these that were not marked yet.

        Raises:
            InputError: unknown pictures.
        """
        return self._mark("flag", ids, flagged=False)

    def _mark(self, kind: str, ids: Iterable[int], *, flagged: bool) -> list[int]:
        """Change the mark of those pictures whose mark is so."""
        self._writable()
        with self._lock:
            rows = self._store.pictures(ids=self._known(ids), include_hidden=True)
            changed = [row.id for row in rows if row.flagged is flagged]
            if changed:
                self._history.do(kind, {"ids": changed})
        return changed
