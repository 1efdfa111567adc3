"""How far the newest edits are, in a line each: what the page follows, to read more when it shows them."""

from typing import Any

from datacrafter_widget.store import Store

MOST_EDITS = 100


def edit_news(store: Store) -> list[dict[str, Any]]:
    """The newest edits, the newest first: id, picture_id, state, ready (candidates there), chosen, accepted, aside."""
    edits = store.edits()[-MOST_EDITS:]
    ready: dict[int, int] = {}
    for each in store.edit_candidates([edit.id for edit in edits]):
        ready[each.edit_id] = ready.get(each.edit_id, 0) + (
            each.sha256 is not None or each.problem is not None
        )
    return [
        {
            "id": edit.id,
            "picture_id": edit.picture_id,
            "state": edit.state,
            "ready": ready.get(edit.id, 0),
            "chosen": edit.chosen_id,
            "accepted": edit.accepted_id,
            "aside": edit.aside,
        }
        for edit in reversed(edits)
    ]
