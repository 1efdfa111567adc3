"""Ratings of editors from choices."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import minimize

from datacrafter_widget.editing.ratings import Choice, rate
from datacrafter_widget.errors import InputError

STRENGTH = {"a": 1.2, "b": 0.3, "c": -0.4, "d": -1.1}


def simulated(count, rng, none=-1.0):
    """Choices among two to four of the editors and none of them, by their true strengths."""
    choices = []
    for _ in range(count):
        shown = tuple(rng.choice(list(STRENGTH), rng.integers(2, 5), replace=False).tolist())
        odds = np.exp([*(STRENGTH[name] for name in shown), none])
        pick = rng.choice(len(odds), p=odds / odds.sum())
        choices.append(Choice(shown, None if pick == len(shown) else shown[pick]))
    return choices


def test_many_choices_bring_out_the_true_order_and_distances():
    found = rate(simulated(4000, np.random.default_rng(0)))
    assert [each.editor for each in found] == list(STRENGTH)
    for one, other in itertools.pairwise(found):
        true = STRENGTH[one.editor] - STRENGTH[other.editor]
        assert one.rating - other.rating == pytest.approx(true, abs=0.15)


def test_it_is_the_mode_that_a_general_optimiser_finds():
    choices = simulated(60, np.random.default_rng(1))
    names = sorted(STRENGTH)

    def loss(ratings):
        total = float(ratings @ ratings) / (2 * 1.5**2)
        for each in choices:
            shown = [*(names.index(name) for name in each.shown), len(names)]
            pick = len(names) if each.chosen is None else names.index(each.chosen)
            total += math.log(np.exp(ratings[shown]).sum()) - ratings[pick]
        return total

    best = minimize(
        loss, np.zeros(len(names) + 1), method="Nelder-Mead", options={"maxiter": 20000, "xatol": 1e-7}
    )
    found = {each.editor: each.rating for each in rate(choices)}
    assert [found[name] for name in names] == pytest.approx(best.x[:-1].tolist(), abs=1e-3)


def test_nineteen_intervals_of_twenty_hold_the_truth():
    """The truth is drawn from the prior, as the intervals suppose; only differences mean anything."""
    rng = np.random.default_rng(2)
    inside = total = 0
    for _ in range(60):
        drawn = rng.normal(0, 1.5, 5)
        *true, none = drawn - drawn.mean()
        true = dict(zip(STRENGTH, true, strict=True))
        choices = []
        for _ in range(30):
            odds = np.exp([*true.values(), none])
            pick = rng.choice(5, p=odds / odds.sum())
            choices.append(Choice(tuple(true), None if pick == 4 else list(true)[pick]))
        for each in rate(choices):
            inside += each.low <= true[each.editor] <= each.high
            total += 1
    assert 0.9 <= inside / total <= 0.99


def test_few_choices_are_finite_and_uncertain():
    (winner, loser) = rate([Choice(("a", "b"), "a")])
    assert (winner.editor, winner.chosen, winner.shown) == ("a", 1, 1)
    assert 0 < winner.rating < 3
    assert loser.rating < 0
    assert winner.low < loser.high  # one choice proves nothing
    many = rate([Choice(("a", "b"), "a")] * 40)
    assert many[0].low > many[1].high
    assert many[0].rating < 10


def test_one_that_nobody_wants_falls_below_one_that_nobody_knows():
    (alone,) = rate([Choice(("a",), None)] * 3)
    assert alone.rating < 0
    assert rate([]) == []


def test_ratings_do_not_depend_on_the_order_of_choices():
    choices = simulated(50, np.random.default_rng(3))
    forth, back = rate(choices), rate(choices[::-1])
    assert [each.editor for each in forth] == [each.editor for each in back]
    assert [each.rating for each in forth] == pytest.approx([each.rating for each in back])


@pytest.mark.parametrize("choices", [[Choice(("a", "b"), "c")], [Choice(("a", "a"), "a")]])
def test_impossible_choices_are_refused(choices):
    with pytest.raises(InputError, match="expected a choice"):
        rate(choices)
    with pytest.raises(InputError, match="deviation"):
        rate([], deviation=0)
