"""Pictures that only measure, and the results that are kept."""

import pytest

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store import Store
from datacrafter_widget.store.held_out import HeldOutDraft
from datacrafter_widget.store.records import Box


def hold_out(store, role, images, class_id, boxes=()):
    hashes = store.put_held_out_images(images)
    store.set_held_out(
        role, [HeldOutDraft(sha256, class_id, f"{role}/{i}.png", boxes) for i, sha256 in enumerate(hashes)]
    )
    return hashes


def test_held_out_pictures_are_kept_with_their_boxes_and_are_no_pictures(store, paint):
    crane = store.add_class("crane")
    box = Box(0, crane.id, 1.0, 2.0, 3.0, 4.5)
    hashes = hold_out(store, "validation", [paint(1), paint(2), paint(1)], crane.id, (box,))
    kept = store.held_out("validation")
    assert [row.sha256 for row in kept] == hashes[:2]
    assert kept[0].source == "validation/0.png"
    assert kept[0].boxes == (box,)
    assert store.held_out_path(kept[0]).is_file()
    assert store.held_out("test") == []
    assert store.pictures(include_hidden=True) == []


def test_a_new_set_replaces_that_of_its_role_only(store, paint):
    crane = store.add_class("crane")
    hold_out(store, "test", [paint(1)], crane.id)
    hold_out(store, "validation", [paint(2)], crane.id)
    new = hold_out(store, "validation", [paint(3)], crane.id)
    assert [row.sha256 for row in store.held_out("validation")] == new
    with pytest.raises(InputError, match="ids that exist"):
        store.set_held_out("validation", [HeldOutDraft(new[0], 77, None)])
    assert [row.sha256 for row in store.held_out("validation")] == new
    assert len(store.held_out("test")) == 1
    assert not store.delete_empty_class(crane.id)


def test_what_is_an_original_is_not_held_out(store, paint):
    crane = store.add_class("crane")
    kept = hold_out(store, "validation", [paint(1), paint(2)], crane.id)
    store.add_original(paint(1), crane.id)
    assert [row.sha256 for row in store.held_out("validation")] == kept[1:]


def test_a_lost_file_of_a_held_out_picture_is_noticed(store, paint):
    crane = store.add_class("crane")
    hold_out(store, "test", [paint(1)], crane.id)
    assert store.integrity_check(deep=True) == []
    store.held_out_path(store.held_out("test")[0]).unlink()
    assert "is missing" in store.integrity_check()[0]


def test_results_are_found_by_key_and_by_kind(tmp_path):
    with Store(tmp_path) as store:
        store.put_evaluation("rounds", "abc", {"seed": 1}, {"accuracy": [0.5, None]})
        store.put_evaluation("rounds", "abc", {"seed": 1}, {"accuracy": [0.75]})
        store.put_evaluation("comparison", "def", {}, {})
    with Store(tmp_path, read_only=True) as store:
        kept = store.evaluation("abc")
        assert kept.result == {"accuracy": [0.75]}
        assert kept.settings == {"seed": 1}
        assert store.evaluation("nothing") is None
        assert [row.key for row in store.evaluations("rounds")] == ["abc"]
        with pytest.raises(StoreError, match="read_only"):
            store.put_evaluation("rounds", "abc", {}, {})
    with Store(tmp_path) as store:
        store.remove_evaluations("comparison", but=["def", "other"])
        store.remove_evaluations("rounds")
        assert [row.kind for row in store.evaluations("rounds") + store.evaluations("comparison")] == [
            "comparison"
        ]
        with pytest.raises(InputError, match="JSON"):
            store.put_evaluation("rounds", "k", {"a": {1}}, {})
