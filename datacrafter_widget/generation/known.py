"""The pictures of a session as fingerprints: what new ones are compared with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from datacrafter_widget.errors import StoreError
from datacrafter_widget.metrics.duplicates import DIM, SIDE, descriptors, fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.metrics.duplicates import ByteArray, FloatArray
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.flags import StoredFingerprint

_BYTES = SIDE * SIDE * 3
_READ_TOGETHER = 128
_READERS = 4


class Row(NamedTuple):
    """A picture that others are compared with."""

    id: int
    sha256: str
    original: bool
    parent_id: int | None


class KnownPictures:
    """Fingerprints in memory (about 5 kB a picture), brought up to date from the store.

    Args:
        store: keeps the fingerprints.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last_id = 0
        self.rows: list[Row] = []
        self._fingerprints = np.empty((0, SIDE, SIDE, 3), np.uint8)
        self._descriptors = np.empty((0, DIM), np.float32)

    @property
    def fingerprints(self) -> ByteArray:
        """(N, 32, 32, 3), of `rows`."""
        return self._fingerprints[: len(self.rows)]

    @property
    def descriptors(self) -> FloatArray:
        """(N, 384), of `rows`."""
        return self._descriptors[: len(self.rows)]

    def update(self, job: Job[Any] | None = None) -> None:
        """Take in what was stored since; a picture whose file can't be read is left out.

        Args:
            job: shows the progress of reading pictures that have no fingerprint yet, and may be cancelled.

        Raises:
            JobCancelled: the job was cancelled; what was taken in stays.
        """
        stored = self._store.fingerprints(self._last_id)
        unread = sum(not _has_value(one) for one in stored)
        for first in range(0, len(stored), _READ_TOGETHER):
            if job is not None:
                job.raise_if_cancelled()
                if unread > _READ_TOGETHER:
                    job.update(message=f"looking at the pictures, {first} of {len(stored)}")
            self._take_in(stored[first : first + _READ_TOGETHER])

    def _take_in(self, stored: Sequence[StoredFingerprint]) -> None:
        read = self._read([one for one in stored if not _has_value(one)])
        rows, values = [], []
        for one in stored:
            value = one.value if _has_value(one) else read.get(one.sha256)
            if value is not None:
                rows.append(Row(one.picture_id, one.sha256, one.original, one.parent_id))
                values.append(np.frombuffer(value, np.uint8).reshape(SIDE, SIDE, 3))
        if rows:
            start, end = len(self.rows), len(self.rows) + len(rows)
            self._grow(end)
            self._fingerprints[start:end] = values
            self._descriptors[start:end] = descriptors(self._fingerprints[start:end])
            self.rows += rows
        self._last_id = stored[-1].picture_id

    def _read(self, unknown: Sequence[StoredFingerprint]) -> dict[str, bytes]:
        if not unknown:
            return {}
        with ThreadPoolExecutor(_READERS, thread_name_prefix="fingerprints") as pool:
            values = list(pool.map(self._fingerprint, [one.picture_id for one in unknown]))
        read = {one.sha256: value for one, value in zip(unknown, values, strict=True) if value is not None}
        self._store.put_fingerprints(list(read.items()))
        return read

    def _fingerprint(self, picture_id: int) -> bytes | None:
        try:
            return fingerprint(self._store.load_image(picture_id)).tobytes()
        except StoreError:
            return None

    def _grow(self, count: int) -> None:
        """Make room, twice as much as is needed, so that adding to many costs no copy of all."""
        if count > len(self._fingerprints):
            for name in ("_fingerprints", "_descriptors"):
                old = getattr(self, name)
                new = np.empty((2 * count, *old.shape[1:]), old.dtype)
                new[: len(old)] = old
                setattr(self, name, new)


def _has_value(one: StoredFingerprint) -> bool:
    return one.value is not None and len(one.value) == _BYTES  # another length: of another version
