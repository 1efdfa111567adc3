"""A proposed prompt, as a script holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacrafter_widget.session.session import Session


class ProposalHandle:
    """A proposed prompt and the two things one can do with it.

    Attributes:
        id: its number in the session.
        before: the template that it improves, and `negative_before` what that one avoids.
        after: the proposed template, and `negative` what it avoids.
        score_before: what the template in use scored against the feedback, on fresh proxy pictures.
        score_after: what the proposed one scored; higher is better, one unit is one standard deviation.
        reasons: why, a line a change.
    """

    def __init__(self, session: Session, row: dict[str, Any]) -> None:
        self._session = session
        self.id: int = row["id"]
        self.before: str = row["before"]
        self.negative_before: str = row["negative_before"]
        self.after: str = row["after"]
        self.negative: str = row["negative_after"]
        self.score_before: float = row["score_before"]
        self.score_after: float = row["score_after"]
        self.reasons: list[str] = row["reasons"]

    def accept(self) -> int:
        """Use the proposed prompt from now on; returns the new template's id."""
        return self._session.accept(self.id)

    def reject(self) -> None:
        """Turn it down."""
        self._session.reject(self.id)

    def __repr__(self) -> str:
        negative = f", not {self.negative!r}" if self.negative else ""
        return f"<Proposal {self.id}: {self.before!r} → {self.after!r}{negative}>"
