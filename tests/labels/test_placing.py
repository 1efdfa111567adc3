"""Labels on the map never overlap, and stay where they were."""

import json
from dataclasses import replace

import pytest
from label_worlds import HERE, placement_cases, random_boxes

from datacrafter_widget.labels import LabelBox, place_labels

WIDTH, HEIGHT = 640, 400


def rectangles(boxes, placed):
    found = []
    for label in placed:
        box = boxes[label.index]
        half = box.height / 2
        mark = (box.x - box.radius, box.y - box.radius, box.x + box.radius, box.y + box.radius)
        text = (label.text_x, label.text_y - half, label.text_x + box.width, label.text_y + half)
        found.append([mark, text])
    return found


def touch(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def assert_clear(boxes, placed):
    found = rectangles(boxes, placed)
    for i, mine in enumerate(found):
        for theirs in found[:i]:
            assert not any(touch(a, b) for a in mine for b in theirs)


def again(boxes, placed, move=lambda x, y: (x, y)):
    """The same labels a frame later: those that were placed with the side where they were."""
    sides = {label.index: label.side for label in placed}
    moved = []
    for index, box in enumerate(boxes):
        x, y = move(box.x, box.y)
        moved.append(replace(box, x=x, y=y, side=sides.get(index)))
    return moved


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [5, 60, 300])
def test_no_two_labels_overlap(count, seed):
    boxes = random_boxes(count, seed)
    placed = place_labels(boxes, WIDTH, HEIGHT)
    assert len(placed) >= min(count, 10) // 2
    assert_clear(boxes, placed)


@pytest.mark.parametrize("seed", range(5))
def test_labels_keep_their_side_while_the_map_is_moved(seed):
    boxes = random_boxes(60, seed)
    placed = place_labels(boxes, WIDTH, HEIGHT)
    moved = again(boxes, placed, lambda x, y: (x + 37, y - 21))
    later = {label.index: label.side for label in place_labels(moved, WIDTH, HEIGHT)}
    assert {label.index: label.side for label in placed}.items() <= later.items()


@pytest.mark.parametrize("seed", range(5))
def test_labels_keep_their_side_however_far_one_zooms_in(seed):
    boxes = random_boxes(60, seed)
    placed = place_labels(boxes, WIDTH, HEIGHT)
    for _ in range(12):
        boxes = again(boxes, placed, lambda x, y: (300 + (x - 300) * 1.15, 200 + (y - 200) * 1.15))
        last, placed = placed, place_labels(boxes, WIDTH, HEIGHT)
        assert_clear(boxes, placed)
        sides = {label.index: label.side for label in placed}
        assert all(sides[label.index] == label.side for label in last)


@pytest.mark.parametrize("seed", range(5))
def test_zooming_out_a_little_hides_nothing(seed):
    boxes = random_boxes(60, seed)
    placed = place_labels(boxes, WIDTH, HEIGHT)
    out = again(boxes, placed, lambda x, y: (300 + (x - 300) / 1.099, 200 + (y - 200) / 1.099))
    later = {label.index: label.side for label in place_labels(out, WIDTH, HEIGHT)}
    assert {label.index: label.side for label in placed}.items() <= later.items()


def test_text_goes_right_where_there_is_room_and_left_at_the_edge():
    middle, edge = place_labels([LabelBox(100, 100, 6, 40, 12), LabelBox(600, 200, 6, 40, 12)], WIDTH, HEIGHT)
    assert (middle.side, middle.text_x, middle.text_y) == ("right", 110, 100)
    assert edge.side == "left"


def test_the_more_important_of_two_in_one_place_is_shown():
    assert [p.index for p in place_labels([LabelBox(90, 90, 6, 40, 12)] * 2, WIDTH, HEIGHT)] == [0]
    shown = LabelBox(103, 102, 6, 40, 12, side="below")
    assert [p.index for p in place_labels([LabelBox(100, 100, 6, 40, 12), shown], WIDTH, HEIGHT)] == [1]


def test_the_placements_that_the_page_is_held_to_are_pythons():
    assert json.loads((HERE / "placements.json").read_text()) == json.loads(json.dumps(placement_cases()))
