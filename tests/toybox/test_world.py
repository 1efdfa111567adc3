import numpy as np
import pytest

from datacrafter_widget.toybox.objects import BUILDERS, FLOOR, TILT
from datacrafter_widget.toybox.world import (
    COLOURS,
    KINDS,
    SCENES,
    STYLES,
    TYPICAL,
    Attributes,
    render,
    render_boxes,
    sample_attributes,
)


def test_same_seed_gives_the_same_picture():
    wanted = Attributes("pear", "green", "grass", "photo", 2)
    first, again = (render(wanted, np.random.default_rng(5)) for _ in range(2))
    other = render(wanted, np.random.default_rng(6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_and_style_renders(scene, style):
    picture = render(Attributes("boat", "red", scene, style), np.random.default_rng(0))
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_its_colour(kind):
    rng = np.random.default_rng(0)
    blue = render(Attributes(kind, "blue", "studio", "cartoon", size="big"), rng).reshape(-1, 3)
    near = np.abs(blue.astype(int) - COLOURS["blue"]).max(1) < 40
    assert near.mean() > 0.04


def test_tables_cover_all_kinds():
    assert set(BUILDERS) == set(FLOOR) == set(TILT) == set(TYPICAL) == set(KINDS)
    assert {"crane bird", "crane machine"} <= set(KINDS)


def test_sampled_attributes_respect_what_is_fixed():
    rng = np.random.default_rng(0)
    drawn = [sample_attributes(rng, kind="fish", count=2) for _ in range(50)]
    assert {(each.kind, each.count) for each in drawn} == {("fish", 2)}
    assert len({each.colour for each in drawn}) > 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2])
def test_boxes_hold_what_was_drawn_and_little_else(kind, count):
    wanted = Attributes(kind, "blue", "studio", "cartoon", count)
    picture, boxes = render_boxes(wanted, np.random.default_rng(3))
    assert np.array_equal(picture, render(wanted, np.random.default_rng(3)))
    assert boxes.shape == (count, 4)
    assert (boxes[:, 2:] - boxes[:, :2] > 10).all()
    assert (boxes >= 0).all()
    assert (boxes <= 64).all()
    blue = np.abs(picture.astype(int) - COLOURS["blue"]).max(axis=2) < 40
    rows, columns = np.nonzero(blue)
    assert rows.min() >= boxes[:, 1].min() - 1
    assert rows.max() <= boxes[:, 3].max()
    assert columns.min() >= boxes[:, 0].min() - 1
    assert columns.max() <= boxes[:, 2].max()


@pytest.mark.parametrize("style", STYLES)
def test_a_thing_keeps_its_place_and_its_colours_in_another_scene(style):
    drawn, places = [], []
    for scene in ("grass", "table"):
        wanted = Attributes("apple", "purple", scene, style)
        picture, boxes = render_boxes(wanted, np.random.default_rng(3), scene_rng=np.random.default_rng(4))
        drawn.append(picture.astype(int))
        places.append(boxes)
    assert np.array_equal(*places)
    left, top, right, bottom = places[0][0].round().astype(int)
    x, y = (left + right) // 2, (top + bottom) // 2
    same = (np.abs(drawn[0] - drawn[1]) <= 2).all(axis=2)
    assert same[y - 6 : y + 6, x - 6 : x + 6].all()
    assert not same[:, 0].any()
