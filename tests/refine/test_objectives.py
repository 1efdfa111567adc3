import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine import MoreLikeObjective, RemoveObjective, TransformObjective


def group(direction, count, seed, dim=16, noise=0.3):
    rng = np.random.default_rng(seed)
    rows = np.eye(dim)[direction] + np.eye(dim)[dim - 1] * 2 + noise * rng.normal(size=(count, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_remove_prefers_what_remains_to_what_was_removed():
    objective = RemoveObjective(group(0, 20, 1), group(1, 30, 2))
    good = objective.score(group(1, 10, 3), np.full(10, 0.5))
    bad = objective.score(group(0, 10, 4), np.full(10, 0.5))
    assert good.total > 1 > -1 > bad.total
    assert good.terms["away"] > bad.terms["away"]
    assert good.terms["near"] > bad.terms["near"]


def test_the_number_of_pictures_hardly_changes_the_score():
    proxies, sure = group(1, 10, 3), np.full(10, 0.5)
    few = RemoveObjective(group(0, 20, 1), group(1, 30, 2))
    many = RemoveObjective(np.tile(group(0, 20, 1), (5, 1)), group(1, 30, 2))
    assert few.score(proxies, sure).total == pytest.approx(many.score(proxies, sure).total, abs=0.3)
    doubled = few.score(np.tile(proxies, (2, 1)), np.tile(sure, 2))
    assert few.score(proxies, sure).total == pytest.approx(doubled.total)


def test_what_varies_among_kept_and_removed_alike_counts_little():
    def coloured(kind, count, seed, share):
        rows = group(kind, count, seed)
        bright = np.random.default_rng(seed).random(count) < share
        return rows + np.outer(bright, np.eye(16)[5] * 0.6)

    # Most removed pictures are bright, most others are not; but the kind is what the user means.
    objective = RemoveObjective(coloured(0, 40, 1, 0.7), coloured(1, 40, 2, 0.3), coloured(1, 40, 3, 0.3))
    sure = np.full(30, 0.5)
    bright = objective.score(coloured(1, 30, 4, 1.0), sure).total
    dark = objective.score(coloured(1, 30, 4, 0.0), sure).total
    wrong = objective.score(coloured(0, 30, 5, 0.0), sure).total
    assert dark - bright < 0.35 * (dark - wrong)


def test_the_class_as_it_is_scores_zero():
    removed, remaining = group(0, 20, 1), group(1, 20, 2)
    sure = np.random.default_rng(0).random(40)
    score = RemoveObjective(removed, remaining, confidence=sure).score(
        np.concatenate([removed, remaining]), sure
    )
    assert score.total == pytest.approx(0, abs=0.02)


def test_originals_count_as_much_as_what_remains():
    # Nobody pointed at most of the undesired pictures: they are still among what remains.
    removed, remaining = group(0, 10, 1), np.concatenate([group(0, 60, 2), group(1, 20, 3)])
    objective = RemoveObjective(removed, remaining, group(1, 15, 4))
    sure = np.full(10, 0.5)
    assert objective.score(group(1, 10, 5), sure).total > objective.score(group(0, 10, 6), sure).total + 1


def test_confidence_counts_by_its_weight():
    proxies, low, high = group(1, 8, 3), np.full(8, 0.2), np.full(8, 0.9)
    own = np.linspace(0, 1, 50)
    for weight in (0.0, 1.0):
        objective = RemoveObjective(
            group(0, 20, 1), group(1, 30, 2), confidence=own, weights={"confidence": weight}
        )
        gain = objective.score(proxies, high).total - objective.score(proxies, low).total
        assert gain == pytest.approx(weight * 0.7 / objective_spread(own), rel=0.05)


def objective_spread(own):
    shares = np.r_[np.full(20, 0.5 / 20), np.full(30, 0.5 / 30)]
    return np.sqrt((own - own @ shares) ** 2 @ shares)


def test_more_like_rewards_variety_near_the_selection():
    selected = group(1, 12, 1)
    reference = np.concatenate([group(0, 20, 2), group(1, 8, 3), selected])
    objective = MoreLikeObjective(selected, reference)
    sure = np.full(12, 0.5)
    same = np.tile(group(1, 1, 4), (12, 1))
    varied = group(1, 12, 5)
    away = group(0, 12, 6)
    assert objective.score(varied, sure).total > objective.score(same, sure).total
    assert objective.score(varied, sure).terms["near"] > objective.score(away, sure).terms["near"] + 0.7


def test_variety_is_not_bought_with_another_class():
    own = group(1, 40, 1)
    objective = MoreLikeObjective(own[:10], own, confidence=np.full(40, 0.97))
    same = objective.score(group(1, 12, 2), np.full(12, 0.97))
    mixed = np.concatenate([group(1, 8, 3), group(0, 4, 4)])
    strayed = objective.score(mixed, np.r_[np.full(8, 0.97), np.full(4, 0.02)])
    assert strayed.terms["diversity"] > same.terms["diversity"]
    assert strayed.total < same.total


def test_nothing_is_nearer_to_the_selected_than_they_are():
    selected = group(1, 30, 1)
    objective = MoreLikeObjective(selected, np.concatenate([group(0, 30, 2), group(1, 30, 3)]))
    sure = np.full(30, 0.5)
    itself = objective.score(selected, sure).terms["near"]
    core = objective.score(group(1, 30, 4, noise=0.01), sure).terms["near"]
    assert core < itself + 0.5


@pytest.mark.parametrize(
    ("removed", "remaining", "originals"),
    [
        (np.zeros((0, 4)), np.ones((3, 4)), None),
        (np.ones((3, 4)), np.zeros((0, 4)), None),
        (np.ones((3, 4)), np.ones((3, 5)), None),
        (np.ones((3, 4)), np.full((3, 4), np.nan), None),
    ],
)
def test_pictures_that_do_not_fit_are_refused(removed, remaining, originals):
    with pytest.raises(InputError, match="expected"):
        RemoveObjective(removed, remaining, originals)


def test_unknown_weights_are_refused():
    with pytest.raises(InputError, match="distance"):
        RemoveObjective(group(0, 2, 1), group(1, 2, 2), weights={"distance": 1})


def test_one_picture_a_side_is_enough():
    objective = RemoveObjective(group(0, 1, 1), group(1, 1, 2))
    assert np.isfinite(objective.score(group(1, 3, 3), np.full(3, 0.4)).total)


def test_pictures_that_were_edited_as_wished_say_what_words_do_not():
    """The text moves along the first axis, the edits move along the third as well."""
    rng = np.random.default_rng(0)
    own = np.eye(6)[5] + 0.1 * rng.normal(size=(30, 6))
    texts = np.eye(6)[5], np.eye(6)[5] + np.eye(6)[0]
    edited = own[:4] + np.eye(6)[0] + np.eye(6)[2]
    confidence = np.ones(2)
    proxies = own[:2] + np.array([np.eye(6)[0], np.eye(6)[2]]) / 2

    def moved(**shown):
        objective = TransformObjective(own[:10], own, *texts, weights={"kept": 0, "confidence": 0}, **shown)
        return objective.score(proxies, confidence).per_picture

    said = moved()
    assert said[0] > said[1] + 0.5
    told = moved(edited=edited)
    assert told[1] > said[1] + 0.5
    assert told == pytest.approx(moved(edited=np.repeat(edited, 3, 0)))
    assert said == pytest.approx(moved(edited=np.empty((0, 6))))
    with pytest.raises(InputError, match="edited"):
        moved(edited=np.ones((2, 5)))
