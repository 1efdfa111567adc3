"""Directions to practise: what the equations give for numbers made by hand."""

import math

import numpy as np
import pytest

from datacrafter_widget.active.openness import (
    MOST_UNCERTAIN,
    faithfulness,
    is_over,
    most_uncertain,
    openness,
    overfit_flags,
    uncertainty,
)
from datacrafter_widget.errors import InputError

PARK, BEACH, TABLE = np.eye(3)


def towards(*shares):
    """A picture that is partly each of park, beach and table."""
    return np.array(shares, float) / np.linalg.norm(shares)


def test_a_sample_is_overfitted_when_it_is_no_more_like_its_anchor_than_like_what_was_beside():
    samples = np.stack(
        [
            [towards(2, 0, 1), towards(1, 0, 1), towards(0, 3, 1)],  # asked for a park
            [towards(0, 2, 1), towards(0, 1, 2), towards(2, 1, 0)],  # asked for a beach
        ]
    )
    flags = overfit_flags(samples, np.stack([PARK, BEACH]), TABLE)
    assert flags.tolist() == [[False, True, True], [False, True, False]]
    assert faithfulness(samples, np.stack([PARK, BEACH]))[1] == pytest.approx(
        [2 / math.sqrt(5), 1 / math.sqrt(5), 1 / math.sqrt(5)]
    )


def test_uncertainty_is_the_entropy_of_the_overfitted_share():
    flags = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], bool)
    quarter = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert uncertainty(flags) == pytest.approx([0, quarter, math.log(2), 0])
    assert pytest.approx(math.log(2)) == MOST_UNCERTAIN


def test_openness_is_the_mean_uncertainty_times_the_scale():
    assert openness([0.0, 0.5, 0.25, 0.25], 0.005) == pytest.approx(0.00125)
    assert openness([MOST_UNCERTAIN] * 18, 0.005) == pytest.approx(0.00347, abs=1e-5)  # 0.35 % of a given one
    assert openness([], 1.0) == 0


def test_it_is_over_when_fewer_directions_than_wanted_are_open():
    assert not is_over([0.1, 0.2, 0.3, 0.0], 3)
    assert is_over([0.1, 0.2, 0.0, 0.0], 3)
    assert is_over([], 1)


def test_the_most_uncertain_come_first_and_certain_ones_never():
    assert most_uncertain([0.2, 0.6, 0.0, 0.6, 0.1], 3) == [1, 3, 0]
    assert most_uncertain([0.0, 0.3, 0.0], 3) == [1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: uncertainty(np.zeros((3, 0))), "one or more samples"),
        (lambda: uncertainty([True, False]), "one or more samples"),
        (lambda: openness([0.1], -1), "scale"),
        (lambda: openness([0.1], math.nan), "scale"),
        (lambda: overfit_flags(np.ones((2, 3, 4)), np.ones((3, 4)), np.ones(4)), r"\(2, 3, 4\) and \(3, 4\)"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
