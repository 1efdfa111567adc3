"""What an edit was asked for, as the store keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacrafter_widget.store.records import Edit


@dataclass(frozen=True)
class Wish:
    """What is to be changed, and how.

    Attributes:
        instruction: in a person's words.
        editors: names of those that are to try; None: those that are ranked highest.
        steps: 0 … 1, from quick to careful.
        text_influence: 0 … 1, how closely the words are followed.
        picture_influence: 0 … 1, how much of the picture stays.
        negative: what to avoid.
        seed: of all that is random; None: one that follows from the session's and the edit's number.
        auto: take the first candidate without asking: the step is done again, not tried out.
    """

    instruction: str
    editors: tuple[str, ...] | None = None
    steps: float = 0.5
    text_influence: float = 0.5
    picture_influence: float = 0.5
    negative: str = ""
    seed: int | None = None
    auto: bool = False

    @classmethod
    def of(cls, edit: Edit) -> Wish:
        """The wish of an edit."""
        editors = edit.asked["editors"]
        return cls(edit.instruction, **{**edit.asked, "editors": None if editors is None else tuple(editors)})

    def asked(self) -> dict[str, Any]:
        """All but the instruction, of JSON values."""
        return {name: value for name, value in asdict(self).items() if name != "instruction"}
