"""Preference data sets, as other libraries read them."""

import json

import datasets
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datacrafter_widget.editing.preferences import METADATA, Preference, write_preferences
from datacrafter_widget.errors import InputError, StoreError


def picture(content):
    return Image.fromarray(np.full((8, 8, 3), int(content, 16), np.uint8))


def preference(number, **changes):
    values = {
        "edit": number,
        "instruction": 'make it "green"\n',
        "action": "recolour",
        "source": "an apple",
        "target": "a green apple",
        "chosen_editor": "good",
        "chosen_revision": "abc",
        "chosen_text": "make it green",
        "chosen_parameters": '{"strength": 0.4}',
        "rejected_editor": "bad",
        "rejected_revision": "",
        "rejected_text": "a green apple",
        "rejected_parameters": "{}",
        "seed": 2**62,
        "matches": 5,
        "keeps": None,
        "unusable": number == 1,
        "words": "",
        "blind": True,
        "image": "1",
        "chosen": "a",
        "rejected": "b",
        "mask": None,
        "reference": None,
    }
    return Preference(**{**values, **changes})


ROWS = [preference(1), preference(2, mask="c")]


@pytest.mark.parametrize("name", ["preferences.parquet", "preferences"])
def test_datasets_reads_what_was_written(tmp_path, name):
    path = write_preferences(ROWS, tmp_path / name, picture)
    if path.is_file():
        table = datasets.load_dataset("parquet", data_files=str(path), cache_dir=str(tmp_path / "c"))["train"]
    else:
        table = datasets.load_dataset("imagefolder", data_dir=str(path), cache_dir=str(tmp_path / "c"))[
            "train"
        ]
    assert len(table) == 2
    for row, kept in zip(table, ROWS, strict=True):
        for column in ("image", "chosen", "rejected"):
            assert np.asarray(row[column]).tolist() == np.asarray(picture(getattr(kept, column))).tolist()
        assert (row["mask"] is None) == (kept.mask is None)
        for column in (
            "edit",
            "instruction",
            "chosen_editor",
            "seed",
            "matches",
            "keeps",
            "unusable",
            "blind",
        ):
            assert row[column] == getattr(kept, column)


def test_marks_that_were_not_given_are_missing_whole_numbers(tmp_path):
    rows = [preference(1), preference(2, matches=None)]
    table = pd.read_parquet(write_preferences(rows, tmp_path / "p.parquet", picture))
    assert [str(table[name].dtype) for name in ("matches", "keeps", "seed")] == ["Int64", "Int64", "int64"]
    assert table["matches"].tolist() == [5, pd.NA]
    lines = (write_preferences(rows, tmp_path / "p", picture) / METADATA).read_text("utf-8").splitlines()
    assert [json.loads(line)["matches"] for line in lines] == [5, None]


def test_the_folder_has_every_picture_once(tmp_path):
    folder = write_preferences(ROWS, tmp_path / "p", picture)
    assert sorted(each.name for each in (folder / "images").iterdir()) == ["1.png", "a.png", "b.png", "c.png"]
    lines = (folder / METADATA).read_text("utf-8").splitlines()
    assert [json.loads(line)["mask_file_name"] for line in lines] == [None, "images/c.png"]
    assert "reference_file_name" not in json.loads(lines[0])


def test_only_an_earlier_export_is_replaced(tmp_path):
    for name in ("p", "p.parquet"):
        write_preferences(ROWS, tmp_path / name, picture)
        with pytest.raises(InputError, match="overwrite"):
            write_preferences(ROWS, tmp_path / name, picture)
        write_preferences(ROWS[:1], tmp_path / name, picture, overwrite=True)
    (tmp_path / "p" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="other files"):
        write_preferences(ROWS, tmp_path / "p", picture, overwrite=True)
    assert (tmp_path / "p" / "mine.txt").read_text() == "mine"


def test_a_picture_that_can_not_be_read_leaves_nothing_behind(tmp_path):
    def fail(_):
        raise StoreError("gone")

    for name in ("p", "p.parquet"):
        with pytest.raises(StoreError, match="gone"):
            write_preferences(ROWS, tmp_path / name, fail)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="none yet"):
        write_preferences([], tmp_path / "p", picture)
