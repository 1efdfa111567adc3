"""Advise: from pictures to suggestions of what should come next, class by class (GenMQD)."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.active.decoder import Decoder, decoder_beside
from datacrafter_widget.active.decoder_training import DecoderSettings, train_decoder
from datacrafter_widget.active.describe import METHODS, describe, spread_of
from datacrafter_widget.active.modality import ModalityGap
from datacrafter_widget.active.synthesis import Prepared, expected_gain, prepare, synthesise
from datacrafter_widget.errors import InputError
from datacrafter_widget.models.answers import digest
from datacrafter_widget.session.refining import mentioned
from datacrafter_widget.session.study import MeasuredOn, Study, study_of
from datacrafter_widget.session.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from datacrafter_widget.active.describe import Description, Method
    from datacrafter_widget.active.synthesis import Query
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session.events import Events
    from datacrafter_widget.session.loaded import LoadedModels
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import ClassRow, Suggestion

NEAREST = 8
"""Existing pictures that a suggestion names as nearest to it."""


class Adviser:
    """Finds suggestions.

    They are in the store from the moment the user asks, first as "running", so that those that were cut off are
    found later.

    Args:
        store: keeps them.
        models: the encoder in whose space is searched; perhaps a language model.
        observer: has encoded the pictures, and knows the words.
        events: told ``suggestions`` when there is news.
        seed: of what is random.
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
        closing: Callable[[], bool],
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._events = events
        self._seed = seed
        self._closing = closing
        self._under_way = UnderWay()

    def check(self, method: Method) -> None:
        """See that suggestions can be put in words that way.

        Raises:
            InputError: an unknown method, or there is no language model or decoder.
        """
        if method not in METHODS:
            raise InputError(f"method: expected one of {', '.join(METHODS)}, found {method!r}")
        if method == "language" and self._models.language is None:
            raise InputError(
                "method: expected a session with a language model for 'language', found none; open it with"
                " Session.open(path, language='ollama/llama3.2') or the like, or use method='phrases'"
            )
        if method == "decoder":
            self._decoder()

    def decoder_file(self) -> Path:
        """Where a decoder of the session's encoder is kept, or would be."""
        name = hashlib.sha256(self._models.encoder.identity.encode()).hexdigest()[:16]
        return self._store.folder / "decoders" / f"{name}.safetensors"

    def open(self, rows: Sequence[ClassRow], per_class: int, asked: dict[str, Any]) -> list[int]:
        """Write down that suggestions are wanted; their ids."""
        with self._store.transaction():
            opened = [self._store.add_suggestion(row.id, asked).id for row in rows for _ in range(per_class)]
        self._events.emit("suggestions")
        return opened

    def unfinished(self) -> list[int]:
        """Running suggestions that nothing works on: a crash or a restart cut them off."""
        running = [each.id for each in self._store.suggestions(states=("running",))]
        return self._under_way.cut_off(running)

    def begin(self, ids: Sequence[int]) -> None:
        """A job is about to look for these; it ends with `leave`."""
        self._under_way.add(ids)

    def run(self, job: Job[Any], ids: Sequence[int]) -> list[int]:
        """Look for running suggestions, class by class; what is found is kept, whatever comes after.

        Returns:
            The ids of those that were found.

        Raises:
            InputError: there is too little to learn from.
        """
        self._observer.ready(job)
        self._observer.look_at_held_out(job)
        groups: dict[tuple[int, str], list[Suggestion]] = {}
        for each in map(self._store.suggestion, ids):
            if each.state == "running":
                groups.setdefault((each.class_id, json.dumps(each.asked)), []).append(each)
        rows = {row.id: row for row in self._store.classes()}
        studies: dict[MeasuredOn | None, tuple[Study, Prepared]] = {}
        found: list[int] = []
        for done, ((class_id, _), wanted) in enumerate(groups.items()):
            job.update(done=done, total=len(groups), message=rows[class_id].name)
            job.checkpoint()
            on = wanted[0].asked["on"]
            if on not in studies:
                studies[on] = self._study(on)
            found += self._advise(job, rows[class_id], *studies[on], wanted)
            self._events.emit("suggestions")
        job.update(done=len(groups), total=len(groups), message=f"{len(found)} found")
        return found

    def train_decoder(
        self,
        job: Job[Any],
        captions: Sequence[str],
        settings: DecoderSettings | None = None,
        seed: int | None = None,
    ) -> Path:
        """Train a decoder of the session's encoder, from its checkpoint if there is one; its file.

        Raises:
            InputError: too few captions.
        """
        encoder = self._models.encoder
        file = self.decoder_file()
        file.parent.mkdir(exist_ok=True)
        seed = self._seed if seed is None else seed
        kind = digest([list(captions), asdict(settings or DecoderSettings()), seed])[:16]

        def progress(done: int, total: int, message: str) -> None:
            job.update(done=done, total=total, message=message)
            job.checkpoint()

        decoder = train_decoder(
            captions,
            encoder.encode_texts,
            settings=settings,
            seed=seed,
            encoder=encoder.identity,
            progress=progress,
            checkpoint=file.with_name(f"{file.stem}-{kind}.part"),
        )
        decoder.save(file)
        for part in file.parent.glob(f"{file.stem}-*.part"):
            part.unlink(missing_ok=True)
        return file

    # -- inside -------------------------------------------------------------------------------------

    def _study(self, on: MeasuredOn | None) -> tuple[Study, Prepared]:
        study = study_of(self._store, self._models.encoder.identity, on, seed=self._seed)
        return study, prepare(study.train, study.validation, len(study.class_ids))

    def _advise(
        self, job: Job[Any], row: ClassRow, study: Study, prepared: Prepared, wanted: Sequence[Suggestion]
    ) -> list[int]:
        """Synthesise a query for a class, put it in words, and keep as many as are wanted."""
        query = synthesise(
            study.train,
            study.validation,
            study.index(row.id),
            len(study.class_ids),
            progress=lambda _: job.raise_if_cancelled(),
            prepared=prepared,
        )
        report = {
            "gain": expected_gain(query) / query.base_loss,
            "losses": [query.base_loss, float(query.losses[-1])],
            "errors": [query.base_error, query.error],
            "nearest": self._nearest(study, row, query.x_star),
            "note": study.note,
            "encoder": self._models.encoder.identity,
        }
        described = self._in_words(row, study, query, wanted[0].asked["method"], len(wanted))
        kept = []
        with self._store.transaction():
            for old in self._store.suggestions(row.id, states=("open",)):
                self._store.update_suggestion(old.id, state="withdrawn")
            for suggestion, said in zip(wanted, described, strict=False):
                if self._store.suggestion(suggestion.id).state != "running":
                    continue
                words = {"method": said.method, "similarity": said.similarity, "labels": list(said.labels)}
                self._store.update_suggestion(
                    suggestion.id, text=said.text, report=report | words, state="open"
                )
                kept.append(suggestion.id)
        return kept

    def _in_words(
        self, row: ClassRow, study: Study, query: Query, method: Method, count: int
    ) -> list[Description]:
        """Up to `count` texts for a query; none that was decided on before, or that a reason speaks against."""
        words, embeddings = self._observer.words()
        settled = self._store.suggestions(row.id, states=("collecting", "taken", "rejected"))
        told = {each.text for each in settled}
        avoid = mentioned(words, self._reasons({each.id for each in settled}))
        _, spread = spread_of(study.train.features[study.train.classes == query.class_])
        say = functools.partial(
            describe,
            query.x_star,
            row.word,
            labels=words,
            avoid=avoid,
            encode_texts=self._models.encoder.encode_texts,
            gap=ModalityGap.between(study.train.features, embeddings),
            usual=query.start,
            spread=spread,
            others=[each.word for each in self._store.classes() if each.id != row.id],
            method=method,
            decoder=self._decoder() if method == "decoder" else None,
            language=self._models.language,
        )
        described = [each for each in say(count=count) if each.text not in told]
        if len(described) < count and told:
            described = [each for each in say(count=count + len(told)) if each.text not in told]
        if method == "language" and any(each.method != method for each in described):
            message = f"{row.name}: the language model has no sentence for it; the nearest phrase stands in."
            self._events.emit("warning", where="suggestions", message=message)
        return described[:count]

    def _decoder(self) -> Decoder:
        """The decoder that was trained in this session, or the one that came with the encoder.

        Raises:
            InputError: there is none.
        """
        encoder = self._models.encoder
        file = self.decoder_file()
        found = Decoder.load(file, encoder=encoder.identity) if file.is_file() else decoder_beside(encoder)
        if found is None:
            raise InputError(
                f"method: expected a decoder of the encoder {encoder.name!r} for 'decoder', found none; train one"
                " with session.train_decoder(captions), or use method='phrases'"
            )
        return found

    def _reasons(self, ids: set[int]) -> list[str]:
        """Why suggestions were turned down."""
        return [
            action.payload["reason"]
            for action in self._store.actions()
            if action.kind == "reject_suggestion"
            and not action.undone
            and action.payload["suggestion_id"] in ids
        ]

    def _nearest(self, study: Study, row: ClassRow, x_star: NDArray[np.float64]) -> list[int]:
        """Ids of the class's pictures that are nearest to a query, the nearest first."""
        own = np.flatnonzero(study.train.classes == study.index(row.id))
        features = study.train.features[own]
        cosines = features @ x_star / np.linalg.norm(features, axis=1)
        return study.ids[own[np.argsort(-cosines, kind="stable")[:NEAREST]]].tolist()

    def leave(self, ids: Sequence[int]) -> None:
        """Stop looking. What was not found is withdrawn, or kept for `Session.resume` on closing."""
        self._under_way.remove(ids)
        if self._closing():
            return
        with self._store.transaction():
            for each in map(self._store.suggestion, ids):
                if each.state == "running":
                    self._store.update_suggestion(each.id, state="withdrawn")
        self._events.emit("suggestions")
