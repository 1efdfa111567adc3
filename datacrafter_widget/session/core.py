"""What every verb of a session stands on: the lock, the jobs, and the checks of what a caller gives."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from datacrafter_widget.errors import DataCrafterError, InputError, JobCancelled, StoreError
from datacrafter_widget.jobs import Job
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.flag_words import tell_of_flags
from datacrafter_widget.session.generating import Asked, Generation
from datacrafter_widget.session.shown import Shown
from datacrafter_widget.store.records import ClassRow

T = TypeVar("T")


class Core(Shown):
    """The inside of `Session`."""

    events: Events
    _lock: threading.RLock
    _closed: bool
    _generation: Generation

    def submit(self, run: Callable[[Job[T]], T], name: str, *, kind: str = "") -> Job[T]:
        """Run work as one of the session's jobs: it may use the models, and stops when the session is closed.

        Args:
            run: the work; it gets its job, for `Job.update` and `Job.checkpoint`, and returns the result.
            name: what it does, for people.
            kind: what sort of work it is, for programs.

        Raises:
            StoreError: the session is closed.
        """
        self._check_open()
        return self._runner.submit(run, name, kind=kind)

    def _submit(self, run: Any, name: str, *, kind: str = "", **more: Any) -> Job[Any]:
        """Put work into the queue of the models; see `JobRunner.submit`."""
        self._check_open()
        return self._runner.submit(run, name, kind=kind, **more)

    def _generate(self, asked: Asked) -> Job[list[int]]:
        """Write down what is asked for, and make it in the background; the job gives the new pictures' ids."""
        self._check_open()
        return self._make_rounds([self._generation.queue(asked)], "Generate")

    def _make_rounds(self, rounds: list[int], name: str) -> Job[list[int]]:
        def run(job: Job[list[int]]) -> list[int]:
            self._observer.ready(job)
            made, failures = [], []
            for each in rounds:  # one that can't be made does not keep the others from being made
                try:
                    made += self._made(job, each)
                except JobCancelled:
                    raise
                except DataCrafterError as failure:
                    failures.append(failure)
            if failures:
                raise failures[0]
            if made:  # the last that was shown is how far the look at them was
                job.update(done=len(made), total=len(made), message="")
            return made

        job = self._submit(run, name, kind="generate")
        self._generation.follow(job, rounds)
        return job

    def _made(self, job: Job[Any], round_id: int) -> list[int]:
        """Make what is missing of a round, hide what it replaces, and look; the ids of what was made now."""
        made = self._generation.run(job, round_id)
        tell_of_flags(self._store, self.events, made)
        replaced = self._store.job(round_id).settings.get("replaces")
        if replaced is not None:
            new = [planned.picture_id for planned in self._store.planned(round_id)]
            old = [
                picture.id
                for picture in self._store.pictures(origin="generated")
                if picture.provenance and picture.provenance.template_id == replaced and picture.id not in new
            ]
            if old:
                with self._lock:
                    self._history.do("replace", {"ids": old, "new_ids": new})
                self.events.emit("labels")
        self._generation.finish(round_id)
        self._observer.observe(job)
        return made

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the session is closed; open it again with Session.open(path)")

    def _writable(self) -> None:
        self._check_open()
        if self._store.read_only:
            raise StoreError("the session was opened with read_only=True; open it without to change it")

    def _known(self, ids: Iterable[int]) -> list[int]:
        wanted = [int(picture) for picture in dict.fromkeys(ids)]
        if not wanted:
            raise InputError("expected at least one picture id, found none; select some pictures first")
        found = {picture.id for picture in self._store.pictures(ids=wanted, include_hidden=True)}
        strangers = [picture for picture in wanted if picture not in found]
        if strangers:
            raise InputError(f"no such pictures in this session: {strangers[:10]}; see session.pictures()")
        return wanted

    def _class_rows(self, classes: str | int | Iterable[str | int] | None) -> list[ClassRow]:
        rows = self._store.classes()
        if not rows:
            raise InputError("the session has no classes yet; add pictures with session.add_images(images)")
        if classes is None:
            return rows
        wanted = [classes] if isinstance(classes, str | int) else list(classes)
        by_key = {row.name: row for row in rows} | {row.id: row for row in rows}
        strangers = [key for key in wanted if key not in by_key]
        if strangers or not wanted:
            names = ", ".join(row.name for row in rows)
            raise InputError(f"expected classes among {names}; found {strangers or 'none'}")
        return [by_key[key] for key in wanted]

    def _class_ids(self, classes: str | int | Iterable[str | int] | None) -> list[int] | None:
        return None if classes is None else [row.id for row in self._class_rows(classes)]

    def _wearers(self, text: str) -> set[int]:
        """The visible pictures with a content label; none for a word of the vocabulary that nothing shows."""
        by_text = {label.text: label.id for label in self._store.labels()}
        if text in by_text:
            return set(self.label_pictures(by_text[text]))
        if text in self._observer.words()[0]:
            return set()
        known = ", ".join(sorted(by_text)) or "none yet"
        raise InputError(f"no content label {text!r} in the session's vocabulary; its pictures show {known}")
