"""Labels look for their places on the whole map, and none stands on another."""

import numpy as np
from scipy.spatial.distance import pdist

from datacrafter_widget.projection.placement import Ranking, apart, best_places


def test_labels_in_one_place_move_side_by_side():
    places = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [5.0, 5.0], [0.02, 0.0]])
    spread = apart(places, 0.1)
    assert pdist(spread).min() > 0.09
    assert np.abs(spread - places).max() < 0.2
    assert np.array_equal(spread[3], places[3])
    assert np.array_equal(apart(places, 0.1), spread)
    assert apart(np.zeros((0, 2)), 0.1).shape == (0, 2)


def test_a_label_that_is_well_placed_stays():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(90, 8))
    group = np.arange(90) % 3
    images += 4 * np.eye(8)[group]
    images = (images / np.linalg.norm(images, axis=1, keepdims=True)).astype(np.float32)
    labels = np.eye(8, dtype=np.float32)[:3]
    pictures = (np.array([[0, 0], [10, 0], [0, 10]])[group] + rng.normal(size=(90, 2))).astype(np.float32)
    edges = np.column_stack([np.arange(90), group])
    ranking = Ranking.of(labels, images, edges, 15)
    found = best_places(pictures, ranking, n_neighbors=15)
    centre = np.array([pictures[group == g].mean(axis=0) for g in range(3)])
    assert np.linalg.norm(found - centre, axis=1).max() < 2
    again = best_places(pictures, ranking, n_neighbors=15, current=found + np.float32(0.05))
    assert np.allclose(again, found + 0.05)
    astray = found.copy()
    astray[0] = [10, 10]
    assert np.linalg.norm(best_places(pictures, ranking, n_neighbors=15, current=astray)[0] - centre[0]) < 2
