"""Generate: from what is asked, to a plan in the store, to pictures on the map."""

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.generation.batches import picture_request
from datacrafter_widget.generation.checks import PictureChecks
from datacrafter_widget.generation.engine import run_generation
from datacrafter_widget.generation.imagination import Imagination, ImaginationSettings
from datacrafter_widget.generation.plan import Perturbation, plan_pictures
from datacrafter_widget.generation.varying import plan_variations
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.encoder import DifferentiableEncoder
from datacrafter_widget.models.energy import meter_of
from datacrafter_widget.models.generator import FittedGenerator, LatentGenerator
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.observing import Observer
from datacrafter_widget.session.teaching import check_tokens
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import GenerationJob, Picture, PlannedPicture, Template


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a round was asked for; None stands for the model's default.

    Attributes:
        templates: class id → ids of its prompts, as they were when it was asked.
        per_class: pictures a class; None: one batch.
        seed: 0 or more; None: one that follows from the session's and the iteration.
        perturbation: see `Perturbation`.
        strength: how far to leave the parent.
        guidance_scale: classifier-free guidance.
        num_inference_steps: denoising steps.
        imagination: how guided imagination moves latents.
        replaces: the prompt whose pictures give way once the round is made, if any.
        varies: the picture to make variations of, `per_class` of them, in place of all prompts, if any.
    """

    templates: Mapping[int, Sequence[int]]
    per_class: int | None
    seed: int | None = None
    perturbation: Perturbation = "text2image"
    strength: float | None = None
    guidance_scale: float | None = None
    num_inference_steps: int | None = None
    imagination: ImaginationSettings | None = None
    replaces: int | None = None
    varies: int | None = None


class Generation:
    """Plans generation rounds and carries them out; what was asked for survives a crash.

    Args:
        store: where plans and pictures go.
        models: generate and encode.
        observer: places the new pictures.
        events: told of new pictures and previews.
        seed: of the session.
        batch_size: pictures at a time; None: by trial.
        previews: whether to show pictures while they are being denoised; None: not on the CPU.
        closing: whether the session is being closed: what is cancelled then can be resumed.
    """

    def __init__(
        self,
        store: Store,
        models: LoadedModels,
        observer: Observer,
        events: Events,
        *,
        seed: int,
        batch_size: int | None,
        previews: bool | None,
        closing: Callable[[], bool],
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._events = events
        self._seed = seed
        self._batch_size = batch_size
        self._previews = previews
        self._closing = closing
        self._checks = PictureChecks(store)
        self._active: set[int] = set()
        self._lock = threading.Lock()

    def queue(self, asked: Asked) -> int:
        """Write down what is asked for, before anything is loaded; the round's id."""
        return self._store.queue_job({"asked": asdict(asked)}).id

    def unfinished(self) -> list[int]:
        """The rounds that were asked for and are in no job of this process: a crash cut them off."""
        with self._lock:
            return [job.id for job in self._store.open_jobs() if job.id not in self._active]

    def follow(self, job: Job[Any], rounds: Sequence[int]) -> None:
        """Keep the rounds' states in step with the job that carries them out."""
        with self._lock:
            self._active.update(rounds)

        def over(job: Job[Any]) -> None:
            with self._lock:
                left = self._active.intersection(rounds) if job.done() else set()
                self._active -= left
            if job.state == "cancelled":
                for each in left:
                    self._cancelled(each)

        job.subscribe(over)
        over(job)

    def run(self, job: Job[Any], round_id: int) -> list[int]:
        """Make what is missing of a round, which is planned first if it was not yet; `finish` ends it.

        Returns:
            The ids of the pictures that were made now.

        Raises:
            InputError: it can't be made as it was asked for; it is given up.
        """
        try:
            generation = self._store.job(round_id)
            if generation.state == "queued":
                generation = self._plan(job, generation)
            self._checks.prepare(job)
            with self._paid(generation):
                return run_generation(
                    self._store,
                    self._models.generator,
                    self._models.encoder,
                    generation,
                    job=job,
                    imagine=functools.cache(functools.partial(self._imagine, generation.settings)),
                    checks=self._checks,
                    on_pictures=self._arrived,
                    on_preview=self._preview(job) if self._shows_previews() else None,
                )
        except InputError:
            self._store.set_job_state(round_id, "cancelled")
            raise

    def finish(self, round_id: int) -> None:
        """Say that a round is done."""
        self._store.set_job_state(round_id, "done")

    # -- inside -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _paid(self, generation: GenerationJob) -> Iterator[None]:
        """Write down what the work took, also when it is cut off."""
        generator = self._models.generator
        before, _ = self._store.job_progress(generation.id)
        meter = meter_of(generator).start()

        def pay() -> None:
            count = self._store.job_progress(generation.id)[0] - before
            spent = meter.stop()
            self._store.add_cost(
                generation.iteration, generation.id, "pictures", count, spent, generator.device
            )
            self._events.emit("cost")

        try:
            yield
        except BaseException:
            with contextlib.suppress(StoreError):  # what went wrong first matters more
                pay()
            raise
        pay()

    def _plan(self, job: Job[Any], queued: GenerationJob) -> GenerationJob:
        asked = _asked(queued)
        seed = asked.seed
        if seed is None:
            seed = int(np.random.SeedSequence([self._seed, queued.iteration]).generate_state(1)[0])
        drafts = self._from_prompts if asked.varies is None else self._from_picture
        planned, settings = drafts(asked, seed)
        batch_size = self._batch_size or self._fitting_batch_size(job, planned[0])
        return self._store.plan_job(
            queued.id,
            {
                **settings,
                "seed": seed,
                "batch_size": batch_size,
                "imagination": asdict(asked.imagination or ImaginationSettings()),
                "replaces": asked.replaces,
            },
            planned,
        )

    def _from_picture(self, asked: Asked, seed: int) -> tuple[list[PlannedPicture], dict[str, Any]]:
        picture = self._store.picture(asked.varies or 0)
        if picture.provenance:
            check_tokens(self._store, picture.provenance.prompt, self._models.generator.revision)
        return plan_variations(picture, asked.per_class or 1, strength=asked.strength or 0.0, seed=seed)

    def _from_prompts(self, asked: Asked, seed: int) -> tuple[list[PlannedPicture], dict[str, Any]]:
        generator = self._models.generator
        defaults = generator.defaults
        by_id = {template.id: template for template in self._store.templates(active=None)}
        templates: dict[int, list[Template]] = {
            class_id: [by_id[each] for each in ids] for class_id, ids in asked.templates.items()
        }
        for template in itertools.chain.from_iterable(templates.values()):
            check_tokens(self._store, template.text, generator.revision)
        settings: dict[str, Any] = {
            "perturbation": asked.perturbation,
            "strength": defaults.strength if asked.strength is None else asked.strength,
            "guidance_scale": (
                defaults.guidance_scale if asked.guidance_scale is None else asked.guidance_scale
            ),
            "num_inference_steps": asked.num_inference_steps or defaults.num_inference_steps,
            "width": defaults.width,
            "height": defaults.height,
        }
        classes = [row for row in self._store.classes() if row.id in templates]
        planned = plan_pictures(
            classes,
            templates,
            per_class=asked.per_class or defaults.batch_size,
            seed=seed,
            parents_by_class={
                row.id: [one.id for one in self._store.pictures(class_ids=[row.id], origin="original")]
                for row in classes
            },
            **settings,
        )
        return planned, settings

    def _fitting_batch_size(self, job: Job[Any], planned: PlannedPicture) -> int:
        """By trial where the generator can try, once for each kind of picture: the same ever after."""
        generator = self._models.generator
        if not isinstance(generator, FittedGenerator):
            return generator.defaults.batch_size
        what = f"{planned.width}x{planned.height}, guidance {planned.guidance_scale > 1}"
        key = f"{generator.revision} on {generator.device} in {generator.dtype}, {what}"
        known = self._store.get_meta("batch_sizes", {})
        if key not in known:
            job.update(message="finding the batch size")
            known[key] = generator.find_batch_size(
                replace(picture_request(self._store, planned), parent=None, strength=None, turns=()),
                on_step=lambda _step, _steps: job.raise_if_cancelled(),
            )
            self._store.set_meta("batch_sizes", known)
        return int(known[key])

    def _imagine(self, settings: Mapping[str, Any], perturbation: str) -> Imagination:
        generator, encoder = self._models.generator, self._models.encoder
        if not isinstance(generator, LatentGenerator) or not isinstance(encoder, DifferentiableEncoder):
            raise InputError(
                f"guided imagination needs a generator and an encoder whose insides can be reached;"
                f" {generator.name} with {encoder.name} can't do it. Use perturbation='image2image'."
            )
        return Imagination(
            generator,
            encoder,
            self._observer.class_features(),
            encoder.logit_scale,
            ImaginationSettings(**{**settings["imagination"], "optimise": perturbation == "gif"}),
        )

    def _arrived(self, pictures: list[Picture]) -> None:
        self._observer.place(pictures)
        self._events.emit("pictures", ids=[picture.id for picture in pictures])
        if pictures:
            self._observer.measure_so_far(pictures[0].iteration)

    def _shows_previews(self) -> bool:
        return self._models.generator.device != "cpu" if self._previews is None else self._previews

    def _preview(self, job: Job[Any]) -> Callable[[list[PlannedPicture], list[Any]], None]:
        def show(planned: list[PlannedPicture], images: list[Any]) -> None:
            self._events.emit(
                "preview", job=job.id, class_ids=[one.class_id for one in planned], images=images
            )

        return show

    def _cancelled(self, round_id: int) -> None:
        """Note that a round was given up; one that a closing session cut off goes on in the next."""
        generation = self._store.job(round_id)
        if generation.state == "done":
            return
        if not self._closing():
            self._store.set_job_state(round_id, "cancelled")
        elif "asked" not in generation.settings:
            self._store.set_job_state(round_id, "open")


def _asked(queued: GenerationJob) -> Asked:
    asked = queued.settings["asked"]
    moves = asked["imagination"]
    return Asked(
        **{
            **asked,
            "templates": {int(class_id): ids for class_id, ids in asked["templates"].items()},
            "imagination": None if moves is None else ImaginationSettings(**moves),
        }
    )
