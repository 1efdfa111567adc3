"""Refine: feedback on pictures of the session becomes proposals, one a class."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import JobCancelled
from datacrafter_widget.refine import evolve
from datacrafter_widget.refine.rewriting import (
    BothMutators,
    FeedbackInWords,
    LanguageMutator,
    PictureInWords,
    RejectedPrompt,
)
from datacrafter_widget.session.criteria import Criteria, Criterion, families
from datacrafter_widget.session.feedback import Feedback
from datacrafter_widget.session.proxying import ProxyMaker
from datacrafter_widget.session.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.refine import Mutate, Refinement
    from datacrafter_widget.session.events import Events
    from datacrafter_widget.session.loaded import LoadedModels
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import ClassRow, Origin, Picture, Proposal, Side, Template

SHOWN_PROXIES = 12
PICTURES_SHOWN = 4
"""Pictures a side that a language model is shown."""

MOST_TRIED = 20


class Refiner:
    """Turns feedback into proposals.

    A proposal is in the store from the moment the user asks: first as "running", so that a search that was
    cut off goes on later, then as "open", with what was found.
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
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._events = events
        self._seed = seed
        self._closing = closing
        self._under_way = UnderWay()

    def open(self, feedback: Feedback, *, action_id: int) -> list[int]:
        """Write down that a better prompt is wanted, for each class that the feedback is about.

        Args:
            feedback: what the user said.
            action_id: the action that said it; undoing it withdraws the proposals.

        Returns:
            The ids of the new proposals, which are "running".
        """
        origin: Origin | None = "generated" if feedback.kind == "remove" else None
        marked = self._store.pictures(ids=feedback.ids, include_hidden=True, origin=origin)
        opened = []
        for row in self._store.classes():
            template = self._blamed(row, [picture for picture in marked if picture.class_id == row.id])
            if template is None:
                continue
            count = len(self._store.pictures(class_ids=[row.id], origin="generated", include_hidden=True))
            seed = int(np.random.SeedSequence([self._seed, row.id, count]).generate_state(1)[0])
            proposal = self._store.add_proposal(
                row.id,
                template.id,
                text=template.text,
                negative=template.negative,
                feedback={**feedback.to_json(), "action_id": action_id, "seed": seed},
            )
            opened.append(proposal.id)
        self._under_way.add(opened)
        self._events.emit("proposals")
        return opened

    def unfinished(self) -> list[int]:
        """Running proposals that nothing works on: a crash or a restart cut them off."""
        running = [proposal.id for proposal in self._store.proposals(states=("running",))]
        return self._under_way.cut_off(running)

    def resume(self) -> list[int]:
        """Take on the proposals of `unfinished`."""
        ids = self.unfinished()
        self._under_way.add(ids)
        return ids

    def search(self, job: Job[Any], proposal_ids: Sequence[int]) -> list[int]:
        """Search for better prompts.

        Args:
            job: shows the progress; cancelling it ends the search, and keeps the best so far.
            proposal_ids: running proposals, as `open` gave them.

        Returns:
            Those for which a better prompt was found. For the others the best that was tried is kept, and
            the job's message says so.
        """
        better, messages = [], []
        for proposal_id in proposal_ids:
            proposal = self._store.proposal(proposal_id)
            if proposal.state != "running":  # taken back meanwhile
                continue
            row = next(row for row in self._store.classes() if row.id == proposal.class_id)
            found = self._search(job, proposal, row)
            if found is None:
                messages.append(f"{row.name}: the feedback says nothing of its pictures, or was taken back")
            elif found.improved:
                better.append(proposal_id)
            else:
                messages.append(f"{row.name}: {found.reasons[-1]}")
            self._events.emit("proposals")
            job.raise_if_cancelled()  # the search itself keeps the best so far
        done = f"{len(better)} better {'prompt' if len(better) == 1 else 'prompts'} found"
        job.update(message="; ".join([*([done] if better else []), *messages]) or "nothing to refine")
        return better

    def leave(self, proposal_ids: Sequence[int]) -> None:
        """Stop working on proposals. Those without an answer are withdrawn, or kept for `resume` on closing."""
        self._under_way.remove(proposal_ids)
        if not self._closing():
            self._withdraw(proposal_ids)
            self._events.emit("proposals")

    def _withdraw(self, proposal_ids: Sequence[int]) -> None:
        for proposal_id in proposal_ids:
            if self._store.proposal(proposal_id).state == "running":
                self._store.update_proposal(proposal_id, state="withdrawn")

    def _blamed(self, row: ClassRow, marked: Sequence[Picture]) -> Template | None:
        """The class's template that made most of the marked pictures, or its first one."""
        templates = {template.id: template for template in self._store.templates(class_id=row.id)}
        if not marked or not templates:
            return None
        makers = Counter(picture.provenance.template_id for picture in marked if picture.provenance)
        for template_id, _ in makers.most_common():
            if template_id in templates:
                return templates[template_id]
        return next(iter(templates.values()))

    def _search(self, job: Job[Any], proposal: Proposal, row: ClassRow) -> Refinement | None:
        column = [each.id for each in self._store.classes()].index(row.id)
        maker = ProxyMaker(self._store, self._models, self._observer, column=column, job=job)
        try:
            return self._search_with(maker, job, proposal, row)
        finally:
            if maker.spent.seconds > 0:
                iteration, device = self._store.next_iteration(), self._models.generator.device
                self._store.add_cost(iteration, None, "proxies", maker.made, maker.spent, device)
                self._events.emit("cost")

    def _search_with(
        self, maker: ProxyMaker, job: Job[Any], proposal: Proposal, row: ClassRow
    ) -> Refinement | None:
        feedback = Feedback.from_json(proposal.feedback)
        rejected = self._rejected(row)
        words, word_embeddings = self._observer.words()
        everything = self._store.pictures(class_ids=[row.id], include_hidden=True)
        criteria = Criteria(
            row.word,
            words,
            word_embeddings,
            maker.confidence,
            self._models.encoder.encode_texts,
            avoid=mentioned(words, [each.reason for each in rejected]),
        )
        told = criteria.of(feedback, families(self._observer, feedback, everything))
        if told is None:
            self._withdraw([proposal.id])
            return None

        def progress(done: int, total: int, message: str) -> None:
            job.update(done=done, total=total, message=f"{row.name}: {message}")
            job.raise_if_cancelled()
            if self._store.proposal(proposal.id).state != "running":
                raise JobCancelled("the feedback was taken back")

        found = evolve(
            proposal.text,
            proposal.negative,
            class_word=row.word,
            objective=told.objective,
            mutate=self._mutator(job, row, feedback, told, rejected),
            render=maker.render,
            **feedback.limits,
            exclude={(each.template, each.negative) for each in rejected},
            seed=proposal.feedback["seed"],
            on_progress=progress,
        )
        return found if self._keep(proposal, feedback, found, maker) else None

    def _mutator(
        self,
        job: Job[Any],
        row: ClassRow,
        feedback: Feedback,
        told: Criterion,
        rejected: Sequence[RejectedPrompt],
    ) -> Mutate:
        """The built-in mutator; with a language model they take turns."""
        language = self._models.language
        if language is None:
            return told.mutate
        in_words = FeedbackInWords(
            feedback.kind,
            feedback.wish,
            self._in_words(told.wanted),
            self._in_words(told.unwanted),
            tuple(rejected),
        )
        rewriting = LanguageMutator(language, row.word, in_words, while_waiting=job.raise_if_cancelled)
        return BothMutators(rewriting, told.mutate, on_failure=self._language_failed)

    def _language_failed(self, reason: str) -> None:
        self._models.language_failed(reason)
        self._events.emit(
            "warning", where="prompts", message=f"{reason} The search went on without the language model."
        )

    def _in_words(self, pictures: Sequence[Picture]) -> tuple[PictureInWords, ...]:
        """Pictures described by their labels, prompts and captions; a few of them are shown."""
        ids = {picture.id for picture in pictures}
        texts = {label.id: label.text for label in self._store.labels()}
        labels = self._store.labels_of(ids)
        captions = self._observer.captions.texts(list(ids))
        shown = {pictures[int(at)].id for at in np.linspace(0, len(pictures) - 1, PICTURES_SHOWN) if pictures}
        return tuple(
            PictureInWords(
                labels=tuple(texts[label] for label in labels.get(picture.id, ())),
                prompt=picture.provenance.prompt if picture.provenance else "",
                caption=captions.get(picture.id, ""),
                image=self._store.load_image(picture.id) if picture.id in shown else None,
            )
            for picture in pictures
        )

    def _rejected(self, row: ClassRow) -> list[RejectedPrompt]:
        """What the user turned down for this class, with the reasons given."""
        reasons = {
            action.payload["proposal_id"]: action.payload.get("reason", "")
            for action in self._store.actions()
            if action.kind == "reject" and not action.undone
        }
        return [
            RejectedPrompt(proposal.text, proposal.negative, reasons.get(proposal.id, ""))
            for proposal in self._store.proposals(class_id=row.id, states=("rejected",))
        ]

    def _keep(self, proposal: Proposal, feedback: Feedback, found: Refinement, maker: ProxyMaker) -> bool:
        """Write down what was found; False when the feedback was taken back meanwhile."""
        sides: tuple[tuple[Side, list[Any]], ...] = (
            ("before", found.before_refs[:SHOWN_PROXIES]),
            ("after", found.after_refs[:SHOWN_PROXIES]),
        )
        shown = [
            (image, side, proxy.request.prompt, proxy.request.seed)
            for side, proxies in sides
            for image, proxy in zip(maker.pictures(proxies), proxies, strict=True)
        ]
        if self._store.proposal(proposal.id).state != "running":
            return False
        with self._store.transaction():
            self._store.add_proxies(shown, proposal.id)
            self._store.update_proposal(
                proposal.id,
                text=found.tried.template,
                negative=found.tried.negative,
                score_before=found.score_before,
                score_after=found.score_after,
                explanation=found.reasons,
                report=_report(feedback, found),
                state="open",
            )
        return True


def _report(feedback: Feedback, found: Refinement) -> dict[str, Any]:
    return {
        "improved": found.improved,
        "confirmed": found.confirmed,
        "gain": found.gain,
        "standard_error": found.standard_error,
        "proxies": found.proxies,
        "edits": [asdict(edit) for edit in found.edits],
        "terms": {"before": found.terms_before, "after": found.terms_after},
        "weights": feedback.all_weights,
        "generations": [asdict(generation) for generation in found.history],
        "tried": [
            {
                "template": tried.candidate.template,
                "negative": tried.candidate.negative,
                "gain": tried.gain,
                "proxies": tried.proxies,
            }
            for tried in found.archive[:MOST_TRIED]
        ],
    }


def mentioned(labels: Sequence[str], reasons: Sequence[str]) -> list[str]:
    """The words of the vocabulary that the reasons for turning a prompt down speak of."""
    said = {word for reason in reasons for word in re.findall(r"[\w'-]+", reason.casefold())}
    return [label for label in labels if set(label.casefold().split()) <= said]
