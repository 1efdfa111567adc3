"""What a comparison of arms found: accuracies with intervals, tests of the differences, and what each arm cost."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.intervals import Difference, Interval, mean_interval, paired_difference
from datacrafter_widget.training.results import Outcome, Outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from datacrafter_widget.session.cost_report import Amounts

NOTHING = "–"  # noqa: RUF001 - as an interval without values is written
BASE = "original"
"""The arm without pictures beside the originals; its budget is 0."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One training of a comparison.

    Attributes:
        arm: where the pictures beside the originals came from.
        budget: how many of them a class, as asked for; 0 for the originals alone.
        added: how many of them in all, as there were.
        outcome: what came of it.
    """

    arm: str
    budget: int
    added: int
    outcome: Outcome


@dataclass(frozen=True)
class ArmCost:
    """What the pictures of an arm took.

    Attributes:
        total: everything that was done for the arm.
        usable: how many pictures came of it that can be trained on.
    """

    total: Amounts
    usable: int

    def of(self, pictures: int) -> tuple[float, float | None]:
        """Seconds and money for so many usable pictures, at the arm's average; None: not known."""
        if not pictures or not self.usable:
            return 0.0, 0.0
        share = pictures / self.usable
        money = self.total.money
        return self.total.seconds * share, None if money is None else money * share


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The arms of a comparison, each trained and tested at each budget with each seed.

    Intervals are over the seeds, by Student's t: they tell how far another training (and, below the largest
    budget, other pictures of the arm) would lie, not how far other test pictures would.

    Attributes:
        cells: all trainings.
        class_names: (C,).
        costs: arm → what its pictures took.
        trainer: what was trained.
        measure: what the numbers are a share of: ``"accuracy"``, ``"mAP"``.
        tested_on: which pictures, for people.
        currency: of the costs, as in ``"USD"``.
        folders: arm → a folder that `Session.open` opens to look at its pictures.
        warnings: what limits the result, for people.
    """

    cells: tuple[Cell, ...]
    class_names: tuple[str, ...]
    costs: Mapping[str, ArmCost]
    trainer: str
    measure: str
    tested_on: str
    currency: str = "USD"
    folders: Mapping[str, str] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def arms(self) -> list[str]:
        """The arms, in the order in which they were asked for."""
        return list(dict.fromkeys(cell.arm for cell in self.cells))

    @property
    def budgets(self) -> list[int]:
        """Pictures a class, ascending; without the 0 of the originals alone."""
        return sorted({cell.budget for cell in self.cells if cell.budget})

    def outcomes(self, arm: str, budget: int | None = None) -> Outcomes:
        """The trainings of an arm.

        Args:
            arm: one of `arms`.
            budget: pictures a class; the largest by default. The arm "original" has one only.

        Raises:
            InputError: there is no such arm or budget.
        """
        wanted = 0 if arm == BASE else (max(self.budgets, default=0) if budget is None else budget)
        found = [cell.outcome for cell in self.cells if (cell.arm, cell.budget) == (arm, wanted)]
        if not found:
            raise InputError(
                f"expected an arm among {', '.join(self.arms)} and a budget among {self.budgets}, found {arm!r} "
                f"and {budget}"
            )
        return Outcomes(tuple(found), self.class_names)

    def interval(self, arm: str, budget: int | None = None, *, level: float = 0.95) -> Interval:
        """Accuracy (or mAP) of an arm over seeds; arguments as `outcomes`."""
        return mean_interval([run.accuracy for run in self.outcomes(arm, budget).runs], level)

    def difference(
        self, arm: str, other: str, budget: int | None = None, *, level: float = 0.95
    ) -> Difference:
        """How much better one arm is than another at a budget, seed by seed; not corrected for many tests.

        Raises:
            InputError: there is no such arm or budget.
        """
        mine, theirs = self._by_seed(arm, budget), self._by_seed(other, budget)
        seeds = [seed for seed in mine if seed in theirs]
        return paired_difference([mine[seed] for seed in seeds], [theirs[seed] for seed in seeds], level)

    def tests(self) -> pd.DataFrame:
        """Every arm against every other at each budget: paired t-tests over the seeds.

        Columns: ``budget``, ``arm``, ``other``, ``difference``, ``low``, ``high`` (95 %), ``p``, and
        ``p_holm``, corrected by Holm's method for the tests at that budget.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for budget in self.budgets:
            pairs = [
                (arm, other, self.difference(arm, other, budget))
                for other, arm in itertools.combinations(self.arms, 2)
            ]
            corrected = holm([each.p_value for _, _, each in pairs])
            rows += [
                {
                    "budget": budget,
                    "arm": arm,
                    "other": other,
                    "difference": each.mean,
                    "low": each.low,
                    "high": each.high,
                    "p": each.p_value,
                    "p_holm": p_holm,
                }
                for (arm, other, each), p_holm in zip(pairs, corrected, strict=True)
            ]
        columns = ["budget", "arm", "other", "difference", "low", "high", "p", "p_holm"]
        return pd.DataFrame(rows, columns=columns)

    def to_frame(self) -> pd.DataFrame:
        """A row for each arm and budget.

        Columns: ``arm``, ``budget``, ``added`` (pictures beside the originals), ``mean``, ``low``, ``high``
        (accuracy or mAP with its 95 % interval), ``gain``, ``gain_low``, ``gain_high`` (over the originals
        alone, seed by seed; NaN where that arm is missing), ``p_holm`` (of the gain; see `tests`), ``seeds``,
        and ``seconds`` and ``money`` that so many pictures of the arm took.
        """
        import pandas as pd

        tests = self.tests()
        rows = [self._row(arm, budget, tests) for arm, budget in self._places()]
        return pd.DataFrame(rows).astype({"money": float})

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "cells": [{**vars(cell), "outcome": cell.outcome.to_json()} for cell in self.cells],
            "class_names": list(self.class_names),
            "costs": {arm: asdict(cost) for arm, cost in self.costs.items()},
            "trainer": self.trainer,
            "measure": self.measure,
            "tested_on": self.tested_on,
            "currency": self.currency,
            "folders": dict(self.folders or {}),
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        lines = [
            f"{arm:>12} {budget or '':>5}  {self.interval(arm, budget)}" for arm, budget in self._places()
        ]
        return "\n".join([f"{self.trainer}, {self.measure} on {self.tested_on}", *lines])

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        priced = bool((frame.money > 0).any())
        heads = ["arm", "a class", self.measure, "gain over the originals", "p (Holm)", "seconds"]
        heads += [self.currency] if priced else []
        lines = []
        for row in frame.to_dict("records"):
            gain = Interval(row["gain"], row["gain_low"], row["gain_high"], row["seeds"])
            cells = [
                escape(row["arm"]),
                str(row["budget"] or NOTHING),
                str(Interval(row["mean"], row["low"], row["high"], row["seeds"])),
                NOTHING if row["arm"] == BASE else _signed(gain),
                _p(row["p_holm"]),
                f"{row['seconds']:.4g}",
            ]
            if priced:
                cells.append("?" if math.isnan(row["money"]) else f"{row['money']:.4g}")
            lines.append("".join(f"<td>{cell}</td>" for cell in cells))
        head = "".join(f"<th>{escape(each)}</th>" for each in heads)
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        said = f"{self.trainer}, tested on {self.tested_on}; 95 % intervals over {self._seed_count()} seeds."
        notes = "".join(f"<p>{escape(each)}</p>" for each in (said, *self.warnings))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"

    def _by_seed(self, arm: str, budget: int | None) -> dict[int, float]:
        return {run.seed: run.accuracy for run in self.outcomes(arm, budget).runs}

    def _places(self) -> list[tuple[str, int]]:
        return list(dict.fromkeys((cell.arm, cell.budget) for cell in self.cells))

    def _row(self, arm: str, budget: int, tests: pd.DataFrame) -> dict[str, Any]:
        outcome = self.interval(arm, budget)
        nothing = Difference(math.nan, math.nan, math.nan, 0, math.nan)
        gain, p_holm = nothing, math.nan
        if BASE in self.arms and arm != BASE:
            gain = self.difference(arm, BASE, budget)
            both = tests[
                (tests.budget == budget) & tests.arm.isin([arm, BASE]) & tests.other.isin([arm, BASE])
            ]
            p_holm = float(both.p_holm.iloc[0])
        added = next(cell.added for cell in self.cells if (cell.arm, cell.budget) == (arm, budget))
        seconds, money = self.costs[arm].of(added)
        return {
            "arm": arm,
            "budget": budget,
            "added": added,
            "mean": outcome.mean,
            "low": outcome.low,
            "high": outcome.high,
            "gain": gain.mean,
            "gain_low": gain.low,
            "gain_high": gain.high,
            "p_holm": p_holm,
            "seeds": outcome.count,
            "seconds": seconds,
            "money": money,
        }

    def _seed_count(self) -> int:
        return len({cell.outcome.seed for cell in self.cells})


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """P-values of several tests, corrected so that the chance of any false finding stays what one p-value says.

    Holm (1979): the k-th smallest of m is multiplied by m - k + 1, and none becomes smaller than one before it.

    Args:
        p_values: (m,); NaN, of a test that could not be made, stays and does not count.

    Returns:
        (m,) at most 1.
    """
    values = np.asarray(p_values, np.float64)
    corrected = np.full(len(values), np.nan)
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return corrected


def _signed(interval: Interval) -> str:
    text = str(interval)
    return text if interval.mean < 0 or math.isnan(interval.mean) else f"+{text}"


def _p(value: float) -> str:
    if math.isnan(value):
        return NOTHING
    return f"{value:.3f}" if value >= 0.001 else "&lt; 0.001"
