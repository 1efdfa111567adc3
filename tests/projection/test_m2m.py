"""M2M on small worlds whose structure is known."""

import numpy as np
import pytest

from datacrafter_widget.errors import InputError, JobCancelled
from datacrafter_widget.projection import M2M, projection_quality

N, GROUPS, DIM = 150, 5, 32


def world(seed=0, n=N):
    """Groups of pictures, a label in the middle of each, two labels that span two groups; a modality gap."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(GROUPS, DIM))
    group = np.arange(n) % GROUPS
    images = centres[group] + 0.4 * rng.normal(size=(n, DIM)) + 2.0
    labels = np.concatenate([centres, [centres[0] + centres[1], centres[2] + centres[3]]]) - 2.0
    members = [[g] for g in range(GROUPS)] + [[0, 1], [2, 3]]
    edges = [(i, j) for i in range(n) for j, groups in enumerate(members) if group[i] in groups and i % 3]
    return images.astype(np.float32), labels.astype(np.float32), np.array(edges), group


@pytest.fixture(scope="module")
def fitted():
    images, labels, edges, group = world()
    return M2M(random_state=0).fit(images, labels, edges), images, labels, edges, group


def test_groups_stay_together_and_labels_sit_in_their_group(fitted):
    m2m, images, labels, edges, group = fitted
    quality = projection_quality(
        images, labels, edges, m2m.image_positions_, m2m.label_positions_, n_neighbors=15
    )
    assert quality.T > 0.9
    assert quality.C > 0.9
    assert quality.IMS > 0.6
    centre = np.array([m2m.image_positions_[group == g].mean(axis=0) for g in range(GROUPS)])
    distance = np.linalg.norm(m2m.label_positions_[:GROUPS, None] - centre[None], axis=2)
    assert (distance.argmin(axis=1) == np.arange(GROUPS)).all()


def test_positions_are_float32_centred_and_of_unit_spread(fitted):
    m2m = fitted[0]
    assert m2m.image_positions_.dtype == m2m.label_positions_.dtype == np.float32
    assert m2m.image_positions_.shape == (N, 2)
    assert m2m.label_positions_.shape == (GROUPS + 2, 2)
    assert np.allclose(m2m.image_positions_.mean(axis=0), 0, atol=1e-4)
    assert np.sqrt(m2m.image_positions_.var(axis=0).mean()) == pytest.approx(1, abs=1e-3)


def test_same_seed_same_map_and_no_global_random_state_is_touched(fitted):
    import torch

    m2m, images, labels, edges, _ = fitted
    torch.manual_seed(5)
    before = torch.get_rng_state()
    again = M2M(random_state=0).fit(images, labels, edges[::-1])
    assert np.array_equal(again.image_positions_, m2m.image_positions_)
    assert np.array_equal(again.label_positions_, m2m.label_positions_)
    assert torch.equal(torch.get_rng_state(), before)
    other = M2M(random_state=1).fit(images, labels, edges)
    assert not np.array_equal(other.image_positions_, m2m.image_positions_)


def test_a_refit_with_more_pictures_leaves_the_old_ones_in_place(fitted):
    m2m, images, labels, edges, group = fitted
    more = world(seed=0, n=N)[0] + 0.05 * np.random.default_rng(1).normal(size=(N, DIM)).astype(np.float32)
    new = more[:30]
    start = np.concatenate([m2m.image_positions_, np.full((30, 2), np.nan)])
    refit = M2M(random_state=0).fit(
        np.concatenate([images, new]), labels, edges, init=(start, m2m.label_positions_)
    )
    box = np.ptp(m2m.image_positions_, axis=0).max()
    moved = np.linalg.norm(refit.image_positions_[:N] - m2m.image_positions_, axis=1)
    assert np.median(moved) < 0.03 * box
    near = np.linalg.norm(refit.image_positions_[N:] - refit.image_positions_[:30], axis=1)
    assert np.median(near) < 0.1 * box
    assert np.isfinite(refit.label_positions_).all()
    assert len(group) == N


def test_new_pictures_go_beside_their_nearest_fitted_ones(fitted):
    m2m, images, _, _, group = fitted
    assert np.allclose(m2m.transform_images(images[:9]), m2m.image_positions_[:9], atol=1e-2)
    rng = np.random.default_rng(4)
    placed = m2m.transform_images(images[:40] + 0.1 * rng.normal(size=(40, DIM)))
    distance = np.linalg.norm(placed[:, None] - m2m.image_positions_[None], axis=2)
    assert (group[distance.argmin(axis=1)] == group[:40]).mean() > 0.9
    assert placed.dtype == np.float32
    assert m2m.transform_images(np.zeros((0, DIM))).shape == (0, 2)


def test_cancelling_from_the_progress_callback_keeps_the_old_map():
    images, labels, edges, _ = world(n=40)
    m2m = M2M(n_epochs=20).fit(images, labels, edges)
    old = m2m.image_positions_
    shares = []

    def progress(share):
        shares.append(share)
        if share > 0.3:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        m2m.fit(images[:20], labels, [], progress=progress)
    assert shares == sorted(shares)
    assert m2m.image_positions_ is old


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("n_labels", [0, 1, 3])
def test_tiny_inputs_give_finite_maps(n, n_labels):
    images, labels, _, _ = world(n=10)
    edges = [(i, 0) for i in range(n)] if n_labels else []
    with np.errstate(all="raise", under="ignore"):
        x, v = M2M(n_epochs=10).fit_transform(images[:n], labels[:n_labels], edges)
    assert x.shape == (n, 2)
    assert v.shape == (n_labels, 2)
    assert np.isfinite(x).all()
    assert np.isfinite(v).all()


def test_duplicates_no_edges_and_no_labels_are_fine():
    images, labels, _, _ = world(n=20)
    same = np.repeat(images[:1], 12, axis=0)
    assert np.isfinite(M2M(n_epochs=10).fit(same, labels, []).label_positions_).all()
    mixed = np.concatenate([images, images])
    m2m = M2M(n_epochs=60).fit(mixed)
    apart = np.linalg.norm(m2m.image_positions_[:20] - m2m.image_positions_[20:], axis=1)
    assert apart.max() < 1e-3
    assert m2m.label_positions_.shape == (0, 2)


def test_batches_of_a_larger_set_still_find_the_groups():
    images, labels, edges, group = world(n=2000)
    x, _ = M2M(n_epochs=15).fit_transform(images, labels, edges)
    centre = np.array([x[group == g].mean(axis=0) for g in range(GROUPS)])
    distance = np.linalg.norm(x[:, None] - centre[None], axis=2)
    assert (distance.argmin(axis=1) == group).mean() > 0.95


@pytest.mark.parametrize(
    "change",
    [
        {"image_features": np.full((4, 3), np.nan)},
        {"image_features": np.zeros((4, 3))},
        {"image_features": np.ones(3)},
        {"label_features": np.ones((2, 5))},
        {"edges": [(0, 2)]},
        {"edges": [(-1, 0)]},
        {"edges": [(0.0, 1.0)]},
        {"edges": [(0, 1, 1)]},
        {"init": (np.zeros((3, 2)), np.zeros((2, 2)))},
    ],
)
def test_input_that_cannot_be_used_is_refused(change):
    good = {"image_features": np.eye(4, 3) + 1, "label_features": np.eye(2, 3), "edges": [(0, 0)]}
    with pytest.raises(InputError):
        M2M(n_epochs=2).fit(**{**good, **change})
    with pytest.raises(InputError):
        M2M().transform_images(np.eye(3))


def test_same_parameters_make_the_same_estimator():
    from sklearn.base import clone

    m2m = M2M(n_neighbors=7, random_state=3)
    assert clone(m2m).get_params() == m2m.get_params()
    assert m2m.set_params(n_epochs=5).n_epochs == 5


def test_new_labels_find_their_pictures(fitted):
    m2m, images, labels, edges, group = fitted
    pictures, words = m2m.transform(images[:3], labels[:GROUPS], edges[edges[:, 1] < GROUPS])
    assert pictures.shape == (3, 2)
    centre = np.array([m2m.image_positions_[group == g].mean(axis=0) for g in range(GROUPS)])
    assert (np.linalg.norm(words[:, None] - centre, axis=2).argmin(axis=1) == np.arange(GROUPS)).all()
    nothing = m2m.transform()
    assert nothing[0].shape == nothing[1].shape == (0, 2)
    with pytest.raises(InputError, match="32 values"):
        m2m.transform(None, np.ones((2, 5)))
    with pytest.raises(InputError, match="edges"):
        m2m.transform(None, labels, [(0, 99)])


def test_the_weights_of_the_terms_are_learned(fitted):
    learned = fitted[0].task_weights_
    assert set(learned) == {"label_image", "image_label", "label_label"}
    assert all(weight > 0 for weight in learned.values())
