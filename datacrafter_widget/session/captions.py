"""Captions of a session's pictures: asked for beside the jobs, kept in the store, made into labels."""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.errors import InputError, ModelError, StoreError
from datacrafter_widget.jobs import Job
from datacrafter_widget.labels.captioning import caption_images
from datacrafter_widget.labels.nouns import content_nouns, noun_labels
from datacrafter_widget.models.answers import AnswerError
from datacrafter_widget.models.language import LanguageModel
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Picture

LabelSource = Literal["clip", "language"]

PICTURES_A_CALL = 4
CALLS_AT_ONCE = 4
MOST_FAILURES = 3
"""Calls without a single caption, one after another, that end the captioning."""


@dataclass(frozen=True)
class CaptionLabels:
    """Content labels from captions.

    Attributes:
        words: (L,) nouns, most frequent first.
        captioned: (N,) whether a picture has a caption.
        edges: (E, 2) pairs of row index of the picture and of the word, sorted.
    """

    words: tuple[str, ...]
    captioned: NDArray[np.bool_]
    edges: NDArray[np.int64]


@dataclass(frozen=True)
class LabelChoice:
    """Where content labels come from.

    Attributes:
        source: ``"language"``: they are the nouns of captions; ``"clip"``: the encoder finds them.
        by: the name of the language model whose captions count.
    """

    source: LabelSource = "clip"
    by: str | None = None


class Captions:
    """Where labels come from, and the captions that they come from.

    The choice is kept with the session's settings; captions are kept by the language model's name and the
    picture's content, so that no picture is paid for twice.
    """

    def __init__(self, store: Store, models: LoadedModels) -> None:
        self._store = store
        self._models = models

    @property
    def choice(self) -> LabelChoice:
        """Where labels come from."""
        settings = self._settings()
        source: LabelSource = "language" if settings.get("labels_from") == "language" else "clip"
        return LabelChoice(source, settings.get("captions_by"))

    def choose(self, choice: LabelChoice) -> None:
        """Keep a choice, for this session and for when it is opened again."""
        self._store.set_meta(
            "settings", {**self._settings(), "labels_from": choice.source, "captions_by": choice.by}
        )

    def made(self, source: LabelSource) -> LabelChoice:
        """The choice of a source now: captions are those of the model in use, or else of the last one."""
        return LabelChoice(source, self._models.language_name or self.choice.by)

    def texts(self, picture_ids: Sequence[int] | None = None) -> dict[int, str]:
        """Captions by picture id, as far as there are any: by the model in use, or else by the last one."""
        name = self.made("language").by
        return {} if name is None else self._store.captions(name, picture_ids)

    def labels(self, ids: NDArray[np.int64], choice: LabelChoice) -> CaptionLabels | None:
        """The labels of pictures (N,) by their captions; None where no caption counts."""
        if choice.source == "clip" or choice.by is None:
            return None
        texts = self._store.captions(choice.by, ids.tolist())
        rows = [row for row, picture in enumerate(ids.tolist()) if picture in texts]
        if not rows:
            return None
        words, edges = noun_labels(content_nouns([texts[int(ids[row])] for row in rows]))
        captioned = np.zeros(len(ids), bool)
        captioned[rows] = True
        edges[:, 0] = np.array(rows, np.int64)[edges[:, 0]]
        return CaptionLabels(tuple(words), captioned, edges)

    def language(self) -> LanguageModel:
        """The language model.

        Raises:
            InputError: the session has none.
        """
        if self._models.language is None:
            raise InputError(
                "label: expected a session with a language model, found none. Open it with one that sees "
                "pictures: Session.open(path, language='openai/gpt-4o-mini'), or 'ollama/…' or 'vllm/…' on this "
                "machine."
            )
        return self._models.language

    def ask(self, job: Job[Any]) -> None:
        """Ask for the captions that visible pictures lack; each is kept as soon as it comes.

        Raises:
            ModelError: the model can't be reached, or describes nothing.
            JobCancelled: the job was cancelled. What has come is kept, and so is what is on its way.
        """
        language, name = self.language(), str(self._models.language_name)
        pictures = self._store.pictures()
        known = self._store.captions(name, [picture.id for picture in pictures])
        missing = list({p.sha256: p for p in pictures if p.id not in known}.values())
        calls = [missing[at : at + PICTURES_A_CALL] for at in range(0, len(missing), PICTURES_A_CALL)]
        asking = _Asking(self._store, language, name, calls)
        done = captioned = failures = 0
        try:
            asking.start()
            while done < len(missing):
                job.update(done=done, total=len(missing), message="describing the pictures")
                job.checkpoint()
                outcome = asking.next()
                if outcome is None:
                    continue
                done += outcome.pictures
                captioned += outcome.captions
                if outcome.error is None:
                    failures = 0
                    continue
                failures += 1
                several = failures < MOST_FAILURES and (captioned or done < len(missing))
                if not (isinstance(outcome.error, AnswerError) and several):
                    asking.stop()
                    asking.wait(job)  # what is on its way is paid for
                    raise outcome.error
        finally:
            asking.stop()

    def _settings(self) -> dict[str, Any]:
        return dict(self._store.get_meta("settings", {}))


@dataclass(frozen=True)
class _Outcome:
    pictures: int
    captions: int
    error: Exception | None = None


class _Asking:
    """Some threads that ask for captions and keep them; they end by themselves."""

    def __init__(
        self, store: Store, language: LanguageModel, name: str, calls: Sequence[Sequence[Picture]]
    ) -> None:
        self._store = store
        self._language = language
        self._name = name
        self._calls: queue.SimpleQueue[Sequence[Picture]] = queue.SimpleQueue()
        for call in calls:
            self._calls.put(call)
        self._threads = [
            threading.Thread(target=self._work, name=f"datacrafter captions {number}", daemon=True)
            for number in range(min(CALLS_AT_ONCE, len(calls)))
        ]
        self._outcomes: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more calls."""
        self._stopped.set()

    def wait(self, job: Job[Any], seconds: float = 5.0) -> None:
        """Let calls end that have begun, for so long."""
        deadline = time.monotonic() + seconds
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            job.checkpoint()
            time.sleep(0.05)

    def next(self, seconds: float = 0.05) -> _Outcome | None:
        """The next call's outcome, or None when there is none yet."""
        try:
            return self._outcomes.get(timeout=seconds)
        except queue.Empty:
            return None

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            try:
                self._outcomes.put(_Outcome(len(call), self._caption(call)))
            except Exception as error:
                self._outcomes.put(_Outcome(len(call), 0, _told(error)))

    def _caption(self, call: Sequence[Picture]) -> int:
        images = [self._store.load_image(picture.id) for picture in call]
        texts = caption_images(images, self._language, batch=len(call))
        found = [(picture.sha256, text) for picture, text in zip(call, texts, strict=True) if text]
        self._store.put_captions(self._name, found)
        return len(found)


def _told(error: Exception) -> Exception:
    """What a job may end with: our own errors, and a model object's as ours."""
    if isinstance(error, ModelError | StoreError | InputError):
        return error
    return ModelError(f"the language model fails: {type(error).__name__}: {error}")
