"""Flags of generated pictures, their fingerprints, and what work took."""

import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.energy import Spent
from datacrafter_widget.store.records import FlagDraft


@pytest.fixture
def add(store, plan, paint):
    """Adds a batch of generated pictures, painted with the given seeds and flagged so."""
    fish = store.add_class("fish", "fish")

    def add(seeds, flags=None):
        job = store.create_job(1, {}, [plan(at, fish.id) for at in range(len(seeds))])
        items = list(zip([paint(seed) for seed in seeds], store.planned(job.id), strict=True))
        return store.add_generated_batch(items, "toybox", "r1", 4, 1, flags=flags)

    return add


def test_a_batch_is_stored_together_with_its_flags(store, add):
    first, second, third = add(
        [1, 2, 3], [(), (FlagDraft("near_duplicate", 0.99, of_position=0),), (FlagDraft("blank"),)]
    )
    assert [one.flagged for one in (first, second, third)] == [False, True, True]
    assert [(one.picture_id, one.kind, one.of_id, one.score) for one in store.flags()] == [
        (second.id, "near_duplicate", first.id, 0.99),
        (third.id, "blank", None, None),
    ]
    assert [one.picture_id for one in store.flags([first.id, third.id])] == [third.id]


def test_a_flag_that_names_no_picture_stores_nothing(store, add):
    with pytest.raises(InputError, match="expected ids that exist"):
        add([1], [(FlagDraft("duplicate", of_id=99),)])
    assert store.pictures() == []
    assert store.flags() == []


def test_a_mark_that_a_person_made_is_a_flag_too(store, add):
    (picture,) = add([1])
    store.set_flagged([picture.id], True)
    assert [(one.kind, one.of_id) for one in store.flags()] == [("user", None)]


def test_a_mark_that_comes_back_has_its_reason(store, add):
    (picture,) = add([1], [(FlagDraft("unsafe"),)])
    store.set_flagged([picture.id], False)
    assert store.flags() == []
    store.set_flagged([picture.id], True)
    assert [one.kind for one in store.flags()] == ["unsafe"]


def test_hidden_pictures_are_not_listed_among_the_flagged(store, add):
    (picture,) = add([1], [(FlagDraft("unsafe"),)])
    store.set_hidden([picture.id], True)
    assert store.flags() == []
    assert len(store.flags([picture.id])) == 1
    assert store.flagged_or_hidden([picture.id, 99]) == {picture.id}


def test_fingerprints_are_kept_by_content(store, add, paint):
    fish = store.classes()[0]
    original = store.add_original(paint(9), fish.id)
    first, again = add([1, 1])
    store.put_fingerprints([(first.sha256, b"one")])
    assert [(one.picture_id, one.original, one.value) for one in store.fingerprints()] == [
        (original.id, True, None),
        (first.id, False, b"one"),
        (again.id, False, b"one"),
    ]
    assert [one.picture_id for one in store.fingerprints(after_id=first.id)] == [again.id]


def test_costs_keep_what_is_not_known_apart_from_nothing(store):
    store.add_cost(1, None, "pictures", 4, Spent(2.0, 12.5), "cpu")
    store.add_cost(2, None, "proxies", 8, Spent(1.0, None), "mps")
    first, second = store.costs()
    assert (first.pictures, first.seconds, first.joules, first.purpose) == (4, 2.0, 12.5, "pictures")
    assert (second.iteration, second.joules, second.device) == (2, None, "mps")
