"""What suggestions are learned from: features of a session's pictures, and of others to measure with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from datacrafter_widget.active.network import Samples
from datacrafter_widget.errors import InputError
from datacrafter_widget.session.kinship import kin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from datacrafter_widget.store import Store

MeasuredOn = Literal["validation", "originals"]

MOST = 2000
"""Pictures that are learned from, and that measure; of more, these many spread over all."""

_ON_VALIDATION = "Measured on {count:,} validation pictures."
_ON_ORIGINALS = (
    "Measured on {count:,} of the originals, which were not learned from. Pictures of your own are stricter:"
    " session.set_validation(images)."
)


@dataclass(frozen=True, eq=False)
class Study:
    """Pictures to learn from and others to measure with.

    Attributes:
        class_ids: (C,) ids of the classes, in the order of the class indices.
        train: (N, D) features of originals and of generated pictures that were not removed or flagged.
        ids: (N,) their picture ids.
        validation: (V, D) features of what is measured with.
        note: a sentence on what that is.
    """

    class_ids: NDArray[np.int64]
    train: Samples
    ids: NDArray[np.int64]
    validation: Samples
    note: str

    def index(self, class_id: int) -> int:
        """The index of a class."""
        return int(np.searchsorted(self.class_ids, class_id))


def study_of(store: Store, identity: str, on: MeasuredOn | None, *, seed: int) -> Study:
    """Gather what suggestions are learned from.

    Args:
        store: the session's; its pictures, and the held-out ones, are encoded.
        identity: the encoder whose features are meant.
        on: measure with the validation pictures, or with a third of the originals, from which (and from what was
            generated from them) nothing is learned then; None: with the validation pictures where there are any.
        seed: which originals.

    Raises:
        InputError: too few pictures, or no validation pictures where they are asked for.
    """
    class_ids = np.array(sorted(row.id for row in store.classes()), np.int64)
    held_out = None if on == "originals" else _held_out(store, identity, class_ids)
    if on == "validation" and held_out is None:
        raise InputError(
            "on: expected validation pictures, found none; keep some apart with session.set_validation(images), or"
            " leave `on` out"
        )
    columns = store.picture_columns()
    fit = ~columns.hidden & ~columns.flagged
    ids, features = store.embeddings(identity, columns.ids[fit])
    rows = np.searchsorted(columns.ids, ids)
    classes = np.searchsorted(class_ids, columns.class_ids[rows])
    learns = np.ones(len(ids), bool)
    validation, note = held_out, _ON_VALIDATION
    if validation is None:
        family = kin(store, columns)[rows]
        apart = _third(classes, ~columns.generated[rows], seed)
        learns = ~np.isin(family, family[apart])
        validation, note = _samples(features, classes, apart), _ON_ORIGINALS
    train = _some(np.flatnonzero(learns))
    if validation is None or len(np.unique(classes[train])) < 2:
        raise InputError(
            "suggest: expected two classes with two pictures each at least, that are not removed or flagged; add"
            " pictures with session.add_images(images)"
        )
    return Study(
        class_ids=class_ids,
        train=Samples(features[train], classes[train]),
        ids=ids[train],
        validation=validation,
        note=note.format(count=len(validation)),
    )


def _held_out(store: Store, identity: str, class_ids: NDArray[np.int64]) -> Samples | None:
    pictures = store.held_out("validation")
    known = store.content_embeddings(identity, [each.sha256 for each in pictures])
    seen = [each for each in pictures if each.sha256 in known]
    if not seen:
        return None
    features = np.stack([known[each.sha256] for each in seen])
    classes = np.searchsorted(class_ids, [each.class_id for each in seen])
    return _samples(features, classes, np.ones(len(seen), bool))


def _samples(
    features: NDArray[np.float32], classes: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> Samples | None:
    rows = _some(np.flatnonzero(wanted))
    return Samples(features[rows], classes[rows]) if len(rows) else None


def _third(classes: NDArray[np.int64], original: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """A third of each class's originals (N,), at least one of two."""
    apart = np.zeros(len(classes), bool)
    rng = np.random.default_rng([seed, 8])
    for index in np.unique(classes):
        own = rng.permutation(np.flatnonzero(original & (classes == index)))
        apart[own[: max(len(own) // 3, int(len(own) > 1))]] = True
    return apart


def _some(rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    rows = np.asarray(rows, np.int64)
    return rows if len(rows) <= MOST else rows[np.linspace(0, len(rows) - 1, MOST).astype(int)]
