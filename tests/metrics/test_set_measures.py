"""Measures of sets of pictures: what a user would notice of them, and what they refuse."""

import math
from functools import partial

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics import (
    by_class,
    clip_score,
    clip_scores,
    cmmd,
    cmmd_biased,
    frechet_distance,
    image_alignment,
    kernel_distance,
    neighbourhood,
    overfit_share,
    overfitted,
    relative_diversity,
    subset_kernel_distance,
    text_alignment,
    vendi_score,
    within_class_diversity,
)
from datacrafter_widget.metrics.frechet import frechet_of_moments, moments
from datacrafter_widget.metrics.similarity import directional_similarity, image_similarity, ssim

DISTANCES = (cmmd, cmmd_biased, frechet_distance, kernel_distance)


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_distance_grows_as_one_set_moves_away_and_has_no_direction(rng, distance):
    x, y = rng.normal(size=(2, 60, 12))
    near, far = distance(x, y + 0.5), distance(x, y + 1.0)
    assert distance(x, y) < near < far
    assert near == pytest.approx(distance(y + 0.5, x))


@pytest.mark.parametrize("distance", [*DISTANCES, neighbourhood])
def test_a_distance_of_too_few_pictures_is_unknown_and_of_two_encoders_refused(rng, distance):
    x = rng.normal(size=(10, 4))
    with np.errstate(all="raise"):
        assert np.isnan(distance(x, x[:0])).all()
        assert np.isnan(distance(x[:0], x)).all()
    with pytest.raises(InputError, match="same model"):
        distance(x, x[:, :3])
    with pytest.raises(InputError, match="finite"):
        distance(x, x * np.nan)


def test_frechet_distance_of_equal_sets_is_zero_with_fewer_pictures_than_dimensions(rng):
    x = rng.normal(size=(10, 300))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x + 2.0) == pytest.approx(300 * 4)
    assert math.isnan(frechet_distance(x, x[:1]))


def test_frechet_distance_of_moments_is_that_of_the_pictures(rng):
    for width in (5, 80):
        x, y = rng.normal(size=(2, 30, width))
        kept = moments(x[:7]).joined(moments(x[7:7])).joined(moments(x[7:]))
        assert frechet_of_moments(kept, moments(y)) == pytest.approx(frechet_distance(x, y), rel=1e-6)
    with pytest.raises(InputError, match="one encoder"):
        frechet_of_moments(moments(x), moments(y[:, :3]))


def test_biased_cmmd_is_above_the_unbiased_by_what_its_docstring_says(rng):
    x, y = rng.normal(size=(2, 50, 64))
    x, y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, y))
    assert cmmd_biased(x, x) == pytest.approx(0, abs=1e-9)
    assert cmmd_biased(x, y) - cmmd(x, y) == pytest.approx(1000 / 100 * (1 / 50 + 1 / 50), rel=0.05)


def test_subsets_of_a_kernel_distance_are_drawn_by_their_seed(rng):
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(50, 6)) + 1
    found = subset_kernel_distance(x, y, subsets=60, subset_size=20, seed=1)
    assert found == subset_kernel_distance(x, y, subsets=60, subset_size=20, seed=1)
    assert found != subset_kernel_distance(x, y, subsets=60, subset_size=20, seed=2)
    assert found.mean == pytest.approx(kernel_distance(x, y), abs=4 * found.std / math.sqrt(60))
    with pytest.raises(InputError, match="2 to 40 pictures"):
        subset_kernel_distance(x, y, subset_size=41)


def test_fidelity_and_variety_are_told_apart(rng):
    originals = np.concatenate([rng.normal(size=(80, 8)), rng.normal(size=(80, 8)) + 20])
    half = rng.normal(size=(160, 8)) * 0.3
    one_kind = neighbourhood(originals, half)
    assert one_kind.precision == 1
    assert one_kind.density > 1
    assert one_kind.recall <= 0.5
    assert one_kind.coverage <= 0.5
    strange = neighbourhood(originals, half + 100)
    assert strange == (0, 0, 0, 0)
    with pytest.raises(InputError, match="neighbours"):
        neighbourhood(originals, half, k=0)


def test_neighbourhoods_do_not_depend_on_the_rows_at_a_time(rng, monkeypatch):
    originals, generated = rng.normal(size=(90, 5)), rng.normal(size=(50, 5))
    whole = neighbourhood(originals, generated)
    monkeypatch.setattr("datacrafter_widget.metrics.neighbours.CHUNK_ROWS", 7)
    assert neighbourhood(originals, generated) == pytest.approx(whole)


def test_vendi_score_counts_different_pictures(rng):
    assert vendi_score(np.eye(6)) == pytest.approx(6)
    assert vendi_score(np.repeat(np.eye(6)[:2], 10, axis=0)) == pytest.approx(2)
    assert vendi_score(np.repeat(rng.normal(size=(1, 4)), 9, axis=0)) == pytest.approx(1)
    rare = np.repeat(np.eye(3), [50, 1, 1], axis=0)
    assert vendi_score(rare, order=0) == pytest.approx(3)
    assert vendi_score(rare, order=2) < vendi_score(rare) < vendi_score(rare, order=0.5)
    assert vendi_score(rare, order=math.inf) == pytest.approx(52 / 50)
    assert math.isnan(vendi_score(np.zeros((0, 4))))
    for bad in (np.zeros((3, 4)), np.full((3, 4), np.inf), np.zeros(3)):
        with pytest.raises(InputError):
            vendi_score(bad)
    with pytest.raises(InputError, match="order"):
        vendi_score(rare, order=-1)


