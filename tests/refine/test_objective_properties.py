"""What must hold for every objective, whatever the pictures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacrafter_widget.refine import (
    DEFAULT_WEIGHTS,
    CombineObjective,
    MoreLikeObjective,
    RemoveObjective,
    TransformObjective,
    WithoutObjective,
)

DIM = 12
KINDS = sorted(DEFAULT_WEIGHTS)


class Case:
    """Random pictures of a class, two sets among them, proxies, and two texts."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        centre = rng.normal(size=DIM)
        self.own = centre + rng.normal(size=(30, DIM)) * rng.uniform(0.1, 1, DIM)
        self.sure = rng.random(30)
        self.first, self.second = np.arange(8), np.arange(6, 15)
        self.proxies = centre + rng.normal(size=(9, DIM))
        self.proxies_sure = rng.random(9)
        self.texts = rng.normal(size=(2, DIM))

    def objective(self, kind, *, order=None, rotation=None, weights=None, copies=1):
        order = np.arange(30) if order is None else order
        turn = np.eye(DIM) if rotation is None else rotation
        own, sure = self.own @ turn, self.sure
        first, second = own[self.first], own[self.second]
        rest = np.setdiff1d(np.arange(30), self.first)
        copied = np.repeat(order, copies)
        everything = {"confidence": sure[copied], "weights": weights}
        if kind == "remove":
            groups = [np.repeat(each, copies) for each in (self.first, rest[:15], rest[15:])]
            groups = [np.array([i for i in np.repeat(order, copies) if i in set(group)]) for group in groups]
            return RemoveObjective(
                *(own[group] for group in groups),
                confidence=sure[np.concatenate(groups)],
                weights=weights,
            )
        if kind == "more_like":
            return MoreLikeObjective(np.repeat(first, copies, 0), own[copied], **everything)
        if kind == "transform":
            source, target = self.texts @ turn
            return TransformObjective(np.repeat(first, copies, 0), own[copied], source, target, **everything)
        cls = CombineObjective if kind == "combine" else WithoutObjective
        return cls(np.repeat(first, copies, 0), np.repeat(second, copies, 0), own[copied], **everything)

    def score(self, objective, rotation=None):
        turn = np.eye(DIM) if rotation is None else rotation
        return objective.score(self.proxies @ turn, self.proxies_sure)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_pictures_changes_nothing(kind, seed):
    case = Case(seed)
    order = np.random.default_rng(seed).permutation(30)
    expected, found = (case.score(case.objective(kind, order=each)) for each in (None, order))
    assert found.per_picture == pytest.approx(expected.per_picture, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), copies=st.integers(2, 4))
def test_pictures_that_are_given_twice_count_once(kind, seed, copies):
    case = Case(seed)
    expected, found = (case.score(case.objective(kind, copies=each)) for each in (1, copies))
    assert found.per_picture == pytest.approx(expected.per_picture, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_axes_of_the_encoder_do_not_matter(kind, seed):
    case = Case(seed)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(DIM, DIM)))[0]
    expected = case.score(case.objective(kind))
    found = case.score(case.objective(kind, rotation=turn), rotation=turn)
    assert found.per_picture == pytest.approx(expected.per_picture, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_total_is_the_weighted_sum_of_the_terms(kind, seed):
    case = Case(seed)
    weights = {name: float(i) for i, name in enumerate(sorted(DEFAULT_WEIGHTS[kind]))}  # the first one is 0
    score = case.score(case.objective(kind, weights=weights))
    assert set(score.terms) == set(weights)
    assert score.total == pytest.approx(sum(weights[name] * value for name, value in score.terms.items()))
    assert score.total == pytest.approx(score.per_picture.mean())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_copies_of_the_proxies_change_nothing(kind, seed):
    case = Case(seed)
    objective = case.objective(kind)
    doubled = objective.score(np.tile(case.proxies, (2, 1)), np.tile(case.proxies_sure, 2))
    assert doubled.total == pytest.approx(case.score(objective).total)


@pytest.mark.parametrize("kind", KINDS)
def test_freak_proxies_are_bounded(kind):
    case = Case(0)
    objective = case.objective(kind)
    freaks = objective.score(np.eye(DIM)[:5] * 1e6, np.array([0.0, 1.0, 0.0, 1.0, 0.5]))
    bounds = {"confidence": 8.0}
    assert all(abs(value) <= bounds.get(name, 4.0) + 1e-9 for name, value in freaks.terms.items())


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_weights_are_refused(kind):
    with pytest.raises(ValueError, match="expected weights"):
        Case(0).objective(kind, weights={"beauty": 1.0})
    with pytest.raises(ValueError, match="finite"):
        Case(0).objective(kind, weights={"confidence": float("nan")})
