"""The metrics against formulas written out by hand."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics import (
    class_diversity,
    cmmd,
    diversity,
    entropy,
    informativeness,
    informativeness_gain,
    within_class_diversity,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_informativeness_is_entropy_plus_probability_of_the_kept_class(rng):
    p, p0 = rng.dirichlet(np.ones(5), 7), rng.dirichlet(np.ones(5), 7)
    expected = [scipy_entropy(a) + a[b.argmax()] for a, b in zip(p, p0, strict=True)]
    assert np.allclose(informativeness(p, p_original=p0), expected)
    assert np.allclose(informativeness(p, parent_class=p0.argmax(1)), expected)
    gain = [e - scipy_entropy(b) for e, b in zip(expected, p0, strict=True)]
    assert np.allclose(informativeness_gain(p, p0), gain)


def test_informativeness_of_certain_and_of_uniform_predictions():
    certain, uniform = np.eye(4)[:1], np.full((1, 4), 0.25)
    assert informativeness(certain, parent_class=0) == pytest.approx([1.0])
    assert informativeness(certain, parent_class=1) == pytest.approx([0.0])
    assert informativeness(uniform, parent_class=2) == pytest.approx([math.log(4) + 0.25])
    assert entropy(np.zeros((0, 4))).shape == (0,)
    assert informativeness(np.zeros((0, 4)), parent_class=0).shape == (0,)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"parent_class": [0, 0], "p_original": [[0.5, 0.5]]},
        {"parent_class": [0, 2]},
        {"parent_class": [0.0, 1.0]},
        {"parent_class": [0, 1, 1]},
        {"p_original": [[1.0]]},
        {"p_original": [[3.0, 4.0], [3.0, 4.0]]},
    ],
)
def test_informativeness_refuses_what_it_cannot_use(arguments):
    with pytest.raises(InputError):
        informativeness([[0.5, 0.5], [0.1, 0.9]], **arguments)


def test_diversity_is_the_mean_divergence_to_the_softmaxed_mean(rng):
    x = rng.normal(size=(9, 6)).astype(np.float32)
    mean = softmax(x.mean(0))
    expected = np.mean([scipy_entropy(softmax(v), mean) for v in x])
    assert diversity(x) == pytest.approx(expected, rel=1e-5)
    assert diversity(x, temperature=0.1) > diversity(x)


def test_diversity_is_counted_class_by_class(rng):
    x = rng.normal(size=(20, 4))
    classes = np.repeat([4, 7], 10)
    per_class = class_diversity(x, classes)
    assert list(per_class) == [4, 7]
    assert per_class[4] == pytest.approx(diversity(x[:10]))
    assert within_class_diversity(x, classes) == pytest.approx((per_class[4] + per_class[7]) / 2)
    shifted = x + np.where(classes == 4, 5.0, 0.0)[:, None] * np.eye(4)[0]
    assert within_class_diversity(shifted, classes) < diversity(shifted)


def test_diversity_of_equal_pictures_is_zero_and_of_one_is_unknown(rng):
    one = rng.normal(size=(1, 8))
    assert diversity(np.repeat(one, 5, axis=0)) == pytest.approx(0, abs=1e-12)
    with np.errstate(all="raise"):
        assert math.isnan(diversity(one))
        assert math.isnan(diversity(np.zeros((0, 8))))
        assert math.isnan(class_diversity(one, [2], class_ids=[2, 3])[3])
        assert math.isnan(within_class_diversity(one, [2]))
    with pytest.raises(InputError):
        class_diversity(one, [1, 2])
    with pytest.raises(InputError):
        diversity(one, temperature=0)


def brute_cmmd(x, y):
    def kernel(a, b):
        return np.exp(-cdist(a, b, "sqeuclidean") / 200)

    n, m = len(x), len(y)
    within = (kernel(x, x).sum() - n) / (n * (n - 1)) + (kernel(y, y).sum() - m) / (m * (m - 1))
    return 1000 * (within - 2 * kernel(x, y).mean())


def test_cmmd_is_the_unbiased_estimate(rng):
    x, y = rng.normal(size=(30, 5)), rng.normal(size=(20, 5)) + 1
    assert cmmd(x, y) == pytest.approx(brute_cmmd(x, y), rel=1e-9)
    assert cmmd(x, y) == pytest.approx(cmmd(y, x))


def test_cmmd_in_chunks_equals_cmmd_at_once(rng):
    x = rng.normal(size=(2500, 3)).astype(np.float32)
    y = rng.normal(size=(1100, 3)).astype(np.float32)
    assert cmmd(x, y) == pytest.approx(brute_cmmd(x.astype(float), y.astype(float)), rel=1e-5, abs=1e-6)


def test_cmmd_keeps_its_digits_on_unit_vectors(rng):
    x, y = rng.normal(size=(2, 40, 64))
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    assert cmmd(x, y) == pytest.approx(brute_cmmd(x, y), rel=1e-6, abs=1e-9)
    assert abs(cmmd(x, y)) < cmmd(x, y + 0.05)


def test_cmmd_of_too_few_pictures_is_unknown(rng):
    x = rng.normal(size=(4, 3))
    with np.errstate(all="raise"):
        assert math.isnan(cmmd(x, x[:1]))
        assert math.isnan(cmmd(x[:0], x))
    for bad in (x[:, :2], x[0], np.full((4, 3), np.nan)):
        with pytest.raises(InputError):
            cmmd(x, bad)
    with pytest.raises(InputError):
        cmmd(x, x, sigma=0)
