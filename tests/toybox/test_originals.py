import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import toybox
from datacrafter_widget.toybox.originals import draw_pictures, even, one_scene
from datacrafter_widget.toybox.world import COLOURS, SCENES, SIZES, STYLES


def test_writes_pictures_in_class_folders(tmp_path):
    folder = toybox.write_originals(tmp_path / "originals", per_class=3)
    assert sorted(path.name for path in folder.iterdir()) == sorted(toybox.CLASSES)
    files = sorted((folder / "crane").iterdir())
    assert len(files) == 3
    with Image.open(files[0]) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (64, 64))


def test_same_seed_same_files_whatever_else_is_written(tmp_path):
    one = toybox.write_originals(tmp_path / "one", per_class=2, classes=["pear"], seed=3)
    all_ = toybox.write_originals(tmp_path / "all", per_class=2, seed=3)
    for path in (one / "pear").iterdir():
        assert path.read_bytes() == (all_ / "pear" / path.name).read_bytes()


def test_the_owner_of_the_cranes_may_want_machines(tmp_path):
    birds = toybox.write_originals(tmp_path / "birds", per_class=1, classes=["crane"])
    machines = toybox.write_originals(
        tmp_path / "machines", per_class=1, classes=["crane"], ambiguous="crane machine"
    )
    pictures = [np.asarray(Image.open(folder / "crane" / "crane-000.png")) for folder in (birds, machines)]
    assert not np.array_equal(*pictures)


def test_unknown_classes_are_named(tmp_path):
    with pytest.raises(ValueError, match="kiwi"):
        toybox.write_originals(tmp_path, classes=["kiwi"])
    with pytest.raises(ValueError, match="pear"):
        toybox.write_originals(tmp_path, ambiguous="pear")


def test_importing_the_toybox_leaves_torch_alone():
    code = "import sys, datacrafter_widget.toybox; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_biased_set_has_one_scene_and_a_fair_one_has_everything():
    biased, fair = (
        [
            drawn.attributes
            for drawn in draw_pictures(per_class=80, classes=["apple"], choose=choose, ambiguous="crane bird")
        ]
        for choose in (one_scene, even)
    )
    assert {(each.scene, each.style, each.count) for each in biased} == {("grass", "photo", 1)}
    assert {each.colour for each in biased} == {"red", "green"}
    for name, values in (("colour", COLOURS), ("scene", SCENES), ("style", STYLES), ("size", SIZES)):
        assert {getattr(each, name) for each in fair} == set(values)
    assert {each.count for each in fair} == {1, 2}
