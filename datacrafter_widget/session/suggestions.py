"""A suggestion of what should come next, as a script and the page hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session.suggesting import Suggesting
    from datacrafter_widget.store import Store

GENERATED_AT_ONCE = 10
"""Pictures that "generate these" makes unless it is told otherwise."""

SLIGHT, CLEAR = 0.002, 0.02
"""Shares of the validation loss from which a gain is called slight, and clear."""


class SuggestionHandle:
    """What should come next for a class, and what one can do with it.

    Attributes:
        id: its number in the session.
        class_name: the class that it is for.
        text: what to generate or collect, in words.
        state: ``"open"``, or ``"collecting"`` while its folder waits for pictures.
        nearest: ids of the pictures that come nearest to it, of the class, the nearest first.
        expected_gain: how much of the validation loss one such picture is expected to take away, as a share of it.
        gain_in_words: the same for people.
        note: what it was measured on, and how it was put in words.
        folder: where pictures of it are collected, or None.
    """

    def __init__(self, session: Suggesting, row: dict[str, Any]) -> None:
        self._session = session
        self.id: int = row["id"]
        self.class_name: str = row["class"]
        self.text: str = row["text"]
        self.state: str = row["state"]
        self.nearest: list[int] = row["nearest"]
        self.expected_gain: float = row["gain"]
        self.gain_in_words: str = row["gain_words"]
        self.note: str = row["note"]
        self.folder: Path | None = session.store.folder / row["folder"] if row["folder"] else None

    def generate(self, count: int = GENERATED_AT_ONCE) -> Job[list[int]]:
        """Generate these: make the text a prompt of the class, and pictures with it, in the background."""
        return self._session.generate_suggestion(self.id, count)

    def collect(self) -> Path:
        """I will collect them: make a folder to put such pictures into, and return it."""
        return self._session.collect_suggestion(self.id)

    def reject(self, reason: str = "") -> None:
        """Turn it down; it is not suggested again, nor what the reason mentions."""
        self._session.reject_suggestion(self.id, reason)

    def __repr__(self) -> str:
        return f"<Suggestion {self.id} for {self.class_name}: {self.text!r}, {self.gain_in_words}>"


def suggestion_table(store: Store) -> list[dict[str, Any]]:
    """The suggestions that are looked for, wait for a decision or for pictures; newest first."""
    names = {row.id: row.name for row in store.classes()}
    return [
        {
            "id": row.id,
            "class_id": row.class_id,
            "class": names[row.class_id],
            "text": row.text,
            "state": row.state,
            "nearest": row.report.get("nearest", []),
            "gain": row.report.get("gain"),
            "gain_words": gain_in_words(row.report.get("gain")),
            "note": row.report.get("note", ""),
            "folder": row.folder if row.state == "collecting" else None,
        }
        for row in store.suggestions(states=("running", "open", "collecting"))[::-1]
    ]


def gain_in_words(gain: float | None) -> str:
    """A share of the validation loss, as a person would say it."""
    if gain is None:
        return ""
    if gain < SLIGHT:
        return "no gain expected"
    size = "clear" if gain >= CLEAR else "slight"
    share = f"{gain:.1%}" if gain < 0.01 else f"{gain:.0%}"
    return f"{size} gain expected: one such picture takes {share} of the remaining loss"
