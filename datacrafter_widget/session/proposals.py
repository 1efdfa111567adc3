"""A proposed prompt, as a script holds it."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any

from datacrafter_widget.session.explaining import Explanation, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.session.prompting import Prompting

_SHOWN = 12


class ProposalHandle:
    """A proposed prompt and what one can do with it.

    Attributes:
        id: its number in the session.
        before: the template that it improves, and `negative_before` what that one avoids.
        after: the proposed template, and `negative` what it avoids.
        score_before: what the template in use scored against the feedback, on fresh proxy pictures.
        score_after: what the proposed one scored; higher is better, one unit is one standard deviation.
        gain: how much better it scores, less the price of added words, and its `standard_error`.
        confirmed: whether that was measured on fresh pictures; False when the search was stopped before.
        proxies: how many pictures the search generated.
        reasons: why, a line a change.
    """

    def __init__(self, session: Prompting, row: dict[str, Any]) -> None:
        self._session = session
        self._row = row
        self.id: int = row["id"]
        self.before: str = row["before"]
        self.negative_before: str = row["negative_before"]
        self.after: str = row["after"]
        self.negative: str = row["negative_after"]
        self.score_before: float = row["score_before"]
        self.score_after: float = row["score_after"]
        self.gain: float = row["gain"]
        self.standard_error: float = row["standard_error"]
        self.confirmed: bool = row["confirmed"]
        self.proxies: int = row["proxies"]
        self.reasons: list[str] = row["reasons"]

    def accept(self, *, text: str | None = None, negative: str | None = None) -> int:
        """Use the proposed prompt, or an edited one, from now on; returns the new template's id."""
        return self._session.accept(self.id, text=text, negative=negative)

    def reject(self, reason: str = "") -> None:
        """Turn it down; later searches of the class heed the reason."""
        self._session.reject(self.id, reason)

    def explain(self) -> Explanation:
        """Which edit brought how much, as a table and a figure: ``table, figure = proposal.explain()``."""
        return explain(self._row)

    def __repr__(self) -> str:
        negative = f", not {self.negative!r}" if self.negative else ""
        return f"<Proposal {self.id}: {self.before!r} → {self.after!r}{negative}>"

    def _repr_html_(self) -> str:
        """The two prompts, each with the proxy pictures that it was judged by: same column, same seed."""
        reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in self.reasons)
        return (
            f"<div><p>Proposal {self.id}, {self.proxies} proxy pictures</p>"
            f"{self._pictures('in use', self.before, self.negative_before, self._row['before_refs'])}"
            f"{self._pictures('proposed', self.after, self.negative, self._row['after_refs'])}"
            f"<ul>{reasons}</ul></div>"
        )

    def _pictures(self, title: str, text: str, negative: str, refs: Sequence[int]) -> str:
        avoided = f", not <code>{html.escape(negative)}</code>" if negative else ""
        images = "".join(
            f'<img src="data:image/webp;base64,{base64.b64encode(small).decode()}" alt="" '
            'style="display:inline-block;width:64px;margin:1px">'
            for small in map(self._session.proxy_thumbnail, refs[:_SHOWN])
        )
        return f"<p>{title}: <code>{html.escape(text)}</code>{avoided}</p><div>{images}</div>"
