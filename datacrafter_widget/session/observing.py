"""Observe: pictures become embeddings, content labels, places on the map, and metrics."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datacrafter_widget.errors import StoreError
from datacrafter_widget.jobs import Job
from datacrafter_widget.labels.hierarchy import LabelTree
from datacrafter_widget.labels.tagging import Tagger, zero_shot
from datacrafter_widget.labels.vocabulary import GENERAL_VOCABULARY
from datacrafter_widget.models.encoder import Encoder
from datacrafter_widget.projection.m2m import M2M
from datacrafter_widget.session.captions import Captions, LabelChoice
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.interim import Interim
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.measuring import RunningRound, Seen
from datacrafter_widget.session.naming import GroupNamer, Labels, labels_of
from datacrafter_widget.store import Store
from datacrafter_widget.store.decoding import UnreadablePictureError, decode
from datacrafter_widget.store.records import Metric, Picture, PositionKind

ENCODE_BATCH = 64
CLASS_PROMPT = "a photo of a {word}"
BY_CAPTIONS = "captions by "
"""How the name begins under which the store keeps labels that come from captions."""


@dataclass(frozen=True)
class Atlas:
    """What was learnt of the pictures in one observation, and what places new ones among them."""

    tagger: Tagger
    label_ids: NDArray[np.int64]
    projection: M2M
    tree: LabelTree | None


class Observer:
    """Keeps embeddings, labels, map and metrics in step with the pictures of a store.

    Attributes:
        captions: what a language model said of the pictures, and whether labels are made of it.
        interim: how the round that is being made measures so far.
    """

    def __init__(
        self,
        store: Store,
        models: LoadedModels,
        events: Events,
        *,
        vocabulary: Sequence[str] | None,
        seed: int,
    ) -> None:
        self._store = store
        self._models = models
        self._events = events
        self._vocabulary = tuple(dict.fromkeys(vocabulary)) if vocabulary is not None else None
        self._seed = seed
        self._lock = threading.RLock()
        self._atlas: Atlas | None = None
        self.captions = Captions(store, models)
        self.interim = Interim(store, self.see, self.class_probabilities)
        self._namer = GroupNamer(models.language, events, self._rename)

    def close(self) -> None:
        """Ask for no more names."""
        self._namer.close()

    @property
    def atlas(self) -> Atlas | None:
        """The last observation, or None before the first one of this process."""
        return self._atlas

    def observe(self, job: Job[Any], choice: LabelChoice | None = None) -> None:
        """Encode what is new, then label, project and measure everything that is visible.

        Until the map is drawn nothing of the last observation is changed.

        Args:
            job: told of the progress; it may be cancelled.
            choice: where the labels come from, from now on; by default from where they came before.
        """
        self.encode_missing(job)
        job.update(message="finding the words")
        ids, features = self.embeddings(self._store.pictures())
        if len(ids) == 0:
            if choice is not None:
                self.captions.choose(choice)
            return
        job.checkpoint()
        with self._lock:
            self._atlas = atlas = self._fit(job, ids, features, choice or self.captions.choice)
        self._events.emit("labels")
        self._events.emit("map")
        if atlas.tree is not None:
            self._namer.ask(atlas.tree)
        self.measure()
        if atlas.tree is not None:
            self._namer.wait(job, atlas.tree)

    def encode_missing(self, job: Job[Any]) -> None:
        """Encode the pictures that the encoder has not seen."""
        encoder = self._models.encoder
        missing = self._store.pictures(
            ids=self._store.ids_without_embedding(encoder.identity), include_hidden=True
        )
        for start in range(0, len(missing), ENCODE_BATCH):
            job.update(done=start, total=len(missing), message="looking at the pictures")
            job.checkpoint()
            batch = missing[start : start + ENCODE_BATCH]
            readable = self._readable(batch)
            features = encoder.encode_images([image for _, image in readable])
            self._store.put_embeddings(
                encoder.identity,
                [(picture.sha256, row) for (picture, _), row in zip(readable, features, strict=True)],
            )

    def look_at_held_out(self, job: Job[Any]) -> None:
        """Encode the validation pictures that this encoder has not seen."""
        encoder = self._models.encoder
        held_out = {
            each.sha256: self._store.held_out_path(each) for each in self._store.held_out("validation")
        }
        known = self._store.content_embeddings(encoder.identity, held_out)
        missing = [sha256 for sha256 in held_out if sha256 not in known]
        for start in range(0, len(missing), ENCODE_BATCH):
            job.update(done=start, total=len(missing), message="looking at the validation pictures")
            job.checkpoint()
            images: dict[str, Image.Image] = {}
            for sha256 in missing[start : start + ENCODE_BATCH]:
                try:
                    images[sha256] = decode(held_out[sha256])
                except UnreadablePictureError as error:
                    self._events.emit("warning", where="evaluation", message=f"{held_out[sha256]}: {error}")
            features = encoder.encode_images(list(images.values()))
            self._store.put_embeddings(encoder.identity, list(zip(images, features, strict=True)))

    def ready(self, job: Job[Any]) -> None:
        """Observe unless this process has already, so that new pictures can be placed as they come."""
        if self._atlas is None:
            self.observe(job)

    def place(self, pictures: Sequence[Picture]) -> None:
        """Give new pictures their labels and places at once, without moving the others."""
        with self._lock:
            atlas = self._atlas
            if atlas is None or not pictures:
                return
            ids, features = self.embeddings(pictures)
            self._store.put_positions("picture", ids, atlas.projection.transform_images(features))
            self._put_labels(atlas.label_ids, ids, *atlas.tagger.tag(features))

    def measure_so_far(self, iteration: int) -> None:
        """Measure a round that is being made, if it is time to."""
        if self.interim.look(iteration):
            self._events.emit("metrics")

    def embeddings(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (N,) and unit-length features (N, D) of those pictures that have been encoded."""
        return self._store.embeddings(self._models.encoder.identity, [picture.id for picture in pictures])

    def see(self, pictures: Sequence[Picture]) -> Seen:
        """Those pictures that have been encoded."""
        ids, features = self.embeddings(pictures)
        return Seen(ids, features, _classes_of(pictures, ids))

    def class_probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Zero-shot probabilities (N, C) of the session's classes, in the order of `Session.classes`."""
        return zero_shot(features, self.class_features(), self._models.encoder.logit_scale)

    def class_features(self) -> NDArray[np.float32]:
        """Text embeddings (C, D) of the session's classes, in the order of `Session.classes`."""
        prompts = [CLASS_PROMPT.format(word=row.word) for row in self._store.classes()]
        return self._models.encoder.encode_texts(prompts)

    def words(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """The vocabulary in use and its text embeddings (L, D)."""
        if (self._store.label_model() or "").startswith(BY_CAPTIONS):
            return self._with_classes(tuple(label.text for label in self._store.labels()))
        return self._with_classes(self._vocabulary_in_use())

    def measure(self) -> None:
        """Informativeness, diversity and distance of every iteration, over all and per class."""
        originals = self.see(self._store.pictures(origin="original"))
        generated = self._store.pictures(origin="generated")
        class_ids = [row.id for row in self._store.classes()]
        rows = []
        for iteration in sorted({picture.iteration for picture in generated}):
            made = self.see([picture for picture in generated if picture.iteration == iteration])
            if len(made.classes) == 0:
                continue
            whole = RunningRound(originals, class_ids, self.class_probabilities)
            whole.add(made)
            rows += [Metric(iteration, *measure) for measure in whole.measures()]
        self._store.replace_metrics(rows)
        self.interim.forget()
        self._events.emit("metrics")

    def _readable(self, pictures: Sequence[Picture]) -> list[tuple[Picture, Image.Image]]:
        """The pictures with their pixels, less those whose file is missing or damaged: of these it warns."""
        readable = []
        for picture in pictures:
            try:
                readable.append((picture, self._store.load_image(picture.id)))
            except StoreError as error:
                self._events.emit("warning", where="map", message=str(error))
        return readable

    def _fit(
        self, job: Job[Any], ids: NDArray[np.int64], features: NDArray[np.float32], choice: LabelChoice
    ) -> Atlas:
        encoder = self._models.encoder
        said = self.captions.labels(ids, choice)
        words, word_embeddings = self._with_classes(self._vocabulary_in_use() if said is None else said.words)
        tagger = Tagger(word_embeddings, logit_scale=encoder.logit_scale).fit(features)
        edges, scores = tagger.tag(features)
        if said is not None:  # the encoder speaks for the pictures that nobody has described
            seen = ~said.captioned[edges[:, 0]]
            edges = np.concatenate([edges[seen], said.edges])
            scores = np.concatenate([scores[seen], np.ones(len(said.edges), np.float32)])
            by_picture = np.argsort(edges[:, 0], kind="stable")
            edges, scores = edges[by_picture], scores[by_picture]
        used, columns = np.unique(edges[:, 1], return_inverse=True)
        used_words = [words[index] for index in used]

        def report(fraction: float) -> None:
            job.update(done=round(100 * fraction), total=100, message="drawing the map")
            job.checkpoint()

        known = {label.text: label.id for label in self._store.labels()}
        old_ids = np.array([known.get(word, 0) for word in used_words], np.int64)
        old = self._old_positions("picture", ids), self._old_positions("label", old_ids)
        projection = M2M(random_state=self._seed)
        projection.fit(
            features,
            word_embeddings[used],
            np.column_stack([edges[:, 0], columns]),
            init=old if np.isfinite(old[0]).any() else None,
            progress=report,
        )
        model = encoder.identity if said is None else f"{BY_CAPTIONS}{choice.by}"
        label_ids = np.zeros(len(words), np.int64)
        with self._store.transaction():
            others = [] if self._store.label_model() == model else self._store.pictures(include_hidden=True)
            labels = self._store.set_labels(used_words, model)
            label_ids[used] = [label.id for label in labels]
            other_ids, other_features = self.embeddings(others)
            if len(other_ids):  # hidden pictures, and those that came while the map was drawn
                self._put_labels(label_ids, other_ids, *tagger.tag(other_features))
            self._put_labels(label_ids, ids, edges, scores)
            self._store.put_positions("picture", ids, projection.image_positions_)
            self._store.put_positions("label", label_ids[used], projection.label_positions_)
            if choice != self.captions.choice:
                self.captions.choose(choice)
        counts = np.bincount(columns, minlength=len(used))
        tree = LabelTree(word_embeddings[used], used_words, counts) if len(used) else None
        return Atlas(tagger, label_ids, projection, tree and self._namer.named(tree))

    def _rename(self, labels: Labels, names: dict[int, str]) -> None:
        """Put names in that came after the map was drawn, if it still has the labels they were made for."""
        with self._lock:
            atlas = self._atlas
            if atlas is None or atlas.tree is None or labels_of(atlas.tree) != labels:
                return
            self._atlas = replace(atlas, tree=atlas.tree.renamed(names))
        self._events.emit("labels")

    def _vocabulary_in_use(self) -> tuple[str, ...]:
        return self._vocabulary or _words_beside(self._models.encoder) or GENERAL_VOCABULARY

    def _with_classes(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """The words and the classes' own, each once, and their text embeddings (L, D)."""
        every = tuple(dict.fromkeys((*words, *(row.word for row in self._store.classes()))))
        return every, self._models.encoder.encode_texts(list(every))

    def _put_labels(
        self,
        label_ids: NDArray[np.int64],
        ids: NDArray[np.int64],
        edges: NDArray[np.int64],
        scores: NDArray[np.float32],
    ) -> None:
        known = label_ids[edges[:, 1]] > 0
        self._store.put_picture_labels(
            [
                (int(ids[picture]), int(label_ids[label]), float(score))
                for (picture, label), score in zip(edges[known], scores[known], strict=True)
            ],
            picture_ids=ids.tolist(),
        )

    def _old_positions(self, kind: PositionKind, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Where pictures or labels stand now (N, 2); NaN for those that have no place yet."""
        known, positions = self._store.positions(kind)
        _, at, row = np.intersect1d(ids, known, return_indices=True)
        old = np.full((len(ids), 2), np.nan, np.float32)
        old[at] = positions[row]
        return old


def _words_beside(encoder: Encoder) -> tuple[str, ...]:
    """A model folder may bring its own words: one a line in `vocabulary.txt`."""
    path = encoder.folder / "vocabulary.txt" if encoder.folder else None
    if path is None or not path.is_file():
        return ()
    return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())


def _classes_of(pictures: Sequence[Picture], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    class_of = {picture.id: picture.class_id for picture in pictures}
    return np.array([class_of[int(picture)] for picture in ids], np.int64)
