"""WebDataset shards and Parquet files, by the libraries that train from them."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.exporting import Exporting
from datacrafter_widget.store import Store, export_dataset, import_images
from datacrafter_widget.store.formats.contents import COLUMNS

WREN = 'Zaun/könig, "klein" [1]'


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_tar(path, members, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def hugging(expanded):
    """The session's verbs on that store."""
    session = Exporting()
    session._store = expanded
    return session


def test_webdataset_reads_an_export(expanded, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    export_dataset(expanded, tmp_path / "out", format="webdataset", shard_size=10)
    shards = sorted(str(path) for path in (tmp_path / "out").glob("*.tar"))
    assert [shard[-10:] for shard in shards] == [f"{index:06d}.tar" for index in range(4)]
    dataset = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("png", "cls", "json")
    samples = list(dataset)
    assert len(samples) == 37
    for image, number, facts in samples:
        assert ["crane", WREN, "later"][number] == facts["label"]
        original = np.asarray(expanded.load_image(facts["picture_id"]))
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), original)
    by_id = {facts["picture_id"]: facts for _, _, facts in samples}
    assert by_id[1]["objects"]["category"] == ["crane", WREN]
    assert (by_id[21]["seed"], by_id[21]["parent_file"]) == (1000, "original-000001.png")


def test_what_webdataset_writes_is_read(store, paint, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    with webdataset.ShardWriter(str(tmp_path / "set-%03d.tar"), maxcount=2, verbose=0) as sink:
        for index in range(5):
            sink.write({"__key__": f"a/{index:03d}", "png": paint(index), "cls": index % 2})
    first = import_images(store, f"{tmp_path}/set-{{000..001}}.tar", class_names=["crane", "wren"])
    assert first.per_class == {"crane": 2, "wren": 2}
    rest = import_images(store, f"{tmp_path}/set-*.tar", class_names=["crane", "wren"])
    assert (rest.imported, rest.already_there) == (1, 4)
    listed = import_images(store, sorted(tmp_path.glob("*.tar")), class_names=["crane", "wren"])
    assert (listed.imported, listed.already_there) == (0, 5)


def test_tar_files_of_every_kind_are_read_and_faults_named(store, paint, tmp_path):
    good = [("x/1.png", png(paint(1))), ("x/1.cls", b"crane"), ("x/1.txt", b"words")]
    write_tar(tmp_path / "a.tar.gz", good, "w:gz")
    write_tar(
        tmp_path / "b.tar",
        [
            ("../../out.png", png(paint(2))),
            ("../../out.json", json.dumps({"label": "wren", "objects": 3, "seed": "x"}).encode()),
            ("no class.png", png(paint(3))),
            ("only.cls", b"crane"),
            ("broken.jpg", b"\xff\xd8nothing"),
            ("broken.cls", b"crane"),
            ("odd.png", png(paint(4))),
            ("odd.cls", b"crane"),
            ("odd.json", b"{"),
        ],
    )
    (tmp_path / "c.tar").write_bytes((tmp_path / "b.tar").read_bytes()[:700])
    (tmp_path / "d.tar").write_bytes(b"no tar at all" * 100)
    report = import_images(store, sorted(tmp_path.glob("*.tar*")))
    assert report.per_class == {"crane": 2, "wren": 1}
    assert not list(tmp_path.parent.glob("out.*"))
    assert not list(tmp_path.parent.parent.glob("out.*"))
    problems = [source for source, _ in report.problems]
    assert sorted(problems) == ["b.tar/broken.jpg", "b.tar/no class.png", "b.tar/only", "c.tar", "d.tar"]
    with pytest.raises(InputError, match="found nothing at"):
        import_images(store, f"{tmp_path}/e-{{0..3}}.tar")


def test_hugging_face_reads_a_parquet_export(expanded, tmp_path):
    pytest.importorskip("pyarrow")
    datasets = pytest.importorskip("datasets")
    report = export_dataset(expanded, tmp_path / "out", format="parquet", shard_size=10, split=0.3)
    files = sorted(path.name for path in (tmp_path / "out/data").iterdir())
    assert files[0] == f"train-00000-of-{-(-report.splits['train'] // 10):05d}.parquet"
    dataset = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in dataset.items()} == report.splits
    features = dataset["train"].features
    assert isinstance(features["image"], datasets.Image)
    assert features["label"].names == ["crane", WREN, "later"]
    assert set(features) == {"image", "objects", *COLUMNS}
    rows = {row["picture_id"]: row for split in dataset.values() for row in split}
    for picture, row in rows.items():
        np.testing.assert_array_equal(np.asarray(row["image"]), np.asarray(expanded.load_image(picture)))
    assert rows[1]["objects"]["category"] == [0, 1]
    assert rows[1]["objects"]["bbox"][1] == [14.5, 3, 6, 4]
    assert (rows[21]["label"], rows[21]["seed"], rows[21]["model"]) == (0, 1000, "toybox")
    assert rows[2]["seed"] is None


