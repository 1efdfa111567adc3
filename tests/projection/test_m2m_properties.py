"""What must hold for M2M whatever the input: order, names and length of the rows say nothing."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import planted

from datacrafter_widget.projection import M2M, projection_quality

MEASURES = ("T", "C", "Tx", "Cx", "IMS")
few = settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def small(seed, n=120, m=15):
    images, labels, edges, _ = planted(n, m, seed)
    return images, labels, edges


def quick(**options):
    return M2M(n_epochs=40, n_refinements=60, **options)


def measures(data, positions):
    return projection_quality(*data, *positions, n_neighbors=15).as_dict()


@few
@given(st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_pictures_and_labels_changes_no_measure(seed, random):
    images, labels, edges = data = small(seed)
    rows, columns = list(range(len(images))), list(range(len(labels)))
    random.shuffle(rows)
    random.shuffle(columns)
    place, name = np.argsort(rows), np.argsort(columns)
    shuffled = images[rows], labels[columns], np.column_stack([place[edges[:, 0]], name[edges[:, 1]]])
    before = measures(data, quick().fit_transform(*data))
    after = measures(shuffled, quick().fit_transform(*shuffled))
    for measure in MEASURES:
        assert after[measure] == pytest.approx(before[measure], abs=0.04), measure


@few
@given(st.integers(0, 5), st.floats(0.01, 100))
def test_the_length_of_features_does_not_matter(seed, factor):
    images, labels, edges = small(seed)
    first = quick().fit_transform(images, labels, edges)
    second = quick().fit_transform(images * np.float32(2.0**8), labels * np.float32(0.5), edges)
    assert np.array_equal(first[0], second[0])  # powers of two leave every digit
    scaled = quick().fit_transform(images * np.float32(factor), labels, edges)
    found, expected = measures((images, labels, edges), scaled), measures((images, labels, edges), first)
    for measure in MEASURES:
        assert found[measure] == pytest.approx(expected[measure], abs=0.04), measure


@few
@given(st.integers(0, 5), st.integers(1, 40))
def test_copies_of_a_picture_lie_in_one_place(seed, copies):
    images, labels, edges = small(seed)
    again = np.concatenate([images, np.repeat(images[:1], copies, axis=0)])
    positions, _ = quick().fit_transform(again, labels, edges)
    assert np.abs(positions[-copies:] - positions[0]).max() < 1e-5
    assert np.isfinite(positions).all()


@few
@given(st.integers(0, 5))
def test_the_order_and_the_repetition_of_edges_change_nothing(seed):
    images, labels, edges = small(seed)
    first = quick().fit_transform(images, labels, edges)
    second = quick().fit_transform(images, labels, np.concatenate([edges[::-1], edges[:7]]))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@few
@given(st.integers(0, 5), st.integers(1, 20))
def test_pictures_without_labels_keep_their_place_among_their_like(seed, bare):
    images, labels, edges = small(seed)
    bare_edges = edges[edges[:, 0] >= bare]
    positions, places = quick().fit_transform(images, labels, bare_edges)
    found = measures((images, labels, edges), (positions, places))
    assert np.isfinite(positions).all()
    assert found["T"] > 0.9
    assert found["C"] > 0.9
