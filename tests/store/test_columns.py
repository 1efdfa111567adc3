"""The columns that are kept say at every moment what the tables say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.store import Store


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    store = Store(tmp_path / "session")
    row = store.add_class("cat", "cat")
    store.add_originals([(Image.new("RGB", (4, 4), (n, 0, 0)), row.id, None) for n in range(6)])
    return store


def _check(store: Store) -> None:
    rows = store.pictures(include_hidden=True)
    columns = store.picture_columns()
    assert columns.ids.tolist() == [row.id for row in rows]
    assert columns.class_ids.tolist() == [row.class_id for row in rows]
    assert columns.hidden.tolist() == [row.hidden for row in rows]
    assert columns.flagged.tolist() == [row.flagged for row in rows]
    assert len(store.parent_ids(store.picture_columns())) == len(rows)


def test_columns_follow_what_is_added_and_marked(kept: Store) -> None:
    _check(kept)
    before = kept.picture_columns()
    kept.set_hidden([2, 3], hidden=True)
    kept.set_flagged([5], flagged=True)
    _check(kept)
    assert not before.hidden.any(), "what was handed out changed under the reader"
    kept.add_originals([(Image.new("RGB", (4, 4), (0, 9, 0)), 1, None)])
    kept.set_hidden([2], hidden=False)
    _check(kept)
    assert kept.picture_columns(after_id=6).ids.tolist() == [7]


def test_a_transaction_that_fails_leaves_no_trace(kept: Store) -> None:
    def fail() -> None:
        with kept.transaction():
            kept.add_originals([(Image.new("RGB", (4, 4), (0, 0, 9)), 1, None)])
            kept.set_hidden([1], hidden=True)
            kept.put_positions("picture", [1, 7], [[1, 1], [2, 2]])
            assert kept.picture_columns().ids.tolist() == [1, 2, 3, 4, 5, 6, 7]
            assert kept.picture_places()[0].tolist() == [1, 7]
            raise RuntimeError

    _check(kept)
    with pytest.raises(RuntimeError):
        fail()
    _check(kept)
    assert len(kept.picture_places()[0]) == 0


def test_places_come_back_as_they_were_put(kept: Store) -> None:
    xy = np.array([[0, -0.1], [1e-5, 3.14159], [123.456, -7e3]], np.float32)
    kept.put_positions("picture", [1, 2, 4], xy)
    ids, places = kept.picture_places()
    assert ids.tolist() == [1, 2, 4]
    assert np.array_equal(places, xy)
    kept.put_positions("picture", [5], [[1e6, 0.25]])
    kept.put_positions("picture", [2, 3], [[5, 6], [7, 8]])
    ids, places = kept.picture_places(after_id=1)
    assert ids.tolist() == [2, 3, 4, 5]
    assert places[:2].tolist() == [[5, 6], [7, 8]]
    assert places[3].tolist() == [1e6, 0.25]


def test_a_reader_sees_what_another_process_writes(kept: Store) -> None:
    with Store(kept.folder, read_only=True) as reader:
        _check(reader)
        kept.set_hidden([4], hidden=True)
        kept.put_positions("picture", [1], [[1, 2]])
        _check(reader)
        assert reader.picture_places()[1].tolist() == [[1, 2]]
