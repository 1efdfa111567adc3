"""Teach the generator: from the pictures of a class to a concept that templates may name."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.concepts import Concept, tokens_in
from datacrafter_widget.models.energy import EnergyMeter
from datacrafter_widget.models.generator import Generator, PictureRequest
from datacrafter_widget.models.tuning import FILE_NAME, TuningSettings, check_pictures, has_begun, tune
from datacrafter_widget.session import practising
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import ConceptRow

PRIOR_PICTURES = 32
"""Pictures of the class as the model draws it, for prior preservation."""


class Teacher:
    """Carries trainings out. What was asked for is in the store first, so that it survives a crash.

    Args:
        store: keeps the concepts.
        models: the generator that is taught.
        events: told of new concepts.
        closing: whether the session is being closed: what is cancelled then can be resumed.
    """

    def __init__(
        self, store: Store, models: LoadedModels, events: Events, *, closing: Callable[[], bool]
    ) -> None:
        self._store = store
        self._models = models
        self._events = events
        self._closing = closing
        self._active: set[str] = set()
        self._lock = threading.Lock()

    def open(
        self,
        class_id: int,
        settings: TuningSettings,
        picture_ids: Sequence[int],
        more: Mapping[str, Any] | None = None,
    ) -> ConceptRow:
        """Write down what is to be learned.

        Args:
            class_id: of which class it is.
            settings: of the training.
            picture_ids: what it is learned from.
            more: JSON values to keep beside these settings.

        Raises:
            InputError: too few or too small pictures, or the token is taken.
        """
        pictures = self._store.pictures(ids=picture_ids, include_hidden=True)
        if practising.ASKED not in (more or {}):
            check_pictures([(picture.width, picture.height) for picture in pictures], settings)
        training = {name: value for name, value in asdict(settings).items() if name != "size"}
        return self._store.add_concept(
            settings.token,
            class_id,
            kind=settings.method,
            words=settings.words,
            settings={"training": training, "pictures": [picture.id for picture in pictures], **(more or {})},
            model=self._models.generator_name,
        )

    def unfinished(self) -> list[str]:
        """The tokens whose training is in no job of this process: a crash cut it off."""
        with self._lock:
            return [
                concept.token
                for concept in self._store.concepts()
                if concept.state == "training"
                and concept.token not in self._active
                and not practising.waits(self._store, concept)
            ]

    def begin(self, token: str) -> None:
        """A job is about to learn this; it ends with `leave`."""
        with self._lock:
            self._active.add(token)

    def run(self, job: Job[Any], token: str) -> str:
        """Learn a concept that `open` wrote down, from its checkpoint if there is one; its token."""
        concept = self._store.concept(token)
        generator = self._models.generator
        folder = self._model_folder(concept, generator)
        training = concept.settings["training"]
        settings = TuningSettings(**training, size=generator.defaults.width)
        if generator.device != "cpu":
            generator.release()  # its memory is needed
        meter = EnergyMeter(generator.device).start()
        learn = self._learn_in_rounds if practising.is_personalization(concept) else self._learn_at_once
        try:
            over = learn(job, concept, generator, folder, settings)
        finally:
            iteration = self._store.next_iteration()
            self._store.add_cost(iteration, None, "tuning", 0, meter.stop(), generator.device)
        if over:
            self._store.update_concept(token, state="ready")
            use_learned(self._store, generator)
        self._events.emit("concepts")
        self._events.emit("cost")
        return token

    def _learn_at_once(
        self, job: Job[Any], concept: ConceptRow, generator: Generator, folder: Path, settings: TuningSettings
    ) -> bool:
        tune(
            folder,
            lambda: [self._store.load_image(each) for each in concept.settings["pictures"]],
            settings,
            self._store.concept_folder(concept.token),
            job=job,
            device=generator.device,
            model_name=generator.name,
            prior=(lambda: _class_pictures(generator, settings, job)) if settings.prior_prompt else None,
        )
        return True

    def _learn_in_rounds(
        self, job: Job[Any], concept: ConceptRow, generator: Generator, folder: Path, settings: TuningSettings
    ) -> bool:
        """Do rounds until the last is over, or a person is to choose; whether they are over."""
        if not hasattr(generator, "use_concepts"):
            raise ModelError(
                f"the generator {generator.name!r} can't draw what it has learned: expected one with use_concepts,"
                " as DiffusersGenerator has"
            )
        rounds = practising.begun(self._store, concept, self._models.encoder)
        file = rounds.run(
            job,
            pictures=lambda: practising.given(self._store, concept),
            model=folder,
            generator=generator,
            encoder=self._models.encoder,
            training=settings,
            known=learned(self._store, generator.revision),
        )
        return file is not None

    def _model_folder(self, concept: ConceptRow, generator: Generator) -> Path:
        """Where the model that is taught is, if it is the one that the training was begun with."""
        if concept.model_revision not in (None, generator.revision):
            raise ModelError(
                f"the training of {concept.token} was begun with the model {concept.model!r} of revision"
                f" {concept.model_revision}, but {generator.name!r} of {generator.revision} is in use. Open the"
                " session with that model."
            )
        folder = getattr(generator, "folder", None)
        if not isinstance(folder, Path):
            raise ModelError(
                f"the generator {generator.name!r} can't be taught: expected a folder or hub id of a diffusers"
                " pipeline. Open the session with generator=… of such a model."
            )
        self._store.update_concept(concept.token, model_revision=generator.revision)
        return folder

    def leave(self, token: str) -> None:
        """Stop working on a concept. What can be gone on with is kept; what never began leaves its token free."""
        with self._lock:
            if token not in self._active:
                return
            self._active.remove(token)
        concept = self._store.concept(token)
        if self._closing() or concept.state == "ready" or practising.waits(self._store, concept):
            return
        if has_begun(self._store.concept_folder(token)) or practising.has_begun(self._store, token):
            self._store.update_concept(token, state="cancelled")
        else:
            self._store.forget_concept(token)
        self._events.emit("concepts")


def learned(store: Store, revision: str) -> list[Concept]:
    """What the model of that revision has been taught, as `use_concepts` takes it."""
    return [
        Concept(row.token, row.kind, path, row.words)
        for row in store.concepts()
        if row.state == "ready" and row.model_revision == revision
        if (path := store.concept_folder(row.token) / FILE_NAME).is_file()
    ]


def use_learned(store: Store, generator: Generator) -> None:
    """Tell a generator what it has been taught, if it can be told."""
    if hasattr(generator, "use_concepts"):
        generator.use_concepts(learned(store, generator.revision))


def check_tokens(store: Store, text: str, revision: str | None = None) -> None:
    """See that everything a template names has been learned.

    Args:
        store: has the concepts.
        text: of the template.
        revision: of the model that is to draw it; None: any.

    Raises:
        InputError: a token that is unknown, still being learned, or known to another model only.
    """
    concepts = {row.token: row for row in store.concepts()}
    for token in tokens_in(text):
        row = concepts.get(token)
        if row is None:
            ready = ", ".join(each.token for each in concepts.values() if each.state == "ready") or "none yet"
            raise InputError(
                f"the template names {token}, which nothing was learned for; known are {ready}."
                " Learn it with session.tune(class)."
            )
        if row.state != "ready":
            raise InputError(
                f"the template names {token}, whose training is not finished ({row.state})."
                " Wait for it, or go on with it: session.resume_tuning(token)."
            )
        if revision not in (None, row.model_revision):
            raise InputError(
                f"the template names {token}, which was learned by another model, {row.model!r} of revision"
                f" {row.model_revision}. Use that model, or learn it anew with session.tune(class)."
            )


def _class_pictures(generator: Generator, settings: TuningSettings, job: Job[Any]) -> list[Image.Image]:
    """The class as the untaught model draws it."""
    defaults = generator.defaults
    seeds = np.random.SeedSequence([settings.seed, 1]).generate_state(PRIOR_PICTURES, np.uint32).tolist()
    pictures: list[Image.Image] = []
    for start in range(0, PRIOR_PICTURES, defaults.batch_size):
        job.update(message=f"drawing the class: {start} of {PRIOR_PICTURES} pictures")
        requests = [
            PictureRequest.by_default(defaults, settings.prior_prompt, seed)
            for seed in seeds[start : start + defaults.batch_size]
        ]
        pictures += generator.generate(requests, on_step=lambda _step, _steps: job.raise_if_cancelled())
    if generator.device != "cpu":
        generator.release()
    return pictures
