"""What our search is compared with: the paper's greedy loop on random mutations, and random search.

Both get pictures from the same `render`, and score them with the same objective.
"""

from dataclasses import dataclass

import numpy as np

from datacrafter_widget.generation.templates import PromptTemplate, escape
from datacrafter_widget.refine import Candidate, ProxyRequest


@dataclass(frozen=True)
class Found:
    """The prompt with the highest score, and how many pictures were generated."""

    candidate: Candidate
    score: float
    proxies: int


class Searcher:
    """Random edits of a prompt, each scored on pictures of its own seeds, as the paper has it (Fig. 5)."""

    def __init__(self, start, *, class_word, objective, render, words, seed, pictures=16):
        self.start = start
        self._class_word = class_word
        self._objective = objective
        self._render = render
        self._words = list(words)
        self._rng = np.random.default_rng([seed, 99])
        self._pictures = pictures

    def greedy(self, budget):
        """Mutate the best prompt, keep the mutant when its pictures score higher, until the budget is spent."""
        return self._search(budget, lambda best: best)

    def random(self, budget):
        """The same with mutations of the first prompt only."""
        return self._search(budget, lambda _best: self.start)

    def _search(self, budget, parent_of):
        best, score, used = self.start, self._score(self.start), self._pictures
        while used + self._pictures <= budget:
            mutant = self._mutant(parent_of(best))
            gain = self._score(mutant)
            used += self._pictures
            if gain > score:
                best, score = mutant, gain
        return Found(best, score, used)

    def _mutant(self, parent):
        template = PromptTemplate.parse(parent.template)
        word = escape(str(self._rng.choice(self._words)))
        edits = [
            lambda: Candidate(template.append(f", {word}").text, parent.negative),
            lambda: Candidate(template.replace_class(f"{word} {{class}}").text, parent.negative),
            lambda: Candidate(template.replace_class(f"{{class}} {word}").text, parent.negative),
            lambda: Candidate(parent.template, ", ".join(filter(None, [parent.negative, word]))),
        ]
        for index, options in enumerate(template.slots):
            if len(options) > 1:
                drop = int(self._rng.integers(len(options)))
                kept = [option for number, option in enumerate(options) if number != drop]
                edits.append(
                    lambda index=index, kept=kept: Candidate(
                        template.with_slot(index, kept).text, parent.negative
                    )
                )
        return edits[int(self._rng.integers(len(edits)))]()

    def _score(self, candidate):
        template = PromptTemplate.parse(candidate.template)
        made = self._render(
            [
                ProxyRequest(
                    candidate.template,
                    template.sample(self._rng, self._class_word),
                    candidate.negative,
                    int(self._rng.integers(2**31)),
                )
                for _ in range(self._pictures)
            ]
        )
        return self._objective.score(made.embeddings, made.confidence).total
