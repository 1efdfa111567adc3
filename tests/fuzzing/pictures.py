"""Picture files as disks, downloads and strangers damage them, and what an import must make of them."""

import hashlib
import io
import random
import struct
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from datacrafter_widget.store import Store, import_images

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "gif": "GIF", "tiff": "TIFF", "bmp": "BMP"}
SIDE = 48
SLOWEST = 20
"""Seconds of a processor's time that fifty picture files may take at most, however they are damaged."""
GOOD_EVERY = 10


# -- generators ---------------------------------------------------------------------------------------


def painted(rng: random.Random) -> Image.Image:
    """A picture that no other is like."""
    pixels = np.frombuffer(rng.randbytes(8 * 8 * 3), np.uint8).reshape(8, 8, 3)
    return Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def encoded(picture: Image.Image, ending: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, FORMATS[ending])
    return file.getvalue()


def bomb(ending: str, width: int, height: int) -> bytes:
    """A file of some hundred bytes that says it is a huge picture."""
    match ending:
        case "png":
            header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
            chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000))), (b"IEND", b""))
            return b"\x89PNG\r\n\x1a\n" + b"".join(
                struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
                for kind, body in chunks
            )
        case "bmp":
            size = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
            return b"BM" + struct.pack("<IHHI", 154, 0, 0, 54) + size + bytes(100)
        case "gif":
            wide, high = min(width, 0xFFFF), min(height, 0xFFFF)
            frame = b"," + struct.pack("<HHHHB", 0, 0, wide, high, 0) + b"\x02\x02\x4c\x01\x00;"
            return b"GIF89a" + struct.pack("<HHBBB", wide, high, 0x80, 0, 0) + bytes(6) + frame
    good = bytearray(encoded(Image.new("RGB", (SIDE, SIDE)), ending))
    for at in range(len(good) - 2):  # wherever the sides stand, they are great now
        for order in ("<H", ">H"):
            if bytes(good[at : at + 2]) == struct.pack(order, SIDE):
                good[at : at + 2] = struct.pack(order, 0xFFF0)
    return bytes(good)


def _flipped(rng: random.Random, good: bytes, _: str) -> bytes:
    spoilt = bytearray(good)
    for _ in range(rng.choice((1, 3, 30))):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _flipped_head(rng: random.Random, good: bytes, _: str) -> bytes:
    head = _flipped(rng, good[:64], "")
    return head + good[64:]


def _truncated(rng: random.Random, good: bytes, _: str) -> bytes:
    return good[: rng.randrange(len(good))]


def _zeroed(rng: random.Random, good: bytes, _: str) -> bytes:
    start = rng.randrange(len(good))
    length = rng.randrange(1, len(good) - start + 1)
    return good[:start] + bytes(length) + good[start + length :]


def _spliced(rng: random.Random, good: bytes, _: str) -> bytes:
    """The head of one format, the body of another."""
    other = encoded(painted(rng), rng.choice(sorted(FORMATS)))
    cut = rng.choice((4, 8, 16, len(good) // 2))
    return good[:cut] + other[cut:]


def _doubled(rng: random.Random, good: bytes, _: str) -> bytes:
    cut = rng.randrange(len(good))
    return good[:cut] + good + good[cut:]


def _noise(rng: random.Random, good: bytes, _: str) -> bytes:
    return good[: rng.choice((0, 4, 12))] + rng.randbytes(rng.choice((1, 100, 5000)))


def _huge(rng: random.Random, _: bytes, ending: str) -> bytes:
    return bomb(ending, *rng.choice(((60_000, 60_000), (9_500, 9_000), (2**31 - 1, 2**31 - 1), (100_000, 1))))


def _empty(_: random.Random, __: bytes, ___: str) -> bytes:
    return b""


def _text(rng: random.Random, _: bytes, __: str) -> bytes:
    return rng.choice(
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<?php", "Vögel".encode(), b"%!PS-Adobe")
    )


DAMAGE: tuple[Callable[[random.Random, bytes, str], bytes], ...] = (
    _flipped,
    _flipped,
    _flipped_head,
    _flipped_head,
    _truncated,
    _truncated,
    _zeroed,
    _spliced,
    _doubled,
    _noise,
    _huge,
    _empty,
    _text,
)


def damaged(rng: random.Random) -> tuple[str, bytes]:
    """A file's ending and its damaged content."""
    ending = rng.choice(sorted(FORMATS))
    return ending, rng.choice(DAMAGE)(rng, encoded(painted(rng), ending), ending)


def write_folder(folder: Path, rng: random.Random, count: int) -> tuple[list[Path], list[Path]]:
    """Two class folders with so many damaged things, and a good picture among every few.

    Returns:
        The good files, and the damaged things: files, folders that are called like pictures, and links.
    """
    for name in ("crane", "owl"):
        (folder / name).mkdir(parents=True)
    good, bad = [], []
    for number in range(count):
        parent = folder / ("crane", "owl")[number % 2]
        if number % GOOD_EVERY == 0:
            ending = ("png", "bmp", "tiff")[number // GOOD_EVERY % 3]
            good.append(parent / f"good {number}.{ending}")
            good[-1].write_bytes(encoded(painted(rng), ending))
        match rng.randrange(40):
            case 0:
                bad.append(parent / f"{number}.png")
                bad[-1].mkdir()
            case 1:
                bad.append(parent / f"{number}.png")
                targets = (folder / "nowhere.png", folder, Path("/dev/zero"), good[0], bad[0])
                bad[-1].symlink_to(rng.choice(targets))
            case _:
                ending, content = damaged(rng)
                bad.append(parent / f"{number}.{ending}")
                bad[-1].write_bytes(content)
    return good, bad


# -- what must hold -----------------------------------------------------------------------------------


def check_import(store: Store, folder: Path, good: Iterable[Path], bad: Iterable[Path]) -> tuple[int, int]:
    """Add a folder of damaged pictures to a store: what is good comes in, of all else it is said why not.

    A damaged file may still be a picture (a flipped bit of a pixel); then it is taken as any other.

    Returns:
        How many damaged things came in, and how many were refused.

    Raises:
        AssertionError: a file was forgotten, a good one refused, a picture's content isn't what it was, or the files
            or what was in the store before changed.
    """
    files, rows = contents(folder), {each.id: each for each in store.pictures(include_hidden=True)}
    began = time.process_time()
    report = import_images(store, folder)
    taken = time.process_time() - began
    names = {each.source: each for each in store.pictures(include_hidden=True) if each.id not in rows}
    refused = {each.source.rstrip("/"): each.reason for each in report.problems}
    copies = {each.source for each in report.duplicates}
    right = {path.relative_to(folder).as_posix() for path in good}
    assert right <= names.keys() | copies, f"good pictures were refused: {right - names.keys() - copies}"
    spoilt = [path.relative_to(folder).as_posix() for path in bad]
    forgotten = [name for name in spoilt if name not in names and name not in refused and name not in copies]
    assert not forgotten, f"not a word about {forgotten}"
    assert all(reason and len(reason) < 500 for reason in refused.values()), refused
    assert taken < SLOWEST * (1 + len(files) / 50), f"{taken:.0f} s for {len(files)} files"
    assert contents(folder) == files, "the files were changed"
    assert {each.id: each for each in store.pictures(include_hidden=True)} == rows | {
        each.id: each for each in names.values()
    }
    assert report.imported == len(names)
    assert store.integrity_check(deep=True) == []
    return sum(name in names for name in spoilt), sum(name in refused for name in spoilt)


def contents(folder: Path) -> dict[str, str]:
    """A hash of every file below a folder, and where every link leads."""
    return {
        str(path): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
