"""A session folder of its own, made with the models of another session and inside one of that session's jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from datacrafter_widget.errors import JobCancelled
from datacrafter_widget.session.billing import PRICES, kept_prices
from datacrafter_widget.session.cost_report import Amounts, cost_report
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.generating import Asked, Generation
from datacrafter_widget.session.observing import Observer
from datacrafter_widget.store import Store
from datacrafter_widget.store.importing import import_images

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session.shown import Shown
    from datacrafter_widget.store.records import Picture, Template

ATTEMPTS = 3
"""Rounds to come by as many pictures as are wanted: those with a flag don't count."""

_FILLED = "filled"
"""Where the store keeps how many pictures a class it was last filled with, as far as they came."""
_COPIED = ("settings", "batch_sizes", PRICES)


class Beside:
    """Generates in a folder that `Session.open` opens afterwards; the other session's pictures are not touched.

    The map and the labels are left for when it is opened. What a crash cut off is gone on with.

    Args:
        session: lends its models, classes and settings.
        folder: of the new session; made if it is not there.
        originals: pictures of the session, which become the new one's.
        templates: those to generate from.
    """

    def __init__(
        self, session: Shown, folder: Path, originals: Sequence[Picture], templates: Sequence[Template]
    ) -> None:
        self._store = Store(folder)
        try:
            self._take_over(session.store, originals, templates)
            seed = int(session.store.get_meta("settings", {}).get("seed", 0))
            events = Events()
            self._observer = Observer(self._store, session.models, events, vocabulary=None, seed=seed)
            self._generation = Generation(
                self._store,
                session.models,
                self._observer,
                events,
                seed=seed,
                batch_size=None,
                previews=False,
                closing=lambda: False,
            )
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._observer.close()
        self._store.close()

    @property
    def store(self) -> Store:
        """What is in the folder."""
        return self._store

    @property
    def cost(self) -> Amounts:
        """What its pictures took."""
        return cost_report(self._store.costs(), kept_prices(self._store)).total

    def usable(self) -> list[Picture]:
        """Its generated pictures, less those with a flag."""
        return [each for each in self._store.pictures(origin="generated") if not each.flagged]

    def fill(self, per_class: int, job: Job[Any], **settings: Any) -> None:
        """Generate until every class has so many pictures without a flag, or they don't seem to come.

        Args:
            per_class: pictures a class.
            job: told of the progress; when it is cancelled, what is finished is kept.
            **settings: of `Session.generate`: ``perturbation``, ``strength`` …

        Raises:
            JobCancelled: the job was cancelled.
            InputError: it can't be made as it was asked for.
        """
        self._observer.encode_missing(job)
        for round_id in self._generation.unfinished():
            self._make(round_id, job)
        if self._store.get_meta(_FILLED, 0) < per_class:
            self._fill(per_class, job, settings)
            self._store.set_meta(_FILLED, per_class)

    def _fill(self, per_class: int, job: Job[Any], settings: dict[str, Any]) -> None:
        for _ in range(ATTEMPTS):
            counts = np.bincount([each.class_id for each in self.usable()], minlength=1)
            templates = {
                row.id: [each.id for each in self._store.templates(class_id=row.id)]
                for row in self._store.classes()
            }
            lacking = {
                class_id: per_class - (counts[class_id] if class_id < len(counts) else 0)
                for class_id, own in templates.items()
                if own
            }
            most = int(max(lacking.values(), default=0))
            if most <= 0:
                return
            wanted = {class_id: own for class_id, own in templates.items() if lacking.get(class_id, 0) > 0}
            asked = Asked(templates=wanted, per_class=most, **settings)
            self._make(self._generation.queue(asked), job)

    def _make(self, round_id: int, job: Job[Any]) -> None:
        try:
            self._generation.run(job, round_id)
        except JobCancelled:
            self._store.set_job_state(round_id, "open")
            raise
        self._generation.finish(round_id)

    def _take_over(self, store: Store, originals: Sequence[Picture], templates: Sequence[Template]) -> None:
        for key in _COPIED:
            if (value := store.get_meta(key)) is not None:
                self._store.set_meta(key, value)
        names = {}
        for row in store.classes():
            names[row.id] = row.name
            if self._store.class_by_name(row.name) is None:
                self._store.add_class(row.name, row.word)
        there = {picture.sha256 for picture in self._store.pictures(origin="original")}
        missing = [each for each in originals if each.sha256 not in there]
        if missing:
            import_images(self._store, [(store.image_path(each), names[each.class_id]) for each in missing])
        if not self._store.templates(active=None):
            class_ids = {row.name: row.id for row in self._store.classes()}
            for each in templates:
                self._store.add_template(
                    class_ids[names[each.class_id]], each.text, each.negative, each.origin
                )
