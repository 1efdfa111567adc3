"""Edits of single pictures: what was wished, what each editor made of it, and what the person chose."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypedDict, Unpack

from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import json_ids, now, to_json
from datacrafter_widget.store.pictures import THUMBNAIL_SIZE, PictureTable
from datacrafter_widget.store.records import Edit, EditCandidate, EditState, Picture, Provenance

_JSON = ("asked", "report", "feedback")
_INSERT_PROVENANCE = """
INSERT INTO provenance (
    picture_id, template_id, template, prompt, negative_prompt, seed, parent_id, strength, guidance_scale,
    num_inference_steps, width, height, model, model_revision, batch_size, perturbation
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class CandidateDraft(NamedTuple):
    """A candidate that an editor is to make, in the place that it is shown at."""

    editor: str
    text: str
    seed: int


class EditChanges(TypedDict, total=False):
    """The fields of an edit that may change."""

    from_id: int | None
    report: dict[str, Any]
    chosen_id: int | None
    feedback: dict[str, Any]
    accepted_id: int | None
    revealed: bool
    aside: bool
    state: EditState


class EditTable(PictureTable):
    """An edit's row is written when it is asked for, so that what a crash cut off is found later.

    Its candidates' rows follow when it is known which editors are to make them, and are filled in one by one.
    """

    def put_edit_images(self, images: Sequence[Image.Image]) -> list[str]:
        """Store the files of RGB pictures (masks, references, candidates); the content hash of each."""
        return self._put_images(images)

    def load_content(self, sha256: str) -> Image.Image:
        """The RGB picture of a content that `put_edit_images` stored.

        Raises:
            StoreError: Its file is missing or damaged.
        """
        return self._files.load(sha256)

    def add_edit(
        self,
        picture_id: int,
        instruction: str,
        asked: dict[str, Any],
        *,
        before_id: int | None = None,
        from_id: int | None = None,
        mask: str | None = None,
        reference: str | None = None,
    ) -> Edit:
        """Write down that a picture is to be changed; the edit's state is "running".

        Args:
            picture_id: What the trail begins with.
            instruction: What to change, as the person said it.
            asked: How it is to be done, of JSON values.
            before_id: The step before, an edit of the same picture.
            from_id: The candidate that was chosen of it; None while there is none, or to begin with the picture.
            mask: Content of the mask's file.
            reference: Content of the reference picture's file.

        Raises:
            InputError: There is no such picture, edit or candidate.
        """
        with self.transaction() as connection:
            row_id = connection.execute(
                "INSERT INTO edit (picture_id, before_id, from_id, instruction, asked, mask, reference, state,"
                " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?)",
                (
                    int(picture_id),
                    before_id,
                    from_id,
                    instruction,
                    to_json(asked, "what is asked"),
                    mask,
                    reference,
                    now(),
                ),
            ).lastrowid
            return self.edit(int(row_id or 0))

    def plan_edit(
        self, edit_id: int, report: dict[str, Any], drafts: Sequence[CandidateDraft]
    ) -> list[EditCandidate]:
        """Write down what was understood, and the candidates that are to be made, in the order of their places.

        Raises:
            InputError: There is no such edit, it has candidates already, or an editor comes twice.
        """
        with self.transaction() as connection:
            self.update_edit(edit_id, report=report)
            connection.executemany(
                "INSERT INTO edit_candidate (edit_id, place, editor, text, seed, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (int(edit_id), place, draft.editor, draft.text, int(draft.seed), now())
                    for place, draft in enumerate(drafts)
                ],
            )
            return self.edit_candidates([edit_id])

    def finish_candidate(
        self,
        candidate_id: int,
        *,
        revision: str | None = None,
        parameters: dict[str, Any] | None = None,
        sha256: str | None = None,
        problem: str | None = None,
    ) -> EditCandidate:
        """Write down what became of a candidate: the content of its picture, or what is wrong.

        Raises:
            InputError: There is no such candidate, or it has neither picture nor problem.
        """
        if (sha256 is None) == (problem is None):
            raise InputError("expected a candidate's picture, or a problem, and not both.")
        with self.transaction() as connection:
            connection.execute(
                "UPDATE edit_candidate SET revision = ?, parameters = ?, sha256 = ?, problem = ?, created_at = ?"
                " WHERE id = ?",
                (
                    revision,
                    to_json(parameters or {}, "parameters"),
                    sha256,
                    problem,
                    now(),
                    int(candidate_id),
                ),
            )
            return self.edit_candidate(candidate_id)

    def update_edit(self, edit_id: int, **changes: Unpack[EditChanges]) -> Edit:
        """Change fields of an edit and return it as it is now.

        Raises:
            InputError: There is no such edit, field, candidate, picture or state.
        """
        with self.transaction() as connection:
            for name, value in changes.items():
                if name not in EditChanges.__annotations__:
                    known = ", ".join(EditChanges.__annotations__)
                    raise InputError(
                        f"expected a field of an edit that may change ({known}), found {name!r}."
                    )
                sql = f"UPDATE edit SET {name} = ? WHERE id = ?"  # noqa: S608 - a name known above
                encoded = to_json(value, f"a {name}") if name in _JSON else value
                connection.execute(sql, (encoded, int(edit_id)))
            return self.edit(edit_id)

    def edit(self, edit_id: int) -> Edit:
        """One edit.

        Raises:
            InputError: There is no such edit.
        """
        row = self._row("SELECT * FROM edit WHERE id = ?", (int(edit_id),))
        if row is None:
            raise InputError(f"expected the id of an edit, found {edit_id}. edits() lists them.")
        return _edit(row)

    def edits(
        self, picture_ids: Iterable[int] | None = None, states: Iterable[EditState] | None = None
    ) -> list[Edit]:
        """Edits by id: of trails that begin with these pictures or any, in these states or any."""
        rows = self._rows(
            "SELECT * FROM edit WHERE (?1 IS NULL OR picture_id IN (SELECT value FROM json_each(?1)))"
            " AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2))) ORDER BY id",
            (
                None if picture_ids is None else json_ids(picture_ids),
                None if states is None else json.dumps(list(states)),
            ),
        )
        return [_edit(row) for row in rows]

    def edit_of(self, picture_id: int) -> Edit | None:
        """The edit that became a picture of the data set, or None."""
        row = self._row("SELECT * FROM edit WHERE accepted_id = ? ORDER BY id LIMIT 1", (int(picture_id),))
        return None if row is None else _edit(row)

    def edit_candidate(self, candidate_id: int) -> EditCandidate:
        """One candidate.

        Raises:
            InputError: There is no such candidate.
        """
        row = self._row("SELECT * FROM edit_candidate WHERE id = ?", (int(candidate_id),))
        if row is None:
            raise InputError(f"expected the id of an edit's candidate, found {candidate_id}.")
        return _candidate(row)

    def edit_candidates(self, edit_ids: Iterable[int] | None = None) -> list[EditCandidate]:
        """The candidates of these edits, or of all, by edit and place."""
        rows = self._rows(
            "SELECT * FROM edit_candidate WHERE ?1 IS NULL OR edit_id IN (SELECT value FROM json_each(?1))"
            " ORDER BY edit_id, place",
            (None if edit_ids is None else json_ids(edit_ids),),
        )
        return [_candidate(row) for row in rows]

    def load_candidate(self, candidate_id: int) -> Image.Image:
        """The pixels of a candidate, as an RGB picture.

        Raises:
            InputError: There is no such candidate, or it has no picture.
            StoreError: Its file is missing or damaged.
        """
        return self._files.load(self._candidate_content(candidate_id))

    def candidate_thumbnail(self, candidate_id: int, size: int = THUMBNAIL_SIZE) -> bytes:
        """WebP bytes of a candidate with the longest side at most ``size`` pixels (16 to 512)."""
        return self._files.thumbnail(self._candidate_content(candidate_id), size)

    def add_edited(self, candidate_id: int, made: Provenance, iteration: int) -> Picture:
        """Make a candidate a generated picture of the class of the picture that was edited.

        Args:
            candidate_id: The candidate.
            made: How it was made.
            iteration: The generation round that it counts with.

        Raises:
            InputError: There is no such candidate, or it has no picture.
        """
        sha256 = self._candidate_content(candidate_id)
        with self.transaction() as connection:
            begun = self.picture(self.edit(self.edit_candidate(candidate_id).edit_id).picture_id)
            row_id = connection.execute(
                "INSERT INTO picture (sha256, class_id, origin, width, height, iteration, created_at)"
                " VALUES (?, ?, 'generated', ?, ?, ?, ?)",
                (sha256, begun.class_id, begun.width, begun.height, int(iteration), made.created_at),
            ).lastrowid
            values = (getattr(made, name) for name in Provenance.__slots__ if name != "created_at")
            connection.execute(_INSERT_PROVENANCE, (row_id, *values))
            return self.picture(int(row_id or 0))

    def _candidate_content(self, candidate_id: int) -> str:
        candidate = self.edit_candidate(candidate_id)
        if candidate.sha256 is None:
            why = candidate.problem or "it is not made yet"
            raise InputError(f"expected a candidate with a picture, found {candidate_id}: {why}.")
        return candidate.sha256


def _edit(row: sqlite3.Row) -> Edit:
    values = dict(row)
    decoded = {name: json.loads(values[name]) for name in _JSON}
    marks = {name: bool(values[name]) for name in ("revealed", "aside")}
    return Edit(**values | decoded | marks)


def _candidate(row: sqlite3.Row) -> EditCandidate:
    return EditCandidate(**{**dict(row), "parameters": json.loads(row["parameters"])})
