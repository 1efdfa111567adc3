"""The forms in which a user holds a labelled set of pictures, read one picture at a time."""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.decoding import MAX_PIXELS, UnreadablePictureError, array_to_rgb
from datacrafter_widget.store.folder_names import read_marker
from datacrafter_widget.store.formats import FORMATS, parquet, webdataset
from datacrafter_widget.store.formats.fiftyone import is_fiftyone, open_samples
from datacrafter_widget.store.formats.frames import is_frame, open_frame
from datacrafter_widget.store.formats.huggingface import is_dataset, open_dataset
from datacrafter_widget.store.formats.imagefolder import IMAGEFOLDER
from datacrafter_widget.store.sources import Entry, PictureSource, ReadPicture, label_name, ordered, reader

_CHANNELS = (1, 3, 4)
_LIBRARIES = ((is_fiftyone, open_samples), (is_frame, open_frame), (is_dataset, open_dataset))


def read_images(
    images: Any, *, class_names: Sequence[str] | None = None, max_pixels: int = MAX_PIXELS
) -> Iterator[ReadPicture]:
    """Read a labelled set of pictures; what can't be read comes with a problem in place of an image.

    Args:
        images: One of: a folder of class folders (nested folders belong to their class folder; hidden files
            are ignored); a sequence of (PIL image, path or array, class) pairs; an (array, labels) pair, the
            array of shape (N, H, W) or (N, H, W, C), NumPy's or PyTorch's (where also (N, C, H, W)); a
            Hugging Face `Dataset` with an image and a label column; a file of annotations: COCO's ``.json``,
            YOLO's ``data.yaml`` or its folder, ``.csv``; ``.parquet`` or ``.tar`` (WebDataset), also several
            as a list or, tar files, a pattern (``train-{000..012}.tar``, ``train-*.tar``); the folder of an
            export; a pandas data frame; a FiftyOne data set.
        class_names: Names for integer labels; by default those of the data set, or the numbers.
        max_pixels: Pictures of more pixels are refused unread.

    Raises:
        InputError: ``images`` has none of these forms.
    """
    source = open_source(images, class_names=class_names, max_pixels=max_pixels)
    yield from source
    for problem in source.problems:
        yield ReadPicture(None, "", *problem)


def open_source(
    images: Any, *, class_names: Sequence[str] | None = None, max_pixels: int = MAX_PIXELS
) -> PictureSource:
    """Look at a labelled set of pictures without reading them; arguments and errors as in `read_images`."""
    if isinstance(images, PictureSource):
        return images
    if isinstance(images, str | os.PathLike):
        return _open_path(os.fspath(images), class_names, max_pixels)
    for recognises, open_it in _LIBRARIES:
        if recognises(images):
            return open_it(images, class_names, max_pixels)
    if isinstance(images, Mapping):
        raise InputError(
            f"expected one data set, found a {type(images).__name__} with the keys {list(images)[:5]}."
            " Choose a split, such as images['train'], or give a list of (picture, class) pairs."
        )
    if isinstance(images, tuple) and len(images) == 2 and _as_array(images[0]) is not None:
        return _open_arrays(*images, class_names)
    if isinstance(images, Iterable) and not isinstance(images, bytes) and _as_array(images) is None:
        items = list(images)
        if items and all(isinstance(item, str | os.PathLike) for item in items):
            return _open_files([Path(item).expanduser() for item in items], class_names, max_pixels)
        return _open_pairs(items, class_names, max_pixels)
    raise InputError(
        "expected a folder of class folders, a list of (picture, class) pairs, an (array, labels) pair, a"
        " Hugging Face Dataset, a data frame, or a file of COCO, YOLO, WebDataset, Parquet or CSV, found"
        f" {type(images).__name__}. Labels are needed: give one of these forms."
    )


def _open_path(place: str, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    path = Path(place).expanduser()
    if webdataset.is_shard(path) and not path.exists():
        return webdataset.open_many(webdataset.expand(place), class_names, max_pixels)
    kind = FORMATS.get(str(read_marker(path).get("kind")))
    if kind is None:
        others = (each for each in FORMATS.values() if each is not IMAGEFOLDER)
        kind = next((each for each in others if each.recognises(path)), IMAGEFOLDER)
    return kind.open(path, class_names, max_pixels)


def _open_files(files: list[Path], class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    if all(webdataset.is_shard(file) for file in files):
        return webdataset.open_many(files, class_names, max_pixels)
    if all(parquet.PARQUET.recognises(file) for file in files):
        return parquet.open_many(files, class_names, max_pixels)
    raise InputError(
        f"expected .tar or .parquet files in a list of paths, found {files[0].name!r} …. Pictures need their"
        " class: give (path, class) pairs."
    )


def _open_pairs(pairs: list[Any], class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    entries = []
    loading = threading.Lock()  # a PIL image that is given twice must not be loaded by two threads at once
    for index, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InputError(
                f"expected (picture, class) pairs, found {type(pair).__name__} at position {index}."
                " Give a PIL image, a path or an array with its class: [(image, 'cat'), …]."
            )
        picture, label = pair
        is_file = isinstance(picture, str | Path)
        array = None if is_file or isinstance(picture, Image.Image) else _as_array(picture)
        source = printable(str(picture)) if is_file else f"item {index}"
        name = label_name(label, class_names, source)
        guard = loading if isinstance(picture, Image.Image) else None
        entries.append(Entry(name, source, reader(picture if array is None else array, max_pixels, guard)))
    return PictureSource(ordered([entry.class_name for entry in entries], class_names), entries, len(entries))


def _open_arrays(pictures: Any, labels: Any, class_names: Sequence[str] | None) -> PictureSource:
    array, label_array = _as_array(pictures), _as_array(labels)
    assert array is not None
    label_list = list(labels) if label_array is None else label_array.tolist()
    if len(label_list) != len(array):
        raise InputError(
            f"expected one label per picture, found {len(array)} pictures and {len(label_list)} labels."
            " Give both the same length."
        )
    if array.ndim == 4 and array.shape[1] in _CHANNELS:
        channels_first = array.shape[3] not in _CHANNELS or not isinstance(pictures, np.ndarray)
        array = np.moveaxis(array, 1, 3) if channels_first else array
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in _CHANNELS) or 0 in array.shape:
        raise InputError(
            "expected pictures of shape (N, H, W) or (N, H, W, C) with 1, 3 or 4 channels,"
            f" found {array.shape}. Reorder the axes."
        )
    real = array.dtype.kind in "uif"
    value_range = (float(array.min()), float(array.max())) if real else None
    try:
        array_to_rgb(array[0], value_range)
    except UnreadablePictureError as error:
        raise InputError(f"the array can't be read as pictures: {error}.") from error
    entries = [
        Entry(
            label_name(label, class_names, f"array[{index}]"),
            f"array[{index}]",
            partial(array_to_rgb, picture, value_range),
        )
        for index, (picture, label) in enumerate(zip(array, label_list, strict=True))
    ]
    return PictureSource(ordered([entry.class_name for entry in entries], class_names), entries, len(entries))


def _as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """The NumPy array of a NumPy or PyTorch array, or None."""
    if isinstance(value, np.ndarray):
        return value
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        tensor = value.detach().cpu()
        return np.asarray((tensor.float() if tensor.is_floating_point() else tensor).numpy())
    return None
