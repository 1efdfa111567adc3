"""Which of the rows that wait for work are being worked on by a job of this process."""

import threading
from collections.abc import Iterable


class UnderWay:
    """Ids of rows that jobs work on: what is "running" in the store and not among them was cut off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: set[int] = set()

    def add(self, ids: Iterable[int]) -> None:
        """Work on these begins."""
        with self._lock:
            self._ids.update(ids)

    def remove(self, ids: Iterable[int]) -> set[int]:
        """Work on these ends; those that were worked on."""
        with self._lock:
            left = self._ids.intersection(ids)
            self._ids -= left
        return left

    def cut_off(self, running: Iterable[int]) -> list[int]:
        """Those of the running rows that nothing works on."""
        with self._lock:
            return [each for each in running if each not in self._ids]
