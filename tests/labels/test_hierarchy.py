"""The label tree and the cut through it."""

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels import LabelTree, degree_of_interest, imbalance, tree_cut


@pytest.fixture
def tree():
    """Three groups of labels: 0-3, 4-6, 7-9."""
    rng = np.random.default_rng(1)
    centres = np.eye(8)[:3]
    group = [0] * 4 + [1] * 3 + [2] * 3
    x = centres[group] + 0.1 * rng.normal(size=(10, 8))
    return LabelTree(x, [f"{'abc'[g]}{i}" for i, g in enumerate(group)], np.arange(1, 11))


def is_cover(tree, nodes):
    below = np.concatenate([tree.leaves(node) for node in nodes])
    return len(below) == tree.n_leaves and set(below.tolist()) == set(range(tree.n_leaves))


def test_groups_of_like_labels_become_nodes(tree):
    groups = {tuple(tree.leaves(node)) for node in range(len(tree))}
    assert {(0, 1, 2, 3), (4, 5, 6), (7, 8, 9)} <= groups
    assert len(tree) == 19
    assert tree.counts[tree.root] == 55
    assert tree.parent[tree.root] == -1
    assert all(node in tree.children[tree.parent[node]] for node in range(tree.root))
    assert (tree.depth[:-1] == tree.depth[tree.parent[:-1]] + 1).all()


def test_a_group_is_named_by_one_of_its_own_labels(tree):
    for node in range(len(tree)):
        assert tree.names[node] in {tree.names[leaf] for leaf in tree.leaves(node)}


def test_a_node_is_named_by_its_medoid_until_it_is_renamed(tree):
    assert tree.medoid[:10].tolist() == list(range(10))
    assert all(tree.names[node] == tree.names[tree.medoid[node]] for node in range(len(tree)))
    assert all(tree.medoid[node] in tree.leaves(node) for node in range(len(tree)))
    named = tree.renamed({12: "things"})
    assert named.names[12] == "things"
    assert named.names[:12] == tree.names[:12]
    assert "things" not in tree.names
    for node in (3, -1, 19):
        with pytest.raises(InputError, match=str(node)):
            tree.renamed({node: "x"})


@pytest.mark.parametrize("budget", [1, 2, 3, 5, 10, 99])
def test_a_cut_keeps_to_its_budget_and_covers_every_label_once(tree, budget):
    rng = np.random.default_rng(budget)
    for focus in (None, 0, 12, tree.root):
        nodes = tree_cut(tree, rng.normal(size=len(tree)), focus, budget=budget)
        assert len(nodes) == min(budget, tree.n_leaves)
        assert is_cover(tree, nodes)


def test_labels_with_many_generated_pictures_are_opened_first(tree):
    ratio = np.ones(10)
    ratio[5] = 1000.0
    assert 5 in tree_cut(tree, tree.importance(ratio), budget=6)
    counts = np.full(10, 5)
    made = np.where(np.arange(10) == 8, 200, 5)
    assert 8 in tree_cut(tree, tree.importance_of_counts(counts, made), budget=6)


def test_the_focus_is_opened_when_labels_are_alike_otherwise(tree):
    even = tree.importance(np.ones(10))
    assert (even == 0).all()
    for leaf in range(10):
        assert leaf in tree_cut(tree, even, focus_node=leaf, budget=7)


def test_tree_distance_counts_steps(tree):
    for node in (0, 5, tree.root):
        distance = tree.distance(node)
        assert distance[node] == 0
        assert distance[tree.root] == tree.depth[node]
        path_up = [node]
        while tree.parent[path_up[-1]] >= 0:
            path_up.append(int(tree.parent[path_up[-1]]))
        for other in range(len(tree)):
            up, steps = other, 0
            while up not in path_up:
                up, steps = int(tree.parent[up]), steps + 1
            assert distance[other] == steps + path_up.index(up)
    doi = degree_of_interest(tree, np.zeros(len(tree)), 3)
    assert doi.argmax() == 3


def test_importance_is_zero_for_labels_as_frequent_as_expected(tree):
    api = tree.importance_of_counts(np.full(10, 100), np.full(10, 300))
    assert np.allclose(api, 0, atol=0.02)
    ratio = np.exp(np.arange(10.0))
    api = tree.importance(ratio)
    assert api[4] == pytest.approx(4)
    assert api[tree.root] == pytest.approx(np.average(np.arange(10.0), weights=np.arange(1, 11)))


def test_one_and_two_labels_make_a_tree():
    one = LabelTree(np.ones((1, 4)), ["a"])
    assert len(one) == 1
    assert tree_cut(one, [0.0], budget=3).tolist() == [0]
    two = LabelTree(np.eye(2), ["a", "b"])
    assert tree_cut(two, np.zeros(3), budget=3).tolist() == [0, 1]
    same = LabelTree(np.ones((5, 4)), list("abcde"))
    assert len(tree_cut(same, np.zeros(9), budget=5)) == 5


def test_wrong_arguments_are_refused(tree):
    for embeddings, names in ((np.zeros((0, 3)), []), (np.eye(3), ["a"])):
        with pytest.raises(InputError):
            LabelTree(embeddings, names)
    for arguments in ((np.zeros(3), None, 5), (np.zeros(19), 40, 5), (np.zeros(19), None, 0)):
        with pytest.raises(InputError):
            tree_cut(tree, *arguments)


def test_a_tree_of_some_labels_keeps_the_groups_and_their_names(tree):
    kept = np.array([1, 2, 5, 7, 8, 9])
    node = next(n for n in range(len(tree)) if tree.leaves(n).tolist() == [7, 8, 9])
    part = tree.renamed({node: "seas"}).restricted(kept)
    assert len(part) == 11
    assert part.names[:6] == [tree.names[label] for label in kept]
    assert part.counts[part.root] == (kept + 1).sum()
    groups = {tuple(kept[part.leaves(n)].tolist()): part.names[n] for n in range(len(part))}
    assert groups[7, 8, 9] == "seas"
    assert (1, 2) in groups
    assert all(part.medoid[n] in part.leaves(n) for n in range(len(part)))
    assert len(tree) == 19
    for labels in ([], [3, 2], [10]):
        with pytest.raises(InputError):
            tree.restricted(labels)


def test_a_tree_can_be_made_of_places_alone():
    places = np.array([[0, 0], [0, 1], [10, 0], [10, 1], [10, 0.4]])
    tree = LabelTree.from_places(places, list("abcde"))
    groups = {tuple(tree.leaves(node)) for node in range(len(tree))}
    assert {(0, 1), (2, 3, 4)} <= groups
    assert tree.medoid[next(n for n in range(len(tree)) if len(tree.leaves(n)) == 3)] == 4
    assert len(LabelTree.from_places([[0, 0]], ["a"])) == 1
    with pytest.raises(InputError):
        LabelTree.from_places(places, ["a"])


def test_without_generated_pictures_no_label_is_more_important():
    assert (imbalance([3, 100, 103], [0, 0, 0]) == 0).all()
    assert (imbalance([3, 100, 103], [30, 1000, 1030]) == 0).all()
    api = imbalance([1, 1, 2], [0, 50, 50])
    assert api[1] > 0 > api[0]
    assert np.isfinite(imbalance([0, 0, 0], [2, 5, 7])).all()
