"""Interim: how a round measures so far, while it is being made."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.session.measuring import Seen, measure_round
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Metric, Picture

PAUSE = 2.0
"""Seconds between two looks, at least."""
SHARE = 0.05
"""Of the time, at most, that looking takes."""
FEWEST = 4
"""Pictures of which nothing is said, being too few, are fewer than these."""
MOST = 1024
"""Pictures of either kind that are looked at; of more, these many spread over all."""


class Interim:
    """The measures of the round that is being made, of the pictures it has so far. Nothing of it is stored.

    Args:
        store: has the pictures.
        see: pictures → how the encoder sees those that it has seen.
        probabilities: features (N, D) → class probabilities (N, C).
        clock: seconds.

    Attributes:
        rows: the last measures; none once the round was measured as a whole.
    """

    def __init__(
        self,
        store: Store,
        see: Callable[[Sequence[Picture]], Seen],
        probabilities: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rows: tuple[Metric, ...] = ()
        self._store = store
        self._see = see
        self._probabilities = probabilities
        self._clock = clock
        self._next = 0.0

    def look(self, iteration: int) -> bool:
        """Measure the round so far if it is time to and there is enough of it; whether `rows` changed."""
        begun = self._clock()
        if begun < self._next:
            return False
        columns = self._store.picture_columns()
        made = self._some(
            columns.ids[columns.generated & (columns.iterations == iteration) & ~columns.hidden]
        )
        if len(made.classes) < FEWEST:
            return False
        originals = self._some(columns.ids[~columns.generated & ~columns.hidden])
        class_ids = [row.id for row in self._store.classes()]
        self.rows = tuple(
            Metric(iteration, *measure)
            for measure in measure_round(made, originals, class_ids, self._probabilities, fewest=FEWEST)
        )
        now = self._clock()
        self._next = now + max(PAUSE, (now - begun) / SHARE)
        return True

    def forget(self) -> None:
        """The round was measured as a whole."""
        self.rows = ()
        self._next = 0.0

    def _some(self, ids: NDArray[np.int64]) -> Seen:
        if len(ids) > MOST:
            ids = ids[np.linspace(0, len(ids) - 1, MOST).astype(int)]
        return self._see(self._store.pictures(ids=ids.tolist()))
