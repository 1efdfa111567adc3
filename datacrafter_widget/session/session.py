"""Session: joins the store, the models and the algorithms. What a user does is a verb here."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.imagination import ImaginationSettings
from datacrafter_widget.generation.plan import Perturbation, check_settings
from datacrafter_widget.generation.templates import DEFAULT_TEMPLATE
from datacrafter_widget.jobs import Job, JobRunner
from datacrafter_widget.models.encoder import Encoder
from datacrafter_widget.models.generator import Generator
from datacrafter_widget.models.language import LanguageModel, language_model
from datacrafter_widget.session.advising import Adviser
from datacrafter_widget.session.billing import LanguageBill
from datacrafter_widget.session.costs import Costs
from datacrafter_widget.session.edit_lessons import EditLessons, ratings_by_action
from datacrafter_widget.session.edit_making import EditMaker
from datacrafter_widget.session.evaluating import Evaluation
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.exporting import Exporting
from datacrafter_widget.session.flags import Flags
from datacrafter_widget.session.generating import Asked, Generation
from datacrafter_widget.session.history import History
from datacrafter_widget.session.labelling import Labelling
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.observing import Observer
from datacrafter_widget.session.personalizing import Personalizing
from datacrafter_widget.session.publishing import Publishing
from datacrafter_widget.session.refining import Refiner
from datacrafter_widget.session.shown import job_row
from datacrafter_widget.session.strategies import Strategies
from datacrafter_widget.session.suggesting import Suggesting
from datacrafter_widget.session.teaching import Teacher, use_learned
from datacrafter_widget.session.validation import Validation
from datacrafter_widget.session.varying import Varying
from datacrafter_widget.session.waiting import waiting
from datacrafter_widget.store import Store
from datacrafter_widget.store.importing import ImportReport, import_images
from datacrafter_widget.store.records import Origin, Picture

DEFAULT_MODEL = "toybox"
OBSERVE = "Look at the pictures"


class Session(
    Labelling,
    EditLessons,
    Publishing,
    Varying,
    Strategies,
    Personalizing,
    Suggesting,
    Flags,
    Costs,
    Exporting,
    Validation,
):
    """A data set that is being expanded: pictures, prompts, feedback, and everything learnt of them.

    Open one with `Session.open`. All calls may be made from any thread. Work that takes long is a `Job` and
    runs in the background; events tell what happened.

    Attributes:
        events: subscribe to it to hear of changes. Kinds: ``pictures`` (ids), ``hidden`` (ids), ``map``,
            ``labels``, ``templates``, ``proposals``, ``suggestions``, ``edits``, ``gallery``, ``metrics``,
            ``evaluation``, ``job`` (a row of `job_table`), ``actions``, ``device``, ``flags``, ``cost``,
            ``concepts``, ``classes``, ``held_out``, ``preview`` (job, class_ids, images), ``warning`` (where, message).
            Listeners are called on the thread where it happened.
        import_report: what came of the pictures that were given to `open`, or None.
    """

    def __init__(
        self,
        store: Store,
        *,
        generator: str | Generator,
        encoder: str | Encoder,
        language: LanguageModel | None,
        device: str,
        dtype: str,
        vocabulary: Sequence[str] | None,
        seed: int,
        batch_size: int | None,
        previews: bool | None,
    ) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._closed = False
        self._released = False
        self._closing = threading.RLock()
        self.events = Events()
        self.shared: dict[str, list[int]] = {}
        self.import_report: ImportReport | None = None
        self._models = LoadedModels(
            generator,
            encoder,
            device=device,
            dtype=dtype,
            language=language,
            on_change=lambda: self.events.emit("device"),
            on_generator=lambda loaded: use_learned(store, loaded),
        )
        self._observer = Observer(store, self._models, self.events, vocabulary=vocabulary, seed=seed)
        self._generation = Generation(
            store,
            self._models,
            self._observer,
            self.events,
            seed=seed,
            batch_size=batch_size,
            previews=previews,
            closing=lambda: self._closed,
        )
        self._evaluation = Evaluation(store, self._models, self.events, self._observer.interim, seed=seed)
        self._bill = LanguageBill(store, language)
        self._history = History(store, self.events)
        self._teacher = Teacher(store, self._models, self.events, closing=lambda: self._closed)
        self._refiner = Refiner(
            store, self._models, self._observer, self.events, seed=seed, closing=lambda: self._closed
        )
        self._adviser = Adviser(
            store, self._models, self._observer, self.events, seed=seed, closing=lambda: self._closed
        )
        self._editor = EditMaker(
            store,
            self._models,
            self._observer,
            self.events,
            seed=seed,
            closing=lambda: self._closed,
            ratings=lambda: ratings_by_action(store),
        )
        self._runner = JobRunner()
        self._runner.subscribe(lambda job: self.events.emit("job", job=job_row(job)))

    # -- opening and closing ------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        path: str | Path,
        images: Any = None,
        *,
        generator: str | Generator | None = None,
        encoder: str | Encoder | None = None,
        language: str | LanguageModel | None = None,
        device: str = "auto",
        dtype: str = "auto",
        class_words: dict[str, str] | None = None,
        vocabulary: Sequence[str] | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
        previews: bool | None = None,
        read_only: bool = False,
    ) -> Self:
        """Create or reopen the session in the folder `path`, and look at its pictures in the background.

        Args:
            path: the session's folder. Its pictures, prompts and history are kept there.
            images: pictures to add: a folder of class folders; a list of (PIL image or path, class);
                a pair (array (N, H, W[, C]), labels (N,)); a Hugging Face ``Dataset``, a pandas data frame
                (columns ``path`` and ``label``), a FiftyOne data set; or a file: COCO's ``.json``, YOLO's
                ``data.yaml``, a ``.csv``, a ``.parquet``, a ``.tar`` of WebDataset, the last two also as a
                list, tar files as a pattern (``"train-{000..012}.tar"``); or the folder of an `export`, whose
                generated pictures come back as such. Boxes come along; a picture with objects of several
                classes is of the one that covers most. Pictures that the session has already are skipped.
                The originals are not modified.
            generator: diffusers hub id or folder; ``"toybox"``, the embedded default; or a `Generator`.
            encoder: open_clip name (``"ViT-B-32/openai"``), folder, ``"toybox"``, or an `Encoder`.
            language: a language model that names groups of words, rewrites prompts and describes pictures:
                ``"openai/gpt-4o-mini"``, ``"ollama/llama3.2"``, ``"vllm/…"``, or a `LanguageModel`. Words and
                pictures of the session are sent to it, so it is off by default and not kept with the session.
                Its answers are, in ``answers/``.
            device: ``"auto"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"cpu"``.
            dtype: ``"auto"`` (by the device's capability), ``"float32"``, ``"float16"``, ``"bfloat16"``.
            class_words: how prompts call a class whose name is not a word, e.g. ``{"n02085620": "chihuahua"}``.
            vocabulary: words to look for in the pictures; by default the model's own or a general list.
            seed: makes everything random repeatable; kept with the session.
            batch_size: pictures a batch; by default what suits the model and the device, found by trial.
            previews: show pictures while they are being denoised; by default not on the CPU.
            read_only: look without changing anything, also while another process has the session open.

        Raises:
            StoreError: the folder is no session, is of a newer version, or is open elsewhere.
            InputError: `images` has none of the forms above.
            ModelError: `language` has none of the forms above.
        """
        store = Store(path, read_only=read_only)
        try:
            kept = store.get_meta("settings", {})
            settings: dict[str, Any] = {
                "generator": generator or kept.get("generator") or DEFAULT_MODEL,
                "encoder": encoder or kept.get("encoder") or DEFAULT_MODEL,
                "seed": seed if seed is not None else kept.get("seed", 0),
                "vocabulary": list(vocabulary) if vocabulary is not None else kept.get("vocabulary"),
            }
            if not read_only:  # a model that was passed as an object has no name to keep
                plain = {
                    key: each for key, each in settings.items() if isinstance(each, str | int | list | None)
                }
                store.set_meta("settings", {**kept, **plain})
            session = cls(
                store,
                language=language_model(language, cache=None if read_only else store.folder / "answers"),
                device=device,
                dtype=dtype,
                batch_size=batch_size,
                previews=previews,
                **settings,
            )
            if images is not None:
                session.add_images(images, class_words=class_words)
        except BaseException:
            store.close()
            raise
        if not read_only and not store.picture_columns().hidden.all():
            session.observe()
        return session

    def close(self) -> None:
        """Cancel what runs, give the models' memory back, and release the folder. May be called twice.

        Raises:
            DataCrafterError: what runs did not stop in 30 s, and the folder is not released; a second call waits
                again.
        """
        with self._closing:
            if self._released:
                return
            self._closed = True
            self._observer.close()
            self._runner.close()
            self._evaluation.close()
            self._models.release()
            try:
                self._bill.settle()
                self._close_gallery()
            finally:
                self._store.close()
                self._released = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def release(self) -> None:
        """Give the models' memory (GPU memory too) back; they load again when they are needed."""
        self._models.release()

    # -- the data set -------------------------------------------------------------------------------

    def add_images(self, images: Any, *, class_words: dict[str, str] | None = None) -> ImportReport:
        """Add original pictures, in any form that `open` takes; every new class gets a first prompt."""
        with waiting("Import") as progress:
            report = import_images(self._store, images, class_words=class_words, progress=progress)
        with self._lock:
            prompted = {template.class_id for template in self._store.templates()}
            for row in self._store.classes():
                if row.id not in prompted:
                    self._store.add_template(row.id, DEFAULT_TEMPLATE, origin="default")
            self.import_report = report
        self.events.emit("classes")
        return report

    def pictures(
        self,
        classes: str | int | Iterable[str | int] | None = None,
        *,
        origin: Origin | None = None,
        label: str | None = None,
        iteration: int | None = None,
        include_hidden: bool = False,
    ) -> list[Picture]:
        """Pictures by class, origin (``"original"``, ``"generated"``), content label and iteration."""
        found = self._store.pictures(
            class_ids=self._class_ids(classes),
            origin=origin,
            iteration=iteration,
            include_hidden=include_hidden,
        )
        if label is None:
            return found
        wearers = self._wearers(label)
        return [picture for picture in found if picture.id in wearers]

    def image(self, picture_id: int) -> Image.Image:
        """One picture, as an RGB image."""
        return self._store.load_image(picture_id)

    # -- observe ------------------------------------------------------------------------------------

    def observe(self) -> Job[None]:
        """Look at the pictures: encode them, find their words, draw the map, measure.

        A session that is opened does so by itself; the job that is already on its way is returned then.
        """
        for job in self._runner.jobs():
            if job.kind == "observe" and not job.done() and not job.cancelled:
                return job

        def run(job: Job[None]) -> None:
            self._observer.observe(job)
            job.update(message="loading the generator")
            _ = self._models.generator

        return self._submit(run, OBSERVE, kind="observe")

    # -- generate -----------------------------------------------------------------------------------

    def generate(
        self,
        per_class: int = 10,
        *,
        classes: str | int | Iterable[str | int] | None = None,
        seed: int | None = None,
        perturbation: Perturbation = "text2image",
        strength: float | None = None,
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
        imagination: ImaginationSettings | None = None,
    ) -> Job[list[int]]:
        """Generate pictures in the background; each is in the session, and shown, as soon as it is finished.

        Args:
            per_class: how many pictures a class.
            classes: names or ids; all classes by default.
            seed: same seed, same pictures (at the same batch size); by default the session's and the iteration's.
            perturbation: ``"text2image"`` from prompts alone; ``"image2image"`` from the class's originals;
                ``"gif"``, guided imagination, from originals that are first moved towards informative and
                diverse pictures; ``"gif_unoptimised"``, from originals that are moved at random.
            strength: how far from its parent a picture may go, in (0, 1]; all but text-to-image.
            guidance_scale: how closely the prompt is followed.
            num_inference_steps: denoising steps.
            imagination: how far guided imagination moves, and towards what.

        Returns:
            A job whose result is the ids of the new pictures.

        Raises:
            InputError: an unknown class, a number out of range, or a class without a prompt.
        """
        self._writable()
        check_settings(
            per_class=per_class,
            seed=seed,
            perturbation=perturbation,
            strength=strength,
            guidance_scale=guidance_scale,
            num_inference_steps=num_inference_steps,
        )
        rows = self._class_rows(classes)
        prompts = {row.id: self._store.templates(class_id=row.id) for row in rows}
        bare = [row.name for row in rows if not prompts[row.id]]
        if bare:
            raise InputError(
                f"no prompt for {', '.join(bare)}; add one with session.add_template(class, text)"
            )

        return self._generate(
            Asked(
                templates={class_id: [each.id for each in own] for class_id, own in prompts.items()},
                per_class=per_class,
                seed=seed,
                perturbation=perturbation,
                strength=strength,
                guidance_scale=guidance_scale,
                num_inference_steps=num_inference_steps,
                imagination=imagination,
            )
        )

    def resume(self) -> Job[Any] | None:
        """Go on with what a crash or a restart cut off; None when there is nothing to go on with.

        Returns:
            A job that finishes the generation rounds (its result is the ids of the new pictures), or else the
            searches for better prompts (as `remove` gives it; what they had generated is not made again), or
            else the search for suggestions, or else the candidates of edits, or else the training of learned concepts
            (its result is a token). Trainings go first, searches and edits last.
        """
        self._writable()
        rounds = self._generation.unfinished()
        trained = self._go_on_tuning() if self._tuning_unfinished() else None
        made = self._make_rounds(rounds, "Resume") if rounds else None
        searched = self._go_on_searching() if self._refiner.unfinished() else None
        suggested = self._go_on_suggesting() if self._adviser.unfinished() else None
        edited = self._go_on_editing() if self._editor.unfinished() else None
        return made or searched or suggested or edited or trained

    def cancel(self, job_id: int) -> None:
        """Stop a job; what it has finished is kept.

        Raises:
            InputError: there is no such job.
        """
        self._runner.job(job_id).cancel()
