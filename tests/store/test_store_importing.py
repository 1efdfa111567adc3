"""Data in: every form a user holds pictures in, and every mess found in picture folders."""

import hashlib
import os
import shutil
import struct
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import import_images, read_images
from datacrafter_widget.store.decoding import UnreadablePictureError, decode
from datacrafter_widget.store.importing import ImportReport

RED, WHITE = (255, 0, 0), (255, 255, 255)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
    )


def colour_of(image: Image.Image) -> tuple[int, ...]:
    return image.getpixel((0, 0))


@pytest.fixture
def mess(tmp_path, paint) -> Path:
    """What picture folders look like after some years."""
    root = tmp_path / "pictures"
    for name in ("crane", "heron", "nested/2019/spring", "empty", "no pictures here", ".hidden", "__MACOSX"):
        (root / name).mkdir(parents=True)
    paint(1).save(root / "crane/1.png")
    paint(2).save(root / "crane/2.bmp")
    paint(3).save(root / "crane/10.webp", lossless=True)
    paint(1).save(root / "crane/copy of 1.tiff")
    paint(2).save(root / "heron/same as crane 2.png")
    paint(4).save(root / "heron/4.png")
    paint(5).save(root / "nested/2019/spring/5.png")
    paint(6).save(root / ".hidden/6.png")
    paint(7).save(root / "crane/.7.png")
    paint(8).save(root / "loose.png")
    (root / "crane/.DS_Store").write_bytes(b"\0\1")
    (root / "crane/Thumbs.db").write_bytes(b"\0\1")
    (root / "crane/readme.txt").write_text("cranes")
    (root / "crane/zero.png").touch()
    content = (root / "crane/1.png").read_bytes()
    (root / "crane/truncated.png").write_bytes(content[: len(content) // 2])
    (root / "crane/corrupt.png").write_bytes(content[:60] + b"\0" * 40 + content[100:])
    (root / "crane/bomb.png").write_bytes(bomb(60_000, 60_000))
    (root / "crane/text.jpg").write_text("not a picture")
    paint(9, (60, 60)).save(root / "crane/cut.jpg")
    (root / "crane/cut.jpg").write_bytes((root / "crane/cut.jpg").read_bytes()[:900])
    (root / "no pictures here/notes.pdf").write_bytes(b"%PDF-1.4")
    (root / "__MACOSX/x.png").write_bytes(b"\0")
    (root / "crane/loop").symlink_to(root, target_is_directory=True)
    (root / "crane/gone.png").symlink_to(root / "nowhere.png")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "crane/pipe.png")
    return root


def test_a_messy_folder_is_imported_and_each_problem_named(store, mess):
    before = {
        path: (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in mess.rglob("*")
        if not path.is_symlink()
    }
    seen = []
    report = import_images(store, mess, progress=lambda done, total: seen.append((done, total)))

    assert report.imported == 5
    assert report.per_class == {"crane": 3, "heron": 1, "nested": 1}
    assert [row.name for row in store.classes()] == ["crane", "heron", "nested"]
    assert sorted(picture.source for picture in store.pictures()) == [
        "crane/1.png",
        "crane/10.webp",
        "crane/2.bmp",
        "heron/4.png",
        "nested/2019/spring/5.png",
    ]
    assert {(item.source, item.kept_source, item.kept_class) for item in report.duplicates} == {
        ("crane/copy of 1.tiff", "crane/1.png", "crane"),
        ("heron/same as crane 2.png", "crane/2.bmp", "crane"),
    }
    problems = dict(report.problems)
    for source, reason in {
        "loose.png": "not in a class folder",
        "crane/readme.txt": "not an image",
        "crane/text.jpg": "not an image",
        "crane/zero.png": "empty",
        "crane/truncated.png": "truncated",
        "crane/corrupt.png": "corrupt",
        "crane/cut.jpg": "truncated",
        "crane/bomb.png": "60,?000",
        "crane/gone.png": "link to nothing",
        "crane/loop/": "link to a folder",
        "crane/pipe.png": "not a regular file",
        "empty/": "without files",
        "no pictures here/notes.pdf": "not an image",
        "no pictures here": "without a readable picture",
    }.items():
        assert source in problems, source
        if source != "crane/bomb.png":
            assert reason in problems.pop(source), source
    assert "Pillow" in problems.pop("crane/bomb.png")
    assert problems == {}
    assert seen == [(17, 17)]
    after = {
        path: (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in mess.rglob("*")
        if not path.is_symlink()
    }
    assert after == before

    text = str(report)
    assert "5 pictures imported in 3 classes" in text
    assert "crane/zero.png: the file is empty (0 bytes)" in text
    assert (
        "heron/same as crane 2.png (heron) is the same picture as crane/2.bmp in another class, crane" in text
    )


def test_importing_again_adds_nothing_and_calls_it_that(store, mess):
    import_images(store, mess)
    again = import_images(store, mess)
    assert (again.imported, again.already_there, len(again.duplicates)) == (0, 5, 2)
    assert len(store.pictures()) == 5


def test_a_report_is_escaped_and_not_endless(store, tmp_path, paint):
    folder = tmp_path / "pictures" / "<img src=x onerror=alert(1)>"
    folder.mkdir(parents=True)
    paint().save(folder / "1.png")
    for index in range(30):
        (folder / f"broken\x1b[31m{index}.png").touch()
    report = import_images(store, tmp_path / "pictures")
    assert "<img" not in report._repr_html_()
    assert "\x1b" not in str(report)
    assert "and 10 more" in str(report)
    assert len(report.problems) == 30


def test_class_names_are_unicode_in_one_form(store, tmp_path, paint):
    names = ["cafe\u0301", "鶴", "grue & <b>", "صقر", "🦩"]
    for index, name in enumerate(names):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        paint(index).save(tmp_path / "pictures" / name / "1.png")
    (tmp_path / "pictures" / "caf\u00e9").mkdir(exist_ok=True)
    paint(99).save(tmp_path / "pictures" / "caf\u00e9" / "2.png")
    report = import_images(
        store, tmp_path / "pictures", class_words={"鶴": "crane bird", "cafe\u0301": "coffee"}
    )
    assert report.problems == []
    assert report.per_class["caf\u00e9"] == 2
    assert {row.name for row in store.classes()} == {"caf\u00e9", *names[1:]}
    assert store.class_by_name("鶴").word == "crane bird"
    assert store.class_by_name("café").word == "coffee"


@pytest.mark.skipif(sys.platform != "linux", reason="only here may file names be any bytes")
def test_undecodable_file_names_are_shown_somehow(store, tmp_path, paint):
    folder = os.fsencode(tmp_path / "pictures") + b"/cr\xe4ne"
    Path(os.fsdecode(folder)).mkdir(parents=True)
    paint().save(tmp_path / "1.png")
    shutil.copy(tmp_path / "1.png", folder + b"/\xff.png")
    assert import_images(store, tmp_path / "pictures").per_class == {"cr?ne": 1}
    assert store.pictures()[0].source == "cr?ne/?.png"


def two_halves(mode: str, left: object, right: object) -> Image.Image:
    image = Image.new(mode, (40, 20), left)
    image.paste(right, (20, 0, 40, 20))
    return image


def test_any_kind_of_picture_becomes_rgb(tmp_path):
    clear_red = two_halves("RGBA", (*RED, 0), (*RED, 255))
    palette = clear_red.quantize(8)
    ramp = np.tile(np.array([0, 65535], dtype=np.uint16).repeat(20), (20, 1))
    kinds = {
        "alpha.png": (clear_red, WHITE, RED),
        "palette with alpha.png": (palette, WHITE, RED),
        "palette.gif": (two_halves("RGB", WHITE, RED).quantize(4), WHITE, RED),
        "grey.png": (two_halves("L", 255, 0), WHITE, (0, 0, 0)),
        "grey and alpha.png": (two_halves("LA", (0, 0), (0, 255)), WHITE, (0, 0, 0)),
        "bits.png": (two_halves("1", 1, 0), WHITE, (0, 0, 0)),
        "bits.tiff": (two_halves("1", 1, 0), WHITE, (0, 0, 0)),
        "deep.png": (Image.fromarray(ramp), (0, 0, 0), WHITE),
        "deep.tiff": (Image.fromarray(ramp), (0, 0, 0), WHITE),
        "wide.tiff": (Image.fromarray(ramp.astype(np.int32)), (0, 0, 0), WHITE),
        "floats.tiff": (Image.fromarray((ramp / 65535).astype(np.float32)), (0, 0, 0), WHITE),
        "print.tiff": (two_halves("CMYK", (0, 0, 0, 0), (0, 0, 0, 255)), WHITE, (0, 0, 0)),
        "half clear.png": (two_halves("RGBA", (*RED, 51), (*RED, 255)), (255, 204, 204), RED),
    }
    for name, (image, left, right) in kinds.items():
        image.save(tmp_path / name)
        decoded = decode(tmp_path / name)
        assert (decoded.mode, decoded.size) == ("RGB", (40, 20)), name
        found = (decoded.getpixel((5, 10)), decoded.getpixel((35, 10)))
        assert np.abs(np.array(found) - (left, right)).max() <= 1, name
        assert decode((tmp_path / name).read_bytes()).tobytes() == decoded.tobytes()


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    Image.fromarray(np.full((4, 4), 32896, dtype=np.uint16)).save(tmp_path / "a.png")
    assert colour_of(decode(tmp_path / "a.png")) == (128, 128, 128)


def test_the_camera_way_up_is_heeded(tmp_path):
    image = Image.new("RGB", (40, 20), WHITE)
    ImageDraw.Draw(image).rectangle((0, 0, 19, 19), fill=RED)
    exif = Image.Exif()
    exif[274] = 6  # the camera was turned: rotate by 90° clockwise to see it upright
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    upright = decode(tmp_path / "a.jpg")
    assert upright.size == (20, 40)
    assert upright.getpixel((10, 5))[1] < 60
    assert upright.getpixel((10, 35))[1] > 200
    assert decode(Image.open(tmp_path / "a.jpg")).tobytes() == upright.tobytes()


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, WHITE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert colour_of(decode(tmp_path / "a.gif")) == RED


def test_a_bomb_is_refused_before_it_takes_memory(tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb(9_500, 9_000))
    tracemalloc.start()
    with pytest.raises(UnreadablePictureError, match="max_pixels"):
        decode(tmp_path / "bomb.png")
    with pytest.raises(UnreadablePictureError, match="over the limit of 100"):
        decode(Image.new("RGB", (20, 20)), max_pixels=100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_pairs_of_pictures_and_classes(store, tmp_path, paint):
    paint(1).save(tmp_path / "a.png")
    own = paint(2).convert("L")
    report = import_images(
        store,
        [
            (str(tmp_path / "a.png"), "crane"),
            (tmp_path / "a.png", "crane"),
            (own, "heron"),
            (np.asarray(paint(3)), "heron"),
            (tmp_path / "missing.png", "crane"),
            (object(), "crane"),
        ],
    )
    assert report.per_class == {"crane": 1, "heron": 2}
    assert own.mode == "L"
    assert [(reason.split(" (")[0].split(";")[0]) for _, reason in report.problems] == [
        "no such file",
        "expected a path, a PIL image or an array, found object",
    ]
    with pytest.raises(InputError, match="position 1"):
        import_images(store, [(paint(1), "crane"), paint(2)])
    with pytest.raises(InputError, match="str or int"):
        import_images(store, [(paint(1), 1.5)])


@pytest.mark.parametrize(
    "kind", ["grey", "rgb", "rgba", "float 0-1", "float 0-255", "bool", "uint16", "int64"]
)
def test_arrays_with_labels(store, kind):
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (4, 6, 5))
    rgb = rng.integers(0, 256, (4, 6, 5, 3))
    array, expected = {
        "grey": (grey.astype(np.uint8), grey),
        "rgb": (rgb.astype(np.uint8), rgb),
        "rgba": (np.concatenate([rgb, np.full((4, 6, 5, 1), 255)], axis=3).astype(np.uint8), rgb),
        "float 0-1": (rgb / 255, rgb),
        "float 0-255": (rgb.astype(np.float32), rgb),
        "bool": (grey > 127, np.where(grey > 127, 255, 0)),
        "uint16": ((rgb * 257).astype(np.uint16), rgb),
        "int64": (rgb, rgb),
    }[kind]
    report = import_images(store, (array, [10, 9, 10, 2]))
    assert report.imported == 4
    assert [row.name for row in store.classes()] == ["2", "9", "10"]
    for picture, wanted in zip(store.pictures(), expected, strict=True):
        found = np.asarray(store.load_image(picture.id))
        wanted = np.broadcast_to(wanted.reshape(6, 5, -1), (6, 5, 3))  # noqa: PLW2901
        np.testing.assert_array_equal(found, wanted)
        assert picture.source == f"array[{picture.id - 1}]"


def test_one_lazy_picture_given_often_is_read_well_each_time(store, tmp_path, paint):
    paint(1, (300, 300)).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as lazy:
        report = import_images(store, [(lazy, "crane")] * 20)
    assert (report.imported, report.already_there + len(report.duplicates), report.problems) == (1, 19, [])


def test_a_dark_picture_of_a_bright_set_stays_dark(store):
    """The range of floats is a matter of the whole data set, not of each picture."""
    array = np.stack([np.full((4, 4), 1.0), np.full((4, 4), 200.0)])
    import_images(store, (array, ["dark", "bright"]))
    assert [colour_of(store.load_image(picture.id))[0] for picture in store.pictures()] == [1, 200]


@pytest.mark.parametrize(
    ("array", "labels", "message"),
    [
        (np.zeros((4, 6, 5)) - 1, [0] * 4, "found -1 to -1"),
        (np.full((4, 6, 5), np.nan), [0] * 4, "0 to 1"),
        (np.full((4, 6, 5), 300), [0] * 4, "0 to 300|300 to 300"),
        (np.zeros((4, 6, 5, 7), np.uint8), [0] * 4, r"\(4, 6, 5, 7\)"),
        (np.zeros((6, 5), np.uint8), [0] * 6, r"\(6, 5\)"),
        (np.zeros((4, 6, 5), np.uint8), [0] * 3, "4 pictures and 3 labels"),
        (np.zeros((4, 6, 5), complex), [0] * 4, "numbers or booleans|complex"),
        (np.zeros((4, 6, 5), np.uint8), [0, 1, 2, 3], "0 to 1 for 2 class names"),
    ],
)
def test_arrays_of_another_kind_say_what_was_expected(store, array, labels, message):
    with pytest.raises(InputError, match=message):
        import_images(store, (array, labels), class_names=["crane", "heron"])
    assert store.classes() == []


def test_torch_tensors_channels_first(store):
    torch = pytest.importorskip("torch")
    tensor = torch.rand(3, 3, 8, 6)
    report = import_images(store, (tensor, torch.tensor([0, 1, 1])), class_names=["crane", "heron"])
    assert report.per_class == {"crane": 1, "heron": 2}
    found = np.asarray(store.load_image(1))
    np.testing.assert_array_equal(found, (tensor[0].permute(1, 2, 0) * 255).round().numpy())


def test_a_hugging_face_dataset_with_a_broken_row(store, tmp_path, paint):
    datasets = pytest.importorskip("datasets")
    contents = []
    for index in range(4):
        paint(index).save(tmp_path / f"{index}.png")
        contents.append({"bytes": (tmp_path / f"{index}.png").read_bytes(), "path": f"{index}.png"})
    contents[2]["bytes"] = contents[2]["bytes"][:80]
    features = datasets.Features(
        {
            "img": datasets.Image(),
            "fine": datasets.ClassLabel(names=["heron", "crane"]),
            "extra": datasets.Value("int8"),
        }
    )
    rows = {"img": contents, "fine": [1, 0, 1, -1], "extra": [1, 2, 3, 4]}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    report = import_images(store, dataset)
    assert report.per_class == {"heron": 1, "crane": 1}
    assert [row.name for row in store.classes()] == ["heron", "crane"]
    assert [source for source, _ in report.problems] == ["dataset[2] (2.png)", "dataset[3] (3.png)"]
    with pytest.raises(InputError, match=r"images\['train'\]"):
        import_images(store, datasets.DatasetDict(train=dataset))
    with pytest.raises(InputError, match="ClassLabel"):
        import_images(store, dataset.remove_columns("fine"))
    streamed = list(read_images(dataset.to_iterable_dataset()))
    assert [picture.problem is None for picture in streamed] == [True, True, False, False]


@pytest.mark.parametrize("other", ["val", "eval"])
def test_a_folder_of_splits_is_told_from_class_folders(store, tmp_path, paint, other):
    for split in ("train", other):
        (tmp_path / "data" / split / "crane").mkdir(parents=True)
        paint().save(tmp_path / "data" / split / "crane" / "1.png")
    with pytest.raises(InputError, match=r"splits of a data set \(.*train.*\).*Give one of them"):
        import_images(store, tmp_path / "data")
    assert import_images(store, tmp_path / "data" / "train").per_class == {"crane": 1}
    (tmp_path / "vehicles" / "train").mkdir(parents=True)
    paint(2).save(tmp_path / "vehicles" / "train" / "1.png")
    assert import_images(store, tmp_path / "vehicles").per_class == {"train": 1}


def test_a_form_that_is_none_of_these(store, tmp_path, paint):
    (tmp_path / "flat").mkdir()
    paint().save(tmp_path / "flat" / "1.png")
    for images, message in (
        (tmp_path / "nowhere", "found nothing"),
        (tmp_path / "flat" / "1.png", "found a file"),
        (tmp_path / "flat", "1 files and no folder"),
        (np.zeros((4, 6, 5)), "Labels are needed"),
        (42, "found int"),
        ({"train": []}, "train"),
    ):
        with pytest.raises(InputError, match=message):
            import_images(store, images)


def test_a_class_of_duplicates_only_is_not_made(store, paint):
    report = import_images(store, [(paint(1), "crane"), (paint(1), "heron")])
    assert [row.name for row in store.classes()] == ["crane"]
    assert report.per_class == {"crane": 1}
    assert report.problems == [("heron", "a class of duplicates only; it was not made")]


def test_an_import_that_is_stopped_keeps_what_it_told_of(store, paint):
    class StoppedError(Exception):
        pass

    def stop(done, _total):
        if done >= 64:
            raise StoppedError

    with pytest.raises(StoppedError):
        import_images(store, [(paint(seed), "crane") for seed in range(100)], progress=stop)
    assert len(store.pictures()) == 64
    assert import_images(store, [(paint(seed), "crane") for seed in range(100)]).imported == 36


def test_large_pictures_are_committed_a_few_at_a_time(store):
    seen = []
    pictures = [(Image.new("RGB", (4000, 3000), (index, 0, 0)), "crane") for index in range(7)]
    import_images(store, pictures, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 7), (6, 7), (7, 7)]


def test_real_photographs(store):
    """Photographs that scikit-image ships, through a folder, bit by bit the same."""
    data = pytest.importorskip("skimage").data
    names = {"cat": data.chelsea(), "person": data.astronaut(), "cup": data.coffee(), "coins": data.coins()}
    report = import_images(store, [(array, name) for name, array in names.items()])
    assert report.imported == 4
    for row, picture in zip(store.classes(), store.pictures(), strict=True):
        assert store.pictures(class_ids=[row.id]) != []
        array = names[next(name for name in names if store.class_by_name(name).id == picture.class_id)]
        stored = np.asarray(store.load_image(picture.id))
        np.testing.assert_array_equal(stored[..., 0], array if array.ndim == 2 else array[..., 0])
        digest = hashlib.sha256(b"RGB %d %d\n" % (picture.width, picture.height) + stored.tobytes())
        assert picture.sha256 == digest.hexdigest() == store.image_path(picture.id).stem


def test_a_report_on_one_picture_is_in_the_singular():
    assert str(ImportReport(1, {"cat": 1})).splitlines()[0] == "1 picture imported in 1 class"
