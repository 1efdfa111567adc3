import json
import math

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.results import Outcome, Outcomes, outcome


def run(predicted, seed=0):
    return outcome([0, 0, 1, 1], predicted, 3, seed=seed, seconds=1.5, pictures=9, history=[{"loss": 0.5}])


def test_an_outcome_counts_what_was_taken_for_what():
    found = run([0, 1, 1, 1])
    assert found.accuracy == 0.75
    assert found.per_class[:2].tolist() == [0.5, 1.0]
    assert math.isnan(found.per_class[2])
    assert found.confusion.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]


def test_scores_count_by_their_largest():
    assert outcome([0, 1], [[0.9, 0.1], [0.8, 0.2]], 2, seed=0, seconds=0, pictures=1).accuracy == 0.5


def test_an_outcome_survives_json():
    found = run([0, 1, 1, 1], seed=4)
    again = Outcome.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert np.array_equal(again.per_class, found.per_class, equal_nan=True)
    assert np.array_equal(again.confusion, found.confusion)
    assert again.to_json() == found.to_json()


def test_outcomes_give_intervals_over_seeds():
    both = Outcomes((run([0, 0, 1, 1]), run([0, 1, 1, 1], seed=1)), ("a", "b", "<c>"))
    assert (both.accuracy.mean, both.accuracy.count) == (0.875, 2)
    assert both.per_class[0].mean == 0.75
    assert both.confusion.sum() == 8
    frame = both.to_frame()
    assert frame["class"].tolist() == ["all", "a", "b", "<c>"]
    assert frame["accuracy"].iloc[0] == 0.875
    assert "&lt;c&gt;" in both._repr_html_()


def test_gains_pair_runs_by_their_seed():
    names = ("a", "b", "c")
    before = Outcomes((run([0, 1, 1, 0], 1), run([1, 1, 1, 1], 2), run([0, 0, 1, 1], 9)), names)
    after = Outcomes((run([0, 0, 1, 1], 2), run([0, 0, 1, 0], 1)), names)
    gain = after.gain(before)
    assert (gain.mean, gain.count) == (0.375, 2)
    assert [each.mean for each in after.class_gains(before)][:2] == [0.75, 0.0]


def test_runs_that_have_nothing_in_common_are_refused():
    one, other = Outcomes((run([0, 0, 1, 1], 1),), "abc"), Outcomes((run([0, 0, 1, 1], 2),), "abc")
    with pytest.raises(InputError, match="same seeds"):
        one.gain(other)
    with pytest.raises(InputError, match="same classes"):
        one.gain(Outcomes(one.runs, "abd"))
    with pytest.raises(InputError, match="the 2 classes"):
        Outcomes(one.runs, "ab")
    with pytest.raises(InputError, match="class indices 0 to 2"):
        run([0, 0, 1, 3])
