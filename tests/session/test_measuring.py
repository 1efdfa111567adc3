"""The measures of a round, as its pictures come, against the functions for whole sets."""

import numpy as np
import pytest
from scipy.special import softmax

from datacrafter_widget.metrics import cmmd, diversity, informativeness, within_class_diversity
from datacrafter_widget.session.measuring import RunningRound, Seen

CLASS_IDS = [3, 5, 9]
PROMPTS = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)


def seen(count, classes, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 8)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return Seen(np.arange(count), features, rng.choice(classes, count))


def probabilities(features):
    return softmax(5 * features @ PROMPTS.T, axis=1)


def part(of, rows):
    return Seen(*(column[rows] for column in of))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_round_that_comes_in_parts_measures_as_the_functions_for_whole_sets_do(order):
    originals, made = seen(40, [3, 5, 9], 1), seen(31, [3, 5], 2)
    growing = RunningRound(
        originals, [CLASS_IDS[at] for at in order], lambda features: probabilities(features)[:, order]
    )
    for rows in (slice(0), slice(1), slice(1, 4), slice(4, 31)):
        growing.add(part(made, rows))
    found = {(m.class_id, m.name): m.value for m in growing.measures()}
    information = informativeness(
        probabilities(made.features), parent_class=np.searchsorted(CLASS_IDS, made.classes)
    )
    expected = {
        (None, "informativeness"): information.mean(),
        (None, "diversity"): within_class_diversity(made.features, made.classes),
        (None, "distance"): cmmd(originals.features, made.features),
    }
    for class_id in (3, 5):
        mine, theirs = (of.features[of.classes == class_id] for of in (made, originals))
        expected[class_id, "informativeness"] = information[made.classes == class_id].mean()
        expected[class_id, "diversity"] = diversity(mine)
        expected[class_id, "distance"] = cmmd(theirs, mine)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_round_says_nothing_of_classes_with_too_few_pictures():
    originals, made = seen(10, [3, 5], 1), seen(1, [3], 2)
    growing = RunningRound(originals, CLASS_IDS, probabilities)
    assert list(growing.measures()) == []
    growing.add(made)
    assert {(m.class_id, m.name) for m in growing.measures()} == {
        (None, "informativeness"),
        (3, "informativeness"),
    }
    assert list(growing.measures(fewest=2)) == []
