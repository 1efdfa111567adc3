"""Evolutionary search for a better prompt on proxy pictures (DataCrafter §5.3.1, Fig. 5).

The paper's scheme: mutate the best prompt, generate proxy pictures with each mutant, keep a mutant when its
pictures score higher, stop when the gain is small. Pictures are what costs, so they are spent unequally:

* every candidate gets the same seeds, and the same options of the slots it shares with the others, so that
  two candidates are compared picture by picture;
* a generation is a race: few pictures for all mutants, twice as many for the best third, and so on;
* prompts are compared once more on fresh seeds at the end, because the winner of a race has been lucky.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine.candidates import Candidate
from datacrafter_widget.refine.proxies import Bench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.refine.candidates import Mutate
    from datacrafter_widget.refine.objectives import Objective
    from datacrafter_widget.refine.proxies import OnProgress, Render


@dataclass(frozen=True)
class Generation:
    """One generation of the search.

    Attributes:
        number: from 1.
        template: the best prompt's template after it.
        negative: the best prompt's negative prompt after it.
        score: the best prompt's score on the search's seeds.
        gain: how much better it is than the generation before, picture by picture.
        proxies: pictures generated so far.
    """

    number: int
    template: str
    negative: str
    score: float
    gain: float
    proxies: int


@dataclass(frozen=True)
class Refinement:
    """What the search found.

    Attributes:
        template: the better template, or the one it started from when none was found.
        negative: its negative prompt.
        improved: whether it beats the start on fresh seeds.
        score_before: the start's score on the fresh seeds.
        score_after: this prompt's score on the same seeds.
        gain: `score_after - score_before` less the penalty for added words.
        standard_error: of the gain, over the seeds.
        terms_before: the terms of `score_before`.
        terms_after: the terms of `score_after`.
        reasons: one line for each edit, and one on how the prompts compare.
        before_refs: references of the start's fresh proxies, as `render` gave them.
        after_refs: references of this prompt's fresh proxies, in the order of the same seeds.
        history: the generations.
        proxies: how many pictures were generated.
        tried: the best prompt that was tried; it is no better than the start when `improved` is false.
    """

    template: str
    negative: str
    improved: bool
    score_before: float
    score_after: float
    gain: float
    standard_error: float
    terms_before: dict[str, float]
    terms_after: dict[str, float]
    reasons: list[str]
    before_refs: list[Any] = field(repr=False)
    after_refs: list[Any] = field(repr=False)
    history: list[Generation] = field(repr=False)
    proxies: int
    tried: Candidate


def evolve(
    template: str,
    negative: str = "",
    *,
    class_word: str,
    objective: Objective,
    mutate: Mutate,
    render: Render,
    population: int = 12,
    proxies: int = 8,
    generations: int = 3,
    final_proxies: int = 24,
    max_proxies: int = 320,
    tolerance: float = 0.2,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Refinement:
    """Search for a prompt whose pictures score higher.

    Args:
        template: the template to start from.
        negative: its negative prompt.
        class_word: what `{class}` becomes.
        objective: scores proxies; higher is better, one unit is one standard deviation of the class.
        mutate: gives variations of a prompt, the most promising first.
        render: generates and encodes the pictures asked for, at most 32 a call and those of several
            candidates together. What it raises (such as JobCancelled) leaves `evolve`.
        population: variations in the first generation; half as many in later ones.
        proxies: pictures of each variation in the first heat of a race.
        generations: at most so many.
        final_proxies: pictures of each finalist on fresh seeds.
        max_proxies: no more pictures than these in all. The final comparison is always made.
        tolerance: a gain below this ends the search, and is too small for a proposal.
        seed: of everything random here; the same seed gives the same search when `render` repeats itself.
        on_progress: called with pictures so far, pictures expected in all, and what is being done; may
            raise to stop.

    Returns:
        The best prompt when it beats the start on fresh seeds by the tolerance and by more than the
        standard error of the difference; otherwise the start, with `improved` false.

    Raises:
        TemplateError: `template` is no template.
        InputError: fewer than one variation, generation or picture, or `render` gave other than was asked.
    """
    sizes = {
        "population": population,
        "proxies": proxies,
        "generations": generations,
        "final_proxies": final_proxies,
    }
    for name, size in sizes.items():
        if size < 1:
            raise InputError(f"expected {name} of at least 1, found {size}")
    start = Candidate(PromptTemplate.parse(template).text, " ".join(negative.split()))
    # The start, the best and the runner-up are compared at the end.
    expected = max(max_proxies, 3 * final_proxies + 2 * proxies)
    bench = Bench(class_word, objective, render, start, expected, seed, on_progress)
    rng = np.random.default_rng([seed, 2])
    budget = expected - 3 * final_proxies
    best, history, finalists = start, list[Generation](), list[Candidate]()
    for number in range(1, generations + 1):
        # A race takes about a third more than its first heat, in which the parent runs too.
        room = 3 * (budget - bench.used) // (4 * proxies) - 1
        count = min(population if number == 1 else -(-population // 2), room)
        if count < 1:
            break
        variations = [each for each in mutate(best, count, rng) if not bench.knows(each)]
        if not variations:
            break
        ranking = _race(bench, best, variations, proxies, budget, f"round {number}")
        winner = bench.simplest(ranking)
        gain, error = bench.gain(winner, best)
        better = gain >= max(tolerance, error)
        if better:
            finalists = [each for each in ranking if each != best][:2]
            best = winner
        score = bench.score(best).total
        history.append(Generation(number, best.template, best.negative, score, max(gain, 0.0), bench.used))
        if not better:
            break
    return _compare(bench, start, finalists or bench.others()[:1], final_proxies, tolerance, history)


def _race(
    bench: Bench,
    parent: Candidate,
    variations: list[Candidate],
    proxies: int,
    budget: int,
    name: str,
) -> list[Candidate]:
    """Rank the parent and its best variations: each heat has a third of them left and twice the pictures."""
    bench.extend([parent, *variations], proxies, f"{name}: {len(variations)} variations")

    def ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
        return sorted(candidates, key=lambda each: -bench.gain(each, parent)[0])

    running, count = variations, proxies
    while len(running) > 2:
        promising = ranked(running)[: -(-len(running) // 3)]
        if bench.used + count * (len(promising) + 1) > budget:
            break
        running, count = promising, 2 * count
        bench.extend([parent, *running], count, f"{name}: the best {len(running)}")
    return ranked([*running, parent])


def _compare(
    search: Bench,
    start: Candidate,
    finalists: list[Candidate],
    count: int,
    tolerance: float,
    history: list[Generation],
) -> Refinement:
    """Compare the start with the finalists on fresh seeds."""
    bench = search.afresh()
    bench.extend([start, *finalists], count, "the last comparison")
    ranking = sorted(finalists, key=lambda each: -bench.gain(each, start)[0])
    tried = bench.simplest(ranking) if ranking else start
    gain, error = bench.gain(tried, start) if ranking else (0.0, 0.0)
    improved = bool(ranking) and gain >= tolerance and gain > error
    after = tried if improved else start
    before_score, after_score = bench.score(start), bench.score(after)
    reasons = list(tried.reasons) if improved else []
    if improved:
        reasons.append(f"scores {gain:+.2f} ± {error:.2f} on {count} fresh pictures (in standard deviations)")
    elif ranking:
        reasons.append(
            f"no better prompt found; the best tried, '{tried.template}', scores {gain:+.2f} ± {error:.2f}"
            f" on {count} fresh pictures"
        )
    else:
        reasons.append("no better prompt found: the feedback suggests no variation")
    return Refinement(
        template=after.template,
        negative=after.negative,
        improved=improved,
        score_before=before_score.total,
        score_after=after_score.total,
        gain=gain if improved else 0.0,
        standard_error=error,
        terms_before=before_score.terms,
        terms_after=after_score.terms,
        reasons=reasons,
        before_refs=bench.refs(start),
        after_refs=bench.refs(after),
        history=history,
        proxies=bench.used,
        tried=tried,
    )
