"""What the user did and was offered: actions, proposals, and the proxy pictures of proposals."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import StoreBase, id_list, now, to_json
from datacrafter_widget.store.pictures import THUMBNAIL_SIZE
from datacrafter_widget.store.records import Action, Proposal, ProposalState, Side

_SELECT_ACTIONS = "SELECT id, kind, payload, undone, created_at FROM action WHERE NOT discarded"

_SELECT_PROPOSALS = """
SELECT id, class_id, template_id, text, negative, score_before, score_after, explanation, feedback, report,
    coalesce(before_ids, (SELECT json_group_array(x.id) FROM (SELECT id FROM proxy
        WHERE proposal_id = proposal.id AND side = 'before' ORDER BY id) x)) AS before_ids,
    coalesce(after_ids, (SELECT json_group_array(x.id) FROM (SELECT id FROM proxy
        WHERE proposal_id = proposal.id AND side = 'after' ORDER BY id) x)) AS after_ids,
    state, created_at
FROM proposal
"""


_JSON_FIELDS = ("explanation", "feedback", "report", "before_ids", "after_ids")


class ActionTable(StoreBase):
    """The log of the user's actions, with a linear undo and redo."""

    def log_action(self, kind: str, payload: dict[str, Any]) -> Action:
        """Add an action at the end. What was undone before can't be redone any more.

        Args:
            kind: What was done ("remove", "accept", …).
            payload: What undo and redo need, of JSON values.
        """
        with self.transaction() as connection:
            # Discarded, not deleted: the log is the experiment's record.
            connection.execute("UPDATE action SET discarded = 1 WHERE undone")
            row_id = connection.execute(
                "INSERT INTO action (kind, payload, created_at) VALUES (?, ?, ?)",
                (kind, to_json(payload, "a payload"), now()),
            ).lastrowid
            return _action(connection.execute(f"{_SELECT_ACTIONS} AND id = ?", (row_id,)).fetchone())

    def actions(self) -> list[Action]:
        """The actions that are done or can be redone, oldest first."""
        return [_action(row) for row in self._rows(f"{_SELECT_ACTIONS} ORDER BY id")]

    def last_undoable(self) -> Action | None:
        """The newest action that is not undone."""
        row = self._row(f"{_SELECT_ACTIONS} AND NOT undone ORDER BY id DESC LIMIT 1")
        return None if row is None else _action(row)

    def next_redoable(self) -> Action | None:
        """The oldest action that is undone."""
        row = self._row(f"{_SELECT_ACTIONS} AND undone ORDER BY id LIMIT 1")
        return None if row is None else _action(row)

    def mark_undone(self, action_id: int, undone: bool) -> None:
        """Say that an action was undone, or redone.

        Raises:
            InputError: There is no such action, or it was discarded.
        """
        with self.transaction() as connection:
            changed = connection.execute(
                "UPDATE action SET undone = ? WHERE id = ? AND NOT discarded", (int(undone), int(action_id))
            ).rowcount
            if changed == 0:
                raise InputError(f"expected the id of an action, found {action_id}. actions() lists them.")


class ProposalChanges(TypedDict, total=False):
    """The fields of a proposal that may change."""

    text: str
    negative: str
    score_before: float | None
    score_after: float | None
    explanation: list[str]
    feedback: dict[str, Any]
    report: dict[str, Any]
    before_ids: list[int]
    after_ids: list[int]
    state: ProposalState


