"""Figures of evaluations: learning curves, cost against accuracy, and who is taken for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from numpy.typing import NDArray

WIDTH, HEIGHT = 720, 440  # pixels
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 60, 60
FONT = 13

#: Told apart by people who see colours differently (Okabe and Ito, 2008); the first is for the originals alone.
COLOURS = ("#5f6773", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "cross", "x")

BASE = "original"
BASE_NAME = "originals alone"
_BESIDE = 0.012  # of the axis: how far arms stand beside each other, so that no interval hides another
_MOST_COUNTS = 20  # classes with a number in every field


class Compared(Protocol):
    """A comparison of arms, such as `evaluate.compare` gives."""

    @property
    def trainer(self) -> str:
        """What was trained."""

    @property
    def measure(self) -> str:
        """What its numbers are."""

    @property
    def tested_on(self) -> str:
        """Which pictures."""

    @property
    def currency(self) -> str:
        """Of its costs."""

    def to_frame(self) -> pd.DataFrame:
        """A row for each arm and budget."""


class Confused(Protocol):
    """Tested trainings, such as `evaluate.Gain.after`, or an outcome of one."""

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(C, C) counts; rows are the true classes."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """(C,)."""


def learning_curves(comparison: Compared) -> go.Figure:
    """Accuracy over the number of pictures a class that were added, with 95 % intervals."""
    frame = comparison.to_frame()
    figure = _figure(comparison)
    right = 1.08 * (float(frame.budget.max()) or 1.0)
    arms = [arm for arm in dict.fromkeys(frame.arm) if arm != BASE]
    _draw_base(figure, frame, right)
    for at, arm in enumerate(arms):
        rows = frame[frame.arm == arm]
        beside = (at - (len(arms) - 1) / 2) * _BESIDE * right
        figure.add_scatter(x=rows.budget + beside, **_line(arm, at, rows))
    figure.update_xaxes(
        title_text="added pictures a class", tickvals=sorted(set(frame.budget)), range=[0, right]
    )
    return figure


def cost_accuracy(comparison: Compared) -> go.Figure:
    """Accuracy over what the added pictures cost: money where it is known for all arms, else machine time."""
    frame = comparison.to_frame()
    priced = bool(np.isfinite(frame.money).all() and (frame.money > 0).any())
    column, title = ("money", comparison.currency) if priced else ("seconds", "machine time, s")
    figure = _figure(comparison)
    right = 1.08 * (float(frame[column].max()) or 1.0)
    _draw_base(figure, frame, right)
    for at, arm in enumerate(arm for arm in dict.fromkeys(frame.arm) if arm != BASE):
        rows = frame[frame.arm == arm]
        figure.add_scatter(x=rows[column], **_line(arm, at, rows))
    figure.update_xaxes(title_text=f"cost of the added pictures, {title}", range=[0, right])
    return figure


def confusion(outcomes: Confused) -> go.Figure:
    """Which class was taken for which: rows are the true classes, in shares of their test pictures."""
    import plotly.graph_objects as go

    counts = np.asarray(outcomes.confusion)
    names = [_literal(name) for name in outcomes.class_names]
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, where=totals > 0, out=np.full(counts.shape, np.nan))
    told = [
        [f"{true} taken for {taken}: {counts[row, column]}" for column, taken in enumerate(names)]
        for row, true in enumerate(names)
    ]
    numbered = len(names) <= _MOST_COUNTS
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale=[[0, "#ffffff"], [0.5, "#6baed6"], [1, "#08306b"]],
            text=counts if numbered else None,
            texttemplate="%{text}" if numbered else None,
            hovertext=told,
            hoverinfo="text",
            xgap=1,
            ygap=1,
            colorbar={"title": "share", "tickformat": ".0%", "thickness": 14, "outlinewidth": 0},
        )
    )
    side = max(360, min(900, 34 * len(names)))
    letters = 7 * max((len(name) for name in outcomes.class_names), default=0)
    figure.update_layout(
        template="plotly_white",
        font={"size": FONT},
        width=side + letters + 160,
        height=side + letters + 90,
        plot_bgcolor="#e3e6ea",
        margin={"l": 20, "r": 20, "t": 30, "b": 20},
    )
    figure.update_xaxes(
        title_text="taken for", tickangle=-45, automargin=True, showgrid=False, constrain="domain"
    )
    figure.update_yaxes(
        title_text="true class",
        autorange="reversed",
        automargin=True,
        showgrid=False,
        scaleanchor="x",
        constrain="domain",
    )
    return figure


def _figure(comparison: Compared) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    said = f"{comparison.trainer}, tested on {comparison.tested_on}; 95 % intervals over seeds"
    figure.update_layout(
        template="plotly_white",
        font={"size": FONT},
        width=WIDTH,
        height=HEIGHT,
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
        title={"text": _literal(said), "font": {"size": FONT}, "x": 0, "xref": "paper", "xanchor": "left"},
    )
    figure.update_yaxes(title_text=comparison.measure, tickformat=".0%", zeroline=False)
    figure.update_xaxes(zeroline=False)
    return figure


def _line(arm: str, at: int, rows: pd.DataFrame) -> dict[str, Any]:
    """What is drawn of an arm, but where its points lie from left to right."""
    colour = COLOURS[1 + at % (len(COLOURS) - 1)]
    return {
        "y": rows["mean"],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": (rows.high - rows["mean"]).fillna(0),
            "arrayminus": (rows["mean"] - rows.low).fillna(0),
            "thickness": 1.5,
            "width": 4,
        },
        "mode": "lines+markers",
        "name": arm,
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "size": 9, "symbol": SYMBOLS[1 + at % (len(SYMBOLS) - 1)]},
        "hovertext": [
            f"{arm}, {row.budget} a class: {row['mean']:.1%} ({row.low:.1%} to {row.high:.1%})"
            for _, row in rows.iterrows()
        ],
        "hoverinfo": "text",
    }


def _draw_base(figure: go.Figure, frame: pd.DataFrame, right: float) -> None:
    """The originals alone, as a line with its band, up to the right end of the axis."""
    rows = frame[frame.arm == BASE]
    if not len(rows):
        return
    base = rows.iloc[0]
    if np.isfinite(base.low):
        figure.add_scatter(
            x=[0, right, right, 0],
            y=[base.low, base.low, base.high, base.high],
            fill="toself",
            fillcolor="rgba(95, 103, 115, 0.14)",
            mode="none",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=BASE,
        )
    figure.add_scatter(
        x=[0, right],
        y=[base["mean"]] * 2,
        mode="lines",
        name=BASE_NAME,
        legendgroup=BASE,
        line={"color": COLOURS[0], "width": 2, "dash": "dash"},
        hovertext=f"{BASE_NAME}: {base['mean']:.1%}",
        hoverinfo="text",
    )


def _literal(text: str) -> str:
    """Text from data as Plotly shows it: it reads HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
