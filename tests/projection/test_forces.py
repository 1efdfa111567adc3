"""The written-out gradients are those of the losses, and the grid agrees with all pairs."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from datacrafter_widget.projection.forces import LabelTerms, PictureTerm, kernel
from datacrafter_widget.projection.grid import SparsePictureTerm, repulsion_field


def random_targets(rng, rows, columns):
    return torch.from_numpy(rng.dirichlet(np.ones(columns), rows))


def slope(loss, y, i, j, step=1e-5):
    d = torch.zeros_like(y)
    d[i, j] = step
    return (loss(y + d) - loss(y - d)) / (2 * step)


@pytest.mark.parametrize("exaggeration", [1.0, 2.0])
def test_picture_gradient_is_that_of_the_loss(exaggeration):
    rng = np.random.default_rng(0)
    targets = random_targets(rng, 9, 9).fill_diagonal_(0)
    targets = targets + targets.T
    term = PictureTerm(targets * (9 / targets.sum()))
    y = torch.from_numpy(rng.normal(size=(9, 2)))
    # two directions of each pair: the gradient is written for the mean of row losses
    gradient = term.gradient(y, exaggeration=exaggeration)
    for i, j in [(0, 0), (4, 1)]:
        found = slope(lambda at: term.loss(at, exaggeration=exaggeration), y, i, j)
        assert found == pytest.approx(float(gradient[i, j]), rel=1e-4, abs=1e-7)


def expected_rank(cost, y):
    near = kernel(y, y).fill_diagonal_(0)
    share = near * (len(y) / near.sum())
    return near, share, float((share * cost).sum() / len(y))


def test_graded_negatives_lower_the_rank_of_what_is_near():
    rng = np.random.default_rng(1)
    n = 30
    cost = torch.from_numpy(rng.random((n, n)))
    term = PictureTerm(torch.zeros(n, n, dtype=torch.float64), cost)
    y = torch.from_numpy(rng.normal(size=(n, 2)))
    plain = term.gradient(y)
    graded = term.gradient(y, hardness=50.0)
    before = expected_rank(cost, y)[2]
    assert expected_rank(cost, y - 0.02 * (graded - plain))[2] < before


@pytest.mark.parametrize("which", [0, 1, 2])
def test_label_gradients_are_those_of_the_losses(which):
    rng = np.random.default_rng(2)
    among = random_targets(rng, 4, 4).fill_diagonal_(0)
    term = LabelTerms(
        random_targets(rng, 4, 7),
        random_targets(rng, 7, 4),
        among / among.sum(dim=1, keepdim=True),
        torch.from_numpy(rng.random(4) + 0.5),
    )
    images, labels = torch.from_numpy(rng.normal(size=(7, 2))), torch.from_numpy(rng.normal(size=(4, 2)))
    weights = tuple(float(i == which) for i in range(3))
    to_images, to_labels = term.gradient(images, labels, weights)
    for i, j in [(0, 0), (3, 1)]:
        of_labels = slope(lambda at: term.losses(images, at)[which], labels, i, j)
        of_images = slope(lambda at: term.losses(at, labels)[which], images, i, j)
        assert of_labels == pytest.approx(float(to_labels[i, j]), rel=1e-4, abs=1e-7)
        assert of_images == pytest.approx(float(to_images[i, j]), rel=1e-4, abs=1e-7)


def test_rows_without_positives_pull_at_nothing():
    empty = LabelTerms(torch.zeros(2, 5), torch.zeros(5, 2), torch.zeros(2, 2), torch.ones(2))
    rng = np.random.default_rng(3)
    images = torch.from_numpy(rng.normal(size=(5, 2)).astype(np.float32))
    labels = torch.from_numpy(rng.normal(size=(2, 2)).astype(np.float32))
    to_images, to_labels = empty.gradient(images, labels, (1.0, 1.0, 0.0))
    assert torch.allclose(to_images, torch.zeros(5, 2))
    assert torch.allclose(to_labels, torch.zeros(2, 2))


@pytest.mark.parametrize("spread", [0.5, 5.0, 20.0])
def test_the_grid_gives_the_repulsion_of_all_pairs(spread):
    y = torch.from_numpy(np.random.default_rng(4).normal(size=(800, 2)).astype(np.float32) * spread)
    near = kernel(y.double(), y.double()).fill_diagonal_(0)
    exact = (near**2).sum(dim=1, keepdim=True) * y - near**2 @ y.double()
    field, total = repulsion_field(y)
    assert total == pytest.approx(float(near.sum()), rel=0.01)
    assert float((field - exact).norm() / exact.norm()) < 0.03


def test_many_pictures_are_pulled_as_few_are():
    rng = np.random.default_rng(5)
    n = 300
    y = torch.from_numpy(rng.normal(size=(n, 2)).astype(np.float32) * 4)
    graph = csr_matrix(np.where(rng.random((n, n)) < 0.05, rng.random((n, n)), 0))
    graph.setdiag(0)
    graph.eliminate_zeros()
    graph = (graph + graph.T).tocsr()
    graph = (graph * (n / graph.sum())).astype(np.float32)
    dense = PictureTerm(torch.from_numpy(graph.toarray()))
    sparse = SparsePictureTerm(graph, "cpu")
    expected = dense.gradient(y, exaggeration=2.0)
    assert float((sparse.gradient(y, exaggeration=2.0) - expected).norm() / expected.norm()) < 0.02
    assert sparse.loss(y) == pytest.approx(dense.loss(y), rel=0.01)
