"""Prompts that a search tries, and what may vary them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from datacrafter_widget.generation.templates import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A prompt that may be better.

    Attributes:
        template: its template, valid.
        negative: its negative prompt; empty for none.
        reasons: one line for each edit that led to it, for the user.
    """

    template: str
    negative: str = ""
    reasons: tuple[str, ...] = ()

    def key(self, class_word: str) -> tuple[str, str]:
        """What tells it from others: candidates of one key give the same prompts."""
        return self.template.replace("{class}", escape(class_word)), self.negative


@dataclass(frozen=True)
class Tried:
    """A candidate that has been tried.

    Attributes:
        candidate: the prompt.
        gain: how much better than the prompt at the start its pictures score, on the seeds that both have,
            less the price of its words.
        standard_error: of the gain; infinite for a single picture.
        proxies: how many pictures it has.
    """

    candidate: Candidate
    gain: float
    standard_error: float
    proxies: int


class Mutate(Protocol):
    """Varies a prompt; the most promising variations come first."""

    def __call__(
        self, parent: Candidate, count: int, rng: np.random.Generator, tried: Sequence[Tried] = (), /
    ) -> list[Candidate]:
        """Give at most `count` different variations of `parent`.

        Args:
            parent: the best prompt so far.
            count: most variations.
            rng: the randomness.
            tried: what the search has tried so far, the best first.
        """
