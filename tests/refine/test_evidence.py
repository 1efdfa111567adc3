import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine.evidence import attribute_families, contrast_labels, contrast_options


def pictures(axis, count, seed, dim=10):
    rng = np.random.default_rng(seed)
    return np.eye(dim)[axis] + 0.2 * rng.normal(size=(count, dim))


def test_labels_are_ranked_by_how_well_they_tell():
    found = contrast_labels(["sky", "sea", "sand"], np.eye(10)[:3], [pictures(0, 20, 1)], pictures(1, 20, 2))
    assert [each.label for each in found] == ["sky", "sand", "sea"]
    assert found[0].auc > 0.95
    assert found[-1].auc < 0.05


def test_every_group_of_wanted_pictures_counts_the_same():
    mixed = np.concatenate([pictures(1, 500, 1), pictures(0, 5, 2)])
    found = contrast_labels(["sky", "sea"], np.eye(10)[:2], [pictures(0, 10, 3), mixed], pictures(1, 30, 4))
    assert found[0].label == "sky"
    assert found[0].auc > 0.7


def test_options_are_ranked_by_how_unwanted_they_are():
    template = PromptTemplate.parse("[dark | bright] {class} [here | there]")
    wanted = ["bright owl here", "bright owl there"] * 10
    unwanted = ["dark owl here", "dark owl there", "bright owl here"] * 8 + ["of another template"]
    found = contrast_options(template, "owl", wanted, unwanted)
    assert (found[0].text, found[0].unwanted, found[0].wanted) == ("dark", 16, 0)
    assert found[0].z > 2
    assert found[-1].text == "bright"
    assert {each.slot for each in found} == {0, 1}


def test_a_template_without_slots_has_no_options():
    assert contrast_options(PromptTemplate.parse("a {class}"), "owl", ["a owl"], []) == []


def test_families_are_labels_of_one_attribute():
    rng = np.random.default_rng(0)
    words = np.concatenate([np.eye(12)[axis] + 0.1 * rng.normal(size=(4, 12)) for axis in range(3)])
    labels = [f"{family}{index}" for family in "abc" for index in range(4)]
    found = attribute_families(labels, words, largest=5)
    assert sorted(map(sorted, found)) == [[f"{family}{i}" for i in range(4)] for family in "abc"]


def test_one_label_makes_no_family():
    assert attribute_families(["a"], np.ones((1, 3))) == []


def test_a_side_without_pictures_is_refused():
    with pytest.raises(InputError, match="wanted and unwanted"):
        contrast_labels(["a"], np.ones((1, 3)), [np.zeros((0, 3))], np.ones((2, 3)))
