"""Projections side by side: their measures as a table, their maps as one figure (DataCrafter, Table 1)."""

import html
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection import baselines
from datacrafter_widget.projection.baselines.stacked import Projection
from datacrafter_widget.projection.m2m import M2M
from datacrafter_widget.projection.neighbors import Float32
from datacrafter_widget.projection.quality import projection_quality

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MEASURES = ("T", "C", "Tx", "Cx", "IMS")
FIGURE_COLUMNS = 4
MAP_PIXELS = 300

#: Name → class of what is compared if nothing else is asked for, in the order of the paper's table.
DEFAULT_METHODS: Mapping[str, Callable[[int], Projection]] = {
    "CDR": baselines.CDR,
    "t-SNE": baselines.TSNE,
    "UMAP": baselines.UMAP,
    "PCA": baselines.PCA,
    "MDS": baselines.MDS,
    "DCM": baselines.DataContextMap,
    "MFM": baselines.MFM,
    "M2M": lambda seed: M2M(random_state=seed),
}


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What `compare_projections` found; unpacks as ``table, figure = compare_projections(...)``.

    Attributes:
        table: a row a method, columns T, C, Tx, Cx, IMS and seconds (the first use of a library includes its
            loading and compiling).
        positions: method → positions of pictures (N, 2) and of labels (L, 2).
        labels: the L labels' texts, for the figure.
        class_of: (N,) names of the pictures' classes, or None.
    """

    table: "pd.DataFrame"
    positions: Mapping[str, tuple[Float32, Float32]]
    labels: tuple[str, ...]
    class_of: tuple[str, ...] | None = None

    def figure(self, class_of: Sequence[object] | npt.NDArray[Any] | None = None) -> "go.Figure":
        """The maps side by side: pictures as points, labels as text.

        Args:
            class_of: (N,) names of classes that colour the pictures; those given before if None.

        Raises:
            InputError: another number of classes than of pictures.
        """
        names = self.class_of if class_of is None else tuple(str(name) for name in class_of)
        n = len(next(iter(self.positions.values()))[0])
        if names is not None and len(names) != n:
            raise InputError(f"class_of: expected one class for each of {n} pictures, found {len(names)}.")
        return _figure(self.positions, self.labels, names)

    def __iter__(self) -> "Iterator[pd.DataFrame | go.Figure]":
        return iter((self.table, self.figure()))

    def __repr__(self) -> str:
        best = _best(self.table)
        cells = [["", *self.table.columns]]
        for name, row in self.table.iterrows():
            marks = ["*" if best[column] == row[column] else " " for column in self.table.columns]
            values = [_shown(column, row[column]) for column in self.table.columns]
            cells.append([str(name), *(f"{value}{mark}" for value, mark in zip(values, marks, strict=True))])
        cells[0][1:] = [f"{column} " for column in cells[0][1:]]  # above the figures, not above the mark
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        lines = [
            "  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(row))
            for row in (zip(line, widths, strict=True) for line in cells)
        ]
        return "\n".join([line.rstrip() for line in lines] + ["* the best of its column"])

    def _repr_html_(self) -> str:
        best = _best(self.table)
        head = "".join(f"<th>{html.escape(str(column))}</th>" for column in self.table.columns)
        rows = ""
        for name, row in self.table.iterrows():
            shown = [
                f"<b>{_shown(c, row[c])}</b>" if best[c] == row[c] else _shown(c, row[c])
                for c in self.table.columns
            ]
            rows += (
                f"<tr><th>{html.escape(str(name))}</th>{''.join(f'<td>{cell}</td>' for cell in shown)}</tr>"
            )
        return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def compare_projections(
    image_features: npt.ArrayLike,
    label_features: npt.ArrayLike,
    edges: npt.ArrayLike,
    *,
    methods: Mapping[str, Projection] | Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    class_of: Sequence[object] | npt.NDArray[Any] | None = None,
    n_neighbors: int = 30,
    random_state: int = 0,
    progress: Callable[[float], object] | None = None,
) -> Comparison:
    """Project one joint set with several methods and measure the maps (DataCrafter, Table 1).

    Args:
        image_features: (N, D) features of the pictures.
        label_features: (L, D) features of the labels in the same space.
        edges: (E, 2) index pairs (picture, label).
        methods: name → anything with M2M's `fit_transform`, or names of `DEFAULT_METHODS`; None for these all.
        labels: (L,) texts, for the figure; their numbers if None.
        class_of: (N,) names of the pictures' classes, for the figure's colours.
        n_neighbors: k of the measures.
        random_state: seed of the methods that are chosen by name.
        progress: called with the finished share, 0 to 1, before each method and at the end; may raise to stop.

    Returns:
        Table, positions and, from them, the figure.

    Raises:
        InputError: an unknown name, texts or classes that do not fit, or what a method says of its input.

    Example:
        >>> table, figure = compare_projections(x, v, edges, methods=["PCA", "M2M"])  # doctest: +SKIP
    """
    import pandas as pd

    chosen = _chosen(methods, random_state)
    n, m = len(np.asarray(image_features)), len(np.asarray(label_features))
    texts = tuple(str(text) for text in (range(m) if labels is None else labels))
    names = None if class_of is None else tuple(str(name) for name in class_of)
    if len(texts) != m or (names is not None and len(names) != n):
        raise InputError(
            f"compare_projections: expected {m} labels and {n} classes of pictures, found {len(texts)} and "
            f"{'none' if names is None else len(names)}."
        )
    report = progress or (lambda _share: None)
    positions, rows = {}, {}
    for i, (name, method) in enumerate(chosen.items()):
        report(i / len(chosen))
        start = time.perf_counter()
        positions[name] = method.fit_transform(image_features, label_features, edges)
        seconds = time.perf_counter() - start
        quality = projection_quality(
            image_features, label_features, edges, *positions[name], n_neighbors=n_neighbors
        )
        rows[name] = {**quality.as_dict(), "seconds": seconds}
    report(1.0)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[*MEASURES, "seconds"])
    table.index.name = "method"
    return Comparison(table, positions, texts, names)


def _chosen(
    methods: Mapping[str, Projection] | Sequence[str] | None, random_state: int
) -> Mapping[str, Projection]:
    if isinstance(methods, Mapping):
        chosen = methods
    else:
        known = {name.casefold(): name for name in DEFAULT_METHODS}
        asked = list(DEFAULT_METHODS) if methods is None else list(methods)
        unknown = [name for name in asked if name.strip().casefold() not in known]
        if unknown:
            raise InputError(
                f"methods: expected names among {', '.join(DEFAULT_METHODS)}, found {', '.join(unknown)}."
            )
        names = [known[name.strip().casefold()] for name in asked]
        chosen = {name: DEFAULT_METHODS[name](random_state) for name in names}
    if not chosen:
        raise InputError("methods: expected at least one, found none. Leave it out to compare all.")
    return chosen


def _best(table: "pd.DataFrame") -> dict[str, float]:
    """Column → its best value; the least for seconds."""
    return {c: float(table[c].min() if c == "seconds" else table[c].max()) for c in table.columns}


def _shown(column: str, value: float) -> str:
    return f"{value:.1f}" if column == "seconds" else f"{value:.3f}"


def _figure(
    positions: Mapping[str, tuple[Float32, Float32]],
    labels: Sequence[str],
    class_of: Sequence[str] | None,
) -> "go.Figure":
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    columns = min(FIGURE_COLUMNS, len(positions))
    rows = -(-len(positions) // columns)
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=[html.escape(name) for name in positions],
        horizontal_spacing=0.02,
        vertical_spacing=0.12 / rows,
    )
    n = len(next(iter(positions.values()))[0])
    names = np.array(["pictures"] * n if class_of is None else class_of, dtype=object)
    kinds = list(dict.fromkeys(names))
    for place, (images, words) in enumerate(positions.values()):
        cell = {"row": place // columns + 1, "col": place % columns + 1}
        for index, kind in enumerate(kinds):
            mine = names == kind
            colour = "#9aa5b1" if class_of is None else f"hsl({index * 137.5 % 360:.0f}, 60%, 48%)"
            trace = go.Scattergl(
                x=images[mine, 0],
                y=images[mine, 1],
                mode="markers",
                name=html.escape(kind),
                legendgroup=html.escape(kind),
                showlegend=place == 0 and class_of is not None,
                hoverinfo="name",
                marker={"size": 4, "color": colour, "opacity": 0.7},
            )
            figure.add_trace(trace, **cell)
        text = go.Scatter(
            x=words[:, 0],
            y=words[:, 1],
            mode="text",
            text=[html.escape(label) for label in labels],
            textfont={"size": 9, "color": "#1c2430"},
            hoverinfo="text",
            showlegend=False,
        )
        figure.add_trace(text, **cell)
        figure.update_xaxes(visible=False, **cell)
        suffix = "" if place == 0 else str(place + 1)
        figure.update_yaxes(visible=False, scaleanchor=f"x{suffix}", **cell)
    legend = 140 if class_of is not None else 0
    figure.update_layout(
        template="plotly_white",
        width=MAP_PIXELS * columns + legend + 40,
        height=MAP_PIXELS * rows + 60,
        legend={"tracegroupgap": 0, "itemsizing": "constant"},
        margin={"l": 20, "r": 20, "t": 40, "b": 20},
    )
    return figure