def test_clip_scores_have_no_scale_but_their_own_and_nothing_below_zero():
    images, text = np.array([[3.0, 0.0], [1.0, 1.0], [-1.0, 0.0]]), np.array([[0.5, 0.0]])
    assert clip_scores(images, text) == pytest.approx([100, 100 / math.sqrt(2), 0])
    assert clip_score(images, text, scale=2.5) == pytest.approx(2.5 * (1 + 1 / math.sqrt(2)) / 3)
    assert text_alignment(images, text) == pytest.approx((1 / math.sqrt(2)) / 3)
    assert math.isnan(clip_score(images[:0], text))
    with pytest.raises(InputError, match="expected 3 rows"):
        clip_score(images, images[:2])
    with pytest.raises(InputError, match="zeros"):
        clip_score(images, 0 * text)


def test_a_picture_that_is_no_more_like_what_was_asked_for_than_like_the_rest_is_overfitted():
    images = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    anchor, rest = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert overfitted(images, anchor, rest).tolist() == [False, True, True]
    assert overfit_share(images, anchor, rest) == pytest.approx(2 / 3)
    assert math.isnan(overfit_share(images[:0], anchor, rest))


def test_image_alignment_is_the_mean_over_all_pairs():
    assert image_alignment(np.eye(2), np.eye(2) * 7) == pytest.approx(0.5)
    assert math.isnan(image_alignment(np.eye(2), np.zeros((0, 2))))


def test_a_measure_is_taken_over_all_and_class_by_class(rng):
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(30, 6))
    x_classes, y_classes = np.repeat([2, 5], 20), np.repeat([5, 7], 15)
    found = by_class(cmmd, (x, x_classes), (y, y_classes))
    assert found.overall == cmmd(x, y)
    assert list(found.classes) == [2, 5, 7]
    assert found.classes[5] == cmmd(x[20:], y[:15])
    assert math.isnan(found.classes[7])
    scores = by_class(partial(clip_score, scale=1), (y, y_classes), (y, y_classes), class_ids=[7])
    assert scores == (pytest.approx(1), {7: pytest.approx(1)})
    assert by_class(neighbourhood, (x, x_classes), (x, x_classes)).classes[2].coverage == 1
    with pytest.raises(InputError, match="one a picture"):
        by_class(cmmd, (x, x_classes), (y, x_classes))


def test_relative_diversity_is_one_for_the_originals_and_does_not_know_the_encoders_scale(rng):
    x, classes = rng.normal(size=(60, 16)) * 0.02, np.repeat([1, 2, 3], 20)
    assert relative_diversity(x, classes, x, classes) == pytest.approx(1)
    centre = np.stack([x[classes == c].mean(0) for c in classes])
    assert relative_diversity(centre + (x - centre) / 2, classes, x, classes) == pytest.approx(0.25, rel=0.02)
    assert relative_diversity(x[:20], classes[:20], x, classes) == pytest.approx(
        within_class_diversity(x[:20], classes[:20]) / within_class_diversity(x[:20], classes[:20])
    )
    with np.errstate(all="raise"):
        assert math.isnan(relative_diversity(x[:20], classes[:20], x[20:], classes[20:]))


def test_ssim_falls_as_a_picture_is_changed(rng):
    picture = rng.integers(0, 256, (40, 50, 3), np.uint8)
    other = rng.integers(0, 256, (40, 50, 3), np.uint8)
    half = picture.copy()
    half[:, 25:] = other[:, 25:]
    assert ssim(picture, picture) == pytest.approx(1)
    assert ssim(picture, other) < ssim(picture, half) < 1
    with pytest.raises(InputError, match="one size"):
        ssim(picture, other[:30])
    with pytest.raises(InputError, match="11 pixels"):
        ssim(picture[:10], other[:10])
    with pytest.raises(InputError, match="uint8"):
        ssim(picture / 255, other)
    assert image_similarity(np.eye(2), np.eye(2)[:1]) == pytest.approx([1, 0])


def test_directional_similarity_is_that_of_the_changes_of_pictures_and_captions(rng):
    def unit(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    before, source, target = (unit(rng.normal(size=(5, 8))) for _ in range(3))
    after = rng.normal(size=(5, 8))
    change, meant = unit(after) - before, target - source
    found = directional_similarity(3 * before, after, 2 * source, target)
    assert found == pytest.approx((unit(change) * unit(meant)).sum(1))
    assert directional_similarity(before, after, before, after) == pytest.approx(np.ones(5))
    assert directional_similarity(before, after, after, before) == pytest.approx(-np.ones(5))
    assert directional_similarity(before, before, source, target).tolist() == [0] * 5
    assert directional_similarity(before, after, source[:1], target[:1]) == pytest.approx(
        (unit(change) * unit(meant[:1])).sum(1)
    )
    with pytest.raises(InputError, match="captions that differ"):
        directional_similarity(before, after, source, source)
    with pytest.raises(InputError, match="as many rows"):
        directional_similarity(before, after[:3], source, target)
