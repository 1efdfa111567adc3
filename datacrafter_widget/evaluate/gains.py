"""Do the session's own pictures help? One training without and one with them, for every seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.cells import trained
from datacrafter_widget.evaluate.comparing import prepared, seed_list
from datacrafter_widget.evaluate.data import read_data
from datacrafter_widget.evaluate.trainers import ClassifierTrainer, ProbeTrainer, Trainer
from datacrafter_widget.training.classifier import ClassifierSettings
from datacrafter_widget.training.results import Outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session
    from datacrafter_widget.training.intervals import Difference


@dataclass(frozen=True, eq=False, repr=False)
class Gain:
    """What a training gains by the generated pictures.

    Attributes:
        before: trained on the originals alone, one run a seed.
        after: trained on originals and generated pictures.
        trainer: what was trained.
        measure: what the numbers are: ``"accuracy"``, ``"mAP"``.
        tested_on: which pictures, for people.
        warnings: what limits the result, for people.
    """

    before: Outcomes
    after: Outcomes
    trainer: str
    measure: str
    tested_on: str
    warnings: tuple[str, ...] = ()

    @property
    def difference(self) -> Difference:
        """How much better it is with the generated pictures, seed by seed, with its 95 % interval."""
        return self.after.gain(self.before)

    @property
    def per_class(self) -> list[Difference]:
        """The same for each class."""
        return self.after.class_gains(self.before)

    def to_frame(self) -> pd.DataFrame:
        """A row for all classes together and one a class.

        Columns: ``class``, ``before``, ``after`` (means over the seeds), ``gain``, ``low``, ``high`` (95 %), ``p``.
        """
        import pandas as pd

        befores = [self.before.accuracy, *self.before.per_class]
        afters = [self.after.accuracy, *self.after.per_class]
        rows = [
            (name, before.mean, after.mean, gain.mean, gain.low, gain.high, gain.p_value)
            for name, before, after, gain in zip(
                ("all", *self.after.class_names),
                befores,
                afters,
                (self.difference, *self.per_class),
                strict=True,
            )
        ]
        return pd.DataFrame(rows, columns=["class", "before", "after", "gain", "low", "high", "p"])

    def __repr__(self) -> str:
        pictures = self.after.runs[0].pictures - self.before.runs[0].pictures
        return (
            f"{self.trainer}, {self.measure} on {self.tested_on}: {self.before.accuracy} with the originals, "
            f"{self.after.accuracy} with {pictures} more pictures, a gain of {self.difference}"
        )

    def _repr_html_(self) -> str:
        lines = []
        for row in self.to_frame().to_dict("records"):
            p = "" if math.isnan(row["p"]) else f"{row['p']:.3f}"
            numbers = [f"{row['before']:.3f}", f"{row['after']:.3f}", f"{row['gain']:+.3f}"]
            numbers += ["" if math.isnan(row["low"]) else f"{row['low']:+.3f} … {row['high']:+.3f}", p]
            cells = "".join(f"<td>{each}</td>" for each in numbers)
            lines.append(f"<tr><th>{escape(row['class'])}</th>{cells}</tr>")
        heads = ("class", f"{self.measure} before", "after", "gain", "95 %", "p")
        head = "".join(f"<th>{escape(each)}</th>" for each in heads)
        said = (
            f"{self.trainer}, tested on {self.tested_on}; {len(self.after.runs)} seeds, "
            f"{self.before.runs[0].pictures} and {self.after.runs[0].pictures} pictures."
        )
        notes = "".join(f"<p>{escape(each)}</p>" for each in (said, *self.warnings))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{notes}"


def linear_probe(session: Session, *, seeds: int | Sequence[int] = 10, test: Any = None) -> Job[Gain]:
    """What a linear probe on the encoder's features gains by the session's visible generated pictures.

    Quick, and often in line with what a classifier gains. The L2 penalty is chosen on the validation pictures; each
    seed draws the training pictures anew, with replacement (see `ProbeTrainer`). What was trained before is not
    trained again.

    Args:
        session: whose pictures. Those that are flagged don't count, as in an export.
        seeds: how many runs, or their seeds.
        test: test pictures in any form that `Session.open` takes; by default the session's held-out test set, or,
            with a warning, a quarter of the originals.

    Returns:
        A job whose result is the `Gain`; ``result.after.confusion`` is the confusion matrix.

    Raises:
        InputError: no seeds. The job raises what is wrong with the pictures.
    """
    return gain(session, ProbeTrainer(), "Linear probe", seeds=seeds, test=test)


def classifier(
    session: Session,
    settings: ClassifierSettings | None = None,
    *,
    seeds: int | Sequence[int] = 3,
    test: Any = None,
) -> Job[Gain]:
    """What an image classifier gains by the session's visible generated pictures.

    It stops early by the validation pictures. A training that was cut off goes on when it is asked for again, and
    one that is finished is not done again.

    Args:
        session: whose pictures. Those that are flagged don't count, as in an export.
        settings: the model and how it is trained: by default a ResNet-50 from scratch on all pictures mixed.
            ``ClassifierSettings(model="resnet18", pretrained=True, replacement=0.5)`` fine-tunes another one and
            shows it a generated picture in place of every second original.
        seeds: how many trainings, or their seeds.
        test: as in `linear_probe`.

    Returns:
        A job whose result is the `Gain`.

    Raises:
        InputError: no seeds. The job raises what is wrong with the pictures.
        ModelError: (the job) the model or its weights can't be had.
    """
    return gain(session, ClassifierTrainer(settings or ClassifierSettings()), "Train", seeds=seeds, test=test)


def gain(
    session: Session, trainer: Trainer, name: str, *, seeds: int | Sequence[int], test: Any = None
) -> Job[Gain]:
    """What a trainer of any kind gains by the session's visible generated pictures; see `linear_probe`."""
    numbers = seed_list(seeds)

    def run(job: Job[Gain]) -> Gain:
        data = prepared(session, trainer, read_data(session, test, job=job), job)
        if not len(data.generated):
            raise InputError(
                "expected visible generated pictures that no flag keeps out, found none; generate some with "
                "session.generate(…)"
            )
        both = data.originals.joined(trainer.prepare(session, data.generated, job))
        plan = [
            (what, train, seed)
            for what, train in (("originals", data.originals), ("with generated pictures", both))
            for seed in numbers
        ]
        runs = []
        for at, (what, train, seed) in enumerate(plan):
            job.update(done=at, total=len(plan))
            name = f"{what}, seed {seed}"
            runs.append(trained(session, trainer, train, data, seed=seed, job=job, what=name))
        before, after = runs[: len(numbers)], runs[len(numbers) :]
        return Gain(
            Outcomes(tuple(before), data.class_names),
            Outcomes(tuple(after), data.class_names),
            trainer.name,
            trainer.measure,
            data.tested_on,
            data.warnings,
        )

    return session.submit(run, name, kind="evaluate")
