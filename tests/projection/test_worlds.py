"""The joint sets that projections are tested on are what they say."""

import numpy as np
import pytest
from worlds import planted, toybox_set

from datacrafter_widget.demo.joint import load_joint, toybox_joint
from datacrafter_widget.errors import InputError


@pytest.mark.parametrize("make", [planted, toybox_set])
def test_worlds_are_many_to_many_with_unlabelled_pictures_and_repeat(make):
    x, v, edges, group = make(150, seed=3)
    assert x.dtype == v.dtype == np.float32
    assert x.shape[1] == v.shape[1]
    assert len(x) == len(group) == 150
    assert edges[:, 0].max() < 150
    assert edges[:, 1].max() < len(v)
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert np.bincount(edges[:, 0]).max() > 1
    assert 0.1 < 1 - len(np.unique(edges[:, 0])) / 150 < 0.3
    again = make(150, seed=3)
    assert np.array_equal(again[0], x)
    assert np.array_equal(again[2], edges)
    assert not np.array_equal(make(150, seed=4)[2], edges)


def test_a_joint_set_survives_a_file_and_a_wrong_file_is_explained(tmp_path):
    joint = toybox_joint(30, seed=1)
    np.savez(
        tmp_path / "a.npz",
        image_features=joint.image_features,
        label_features=joint.label_features,
        edges=joint.edges,
        labels=np.array(joint.labels),
        image_class=joint.image_class,
        classes=np.array(joint.classes),
    )
    back = load_joint(tmp_path / "a.npz")
    assert np.array_equal(back.image_features, joint.image_features)
    assert back.labels == joint.labels
    assert [back.classes[i] for i in back.image_class] == [joint.classes[i] for i in joint.image_class]
    np.savez(tmp_path / "b.npz", image_features=joint.image_features)
    (tmp_path / "c.npz").write_text("not a zip")
    for name, found in (("b.npz", "label_features, edges"), ("c.npz", "plain arrays"), ("d.npz", "no file")):
        with pytest.raises(InputError, match=found):
            load_joint(tmp_path / name)
