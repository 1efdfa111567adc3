"""Values from outside in a few words, however large or deep they are."""

import reprlib
from typing import Any

LONGEST = 80
"""Characters."""

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = LONGEST
_repr.maxlong = LONGEST // 2


def brief(value: Any) -> str:
    """A value as Python writes it, cut where it is long or deep: `repr` alone may fail, or take megabytes."""
    text = _repr.repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
