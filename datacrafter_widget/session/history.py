"""Undo and redo: every action of the user is a row, and knows its way there and back."""

from collections.abc import Callable
from typing import Any

from datacrafter_widget.session.events import Events
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Action, Proposal, ProposalState, SuggestionState

Step = Callable[[dict[str, Any]], None]

NAMES = {
    "remove": "remove {n} pictures",
    "restore": "restore {n} pictures",
    "replace": "replace {n} pictures",
    "more_like": "ask for more like {n} pictures",
    "transform": "ask for a change of {n} pictures",
    "combine": "ask for what {n} and other pictures show",
    "without": "ask for {n} pictures without what others show",
    "keep": "keep {n} pictures",
    "flag": "flag {n} pictures",
    "accept": "accept a proposal",
    "reject": "reject a proposal",
    "edit_template": "edit a prompt",
    "swap_templates": "use the prompts of a strategy",
    "add_template": "add a prompt",
    "delete_template": "delete a prompt",
    "take_suggestion": "generate a suggestion",
    "collect_suggestion": "collect a suggestion",
    "reject_suggestion": "reject a suggestion",
    "choose_edit": "choose an edit",
    "accept_edit": "accept an edit",
    "revert_edit": "go back to an earlier step",
}

_ASKING = ("more_like", "transform", "combine", "without")
_HIDING = ("remove", "restore", "replace")
_MARKING = ("keep", "flag")
_EDITING = ("choose_edit", "accept_edit", "revert_edit")


