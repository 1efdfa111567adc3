"""Proxy pictures: asked for on shared seeds, kept, and compared picture by picture."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine.candidates import Candidate, Tried
from datacrafter_widget.refine.paired import PairedGain, paired_gain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from datacrafter_widget.refine.objectives import Objective, Score

LENGTH_PRICE = 0.02
"""What a word or comma more than the first prompt has costs, in the units of the objective."""

_REQUESTS_A_CALL = 32
_FRESH = 1_000_003  # added to the seed for pictures that the search has not chosen by


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


class Purse:
    """What a search may spend, in pictures and in seconds.

    Args:
        pictures: most pictures.
        seconds: most seconds of generating, or None.
        on_progress: called with pictures so far, most pictures, and what is being done.

    Attributes:
        used: pictures generated so far.
    """

    def __init__(self, pictures: int, seconds: float | None, on_progress: OnProgress | None) -> None:
        self.used = 0
        self._pictures = pictures
        self._seconds = seconds
        self._spent = 0.0
        self._on_progress = on_progress

    @property
    def left(self) -> int:
        """Pictures that may still be generated, at the pace so far."""
        left = max(0, self._pictures - self.used)
        if self._seconds is None or not self.used:
            return left
        return min(left, int(max(0.0, self._seconds / max(self._spent, 1e-9) - 1) * self.used))

    @contextmanager
    def spending(self, pictures: int) -> Iterator[None]:
        """Count pictures, and the time that they take."""
        began = time.monotonic()
        yield
        self._spent += time.monotonic() - began
        self.used += pictures

    def tell(self, message: str) -> None:
        """Report the progress; may raise to stop."""
        if self._on_progress is not None:
            self._on_progress(self.used, max(self._pictures, self.used), message)


class Bench:
    """Generates proxies on demand, and compares candidates on the seeds that both have.

    Attributes:
        start: the prompt that the search starts from.
    """

    def __init__(
        self,
        start: Candidate,
        *,
        class_word: str,
        objective: Objective,
        render: Render,
        purse: Purse,
        seed: int,
    ) -> None:
        self.start = start
        self._class_word = class_word
        self._objective = objective
        self._render = render
        self._purse = purse
        self._seed = seed
        self._made: dict[tuple[str, str], list[tuple[NDArray[Any], float, Any]]] = {}
        self._candidates: dict[tuple[str, str], Candidate] = {}
        self._first_length = _length(start, class_word)

    def key(self, candidate: Candidate) -> tuple[str, str]:
        """What tells a candidate from others."""
        return candidate.key(self._class_word)

    def archive(self) -> list[Tried]:
        """All candidates that have pictures but the start, the best first."""
        found = []
        for candidate in self._candidates.values():
            keys = {self.key(candidate), self.key(self.start)}
            if len(keys) == 2 and all(self._made.get(key) for key in keys):
                gain = self.gain(candidate, self.start)
                found.append(Tried(candidate, gain.gain, gain.standard_error, gain.pairs))
        return sorted(found, key=lambda tried: -tried.gain)

    def missing(self, candidates: Sequence[Candidate], count: int) -> int:
        """How many pictures `extend` would generate."""
        made = (len(self._made.get(self.key(each), ())) for each in candidates)
        return sum(max(0, count - have) for have in made)

    def extend(self, candidates: Sequence[Candidate], count: int, message: str) -> None:
        """Have at least `count` proxies of each candidate."""
        wanted = []
        for candidate in candidates:
            key = self.key(candidate)
            self._candidates.setdefault(key, candidate)
            have = len(self._made.setdefault(key, []))
            wanted += [(key, self._request(candidate, index)) for index in range(have, count)]
        for first in range(0, len(wanted), _REQUESTS_A_CALL):
            self._purse.tell(message)
            part = wanted[first : first + _REQUESTS_A_CALL]
            with self._purse.spending(len(part)):
                found = self._render([request for _, request in part])
            if not len(part) == len(found.embeddings) == len(found.confidence) == len(found.refs):
                raise InputError(
                    f"expected {len(part)} embeddings, probabilities and references from render, found "
                    f"{len(found.embeddings)}, {len(found.confidence)} and {len(found.refs)}",
                )
            for (key, _), row, sure, ref in zip(
                part, found.embeddings, found.confidence, found.refs, strict=True
            ):
                self._made[key].append((np.asarray(row), float(sure), ref))
        self._purse.tell(message)

    def score(self, candidate: Candidate, rows: slice = slice(None)) -> Score:
        """The objective on a candidate's proxies."""
        made = self._made[self.key(candidate)][rows]
        return self._objective.score(
            np.stack([row for row, _, _ in made]), np.array([sure for _, sure, _ in made])
        )

    def refs(self, candidate: Candidate) -> list[Any]:
        """References to a candidate's proxies, in the order of the seeds."""
        return [ref for _, _, ref in self._made[self.key(candidate)]]

    def gain(self, candidate: Candidate, other: Candidate) -> PairedGain:
        """How much better a candidate is on the shared seeds, less the price of words."""
        shared = slice(min(len(self._made[self.key(each)]) for each in (candidate, other)))
        price = LENGTH_PRICE * (self._extra_words(candidate) - self._extra_words(other))
        after, before = (self.score(each, shared).per_picture for each in (candidate, other))
        return paired_gain(after, before, price=price)

    def ranked(self, candidates: Sequence[Candidate], other: Candidate) -> list[Candidate]:
        """Candidates by their gain over another one, the best first."""
        return sorted(candidates, key=lambda each: -self.gain(each, other).gain)

    def simplest(self, ranking: Sequence[Candidate]) -> Candidate:
        """The shortest of those that are not clearly worse than the first (the one-standard-error rule)."""
        first = ranking[0]

        def close(candidate: Candidate) -> bool:
            if candidate is first:
                return True
            loss = self.gain(first, candidate)
            return loss.gain < loss.standard_error

        return min(filter(close, ranking), key=lambda each: (self._extra_words(each), ranking.index(each)))

    def afresh(self) -> Bench:
        """The same with fresh seeds and no pictures."""
        return Bench(
            self.start,
            class_word=self._class_word,
            objective=self._objective,
            render=self._render,
            purse=self._purse,
            seed=self._seed + _FRESH,
        )

    def _extra_words(self, candidate: Candidate) -> int:
        return max(0, _length(candidate, self._class_word) - self._first_length)

    def _request(self, candidate: Candidate, index: int) -> ProxyRequest:
        template = PromptTemplate.parse(candidate.template)
        seed = int(np.random.SeedSequence([self._seed, index]).generate_state(1)[0] >> 1)
        choices = [self._choice(slot, index) for slot in template.slots]
        prompt = template.render(choices, self._class_word)
        return ProxyRequest(candidate.template, prompt, candidate.negative, seed)

    def _choice(self, slot: Sequence[str], index: int) -> int:
        """The option of a slot in a candidate's proxy `index`: each once before any again.

        By chance alone the few proxies that a race begins with may all be of one option, and nothing tell what it is
        worth to drop another. It depends on the slot's own words only: candidates that share a slot draw the same
        option, wherever it stands.
        """
        turn, place = divmod(index, len(slot))
        rng = np.random.default_rng([self._seed, turn, zlib.crc32("|".join(slot).encode())])
        return int(rng.permutation(len(slot))[place])


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
