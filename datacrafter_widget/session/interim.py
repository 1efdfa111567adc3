"""Interim: how a round measures so far, while it is being made."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.session.measuring import RunningRound, Seen
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Metric, Picture

PAUSE = 2.0
"""Seconds between two looks, at least."""
SHARE = 0.05
"""Of the time, at most, that looking takes."""
FEWEST = 4
"""Pictures of which nothing is said, being too few, are fewer than these."""
MOST = 1024
"""Originals that a round is measured from; of more, these many spread over all."""


class Interim:
    """The measures of the round that is being made, of the pictures it has so far. Nothing of it is stored.

    A picture is looked at once. When something else changed than that there are more pictures of the round (one was
    removed, say), it begins anew.

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
        self._base: tuple[object, ...] = ()
        self._counted: dict[int, int] = {}
        self._round: RunningRound | None = None

    def look(self, iteration: int) -> bool:
        """Measure the round so far if it is time to and there is enough of it; whether `rows` changed."""
        begun = self._clock()
        if begun < self._next:
            return False
        self._add(iteration)
        if self._round is None or len(self._counted) < FEWEST:
            return False
        self.rows = tuple(Metric(iteration, *measure) for measure in self._round.measures(fewest=FEWEST))
        now = self._clock()
        self._next = now + max(PAUSE, (now - begun) / SHARE)
        return True

    def forget(self) -> None:
        """The round was measured as a whole."""
        self.rows = ()
        self._next = 0.0
        self._round = None

    def _add(self, iteration: int) -> None:
        """Count the pictures that are new."""
        columns = self._store.picture_columns()
        classes = self._store.classes()
        given = ~columns.generated & ~columns.hidden
        made = columns.generated & ~columns.hidden & (columns.iterations == iteration)
        there = dict(zip(columns.ids[made].tolist(), columns.class_ids[made].tolist(), strict=True))
        base = (
            iteration,
            columns.ids[given].tobytes(),
            columns.class_ids[given].tobytes(),
            [(row.id, row.word) for row in classes],
        )
        if self._round is None or base != self._base or not self._counted.items() <= there.items():
            originals = columns.ids[given]
            if len(originals) > MOST:
                originals = originals[np.linspace(0, len(originals) - 1, MOST).astype(int)]
            self._base, self._counted = base, {}
            self._round = RunningRound(
                self._look_at(originals.tolist()), [row.id for row in classes], self._probabilities
            )
        seen = self._look_at([each for each in there if each not in self._counted])
        self._round.add(seen)
        self._counted.update(zip(seen.ids.tolist(), seen.classes.tolist(), strict=True))

    def _look_at(self, ids: list[int]) -> Seen:
        return self._see(self._store.pictures(ids=ids))
