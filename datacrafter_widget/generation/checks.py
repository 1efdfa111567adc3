"""What is wrong with a generated picture, found out before it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.generation.known import KnownPictures
from datacrafter_widget.metrics.duplicates import fingerprint, near_copies
from datacrafter_widget.models.generator import picture_problem
from datacrafter_widget.store.files import content_hash
from datacrafter_widget.store.records import FlagDraft

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL import Image

    from datacrafter_widget.generation.known import Row
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.metrics.duplicates import ByteArray
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import FlagKind, Picture, PlannedPicture

EXPECTED_BELOW = 0.5
"""Strength under which a picture is meant to be like its parent, and so like its siblings. On the toybox half the
pictures are near copies of their parent at strength 0.3, and hardly any at 0.5 (tests/benchmarks/duplicates.py)."""

_BLANK_BELOW = 2.0
"""Standard deviation, in grey levels of 255, of a picture of which nothing can be seen."""

_TOLD: tuple[FlagKind, ...] = ("nan", "unsafe")
"""What a generator itself says of a picture."""

_COPIES: tuple[FlagKind, ...] = ("near_original", "duplicate", "near_duplicate")


class PictureChecks:
    """Finds pictures that should not count as good, batch by batch.

    A picture is compared with all originals, hidden ones too (a leak is one wherever the original is), and with
    the generated pictures that an export would contain. Near copies of the own parent, and of other pictures
    of that parent, are let pass when the strength is under `EXPECTED_BELOW`: the user asked for them.

    May be kept for as long as the session: pictures that were stored meanwhile are taken in by every check.

    Args:
        store: has the pictures that new ones are compared with, and keeps their fingerprints.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = KnownPictures(store)
        self._fresh: dict[str, ByteArray] = {}

    def prepare(self, job: Job[Any] | None = None) -> None:
        """Take in the pictures that are stored: at once but for those never seen before, which are read.

        Args:
            job: shows the progress; its cancelling ends the reading.

        Raises:
            JobCancelled: the job was cancelled; what was read is kept.
        """
        self._known.update(job)

    def check(
        self, items: Sequence[tuple[Image.Image, PlannedPicture]], *, itself: int | None = None
    ) -> list[tuple[FlagDraft, ...]]:
        """What is wrong with each picture of a batch, for `Store.add_generated_batch`; mostly nothing.

        Args:
            items: pictures and their plans.
            itself: the id of the picture, where it is stored already: only those before it are compared.
        """
        if not items:
            return []
        self._known.update()
        rows = self._known.rows
        hashes = [content_hash(image) for image, _ in items]
        prints = np.stack([fingerprint(image) for image, _ in items])
        self._fresh = dict(zip(hashes, prints, strict=True))
        batch = near_copies(prints, prints)
        before = near_copies(prints, self._known.fingerprints, self._known.descriptors)
        left_out = self._store.flagged_or_hidden(rows[at].id for at in set(before.stored.tolist()))
        found: list[tuple[FlagDraft, ...]] = []
        for at, (image, planned) in enumerate(items):
            drafts = [
                FlagDraft(kind, score, of_id=rows[row].id)
                for row, score in _pairs(before, at)
                if (itself is None or rows[row].id < itself)
                if rows[row].original or rows[row].id not in left_out
                if (kind := _kind(planned, hashes[at], rows[row])) is not None
            ]
            drafts += [
                FlagDraft(
                    "duplicate" if hashes[other] == hashes[at] else "near_duplicate", score, None, other
                )
                for other, score in _pairs(batch, at)
                if other < at and not found[other] and not _expected(planned, items[other][1].parent_id)
            ]
            found.append(_alone(image, prints[at]) or _worst(drafts))
        return found

    def remember(self, rows: Sequence[Picture]) -> None:
        """Keep the fingerprints of the pictures just checked, now that they are stored."""
        self._store.put_fingerprints(
            [(row.sha256, self._fresh[row.sha256].tobytes()) for row in rows if row.sha256 in self._fresh]
        )


def _alone(image: Image.Image, small: ByteArray) -> tuple[FlagDraft, ...]:
    """What is wrong with a picture by itself."""
    for problem in _TOLD:
        if picture_problem(image) == problem:
            return (FlagDraft(problem),)
    return (FlagDraft("blank"),) if small.std(axis=(0, 1)).max() < _BLANK_BELOW else ()


def _kind(planned: PlannedPicture, sha256: str, row: Row) -> FlagKind | None:
    """What a picture is that is nearly the same as a stored one; None where that is as it should be."""
    same = row.sha256 == sha256
    if row.original:
        return "near_original" if same or not _expected(planned, row.id) else None
    if same:
        return "duplicate"
    return None if _expected(planned, row.parent_id) else "near_duplicate"


def _expected(planned: PlannedPicture, parent_id: int | None) -> bool:
    """Whether a picture is meant to be like that parent, and like its other pictures."""
    if planned.parent_id is None or planned.strength is None:
        return False
    return planned.parent_id == parent_id and planned.strength < EXPECTED_BELOW


def _pairs(copies: Any, at: int) -> Iterator[tuple[int, float]]:
    mine = copies.queries == at
    return zip(copies.stored[mine].tolist(), copies.scores[mine].tolist(), strict=True)


def _worst(drafts: Sequence[FlagDraft]) -> tuple[FlagDraft, ...]:
    """The best match: of an original, and of a generated picture where that is no near copy of an original."""
    for kind in _COPIES:
        of_kind = [draft for draft in drafts if draft.kind == kind]
        if of_kind:
            return (max(of_kind, key=lambda draft: draft.score or 0.0),)
    return ()
