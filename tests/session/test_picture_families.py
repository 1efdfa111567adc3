"""Pictures in rows: originals with what came of them."""

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.session.families import families
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import PlannedPicture


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s") as opened:
        yield opened


def picture(number):
    return Image.fromarray(np.full((8, 8, 3), number, np.uint8))


def generate(store, class_id, parents):
    """One picture from each of these parents (None: from text); their ids."""
    drafts = [
        PlannedPicture(
            index=at,
            class_id=class_id,
            template="a",
            prompt="a",
            seed=at,
            parent_id=parent,
            strength=None if parent is None else 0.5,
            guidance_scale=1,
            num_inference_steps=1,
            width=8,
            height=8,
        )
        for at, parent in enumerate(parents)
    ]
    job = store.create_job(store.next_iteration(), {}, drafts)
    items = [(picture(100 + job.id * 10 + one.index), one) for one in store.planned(job.id)]
    return [row.id for row in store.add_generated_batch(items, "m", None, 4, job.iteration)]


def read(found):
    """Rows as (original, class, its marks, [(id, marks) …])."""
    at, rows = 0, []
    for original, class_id, marks, count in found.rows.tolist():
        members = zip(found.ids[at : at + count].tolist(), found.marks[at : at + count].tolist(), strict=True)
        rows.append((original, class_id, marks, list(members)))
        at += count
    assert at == len(found.ids)
    return rows


@pytest.fixture
def world(store):
    """Two classes; the second has a grandchild, a variation of a picture from text, and a hidden picture."""
    cat, dog = store.add_class("cat").id, store.add_class("dog").id
    cats = [store.add_original(picture(at), cat).id for at in (1, 2)]
    dogs = [store.add_original(picture(at), dog).id for at in (3, 4)]
    child, text, other = generate(store, dog, [dogs[1], None, None])
    grandchild, variation = generate(store, dog, [child, text])
    store.set_hidden([other], True)
    return {
        "cat": cat,
        "dog": dog,
        "cats": cats,
        "dogs": dogs,
        "child": child,
        "text": text,
        "other": other,
        "grandchild": grandchild,
        "variation": variation,
    }


def test_an_original_heads_a_row_of_all_its_generations(store, world):
    rows = read(families(store))
    assert (world["dogs"][1], world["dog"], 0, [(world["child"], 4), (world["grandchild"], 8)]) in rows


def test_pictures_from_text_and_lonely_originals_have_rows_of_their_own(store, world):
    w = world
    assert read(families(store)) == [
        (-1, w["cat"], 0, [(each, 0) for each in w["cats"]]),
        (w["dogs"][1], w["dog"], 0, [(w["child"], 4), (w["grandchild"], 8)]),
        (0, w["dog"], 0, [(w["text"], 0), (w["variation"], 4), (w["other"], 1)]),
        (-1, w["dog"], 0, [(w["dogs"][0], 0)]),
    ]


def test_the_families_of_pictures_are_those_that_they_are_in(store, world):
    w = world
    assert read(families(store, [w["grandchild"], 999])) == [
        (w["dogs"][1], w["dog"], 0, [(w["child"], 4), (w["grandchild"], 8)])
    ]
    assert read(families(store, [w["variation"]])) == [
        (0, w["dog"], 0, [(w["text"], 0), (w["variation"], 4)])
    ]
    assert read(families(store, [w["cats"][0]])) == [(-1, w["cat"], 0, [(w["cats"][0], 0)])]
    assert read(families(store, class_ids=[w["cat"]])) == [
        (-1, w["cat"], 0, [(each, 0) for each in w["cats"]])
    ]
    assert read(families(store, [])) == []


def test_an_original_in_the_recycle_bin_still_heads_its_row(store, world):
    store.set_hidden([world["dogs"][1]], True)
    assert read(families(store))[1][:3] == (world["dogs"][1], world["dog"], 1)


def test_an_empty_session_has_no_families(store):
    found = families(store)
    assert found.rows.shape == (0, 4)
    assert len(found.ids) == len(found.marks) == 0


def test_pictures_that_come_while_it_is_read_are_left_for_the_next_time(store, world, monkeypatch):
    before = read(families(store))
    columns = store.picture_columns

    def more_come_after():
        found = columns()
        monkeypatch.undo()
        generate(store, world["cat"], [None, None])
        return found

    monkeypatch.setattr(store, "picture_columns", more_come_after)
    assert read(families(store)) == before
