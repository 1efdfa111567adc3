"""What the user said about pictures, as the log and a search keep it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

FeedbackKind = Literal["remove", "more_like", "transform", "combine", "without"]

LONGEST_WISH = 200
MOST_PROXIES = 250
MOST_SECONDS = 120.0


class SearchLimits(TypedDict, total=False):
    """How much a search for a better prompt may take: pictures (default 250), and seconds (default 120)."""

    max_proxies: int
    max_seconds: float | None


@dataclass(frozen=True)
class Feedback:
    """Feedback on one or two sets of pictures.

    Attributes:
        kind: what is asked for.
        ids: the pictures it is about; of *combine* and *without* the first set.
        second: the second set of *combine* and *without*; of *transform* pictures that were edited as is wished.
        wish: how *transform* wants the pictures changed, in words.
        weights: of the objective's terms; those not named keep their default.
        limits: how much the search may take.
    """

    kind: FeedbackKind
    ids: tuple[int, ...]
    second: tuple[int, ...] = ()
    wish: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    limits: SearchLimits = field(default_factory=SearchLimits)

    @classmethod
    def checked(
        cls,
        kind: FeedbackKind,
        ids: list[int],
        *,
        second: list[int] | None = None,
        wish: str = "",
        weights: Mapping[str, float] | None = None,
        limits: SearchLimits | None = None,
    ) -> Feedback:
        """Feedback whose wish, weights and limits are known to make sense.

        Raises:
            InputError: *transform* without words or with too many, a term that the objective doesn't have, a
                weight that is no number of 0 or more, or no pictures or time at all.
        """
        words = " ".join(wish.split())
        if kind == "transform" and not 0 < len(words) <= LONGEST_WISH:
            raise InputError(
                f"expected a few words on how to change the pictures, such as 'at night', found {wish[:40]!r}"
            )
        known = DEFAULT_WEIGHTS[kind]
        for name, weight in (weights or {}).items():
            if name not in known:
                raise InputError(f"{kind}: expected weights of {', '.join(known)}; found {name!r}")
            if not 0 <= weight < float("inf"):
                raise InputError(f"{kind}: expected a weight of 0 or more for {name!r}, found {weight!r}")
        allowed: SearchLimits = {"max_proxies": MOST_PROXIES, "max_seconds": MOST_SECONDS, **(limits or {})}
        if not allowed["max_proxies"] >= 1:
            raise InputError(f"max_proxies: expected 1 or more, found {allowed['max_proxies']!r}")
        if allowed["max_seconds"] is not None and not allowed["max_seconds"] > 0:
            raise InputError(f"max_seconds: expected more than 0, or None, found {allowed['max_seconds']!r}")
        return cls(kind, tuple(ids), tuple(second or ()), words, dict(weights or {}), allowed)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Feedback:
        """What `to_json` gave."""
        return cls(
            row["kind"], tuple(row["ids"]), tuple(row["second"]), row["wish"], row["weights"], row["limits"]
        )

    def to_json(self) -> dict[str, Any]:
        """The same of JSON values."""
        return {
            "kind": self.kind,
            "ids": list(self.ids),
            "second": list(self.second),
            "wish": self.wish,
            "weights": dict(self.weights),
            "limits": dict(self.limits),
        }

    @property
    def all_weights(self) -> dict[str, float]:
        """Weights of all terms of the objective."""
        return {**DEFAULT_WEIGHTS[self.kind], **self.weights}
