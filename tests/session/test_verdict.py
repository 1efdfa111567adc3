"""What is said of a round, and the numbers behind it."""

import numpy as np
import pytest

from datacrafter_widget.session.scoring import Pictures, best_strength, change, score, share, spread_folds
from datacrafter_widget.session.verdict import judge
from datacrafter_widget.training.intervals import Interval


def said(mean, half, **more):
    shift = Interval(mean, mean - half, mean + half, 500)
    given = {"pictures": 200, "rounds": 1, "total": 200, "overall": shift, **more}
    return judge(change=shift, **given)


def test_a_verdict_says_how_many_pictures_did_what():
    verdict = said(0.018, 0.006)
    assert str(verdict) == "These 200 pictures raised validation accuracy by 1.8 ± 0.6 points."
    assert verdict.effect == "raised"
    assert said(-0.021, 0.01, pictures=1, accuracy="cross-validated accuracy").text == (
        "This picture lowered cross-validated accuracy by 2.1 ± 1.0 points."
    )
    assert said(0.03, 0.01, pictures=12_000).text.startswith("These 12,000 pictures raised")


def test_what_chance_explains_is_no_effect():
    before, now = {"diversity": 0.2, "distance": 3.0}, {"diversity": 0.15, "distance": 3.1}
    verdict = said(0.001, 0.009, now=now, before=before)
    assert verdict.text == "No measurable effect (0.1 ± 0.9 points); diversity fell."
    assert verdict.effect == "none"
    assert said(-0.001, 0.009).text == "No measurable effect (\N{MINUS SIGN}0.1 ± 0.9 points)."
    assert said(0.001, 0.009, level=0.99).text.endswith("; 99.0 % were told right before.")
    assert said(0.0002, 0.0001).text == "No measurable effect (0.0 ± 0.0 points)."


def test_a_loss_comes_with_the_reasons_that_are_visible():
    verdict = said(
        -0.04,
        0.01,
        now={"diversity": 0.1, "distance": 5.0},
        before={"diversity": 0.2, "distance": 3.0},
        class_changes={"crane": -17, "wren": -3, "heron": 0},
    )
    assert verdict.effect == "lowered"
    assert verdict.text == (
        "These 200 pictures lowered validation accuracy by 4.0 ± 1.0 points, most of it in crane; diversity fell"
        " and the pictures moved away from the originals."
    )
    assert "most of it" not in said(-0.04, 0.01, class_changes={"crane": -5, "wren": -5}).text


def test_later_rounds_are_also_compared_with_the_originals():
    overall = Interval(0.031, 0.019, 0.043, 500)
    verdict = said(0.0, 0.005, rounds=2, total=400, overall=overall)
    assert verdict.text == (
        "No measurable effect (0.0 ± 0.5 points). All 400 in 2 rounds against the originals alone: +3.1 ± 1.2 points."
    )
    assert verdict.overall == overall


def test_a_change_is_compared_picture_by_picture():
    rng = np.random.default_rng(0)
    before = rng.random(400) < 0.6
    better = before.copy()
    better[np.flatnonzero(~before)[:20]] = True
    paired = change(better, before)
    assert paired.mean == pytest.approx(0.05)
    assert paired.low > 0
    assert paired.half_width < share(before).half_width  # the pictures' own difficulty cancels
    assert change(before, better).mean == pytest.approx(-0.05)
    same = change(before, before)
    assert same.mean == 0
    assert same.low < 0 < same.high
    few = change(before[:10], before[:10])
    assert few.half_width > same.half_width


def test_the_interval_of_a_share_covers_it():
    hits = np.arange(200) < 150
    found = share(hits)
    assert (found.mean, found.count) == (0.75, 200)
    assert found.low == pytest.approx(0.75 - 0.06, abs=0.01)
    assert share(np.ones(8, bool)).low < 0.9
    assert np.isnan(share(np.zeros(0, bool)).mean)


def blobs(count, seed, *, folds, shift=0.0):
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    x = 2 * np.eye(3, 8)[classes] + shift * np.eye(3, 8)[(classes + 1) % 3] + rng.normal(size=(count, 8))
    return Pictures((x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), classes, folds)


def test_families_are_never_parted_and_a_lone_one_is_not_tested():
    families = np.array([1, 1, 2, 3, 4, 5, 9])
    classes = np.array([0, 0, 0, 1, 1, 1, 2])
    folds = spread_folds(families, classes, seed=3, folds=2)
    assert set(folds) == {1, 2, 3, 4, 5}
    assert folds[1] != folds[2]
    assert sorted(folds[family] for family in (3, 4, 5)) in ([0, 0, 1], [0, 1, 1])
    assert folds == spread_folds(families, classes, seed=3, folds=2)


def test_pictures_of_the_fold_that_is_tested_do_not_train():
    originals = blobs(60, 0, folds=np.arange(60) % 5)
    strength = best_strength(originals, 3, lambda: None)
    alone = score(originals, originals, 3, strength, lambda: None)
    assert 0.6 < alone.probe.mean() < 1
    assert abs(alone.probe.mean() - alone.cler.mean()) < 0.25
    copies = Pictures(*(np.concatenate([each, each]) for each in originals))  # each with a child just like it
    assert (score(copies, originals, 3, strength, lambda: None).probe == alone.probe).all()
    leaking = copies._replace(folds=np.where(np.arange(120) < 60, copies.folds, -1))
    assert score(leaking, originals, 3, 1e-5, lambda: None).probe.mean() > 0.95


def test_wrong_pictures_lower_the_accuracy_on_what_is_held_out():
    originals = blobs(60, 0, folds=np.full(60, -1))
    test = blobs(300, 1, folds=np.full(300, -2))
    wrong = blobs(300, 2, folds=np.full(300, -1), shift=4.0)
    both = Pictures(*(np.concatenate(each) for each in zip(originals, wrong, strict=True)))
    before = score(originals, test, 3, 0.01, lambda: None)
    after = score(both, test, 3, 0.01, lambda: None)
    assert change(after.probe, before.probe).high < 0
    assert after.cler.mean() < before.cler.mean()
