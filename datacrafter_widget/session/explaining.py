"""Why a prompt is proposed, as a table and a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from datacrafter_widget.session.figures import figure_layout, literal

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_BEFORE, _AFTER = "#b9c0cc", "#3565c4"
_ROOM_A_ROW = 34


class Explanation(NamedTuple):
    """Why a prompt is proposed.

    Attributes:
        table: a row an edit: ``change``, ``gain`` (how much better the prompt scores with it than without,
            in standard deviations; NaN when it was not measured) and ``standard_error``.
        figure: the edits' gains, the objective's terms before and after, and the score over the generations.
    """

    table: pd.DataFrame
    figure: go.Figure


def explain(row: dict[str, Any]) -> Explanation:
    """Explain a row of `Session.proposal_table`."""
    import pandas as pd

    table = pd.DataFrame(
        [(edit["text"], edit["gain"], edit["standard_error"]) for edit in row["edits"]],
        columns=["change", "gain", "standard_error"],
    ).astype({"gain": float, "standard_error": float})
    return Explanation(table, _figure(row, table))


def _figure(row: dict[str, Any], table: pd.DataFrame) -> go.Figure:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    titles = ("What each change brought", "Terms of the objective", "Score over the search")
    figure = make_subplots(rows=1, cols=3, subplot_titles=titles, horizontal_spacing=0.12)
    measured = table.dropna(subset="gain")[::-1]
    figure.add_trace(
        go.Bar(
            x=measured["gain"],
            y=[literal(change) for change in measured["change"]],
            error_x={"type": "data", "array": measured["standard_error"]},
            orientation="h",
            marker_color=_AFTER,
            showlegend=False,
        ),
        1,
        1,
    )
    for side, colour in (("before", _BEFORE), ("after", _AFTER)):
        terms = row["terms"][side]
        names = [f"{name} (weight {row['weights'].get(name, 1):g})" for name in terms]
        figure.add_trace(go.Bar(x=names, y=list(terms.values()), name=side, marker_color=colour), 1, 2)
    generations = row["generations"]
    figure.add_trace(
        go.Scatter(
            x=[each["proxies"] for each in generations],
            y=[each["score"] for each in generations],
            text=[literal(each["template"]) for each in generations],
            mode="lines+markers",
            marker_color=_AFTER,
            showlegend=False,
        ),
        1,
        3,
    )
    figure.update_xaxes(title_text="standard deviations", row=1, col=1)
    figure.update_xaxes(title_text="pictures generated", rangemode="tozero", row=1, col=3)
    figure.update_yaxes(automargin=True, row=1, col=1)
    figure.update_layout(**figure_layout(), width=980, height=max(300, 180 + _ROOM_A_ROW * len(measured)))
    return figure
