"""The verb `suggest`: what should come next, in words, to generate or to collect."""

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from datacrafter_widget.active.decoder_training import DecoderSettings
from datacrafter_widget.active.describe import Method
from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.class_words import with_placeholder
from datacrafter_widget.generation.retrieval import read_captions
from datacrafter_widget.jobs import Job
from datacrafter_widget.session.core import Core
from datacrafter_widget.session.generating import Asked
from datacrafter_widget.session.study import MeasuredOn
from datacrafter_widget.session.suggestions import GENERATED_AT_ONCE, SuggestionHandle
from datacrafter_widget.session.waiting import waiting
from datacrafter_widget.store.collecting import dropped, make_folder
from datacrafter_widget.store.importing import ImportReport, import_images
from datacrafter_widget.store.records import Suggestion

SUGGEST = "Suggest what should come next"


class Suggesting(Core):
    """What `Session` does with suggestions."""

    def suggest(
        self,
        classes: str | int | Iterable[str | int] | None = None,
        *,
        per_class: int = 1,
        method: Method | None = None,
        on: MeasuredOn | None = None,
    ) -> Job[list[int]]:
        """Say, for each class, what further pictures would help most, in the background (GenMQD).

        A query starts at the class's mean in the encoder's space and moves to where one more picture of the class
        would lower the validation loss of a small network the most; then it is put in words. New suggestions take
        the place of a class's undecided ones; those that were turned down don't come again. A search that a crash or
        a restart cut off goes on with `resume`, class by class.

        Args:
            classes: names or ids; all classes by default.
            per_class: how many a class, at most.
            method: ``"phrases"``: the nearest of phrases made of content labels; ``"decoder"``: a small text model
                that says what an embedding means (the toybox has one, for others see `train_decoder`);
                ``"language"``: the session's language model puts the phrases into a sentence. By default the last
                where there is one, and else the first.
            on: what the loss is measured on: the ``"validation"`` pictures (`set_validation`), or a third of the
                ``"originals"``, from which nothing is learned then; by default the former where there are any.

        Returns:
            A job whose result is the ids of the new `suggestions`.

        Raises:
            InputError: an unknown class or method, a number below 1, no language model or decoder where one is asked
                for.
        """
        self._writable()
        rows = self._class_rows(classes)
        if per_class < 1:
            raise InputError(f"per_class: expected 1 or more, found {per_class}")
        if on not in (None, *get_args(MeasuredOn)):
            raise InputError(f"on: expected 'validation', 'originals' or None, found {on!r}")
        method = method or ("phrases" if self._models.language is None else "language")
        self._adviser.check(method)
        return self._look_for(self._adviser.open(rows, per_class, {"method": method, "on": on}))

    @property
    def suggestions(self) -> list[SuggestionHandle]:
        """The suggestions that wait for a decision or for pictures, oldest first."""
        rows = [row for row in self.suggestion_table()[::-1] if row["state"] != "running"]
        return [SuggestionHandle(self, row) for row in rows]

    def train_decoder(
        self,
        captions: Iterable[str] | str | Path | None = None,
        *,
        settings: DecoderSettings | None = None,
        seed: int | None = None,
    ) -> Job[Path]:
        """Teach a small text model to say what embeddings of the session's encoder mean, from texts alone (DeCap).

        Then ``suggest(method="decoder")`` has its words. A training that is cut off goes on where it stopped when
        it is asked for again in the same way.

        Args:
            captions: texts in the manner in which pictures are to be described, or a UTF-8 file with one a line. By
                default the captions that the session's own pictures got by ``session.label("language")``.
            settings: of the model and the training.
            seed: of everything random; by default the session's.

        Returns:
            A job whose result is the decoder's file, in the session's folder.

        Raises:
            InputError: the file can't be read. Too few captions make the job fail.
        """
        self._writable()
        if captions is None:
            texts = list(self._observer.captions.texts().values())
        else:
            texts = read_captions(captions) if isinstance(captions, str | Path) else list(captions)
        return self._submit(
            lambda job: self._adviser.train_decoder(job, texts, settings, seed),
            "Train a decoder",
            kind="suggest",
        )

    def generate_suggestion(self, suggestion_id: int, count: int = GENERATED_AT_ONCE) -> Job[list[int]]:
        """Make a suggestion a prompt of its class, and pictures with it, in the background.

        Args:
            suggestion_id: of one of `suggestions`.
            count: how many pictures.

        Returns:
            A job whose result is the ids of the new pictures.

        Raises:
            InputError: there is no such suggestion, or less than one picture.
        """
        self._writable()
        if count < 1:
            raise InputError(f"count: expected 1 or more, found {count}")
        with self._lock, self._store.transaction():
            suggestion = self._open_suggestion(suggestion_id)
            (row,) = self._class_rows(suggestion.class_id)
            template = self._store.add_template(
                row.id, with_placeholder(suggestion.text, row.word), origin="proposal"
            )
            self._store.update_suggestion(suggestion.id, template_id=template.id)
            self._decide("take_suggestion", suggestion, template_id=template.id)
        return self._generate(Asked(templates={row.id: [template.id]}, per_class=count))

    def collect_suggestion(self, suggestion_id: int) -> Path:
        """Make a folder to put pictures of a suggestion into, with the wish in a text file; returns it.

        `take_collected` takes them into the session.

        Raises:
            InputError: there is no such suggestion.
            StoreError: the folder can't be made.
        """
        self._writable()
        with self._lock:
            suggestion = self._open_suggestion(suggestion_id)
            (row,) = self._class_rows(suggestion.class_id)
            folder = make_folder(self._store.folder, row.name, suggestion.id, suggestion.text)
            self._store.update_suggestion(suggestion.id, folder=folder)
            if suggestion.state == "open":
                self._decide("collect_suggestion", suggestion)
        return self._store.folder / folder

    def reject_suggestion(self, suggestion_id: int, reason: str = "") -> None:
        """Turn a suggestion down. It is not made again.

        Args:
            suggestion_id: of one of `suggestions`.
            reason: why, in words: later suggestions for the class don't bring in what it mentions.

        Raises:
            InputError: there is no such suggestion.
        """
        self._writable()
        with self._lock:
            suggestion = self._open_suggestion(suggestion_id)
            self._decide("reject_suggestion", suggestion, reason=" ".join(reason.split())[:500])

    def take_collected(self) -> ImportReport:
        """Add what was put into the folders of suggestions as originals of their classes.

        The files are copied, and may stay. A suggestion of which pictures came is done with; its folder is looked
        into by later calls too.

        Returns:
            What was added, and what not, and why.
        """
        self._writable()
        names = {row.id: row.name for row in self._store.classes()}
        waiting_for = {each.folder: each for each in self._store.suggestions() if each.folder}
        source = dropped(
            self._store.folder, [(folder, names[each.class_id]) for folder, each in waiting_for.items()]
        )
        known = self._store.picture_columns().ids
        with waiting("Import") as progress:
            report = import_images(self._store, source, progress=progress)
        new = self._store.pictures(after_id=int(known[-1]) if len(known) else 0)
        for folder, suggestion in waiting_for.items():
            came = any((picture.source or "").startswith(f"{folder}/") for picture in new)
            if came and suggestion.state == "collecting":
                self._store.update_suggestion(suggestion.id, state="taken")
        if new:
            self.events.emit("classes")
            self.events.emit("suggestions")
            self._submit(self._observer.observe, "Look at the collected pictures", kind="observe")
        return report

    # -- inside -------------------------------------------------------------------------------------

    def _look_for(self, ids: list[int]) -> Job[list[int]]:
        self._adviser.begin(ids)
        return self._submit(
            lambda job: self._adviser.run(job, ids),
            SUGGEST,
            kind="suggest",
            interactive=True,
            at_end=lambda: self._adviser.leave(ids),
        )

    def _go_on_suggesting(self) -> Job[list[int]]:
        return self._look_for(self._adviser.unfinished())

    def _decide(self, kind: str, suggestion: Suggestion, **payload: int | str) -> None:
        self._history.do(kind, {"suggestion_id": suggestion.id, "before": suggestion.state, **payload})

    def _open_suggestion(self, suggestion_id: int) -> Suggestion:
        for suggestion in self._store.suggestions(states=("open", "collecting")):
            if suggestion.id == suggestion_id:
                return suggestion
        raise InputError(f"no open suggestion with id {suggestion_id}; see session.suggestions")
