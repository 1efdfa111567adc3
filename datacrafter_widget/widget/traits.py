"""Kinds of traits: what the page and a person may set is checked before anybody hears of it."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import traitlets

from datacrafter_widget.errors import InputError
from datacrafter_widget.widget.brief import brief
from datacrafter_widget.widget.protocol import is_finite

LARGEST_ID = 2**31 - 1
LARGEST_ARRANGEMENT = 20_000
"""Characters, as JSON."""


class WrongValueError(InputError, traitlets.TraitError):
    """A trait was set to what it can't be; traitlets puts the old value back."""


class Ids(traitlets.TraitType[list[int], Any]):
    """A list of ids. It travels as little-endian int32, as there may be a million of them."""

    default_value: Any = ()
    info_text = "ids: a list of whole numbers from 1"

    def make_dynamic_default(self) -> list[int]:
        """A list of its own for every widget."""
        return []

    def validate(self, _: Any, value: Any) -> list[int]:
        """The ids as a list of int.

        Raises:
            WrongValueError: something else.
        """
        return id_array(value, self.name or "ids").tolist()

    def to_wire(self, value: list[int], _: Any) -> bytes:
        """The ids as bytes."""
        return np.asarray(value, "<i4").tobytes()

    def from_wire(self, value: Any, _: Any) -> Any:
        """Ids as the page sends them: bytes, or a list."""
        if isinstance(value, bytes | bytearray | memoryview):
            view = memoryview(value)
            if view.nbytes % 4:
                raise WrongValueError(f"{self.name}: expected int32 values, found {view.nbytes} bytes")
            return np.frombuffer(view, "<i4")
        return value


def shared_ids() -> Ids:
    """A trait of ids that goes both ways."""
    trait = Ids()
    return trait.tag(sync=True, echo_update=False, to_json=trait.to_wire, from_json=trait.from_wire)


def id_array(value: Any, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Ids as an array (N,).

    Raises:
        WrongValueError: no list of whole numbers between 1 and 2³¹ - 1.
    """
    wrong = isinstance(value, str | bytes | dict) or not isinstance(value, Iterable)
    try:
        array = np.asarray([] if wrong else value if isinstance(value, np.ndarray) else list(value))
    except ValueError:  # lists of lists
        wrong, array = True, np.empty(0)
    if wrong or array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise WrongValueError(f"{name}: expected a list of ids (whole numbers), found {brief(value)}")
    outside = array[(array < 1) | (array > LARGEST_ID)]
    if outside.size:
        raise WrongValueError(f"{name}: expected ids from 1, found {int(outside[0])}")
    return array.astype(np.int64)


def place(value: Any) -> dict[str, float] | None:
    """Where the map is: None (everything fits), or x, y and zoom.

    Raises:
        WrongValueError: something else, or a zoom that is not positive.
    """
    if value is None:
        return None
    keys = ("x", "y", "zoom")
    if not isinstance(value, dict) or set(value) != set(keys) or not all(map(_is_number, value.values())):
        raise WrongValueError(
            f"view: expected None or {{'x': …, 'y': …, 'zoom': …}} with numbers, found {brief(value)}"
        )
    if not 0 < value["zoom"] <= 1e9:
        raise WrongValueError(
            f"view: expected a zoom above 0 (at 1 everything fits), found {brief(value['zoom'])}"
        )
    return {key: float(value[key]) for key in keys}


def arrangement(value: Any) -> dict[str, Any]:
    """How the panels are arranged, in the page's own words.

    Raises:
        WrongValueError: not what strict JSON has, or too long.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongValueError(f"arrangement: expected what JSON has, found {brief(value)}") from error
    if not isinstance(value, dict) or len(text) > LARGEST_ARRANGEMENT:
        raise WrongValueError(f"arrangement: expected a short dict that a widget had, found {brief(value)}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and is_finite(value)
