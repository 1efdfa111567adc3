"""Figures of a session for a notebook or a paper, as plain Plotly figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels.placing import LabelBox, place_labels
from datacrafter_widget.session import evaluation_figures
from datacrafter_widget.session.label_views import label_members
from datacrafter_widget.session.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from datacrafter_widget.labels.view import View
    from datacrafter_widget.session.evaluation_figures import Compared, Confused
    from datacrafter_widget.session.shown import Shown

WIDTH, HEIGHT, LEGEND = 760, 560, 150  # of the map and of the room for its legend, pixels
PIXELS_A_LABEL = 120 * 60
FONT, MARK, INK = 13, 7, "#1f2530"
LETTER = 0.62  # width of a letter by the size of the font: rather too much


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
        x0, y0, x1, y1 = _view(points["x"][visible], points["y"][visible])
        self._label(figure, (x0, y0, x1, y1))
        figure.update_layout(**figure_layout(), width=WIDTH + 30 + LEGEND, height=HEIGHT + 80)
        figure.update_layout(margin={"r": LEGEND})
        figure.update_xaxes(visible=False, range=[x0, x1])
        figure.update_yaxes(visible=False, range=[y0, y1], scaleanchor="x")
        return figure

    def _label(self, figure: go.Figure, view: View) -> None:
        """Write the labels that stand for all where they do not overlap."""
        x0, _, _, y1 = view
        scale = WIDTH / (view[2] - x0)
        cut = self._session.label_cut(round(WIDTH * HEIGHT / PIXELS_A_LABEL))
        boxes = [
            LabelBox(
                (row["x"] - x0) * scale,
                (y1 - row["y"]) * scale,
                MARK / 2,
                LETTER * FONT * len(row["text"]),
                FONT,
            )
            for row in cut
        ]
        placed = place_labels(boxes, WIDTH, HEIGHT)
        shown = [cut[label.index] for label in placed]
        figure.add_scattergl(
            x=[row["x"] for row in shown],
            y=[row["y"] for row in shown],
            mode="markers",
            text=[
                f"{literal(row['text'])}: {row['originals']} originals, {row['generated']} generated"
                for row in shown
            ],
            hoverinfo="text",
            name="content labels",
            showlegend=bool(shown),
            marker={"symbol": "diamond", "size": MARK, "color": INK, "line": {"color": "white", "width": 1}},
        )
        for label, row in zip(placed, shown, strict=True):
            box = boxes[label.index]
            # at the end that is towards the mark: how long the text is, is only a guess
            anchor, shift = {
                "right": ("left", label.text_x),
                "left": ("right", label.text_x + box.width),
            }.get(label.side, ("center", label.text_x + box.width / 2))
            figure.add_annotation(
                x=row["x"],
                y=row["y"],
                text=literal(row["text"]),
                showarrow=False,
                xanchor=anchor,
                yanchor="middle",
                xshift=shift - box.x,
                yshift=box.y - label.text_y,
                borderpad=0,
                bgcolor="rgba(255, 255, 255, 0.7)",
                font={"size": FONT, "color": INK},
            )

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
        figure.update_layout(**figure_layout(), width=900, height=280)
        return figure

    def learning_curves(self, comparison: Compared) -> go.Figure:
        """What `evaluate.compare` found, over the number of added pictures a class; bars are 95 % intervals."""
        return evaluation_figures.learning_curves(comparison)

    def cost_accuracy(self, comparison: Compared) -> go.Figure:
        """What `evaluate.compare` found, over what the added pictures cost."""
        return evaluation_figures.cost_accuracy(comparison)

    def confusion(self, outcomes: Confused) -> go.Figure:
        """Which class is taken for which, counted over all seeds.

        Args:
            outcomes: such as ``comparison.outcomes("guided")``, or ``gain.after`` of `evaluate.linear_probe`.
        """
        return evaluation_figures.confusion(outcomes)

    def projections(
        self, methods: Sequence[str] | None = None, *, pictures: int = 1000, random_state: int = 0
    ) -> go.Figure:
        """Maps of the visible pictures and their content labels by several methods side by side.

        Args:
            methods: names of `projection.comparison.DEFAULT_METHODS`; all of them by default, which takes a while.
            pictures: at most so many, spread over all.
            random_state: seed of the methods.

        Raises:
            InputError: an unknown method, or no pictures with content labels yet.
        """
        with waiting("Project") as progress:
            return projected(
                self._session,
                methods,
                pictures,
                random_state,
                lambda share: progress(round(100 * share), 100),
            )


def projected(
    session: Shown,
    methods: Sequence[str] | None,
    most: int,
    random_state: int,
    progress: Callable[[float], object],
) -> go.Figure:
    """See `Figures.projections`."""
    from datacrafter_widget.projection.comparison import compare_projections

    store, encoder = session.store, session.models.encoder
    labels = store.labels()
    ids, features = store.embeddings(encoder.identity, [picture.id for picture in store.pictures()])
    chosen = np.unique(np.linspace(0, len(ids) - 1, min(most, len(ids))).astype(int))
    ids, features = ids[chosen], features[chosen]
    row = {int(picture): at for at, picture in enumerate(ids)}
    members = label_members(store)
    edges = [
        (row[picture], at)
        for at, label in enumerate(labels)
        for picture in members.get(label.id, ())
        if picture in row
    ]
    if not edges:
        raise InputError("expected pictures with content labels, found none; wait for session.observe()")
    class_of = {picture.id: picture.class_id for picture in store.pictures(ids=ids)}
    names = {each.id: each.name for each in session.classes}
    return compare_projections(
        features,
        encoder.encode_texts([label.text for label in labels]),
        np.array(edges),
        methods=methods,
        labels=[label.text for label in labels],
        class_of=[names[class_of[int(picture)]] for picture in ids],
        random_state=random_state,
        progress=progress,
    ).figure()


def _view(x: NDArray[np.float32], y: NDArray[np.float32]) -> View:
    """Everything, with some room around it, in the shape of the map."""
    if len(x) == 0:
        return (-1.0, -HEIGHT / WIDTH, 1.0, HEIGHT / WIDTH)
    unit = 1.1 * max(float(np.ptp(x)) / WIDTH, float(np.ptp(y)) / HEIGHT, 1e-6)
    middle_x, middle_y = float(x.max() + x.min()) / 2, float(y.max() + y.min()) / 2
    half_x, half_y = unit * WIDTH / 2, unit * HEIGHT / 2
    return (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)


def figure_layout() -> dict[str, Any]:
    """What all figures share."""
    return {"template": "plotly_white", "margin": {"l": 30, "r": 10, "t": 40, "b": 40}}


def literal(text: str) -> str:
    """Text from data as Plotly shows it: it reads HTML in annotations, and such text is none."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
