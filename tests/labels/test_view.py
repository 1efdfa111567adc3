"""Labels in a part of the map: what is shown, and that it stays."""

import json

import numpy as np
import pytest
from label_worlds import HERE, cut_cases, walk, world

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels import labels_in_view, tree_cut

ALL = (-9.0, -9.0, 9.0, 9.0)


def within(places, view):
    x, y = places.T
    return (x >= view[0]) & (x <= view[2]) & (y >= view[1]) & (y <= view[3])


def above(tree, node):
    found = []
    while tree.parent[node] >= 0:
        node = int(tree.parent[node])
        found.append(node)
    return found


@pytest.mark.parametrize("budget", [1, 4, 12, 99])
@pytest.mark.parametrize("labels", [1, 2, 40])
def test_a_view_of_everything_shows_the_tree_cut(labels, budget):
    tree, api, places = world(labels, seed=labels)
    shown = labels_in_view(tree, api, places, ALL, budget)
    np.testing.assert_array_equal(shown.nodes, tree_cut(tree, api, budget=budget))


def test_only_labels_in_the_view_are_shown_and_none_below_another():
    tree, api, places = world(80, seed=1)
    shown = None
    for view in walk(1, 60):
        shown = labels_in_view(tree, api, places, view, 15, shown=shown)
        nodes = shown.nodes.tolist()
        assert len(nodes) <= 15
        assert within(places, view)[nodes].all()
        everything = {*nodes, *shown.kept.tolist()}
        assert not any(set(above(tree, node)) & everything for node in everything)


def test_a_fresh_view_stands_for_every_label_in_it():
    tree, api, places = world(80, seed=2)
    for view in walk(2, 30):
        nodes = labels_in_view(tree, api, places, view, 20).nodes
        below = {leaf for node in nodes for leaf in tree.leaves(node).tolist()}
        assert set(np.flatnonzero(within(places[:80], view)).tolist()) <= below


def test_zooming_in_shows_more_detail():
    tree, api, places = world(80, seed=3)
    whole = labels_in_view(tree, api, places, ALL, 10).nodes
    half = (0.0, -1.5, 1.5, 1.5)
    closer = labels_in_view(tree, api, places, half, 10).nodes
    assert len(closer) > within(places, half)[whole].sum()
    centre = places[7]
    tiny = (centre[0] - 0.02, centre[1] - 0.02, centre[0] + 0.02, centre[1] + 0.02)
    assert 7 in labels_in_view(tree, api, places, tiny, 10).nodes


@pytest.mark.parametrize("seed", range(4))
def test_panning_never_hides_what_is_still_in_view(seed):
    tree, api, places = world(80, seed)
    rng = np.random.default_rng(seed)
    centre, shown = np.zeros(2), None
    for _ in range(120):
        centre = np.clip(centre + rng.normal(0, 0.1, 2), -1, 1)
        view = (*(centre - 0.5), *(centre + 0.5))
        last, shown = shown, labels_in_view(tree, api, places, view, 10, shown=shown)
        if last is not None:
            staying = last.nodes[within(places, view)[last.nodes]]
            assert set(staying.tolist()) <= set(shown.nodes.tolist())


@pytest.mark.parametrize("seed", range(4))
def test_panning_or_zooming_a_little_there_and_back_changes_nothing(seed):
    tree, api, places = world(80, seed)
    here = (-0.5, -0.5, 0.5, 0.5)
    first = labels_in_view(tree, api, places, here, 10)
    for away in [(-0.42, -0.5, 0.58, 0.5), (-0.42, -0.42, 0.42, 0.42), (-0.59, -0.59, 0.59, 0.59)]:
        there = labels_in_view(tree, api, places, away, 10, shown=first)
        back = labels_in_view(tree, api, places, here, 10, shown=there)
        np.testing.assert_array_equal(back.nodes, first.nodes)


@pytest.mark.parametrize("seed", range(4))
def test_zooming_in_hides_a_shown_label_only_by_opening_it(seed):
    tree, api, places = world(80, seed)
    view, shown = np.array([-1.5, -1.5, 1.5, 1.5]), None
    for _ in range(14):
        last, shown = shown, labels_in_view(tree, api, places, tuple(view), 12, shown=shown)
        if last is not None:
            for node in last.nodes[within(places, view)[last.nodes]].tolist():
                opened = any(node in above(tree, other) for other in shown.nodes.tolist())
                assert node in shown.nodes or opened
        view = 0.15 + (view - 0.15) * 0.8


def test_labels_stay_when_pictures_stream_in():
    tree, api, places = world(80, seed=5)
    first = labels_in_view(tree, api, places, ALL, 20)
    rng = np.random.default_rng(0)
    later = labels_in_view(tree, rng.normal(size=len(tree)), places, ALL, 20, shown=first)
    np.testing.assert_array_equal(later.nodes, first.nodes)


def test_less_room_hides_nothing_until_one_zooms_out():
    tree, api, places = world(80, seed=5)
    first = labels_in_view(tree, api, places, ALL, 20)
    same = labels_in_view(tree, api, places, ALL, 5, shown=first)
    np.testing.assert_array_equal(same.nodes, first.nodes)
    out = labels_in_view(tree, api, places, (-12, -12, 12, 12), 5, shown=same)
    assert len(out.nodes) == 5


def test_an_empty_place_shows_nothing_and_forgets_nothing():
    tree, api, places = world(20, seed=6)
    first = labels_in_view(tree, api, places, (-2, -2, 2, 2), 8)
    nowhere = labels_in_view(tree, api, places, (50, 50, 54, 54), 8, shown=first)
    assert len(nowhere.nodes) == 0
    back = labels_in_view(tree, api, places, (-2, -2, 2, 2), 8, shown=nowhere)
    np.testing.assert_array_equal(back.nodes, first.nodes)


def test_the_cuts_that_the_page_is_held_to_are_pythons():
    assert json.loads((HERE / "cuts.json").read_text()) == json.loads(json.dumps(cut_cases()))


def test_wrong_arguments_are_refused():
    tree, api, places = world(5, seed=0)
    for arguments in (
        (api[:3], places, ALL, 5),
        (api, places[:3], ALL, 5),
        (api, places, (1, 0, 0, 1), 5),
        (api, places, ALL, 0),
    ):
        with pytest.raises(InputError):
            labels_in_view(tree, *arguments)
