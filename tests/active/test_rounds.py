"""A round's verdict and its choice, from features made by hand."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from datacrafter_widget.active.anchors import make_anchors
from datacrafter_widget.active.rounds import PersonalizeSettings, Round, judge, next_pool
from datacrafter_widget.errors import InputError

PLACES = ("in a park", "on the beach", "at night", "in snow")
DIRECTIONS, TABLE = np.eye(5)[:4], np.eye(5)[4]


def settings(**changes):
    usual = {"kind": "object", "word": "dog", "beside": "on a table", "samples": 2, "top": 1}
    return PersonalizeSettings(**{**usual, "anchors": make_anchors("object", "dog", PLACES), **changes})


def drawn(*shares):
    """Two samples of each anchor: how much of each is the anchor, the rest is the table."""
    rows = [
        [share * DIRECTIONS[row] + (1 - share) * TABLE for share in pair] for row, pair in enumerate(shares)
    ]
    features = np.array(rows)
    return (features / np.linalg.norm(features, axis=2, keepdims=True)).astype(np.float32)


ONE_SURE = drawn((0.9, 0.8), (0.2, 0.6), (0.1, 0.3), (0.7, 0.4))


def test_the_most_faithful_picture_of_the_least_sure_direction_is_picked():
    found = judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, settings(weight_scale=1.0))
    assert found.overfitted == ((False, False), (True, False), (True, True), (False, True))
    assert found.uncertainties == pytest.approx([0, np.log(2), 0, np.log(2)])
    assert (found.proposed, found.chosen, found.over) == ((3,), (3,), False)
    assert found.openness == pytest.approx(np.log(2) / 2)
    assert found.overfit_share == 0.5
    assert next_pool([found], settings()) == [0, 2, 3]


def test_it_ends_when_too_few_directions_are_open():
    assert judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, settings(top=2)).over is False
    assert judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, settings(top=3)).over is True


def test_what_is_beside_the_subject_is_tested_for_even_where_no_prompt_says_it():
    assert settings().reference_prompt == "a photo of a {} on a table"
    silent = settings(named=False)
    assert (silent.reference_prompt, silent.beside_text) == ("a photo of a {}", "a photo of a dog on a table")


def test_of_a_smaller_pool_the_ids_stay_the_same():
    rows = [1, 3]
    found = judge(2, rows, ONE_SURE[rows], DIRECTIONS[rows], TABLE, settings(top=2))
    assert found.proposed == (3, 6)


def test_random_picks_are_of_any_directions_and_count_as_much_as_given_pictures():
    asked = settings(select="random", weight_scale=None, top=3, seed=4)
    found = judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, asked)
    assert found == judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, asked)
    assert len({each // 2 for each in found.chosen}) == 3
    assert found.openness == 1
    others = [judge(number, range(4), ONE_SURE, DIRECTIONS, TABLE, asked).chosen for number in (2, 3, 4)]
    assert len({found.chosen, *others}) > 1


def test_a_person_chooses_on_top_of_the_proposal_or_instead():
    found = judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, settings(select="human"))
    assert (found.proposed, found.chosen) == ((3,), None)
    assert found.with_choice([], 2).chosen == (3,)
    assert found.with_choice([0, 3, 0], 2).chosen == (3, 0)
    assert found.with_choice([0], 2, instead=True).chosen == (0,)
    assert found.with_choice(np.array([0, 2]), 2, instead=True).chosen == (0, 2)
    for strange, said in ([1, 8], r"\[8\]"), ([2.5], r"2\.5"), (["1"], "'1'"), ([-1], "-1"):
        with pytest.raises(InputError, match=said):
            found.with_choice(strange, 2)


def test_what_is_kept_is_read_again():
    asked = settings(select="human", weight_scale=None)
    found = judge(1, range(4), ONE_SURE, DIRECTIONS, TABLE, asked)
    for each in (found, found.with_choice([1], 2)):
        assert Round.from_json(json.loads(json.dumps(asdict(each)))) == each
    assert PersonalizeSettings.from_json(json.loads(json.dumps(asked.to_json()))) == asked


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "person"}, "object"),
        ({"select": "best"}, "uncertainty"),
        ({"beside": " "}, "beside"),
        ({"rounds": 5}, "rounds"),
        ({"samples": 0}, "samples"),
        ({"top": 5}, "top"),
        ({"weight_scale": -0.1}, "scale"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, said):
    with pytest.raises(InputError, match=said):
        settings(**changes)
