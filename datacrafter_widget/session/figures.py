"""Figures of a session for a notebook or a paper, as plain Plotly figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from datacrafter_widget.session.shown import Shown


class Figures:
    """`session.figures`: each method draws one figure and returns a `plotly.graph_objects.Figure`."""

    def __init__(self, session: Shown) -> None:
        self._session = session

    def map(self) -> go.Figure:
        """Originals (discs) and generated pictures (rings) on the map, with their content labels."""
        import plotly.graph_objects as go

        points = self._session.map_points()
        visible = points["hidden"] == 0
        figure = go.Figure()
        for index, row in enumerate(self._session.classes):
            for origin, symbol in enumerate(("circle", "circle-open")):
                mine = visible & (points["class_index"] == index) & (points["origin"] == origin)
                figure.add_scattergl(
                    x=points["x"][mine],
                    y=points["y"][mine],
                    mode="markers",
                    name=row.name,
                    legendgroup=row.name,
                    showlegend=origin == 0,
                    text=[f"{row.name} {picture}" for picture in points["id"][mine]],
                    hoverinfo="text",
                    marker={
                        "symbol": symbol,
                        "size": 7,
                        "color": f"hsl({index * 137.5 % 360:.0f}, 60%, 48%)",
                    },
                )
        for label in self._session.label_cut():
            figure.add_annotation(x=label["x"], y=label["y"], text=_plain(label["text"]), showarrow=False)
        figure.update_layout(**_layout(), width=900, height=640)
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False, scaleanchor="x")
        return figure

    def metrics(self) -> go.Figure:
        """Informativeness, diversity and distance over the iterations."""
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        rows = [row for row in self._session.metric_table() if row["class_id"] is None]
        names = list(dict.fromkeys(row["name"] for row in rows))
        figure = make_subplots(rows=1, cols=max(1, len(names)), subplot_titles=names or None)
        for column, name in enumerate(names, start=1):
            line = sorted((row["iteration"], row["value"]) for row in rows if row["name"] == name)
            x, y = zip(*line, strict=True)
            figure.add_trace(
                go.Scatter(x=x, y=y, mode="lines+markers", name=name, showlegend=False), 1, column
            )
            figure.update_xaxes(title_text="iteration", dtick=1, row=1, col=column)
        figure.update_layout(**_layout(), width=900, height=280)
        return figure


def _layout() -> dict[str, Any]:
    return {"template": "plotly_white", "margin": {"l": 30, "r": 10, "t": 40, "b": 40}}


def _plain(text: str) -> str:
    """Plotly reads HTML in annotations; text from data is not HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
