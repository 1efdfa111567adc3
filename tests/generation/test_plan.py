from collections import Counter
from itertools import groupby

import pytest

from datacrafter_widget.errors import InputError, TemplateError
from datacrafter_widget.generation.plan import plan_pictures
from datacrafter_widget.store.records import ClassRow, Template

FISH, HOUSE = ClassRow(3, "fish", "fish", 0), ClassRow(9, "house", "house", 1)


def template(number, row, text="[a photo of | a sketch of] a [red | blue] {class}", negative=""):
    return Template(number, row.id, text, negative, "user", True, "2026-01-01T00:00:00Z")


def plan(classes=(FISH, HOUSE), templates=None, **changes):
    settings = {
        "per_class": 6,
        "seed": 5,
        "guidance_scale": 4.0,
        "num_inference_steps": 2,
        "width": 64,
        "height": 64,
    }
    templates = templates or {FISH.id: [template(1, FISH)], HOUSE.id: [template(2, HOUSE)]}
    return plan_pictures(classes, templates, **{**settings, **changes})


def test_classes_take_turns_and_every_picture_has_its_own_seed():
    planned = plan()
    assert [one.index for one in planned] == list(range(12))
    assert [one.class_id for one in planned] == [3, 9] * 6
    assert len({one.seed for one in planned}) == 12
    assert all(0 <= one.seed < 2**53 for one in planned)
    assert len({one.prompt for one in planned}) > 4
    assert all(one.parent_id is None and one.strength is None for one in planned)


def test_same_seed_same_plan():
    assert plan() == plan()
    assert [one.seed for one in plan(seed=6)] != [one.seed for one in plan()]


def test_a_picture_keeps_its_seed_when_the_round_grows():
    small = [(one.prompt, one.seed) for one in plan(classes=[FISH])]
    large = [(one.prompt, one.seed) for one in plan(per_class=9) if one.class_id == FISH.id]
    assert large[:6] == small


def test_templates_take_turns():
    both = {FISH.id: [template(1, FISH), template(7, FISH, "a crane bird", "machine")]}
    planned = plan(classes=[FISH], templates=both)
    assert Counter(one.template_id for one in planned) == {1: 3, 7: 3}
    assert {one.negative_prompt for one in planned if one.template_id == 7} == {"machine"}


def test_parents_take_turns_and_stay_in_their_class():
    parents = {FISH.id: [11, 12, 13], HOUSE.id: [21]}
    planned = plan(perturbation="image2image", strength=0.5, parents_by_class=parents)
    fish = Counter(one.parent_id for one in planned if one.class_id == FISH.id)
    assert fish == {11: 2, 12: 2, 13: 2}
    assert {one.parent_id for one in planned if one.class_id == HOUSE.id} == {21}
    assert {one.strength for one in planned} == {0.5}


def test_guided_imagination_makes_the_same_pictures_parent_by_parent():
    parents = {FISH.id: [11, 12, 13], HOUSE.id: [21, 22]}
    plain, guided, unoptimised = (
        plan(perturbation=name, strength=0.5, parents_by_class=parents)
        for name in ("image2image", "gif", "gif_unoptimised")
    )
    runs = [list(same) for _, same in groupby(one.parent_id for one in guided)]
    assert sorted(run[0] for run in runs) == [11, 12, 13, 21, 22]  # each parent's pictures in one run
    assert [len(run) for run in runs] == [2, 3, 2, 3, 2]  # a parent of each class in turn
    assert [one.index for one in guided] == list(range(12))

    def what(planned):
        return {(one.seed, one.prompt, one.template_id, one.parent_id, one.strength) for one in planned}

    assert what(guided) == what(plain)
    assert [(one.seed, one.parent_id) for one in unoptimised] == [(one.seed, one.parent_id) for one in guided]
    assert {one.perturbation for one in guided} == {"gif"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": []}, "at least one class"),
        ({"per_class": 0}, "per_class"),
        ({"seed": -1}, "seed"),
        ({"perturbation": "magic"}, 'perturbation: expected one of "text2image", .*"gif_unoptimised"; found'),
        ({"perturbation": "gif"}, "strength: .* for gif"),
        ({"perturbation": "gif", "strength": 0.5}, "'fish' has no original"),
        ({"perturbation": "image2image", "strength": 1.5}, "strength"),
        ({"perturbation": "image2image", "strength": 0.5}, "'fish' has no original"),
        ({"templates": {FISH.id: [template(1, FISH)]}}, "'house' has no template"),
    ],
)
def test_errors(changes, says):
    with pytest.raises(InputError, match=says):
        plan(**changes)


def test_a_bad_template_is_found_before_anything_is_made():
    with pytest.raises(TemplateError):
        plan(classes=[FISH], templates={FISH.id: [template(1, FISH, "a [b {class}")]})
