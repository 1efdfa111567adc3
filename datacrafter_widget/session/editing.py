"""The verb `edit`: single pictures, changed by several editors, chosen blind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

import numpy as np
from PIL import Image

from datacrafter_widget.editing.masks import read_mask
from datacrafter_widget.errors import InputError
from datacrafter_widget.models.editors.editor import Editor, EditRequest
from datacrafter_widget.session.choosing import Choosing
from datacrafter_widget.session.edit_wish import Wish
from datacrafter_widget.session.edits import EditHandle, edit_table, trail_ids
from datacrafter_widget.store.decoding import decode
from datacrafter_widget.store.jobs import MAX_SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from datacrafter_widget.editing.gallery.entries import Trail
    from datacrafter_widget.editing.intent import Intent
    from datacrafter_widget.jobs import Job

EDIT = "Edit pictures"
LONGEST_INSTRUCTION = 400


class Sliders(TypedDict, total=False):
    """The three plain sliders, each 0 to 1."""

    steps: float
    text_influence: float
    picture_influence: float


class Editing(Choosing):
    """What `Session` does with edits of single pictures."""

    def edit(
        self,
        pictures: int | Iterable[int],
        instruction: str,
        *,
        editors: str | Editor | Iterable[str | Editor] | None = None,
        mask: Any = None,
        reference: Any = None,
        steps: float = 0.5,
        text_influence: float = 0.5,
        picture_influence: float = 0.5,
        negative: str = "",
        seed: int | None = None,
    ) -> Job[list[EditHandle]]:
        """Change pictures as the instruction says, with several editors side by side, in the background (HILITE).

        What is wished is understood first, and editors are ranked for it, by what they are good at and by the choices
        that were made before. Each gives a candidate; they arrive one by one, in a random order, and who made which is
        told when one is chosen. The pictures themselves stay as they are. What a crash or a restart cut off goes on
        with `resume`.

            (edit,) = session.edit(12, "make the apple green").result()
            edit.choose("B")

        Args:
            pictures: ids of the pictures to change, originals or generated ones; each becomes an edit.
            instruction: what to change: "make the apple green", "put it on snow", "add a second one", "as a sketch".
            editors: names of editors, or `Editor` objects of your own, which serve this edit and those that name them
                (`use_editors` has them tried for every wish); by default the four that are ranked highest of those
                that need no download. `editor_names` lists all.
            mask: where the pictures may change (white): a PIL image, an array (H, W), or the bytes or the path of an
                image file, of the pictures' size. Some editors need one.
            reference: a picture of the thing or the style that is wanted: a picture's id, a PIL image, or a path.
            steps: 0 to 1, from quick to careful.
            text_influence: 0 to 1, how closely the words are followed.
            picture_influence: 0 to 1, how much of the picture stays.
            negative: what to avoid.
            seed: same seed, same candidates; by default one that follows from the session's.

        Returns:
            A job whose result is the `edits` that have a candidate, one a picture, in the order of the pictures.

        Raises:
            InputError: unknown pictures or editors, an instruction that is empty or too long, a mask of another size
                or of nothing, a number out of range.
        """
        self._writable()
        ids = self._known([pictures] if isinstance(pictures, int) else pictures)
        wish = self._wish(
            instruction,
            editors,
            steps=steps,
            text_influence=text_influence,
            picture_influence=picture_influence,
            negative=negative,
            seed=seed,
        )
        sizes = {(each.width, each.height) for each in self._store.pictures(ids=ids, include_hidden=True)}
        given = self._given(wish, sizes, mask, reference)
        with self._store.transaction():
            edits = [
                self._store.add_edit(
                    each, wish.instruction, wish.asked(), mask=given[0], reference=given[1]
                ).id
                for each in ids
            ]
        return self._make_edits(edits)

    def edit_further(
        self,
        edit_id: int,
        instruction: str,
        *,
        editors: str | Editor | Iterable[str | Editor] | None = None,
        mask: Any = None,
        reference: Any = None,
        steps: float = 0.5,
        text_influence: float = 0.5,
        picture_influence: float = 0.5,
        negative: str = "",
        seed: int | None = None,
    ) -> Job[EditHandle]:
        """Change the chosen candidate of an edit further: the next step of its trail. Arguments are those of `edit`.

        Returns:
            A job whose result is the step.

        Raises:
            InputError: there is no such edit, nothing is chosen of it, or as `edit`.
        """
        self._writable()
        before = self._chosen_edit(edit_id)
        wish = self._wish(
            instruction,
            editors,
            steps=steps,
            text_influence=text_influence,
            picture_influence=picture_influence,
            negative=negative,
            seed=seed,
        )
        self._put_aside((), self._aside(trail_ids(self._store, before.id)))
        begun = self._store.picture(before.picture_id)
        given = self._given(wish, {(begun.width, begun.height)}, mask, reference)
        edit = self._store.add_edit(
            before.picture_id,
            wish.instruction,
            wish.asked(),
            before_id=before.id,
            from_id=before.chosen_id,
            mask=given[0],
            reference=given[1],
        )
        return self._make_edits([edit.id], lambda made: made[0])

    def understand(
        self, instruction: str, picture: int, *, mask: Any = None, reference: Any = None
    ) -> Intent:
        """What an instruction asks for: the sort of change, the editors ranked for it, and why. Nothing is changed.

        Args:
            instruction: what to change.
            picture: the id of the picture that is meant.
            mask: as for `edit`.
            reference: as for `edit`.

        Returns:
            An `Intent`: ``action``, ``confidence``, ``source`` and ``target`` (captions before and after), ``reason``,
            ``ranked`` editors, each with the instruction in its own form, and a ``hint`` where little may change.

        Raises:
            InputError: no such picture, or an instruction that is empty or too long.
        """
        self._check_open()
        (picture_id,) = self._known([picture])
        words = _instruction(instruction)
        row = self._store.picture(picture_id)
        if mask is not None:
            read_mask(mask, (row.width, row.height))
        given = {"has_mask": mask is not None, "has_reference": reference is not None}

        def run(_job: Job[Intent]) -> Intent:
            editors = self._editor.usable(None, **given)
            return self._editor.understand(self._editor.beginning(picture_id), words, editors, **given)

        return self._submit(run, "Understand a wish", kind="understand", interactive=True).result(quiet=True)

    def use_editors(self, *editors: Editor) -> None:
        """Have editors of your own under their names, in this process: `edit` tries them too.

        Raises:
            InputError: one is no `Editor`.
        """
        for each in editors:
            if not isinstance(each, Editor):
                raise InputError(f"editors: expected Editor objects, found {type(each).__name__}")
        self._models.bring(editors)

    @property
    def editor_names(self) -> dict[str, str]:
        """The editors that may be had by name, and what each is."""
        return self._models.editor_titles()

    @property
    def edits(self) -> list[EditHandle]:
        """The edits that are under way, wait for a choice, or have one; oldest first."""
        return [
            EditHandle(self, each.id)
            for each in self._store.edits(states=("running", "open", "chosen"))
            if not each.aside
        ]

    def edit_handle(self, edit_id: int) -> EditHandle:
        """One edit, in any state.

        Raises:
            InputError: there is no such edit.
        """
        return EditHandle(self, edit_id)

    def edit_table(self, pictures: Iterable[int] | None = None) -> list[dict[str, Any]]:
        """The edits for the page, newest first; of trails that begin with these pictures, or of all.

        Returns:
            Rows of JSON values:

            ``id``, ``picture_id`` (what the trail begins with), ``class_id``, ``before`` (id of the step before, or
            None), ``from`` (id of the candidate that it begins with, or None: with the picture), ``instruction``,
            ``state`` ("running", "open": waits for a choice, "chosen", "declined", "withdrawn"), ``action`` (None
            before the wish is understood), ``confidence``, ``reason``, ``hint`` (why it may change little, or ""),
            ``source``, ``target``, ``steps``, ``text_influence``, ``picture_influence``, ``negative``, ``masked`` and
            ``referenced`` (whether there is a mask, a reference picture), ``candidates``, ``ranked`` (rows of ``name``,
            ``score``, ``reason``), ``chosen`` (id of a candidate, or None), ``feedback`` (``matches``, ``keeps``,
            ``unusable``, ``words``, ``blind``; empty before the choice), ``accepted`` (id of a picture, or None),
            ``aside`` (whether a person went back to before it), ``created_at``.

            A candidate is ``id``, ``letter``, ``ready`` (has a picture: `candidate_thumbnail`), ``problem`` (in words,
            or None), ``editor``, ``text``, ``parameters``. Who made it is no part of a row before the choice: these
            three are None then, and ``ranked`` is empty.
        """
        return edit_table(self._store, None if pictures is None else self._known(pictures))

    def candidate_thumbnail(self, candidate_id: int, size: int = 96) -> bytes:
        """A small WebP of an edit's candidate, at most `size` pixels on its longer side."""
        return self._store.candidate_thumbnail(candidate_id, size)

    def stop_edit(self, edit_id: int) -> None:
        """Stop making an edit's candidates, and those of the edits that were asked for with it. What is there is kept.

        Raises:
            InputError: there is no such edit.
        """
        self._store.edit(edit_id)
        for job in self._runner.jobs():
            if job.kind == "edit" and edit_id in job.about:
                job.cancel()

    def revert_edit(self, edit_id: int, step: EditHandle | int | None = None) -> EditHandle | None:
        """Go back to an earlier step of a trail: those after it are put aside. Undo brings them back.

        A trail that was put aside itself is taken up again, up to that step. Nothing is lost: what was put aside is
        among the `branches` of the step before it, and what was accepted stays in the data set.

        Args:
            edit_id: the last step.
            step: the step to go back to, this one or one before; None: to the picture as it was.

        Returns:
            The step that was gone back to, or None for the picture itself.

        Raises:
            InputError: the step is not one of the trail.
        """
        self._writable()
        with self._lock:
            trail = trail_ids(self._store, edit_id)
            wanted = step.id if isinstance(step, EditHandle) else step
            if wanted is not None and wanted not in trail:
                raise InputError(f"step: expected one of the trail's, {trail}, or None; found {wanted}")
            after = trail[0 if wanted is None else trail.index(wanted) + 1 :]
            self._put_aside(after, self._aside(each for each in trail if each not in after))
        return None if wanted is None else EditHandle(self, wanted)

    def replay(self, trail: Trail, pictures: int | Iterable[int]) -> Job[list[EditHandle]]:
        """Do the steps of a trail on other pictures, with the editors and settings that were chosen.

        Args:
            trail: of this session (`EditHandle.record`) or of a gallery. A mask is fitted to each picture's size.
            pictures: ids of the pictures.

        Returns:
            A job whose result is the last steps that were made, one a picture, each with its candidate chosen:
            `accept` it, or step on.

        Raises:
            InputError: unknown pictures, a trail without steps, or a step by an editor that is not known here.
        """
        self._writable()
        ids = self._known([pictures] if isinstance(pictures, int) else pictures)
        if not trail.steps:
            raise InputError("trail: expected one step or more, found none")
        wishes: list[tuple[Wish, str | None, str | None]] = []
        for each in trail.steps:
            wish = self._wish(
                each.instruction,
                [each.editor],
                negative=each.negative,
                seed=each.seed,
                auto=True,
                **cast("Sliders", each.sliders),
            )
            has = {"has_mask": each.mask is not None, "has_reference": each.reference is not None}
            self._editor.usable(wish.editors, **has)
            mask, reference = (
                key and self._store.put_edit_images([trail.pictures[key].convert("RGB")])[0]
                for key in (each.mask, each.reference)
            )
            wishes.append((wish, mask, reference))
        edits, last = [], set()
        with self._store.transaction():
            for picture_id in ids:
                before: int | None = None
                for wish, mask, reference in wishes:
                    before = self._store.add_edit(
                        picture_id,
                        wish.instruction,
                        wish.asked(),
                        before_id=before,
                        mask=mask,
                        reference=reference,
                    ).id
                    edits.append(before)
                last.add(before)
        return self._make_edits(edits, lambda made: [each for each in made if each.id in last])

    # -- inside -------------------------------------------------------------------------------------

    def _make_edits(
        self, ids: Sequence[int], wanted: Callable[[list[EditHandle]], Any] = lambda made: made
    ) -> Job[Any]:
        def run(job: Job[Any]) -> Any:
            return wanted([EditHandle(self, each) for each in self._editor.run(job, ids)])

        self.events.emit("edits")
        self._editor.begin(ids)
        leave = partial(self._editor.leave, ids)
        return self._submit(run, EDIT, kind="edit", interactive=True, about=ids, at_end=leave)

    def _go_on_editing(self) -> Job[list[EditHandle]]:
        return self._make_edits(self._editor.unfinished())

    def _aside(self, edit_ids: Iterable[int]) -> list[int]:
        return [each for each in edit_ids if self._store.edit(each).aside]

    def _put_aside(self, edit_ids: Sequence[int], back_ids: Sequence[int]) -> None:
        """Put steps aside and take others up again, if there is anything to do."""
        aside = self._aside(edit_ids)
        away = [each for each in edit_ids if each not in aside]
        if away or back_ids:
            self._history.do("revert_edit", {"edit_ids": away, "back_ids": list(back_ids)})

    def _wish(
        self,
        instruction: str,
        editors: str | Editor | Iterable[str | Editor] | None,
        *,
        seed: int | None,
        negative: str,
        auto: bool = False,
        **sliders: Unpack[Sliders],
    ) -> Wish:
        """What is wished, checked; editors that came as objects are lent."""
        if isinstance(editors, str) or (editors is not None and isinstance(editors, Editor)):
            editors = [editors]
        wanted = None if editors is None else list(editors)
        if wanted is not None:
            strangers = [each for each in wanted if not isinstance(each, str | Editor)]
            if strangers or not wanted:
                found = type(strangers[0]).__name__ if strangers else "none"
                raise InputError(f"editors: expected names or Editor objects, found {found}")
            self._models.lend(each for each in wanted if not isinstance(each, str))
        names = (
            None
            if wanted is None
            else tuple(dict.fromkeys(each if isinstance(each, str) else each.name for each in wanted))
        )
        if seed is not None and not 0 <= seed <= MAX_SEED:
            raise InputError(f"seed: expected 0 to 2**63 - 1, found {seed}")
        EditRequest(Image.new("RGB", (1, 1)), "", "", "", 0, **sliders)  # says what is wrong with a slider
        return Wish(
            _instruction(instruction),
            names,
            negative=" ".join(negative.split()),
            seed=seed,
            auto=auto,
            **sliders,
        )

    def _given(
        self, wish: Wish, sizes: Iterable[tuple[int, int]], mask: Any, reference: Any
    ) -> tuple[str | None, str | None]:
        """The contents of mask and reference, stored, once it is known that the editors can be run with them."""
        self._editor.usable(wish.editors, has_mask=mask is not None, has_reference=reference is not None)
        masks = [] if mask is None else [read_mask(mask, size) for size in sizes]
        pictures = [masks[0].convert("RGB")] if masks else []
        if reference is not None:
            own = isinstance(reference, int | np.integer)
            pictures.append(self._store.load_image(int(reference)) if own else decode(reference))
        contents = self._store.put_edit_images(pictures)
        return (contents[0] if masks else None), (contents[-1] if reference is not None else None)


def _instruction(instruction: str) -> str:
    words = " ".join(instruction.split())
    if not any(map(str.isalnum, words)) or len(words) > LONGEST_INSTRUCTION:
        raise InputError(
            f"instruction: expected 1 to {LONGEST_INSTRUCTION} characters such as 'make the apple green', found"
            f" {len(words)}"
        )
    return words
