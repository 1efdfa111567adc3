"""Any picture, file or array becomes an RGB picture, or a reason why not."""

import io
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from datacrafter_widget.errors import InputError

MAX_PIXELS = 80_000_000
"""Larger pictures are taken for decompression bombs unless told otherwise; just under Pillow's own limit."""

_SIXTEEN_BIT = 65535


class UnreadablePictureError(InputError):
    """A picture can't be used; the message is the reason an import report gives."""


def decode(picture: Any, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """An upright RGB picture.

    Orientation from EXIF is applied; transparency is laid on white; 16-bit grey is scaled so that 65535 is
    white; the first frame of an animation is taken. The original is not changed.

    Args:
        picture: A path, the bytes of an image file, a PIL image, or an array (see `array_to_rgb`).
        max_pixels: Pictures of more are refused before any memory is taken for their pixels. Pillow refuses
            files beyond twice its own ``Image.MAX_IMAGE_PIXELS`` all the same.

    Raises:
        UnreadablePictureError: It is empty, truncated, corrupt, too large, or no picture.
    """
    if isinstance(picture, np.ndarray):
        return array_to_rgb(picture)
    if isinstance(picture, Image.Image):
        return _convert(picture, max_pixels)
    if isinstance(picture, bytes):
        if not picture:
            raise UnreadablePictureError("the file is empty (0 bytes)")
        return _decode_file(io.BytesIO(picture), max_pixels)
    if isinstance(picture, str | Path):
        return _decode_path(Path(picture).expanduser(), max_pixels)
    raise UnreadablePictureError(
        f"expected a path, a PIL image or an array, found {type(picture).__name__}; convert it first"
    )


def array_to_rgb(array: NDArray[Any], value_range: tuple[float, float] | None = None) -> Image.Image:
    """One picture from an array.

    uint8 is taken as it is; uint16 is scaled so that 65535 is white; booleans are black and white; other
    integers must be within 0 … 255. Floats within 0 … 1 are scaled by 255, floats within 0 … 255 rounded.

    Args:
        array: Shape (H, W), (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGBA.
        value_range: Least and greatest value that decide how floats are scaled: those of the whole data set,
            where the array is one picture of several. By default the array's own.

    Raises:
        UnreadablePictureError: Another shape or range.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3, 4)) or 0 in array.shape:
        raise UnreadablePictureError(
            f"expected an array of shape (H, W) or (H, W, 1 to 4), found {array.shape}; reorder its axes"
        )
    return _on_white(Image.fromarray(np.ascontiguousarray(_to_bytes(array, value_range))))


def _to_bytes(array: NDArray[Any], value_range: tuple[float, float] | None) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "uif":
        raise UnreadablePictureError(
            f"expected numbers or booleans, found an array of {array.dtype}; convert it to uint8"
        )
    if array.dtype == np.uint16:
        return np.rint(array / (_SIXTEEN_BIT / 255)).astype(np.uint8)
    low, high = value_range or (float(array.min()), float(array.max()))
    if not (low >= 0 and high <= 255):  # also false for NaN
        raise UnreadablePictureError(
            f"expected {array.dtype} values within 0 to 1 or within 0 to 255, found {low:g} to {high:g};"
            " rescale the array"
        )
    scale = 255.0 if array.dtype.kind == "f" and high <= 1 else 1.0
    return np.rint(array * scale).astype(np.uint8)


def _decode_path(path: Path, max_pixels: int) -> Image.Image:
    try:
        status = path.stat()
    except OSError as error:
        what = "a symbolic link to nothing" if path.is_symlink() else "no such file"
        raise UnreadablePictureError(f"{what} ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):  # reading from a pipe would wait for ever
        raise UnreadablePictureError("not a regular file")
    if status.st_size == 0:
        raise UnreadablePictureError("the file is empty (0 bytes)")
    try:
        with path.open("rb") as file:
            return _decode_file(file, max_pixels)
    except OSError as error:
        raise UnreadablePictureError(f"the file can't be read ({error.strerror or error})") from error


def _decode_file(file: Any, max_pixels: int) -> Image.Image:
    try:
        with Image.open(file) as image:
            return _convert(image, max_pixels)
    except UnreadablePictureError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadablePictureError("not an image file, or of a kind that Pillow can't read") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePictureError(f"too many pixels for Pillow's own limit: {error}") from error
    except Exception as error:  # decoders raise anything: OSError, SyntaxError, ValueError, struct.error, …
        raise UnreadablePictureError(f"corrupt or truncated: {error or type(error).__name__}") from error


def _convert(image: Image.Image, max_pixels: int) -> Image.Image:
    width, height = image.size
    if width * height > max_pixels:
        raise UnreadablePictureError(
            f"{width} x {height} pixels is over the limit of {max_pixels:,}: a decompression bomb,"
            " or raise max_pixels"
        )
    if width * height == 0:
        raise UnreadablePictureError("it has no pixels")
    image.load()
    try:
        upright = ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF is no reason to lose the picture
        upright = image
    if upright.mode.startswith("I;16"):
        return array_to_rgb(np.asarray(upright).astype(np.uint16))
    if upright.mode == "I":
        pixels = np.asarray(upright)
        sixteen_bit = pixels.max() > 255 and pixels.min() >= 0 and pixels.max() <= _SIXTEEN_BIT
        return array_to_rgb(pixels.astype(np.uint16) if sixteen_bit else pixels)
    if upright.mode == "F":
        return array_to_rgb(np.asarray(upright))
    return _on_white(upright)


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
