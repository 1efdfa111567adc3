"""Projections side by side: table, figure and command."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from worlds import planted

from datacrafter_widget.cli import main
from datacrafter_widget.errors import InputError, JobCancelled
from datacrafter_widget.projection import baselines, compare_projections, projection_quality

N, L = 120, 15
COLUMNS = ["T", "C", "Tx", "Cx", "IMS", "seconds"]


class Line:
    """Anything with the interface can be compared: this one puts all on a line."""

    def fit_transform(self, image_features, label_features, edges=()):  # noqa: ARG002
        return tuple(
            np.stack([np.arange(len(f)), np.zeros(len(f))], axis=1).astype(np.float32)
            for f in (image_features, label_features)
        )


@pytest.fixture(scope="module")
def world():
    return planted(N, n_labels=L, seed=2)


@pytest.fixture(scope="module")
def comparison(world):
    images, labels, edges, group = world
    return compare_projections(
        images,
        labels,
        edges,
        methods={"PCA": baselines.PCA(), "a <b>line</b>": Line()},
        labels=["<i>one</i>", *map(str, range(1, L))],
        class_of=[f"<u>{g}</u>" for g in group],
        n_neighbors=10,
    )


def test_the_table_holds_the_measures_of_the_positions(comparison, world):
    images, labels, edges, _ = world
    table, figure = comparison
    assert isinstance(table, pd.DataFrame)
    assert isinstance(figure, go.Figure)
    assert list(table.columns) == COLUMNS
    assert list(table.index) == ["PCA", "a <b>line</b>"]
    for name, placed in comparison.positions.items():
        expected = projection_quality(images, labels, edges, *placed, n_neighbors=10)
        assert table.loc[name, COLUMNS[:5]].to_dict() == expected.as_dict()
    assert (table["seconds"] > 0).all()


def test_the_best_of_each_column_is_marked(comparison):
    lines = str(comparison).splitlines()
    row = next(line for line in lines if line.startswith("PCA"))
    best = comparison.table["T"].idxmax() == "PCA"
    assert (f"{comparison.table.loc['PCA', 'T']:.3f}*" in row) == best
    assert sum(line.count("*") for line in lines[1:-1]) >= len(COLUMNS)
    page = comparison._repr_html_()
    assert "<b>line" not in page
    assert page.count("<b>") >= len(COLUMNS)


def test_the_figure_shows_everything_and_takes_no_markup_from_data(comparison, world):
    figure = comparison.figure()
    dots = [trace for trace in figure.data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in dots) == 2 * N
    assert len({trace.name for trace in dots}) == len(set(world[3]))
    (first, second) = [trace for trace in figure.data if trace.mode == "text"]
    assert len(first.text) == len(second.text) == L
    assert "<i>" not in figure.to_json()
    assert "<u>" not in figure.to_json()
    assert "<b>" not in figure.to_json()
    assert len([t for t in comparison.figure([1] * N).data if t.mode == "markers"]) == 2
    with pytest.raises(InputError, match="120 pictures, found 3"):
        comparison.figure(["a", "b", "c"])


def test_methods_are_chosen_by_name_with_one_seed(world):
    images, labels, edges, _ = world
    found = compare_projections(images, labels, edges, methods=["m2m", "PCA"], random_state=3)
    assert list(found.table.index) == ["M2M", "PCA"]
    assert np.array_equal(found.positions["PCA"][0], baselines.PCA(3).fit_transform(images, labels, edges)[0])
    with pytest.raises(InputError, match="found tsne"):
        compare_projections(images, labels, edges, methods=["tsne"])
    with pytest.raises(InputError, match="at least one"):
        compare_projections(images, labels, edges, methods=[])
    with pytest.raises(InputError, match="found 2 and none"):
        compare_projections(images, labels, edges, labels=["a", "b"])


def test_progress_is_told_and_can_stop(world):
    images, labels, edges, _ = world
    shares = []
    compare_projections(images, labels, edges, methods=["PCA", "PCA"], progress=shares.append)
    assert shares[0] == 0
    assert shares[-1] == 1

    def stop(share):
        if share >= 0.5:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        compare_projections(images, labels, edges, methods={"a": Line(), "b": Line()}, progress=stop)


def test_the_command_prints_the_table_and_writes_what_is_asked_for(world, tmp_path, capsys):
    images, labels, edges, group = world
    np.savez(
        tmp_path / "set.npz", image_features=images, label_features=labels, edges=edges, image_class=group
    )
    arguments = ["benchmark", "projection", "--data", str(tmp_path / "set.npz"), "--methods", "PCA,MDS"]
    written = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    assert main(arguments + written) == 0
    printed = capsys.readouterr().out
    assert f"{N} pictures, {L} labels, {len(edges)} edges" in printed
    assert "MDS" in printed
    report = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert list(report["methods"]["PCA"]) == COLUMNS
    assert "plotly" in (tmp_path / "a.html").read_text("utf-8")
    assert main(["benchmark", "projection", "--data", str(tmp_path / "none.npz")]) == 1
    assert "found no file" in capsys.readouterr().err


def test_the_command_has_its_own_pictures(capsys):
    assert main(["benchmark", "projection", "--quick", "--methods", "PCA"]) == 0
    assert "toybox: 300 pictures" in capsys.readouterr().out