class ProposalTable(StoreBase):
    """Recommended templates and the proxy pictures that show what they would change."""

    def add_proposal(
        self,
        class_id: int,
        template_id: int | None = None,
        text: str = "",
        negative: str = "",
        feedback: dict[str, Any] | None = None,
    ) -> Proposal:
        """Add a proposal for a class: the search that it is about runs.

        Args:
            class_id: The class whose template is to change.
            template_id: The template refined.
            text: The template that the search begins with.
            negative: Its negative prompt.
            feedback: What the user said that led here, of JSON values.

        Raises:
            InputError: There is no such class or template.
        """
        values = (
            int(class_id),
            None if template_id is None else int(template_id),
            text,
            negative,
            to_json([], "an explanation"),
            to_json(feedback or {}, "feedback"),
            "running",
            now(),
        )
        with self.transaction() as connection:
            row_id = connection.execute(
                "INSERT INTO proposal (class_id, template_id, text, negative, explanation, feedback, state, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            return self.proposal(int(row_id or 0))

    def update_proposal(self, proposal_id: int, **changes: Unpack[ProposalChanges]) -> Proposal:
        """Change fields of a proposal and return it as it is now.

        Args:
            proposal_id: Which one.
            **changes: Fields of `Proposal`; ``before_ids``/``after_ids`` choose among its proxies (all by
                default).

        Raises:
            InputError: There is no such proposal, field or state.
        """
        encoded = {name: _encode_field(name, value) for name, value in changes.items()}
        with self.transaction() as connection:
            for name, value in encoded.items():
                sql = f"UPDATE proposal SET {name} = ? WHERE id = ?"  # noqa: S608 - a name known above
                connection.execute(sql, (value, int(proposal_id)))
            return self.proposal(proposal_id)

    def proposal(self, proposal_id: int) -> Proposal:
        """One proposal.

        Raises:
            InputError: There is no such proposal.
        """
        found = self._proposals("WHERE id = ?", (int(proposal_id),))
        if not found:
            raise InputError(f"expected the id of a proposal, found {proposal_id}. proposals() lists them.")
        return found[0]

    def proposals(
        self, class_id: int | None = None, states: Iterable[ProposalState] | None = None
    ) -> list[Proposal]:
        """Proposals by id: of one class or all, in these states or any."""
        return self._proposals(
            "WHERE (?1 IS NULL OR class_id = ?1)"
            " AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))",
            (class_id, None if states is None else json.dumps(list(states))),
        )

    def add_proxy(
        self, image: Image.Image, proposal_id: int, side: Side, prompt: str = "", seed: int = 0
    ) -> int:
        """Keep a proxy picture of a proposal; proxies are no part of the data set.

        Args:
            image: An RGB picture.
            proposal_id: Its proposal.
            side: "before" (the template as it is) or "after" (the recommended one).
            prompt: The prompt it was made from.
            seed: The seed it was made from.

        Returns:
            Its ref, for `load_proxy`, `proxy_thumbnail`, and a proposal's ``before_ids``/``after_ids``.
        """
        return self.add_proxies([(image, side, prompt, seed)], proposal_id)[0]

    def add_proxies(self, items: Iterable[tuple[Image.Image, Side, str, int]], proposal_id: int) -> list[int]:
        """`add_proxy` for several (image, side, prompt, seed), in one transaction."""
        items = list(items)
        self._check_writable()
        self.proposal(proposal_id)
        hashes = self._files.put([image for image, _, _, _ in items])
        with self.transaction() as connection:
            return [
                int(
                    connection.execute(
                        "INSERT INTO proxy (proposal_id, side, sha256, prompt, seed, created_at)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (int(proposal_id), side, sha256, prompt, int(seed), now()),
                    ).lastrowid
                    or 0
                )
                for sha256, (_, side, prompt, seed) in zip(hashes, items, strict=True)
            ]

    def load_proxy(self, ref: int) -> Image.Image:
        """The pixels of a proxy, as an RGB picture."""
        return self._files.load(self._proxy_content(ref))

    def proxy_thumbnail(self, ref: int, size: int = THUMBNAIL_SIZE) -> bytes:
        """WebP bytes of a proxy with the longest side at most ``size`` pixels (16 to 512)."""
        return self._files.thumbnail(self._proxy_content(ref), size)

    def _proxy_content(self, ref: int) -> str:
        row = self._row("SELECT sha256 FROM proxy WHERE id = ?", (int(ref),))
        if row is None:
            raise InputError(f"expected the ref of a proxy picture, found {ref}. Proposals list theirs.")
        return str(row["sha256"])

    def _proposals(self, where: str, parameters: tuple[Any, ...]) -> list[Proposal]:
        rows = self._rows(f"{_SELECT_PROPOSALS} {where} ORDER BY id", parameters)
        return [_proposal(row) for row in rows]


def _encode_field(name: str, value: Any) -> Any:
    if name not in ProposalChanges.__annotations__:
        known = ", ".join(ProposalChanges.__annotations__)
        raise InputError(f"expected a field of a proposal that may change ({known}), found {name!r}.")
    if name in ("before_ids", "after_ids"):
        return json.dumps(id_list(value))
    if name in ("explanation", "feedback", "report"):
        return to_json(value, name)
    return _score(value) if name.startswith("score") else value


def _score(value: float | None) -> float | None:
    return None if value is None else float(value)


def _action(row: sqlite3.Row) -> Action:
    return Action(**{**dict(row), "payload": json.loads(row["payload"]), "undone": bool(row["undone"])})


def _proposal(row: sqlite3.Row) -> Proposal:
    decoded = {name: json.loads(row[name]) for name in _JSON_FIELDS}
    return Proposal(**{**dict(row), **decoded})