class History:
    """The log of a session's actions. Doing, undoing and redoing all go through the same two functions a kind."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events
        self._forward: dict[str, Step] = {
            "remove": lambda payload: self._hide(payload["ids"], hidden=True),
            "restore": lambda payload: self._hide(payload["ids"], hidden=False),
            "replace": lambda payload: self._replace(payload["ids"], payload["new_ids"]),
            "keep": lambda payload: self._mark(payload["ids"], flagged=False),
            "flag": lambda payload: self._mark(payload["ids"], flagged=True),
            **dict.fromkeys(_ASKING, _nothing),
            "accept": lambda payload: self._accept(payload, accepted=True),
            "reject": lambda payload: self._settle(payload["proposal_id"], "rejected"),
            "edit_template": lambda payload: self._swap(payload["old_id"], payload["new_id"]),
            "swap_templates": lambda payload: self._swap_all(payload["old_ids"], payload["new_ids"]),
            "add_template": lambda payload: self._swap(None, payload["template_id"]),
            "delete_template": lambda payload: self._swap(payload["template_id"], None),
            "take_suggestion": lambda payload: self._take(payload, taken=True),
            "collect_suggestion": lambda payload: self._suggest(payload, "collecting"),
            "reject_suggestion": lambda payload: self._suggest(payload, "rejected"),
            "choose_edit": lambda payload: self._choose(payload, payload["after"]),
            "accept_edit": lambda payload: self._accept_edit(payload, accepted=True),
            "revert_edit": lambda payload: self._put_aside(payload["edit_ids"], payload["back_ids"]),
        }
        self._backward: dict[str, Step] = {
            "remove": lambda payload: self._hide(payload["ids"], hidden=False),
            "restore": lambda payload: self._hide(payload["ids"], hidden=True),
            "replace": lambda payload: self._replace(payload["new_ids"], payload["ids"]),
            "keep": lambda payload: self._mark(payload["ids"], flagged=True),
            "flag": lambda payload: self._mark(payload["ids"], flagged=False),
            **dict.fromkeys(_ASKING, _nothing),
            "accept": lambda payload: self._accept(payload, accepted=False),
            "reject": lambda payload: self._settle(payload["proposal_id"], "open"),
            "edit_template": lambda payload: self._swap(payload["new_id"], payload["old_id"]),
            "swap_templates": lambda payload: self._swap_all(payload["new_ids"], payload["old_ids"]),
            "add_template": lambda payload: self._swap(payload["template_id"], None),
            "delete_template": lambda payload: self._swap(None, payload["template_id"]),
            "take_suggestion": lambda payload: self._take(payload, taken=False),
            "collect_suggestion": lambda payload: self._suggest(payload, payload["before"]),
            "reject_suggestion": lambda payload: self._suggest(payload, payload["before"]),
            "choose_edit": lambda payload: self._choose(payload, payload["before"]),
            "accept_edit": lambda payload: self._accept_edit(payload, accepted=False),
            "revert_edit": lambda payload: self._put_aside(payload["back_ids"], payload["edit_ids"]),
        }

    def do(self, kind: str, payload: dict[str, Any]) -> Action:
        """Carry out a new action and log it, in one transaction; whatever could be redone is forgotten."""
        with self._store.transaction():
            self._forward[kind](payload)
            action = self._store.log_action(kind, payload)
        self._tell(kind, payload)
        return action

    def undo(self) -> Action | None:
        """Take the last action back; None when there is nothing to take back."""
        return self._step(self._store.last_undoable(), self._backward, undone=True)

    def redo(self) -> Action | None:
        """Do the last undone action again; None when there is none."""
        return self._step(self._store.next_redoable(), self._forward, undone=False)

    def describe(self) -> dict[str, Any]:
        """What undo and redo would do, in words (None for nothing), and the log, oldest first."""
        undoable, redoable = self._store.last_undoable(), self._store.next_redoable()
        return {
            "undo": in_words(undoable) if undoable else None,
            "redo": in_words(redoable) if redoable else None,
            "actions": [
                {"id": action.id, "kind": action.kind, "words": in_words(action), "undone": action.undone}
                for action in self._store.actions()
            ],
        }

    def _step(self, action: Action | None, steps: dict[str, Step], *, undone: bool) -> Action | None:
        if action is None:
            return None
        with self._store.transaction():
            steps[action.kind](action.payload)
            for proposal in self._proposals_from(action):
                # One that was taken back before its search was over has found nothing yet.
                found: ProposalState = "open" if proposal.report else "running"
                self._settle(proposal.id, "withdrawn" if undone else found)
            self._store.mark_undone(action.id, undone)
        self._tell(action.kind, action.payload)
        return action

    def _proposals_from(self, action: Action) -> list[Proposal]:
        """Proposals that answer this action and wait for a decision: they go and come with it."""
        return [
            proposal
            for proposal in self._store.proposals(states=("running", "open", "withdrawn"))
            if proposal.feedback.get("action_id") == action.id
        ]

    def _tell(self, kind: str, payload: dict[str, Any]) -> None:
        if kind == "accept_edit":
            self._events.emit("hidden", ids=[payload["picture_id"]])
        if kind in _HIDING:
            self._events.emit("hidden", ids=[*payload["ids"], *payload.get("new_ids", ())])
        if kind in _MARKING:
            self._events.emit("flags")
        if "template" in kind or kind in ("accept", "take_suggestion"):
            self._events.emit("templates")
        if "suggestion" in kind:
            self._events.emit("suggestions")
        if kind in _EDITING:
            self._events.emit("edits")
        self._events.emit("proposals")
        self._events.emit("actions")

    def _hide(self, ids: list[int], *, hidden: bool) -> None:
        self._store.set_hidden(ids, hidden)

    def _mark(self, ids: list[int], *, flagged: bool) -> None:
        self._store.set_flagged(ids, flagged)

    def _replace(self, out_ids: list[int], in_ids: list[int]) -> None:
        self._hide(out_ids, hidden=True)
        self._hide(in_ids, hidden=False)

    def _settle(self, proposal_id: int, state: ProposalState) -> None:
        self._store.update_proposal(proposal_id, state=state)

    def _accept(self, payload: dict[str, Any], *, accepted: bool) -> None:
        old, new = payload["old_id"], payload["new_id"]
        self._swap(*((old, new) if accepted else (new, old)))
        self._settle(payload["proposal_id"], "accepted" if accepted else "open")

    def _suggest(self, payload: dict[str, Any], state: SuggestionState) -> None:
        self._store.update_suggestion(payload["suggestion_id"], state=state)

    def _take(self, payload: dict[str, Any], *, taken: bool) -> None:
        self._store.set_template_active(payload["template_id"], taken)
        self._suggest(payload, "taken" if taken else payload["before"])

    def _choose(self, payload: dict[str, Any], choice: dict[str, Any]) -> None:
        """What was once revealed stays so: it can't be unseen."""
        self._store.update_edit(payload["edit_id"], **choice, revealed=True)

    def _accept_edit(self, payload: dict[str, Any], *, accepted: bool) -> None:
        self._hide([payload["picture_id"]], hidden=not accepted)
        self._store.update_edit(payload["edit_id"], accepted_id=payload["picture_id"] if accepted else None)

    def _put_aside(self, edit_ids: list[int], back_ids: list[int]) -> None:
        for edit_id in (*edit_ids, *back_ids):
            self._store.update_edit(edit_id, aside=edit_id in edit_ids)

    def _swap(self, out_id: int | None, in_id: int | None) -> None:
        if out_id is not None:
            self._store.set_template_active(out_id, False)
        if in_id is not None:
            self._store.set_template_active(in_id, True)

    def _swap_all(self, out_ids: list[int], in_ids: list[int]) -> None:
        for template_id in out_ids:
            self._swap(template_id, None)
        for template_id in in_ids:
            self._swap(None, template_id)


def _nothing(_payload: dict[str, Any]) -> None:
    """What asking changes by itself: the proposals that answer it are settled with it."""


def in_words(action: Action) -> str:
    """An action as a person would say it: "remove 12 pictures"."""
    count = len(action.payload.get("ids", ()))
    words = NAMES.get(action.kind, action.kind.replace("_", " ")).format(n=count)
    return words.removesuffix("s") if count == 1 and words.endswith("pictures") else words
