import numpy as np
import pytest
from blobs import blobs

from datacrafter_widget.active.curvature import Solver, inverse_product
from datacrafter_widget.active.influence import (
    influence_of_removal,
    perturbation_gradient,
    validation_gradient,
)
from datacrafter_widget.active.network import NetworkSettings, Samples, fit_network, objective
from datacrafter_widget.errors import InputError

SMALL = NetworkSettings(hidden=(8, 6), weight_decay=0.3, gain=10.0, tolerance=1e-8)
EXACT = Solver(damping=0.0, tolerance=1e-8)


@pytest.fixture(scope="module")
def train() -> Samples:
    return blobs(12, seed=0, spread=0.5)


@pytest.fixture(scope="module")
def validation() -> Samples:
    return blobs(12, seed=1, spread=0.5)


@pytest.fixture(scope="module")
def network(train):
    return fit_network(train.features, train.classes, 3, settings=SMALL)


@pytest.fixture(scope="module")
def hessian(network, train):
    import torch

    return torch.func.hessian(objective(network, train))(network.tensor()).numpy()


@pytest.mark.parametrize("damping", [0.0, 0.01])
def test_conjugate_gradients_agree_with_the_exact_hessian(network, train, validation, hessian, damping):
    b = validation_gradient(network, validation)
    exact = np.linalg.solve(hessian + damping * np.eye(len(b)), b)
    found = inverse_product(network, train, b, Solver(damping=damping, tolerance=1e-8))
    assert np.linalg.norm(found - exact) < 1e-4 * np.linalg.norm(exact)


def test_lissa_comes_near_the_exact_hessian(network, train, validation, hessian):
    b = validation_gradient(network, validation)
    exact = np.linalg.solve(hessian + np.eye(len(b)), b)
    found = inverse_product(
        network, train, b, Solver("lissa", damping=1.0, max_iterations=200, batch_size=18, repeats=2)
    )
    assert np.linalg.norm(found - exact) < 0.1 * np.linalg.norm(exact)


def test_influence_ranks_samples_as_training_without_each_does(network, train, validation):
    from scipy.stats import spearmanr

    predicted = influence_of_removal(network, train, validation)
    base = network.loss(validation)
    changes = []
    for row in range(len(train)):
        weights = np.ones(len(train))
        weights[row] = 0
        without = fit_network(train.features, train.classes, 3, start=network, weights=weights)
        changes.append(without.loss(validation) - base)
    assert spearmanr(predicted, changes).statistic > 0.8


def test_a_mislabelled_sample_is_found_to_harm(validation):
    train = blobs(12, seed=0, spread=0.3)
    wrong = train.joined(train.features[0], 2, 1.0)
    network = fit_network(wrong.features, wrong.classes, 3, settings=SMALL)
    predicted = influence_of_removal(network, wrong, validation)
    assert predicted.argmin() == len(wrong) - 1
    assert predicted[-1] < 0


def test_the_gradient_of_a_sample_is_what_training_again_finds(train, validation):
    x_star = train.features[train.classes == 1].mean(0)

    def trained(x):
        joined = train.joined(x, 1, 2.0)
        return fit_network(
            joined.features, joined.classes, 3, settings=SMALL, start=near, weights=joined.weights
        )

    joined = train.joined(x_star, 1, 2.0)
    near = fit_network(joined.features, joined.classes, 3, settings=SMALL, weights=joined.weights)
    gradient = perturbation_gradient(near, x_star, 1, train, validation, weight=2.0, solver=EXACT)
    step = 1e-3
    differences = [
        (trained(x_star + step * each).loss(validation) - trained(x_star - step * each).loss(validation))
        / 2
        / step
        for each in np.eye(train.dim)
    ]
    np.testing.assert_allclose(gradient, differences, atol=0.01 * np.abs(gradient).max())


def test_a_class_out_of_range_is_refused(network, train, validation):
    with pytest.raises(InputError, match="found 3"):
        perturbation_gradient(network, train.features[0], 3, train, validation)


def test_settings_of_the_solver_are_checked():
    with pytest.raises(InputError, match="method: expected"):
        Solver("exact")
    with pytest.raises(InputError, match="damping: expected at least 0"):
        Solver(damping=-1)
