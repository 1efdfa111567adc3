"""Scores of a set, on features whose scores are known."""

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.set_scores import Encoded, score_set, zero_shot

CLASSES, DIM = 4, 12


@pytest.fixture
def texts():
    return np.eye(CLASSES, DIM)


def around(texts, per_class, spread, seed):
    """Pictures near their classes' texts."""
    rng = np.random.default_rng(seed)
    classes = np.tile(np.arange(CLASSES), per_class)
    x = texts[classes] + spread * rng.normal(size=(len(classes), DIM))
    return Encoded(x / np.linalg.norm(x, axis=1, keepdims=True), classes)


def test_a_set_like_the_real_pictures_teaches_all_there_is_to_learn(texts):
    scores = score_set(around(texts, 10, 0.1, 0), around(texts, 10, 0.1, 1), texts)
    assert scores.cler.mean == scores.cler_ensemble.mean == scores.probe_accuracy.mean == 1.0
    assert scores.cler.low < 1.0 <= scores.cler.high
    assert scores.diversity == pytest.approx(1.0, abs=0.3)
    assert scores.clip_score > 90
    assert zero_shot(around(texts, 10, 0.1, 1), texts).mean == 1.0


def test_a_set_of_the_wrong_things_teaches_less_than_the_texts_know(texts):
    real = around(texts, 10, 0.1, 1)
    right = around(texts, 10, 0.1, 0)
    wrong = Encoded(right.features, (right.classes + 1) % CLASSES)
    scores = score_set(wrong, real, texts)
    assert scores.cler.mean == scores.probe_accuracy.mean == 0.0
    assert scores.clip_score < 20
    far = score_set(around(texts, 10, 1.0, 0), real, texts)
    assert far.fid > scores.fid
    assert far.cmmd > scores.cmmd


def test_the_probe_is_measured_on_pictures_that_chose_nothing(texts):
    generated, real = around(texts, 6, 0.5, 0), around(texts, 8, 0.5, 1)
    test = around(texts, 50, 0.5, 2)
    scores = score_set(generated, real, texts, test=test)
    assert scores.probe_accuracy.count == len(test.classes)
    assert score_set(generated, real, texts).probe_accuracy.count == len(real.classes)


def test_with_one_real_picture_a_class_no_probe_is_measured(texts):
    scores = score_set(around(texts, 3, 0.1, 0), around(texts, 1, 0.1, 1), texts)
    assert np.isnan(scores.probe_accuracy.mean)
    assert scores.cler.mean == 1.0


def test_empty_sets_are_refused(texts):
    nothing = Encoded(np.zeros((0, DIM)), np.zeros(0, np.int64))
    with pytest.raises(InputError, match="found 0 and 8"):
        score_set(nothing, around(texts, 2, 0.1, 1), texts)
