"""What leaves the five measures as they are, on many small maps that hypothesis draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacrafter_widget.projection import projection_quality


@st.composite
def joints(draw):
    """Features, edges and a map with its neighbourhood size; some maps have points in the same place."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(3, 40)), draw(st.integers(1, 12))
    x, v = rng.normal(size=(n, 6)), rng.normal(size=(m, 6))
    y, z = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
    if draw(st.booleans()):
        y[n // 2] = y[0] = z[0]
    edges = np.unique(np.stack([rng.integers(n, size=20), rng.integers(m, size=20)], axis=1), axis=0)
    return x, v, edges, y, z, draw(st.integers(1, 30)), rng


def measured(x, v, edges, y, z, k):
    values = np.array(list(projection_quality(x, v, edges, y, z, n_neighbors=k).as_dict().values()))
    return np.nan_to_num(values, nan=-1)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(joints())
def test_measures_lie_between_nothing_and_one(joint):
    *arguments, _ = joint
    values = measured(*arguments)
    assert ((values == -1) | ((values >= -1e-12) & (values <= 1 + 1e-12))).all()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(joints())
def test_order_of_pictures_and_labels_does_not_matter(joint):
    x, v, edges, y, z, k, rng = joint
    y = y + 1e-6 * rng.normal(size=y.shape)  # of equal distances the first counts, which order decides
    p, q = rng.permutation(len(x)), rng.permutation(len(v))
    moved = np.stack([np.argsort(p)[edges[:, 0]], np.argsort(q)[edges[:, 1]]], axis=1)
    expected = measured(x, v, edges, y, z, k)
    assert measured(x[p], v[q], rng.permutation(moved), y[p], z[q], k) == pytest.approx(expected)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(joints(), st.floats(0, 2 * np.pi), st.floats(0.01, 100), st.booleans())
def test_turning_moving_scaling_and_mirroring_a_map_does_not_matter(joint, angle, scale, mirror):
    x, v, edges, y, z, k, rng = joint
    y = y + 1e-6 * rng.normal(size=y.shape)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    if mirror:
        turn[:, 0] *= -1
    shift = rng.normal(size=2)
    expected = measured(x, v, edges, y, z, k)
    assert measured(x, v, edges, y @ turn + shift, z @ turn + shift, k) == pytest.approx(expected, abs=1e-6)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(joints(), st.floats(0.01, 100))
def test_lengths_and_rotations_of_features_do_not_matter(joint, scale):
    x, v, edges, y, z, k, rng = joint
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    lengths = rng.uniform(0.5, 2, size=(len(x), 1))
    expected = measured(x, v, edges, y, z, k)
    assert measured(x @ turn * lengths * scale, v @ turn * scale, edges, y, z, k) == pytest.approx(expected)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(joints())
def test_copies_of_a_picture_that_lie_on_it_are_no_mistake(joint):
    x, _, _, _, _, k, rng = joint
    angle = rng.uniform(0, 1, len(x))
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # features and map rank alike here
    twice, empty = np.repeat(circle, 2, axis=0), np.zeros((0, 2))
    k = (min(k, len(x) - 1) - 1) // 2 * 2 + 1  # a point's own copy and whole pairs
    values = measured(twice, empty, empty, twice, empty, k)
    assert values[:2] == pytest.approx([1, 1])
