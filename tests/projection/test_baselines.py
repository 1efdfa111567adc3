"""Every baseline has M2M's interface and does what it is known for."""

import numpy as np
import pytest
from worlds import planted

from datacrafter_widget.errors import InputError
from datacrafter_widget.projection import baselines, projection_quality

# (T, C) on the planted world that each method should reach; chance is 0.5
EXPECTED = {
    "PCA": (0.7, 0.8),
    "MDS": (0.75, 0.85),
    "TSNE": (0.93, 0.93),
    "UMAP": (0.92, 0.93),
    "CDR": (0.88, 0.93),
    "DataContextMap": (0.75, 0.8),
    "MFM": (0.75, 0.85),
}
SHORT = {"CDR": {"n_epochs": 250}, "MFM": {"n_epochs": 120}}


def make(name, **changes):
    return getattr(baselines, name)(**{**SHORT.get(name, {}), **changes})


@pytest.fixture(scope="module")
def world():
    return planted(260, n_labels=20, seed=1)


def test_every_baseline_is_covered():
    assert set(EXPECTED) == set(baselines.__all__)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_baseline_places_everything_keeps_neighbours_and_repeats(name, world):
    import torch

    images, labels, edges, _ = world
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - the global state is what must not change
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    placed = make(name).fit_transform(images, labels, edges)
    assert [p.shape for p in placed] == [(260, 2), (20, 2)]
    assert all(p.dtype == np.float32 and np.isfinite(p).all() for p in placed)
    quality = projection_quality(images, labels, edges, *placed, n_neighbors=20)
    least = EXPECTED[name]
    assert least[0] < quality.T
    assert least[1] < quality.C
    again = make(name).fit_transform(images, labels, edges)
    assert np.array_equal(placed[0], again[0])
    assert np.array_equal(placed[1], again[1])
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002


@pytest.mark.parametrize("name", EXPECTED)
def test_bad_input_is_explained_and_few_points_are_placed(name, world):
    images, labels, edges, _ = world
    method = make(name, **({"n_epochs": 3} if name in SHORT else {}))
    hole = images.copy()
    hole[3, 2] = np.nan
    for arguments, found in (
        ((hole, labels, edges), "row 3"),
        ((images, np.zeros_like(labels), edges), "zeros"),
        ((images, labels[:, :9], edges), "found 9"),
        ((images, labels, [[260, 0]]), "0 to 259"),
        ((images[:2], labels[:1], []), "found 2 and 1"),
        ((images[:0], labels, []), "found 0 and 20"),
    ):
        with pytest.raises(InputError, match=found):
            method.fit_transform(*arguments)
    for n, m in ((4, 0), (3, 1), (1, 3), (12, 2)):
        placed = method.fit_transform(images[:n], labels[:m], [(0, 0)] if m else [])
        assert [len(p) for p in placed] == [n, m]
        assert all(np.isfinite(p).all() for p in placed)


def test_dcm_lessens_the_error_and_draws_a_picture_to_its_labels(world):
    images, labels, edges, _ = world
    linked = baselines.DataContextMap().fit_transform(images, labels, edges)
    free = baselines.DataContextMap().fit_transform(images, labels)
    ims = [projection_quality(images, labels, edges, *placed).IMS for placed in (linked, free)]
    assert ims[0] > ims[1]


def test_mfm_orders_pictures_around_a_label_better_than_with_its_metric_term_alone(world):
    images, labels, edges, _ = world
    with_order = make("MFM").fit_transform(images, labels, edges)
    without = make("MFM", order_weight=0.0).fit_transform(images, labels, edges)
    tx = [projection_quality(images, labels, edges, *placed).Tx for placed in (with_order, without)]
    assert tx[0] > tx[1]


def test_cdr_gradient_is_that_of_infonce_outside_of_the_separation():
    import torch

    from datacrafter_widget.projection.baselines.cdr import _gradient

    y = torch.randn(12, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y.requires_grad_(requires_grad=True)
    batch = torch.arange(12)
    positive = (batch + 6) % 12
    kernel = 1 / (1 + torch.cdist(y, y).square())
    logits = (kernel / 0.15).masked_fill(torch.eye(12, dtype=torch.bool), -torch.inf)
    torch.nn.functional.cross_entropy(logits, positive).backward()
    assert torch.allclose(_gradient(y.detach(), batch, 0.15, separate=False), y.grad, atol=1e-9)


def test_dcm_step_lowers_the_weighted_stress_to_its_least():
    from datacrafter_widget.projection.baselines.dcm import _smacof_step

    rng = np.random.default_rng(0)
    n, m = 9, 4
    fused = rng.uniform(0.5, 1.5, size=(n + m, n + m))
    fused = (fused + fused.T) * (1 - np.eye(n + m))
    weight = np.full((n + m, n + m), 1 / (2 * n * m))
    weight[:n, :n], weight[n:, n:] = 1 / n**2, 1 / m**2

    def stress(y):
        distance = np.linalg.norm(y[:, None] - y[None], axis=-1)
        return float((weight * (distance - fused) ** 2).sum())

    y = rng.normal(size=(n + m, 2))
    stresses = [stress(y)]
    for _ in range(300):
        y = _smacof_step(y, fused, n)
        stresses.append(stress(y))
    assert (np.diff(stresses) <= 1e-12).all()
    for _ in range(20):
        assert stress(y + 1e-3 * rng.normal(size=y.shape)) > stresses[-1] - 1e-7
