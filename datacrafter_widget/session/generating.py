"""Generate: from what is asked, to a plan in the store, to pictures on the map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datacrafter_widget.generation.engine import run_generation
from datacrafter_widget.generation.plan import Perturbation, plan_pictures
from datacrafter_widget.jobs import Job
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.observing import Observer
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import ClassRow, GenerationJob, Picture, Template


class Generation:
    """Plans generation rounds and carries them out; a plan that is in the store survives a crash."""

    def __init__(
        self,
        store: Store,
        models: LoadedModels,
        observer: Observer,
        events: Events,
        *,
        seed: int,
        batch_size: int | None,
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._events = events
        self._seed = seed
        self._batch_size = batch_size

    def plan(
        self,
        classes: Sequence[ClassRow],
        templates: Mapping[int, Sequence[Template]],
        per_class: int,
        *,
        seed: int | None,
        perturbation: Perturbation,
        strength: float | None,
        guidance_scale: float | None,
        num_inference_steps: int | None,
        replaces: int | None = None,
    ) -> GenerationJob:
        """Write down every picture of a new round, seed by seed; None stands for the model's default.

        `replaces` is the template whose pictures give way once the round is made, if any.
        """
        defaults = self._models.generator.defaults
        iteration = self._store.next_iteration()
        if seed is None:
            seed = int(np.random.SeedSequence([self._seed, iteration]).generate_state(1)[0])
        settings: dict[str, Any] = {
            "perturbation": perturbation,
            "strength": defaults.strength if strength is None else strength,
            "guidance_scale": defaults.guidance_scale if guidance_scale is None else guidance_scale,
            "num_inference_steps": num_inference_steps or defaults.num_inference_steps,
            "width": defaults.width,
            "height": defaults.height,
        }
        parents = {
            row.id: [picture.id for picture in self._store.pictures(class_ids=[row.id], origin="original")]
            for row in classes
        }
        planned = plan_pictures(
            classes, templates, per_class=per_class, seed=seed, parents_by_class=parents, **settings
        )
        batch_size = self._batch_size or defaults.batch_size
        return self._store.create_job(
            iteration, {**settings, "seed": seed, "batch_size": batch_size, "replaces": replaces}, planned
        )

    def run(self, job: Job[Any], generation: GenerationJob) -> list[int]:
        """Make what is missing of a round; returns the ids of the pictures that were made now."""

        def arrived(pictures: list[Picture]) -> None:
            self._observer.place(pictures)
            self._events.emit("pictures", ids=[picture.id for picture in pictures])

        made = run_generation(
            self._store,
            self._models.generator,
            self._models.encoder,
            generation,
            job=job,
            on_pictures=arrived,
        )
        self._observer.observe(job)
        return made
