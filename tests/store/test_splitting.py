"""Training, validation and test sets share no content, and keep each class's share."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.formats.splitting import check_split, split_pictures


def visible(store):
    return [picture for picture in store.pictures() if not picture.flagged]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31), val=st.floats(0.15, 0.5))
def test_no_family_is_divided_and_classes_keep_their_share(expanded, seed, val):
    pictures = visible(expanded)
    chosen = split_pictures(expanded, pictures, val, seed)
    assert chosen == split_pictures(expanded, pictures, val, seed)
    assert chosen.keys() == {picture.id for picture in pictures}
    for picture in pictures:
        if picture.provenance and picture.provenance.parent_id:
            assert chosen[picture.id] == chosen[picture.provenance.parent_id]
    for class_id in {picture.class_id for picture in pictures}:
        splits = Counter(chosen[picture.id] for picture in pictures if picture.class_id == class_id)
        assert abs(splits["val"] - val * splits.total()) <= 3  # the size of the largest family


def test_a_hidden_parent_still_holds_its_family_together(expanded, plan, paint):
    job = expanded.create_job(2, {}, [plan(index, 1, parent_id=1, strength=0.5) for index in range(6)])
    items = [(paint(500 + index), planned) for index, planned in enumerate(expanded.planned(job.id))]
    ids = [made.id for made in expanded.add_generated_batch(items, "toybox", "abc", 6, 2)]
    expanded.set_hidden([1], True)
    for seed in range(5):
        chosen = split_pictures(expanded, visible(expanded), (0.5, 0.5), seed)
        assert len({chosen[picture] for picture in ids}) == 1


def test_same_content_and_kept_copies_stay_together(expanded, plan, paint):
    job = expanded.create_job(2, {}, [plan(0, 1), plan(1, 1)])
    first, second = expanded.planned(job.id)
    (copy,) = expanded.add_generated_batch([(paint(0), first)], "toybox", "abc", 1, 2)  # original 1's pixels
    (near,) = expanded.add_generated_batch([(paint(900), second)], "toybox", "abc", 1, 2)
    with expanded.transaction() as connection:
        connection.execute("INSERT INTO flag VALUES (?, 'near_original', 3, 0.9, '')", (near.id,))
    for seed in range(8):
        chosen = split_pictures(expanded, visible(expanded), 0.4, seed)
        assert (chosen[copy.id], chosen[near.id]) == (chosen[1], chosen[3])


@pytest.mark.parametrize(
    "split",
    [1.5, -0.1, (0.5, 0.2), (0.5, 0.2, 0.2, 0.1), {"train": 0.5, "dev": 0.5}, "0.2", {}, float("nan")],
)
def test_other_shares_are_refused(split):
    with pytest.raises(InputError, match="add up to 1"):
        check_split(split)
    assert check_split(0.25) == {"train": 0.75, "val": 0.25}


def test_a_split_without_pictures_is_refused(store, paint):
    crane = store.add_class("crane")
    store.add_original(paint(1), crane.id)
    with pytest.raises(InputError, match="val would get none of 1"):
        split_pictures(store, visible(store), 0.2, 0)
