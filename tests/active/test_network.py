import numpy as np
import pytest
from blobs import blobs

from datacrafter_widget.active.network import Network, NetworkSettings, Samples, fit_network, objective
from datacrafter_widget.errors import InputError

SMALL = NetworkSettings(hidden=(8, 6))


def fitted(train: Samples, **options) -> Network:
    return fit_network(train.features, train.classes, 3, **{"settings": SMALL, **options})


def test_training_ends_at_a_minimum_with_a_positive_hessian():
    import torch

    train = blobs(12, seed=0)
    network = fitted(train)
    loss = objective(network, train)
    assert torch.func.grad(loss)(network.tensor()).abs().max() < 1e-5
    assert np.linalg.eigvalsh(torch.func.hessian(loss)(network.tensor()).numpy()).min() > 0


def test_the_same_seed_gives_the_same_network():
    train = blobs(12, seed=0)
    assert np.array_equal(fitted(train).parameters, fitted(train).parameters)


def test_classes_that_lie_apart_are_learned():
    network = fitted(blobs(20, seed=0, spread=0.2))
    unseen = blobs(50, seed=1, spread=0.2)
    assert network.error(unseen) < 0.02
    assert network.loss(unseen) < 0.4
    np.testing.assert_allclose(network.predict(unseen.features).sum(1), 1)


def test_a_warm_start_ends_where_a_sample_of_no_weight_is_not_there():
    train = blobs(12, seed=0)
    network = fitted(train)
    again = fitted(train, start=network)
    np.testing.assert_allclose(again.parameters, network.parameters, atol=1e-3)
    weights = np.r_[0.0, np.ones(len(train) - 1)]
    elsewhere = train.features.copy()
    elsewhere[0] = 100.0
    without = fitted(train, start=network, weights=weights)
    moved = fit_network(elsewhere, train.classes, 3, start=network, weights=weights)
    np.testing.assert_allclose(moved.parameters, without.parameters, atol=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_a_second_layer_learns_what_no_line_divides(activation):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (150, 2))
    settings = NetworkSettings(hidden=(16, 8), weight_decay=1e-3, activation=activation)
    network = fit_network(x, (x[:, 0] * x[:, 1] > 0).astype(int), 2, settings=settings)
    assert network.error(Samples(x, (x[:, 0] * x[:, 1] > 0).astype(int))) < 0.05


@pytest.mark.parametrize(
    ("features", "classes", "weights"),
    [
        (np.zeros((3, 2)), [0, 1], None),
        (np.zeros((2, 2)), [0, -1], None),
        (np.zeros((2, 2)), [0.0, 1.0], None),
        (np.full((2, 2), np.nan), [0, 1], None),
        (np.zeros((2, 2)), [0, 1], [0, 0]),
        (np.zeros((0, 2)), [], None),
    ],
)
def test_samples_that_do_not_fit_are_refused(features, classes, weights):
    with pytest.raises(InputError, match="samples: expected"):
        Samples(features, classes, weights)


def test_settings_without_a_minimum_are_refused():
    with pytest.raises(InputError, match="weight_decay, gain: expected more than 0"):
        NetworkSettings(weight_decay=0)
    with pytest.raises(InputError, match="hidden: expected two widths"):
        NetworkSettings(hidden=(4, 4, 4))


def test_features_of_another_encoder_are_refused():
    network = fitted(blobs(5, seed=0))
    with pytest.raises(InputError, match=r"expected shape \(N, 6\)"):
        network.predict(np.zeros((2, 5)))
    with pytest.raises(InputError, match="expected class indices 0 to 2, found 3"):
        network.loss(Samples(np.zeros((1, 6)), [3]))
