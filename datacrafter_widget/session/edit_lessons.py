"""What edits teach: which editors are good at what, what people prefer, and the prompt."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from datacrafter_widget.editing.preferences import Preference, write_preferences
from datacrafter_widget.editing.ratings import Choice, Rating, rate
from datacrafter_widget.editing.wishes import wish_in_words
from datacrafter_widget.errors import InputError
from datacrafter_widget.models.editors.editor import Action
from datacrafter_widget.session.edits import EditHandle, trail_ids
from datacrafter_widget.session.feedback import LONGEST_WISH, Feedback
from datacrafter_widget.session.prompting import Prompting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    import pandas as pd

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session.feedback import SearchLimits
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Edit, EditCandidate

RATING_COLUMNS = ("action", "editor", "rating", "low", "high", "chosen", "shown")


class EditLessons(Prompting):
    """What `Session` learns from edits."""

    def editor_ratings(self, action: Action | None = None) -> pd.DataFrame:
        """How good editors are at each sort of change, by the choices that were made blind (Bradley-Terry).

        Args:
            action: one sort of change, such as ``"recolour"``; by default all.

        Returns:
            Rows, the best first, of ``action``, ``editor``, ``rating`` (natural logarithm of the odds of being chosen;
            0 is the mean, and what is expected of one that nothing is known of), ``low`` and ``high`` (95 %),
            ``chosen`` and ``shown`` (how often).

        Raises:
            InputError: there is no such action.
        """
        import pandas as pd

        if action is not None and action not in get_args(Action):
            raise InputError(f"action: expected one of {', '.join(get_args(Action))}, found {action!r}")
        ratings = ratings_by_action(self._store)
        rows = [
            {"action": each, **{name: getattr(rating, name) for name in RATING_COLUMNS[1:]}}
            for each, rated in ratings.items()
            if action in (None, each)
            for rating in rated
        ]
        return pd.DataFrame(rows, columns=list(RATING_COLUMNS))

    def export_preferences(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the choices with their pictures as a preference data set, to train editing models with.

        Each row has the picture, the instruction, the chosen candidate and one that was not chosen.

        Args:
            path: ``"….parquet"``: one file, for ``datasets.load_dataset("parquet", data_files=path)``. Another name: a
                folder of ``metadata.jsonl`` and pictures, for ``load_dataset("imagefolder", data_dir=path)``.
            overwrite: replace an earlier export.

        Returns:
            The path.

        Raises:
            InputError: nothing was chosen yet among two or more, or something is at `path` already.
            StoreError: the disk refused.
        """
        self._check_open()
        return write_preferences(
            preferences(self._store), path, self._store.load_content, overwrite=overwrite
        )

    def teach_prompt(
        self,
        edits: EditHandle | int | Iterable[EditHandle | int],
        *,
        weights: Mapping[str, float] | None = None,
        **limits: Unpack[SearchLimits],
    ) -> Job[list[int]]:
        """Look for prompts that make such pictures at once: accepted edits become the feedback *transform*.

        The feedback is about the pictures that were edited, says what was wished of them, and shows what came of it.

        Args:
            edits: accepted ones. Those that wish for the same go together.
            weights: of the terms of *transform*.
            **limits: as for `remove`.

        Returns:
            A job, as `transform` gives it: its result is the ids of the new `proposals`.

        Raises:
            InputError: an edit that is not accepted, or as `transform`.
        """
        self._writable()
        wanted = [edits] if isinstance(edits, EditHandle | int) else list(edits)
        rows = [self._store.edit(each.id if isinstance(each, EditHandle) else each) for each in wanted]
        if not rows or any(row.accepted_id is None for row in rows):
            raise InputError(
                f"edits: expected accepted ones, found {[row.id for row in rows if row.accepted_id is None] or 'none'}."
                " Accept what is to be learned from: edit.accept()"
            )
        groups = _by_wish(self._store, rows)
        told = [
            Feedback.checked(
                "transform",
                list(dict.fromkeys(row.picture_id for row in group)),
                second=[row.accepted_id for row in group if row.accepted_id is not None],
                wish=wish,
                weights=weights,
                limits=limits,
            )
            for wish, group in groups.items()
        ]
        opened: list[int] = []
        with self._lock:
            for feedback in told:
                action = self._history.do("transform", feedback.to_json())
                opened += self._refiner.open(feedback, action_id=action.id)
        self.events.emit("labels")
        return self._search_for(opened)


