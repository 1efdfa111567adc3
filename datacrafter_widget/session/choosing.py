"""The verbs on edits that have candidates: choose one, accept it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.accepting import provenance_of, take_in
from datacrafter_widget.session.core import Core
from datacrafter_widget.session.edits import Candidate, letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacrafter_widget.store.records import Edit

LONGEST_WORDS = 1000
MARKS = range(1, 6)
"""How well something was done: 1 not at all … 5 perfectly."""


class Choosing(Core):
    """What `Session` does with the candidates of edits."""

    def choose_edit(
        self,
        edit_id: int,
        candidate: int | str | Candidate | None,
        *,
        matches: int | None = None,
        keeps: int | None = None,
        unusable: Iterable[int | str | Candidate] = (),
        words: str = "",
    ) -> None:
        """Choose a candidate of an edit, or None of them; then it is told who made which. Undo takes it back.

        The first choice, made blind, counts for the editors' ratings; one that is made after names were seen does not.

        Args:
            edit_id: of one of `edits` whose candidates are there.
            candidate: its letter or id; None: none of them will do.
            matches: how well it does what was wished, 1 (not at all) to 5 (perfectly).
            keeps: how well it keeps the rest of the picture, 1 to 5.
            unusable: letters or ids of candidates that are offensive or can't be used.
            words: what else there is to say.

        Raises:
            InputError: it is not your turn, there is no such candidate, it has no picture or is called unusable, or a
                mark is not within 1 to 5.
        """
        self._writable()
        for name, mark in (("matches", matches), ("keeps", keeps)):
            if mark is not None and mark not in MARKS:
                raise InputError(f"{name}: expected 1 (not at all) to 5 (perfectly), found {mark!r}")
        said = " ".join(words.split())
        if len(said) > LONGEST_WORDS:
            raise InputError(f"words: expected at most {LONGEST_WORDS} characters, found {len(said)}")
        with self._lock:
            edit = self._store.edit(edit_id)
            if edit.state not in ("open", "chosen", "declined") or edit.accepted_id is not None:
                raise InputError(
                    f"expected an edit that waits for a choice, found edit {edit_id}:"
                    f" {'accepted' if edit.accepted_id else edit.state}. Undo what came after, or cancel its job if"
                    " you don't want to wait for the other candidates"
                )
            refused = sorted({self._candidate_id(edit_id, each) for each in unusable})
            chosen = None if candidate is None else self._candidate_id(edit_id, candidate)
            if chosen is not None:
                self._store.load_candidate(chosen)
                if chosen in refused:
                    raise InputError(
                        "unusable: expected candidates that are not chosen, found the chosen one"
                    )
            feedback = {
                "matches": matches,
                "keeps": keeps,
                "unusable": refused,
                "words": said,
                "blind": not edit.revealed,
            }
            self._history.do(
                "choose_edit",
                {
                    "edit_id": edit.id,
                    "before": _choice(edit),
                    "after": {
                        "state": "declined" if chosen is None else "chosen",
                        "chosen_id": chosen,
                        "feedback": feedback,
                    },
                },
            )

    def accept_edit(self, edit_id: int) -> int:
        """Take the chosen candidate of an edit into the data set; returns the new picture's id. Undo takes it back.

        It is of the class of the picture that was edited, and a descendant of it, with all that is known of how it
        was made, and counts with the latest round. One that is in the data set already is not taken in again.

        Raises:
            InputError: there is no such edit, or nothing is chosen of it.
        """
        self._writable()
        with self._lock:
            edit = self._chosen_edit(edit_id)
            if edit.accepted_id is not None:
                return edit.accepted_id
            made = self._store.edit_candidate(edit.chosen_id or 0)
            iteration = max(int(self._store.picture_columns().iterations.max(initial=0)), 1)
            with self._store.transaction():
                picture = self._store.add_edited(made.id, provenance_of(self._store, edit, made), iteration)
                self._history.do("accept_edit", {"edit_id": edit.id, "picture_id": picture.id})
        self._submit(
            lambda job: take_in(job, self._store, self._observer, self.events, picture.id),
            "Look at the edited picture",
            kind="observe",
            interactive=True,
        )
        return picture.id

    # -- inside -------------------------------------------------------------------------------------

    def _candidate_id(self, edit_id: int, candidate: int | str | Candidate) -> int:
        made = self._store.edit_candidates([edit_id])
        known: Mapping[Any, int] = {each.id: each.id for each in made} | {
            letter(each.place): each.id for each in made
        }
        wanted = candidate.id if isinstance(candidate, Candidate) else candidate
        if wanted not in known:
            letters = ", ".join(letter(each.place) for each in made) or "none yet"
            raise InputError(f"expected a candidate of edit {edit_id} ({letters}), found {wanted!r}")
        return known[wanted]

    def _chosen_edit(self, edit_id: int) -> Edit:
        edit = self._store.edit(edit_id)
        if edit.chosen_id is None:
            raise InputError(
                f"expected an edit of which a candidate is chosen, found edit {edit_id}: {edit.state}. Choose one with"
                ' .choose("A")'
            )
        return edit


def _choice(edit: Edit) -> dict[str, Any]:
    return {"state": edit.state, "chosen_id": edit.chosen_id, "feedback": edit.feedback}
