"""Proxy pictures: asked for on shared seeds, kept, and compared picture by picture."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from datacrafter_widget.refine.candidates import Candidate
    from datacrafter_widget.refine.objectives import Objective, Score

LENGTH_PENALTY = 0.02
"""What a word or comma more than the first prompt has costs, in the units of the objective."""

_REQUESTS_A_CALL = 32


@dataclass(frozen=True)
class ProxyRequest:
    """One proxy picture to generate.

    Attributes:
        template: the candidate's template.
        prompt: the prompt, one sample of the template.
        negative_prompt: the candidate's negative prompt.
        seed: of the picture; the same for every candidate.
    """

    template: str
    prompt: str
    negative_prompt: str
    seed: int


@dataclass(frozen=True)
class Proxies:
    """Proxy pictures as the search sees them.

    Attributes:
        embeddings: (N, D), one row a request, in order.
        confidence: (N,) zero-shot probabilities of the class.
        refs: N references of any kind to the pictures; those of the final comparison are handed back.
    """

    embeddings: NDArray[np.floating[Any]]
    confidence: NDArray[np.floating[Any]]
    refs: Sequence[Any]


Render = Callable[[list[ProxyRequest]], Proxies]
OnProgress = Callable[[int, int, str], object]


class Bench:
    """Generates proxies on demand, and compares candidates on the seeds that both have.

    Attributes:
        start: the prompt that the search starts from.
        used: pictures generated so far.
    """

    def __init__(
        self,
        class_word: str,
        objective: Objective,
        render: Render,
        start: Candidate,
        expected: int,
        seed: int,
        on_progress: OnProgress | None,
    ) -> None:
        self.start = start
        self.used = 0
        self._class_word = class_word
        self._objective = objective
        self._render = render
        self._expected = expected
        self._on_progress = on_progress
        self._seed = seed
        self._made: dict[tuple[str, str], list[tuple[NDArray[Any], float, Any]]] = {}
        self._candidates: dict[tuple[str, str], Candidate] = {}
        self._first_length = _length(start, class_word)

    def knows(self, candidate: Candidate) -> bool:
        """Whether there are proxies of a candidate."""
        return candidate.key(self._class_word) in self._made

    def others(self) -> list[Candidate]:
        """All candidates but the start, the best first."""
        found = [each for each in self._candidates.values() if each != self.start]
        return sorted(found, key=lambda each: -self.gain(each, self.start)[0])

    def extend(self, candidates: Sequence[Candidate], count: int, message: str) -> None:
        """Have at least `count` proxies of each candidate."""
        wanted = []
        for candidate in candidates:
            key = candidate.key(self._class_word)
            self._candidates.setdefault(key, candidate)
            have = len(self._made.setdefault(key, []))
            wanted += [(key, self._request(candidate, index)) for index in range(have, count)]
        for first in range(0, len(wanted), _REQUESTS_A_CALL):
            self._report(message)
            part = wanted[first : first + _REQUESTS_A_CALL]
            found = self._render([request for _, request in part])
            if not len(part) == len(found.embeddings) == len(found.confidence) == len(found.refs):
                raise InputError(
                    f"expected {len(part)} embeddings, probabilities and references from render, found "
                    f"{len(found.embeddings)}, {len(found.confidence)} and {len(found.refs)}",
                )
            self.used += len(part)
            for (key, _), row, sure, ref in zip(
                part, found.embeddings, found.confidence, found.refs, strict=True
            ):
                self._made[key].append((np.asarray(row), float(sure), ref))
        self._report(message)

    def score(self, candidate: Candidate, rows: slice = slice(None)) -> Score:
        """The objective on a candidate's proxies."""
        made = self._made[candidate.key(self._class_word)][rows]
        return self._objective.score(
            np.stack([row for row, _, _ in made]), np.array([sure for _, sure, _ in made])
        )

    def refs(self, candidate: Candidate) -> list[Any]:
        """References to a candidate's proxies, in the order of the seeds."""
        return [ref for _, _, ref in self._made[candidate.key(self._class_word)]]

    def gain(self, candidate: Candidate, other: Candidate) -> tuple[float, float]:
        """How much better a candidate is on the shared seeds, less the price of words; its standard error."""
        shared = min(len(self._made[each.key(self._class_word)]) for each in (candidate, other))
        rows = slice(shared)
        differences = self.score(candidate, rows).per_picture - self.score(other, rows).per_picture
        penalty = LENGTH_PENALTY * (self._extra_words(candidate) - self._extra_words(other))
        error = float(differences.std(ddof=1) / np.sqrt(shared)) if shared > 1 else float("inf")
        return float(differences.mean()) - penalty, error

    def simplest(self, ranking: Sequence[Candidate]) -> Candidate:
        """The shortest of those that are not clearly worse than the first (the one-standard-error rule)."""
        first = ranking[0]

        def close(candidate: Candidate) -> bool:
            loss, error = self.gain(first, candidate)
            return candidate is first or loss < error

        return min(filter(close, ranking), key=lambda each: (self._extra_words(each), ranking.index(each)))

    def afresh(self) -> Bench:
        """The same with fresh seeds and no pictures."""
        bench = Bench(
            self._class_word,
            self._objective,
            self._render,
            self.start,
            self._expected,
            self._seed + 1_000_003,
            self._on_progress,
        )
        bench.used = self.used
        return bench

    def _extra_words(self, candidate: Candidate) -> int:
        return max(0, _length(candidate, self._class_word) - self._first_length)

    def _request(self, candidate: Candidate, index: int) -> ProxyRequest:
        template = PromptTemplate.parse(candidate.template)
        seed = int(np.random.SeedSequence([self._seed, index]).generate_state(1)[0] >> 1)
        # A slot's option depends on the seed and on its own words only: candidates that share a slot draw
        # the same option, wherever it stands.
        choices = [
            int(np.random.default_rng([seed, zlib.crc32("|".join(slot).encode())]).integers(len(slot)))
            for slot in template.slots
        ]
        prompt = template.render(choices, self._class_word)
        return ProxyRequest(candidate.template, prompt, candidate.negative, seed)

    def _report(self, message: str) -> None:
        if self._on_progress is not None:
            self._on_progress(self.used, max(self._expected, self.used), message)


def _length(candidate: Candidate, class_word: str) -> int:
    """Words and commas of a prompt of average options, with the negative prompt's."""
    template = PromptTemplate.parse(candidate.template)
    fixed = " ".join(part for part in template.options if isinstance(part, str)).replace(
        "{class}", class_word
    )
    drawn = sum(np.mean([_words(option) for option in slot]) for slot in template.slots)
    return round(_words(fixed) + _words(candidate.negative) + drawn)


def _words(text: str) -> int:
    return len(text.replace(",", " , ").split())
