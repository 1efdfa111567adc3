"""Pictures with their classes, as a training takes them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from numpy.typing import ArrayLike, NDArray

Picture: TypeAlias = Image.Image | Path | np.ndarray
"""A PIL image, a file, or an (H, W, 3) uint8 array."""

DECODERS = 8
_SHARE_OF_MEMORY = 0.4  # of the free memory that decoded pictures may take


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures and what is known of them. All arrays are (N,), one value a picture.

    Attributes:
        images: N pictures; an (N, H, W, 3) uint8 array where all are decoded (see `at`).
        classes: class indices 0 to C-1.
        generated: whether the picture is a generated one.
        groups: what it came from, such as its iteration or template; -1 for originals.
        ids: ids of pictures in a session; 0 where there is none.
    """

    images: Sequence[Picture] | NDArray[np.uint8]
    classes: NDArray[np.int64]
    generated: NDArray[np.bool_]
    groups: NDArray[np.int64]
    ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        for field in fields(self)[1:5]:
            kind: type = np.bool_ if field.name == "generated" else np.int64
            values: NDArray[Any] = np.asarray(getattr(self, field.name), kind)
            if values.shape != (len(self.images),):
                raise InputError(
                    f"{field.name}: expected one value for each of {len(self.images)} pictures, found shape "
                    f"{values.shape}"
                )
            object.__setattr__(self, field.name, values)
        if len(self.classes) and self.classes.min() < 0:
            raise InputError(f"classes: expected indices from 0, found {self.classes.min()}")

    @classmethod
    def of(
        cls,
        images: Sequence[Picture] | NDArray[np.uint8],
        classes: ArrayLike,
        *,
        generated: bool = False,
        groups: ArrayLike | None = None,
        ids: ArrayLike | None = None,
    ) -> Labelled:
        """Pictures that are all originals, or all generated.

        Args:
            images: N pictures.
            classes: (N,) class indices.
            generated: whether they are generated ones.
            groups: (N,), -1 by default.
            ids: (N,), 0 by default.

        Raises:
            InputError: numbers that differ, or a negative class.
        """
        n = len(images)
        return Labelled(
            images,
            np.asarray(classes, np.int64),
            np.full(n, generated),
            np.full(n, -1) if groups is None else np.asarray(groups, np.int64),
            np.zeros(n, np.int64) if ids is None else np.asarray(ids, np.int64),
        )

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, which: ArrayLike) -> Self:
        """Some of the pictures.

        Args:
            which: (N,) booleans, or indices.
        """
        chosen = np.asarray(which)
        rows = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        return self._with(lambda name: _taken(getattr(self, name), rows))

    def joined(self, other: Self) -> Self:
        """These pictures, then the others."""
        return self._with(lambda name: _joined(getattr(self, name), getattr(other, name)))

    def _with(self, values: Callable[[str], Any]) -> Self:
        changes: dict[str, Any] = {field.name: values(field.name) for field in fields(self)}
        return replace(self, **changes)

    def at(self, size: int) -> Self:
        """The same pictures decoded to one (N, size, size, 3) uint8 array, once and for all.

        Subsets of what is returned share nothing with files any more. Where the array would take too much of
        the memory that is free, the pictures stay as they are and are decoded batch by batch.

        Args:
            size: side in pixels. The shorter side is scaled to it, and the middle kept.

        Raises:
            InputError: a picture that can't be read.
        """
        if _decoded(self.images, size) or size**2 * 3 * len(self) > _SHARE_OF_MEMORY * _free_memory():
            return self
        return replace(self, images=self.pixels(np.arange(len(self)), size))

    def pixels(self, rows: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """(len(rows), size, size, 3) RGB values of some pictures.

        Raises:
            InputError: a picture that can't be read.
        """
        if isinstance(self.images, np.ndarray) and _decoded(self.images, size):
            return self.images[rows]
        chosen = [self.images[row] for row in rows]
        if any(isinstance(picture, Path) for picture in chosen) and len(chosen) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(max_workers=DECODERS, thread_name_prefix="training-images") as pool:
                squares = list(pool.map(lambda picture: self._fitted(picture, size), chosen))
        else:
            squares = [self._fitted(picture, size) for picture in chosen]
        return np.stack(squares) if squares else np.zeros((0, size, size, 3), np.uint8)

    def _fitted(self, picture: Picture, size: int) -> NDArray[np.uint8]:
        return square(picture, size)


def pixel_batches(
    pictures: Labelled, batches: Sequence[NDArray[np.int64]], size: int
) -> Iterator[NDArray[np.uint8]]:
    """The RGB values of batch after batch; the next one is read while the last is used.

    Args:
        pictures: N of them.
        batches: rows of each batch.
        size: side in pixels.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="training-batches") as pool:
        waiting: deque[Future[NDArray[np.uint8]]] = deque()
        for rows in batches:
            waiting.append(pool.submit(pictures.pixels, rows, size))
            if len(waiting) == 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def square(picture: Picture, size: int) -> NDArray[np.uint8]:
    """One picture as (size, size, 3) RGB values: the shorter side scaled to `size`, the middle kept.

    Raises:
        InputError: it can't be read.
    """
    image = readable(picture)
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, np.uint8)


def readable(picture: Picture) -> Image.Image:
    """One picture in RGB.

    Raises:
        InputError: it can't be read.
    """
    try:
        return decode(picture)
    except InputError as error:
        name = f"{picture}: " if isinstance(picture, Path) else ""
        raise InputError(f"a picture to train on can't be read: {name}{error}. Leave it out") from error


def _decoded(images: object, size: int) -> bool:
    return isinstance(images, np.ndarray) and images.shape[1:] == (size, size, 3) and images.dtype == np.uint8


def _taken(values: Any, rows: NDArray[np.int64]) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def _joined(first: Any, second: Any) -> Any:
    arrays = isinstance(first, np.ndarray) and isinstance(second, np.ndarray)
    return (
        np.concatenate([first, second])
        if arrays and first.shape[1:] == second.shape[1:]
        else [*first, *second]
    )


def _free_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)
