"""An edit of a picture, as a script and the page hold it."""

from __future__ import annotations

import base64
import html
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import Image

    from datacrafter_widget.editing.gallery.entries import Step, Trail
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session.editing import Editing
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Edit, EditCandidate

SLIDERS = ("steps", "text_influence", "picture_influence")
_SHOWN_SIZE = 128
_NOT_MADE = "could not be made"
_WORDS = {
    "nan": "the model's numbers ran away",
    "unsafe": "hidden by the safety checker",
    "unchanged": "the picture as it was",
}


@dataclass(frozen=True)
class Candidate:
    """What one editor made of an edit; who that was is told once the person has chosen.

    Attributes:
        id: its number in the session.
        letter: what it is called: A, B, C in a random order.
        ready: whether there is a picture.
        problem: why there will be none, in words, or None.
        editor: who made it; None until the choice.
        text: the instruction in that editor's form; None until the choice.
        parameters: the editor's own settings; None until the choice.
        revision: which weights exactly; None until the choice.
    """

    id: int
    letter: str
    ready: bool
    problem: str | None
    editor: str | None = None
    text: str | None = None
    parameters: dict[str, Any] | None = field(default=None, compare=False)
    revision: str | None = None


class EditHandle:
    """A wish on a picture: its candidates, the choice, and what can be done with that.

    It is always up to date. Shown in a notebook it is a sheet of the candidates.

    Attributes:
        id: its number in the session.
        picture_id: the picture that the trail of steps begins with.
        instruction: what to change.
    """

    def __init__(self, session: Editing, edit_id: int) -> None:
        row = session.store.edit(edit_id)
        self._session = session
        self.id = row.id
        self.picture_id = row.picture_id
        self.instruction = row.instruction

    @property
    def state(self) -> str:
        """``"running"``, ``"open"`` (it is your turn: `choose`), ``"chosen"``, ``"declined"`` or ``"withdrawn"``."""
        return self._row.state

    @property
    def action(self) -> str | None:
        """What sort of change it is; None before that is understood."""
        return self._row.report.get("action")

    @property
    def hint(self) -> str:
        """Why the wish may change little, in words; "" where nothing speaks for that."""
        said: str = self._row.report.get("hint", "")
        return said

    @property
    def candidates(self) -> list[Candidate]:
        """What the editors made of it, in a random order that stays the same."""
        row = self._row
        return [candidate(each, row) for each in self._session.store.edit_candidates([self.id])]

    @property
    def chosen(self) -> Candidate | None:
        """The chosen candidate, or None."""
        chosen = self._row.chosen_id
        return next((each for each in self.candidates if each.id == chosen), None)

    @property
    def accepted_id(self) -> int | None:
        """The picture that it became in the data set, or None."""
        return self._row.accepted_id

    @property
    def before(self) -> EditHandle | None:
        """The step before, or None."""
        before = self._row.before_id
        return None if before is None else EditHandle(self._session, before)

    def image(self, candidate: int | str | Candidate | None = None) -> Image.Image:
        """A candidate's picture, by its letter or id; without, the chosen one's.

        Raises:
            InputError: there is no such candidate, it has no picture, or none is chosen.
        """
        if candidate is None and self._row.chosen_id is None:
            raise InputError(f"expected the letter of a candidate of edit {self.id}: none is chosen yet")
        wanted = self._row.chosen_id if candidate is None else self._session._candidate_id(self.id, candidate)  # noqa: SLF001 - two halves
        return self._session.store.load_candidate(wanted or 0)

    def choose(
        self,
        candidate: int | str | Candidate | None,
        *,
        matches: int | None = None,
        keeps: int | None = None,
        unusable: Iterable[int | str | Candidate] = (),
        words: str = "",
    ) -> None:
        """Choose a candidate, or None of them; then it is told who made which. See `Session.choose_edit`."""
        self._session.choose_edit(
            self.id, candidate, matches=matches, keeps=keeps, unusable=unusable, words=words
        )

    def accept(self) -> int:
        """Take the chosen candidate into the data set; returns the new picture's id. See `Session.accept_edit`."""
        return self._session.accept_edit(self.id)

    def then(self, instruction: str, **how: Any) -> Job[EditHandle]:
        """Change the chosen candidate further: ``step = edit.then("put it on snow").result()``.

        The arguments are those of `Session.edit`.

        Raises:
            InputError: none is chosen, or as `Session.edit`.
        """
        return self._session.edit_further(self.id, instruction, **how)

    def trail(self) -> list[EditHandle]:
        """The steps from the picture to this one, which is the last."""
        return [EditHandle(self._session, each) for each in trail_ids(self._session.store, self.id)]

    def branches(self) -> list[EditHandle]:
        """The steps that were tried from this one, oldest first, those that were put aside too."""
        edits = self._session.store.edits([self.picture_id])
        return [EditHandle(self._session, each.id) for each in edits if each.before_id == self.id]

    def revert(self, step: EditHandle | int | None = None) -> EditHandle | None:
        """Go back to an earlier step of the trail: put aside what came after it. See `Session.revert_edit`."""
        return self._session.revert_edit(self.id, step)

    def replay(self, pictures: int | Iterable[int]) -> Job[list[EditHandle]]:
        """Do all steps up to this one on other pictures, with the editors that were chosen. See `Session.replay`."""
        return self._session.replay(self.record(), pictures)

    def record(self) -> Trail:
        """The trail by itself, with its pictures: to publish, or to do again elsewhere.

        Raises:
            InputError: a step of it has no choice.
        """
        return trail_record(self._session.store, self.id)

    @property
    def _row(self) -> Edit:
        return self._session.store.edit(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EditHandle) and (other._session, other.id) == (self._session, self.id)

    def __hash__(self) -> int:
        return hash((id(self._session), self.id))

    def __repr__(self) -> str:
        chosen = self.chosen
        by = f", {chosen.letter} by {chosen.editor}" if chosen else ""
        return f"<Edit {self.id} of picture {self.picture_id}: {self.instruction!r}, {self.state}{by}>"

    def _repr_html_(self) -> str:
        store = self._session.store
        cells = [_figure(store.thumbnail(self.picture_id, _SHOWN_SIZE), "picture")]
        for each in self.candidates:
            mark = f"{each.letter} {each.editor or ''} {each.problem or ''}".strip()
            picture = store.candidate_thumbnail(each.id, _SHOWN_SIZE) if each.ready else None
            cells.append(_figure(picture, mark))
        told = ". ".join(each for each in (repr(self)[1:-1], self.hint) if each)
        return f"<div><p>{html.escape(told)}</p>{''.join(cells)}</div>"


