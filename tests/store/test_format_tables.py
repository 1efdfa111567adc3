"""CSV files and data frames, by pandas."""

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.exporting import Exporting
from datacrafter_widget.store import Store, export_dataset, import_images

pandas = pytest.importorskip("pandas")
WREN = 'Zaun/könig, "klein" [1]'


@pytest.fixture
def session(expanded):
    """The session's verbs on that store."""
    session = Exporting()
    session._store = expanded
    return session


def test_pandas_reads_a_csv_export(expanded, tmp_path):
    export_dataset(expanded, tmp_path / "out", format="csv")
    table = pandas.read_csv(tmp_path / "out/data.csv").set_index("picture_id")
    assert len(table) == 37
    assert table.label.value_counts().to_dict() == {"crane": 19, WREN: 18}
    assert table.loc[33].prompt == '=1+1,\n"ä" </x>'
    assert (table.loc[21].parent_file, table.loc[21].seed) == ("images/original-000001.png", 1000)
    assert table.loc[1].isna().seed
    for picture, row in table.iterrows():
        pixels = np.asarray(Image.open(tmp_path / "out" / row.file_name))
        np.testing.assert_array_equal(pixels, np.asarray(expanded.load_image(picture)))


def test_a_table_that_pandas_wrote_again_comes_back_whole(expanded, known, tmp_path):
    export_dataset(expanded, tmp_path / "out", format="csv")
    table = pandas.read_csv(tmp_path / "out/data.csv")
    table.sample(frac=1, random_state=0).to_csv(
        tmp_path / "out/data.csv", index=False
    )  # children before parents
    with Store(tmp_path / "second") as second:
        assert import_images(second, tmp_path / "out/data.csv").generated == 18
        assert known(second) == known(expanded)


def test_split_tables(expanded, tmp_path):
    report = export_dataset(expanded, tmp_path / "out", format="csv", split=(0.6, 0.2, 0.2))
    assert {
        name: len(pandas.read_csv(tmp_path / f"out/{name}.csv")) for name in report.splits
    } == report.splits
    with Store(tmp_path / "second") as second:
        assert import_images(second, tmp_path / "out/test.csv").imported == report.splits["test"]


def test_other_peoples_tables_and_their_faults(store, paint, tmp_path):
    (tmp_path / "set/pictures").mkdir(parents=True)
    paint(1).save(tmp_path / "set/pictures/1.png")
    paint(2).save(tmp_path / "set/pictures/2.png")
    paint(3).save(tmp_path / "secret.png")
    rows = [
        "filename,category,extra",
        "pictures/1.png,crane,a,b,c",
        '"pictures/2.png","wren, small"',
        "../secret.png,crane",
        f"{tmp_path}/secret.png,crane",
        "C:\\secret.png,crane",
        "pictures\\..\\..\\secret.png,crane",
        "pictures/gone.png,crane",
        "pictures/1.png,",
        ",crane",
        "pictures/1.png,\x07",
    ]
    (tmp_path / "set/list.csv").write_bytes(b"\xef\xbb\xbf" + "\n".join(rows).encode())
    report = import_images(store, str(tmp_path / "set/list.csv"))
    assert report.per_class == {"crane": 1, "wren, small": 1}
    assert len(report.problems) == 8
    assert sum("out of the data set's folder" in reason for _, reason in report.problems) == 5
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"found a, b\. Rename"):
        import_images(store, tmp_path / "odd.csv")
    with pytest.raises(InputError, match="found nothing"):
        import_images(store, tmp_path / "gone.csv")


def test_numbers_get_their_names(store, paint, tmp_path):
    paint(1).save(tmp_path / "1.png")
    (tmp_path / "list.csv").write_text("path,label\n1.png,1\n")
    assert import_images(store, tmp_path / "list.csv", class_names=["a", "b"]).per_class == {"b": 1}


def test_a_data_frame_comes_back_whole(session, expanded, known, tmp_path):
    frame = session.to_pandas(split=0.3)
    assert len(frame) == 37
    assert list(frame.label.cat.categories) == ["crane", WREN, "later"]
    assert set(frame.split) == {"train", "val"}
    assert str(frame.dtypes.seed) == "Int64"
    assert frame.groupby("origin").seed.count().to_dict() == {"generated": 18, "original": 0}
    assert Image.open(frame.path[0]).size == (24, 16)
    with Store(tmp_path / "second") as second:
        report = import_images(second, frame)
        assert (report.imported, report.generated) == (37, 18)
        assert known(second) == known(expanded)
    with Store(tmp_path / "third") as third:
        assert import_images(third, frame[frame.split == "train"]).imported == (frame.split == "train").sum()


def test_data_frames_of_paths_pictures_and_bytes(store, paint, tmp_path):
    paint(1).save(tmp_path / "1.png")
    content = (tmp_path / "1.png").read_bytes()
    paths = pandas.DataFrame({"image_path": [str(tmp_path / "1.png"), None], "class": ["a", "b"]})
    assert import_images(store, paths).per_class == {"a": 1}
    images = pandas.DataFrame(
        {"image": [paint(2), content, {"bytes": content}, paint(3)], "label": [1, 0, 0, pandas.NA]}
    )
    report = import_images(store, images, class_names=["a", "b"])
    assert (report.per_class, len(report.duplicates), len(report.problems)) == ({"b": 1}, 2, 1)
    with pytest.raises(InputError, match="column of pictures"):
        import_images(store, pandas.DataFrame({"x": [1]}))
