"""The five measures against scikit-learn and against loops."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from sklearn.manifold import trustworthiness

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection import (
    cross_modal_trustworthiness_and_continuity,
    inter_modal_similarity,
    projection_quality,
    quality,
    trustworthiness_and_continuity,
)

MEASURE = Path(__file__).parents[3] / "shared/measure/projection_quality.py"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_trustworthiness_agrees_with_scikit_learn(rng, k):
    x = rng.normal(size=(60, 8))
    y = x[:, :2] + rng.normal(size=(60, 2)) * 0.3
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    t, c = trustworthiness_and_continuity(x, y, n_neighbors=k)
    assert t == pytest.approx(trustworthiness(x, y, n_neighbors=k, metric="cosine"), abs=1e-12)
    # continuity is trustworthiness with the spaces exchanged; on the unit sphere both distances rank alike
    assert c == pytest.approx(trustworthiness(y, unit, n_neighbors=k), abs=1e-12)


def test_chunks_do_not_change_the_measure(rng, monkeypatch):
    monkeypatch.setattr(quality, "CHUNK_BYTES", 2**16)
    x, y = rng.normal(size=(700, 5)), rng.normal(size=(700, 2))
    t, _ = trustworthiness_and_continuity(x, y, n_neighbors=10)
    assert t == pytest.approx(trustworthiness(x, y, n_neighbors=10, metric="cosine"), abs=1e-12)


def test_cross_modal_measures_follow_their_definition(rng):
    v, x = rng.normal(size=(7, 6)), rng.normal(size=(40, 6))
    a, b, k = rng.normal(size=(7, 2)), rng.normal(size=(40, 2)), 6
    high = np.argsort(np.argsort(cdist(v, x, "cosine"), axis=1), axis=1) + 1
    low = np.argsort(np.argsort(cdist(a, b), axis=1), axis=1) + 1
    intrusions = sum(high[i, j] - k for i in range(7) for j in range(40) if low[i, j] <= k < high[i, j])
    extrusions = sum(low[i, j] - k for i in range(7) for j in range(40) if high[i, j] <= k < low[i, j])
    worst = 7 * k * (2 * 40 - 3 * k + 1) / 2
    tx, cx = cross_modal_trustworthiness_and_continuity(v, x, a, b, n_neighbors=k)
    assert (tx, cx) == pytest.approx((1 - intrusions / worst, 1 - extrusions / worst))


def test_inter_modal_similarity_is_free_of_scale_and_place(rng):
    images, labels = rng.normal(size=(30, 2)), rng.normal(size=(4, 2))
    edges = np.array([[0, 1], [3, 2], [29, 0]])
    d = [math.dist(images[i], labels[j]) / np.median(pdist(images)) for i, j in edges]
    expected = np.mean([1 / (1 + v) for v in d])
    assert inter_modal_similarity(edges, images, labels) == pytest.approx(expected)
    assert inter_modal_similarity(edges, images * 7 + 3, labels * 7 + 3) == pytest.approx(expected)


def test_a_perfect_map_scores_one_and_nothing_to_measure_is_unknown(rng):
    angle = rng.uniform(0, 1, 50)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    quality = projection_quality(circle, circle[:5], [(i, i) for i in range(5)], circle, circle[:5])
    assert list(quality.as_dict().values()) == pytest.approx([1, 1, 1, 1, 1])
    with np.errstate(all="raise"):
        empty = projection_quality(circle[:1], circle[:0], np.zeros((0, 2)), circle[:1], circle[:0])
    assert all(math.isnan(v) for v in empty.as_dict().values())
    with pytest.raises(InputError):
        projection_quality(circle, circle[:5], [], circle[:9], circle[:5])


@pytest.mark.skipif(not MEASURE.is_file(), reason="the shared measure is not beside this clone")
@pytest.mark.parametrize("grid", [False, True])
def test_all_five_agree_with_the_independent_script(rng, grid):
    spec = importlib.util.spec_from_file_location("independent", MEASURE)
    independent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(independent)
    for n, m in ((90, 7), (400, 600)):
        x, v = rng.normal(size=(n, 12)), rng.normal(size=(m, 12))
        y, z = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
        if grid:  # many points in one place, many equal distances
            y, z = np.round(y), np.round(z)
        edges = np.stack([rng.integers(n, size=200), rng.integers(m, size=200)], axis=1)
        ours = projection_quality(x, v, edges, y, z).as_dict()
        assert ours == pytest.approx(independent.measure(x, v, edges, y, z), abs=1e-9)


@pytest.mark.parametrize("points", ["normal", "grid", "far", "odd"])
def test_the_median_distance_is_exact_though_not_all_pairs_are_held(rng, points, monkeypatch):
    monkeypatch.setattr(quality, "BRACKET_POINTS", 40)
    monkeypatch.setattr(quality, "CHUNK_BYTES", 2**16)
    y = rng.normal(size=(301 if points == "odd" else 300, 2))
    if points == "grid":
        y = np.round(y)
    if points == "far":
        y[:3] *= 1e6
        y[150:] = y[:150] + 40
    assert quality._median_distance(y) == pytest.approx(np.median(pdist(y)), rel=1e-12)