def ratings_by_action(store: Store) -> dict[str, list[Rating]]:
    """The editors' ratings at each sort of change that blind choices were made of; the best first."""
    choices: dict[str, list[Choice]] = {}
    made = _candidates(store)
    for edit in store.edits(states=("chosen", "declined")):
        if not edit.feedback.get("blind"):
            continue
        shown = {each.id: each.editor for each in made.get(edit.id, []) if each.sha256}
        chosen = None if edit.chosen_id is None else shown[edit.chosen_id]
        choices.setdefault(edit.report["action"], []).append(Choice(tuple(shown.values()), chosen))
    return {action: rate(each) for action, each in sorted(choices.items())}


def preferences(store: Store) -> list[Preference]:
    """Each chosen candidate against each other one of its edit."""
    made = _candidates(store)
    rows = []
    for edit in store.edits(states=("chosen",)):
        both = {each.id: each for each in made[edit.id] if each.sha256}
        chosen = both.pop(edit.chosen_id or 0)
        before = (
            store.picture(edit.picture_id).sha256
            if edit.from_id is None
            else store.edit_candidate(edit.from_id).sha256
        )
        rows += [_preference(edit, before or "", chosen, other) for other in both.values()]
    return rows


def _preference(edit: Edit, before: str, chosen: EditCandidate, other: EditCandidate) -> Preference:
    said: dict[str, Any] = edit.feedback
    return Preference(
        edit=edit.id,
        instruction=edit.instruction,
        action=edit.report["action"],
        source=edit.report["source"],
        target=edit.report["target"],
        chosen_editor=chosen.editor,
        chosen_revision=chosen.revision or "",
        chosen_text=chosen.text,
        chosen_parameters=json.dumps(chosen.parameters),
        rejected_editor=other.editor,
        rejected_revision=other.revision or "",
        rejected_text=other.text,
        rejected_parameters=json.dumps(other.parameters),
        seed=chosen.seed,
        matches=said["matches"],
        keeps=said["keeps"],
        unusable=other.id in said["unusable"],
        words=said["words"],
        blind=said["blind"],
        image=before,
        chosen=chosen.sha256 or "",
        rejected=other.sha256 or "",
        mask=edit.mask,
        reference=edit.reference,
    )


def _candidates(store: Store) -> dict[int, list[EditCandidate]]:
    found: dict[int, list[EditCandidate]] = {}
    for each in store.edit_candidates():
        found.setdefault(each.edit_id, []).append(each)
    return found


def _by_wish(store: Store, edits: Sequence[Edit]) -> dict[str, list[Edit]]:
    """Edits by what they wished for: the same instructions mean the same, whatever the captions around them."""
    told: dict[str, list[Edit]] = {}
    for edit in edits:
        steps = [store.edit(each) for each in trail_ids(store, edit.id)]
        told.setdefault(", ".join(each.instruction for each in steps), []).append(edit)
    groups: dict[str, list[Edit]] = {}
    for instruction, alike in told.items():
        wishes = Counter(_wished(store, each, instruction) for each in alike)
        wish = min(wishes, key=lambda each: (-wishes[each], len(each), each))
        groups.setdefault(wish[:LONGEST_WISH], []).extend(alike)
    return groups


def _wished(store: Store, edit: Edit, instruction: str) -> str:
    """What a trail's steps wished for together."""
    first, *_ = trail_ids(store, edit.id)
    return wish_in_words(store.edit(first).report["source"], edit.report["target"], instruction)
