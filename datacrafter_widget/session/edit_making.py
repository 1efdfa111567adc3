"""Make: from a wish on pictures to candidates of several editors, one after the other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import DataCrafterError, InputError, JobCancelled
from datacrafter_widget.models.generator import ReadingGenerator
from datacrafter_widget.session.edit_running import EditorRuns
from datacrafter_widget.session.edit_wish import Wish
from datacrafter_widget.session.edit_words import picture_in_words
from datacrafter_widget.session.edits import in_words
from datacrafter_widget.session.under_way import UnderWay
from datacrafter_widget.store.edits import CandidateDraft

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.editors.editor import Abilities
    from datacrafter_widget.session.events import Events
    from datacrafter_widget.session.loaded import LoadedModels
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Edit

MOST_EDITORS = 4
"""Editors that are run on a wish unless it says which."""

FEWEST_EDITORS = 2
"""Where fewer are made for what is wished, others try it too, so that there is a choice."""


@dataclass(frozen=True)
class Beginning:
    """What an edit begins with: the picture as it is, its caption, and the word of its class."""

    picture: Image.Image
    caption: str
    word: str


class EditMaker:
    """Makes the candidates of edits.

    Edits are in the store from the moment the user asks, first as "running", so that those that were cut off are found
    later, with the candidates that they have.

    Args:
        store: keeps them.
        models: the editors; the encoder and perhaps a language model to understand wishes with.
        observer: knows words for pictures.
        events: told ``edits`` when there is news.
        seed: of what is random.
        closing: whether the session is being closed: what is cancelled then can be resumed.
        ratings: of the editors by people's choices, as the ranking takes them.
    """

    def __init__(
        self,
        store: Store,
        models: LoadedModels,
        observer: Observer,
        events: Events,
        *,
        seed: int,
        closing: Callable[[], bool],
        ratings: Callable[[], Any],
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._events = events
        self._seed = seed
        self._closing = closing
        self._ratings = ratings
        self._runs = EditorRuns(store, models, events)
        self._under_way = UnderWay()

    def usable(
        self, names: Sequence[str] | None, *, has_mask: bool, has_reference: bool
    ) -> dict[str, Abilities]:
        """The editors that may be run, and what they can do.

        Args:
            names: those that are wanted; None: those that need no download, and those that were brought.
            has_mask: whether there is a mask.
            has_reference: whether there is a reference picture.

        Raises:
            InputError: one that is wanted is not known, or needs a mask or a reference picture that is not there.
        """
        everything = self._models.abilities()
        lacking = {
            name: what
            for name, each in everything.items()
            for what, there in (("mask", has_mask), ("reference", has_reference))
            if getattr(each, what) == "required" and not there
        }
        if names is None:
            found = {name: everything[name] for name in self._models.at_hand() if name not in lacking}
            if not found:
                raise InputError(
                    "editors: expected one that can be run, found none; name one with editors=[…]"
                )
            return found
        for name in names:
            if name not in everything:
                raise InputError(
                    f"editors: expected names among {', '.join(everything)}, or Editor objects; found {name!r}"
                )
            if name in lacking:
                raise InputError(
                    f"editors: {name!r} needs a {lacking[name]}; give it with {lacking[name]}=…, or leave it out"
                )
        return {name: everything[name] for name in names}

    def unfinished(self) -> list[int]:
        """Running edits that nothing works on: a crash or a restart cut them off."""
        running = [each.id for each in self._store.edits(states=("running",))]
        return self._under_way.cut_off(running)

    def begin(self, ids: Sequence[int]) -> None:
        """A job is about to make the candidates of these; it ends with `leave`."""
        self._under_way.add(ids)

    def run(self, job: Job[Any], ids: Sequence[int]) -> list[int]:
        """Make the candidates that are missing; each is kept as soon as it is there.

        Returns:
            The ids of the edits that have a candidate to choose, one or more.

        Raises:
            DataCrafterError: not one could be made; of several reasons the first.
        """
        failures: list[Exception] = []
        left = [each for each in map(self._store.edit, ids) if each.state == "running"]
        while left:
            ready = [each for each in left if self._has_beginning(each)]
            if not ready:
                break
            self._plan(job, ready, failures)
            self._runs.make(job, [self._store.edit(each.id) for each in ready], failures)
            for each in ready:
                self._settle(each.id)
            self._events.emit("edits")
            left = [self._store.edit(each.id) for each in left if each not in ready]
        done = [each.id for each in map(self._store.edit, ids) if each.state in ("open", "chosen")]
        if not done:
            raise failures[0] if failures else InputError(self._nothing(ids))
        if failures:  # the reasons may name editors, which is told with the choice
            self._events.emit("warning", where="edits", message="Some candidates could not be made.")
        job.update(message=f"{len(done)} {'edit' if len(done) == 1 else 'edits'} ready")
        return done

    def understand(
        self,
        begun: Beginning,
        instruction: str,
        editors: Mapping[str, Abilities],
        *,
        has_mask: bool,
        has_reference: bool,
    ) -> Any:
        """What a wish asks for, who can do it, and how each is best told; an `Intent`."""
        from datacrafter_widget.editing.intent import understand

        return understand(
            instruction,
            caption=begun.caption,
            word=begun.word,
            picture=begun.picture,
            has_mask=has_mask,
            has_reference=has_reference,
            encoder=self._models.encoder,
            language=self._models.language,
            editors=editors,
            ratings=self._ratings(),
            hardly_known=self._hardly_known,
            on_failure=lambda message: self._events.emit("warning", where="edits", message=message),
        )

    def beginning(self, picture_id: int, from_id: int | None = None) -> Beginning:
        """What an edit of a picture begins with, or of a candidate of an earlier edit of it."""
        picture = self._store.picture(picture_id)
        (word,) = [row.word for row in self._store.classes() if row.id == picture.class_id]
        if from_id is None:
            caption = picture_in_words(self._store, self._models, self._observer, picture, word)
            return Beginning(self._store.load_image(picture_id), caption, word)
        before = self._store.edit(self._store.edit_candidate(from_id).edit_id)
        return Beginning(self._store.load_candidate(from_id), before.report.get("target", ""), word)

    # -- inside -------------------------------------------------------------------------------------

    def _nothing(self, ids: Sequence[int]) -> str:
        """Why there is nothing to choose although no editor failed."""
        problems = {each.problem for each in self._store.edit_candidates(ids)} - {None}
        told = (
            ", or ".join(sorted(in_words(each, revealed=True) or "" for each in problems)) or "no candidate"
        )
        return (
            f"expected candidates to choose from, found {told}. Say it in other words that the models may know, or try"
            " other editors"
        )

    def _hardly_known(self, texts: list[str]) -> list[str]:
        generator = self._models.generator
        return generator.spelled_out(texts) if isinstance(generator, ReadingGenerator) else []

    def _has_beginning(self, edit: Edit) -> bool:
        """Whether the step before is done; then it is written down what this one begins with."""
        if edit.before_id is None or edit.from_id is not None:
            return True
        before = self._store.edit(edit.before_id)
        if before.chosen_id is None:
            return False
        self._store.update_edit(edit.id, from_id=before.chosen_id)
        return True

    def _plan(self, job: Job[Any], edits: Sequence[Edit], failures: list[Exception]) -> None:
        """Understand the wishes that are not understood yet, and write down who is to try."""
        planned = {each.edit_id for each in self._store.edit_candidates([edit.id for edit in edits])}
        for edit in (each for each in edits if each.id not in planned):
            job.update(message="understanding the wish")
            job.checkpoint()
            try:
                self._plan_one(self._store.edit(edit.id))
            except JobCancelled:
                raise
            except DataCrafterError as failure:
                failures.append(failure)

    def _plan_one(self, edit: Edit) -> None:
        wish = Wish.of(edit)
        given = {"has_mask": edit.mask is not None, "has_reference": edit.reference is not None}
        editors = self.usable(wish.editors, **given)
        begun = self.beginning(edit.picture_id, edit.from_id)
        intent = self.understand(begun, wish.instruction, editors, **given)
        ranked = [asdict(each) for each in intent.ranked if each.name in editors]
        texts = {each["name"]: each["text"] for each in ranked}
        able = sum(intent.action in editors[each["name"]].actions for each in ranked)
        ready = sorted(ranked, key=lambda each: intent.action not in editors[each["name"]].actions)
        tried = [each["name"] for each in ready][: min(max(able, FEWEST_EDITORS), MOST_EDITORS)]
        names = list(wish.editors or tried or editors)
        seeds = np.random.SeedSequence([self._seed, 9, edit.id])
        seed = int(seeds.generate_state(1)[0]) if wish.seed is None else wish.seed
        # The order that they are shown in, and made in, must not tell who they are.
        order = np.random.default_rng(seeds.spawn(1)[0]).permutation(len(names))
        report = {
            "action": intent.action,
            "confidence": float(intent.confidence),
            "caption": begun.caption,
            "source": intent.source,
            "target": intent.target,
            "reason": intent.reason,
            "hint": intent.hint,
            "by": intent.by,
            "ranked": ranked,
        }
        drafts = [
            CandidateDraft(names[at], texts.get(names[at], wish.instruction), seed) for at in order.tolist()
        ]
        self._store.plan_edit(edit.id, report, drafts)

    def _settle(self, edit_id: int) -> None:
        """Say that an edit's candidates are there, as far as they can be."""
        with self._store.transaction():
            edit = self._store.edit(edit_id)
            if edit.state != "running":
                return
            good = [each for each in self._store.edit_candidates([edit_id]) if each.sha256]
            if not good:
                self._store.update_edit(edit_id, state="withdrawn")
            elif edit.asked["auto"]:
                self._store.update_edit(edit_id, state="chosen", chosen_id=good[0].id, revealed=True)
            else:
                self._store.update_edit(edit_id, state="open")

    def leave(self, ids: Sequence[int]) -> None:
        """Stop. What has candidates waits for a choice; the rest is withdrawn, or kept for `resume` on closing."""
        left = self._under_way.remove(ids)
        if self._closing() or not left:
            return
        for each in left:
            self._settle(each)
        self._events.emit("edits")
