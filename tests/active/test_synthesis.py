from dataclasses import replace

import numpy as np
import pytest

from datacrafter_widget.active.influence import perturbation_gradient
from datacrafter_widget.active.network import Network, NetworkSettings, Samples, fit_network
from datacrafter_widget.active.synthesis import SynthesisSettings, expected_gain, prepare, synthesise
from datacrafter_widget.errors import InputError

SMALL = NetworkSettings(hidden=(8, 6))
EXACT = replace(SMALL, tolerance=1e-7)
QUICK = SynthesisSettings(steps=60, network=SMALL)


def places(count: int, *, seed: int, kinds: tuple[int, ...], scenes: tuple[int, ...]) -> Samples:
    """Pictures of `kinds` in `scenes`: a kind and a scene each push one feature, and a scene confuses two kinds."""
    rng = np.random.default_rng(seed)
    kind, scene = (np.repeat(each, count) for each in np.meshgrid(kinds, scenes, indexing="ij"))
    kind, scene = kind.ravel(), scene.ravel()
    features = 0.15 * rng.standard_normal((len(kind), 12))
    features[np.arange(len(kind)), kind] += 1
    features[np.arange(len(kind)), 6 + scene] += 1
    features[:, 1] += 0.8 * ((scene == 2) & (kind == 0))  # at night, kind 0 looks like kind 1
    return Samples(features, kind)


@pytest.fixture(scope="module")
def train() -> Samples:
    return places(8, seed=0, kinds=(0, 1, 2), scenes=(0, 1))


@pytest.fixture(scope="module")
def validation() -> Samples:
    return places(5, seed=1, kinds=(0, 1, 2), scenes=(0, 1, 2))


@pytest.fixture(scope="module")
def query(train, validation):
    return synthesise(train, validation, 0, 3, settings=QUICK)


def test_the_validation_loss_falls(query):
    assert (np.diff(query.losses) < 0).all()
    assert len(query.losses) > 3
    assert expected_gain(query) > 0.02 * query.base_loss
    assert expected_gain(query) == query.base_loss - query.losses[-1]


def test_plain_steps_lower_the_loss(train, validation):
    plain = replace(QUICK, steps=4, learning_rate=2e-3, adaptive=False, refit_every=1, network=EXACT)
    query = synthesise(train, validation, 0, 3, settings=plain)
    assert len(query.losses) == 5
    assert (np.diff(query.losses) < 0).all()


def test_a_step_along_the_gradient_as_the_paper_prints_it_raises_the_loss(train, validation):
    base = fit_network(train.features, train.classes, 3, settings=EXACT)
    mean = train.features[train.classes == 0].mean(0)

    def trained(x: np.ndarray) -> Network:
        joined = train.joined(x, 0, 1.0)
        return fit_network(joined.features, joined.classes, 3, start=base)

    gradient = perturbation_gradient(trained(mean), mean, 0, train, validation)
    step = 0.1 * gradient / np.linalg.norm(gradient)
    losses = [trained(x).loss(validation) for x in (mean - step, mean, mean + step)]
    assert losses == sorted(losses)


def test_the_query_moves_to_the_place_that_training_lacks(query, train):
    np.testing.assert_allclose(query.start, train.features[train.classes == 0].mean(0))
    moved = query.x_star - query.start
    assert moved[8] == max(moved[6:9])
    assert moved[8] > 0.2
    assert query.class_ == 0


def test_the_query_stays_among_pictures_of_its_class(query, train, validation):
    own = np.vstack([each.features[each.classes == 0] for each in (train, validation)])
    assert np.linalg.norm(query.x_star - query.start) <= np.linalg.norm(own - query.start, axis=1).max()
    assert query.x_star[0] == max(query.x_star[:3])


def test_training_once_for_all_classes_changes_nothing(train, validation, query):
    prepared = prepare(train, validation, 3, settings=QUICK)
    again = synthesise(train, validation, 0, 3, settings=QUICK, prepared=prepared)
    np.testing.assert_array_equal(again.x_star, query.x_star)
    assert again.base_loss == query.base_loss


def test_more_values_than_samples_give_the_same_query(train, validation, query):
    """Features turned into a wider space: nothing leaves the span of the samples."""
    wide, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((200, 12)))
    turned = [Samples(each.features @ wide.T, each.classes) for each in (train, validation)]
    prepared = prepare(*turned, 3, settings=QUICK)
    assert prepared.network.sizes[0] == 12
    again = synthesise(*turned, 0, 3, settings=QUICK, prepared=prepared)
    np.testing.assert_allclose(wide.T @ again.x_star, query.x_star, atol=0.05)


def test_a_query_that_stands_for_more_pictures_gains_more(train, validation, query):
    many = synthesise(
        train, validation, 0, 3, settings=SynthesisSettings(steps=60, network=SMALL, weight=5.0)
    )
    assert expected_gain(many) > expected_gain(query)


def test_progress_is_told_and_can_stop_the_search(train, validation):
    shares = []
    synthesise(train, validation, 1, 3, settings=QUICK, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(train, validation, 1, 3, settings=QUICK, progress=stop)


def test_what_does_not_fit_is_refused(train, validation):
    with pytest.raises(InputError, match="none of class 5"):
        synthesise(train, validation, 5, 6, settings=QUICK)
    with pytest.raises(InputError, match="Encode both with the same model"):
        prepare(train, Samples(np.zeros((2, 3)), [0, 1]), 3)
    with pytest.raises(InputError, match="class indices 0 to 1"):
        prepare(train, validation, 2)
    with pytest.raises(InputError, match="steps: expected at least 1"):
        SynthesisSettings(steps=0)
    with pytest.raises(InputError, match="learning_rate, weight: expected more than 0"):
        SynthesisSettings(weight=0)
