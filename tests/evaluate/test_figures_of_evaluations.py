"""Figures of evaluations, as `session.figures` draws them."""

import numpy as np
import pytest

from datacrafter_widget import evaluate
from datacrafter_widget.errors import InputError


@pytest.fixture
def found(session, unseen):
    session.prices = session.prices.__class__(per_hour=2.0)
    return evaluate.compare(session, ["original", "guided"], [1, 3], seeds=2, test=unseen).result(
        60, quiet=True
    )


def test_learning_curves_have_a_line_for_each_arm_with_intervals(session, found):
    figure = session.figures.learning_curves(found)
    traces = {trace.name: trace for trace in figure.data if trace.name}
    assert list(traces) == ["originals alone", "guided"]
    guided = traces["guided"]
    assert list(guided.y) == [found.interval("guided", budget).mean for budget in (1, 3)]
    high = np.array(guided.y) + np.array(guided.error_y.array)
    assert high == pytest.approx([found.interval("guided", budget).high for budget in (1, 3)])
    assert figure.layout.xaxis.tickvals == (0, 1, 3)
    assert "linear probe, tested on the pictures given as test=" in figure.layout.title.text


def test_costs_are_money_where_all_is_known_and_else_time(session, found, unseen):
    figure = session.figures.cost_accuracy(found)
    assert "machine time" in figure.layout.xaxis.title.text  # the rendered pictures took nothing
    session.store.add_cost(
        1, None, "pictures", 18, type("Spent", (), {"seconds": 36.0, "joules": None}), "cpu"
    )
    priced = evaluate.compare(session, ["original", "guided"], [1, 3], seeds=2, test=unseen).result(
        60, quiet=True
    )
    figure = session.figures.cost_accuracy(priced)
    assert figure.layout.xaxis.title.text.endswith("USD")
    guided = next(trace for trace in figure.data if trace.name == "guided")
    assert list(guided.x) == pytest.approx([2.0 * 36 / 3600 * made / 18 for made in (3, 9)])


def test_a_confusion_matrix_counts_all_seeds(session, found):
    figure = session.figures.confusion(found.outcomes("guided"))
    (heatmap,) = figure.data
    assert np.sum(heatmap.text) == 2 * 15
    assert np.nansum(heatmap.z, axis=1) == pytest.approx([1, 1, 1])
    assert list(heatmap.x) == ["apple", "crane", "fish"]
    assert heatmap.hovertext[0][1].startswith("apple taken for crane")


def test_projections_stand_side_by_side(session):
    with pytest.raises(InputError, match="observe"):
        session.figures.projections(["PCA"])
    session.observe().result(300, quiet=True)
    figure = session.figures.projections(["PCA", "M2M"], pictures=30)
    assert [each.text for each in figure.layout.annotations] == ["PCA", "M2M"]
    points = [trace for trace in figure.data if trace.name == "apple"]
    assert [len(trace.x) for trace in points] == [10, 10]
