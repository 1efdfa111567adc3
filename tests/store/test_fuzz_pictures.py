"""Damaged picture files among good ones. `tests/benchmarks/fuzz.py` damages many more."""

import random

import pytest
from fuzzing.pictures import FORMATS, bomb, check_import, write_folder

from datacrafter_widget.store import import_images


def test_damaged_files_are_refused_each_with_a_reason_and_good_ones_come_in(store, tmp_path):
    for seed in range(3):
        good, bad = write_folder(tmp_path / str(seed), random.Random(seed), 60)
        _, refused = check_import(store, tmp_path / str(seed), good, bad)
        assert refused > 20


def test_empty_folders_called_like_pictures_are_named(store, tmp_path):
    (tmp_path / "crane" / "1.png").mkdir(parents=True)
    (tmp_path / "crane" / "2.png").touch()
    problems = dict(import_images(store, tmp_path).problems)
    assert problems["crane/1.png/"] == "a folder without files"


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_bombs_of_every_format_are_refused(store, tmp_path, ending):
    (tmp_path / "crane").mkdir()
    (tmp_path / "crane" / f"bomb.{ending}").write_bytes(bomb(ending, 60_000, 60_000))
    report = import_images(store, tmp_path)
    assert report.imported == 0
    assert f"crane/bomb.{ending}" in dict(report.problems)
