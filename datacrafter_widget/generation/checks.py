"""What is wrong with a generated picture, found out before it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.models.generator import picture_problem
from datacrafter_widget.store.files import content_hash
from datacrafter_widget.store.records import FlagDraft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import FlagKind, Picture, PlannedPicture

_TOLD: tuple[FlagKind, ...] = ("nan", "unsafe")
"""What a generator itself says of a picture."""

_BLANK_BELOW = 2.0
"""Standard deviation, in grey levels of 255, of a picture of which nothing can be seen."""


class PictureChecks:
    """Finds pictures that should not count as good, batch by batch.

    Args:
        store: has the pictures that new ones are compared with.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, items: Sequence[tuple[Image.Image, PlannedPicture]]) -> list[tuple[FlagDraft, ...]]:
        """What is wrong with each picture of a batch, for `Store.add_generated_batch`; mostly nothing."""
        hashes = [content_hash(image) for image, _ in items]
        return [self._check(image, hashes, at) for at, (image, _) in enumerate(items)]

    def remember(self, rows: Sequence[Picture]) -> None:
        """Take the pictures of a batch, now that they are stored, among those that new ones are compared with."""

    def _check(self, image: Image.Image, hashes: Sequence[str], at: int) -> tuple[FlagDraft, ...]:
        for problem in _TOLD:
            if picture_problem(image) == problem:
                return (FlagDraft(problem),)
        if _is_blank(image):
            return (FlagDraft("blank"),)
        if hashes[at] in hashes[:at]:
            return (FlagDraft("duplicate", 1.0, of_position=hashes.index(hashes[at])),)
        same = self._store.picture_by_content(hashes[at])
        return () if same is None else (FlagDraft("duplicate", 1.0, of_id=same.id),)


def _is_blank(image: Image.Image) -> bool:
    small = np.asarray(image.convert("RGB").resize((32, 32)), dtype=np.float32)
    return bool(small.std(axis=(0, 1)).max() < _BLANK_BELOW)
