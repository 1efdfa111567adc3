"""Rules that read a wish: which action it asks for, of what, and what is to come of it.

A wish is taken apart by the frames that English has for changes ("replace A with B", "make A B", "put A on B",
"without A", a bare "as a sketch"); what stands in them is told by its words (`editing.words`). The first frame
that fits decides. The rules alone are right in some three of four wishes of people who don't know them; the
examples (`editing.likeness`) have the last word on the action, and the rules say of what it is and what comes of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from datacrafter_widget.editing.reading import GUESS, LONGEST, Reading, bare_wish
from datacrafter_widget.editing.rules.additions import added
from datacrafter_widget.editing.rules.becoming import become
from datacrafter_widget.editing.rules.exchanges import replaced
from datacrafter_widget.editing.rules.names import complained, named
from datacrafter_widget.editing.rules.places import put
from datacrafter_widget.editing.rules.removals import removed
from datacrafter_widget.editing.rules.verbs import acted, lit
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.models.editors.editor import Action


def read(instruction: str) -> Reading | None:
    """What a wish asks for, or None where no rule knows.

    Args:
        instruction: a wish in English, written by anybody; what comes after 300 characters is not read.
    """
    whole = _read_clause(instruction)
    if (
        whole is not None
        and whole.confidence > GUESS
        and not _CLAUSE.search(f"{whole.thing} | {whole.result}")
    ):
        return whole
    clauses = [part for part in _CLAUSE.split(plain_line(instruction, LONGEST)) if part.strip()]
    found = [*(map(_read_clause, reversed(clauses)) if len(clauses) > 1 else ()), whole]
    return max(filter(None, found), key=lambda each: each.confidence, default=None)


def read_as(instruction: str, action: Action) -> Reading | None:
    """The first reading of a wish, or of a clause of it, that any frame has for an action; None if none has."""
    for clause in [plain_line(instruction, LONGEST), *_CLAUSE.split(plain_line(instruction, LONGEST))]:
        said = bare_wish(clause)
        found = (frame(said) for frame in _FRAMES if said)
        for each in filter(None, found):
            if each.action == action:
                return each
    return None


_CLAUSE = re.compile(r"[;.!?:\u2013\u2014]\s+|,\s+(?:but\s+)?|\s-\s|\sbut\s")


def _read_clause(text: str) -> Reading | None:
    said = bare_wish(text)
    return next(filter(None, (frame(said) for frame in _FRAMES)), None) if said else None


_FRAMES: Final[tuple[Callable[[str], Reading | None], ...]] = (
    replaced,
    removed,
    lit,
    added,
    put,
    become,
    acted,
    complained,
    named,
)
