"""The result of trying out prompt strategies: a table, and what it says at a glance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from datacrafter_widget.generation.strategies import find_strategy
from datacrafter_widget.session.plain import plain

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import plotly.graph_objects as go

    from datacrafter_widget.evaluate.set_scores import SetScores
    from datacrafter_widget.training.intervals import Interval

_RAREST = 3  # classes that the note on the domain gap names
_SHARES = ("cler", "cler_ensemble", "probe_accuracy")
_HEADS = (
    "strategy",
    "a class",
    "CLER",
    "ensemble",
    "probe",
    "CLIP score",
    "FID",
    "CMMD",
    "diversity",
    "s a picture",
)


@dataclass(frozen=True)
class StrategyRow:
    """One strategy at one budget.

    Attributes:
        strategy: GenBench's abbreviation.
        per_class: pictures a class.
        scores: what they are worth.
        seconds: that a picture took to generate.
        energy_wh: the same; None where it is not known.
        money: the same, by the session's prices; None without any.
        folder: the pictures, to look at with ``Session.open``.
    """

    strategy: str
    per_class: int
    scores: SetScores
    seconds: float
    energy_wh: float | None
    money: float | None
    folder: Path


@dataclass(frozen=True)
class DomainGap:
    """How near a caption corpus comes to the classes' names (GenBench, Sec. 3.3).

    Attributes:
        similarity: class → mean similarity of its word to its nearest captions. Less is rarer: expect less of
            generated pictures.
        captions: how many there are.
        nearest: how many of them counted for a class.
    """

    similarity: dict[str, float]
    captions: int
    nearest: int

    @property
    def mean(self) -> float:
        """Of the data set: the mean over its classes."""
        return math.fsum(self.similarity.values()) / len(self.similarity)


@dataclass(frozen=True)
class StrategyReport:
    """Strategies by budgets by scores (GenBench, Table 2).

    Attributes:
        rows: a strategy at a budget each.
        zero_shot: what the encoder recognises by the classes' names alone: what generated pictures are to add to.
        measured_on: the real pictures.
        domain_gap: None without captions.
        currency: of `StrategyRow.money`.
    """

    rows: tuple[StrategyRow, ...]
    zero_shot: Interval
    measured_on: str
    domain_gap: DomainGap | None
    currency: str = "USD"

    @property
    def best(self) -> StrategyRow:
        """The row with the best CLER."""
        return max(self.rows, key=lambda row: row.scores.cler.mean)

    def to_frame(self) -> pd.DataFrame:
        """A row for each strategy and budget; shares have columns for the ends of their intervals."""
        import pandas as pd

        return pd.DataFrame([_columns(row) for row in self.rows])

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; accuracies are shares of 1."""
        gap = self.domain_gap
        return {
            "measured_on": self.measured_on,
            "zero_shot": _ends(self.zero_shot),
            "rows": [
                plain(
                    {
                        "strategy": row.strategy,
                        "per_class": row.per_class,
                        **asdict(row.scores),
                        "seconds": row.seconds,
                        "energy_wh": row.energy_wh,
                        "money": row.money,
                    }
                )
                for row in self.rows
            ],
            "domain_gap": None if gap is None else {**asdict(gap), "mean": gap.mean},
            "currency": self.currency,
        }

    def figure(self) -> go.Figure:
        """CLER by budget, a line for each strategy, with the zero-shot accuracy."""
        import plotly.graph_objects as go

        figure = go.Figure()
        for name in dict.fromkeys(row.strategy for row in self.rows):
            own = [row for row in self.rows if row.strategy == name]
            scores = [row.scores.cler for row in own]
            figure.add_scatter(
                x=[row.per_class for row in own],
                y=[each.mean for each in scores],
                error_y={
                    "array": [each.high - each.mean for each in scores],
                    "arrayminus": [each.mean - each.low for each in scores],
                    "thickness": 1,
                },
                mode="lines+markers",
                name=f"{name} {find_strategy(name).title}",
            )
        figure.add_hline(self.zero_shot.mean, line_dash="dot", annotation_text="zero-shot")
        figure.update_layout(
            template="plotly_white", xaxis_title="generated pictures a class", yaxis_title="CLER", height=420
        )
        figure.update_yaxes(tickformat=".0%")
        return figure

    def __str__(self) -> str:
        import pandas as pd

        heads = [*_HEADS, f"{self.currency} a picture"]
        table = pd.DataFrame([_texts(row) for row in self.rows], columns=heads)
        return f"{table.to_string(index=False)}\n\n{self._notes()}"

    def _repr_html_(self) -> str:
        heads = [*_HEADS, f"{self.currency} a picture"]
        head = "".join(f"<th>{escape(each)}</th>" for each in heads)
        body = "".join(f"<tr>{_cells(row, bold=row is self.best)}</tr>" for row in self.rows)
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{escape(self._notes())}</p>"
        )

    def _notes(self) -> str:
        text = (
            f"Measured on {self.measured_on}, of which {_percent(self.zero_shot)} are recognised zero-shot."
        )
        if self.domain_gap is None:
            return text
        gap = self.domain_gap
        rarest = sorted(gap.similarity, key=gap.similarity.__getitem__)[:_RAREST]
        least = ", ".join(f"{name} {gap.similarity[name]:.3f}" for name in rarest)
        return (
            f"{text} Mean text similarity to the {gap.nearest} nearest of {gap.captions} captions: {gap.mean:.3f}; "
            f"least for {least}."
        )


def _columns(row: StrategyRow) -> dict[str, Any]:
    columns: dict[str, Any] = {"strategy": row.strategy, "per_class": row.per_class}
    for name, value in vars(row.scores).items():
        if name in _SHARES:
            columns |= {name: value.mean, f"{name}_low": value.low, f"{name}_high": value.high}
        else:
            columns[name] = value
    return columns | {"seconds": row.seconds, "energy_wh": row.energy_wh, "money": row.money}


def _texts(row: StrategyRow) -> list[str]:
    scores = row.scores
    return [
        f"{row.strategy} {find_strategy(row.strategy).title}",
        str(row.per_class),
        *(_percent(getattr(scores, name)) for name in _SHARES),
        f"{scores.clip_score:.1f}",
        f"{scores.fid:.3f}",
        f"{scores.cmmd:.2f}",
        "none" if math.isnan(scores.diversity) else f"{scores.diversity:.2f}",
        f"{row.seconds:.3g}",
        "?" if row.money is None else f"{row.money:.2g}",
    ]


def _cells(row: StrategyRow, *, bold: bool) -> str:
    cells = [f"<td>{escape(text)}</td>" for text in _texts(row)]
    if bold:
        cells[2] = cells[2].replace("<td>", "<td><b>").replace("</td>", "</b></td>")
    return "".join(cells)


def _percent(value: Interval) -> str:
    if math.isnan(value.mean):
        return "none"
    return f"{100 * value.mean:.1f} ± {100 * value.half_width:.1f} %".replace(" ", "\N{NO-BREAK SPACE}")


def _ends(value: Interval) -> Any:
    return plain({"mean": value.mean, "low": value.low, "high": value.high})
