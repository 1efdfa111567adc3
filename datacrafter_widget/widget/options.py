"""Checks what a widget is made with."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.tables import PANELS

OPTIONS = (
    "panels",
    "height",
    "theme",
    "linked",
    "selection",
    "classes",
    "focus",
    "view",
    "arrangement",
    "layout",
    "tooltip",
    "tabbable",
)


def check_options(given: Iterable[str]) -> None:
    """See that there is an option of every name.

    Raises:
        InputError: an unknown name, with the one that was probably meant.
    """
    for name in given:
        if name not in OPTIONS:
            near = difflib.get_close_matches(name, OPTIONS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(OPTIONS)}."
            raise InputError(f"unknown argument {name!r} of a widget: {hint}")


def check_panels(panels: Any) -> list[str]:
    """The panels as a list.

    Raises:
        InputError: none, an unknown one, or one twice.
    """
    if isinstance(panels, str) or not isinstance(panels, Sequence):
        raise InputError(f"expected a list of panels, like ['map', 'detail']; found {panels!r}")
    strangers = [panel for panel in panels if panel not in PANELS]
    if strangers or not panels:
        near = difflib.get_close_matches(str(strangers[0]), PANELS, 1, 0.5) if strangers else []
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(f"expected panels among {', '.join(PANELS)}; found {strangers or 'none'}{hint}")
    if len(set(panels)) < len(panels):
        raise InputError(f"expected each panel once, found {list(panels)}")
    return list(panels)
