"""Refine: feedback on pictures of the session becomes proposals, one a class."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.jobs import Job
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.refine import (
    FeedbackMutator,
    MoreLikeObjective,
    Proxies,
    ProxyRequest,
    Refinement,
    RemoveObjective,
    evolve,
)
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.observing import Observer
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import ClassRow, Picture, Side, Template

if TYPE_CHECKING:
    from PIL import Image

SHOWN_PROXIES = 12


@dataclass(frozen=True)
class _Family:
    """Pictures of one class that the feedback treats alike, with what the search needs of them."""

    pictures: list[Picture]
    features: NDArray[np.float32]

    @property
    def prompts(self) -> list[str]:
        return [picture.provenance.prompt for picture in self.pictures if picture.provenance]


class Refiner:
    """Turns *remove* and *more like these* into proposals."""

    def __init__(
        self, store: Store, models: LoadedModels, observer: Observer, events: Events, *, seed: int
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._events = events
        self._seed = seed

    def refine(self, job: Job[Any], kind: str, ids: Sequence[int], *, action_id: int) -> list[int]:
        """Search for a better prompt in each class of which generated pictures were marked.

        Args:
            job: shows the progress; cancelling it ends the search.
            kind: ``"remove"`` or ``"more_like"``.
            ids: the marked pictures.
            action_id: the action that marked them; undoing it withdraws the proposals.

        Returns:
            The ids of the proposals. A class for which nothing better was found has none; the job's message
            says so.
        """
        marked = self._store.pictures(
            ids=ids, include_hidden=True, origin="generated" if kind == "remove" else None
        )
        proposals, failures = [], []
        for row in self._store.classes():
            mine = [picture for picture in marked if picture.class_id == row.id]
            template = self._blamed(row, mine)
            if template is None:
                continue
            found = self._search(job, kind, row, template, mine)
            if found is None:
                continue
            if found.improved:
                proposals.append(self._propose(row, template, found, action_id=action_id, kind=kind))
            else:
                failures.append(f"{row.name}: {found.reasons[-1]}")
        done = f"{len(proposals)} better {'prompt' if len(proposals) == 1 else 'prompts'} found"
        job.update(message="; ".join([*([done] if proposals else []), *failures]) or "nothing to refine")
        self._events.emit("proposals")
        return proposals

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

    def _search(
        self, job: Job[Any], kind: str, row: ClassRow, template: Template, marked: Sequence[Picture]
    ) -> Refinement | None:
        marked_ids = {picture.id for picture in marked}
        everything = self._store.pictures(class_ids=[row.id], include_hidden=True)
        generated = [picture for picture in everything if picture.origin == "generated"]
        originals = self._family([p for p in everything if p.origin == "original" and not p.hidden])
        if kind == "remove":
            # What was removed before is still unwanted.
            chosen = self._family([p for p in generated if p.hidden or p.id in marked_ids])
            rest = self._family([p for p in generated if not p.hidden and p.id not in marked_ids])
            wanted, unwanted = [rest, originals], chosen
        else:
            chosen = self._family(list(marked))
            rest = self._family([p for p in generated if not p.hidden and p.id not in marked_ids])
            wanted, unwanted = [chosen], rest
        if not len(unwanted.features) or not any(len(family.features) for family in wanted):
            return None
        column = [each.id for each in self._store.classes()].index(row.id)
        objective: RemoveObjective | MoreLikeObjective
        if kind == "remove":
            own = np.concatenate([family.features for family in (chosen, rest, originals)])
            objective = RemoveObjective(
                chosen.features, rest.features, originals.features, confidence=self._confidence(own, column)
            )
        else:
            own = np.concatenate([chosen.features, rest.features])
            objective = MoreLikeObjective(chosen.features, own, confidence=self._confidence(own, column))
        words, word_embeddings = self._observer.words()
        mutate = FeedbackMutator(
            row.word,
            list(words),
            word_embeddings,
            wanted=[family.features for family in wanted],
            unwanted=unwanted.features,
            wanted_prompts=[prompt for family in wanted for prompt in family.prompts],
            unwanted_prompts=unwanted.prompts,
            widen=kind == "more_like",
            encode_texts=self._models.encoder.encode_texts,
        )

        def progress(done: int, total: int, message: str) -> None:
            job.update(done=done, total=total, message=f"{row.name}: {message}")
            job.raise_if_cancelled()

        return evolve(
            template.text,
            template.negative,
            class_word=row.word,
            objective=objective,
            mutate=mutate,
            render=lambda requests: self._render(job, requests, column),
            seed=int(np.random.SeedSequence([self._seed, row.id, len(generated)]).generate_state(1)[0]),
            on_progress=progress,
        )

    def _render(self, job: Job[Any], requests: list[ProxyRequest], column: int) -> Proxies:
        generator, encoder = self._models.generator, self._models.encoder
        defaults = generator.defaults
        images: list[Image.Image] = []
        for start in range(0, len(requests), defaults.batch_size):
            images += generator.generate(
                [
                    PictureRequest(
                        prompt=request.prompt,
                        negative_prompt=request.negative_prompt,
                        seed=request.seed,
                        width=defaults.width,
                        height=defaults.height,
                        num_inference_steps=defaults.num_inference_steps,
                        guidance_scale=defaults.guidance_scale,
                    )
                    for request in requests[start : start + defaults.batch_size]
                ],
                on_step=lambda _step, _steps: job.raise_if_cancelled(),
            )
        features = encoder.encode_images(images)
        return Proxies(features, self._confidence(features, column), list(zip(images, requests, strict=True)))

    def _propose(
        self, row: ClassRow, template: Template, found: Refinement, *, action_id: int, kind: str
    ) -> int:
        with self._store.transaction():
            proposal = self._store.add_proposal(
                row.id,
                template.id,
                text=found.template,
                negative=found.negative,
                score_before=found.score_before,
                score_after=found.score_after,
                explanation=found.reasons,
                feedback={"kind": kind, "action_id": action_id, "proxies": found.proxies},
                state="open",
            )
        sides: tuple[tuple[Side, list[Any]], ...] = (
            ("before", found.before_refs),
            ("after", found.after_refs),
        )
        for side, refs in sides:
            self._store.add_proxies(
                [(image, side, request.prompt, request.seed) for image, request in refs[:SHOWN_PROXIES]],
                proposal.id,
            )
        return proposal.id

    def _confidence(self, features: NDArray[np.float32], column: int) -> NDArray[np.float32]:
        """Zero-shot probabilities (N,) of one class."""
        return self._observer.class_probabilities(features)[:, column]

    def _family(self, pictures: list[Picture]) -> _Family:
        """The pictures that have been encoded, with their features in the same order."""
        ids, features = self._observer.embeddings(pictures)
        by_id = {picture.id: picture for picture in pictures}
        return _Family([by_id[int(picture)] for picture in ids], features)