def test_pictures_of_a_parquet_file_lie_in_row_groups(expanded, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    export_dataset(expanded, tmp_path / "out", format="parquet")
    (file,) = (tmp_path / "out/data").iterdir()
    table = parquet.ParquetFile(file)
    assert (table.metadata.num_rows, table.metadata.num_row_groups) == (37, 1)
    with pytest.raises(InputError, match="1 or more"):
        export_dataset(expanded, tmp_path / "other", format="parquet", shard_size=0)


def test_what_hugging_face_and_pandas_write_is_read(store, paint, tmp_path):
    datasets = pytest.importorskip("datasets")
    pandas = pytest.importorskip("pandas")
    images = [paint(seed) for seed in range(4)]
    features = datasets.Features(
        {
            "img": datasets.Image(),
            "label": datasets.ClassLabel(names=["z", "a"]),
            "size": datasets.Value("int64"),
        }
    )
    rows = {"img": images, "label": [0, 1, 0, -1], "size": [1, 2, 3, 4]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "hf.parquet")
    report = import_images(store, tmp_path / "hf.parquet")
    assert report.per_class == {"z": 2, "a": 1}
    assert report.problems == [("hf.parquet[3]", "it has no label")]
    images[0].save(tmp_path / "0.png")
    table = pandas.DataFrame({"path": ["0.png", "../0.png", None], "class": ["z", "z", "z"]})
    table.to_parquet(tmp_path / "plain.parquet")
    report = import_images(store, tmp_path / "plain.parquet")
    assert (report.imported, len(report.duplicates), len(report.problems)) == (0, 1, 2)
    (tmp_path / "0.pq").write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match="expected a Parquet file"):
        import_images(store, tmp_path / "0.pq")
    table.rename(columns={"class": "kind"}).to_parquet(tmp_path / "odd.parquet")
    with pytest.raises(InputError, match="path, kind"):
        import_images(store, tmp_path / "odd.parquet")


def test_a_hugging_face_dataset_is_ready_for_the_hub_and_comes_back(hugging, expanded, known, tmp_path):
    datasets = pytest.importorskip("datasets")
    dataset = hugging.to_huggingface()
    assert dataset.features["label"].names == ["crane", WREN, "later"]
    assert dataset[0]["image"].size == (24, 16)
    # What push_to_hub does to every shard: pictures go in, no path of this machine stays.
    dataset.save_to_disk(str(tmp_path / "saved"))
    for picture in expanded.pictures():
        assert expanded.image_path(picture.id).exists()
    loaded = datasets.load_from_disk(str(tmp_path / "saved"))
    stored = loaded.cast_column("image", datasets.Image(decode=False))[0]["image"]
    assert Image.open(io.BytesIO(stored["bytes"])).size == (24, 16)
    for source in (dataset, loaded):
        with Store(tmp_path / f"from {len(list(tmp_path.iterdir()))}") as second:
            report = import_images(second, source)
            assert (report.imported, report.generated, report.boxes) == (37, 18, 5)
            assert known(second) == known(expanded)
    splits = hugging.to_huggingface(split=(0.6, 0.2, 0.2))
    assert isinstance(splits, datasets.DatasetDict)
    assert list(splits) == ["train", "val", "test"]
    assert sum(map(len, splits.values())) == 37
