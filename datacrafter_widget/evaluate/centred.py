"""CLER of a session: what its generated pictures tell of the classes, without training (GenBench, Sec. 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.data import ROLES, VALIDATION_SHARE, read_data
from datacrafter_widget.evaluate.retrieval import class_texts
from datacrafter_widget.evaluate.trainers import ProbeTrainer
from datacrafter_widget.metrics.cler import class_means, ensembled, predicted, warn_of_test_split
from datacrafter_widget.session.scoring import share

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session
    from datacrafter_widget.store.records import HeldOutRole
    from datacrafter_widget.training.intervals import Interval


HELD_OUT = "the session's held-out validation set"


@dataclass(frozen=True)
class Score:
    """CLER of one set of pictures.

    Attributes:
        value: the share of the test pictures that are told right, with a 95 % bootstrap interval over these pictures.
        per_class: the same for each class; NaN for one without test pictures.
    """

    value: Interval
    per_class: tuple[Interval, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ClerReport:
    """CLER of a session's generated pictures, and what to read it against.

    Attributes:
        generated: of the visible generated pictures.
        ensemble: of them and the classes' texts together: the paper's ensemble.
        originals: of the originals, the mark to reach.
        text: of the classes' texts alone: without any picture.
        class_names: (C,).
        tested_on: which pictures, for people.
        warnings: what limits the result, for people.
    """

    generated: Score
    ensemble: Score
    originals: Score
    text: Score
    class_names: tuple[str, ...]
    tested_on: str
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """A row for all classes together and one a class.

        Columns: ``class``, and for ``generated``, ``ensemble``, ``originals`` and ``text`` the value and its interval
        (``generated_low``, ``generated_high`` …).
        """
        import pandas as pd

        columns: dict[str, list[Any]] = {"class": ["all", *self.class_names]}
        for name, score in self._scores().items():
            every = (score.value, *score.per_class)
            columns[name] = [each.mean for each in every]
            columns[f"{name}_low"] = [each.low for each in every]
            columns[f"{name}_high"] = [each.high for each in every]
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        values = ", ".join(f"{name} {score.value}" for name, score in self._scores().items())
        return f"CLER on {self.tested_on}: {values}"

    def _repr_html_(self) -> str:
        scores = self._scores()
        head = "".join(f"<th>{name}</th>" for name in ("class", *scores))
        lines = []
        for at, name in enumerate(("all", *self.class_names)):
            cells = [str((score.value, *score.per_class)[at]) for score in scores.values()]
            row = "".join(f"<td>{cell}</td>" for cell in cells)
            lines.append(f"<tr><th>{escape(name)}</th>{row}</tr>")
        notes = "".join(f"<p>{escape(each)}</p>" for each in (f"On {self.tested_on}.", *self.warnings))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{notes}"

    def _scores(self) -> dict[str, Score]:
        return {name: getattr(self, name) for name in ("generated", "ensemble", "originals", "text")}


def cler(session: Session, *, on: HeldOutRole = "validation") -> Job[ClerReport]:
    """CLER of the session's visible generated pictures (GenBench, Eq. 1 and Alg. 1), without training anything.

    It is a guess at what a linear probe that is trained on these pictures alone would reach.

    Args:
        session: whose pictures. Those that are flagged don't count.
        on: ``"validation"``: the session's held-out validation set, or, where there is none, a fifth of the
            originals, with all that was made from them left out. ``"test"``, which warns: what is chosen by the
            score can't be judged by these pictures any more.

    Returns:
        A job whose result is the `ClerReport`.

    Raises:
        InputError: another word for `on`. The job raises it when there are no generated pictures.
    """
    if on not in ROLES:
        raise InputError(f"on: expected 'validation' or 'test', found {on!r}")
    if on == "test":
        warn_of_test_split()

    def run(job: Job[ClerReport]) -> ClerReport:
        data = read_data(session, job=job, roles=[on])
        judges, tested_on = data.test, data.tested_on
        if on == "validation":
            held = bool(session.store.held_out("validation"))
            judges = data.validation
            tested_on = HELD_OUT if held else f"a split of {VALIDATION_SHARE:.0%} of the originals"
        if not len(data.generated):
            raise InputError("expected visible generated pictures, found none; use session.generate(…)")
        looks = ProbeTrainer()
        count = len(data.class_names)
        texts = class_texts(session)
        judged = looks.prepare(session, judges, job)

        def score(centres: NDArray[np.float64]) -> Score:
            right = predicted(centres, judged.features) == judged.pictures.classes
            return _score(right, judged.pictures.classes, count)

        means = [
            class_means(known.features, known.pictures.classes, count)
            for known in (looks.prepare(session, part, job) for part in (data.generated, data.originals))
        ]
        return ClerReport(
            score(means[0]),
            score(ensembled(means[0], texts)),
            score(means[1]),
            score(np.asarray(texts, np.float64)),
            data.class_names,
            tested_on,
            data.warnings,
        )

    return session.submit(run, "CLER", kind="evaluate")


def _score(right: NDArray[np.bool_], classes: NDArray[np.int64], class_count: int) -> Score:
    own = [right[classes == place] for place in range(class_count)]
    return Score(share(right), tuple(share(each) for each in own))
