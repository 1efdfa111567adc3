"""Suggestions of what should come next, in words."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import StoreBase, now, to_json
from datacrafter_widget.store.records import Suggestion, SuggestionState


class SuggestionChanges(TypedDict, total=False):
    """The fields of a suggestion that may change."""

    text: str
    report: dict[str, Any]
    template_id: int | None
    folder: str
    state: SuggestionState


class SuggestionTable(StoreBase):
    """A suggestion's row is written when it is asked for, so that what a crash cut off is found later."""

    def add_suggestion(self, class_id: int, asked: dict[str, Any]) -> Suggestion:
        """Write down that a suggestion is wanted for a class; its state is "running".

        Args:
            class_id: The class.
            asked: How it is to be found, of JSON values.

        Raises:
            InputError: There is no such class.
        """
        with self.transaction() as connection:
            row_id = connection.execute(
                "INSERT INTO suggestion (class_id, asked, state, created_at) VALUES (?, ?, 'running', ?)",
                (int(class_id), to_json(asked, "what is asked"), now()),
            ).lastrowid
            return self.suggestion(int(row_id or 0))

    def update_suggestion(self, suggestion_id: int, **changes: Unpack[SuggestionChanges]) -> Suggestion:
        """Change fields of a suggestion and return it as it is now.

        Raises:
            InputError: There is no such suggestion, field, template or state.
        """
        with self.transaction() as connection:
            for name, value in changes.items():
                if name not in SuggestionChanges.__annotations__:
                    known = ", ".join(SuggestionChanges.__annotations__)
                    raise InputError(
                        f"expected a field of a suggestion that may change ({known}), found {name!r}."
                    )
                sql = f"UPDATE suggestion SET {name} = ? WHERE id = ?"  # noqa: S608 - a name known above
                encoded = to_json(value, "a report") if name == "report" else value
                connection.execute(sql, (encoded, int(suggestion_id)))
            return self.suggestion(suggestion_id)

    def suggestion(self, suggestion_id: int) -> Suggestion:
        """One suggestion.

        Raises:
            InputError: There is no such suggestion.
        """
        row = self._row("SELECT * FROM suggestion WHERE id = ?", (int(suggestion_id),))
        if row is None:
            raise InputError(
                f"expected the id of a suggestion, found {suggestion_id}. suggestions() lists them."
            )
        return _suggestion(row)

    def suggestions(
        self, class_id: int | None = None, states: Iterable[SuggestionState] | None = None
    ) -> list[Suggestion]:
        """Suggestions by id: of one class or all, in these states or any."""
        rows = self._rows(
            "SELECT * FROM suggestion WHERE (?1 IS NULL OR class_id = ?1)"
            " AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2))) ORDER BY id",
            (class_id, None if states is None else json.dumps(list(states))),
        )
        return [_suggestion(row) for row in rows]


def _suggestion(row: sqlite3.Row) -> Suggestion:
    values = dict(row)
    return Suggestion(**values | {name: json.loads(values[name]) for name in ("asked", "report")})
