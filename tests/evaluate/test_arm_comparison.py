"""The result of a comparison, from cells that are made up."""

import json

import numpy as np
import pytest
from scipy.stats import ttest_rel

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.comparison import ArmCost, Cell, Comparison, holm
from datacrafter_widget.session.cost_report import Amounts
from datacrafter_widget.training.results import Outcome

SEEDS = range(4)
ACCURACIES = {
    ("original", 0): [0.50, 0.52, 0.49, 0.51],
    ("gif", 5): [0.53, 0.56, 0.52, 0.53],
    ("gif", 10): [0.55, 0.56, 0.55, 0.57],
    ("guided", 5): [0.60, 0.61, 0.60, 0.62],
    ("guided", 10): [0.70, 0.72, 0.69, 0.71],
}


def run(accuracy, seed):
    return Outcome(accuracy, np.array([accuracy, accuracy]), np.eye(2, dtype=np.int64), seed, 1.0, 20)


@pytest.fixture
def comparison():
    cells = [
        Cell(arm, budget, 2 * budget, run(accuracy, seed))
        for (arm, budget), accuracies in ACCURACIES.items()
        for seed, accuracy in zip(SEEDS, accuracies, strict=True)
    ]
    costs = {
        "original": ArmCost(Amounts(0, 0.0, 0.0, 0.0), 0),
        "gif": ArmCost(Amounts(40, 80.0, None, 4.0), 40),
        "guided": ArmCost(Amounts(60, 100.0, None, None), 20),
    }
    return Comparison(tuple(cells), ("a", "<b>"), costs, "probe", "accuracy", "unseen pictures")


def test_the_table_has_a_row_for_each_arm_and_budget(comparison):
    frame = comparison.to_frame().set_index(["arm", "budget"])
    assert list(frame.index) == list(ACCURACIES)
    row = frame.loc["guided", 10]
    assert row["mean"] == pytest.approx(0.705)
    assert row["low"] < 0.705 < row["high"]
    assert row["gain"] == pytest.approx(0.2)
    assert row["gain_low"] > 0.15
    assert row["seconds"] == pytest.approx(100)
    assert np.isnan(row["money"])
    assert frame.loc["gif", 5]["money"] == pytest.approx(1.0)


def test_arms_are_tested_seed_by_seed_and_corrected_for_their_number(comparison):
    tests = comparison.tests()
    largest = tests[tests.budget == 10].set_index(["arm", "other"])
    assert len(largest) == 3
    expected = ttest_rel(ACCURACIES["guided", 10], ACCURACIES["gif", 10]).pvalue
    assert largest.loc[("guided", "gif"), "p"] == pytest.approx(expected)
    assert (largest.p_holm >= largest.p).all()
    assert largest.p_holm.max() <= 1


def test_holms_correction():
    corrected = holm([0.01, 0.04, np.nan, 0.03])
    assert corrected[[0, 1, 3]] == pytest.approx([0.03, 0.06, 0.06])
    assert np.isnan(corrected[2])


def test_the_difference_of_two_arms(comparison):
    assert comparison.difference("guided", "gif").mean == pytest.approx(0.1475)
    assert comparison.difference("guided", "original", 5).mean == pytest.approx(0.1025)
    with pytest.raises(InputError, match="original, gif, guided"):
        comparison.difference("guided", "plain")


def test_it_shows_as_a_table_of_plain_text_and_as_json(comparison):
    page = comparison._repr_html_()
    assert page.count("<tr>") == 6
    assert "4 seeds" in page
    assert json.loads(json.dumps(comparison.to_json()))["cells"][0]["outcome"]["accuracy"] == 0.5
    assert "0.705" in repr(comparison)
