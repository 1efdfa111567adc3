"""Image files of a session, named by their content: written whole, or not at all."""

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from PIL import Image

from datacrafter_widget.errors import InputError, StoreError

THUMBNAIL_SIZES = range(16, 513)
"""Longest sides, in pixels, that a thumbnail may have."""
PNG_COMPRESSION = 3
"""zlib level of stored pictures: on photographs 4 % larger than the default's, in half the time."""
WRITERS = 8


def content_hash(image: Image.Image) -> str:
    """SHA-256 (hex) of an RGB picture's size and pixels: the same for the same picture in any file format."""
    return _hash_pixels(image.size, image.tobytes())


class ImageFiles:
    """``images/ab/<sha256>.png`` and ``thumbnails/ab/<sha256>-<size>.webp`` under a session folder."""

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        self._images = folder / "images"
        self._thumbnails = folder / "thumbnails"
        self._read_only = read_only

    def prepare(self) -> None:
        """Make the folders, and remove what a killed process left half-written."""
        for folder in (self._images, self._thumbnails):
            folder.mkdir(exist_ok=True)
            for leftover in folder.glob("*.tmp"):
                leftover.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the picture of that content is, or would be."""
        return self._images / sha256[:2] / f"{sha256}.png"

    def put(self, images: Sequence[Image.Image]) -> list[str]:
        """Store RGB pictures durably (file and folder entry synced to disk); content already there is kept.

        Returns:
            The content hash of each.

        Raises:
            InputError: A picture isn't RGB.
            StoreError: The disk refused.
        """
        for image in images:
            if image.mode != "RGB":
                raise InputError(
                    f"expected an RGB picture, found mode {image.mode}. Use image.convert('RGB')."
                )
        # Waiting for the disk is most of the work: eight at a time are eight times faster.
        with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="store-images") as pool:
            hashes = list(pool.map(self._put_one, images))
        for folder in {self.path(sha256).parent for sha256 in hashes}:
            try:
                _sync_folder(folder)
            except OSError as error:
                raise _refused(folder, error) from error
        return hashes

    def _put_one(self, image: Image.Image) -> str:
        pixels = image.tobytes()
        sha256 = _hash_pixels(image.size, pixels)
        target = self.path(sha256)
        if not target.exists():
            pixels_only = Image.frombytes("RGB", image.size, pixels)  # no EXIF, no colour profile

            def save(file: IO[bytes]) -> None:
                pixels_only.save(file, "PNG", compress_level=PNG_COMPRESSION)

            self._write(target, save, temporary_in=self._images, durable=True)
        return sha256

    def load(self, sha256: str) -> Image.Image:
        """The picture of that content, RGB, read whole.

        Raises:
            StoreError: Its file is missing or damaged.
        """
        try:
            with Image.open(self.path(sha256)) as image:
                image.load()
                return image.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise StoreError(
                f"expected a readable picture at {self.path(sha256)}: {error}. Put the file back from a"
                " backup; Store.integrity_check() lists everything that is missing."
            ) from error

    def thumbnail(self, sha256: str, size: int) -> bytes:
        """WebP bytes with the longest side at most ``size`` pixels; made on first use, then kept.

        Raises:
            InputError: ``size`` is out of range.
            StoreError: The picture's file is missing or damaged.
        """
        if size not in THUMBNAIL_SIZES:
            bounds = f"{THUMBNAIL_SIZES.start} to {THUMBNAIL_SIZES.stop - 1}"
            raise InputError(
                f"expected a thumbnail size of {bounds} pixels, found {size}. Use load_image for more."
            )
        target = self._thumbnails / sha256[:2] / f"{sha256}-{size}.webp"
        try:
            if content := target.read_bytes():
                return content
        except FileNotFoundError:
            pass
        content = _thumbnail(self.load(sha256), size)
        if not self._read_only:
            self._write(
                target, lambda file: file.write(content), temporary_in=self._thumbnails, durable=False
            )
        return content

    def stored(self) -> set[str]:
        """Content hashes of all picture files."""
        return {path.stem for path in self._images.glob("??/*.png")}

    def _write(
        self, target: Path, save: Callable[[IO[bytes]], object], *, temporary_in: Path, durable: bool
    ) -> None:
        """Write to a temporary file and rename it, so that ``target`` is never seen half-written."""
        temporary: Path | None = None
        try:
            target.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(suffix=".tmp", dir=temporary_in, delete=False) as file:
                temporary = Path(file.name)
                save(file)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(target)
            temporary = None
        except OSError as error:
            raise _refused(target, error) from error
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):  # the next opening clears what is left
                    temporary.unlink()


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"expected to write {path}, but: {error}. Free some disk space or check the folder's rights; what was"
        " stored before is safe."
    )


def _hash_pixels(size: tuple[int, int], pixels: bytes) -> str:
    digest = hashlib.sha256(b"RGB %d %d\n" % size)
    digest.update(pixels)
    return digest.hexdigest()


def _thumbnail(image: Image.Image, size: int) -> bytes:
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85, method=2)
    return buffer.getvalue()


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; only POSIX systems let (and need) one sync a folder."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