def candidate(row: EditCandidate, edit: Edit) -> Candidate:
    """A candidate as the person may see it now."""
    seen = Candidate(
        row.id, letter(row.place), row.sha256 is not None, in_words(row.problem, revealed=edit.revealed)
    )
    if not edit.revealed:
        return seen
    return Candidate(
        seen.id,
        seen.letter,
        seen.ready,
        seen.problem,
        editor=row.editor,
        text=row.text,
        parameters=row.parameters,
        revision=row.revision,
    )


def letter(place: int) -> str:
    """What a candidate in a place is called: A, B, … Z, AA, AB …."""
    letters = string.ascii_uppercase
    return (letter(place // 26 - 1) if place >= 26 else "") + letters[place % 26]


def trail_ids(store: Store, edit_id: int) -> list[int]:
    """The ids of the steps that lead to an edit, the first first, itself the last."""
    ids: list[int] = []
    at: int | None = edit_id
    while at is not None:
        ids.append(at)
        at = store.edit(at).before_id
    return ids[::-1]


def trail(store: Store, edit_id: int) -> list[tuple[Edit, EditCandidate]]:
    """The steps that lead to an edit, and of each the candidate that the next one began with; of the last the chosen.

    Raises:
        InputError: nothing is chosen of the last.
    """
    edits = [store.edit(each) for each in trail_ids(store, edit_id)]
    # The choice of an earlier step may have been changed since: what came of it began with the old one.
    taken = [*(each.from_id for each in edits[1:]), edits[-1].chosen_id]
    if taken[-1] is None:
        raise InputError(
            f"expected an edit of which a candidate was chosen, found edit {edit_id}: {edits[-1].state}"
        )
    return [(edit, store.edit_candidate(each or 0)) for edit, each in zip(edits, taken, strict=True)]


def edit_steps(store: Store, picture_id: int) -> list[dict[str, Any]]:
    """What was done to a picture that an edit became, step by step; empty for other pictures.

    Returns:
        Rows of ``edit`` (its id), ``instruction``, ``action``, ``target``, ``editor``, ``revision``, ``text``, ``seed``
        and ``parameters``.
    """
    became = store.edit_of(picture_id)
    if became is None:
        return []
    rows = []
    for edit, made in trail(store, became.id):
        said = {name: edit.report[name] for name in ("action", "target")}
        used = {name: getattr(made, name) for name in ("editor", "revision", "text", "seed", "parameters")}
        rows.append({"edit": edit.id, "instruction": edit.instruction, **said, **used})
    return rows


def trail_record(store: Store, edit_id: int) -> Trail:
    """The steps that lead to an edit and the chosen candidate of each, with their pictures.

    Raises:
        InputError: nothing was chosen of the last of them.
    """
    from datacrafter_widget.editing.gallery.entries import Trail

    begun = store.picture(store.edit(edit_id).picture_id)
    (word,) = [row.word for row in store.classes() if row.id == begun.class_id]
    pictures: dict[str, Image.Image] = {begun.sha256: store.load_image(begun.id)}
    steps = tuple(_record_step(store, *each, pictures) for each in trail(store, edit_id))
    return Trail(begun.sha256, steps, pictures, subject=word)


def _record_step(store: Store, edit: Edit, made: EditCandidate, pictures: dict[str, Image.Image]) -> Step:
    """One step; its pictures are added."""
    from datacrafter_widget.editing.gallery.entries import Step

    mask = f"mask-{edit.mask}" if edit.mask else None  # one file may be a mask here and a picture there
    if edit.mask and mask:
        pictures[mask] = store.load_content(edit.mask).convert("L")
    for key in filter(None, (edit.reference, made.sha256)):
        pictures[key] = store.load_content(key)
    return Step(
        instruction=edit.instruction,
        picture=made.sha256 or "",
        action=edit.report["action"],
        editor=made.editor,
        revision=made.revision or "",
        prompt=made.text,
        negative=edit.asked["negative"],
        source=edit.report["source"],
        target=edit.report["target"],
        seed=made.seed,
        sliders={name: edit.asked[name] for name in SLIDERS},
        parameters=made.parameters,
        mask=mask,
        reference=edit.reference,
    )


def edit_table(store: Store, picture_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The edits, newest first; see `Session.edit_table`."""
    edits = store.edits(picture_ids)
    made: dict[int, list[EditCandidate]] = {}
    for each in store.edit_candidates(None if picture_ids is None else [edit.id for edit in edits]):
        made.setdefault(each.edit_id, []).append(each)
    classes = {
        picture.id: picture.class_id
        for picture in store.pictures(ids={edit.picture_id for edit in edits}, include_hidden=True)
    }
    return [_row(edit, classes[edit.picture_id], made.get(edit.id, [])) for edit in reversed(edits)]


def _row(edit: Edit, class_id: int, made: list[EditCandidate]) -> dict[str, Any]:
    report = edit.report
    shown = [candidate(each, edit) for each in made]
    ranked = report.get("ranked", []) if edit.revealed else []
    return {
        "id": edit.id,
        "picture_id": edit.picture_id,
        "class_id": class_id,
        "before": edit.before_id,
        "from": edit.from_id,
        "instruction": edit.instruction,
        "state": edit.state,
        "action": report.get("action"),
        "confidence": report.get("confidence"),
        "reason": report.get("reason", ""),
        "hint": report.get("hint", ""),
        "source": report.get("source", ""),
        "target": report.get("target", ""),
        **{name: edit.asked[name] for name in (*SLIDERS, "negative")},
        "masked": edit.mask is not None,
        "referenced": edit.reference is not None,
        "candidates": [
            {
                "id": each.id,
                "letter": each.letter,
                "ready": each.ready,
                "problem": each.problem,
                "editor": each.editor,
                "text": each.text,
                "parameters": each.parameters,
            }
            for each in shown
        ],
        "ranked": [
            {"name": each["name"], "score": each["score"], "reason": each["reason"]} for each in ranked
        ],
        "chosen": edit.chosen_id,
        "feedback": edit.feedback,
        "accepted": edit.accepted_id,
        "aside": edit.aside,
        "created_at": edit.created_at,
    }


def in_words(problem: str | None, *, revealed: bool) -> str | None:
    """A problem for people; messages of editors, which may name them, only once that is no secret."""
    if problem is None or problem in _WORDS:
        return problem and _WORDS[problem]
    return problem if revealed else _NOT_MADE


def _figure(picture: bytes | None, caption: str) -> str:
    text = html.escape(caption)
    uri = f"data:image/webp;base64,{base64.b64encode(picture).decode()}" if picture else None
    image = f'<img src="{uri}" alt="{text}" style="width:100%">' if uri else ""
    return (
        f'<figure style="display:inline-block;vertical-align:top;width:{_SHOWN_SIZE}px;margin:2px;text-align:center">'
        f'{image}<figcaption style="overflow-wrap:anywhere">{text}</figcaption></figure>'
    )
