"""Results of evaluations, kept so that none is computed twice."""

import json
from collections.abc import Iterable
from typing import Any

from datacrafter_widget.store.base import StoreBase, now, to_json
from datacrafter_widget.store.records import Evaluation


class EvaluationTable(StoreBase):
    """One row a result, found by a hash of what it depends on."""

    def put_evaluation(self, kind: str, key: str, settings: dict[str, Any], result: dict[str, Any]) -> None:
        """Keep a result; one of the same key is replaced.

        Args:
            kind: What was evaluated ("rounds", "comparison" …).
            key: A hash of everything that the result depends on.
            settings: How it was evaluated, for people to read.
            result: JSON values.

        Raises:
            InputError: A value can't be written as JSON.
        """
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO evaluation (kind, key, settings, result, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (kind, key, to_json(settings, "settings"), to_json(result, "a result"), now()),
            )

    def evaluation(self, key: str) -> Evaluation | None:
        """The result of that key, if it is there."""
        row = self._row("SELECT * FROM evaluation WHERE key = ?", (key,))
        return None if row is None else _evaluation(row)

    def evaluations(self, kind: str) -> list[Evaluation]:
        """All results of a kind, oldest first."""
        rows = self._rows("SELECT * FROM evaluation WHERE kind = ? ORDER BY id", (kind,))
        return [_evaluation(row) for row in rows]

    def remove_evaluations(self, kind: str, *, but: Iterable[str] = ()) -> None:
        """Forget the results of a kind, but those of some keys."""
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM evaluation WHERE kind = ? AND key NOT IN (SELECT value FROM json_each(?))",
                (kind, json.dumps(list(but))),
            )


def _evaluation(row: Any) -> Evaluation:
    values = dict(row)
    return Evaluation(
        **values | {"settings": json.loads(values["settings"]), "result": json.loads(values["result"])}
    )
