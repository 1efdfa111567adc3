"""Any measure of pictures, over all of them and class by class."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError

Value = TypeVar("Value")


class ByClass(NamedTuple, Generic[Value]):
    """A measure of all pictures together, and of those of each class."""

    overall: Value
    classes: dict[int, Value]


def by_class(
    measure: Callable[..., Value],
    *sets: tuple[npt.ArrayLike, npt.ArrayLike],
    class_ids: Sequence[int] | None = None,
) -> ByClass[Value]:
    """Apply a measure to all pictures, and to the pictures of each class alone.

    >>> by_class(cmmd, (originals, their_classes), (generated, their_classes))
    >>> by_class(vendi_score, (generated, classes)).classes[3]

    Args:
        measure: takes as many arrays as there are sets; give its other arguments by `functools.partial`.
        sets: (values, classes) for each array: values (N, ...) and the class of each row, (N,) integers.
        class_ids: classes to report, in this order; default: those present in any set, ascending.

    Returns:
        The measure's own results; what it says of a class without pictures is its own affair (NaN, here).

    Raises:
        InputError: no set, or not one class a row.
    """
    if not sets:
        raise InputError("by_class: expected one or more (values, classes), found none.")
    values = [np.asarray(rows) for rows, _ in sets]
    kinds = [np.asarray(kind) for _, kind in sets]
    for rows, kind in zip(values, kinds, strict=True):
        if kind.shape != rows.shape[:1]:
            raise InputError(f"classes: expected shape {rows.shape[:1]}, one a picture, found {kind.shape}.")
    wanted = np.unique(np.concatenate(kinds)) if class_ids is None else class_ids
    return ByClass(
        measure(*values),
        {
            int(c): measure(*(rows[kind == c] for rows, kind in zip(values, kinds, strict=True)))
            for c in wanted
        },
    )
