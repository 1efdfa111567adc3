"""Tagging in a planted world in which every picture's true words are known."""

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels import GENERAL_VOCABULARY, Tagger, zero_shot
from datacrafter_widget.labels.mixture import split_columns
from datacrafter_widget.labels.sparse import sparse_words

DIM, KINDS, COLOURS, ABSENT = 64, 6, 5, 40


def planted(n, seed=0):
    """Pictures of one kind and one colour each, as CLIP sees them: modality gap, hubs, labels for nothing.

    Cosines come out at about 0.15 to 0.35, as those of ViT-B/32 do.
    """
    fixed = np.random.default_rng(9)
    labels = fixed.normal(size=(KINDS + COLOURS + ABSENT, DIM)) / np.sqrt(DIM)
    gap = fixed.normal(size=DIM) / np.sqrt(DIM)
    common = fixed.normal(size=DIM) / np.sqrt(DIM)
    rng = np.random.default_rng(seed)
    kind, colour = rng.integers(KINDS, size=n), KINDS + rng.integers(COLOURS, size=n)
    truth = np.zeros((n, len(labels)), bool)
    truth[np.arange(n), kind] = truth[np.arange(n), colour] = True
    noise = rng.normal(size=(n, DIM)) / np.sqrt(DIM)
    images = truth @ labels + 2.0 * gap + 0.9 * noise
    words = labels + 1.5 * common + 0.3 * gap
    unit_images = images / np.linalg.norm(images, axis=1, keepdims=True)
    unit_words = words / np.linalg.norm(words, axis=1, keepdims=True)
    return unit_images.astype(np.float32), unit_words.astype(np.float32), truth


def as_matrix(edges, shape):
    given = np.zeros(shape, bool)
    given[edges[:, 0], edges[:, 1]] = True
    return given


def test_labels_are_found_and_absent_ones_do_not_flood():
    images, words, truth = planted(300)
    edges, scores = Tagger(words).fit(images).tag(images)
    given = as_matrix(edges, truth.shape)
    assert (given & truth).sum() / given.sum() > 0.9
    assert (given & truth).sum() / truth.sum() > 0.85
    assert given[:, KINDS + COLOURS :].mean(axis=0).max() < 0.1
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores.dtype == np.float32
    assert edges.dtype == np.int64


def test_new_pictures_get_the_same_labels_whatever_comes_with_them():
    images, words, truth = planted(260)
    tagger = Tagger(words).fit(images[:200])
    all_at_once = as_matrix(tagger.tag(images)[0], truth.shape)
    one_by_one = np.concatenate([as_matrix(tagger.tag(x[None])[0], (1, truth.shape[1])) for x in images])
    assert np.array_equal(all_at_once, one_by_one)
    new = all_at_once[200:]
    assert (new & truth[200:]).sum() / new.sum() > 0.85


def test_tagging_is_deterministic_and_its_state_can_be_stored():
    images, words, _ = planted(120)
    tagger = Tagger(words).fit(images)
    edges, scores = tagger.tag(images)
    for other in (Tagger(words).fit(images), Tagger.from_state(words, tagger.state())):
        again, again_scores = other.tag(images)
        assert np.array_equal(again, edges)
        assert np.array_equal(again_scores, scores)
    with pytest.raises(InputError):
        Tagger.from_state(words[:3], tagger.state())


@pytest.mark.parametrize("n", [1, 2, 5, 19])
def test_few_pictures_are_tagged_by_what_stands_out(n):
    images, words, truth = planted(n, seed=3)
    edges, _ = Tagger(words).fit(images).tag(images)
    given = as_matrix(edges, truth.shape)
    assert given.any(axis=1).all()
    assert (given & truth).sum() / given.sum() > 0.6
    assert given.sum(axis=1).max() <= 8


def test_no_picture_has_more_than_top_k_and_they_come_by_falling_score():
    images, words, _ = planted(100)
    edges, scores = Tagger(words, top_k=1).fit(images).tag(images)
    assert np.bincount(edges[:, 0]).max() == 1
    edges, scores = Tagger(words).fit(images).tag(images)
    same = edges[1:, 0] == edges[:-1, 0]
    assert (edges[1:, 0] >= edges[:-1, 0]).all()
    assert (scores[1:][same] <= scores[:-1][same]).all()


def test_nothing_to_tag_or_nothing_to_say():
    images, words, _ = planted(30)
    tagger = Tagger(words).fit(images[:0])
    assert tagger.tag(images[:0])[0].shape == (0, 2)
    assert len(tagger.tag(images)[0]) > 0
    assert Tagger(words[:0]).fit(images).tag(images)[0].shape == (0, 2)
    assert Tagger(words[:1]).fit(images).tag(images)[0].shape[1] == 2
    same = np.repeat(images[:1], 40, axis=0)
    assert np.isfinite(Tagger(words).fit(same).tag(same)[1]).all()


def test_input_that_cannot_be_used_is_refused():
    images, words, _ = planted(30)
    for bad in (images[:, :3], images[0], np.full((2, DIM), np.nan)):
        with pytest.raises(InputError):
            Tagger(words).fit(bad)
    with pytest.raises(InputError):
        Tagger(words).tag(images)
    with pytest.raises(InputError):
        zero_shot(images, words[:0])


def test_zero_shot_is_the_softmax_of_scaled_cosines():
    from scipy.special import softmax

    images, words, truth = planted(50)
    p = zero_shot(images * 3, words[:KINDS], 100)
    assert np.allclose(p, softmax(100 * images @ words[:KINDS].T, axis=1), atol=1e-5)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (p.argmax(axis=1) == truth[:, :KINDS].argmax(axis=1)).mean() > 0.9


def test_sparse_words_solve_the_lasso():
    from sklearn.linear_model import Lasso

    rng = np.random.default_rng(0)
    words = rng.normal(size=(12, 30)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    picture = (words[3] + 0.6 * words[7])[None]
    picture = (picture / np.linalg.norm(picture)).astype(np.float32)
    weights = sparse_words(picture, words, penalty=0.05, competition=1.0)
    model = Lasso(alpha=0.05 / 30, positive=True, fit_intercept=False, tol=1e-6)
    assert np.allclose(weights[0], model.fit(words.T, picture[0]).coef_, atol=2e-3)


def test_the_split_lies_between_two_groups_and_one_group_gains_nothing():
    rng = np.random.default_rng(0)
    two = np.concatenate([rng.normal(0, 1, 180), rng.normal(8, 1, 20)])
    one = rng.normal(0, 1, 200)
    split = split_columns(np.stack([two * 0.01 + 0.2, one], axis=1))
    assert 0.22 < split.threshold[0] < 0.27
    assert split.share[0] == pytest.approx(0.1, abs=0.02)
    assert split.separation[0] > 5
    assert split.gain[0] > 0.03 > split.gain[1]


def test_the_built_in_words_are_many_and_clean():
    assert 300 <= len(GENERAL_VOCABULARY) <= 600
    assert len(set(GENERAL_VOCABULARY)) == len(GENERAL_VOCABULARY)
    assert all(word == word.strip() and not word.startswith("#") for word in GENERAL_VOCABULARY)
