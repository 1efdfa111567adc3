"""Run: editors make the candidates that are planned, batch by batch."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from datacrafter_widget.editing.masks import fitted
from datacrafter_widget.errors import DataCrafterError, InputError, JobCancelled, OutOfMemoryError, StoreError
from datacrafter_widget.models.editors.editor import EditRequest
from datacrafter_widget.models.energy import EnergyMeter
from datacrafter_widget.models.generator import picture_problem
from datacrafter_widget.session.edit_wish import Wish
from datacrafter_widget.store.files import content_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.editors.editor import Editor
    from datacrafter_widget.session.events import Events
    from datacrafter_widget.session.loaded import LoadedModels
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Edit, EditCandidate

BATCH = 4
"""Pictures that an editor is given at a time."""

UNCHANGED = "unchanged"
"""The problem of a candidate that is the picture as it was."""


class EditorRuns:
    """Runs editors on planned candidates.

    Args:
        store: has the edits, and keeps what is made.
        models: the editors.
        events: told ``edits`` and ``cost`` after each batch.
    """

    def __init__(self, store: Store, models: LoadedModels, events: Events) -> None:
        self._store = store
        self._models = models
        self._events = events

    def make(self, job: Job[Any], edits: Sequence[Edit], failures: list[Exception]) -> None:
        """Make what is missing of the edits' candidates, editor by editor; each is kept as soon as it is there.

        Args:
            job: shows the progress; it may be cancelled.
            edits: with candidates that are planned.
            failures: takes in why candidates could not be made.

        Raises:
            JobCancelled: the job was cancelled.
            StoreError: the disk refused.
        """
        by_id = {each.id: each for each in edits}
        missing = [
            each
            for each in self._store.edit_candidates(list(by_id))
            if each.sha256 is None and each.problem is None
        ]
        by_editor: dict[str, list[EditCandidate]] = {}
        for candidate in sorted(missing, key=lambda each: (each.place, each.edit_id)):
            by_editor.setdefault(candidate.editor, []).append(candidate)
        job.update(done=0, total=len(missing), message="making candidates")
        for name, candidates in by_editor.items():
            job.checkpoint()
            try:
                editor = self._models.editor(name)
            except DataCrafterError as failure:
                failures.append(failure)
                self._give_up(job, candidates, str(failure))
                continue
            self._make_with(job, editor, [(each, by_id[each.edit_id]) for each in candidates], failures)

    def _make_with(
        self,
        job: Job[Any],
        editor: Editor,
        candidates: Sequence[tuple[EditCandidate, Edit]],
        failures: list[Exception],
    ) -> None:
        waiting = [list(candidates[at : at + BATCH]) for at in range(0, len(candidates), BATCH)]
        alone = False
        while waiting:
            batch = waiting.pop(0)
            job.checkpoint()
            try:
                self._run(job, editor, batch)
            except JobCancelled:
                raise
            except OutOfMemoryError as failure:
                if len(batch) > 1:
                    waiting[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                elif not alone:
                    alone = True
                    self._models.make_room(editor.name)
                    waiting.insert(0, batch)
                else:
                    failures.append(failure)
                    self._give_up(job, [each for each, _ in batch], str(failure))
            except StoreError:
                raise
            except Exception as failure:  # an editor may be anybody's
                if len(batch) > 1:  # the others can do without the one at fault
                    waiting[:0] = [[each] for each in batch]
                else:
                    failures.append(failure)
                    self._give_up(job, [each for each, _ in batch], str(failure) or type(failure).__name__)

    def _run(self, job: Job[Any], editor: Editor, batch: Sequence[tuple[EditCandidate, Edit]]) -> None:
        requests = [self._request(editor, *each) for each in batch]
        meter = EnergyMeter(editor.device).start()
        made: list[Image.Image] = []
        try:
            made = editor.edit(requests, on_step=lambda _step, _steps: job.raise_if_cancelled())
        finally:
            spent = meter.stop()
            with contextlib.suppress(StoreError):  # what went wrong first matters more
                iteration = self._store.next_iteration()
                self._store.add_cost(iteration, None, "edits", len(made), spent, editor.device)
        if len(made) != len(requests):
            raise InputError(f"expected {len(requests)} pictures of the editor, found {len(made)}")
        problems = [_problem(picture, request) for picture, request in zip(made, requests, strict=True)]
        good = [
            picture.convert("RGB") for picture, problem in zip(made, problems, strict=True) if not problem
        ]
        contents = iter(self._store.put_edit_images(good))
        with self._store.transaction():
            for (candidate, _), request, problem in zip(batch, requests, problems, strict=True):
                self._store.finish_candidate(
                    candidate.id,
                    revision=editor.revision,
                    parameters=editor.parameters(request),
                    sha256=None if problem else next(contents),
                    problem=problem,
                )
        job.update(done=job.progress.done + len(batch))
        self._events.emit("edits")
        self._events.emit("cost")

    def _request(self, editor: Editor, candidate: EditCandidate, edit: Edit) -> EditRequest:
        wish = Wish.of(edit)
        picture = (
            self._store.load_image(edit.picture_id)
            if edit.from_id is None
            else self._store.load_candidate(edit.from_id)
        )
        reads, uses = editor.abilities.reads, editor.abilities
        mask = self._store.load_content(edit.mask).convert("L") if edit.mask else None
        return EditRequest(
            picture=picture,
            instruction=candidate.text if reads == "instruction" else wish.instruction,
            source=edit.report["source"],
            target=candidate.text if reads == "captions" else edit.report["target"],
            seed=candidate.seed,
            mask=None if mask is None or uses.mask == "never" else fitted(mask, picture.size),
            reference=(
                self._store.load_content(edit.reference)
                if edit.reference and uses.reference != "never"
                else None
            ),
            steps=wish.steps,
            text_influence=wish.text_influence,
            picture_influence=wish.picture_influence,
            negative=wish.negative,
        )

    def _give_up(self, job: Job[Any], candidates: Sequence[EditCandidate], problem: str) -> None:
        for each in candidates:
            self._store.finish_candidate(each.id, problem=problem)
        job.update(done=job.progress.done + len(candidates))
        self._events.emit("edits")


def _problem(picture: Image.Image, request: EditRequest) -> str | None:
    """What is wrong with a candidate."""
    if picture.size != request.picture.size:
        width, height = request.picture.size
        return f"expected a picture of {width} x {height} pixels, found {picture.width} x {picture.height}"
    if (told := picture_problem(picture)) is not None:
        return told
    same = content_hash(picture.convert("RGB")) == content_hash(request.picture.convert("RGB"))
    return UNCHANGED if same else None
