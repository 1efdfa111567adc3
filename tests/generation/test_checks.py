"""Which pictures of a batch are flagged, and as copies of which."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data

from datacrafter_widget.errors import JobCancelled
from datacrafter_widget.generation.checks import PictureChecks
from datacrafter_widget.models.generator import PROBLEM
from datacrafter_widget.store.records import PlannedPicture
from datacrafter_widget.store.store import Store

_PLANNED = {
    "index": 0,
    "class_id": 1,
    "template": "a {class}",
    "prompt": "a thing",
    "seed": 0,
    "guidance_scale": 1.0,
    "num_inference_steps": 1,
    "width": 96,
    "height": 96,
}


@pytest.fixture(scope="module")
def photographs():
    """Photographs that are not like each other, 96 x 96 pixels."""
    pictures = [data.astronaut(), data.cat(), data.coffee(), data.rocket(), data.grass(), data.gravel()]
    return [ImageOps.fit(Image.fromarray(one).convert("RGB"), (96, 96)) for one in pictures]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "session") as opened:
        opened.add_class("thing", "thing")
        yield opened


@pytest.fixture
def checks(store):
    return PictureChecks(store)


@pytest.fixture
def make(store, checks):
    """Checks a batch of pictures, stores it with what was found, and tells the rows and the flags by row."""

    def make(pictures, parent_id=None, strength=None):
        plan = [
            PlannedPicture(
                **{**_PLANNED, "index": at, "seed": at, "parent_id": parent_id, "strength": strength}
            )
            for at in range(len(pictures))
        ]
        job = store.create_job(1, {}, plan)
        items = list(zip(pictures, store.planned(job.id), strict=True))
        rows = store.add_generated_batch(items, "toybox", "r", 4, 1, flags=checks.check(items))
        checks.remember(rows)
        flags = store.flags([row.id for row in rows])
        return rows, [[(one.kind, one.of_id) for one in flags if one.picture_id == row.id] for row in rows]

    return make


def jpeg(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=50)
    return Image.open(buffer).convert("RGB")


def test_pictures_that_are_unlike_get_no_flags(make, photographs):
    assert make(photographs)[1] == [[]] * len(photographs)


def test_what_the_generator_says_of_a_picture_is_kept(make, photographs):
    bad = [one.copy() for one in photographs[:2]]
    bad[0].info[PROBLEM] = "nan"
    bad[1].info[PROBLEM] = "unsafe"
    assert make(bad)[1] == [[("nan", None)], [("unsafe", None)]]


def test_pictures_that_show_nothing_are_blank(make):
    noise = np.random.default_rng(0).integers(0, 3, (96, 96, 3), dtype=np.uint8)
    pictures = [Image.new("RGB", (96, 96)), Image.new("RGB", (96, 96), (90, 200, 40)), Image.fromarray(noise)]
    assert make(pictures)[1] == [[("blank", None)]] * 3


def test_copies_within_a_batch_point_at_its_first(make, photographs):
    cat = photographs[1]
    rows, found = make([cat, photographs[2], cat.copy(), jpeg(cat), ImageOps.mirror(cat)])
    first = rows[0].id
    assert found == [[], [], [("duplicate", first)], [("near_duplicate", first)], [("near_duplicate", first)]]


def test_copies_of_earlier_batches_are_found(make, photographs):
    (first, *_), _ = make(photographs[:3])
    assert make([photographs[0], photographs[4], jpeg(photographs[0])])[1] == [
        [("duplicate", first.id)],
        [],
        [("near_duplicate", first.id)],
    ]


def test_copies_of_a_session_that_was_reopened_are_found(store, make, photographs):
    (first, *_), _ = make(photographs[:3])
    items = [(jpeg(photographs[0]), PlannedPicture(**_PLANNED))]
    (found,) = PictureChecks(store).check(items)
    assert [(one.kind, one.of_id) for one in found] == [("near_duplicate", first.id)]
    assert found[0].score == pytest.approx(1, abs=0.05)


def test_copies_of_originals_are_leaks_also_of_hidden_ones(store, make, photographs):
    shown = store.add_original(photographs[0], 1)
    hidden = store.add_original(photographs[1], 1)
    store.set_hidden([hidden.id], True)
    copies = [photographs[0].copy(), jpeg(photographs[1]), ImageOps.mirror(photographs[0])]
    assert make(copies)[1] == [
        [("near_original", shown.id)],
        [("near_original", hidden.id)],
        [("near_original", shown.id)],
    ]


def test_originals_that_came_later_are_known(store, make, photographs):
    make(photographs[:2])
    added = store.add_original(photographs[3], 1)
    assert make([jpeg(photographs[3])])[1] == [[("near_original", added.id)]]


def test_what_an_export_leaves_out_has_no_copies(store, make, photographs):
    (removed, marked), _ = make(photographs[:2])
    store.set_hidden([removed.id], True)
    store.set_flagged([marked.id], True)
    assert make([photographs[0], photographs[1]])[1] == [[], []]


def test_a_weak_change_may_stay_near_its_own_parent_and_siblings_alone(store, make, photographs):
    parent = store.add_original(photographs[0], 1)
    other = store.add_original(photographs[1], 1)
    near = [jpeg(photographs[0]), ImageOps.mirror(photographs[0])]
    assert make(near, parent.id, strength=0.3)[1] == [[], []]
    assert make([jpeg(photographs[1])], parent.id, strength=0.3)[1] == [[("near_original", other.id)]]
    assert make(near, parent.id, strength=0.7)[1] == [[("near_original", parent.id)]] * 2


def test_an_exact_copy_of_the_parent_is_never_expected(store, make, photographs):
    parent = store.add_original(photographs[0], 1)
    assert make([photographs[0]], parent.id, strength=0.1)[1] == [[("near_original", parent.id)]]


def test_pictures_without_a_file_are_left_out(store, checks, make, photographs):
    lost = store.add_original(photographs[0], 1)
    store.image_path(lost.id).unlink()
    checks.prepare()
    assert make([photographs[1]])[1] == [[]]


def test_reading_the_pictures_can_be_cancelled_and_goes_on_later(store, checks, runner, photographs):
    store.add_original(photographs[0], 1)

    def run(job):
        job.cancel()
        checks.prepare(job)

    with pytest.raises(JobCancelled):
        runner.submit(run, "look").result()
    assert [one.value for one in store.fingerprints()] == [None]
    checks.prepare()
    assert all(one.value for one in store.fingerprints())


def test_another_versions_fingerprints_are_made_anew(store, checks, photographs):
    original = store.add_original(photographs[0], 1)
    store.put_fingerprints([(original.sha256, b"old")])
    checks.prepare()
    assert len(store.fingerprints()[0].value) == 32 * 32 * 3


def test_an_empty_batch_has_no_flags(checks):
    assert checks.check([]) == []
