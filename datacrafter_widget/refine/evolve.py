"""Evolutionary search for a better prompt on proxy pictures (DataCrafter §5.3.1, Fig. 5).

The paper's scheme: mutate the best prompt, generate proxy pictures with each mutant, keep a mutant when its
pictures score higher, stop when the gain is small. Pictures are what costs, so they are spent unequally:

* every candidate gets the same seeds, and the same options of the slots it shares with the others, so that
  two candidates are compared picture by picture;
* a generation is a race (successive halving): a few pictures for all mutants, twice as many for the best
  third, and so on;
* prompts are compared once more on fresh seeds at the end, because the winner of a race has been lucky, and
  a prompt is better only when a paired test says so;
* what is left is spent on taking the edits back one by one, to tell which of them brought the gain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError, JobCancelled
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine.candidates import Candidate
from datacrafter_widget.refine.explain import EditGain, edits_between
from datacrafter_widget.refine.paired import SIGNIFICANCE, PairedGain
from datacrafter_widget.refine.proxies import Bench, Purse
from datacrafter_widget.refine.refinement import Generation, Refinement, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from datacrafter_widget.refine.candidates import Mutate
    from datacrafter_widget.refine.objectives import Objective
    from datacrafter_widget.refine.proxies import OnProgress, Render

_FINALISTS = 2
_LOOKS = 2  # at the last comparison: one, and another with up to twice the pictures when it is not clear
_DECIDED = 0.01  # below such a p-value a race is over
_PROMISING = 0.2  # one more generation is tried for such a p-value
_MOST_EDITS = 6
_EDIT_PROXIES = 12


def evolve(
    template: str,
    negative: str = "",
    *,
    class_word: str,
    objective: Objective,
    mutate: Mutate,
    render: Render,
    population: int = 12,
    proxies: int = 4,
    generations: int = 3,
    final_proxies: int = 20,
    max_proxies: int = 250,
    max_seconds: float | None = None,
    tolerance: float = 0.2,
    exclude: Collection[tuple[str, str]] = (),
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
            candidates together. A search that was cut off is repeated, and so resumed, by calling `evolve`
            again with a `render` that remembers.
        population: variations in the first generation; half as many in later ones.
        proxies: pictures of each variation in the first heat of a race.
        generations: at most so many.
        final_proxies: pictures of each finalist on fresh seeds; up to twice as many where that is not clear.
        max_proxies: no more pictures than these in all; with few, all of the numbers above shrink.
        max_seconds: begin nothing for which generating would take longer than these in all, at the pace so
            far; None for no limit. The last comparison is always made. Where time is what ends a search, the
            same seed may give another one.
        tolerance: a gain below this ends the search, and is too small for a proposal.
        exclude: (template, negative prompt) pairs that are not to be tried, such as rejected ones.
        seed: of everything random here; the same seed gives the same search when `render` repeats itself.
        on_progress: called with pictures so far, pictures expected in all, and what is being done; may
            raise `JobCancelled` to stop.

    Returns:
        The best prompt when it beats the start on fresh seeds by the tolerance and significantly (one-sided
        paired t-test, 5 % over all looks at the data); otherwise the start, with `improved` false. When the
        search was cancelled, the best so far if it is significantly better on the search's own seeds, with
        `confirmed` false.

    Raises:
        TemplateError: `template` is no template.
        InputError: fewer than one variation, generation or picture, or `render` gave other than was asked.
        JobCancelled: the search was cancelled before anything better was found.
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
    proxies = min(proxies, max(1, max_proxies // 10))
    final_proxies = min(final_proxies, max(2, max_proxies // (2 * (1 + _FINALISTS))))
    purse = Purse(max_proxies, max_seconds, on_progress)
    bench = Bench(start, class_word=class_word, objective=objective, render=render, purse=purse, seed=seed)
    search = _Search(
        bench,
        mutate,
        purse,
        # The start and the finalists are compared at the end, and what is left goes to the edits.
        reserve=(1 + _FINALISTS) * final_proxies,
        proxies=proxies,
        tolerance=tolerance,
        exclude={Candidate(*each).key(class_word) for each in exclude},
        rng=np.random.default_rng([seed, 2]),
    )
    try:
        bench.extend([start], proxies, "the prompt as it is")  # tells how long a picture takes, too
        for number in range(1, generations + 1):
            if not search.generation(number, population if number == 1 else -(-population // 2)):
                break
        final = bench.afresh()
        best, gain = _compare(final, search.finalists(), final_proxies, tolerance, purse)
    except JobCancelled:
        best = _clearly_better(bench, tolerance)
        if best is None:
            raise
        return _unconfirmed(search, best)
    edits = _leave_one_out(final, best, gain, purse) if best else []
    return _report(search, final, best, gain, edits)


class _Search:
    """Generation after generation, and what is learnt on the way."""

    def __init__(
        self,
        bench: Bench,
        mutate: Mutate,
        purse: Purse,
        *,
        reserve: int,
        proxies: int,
        tolerance: float,
        exclude: Collection[tuple[str, str]],
        rng: np.random.Generator,
    ) -> None:
        self.bench = bench
        self.purse = purse
        self.best = bench.start
        self.starved = False  # whether it ended for want of pictures or time
        self.history: list[Generation] = []
        self.trace: list[Step] = []
        self._mutate = mutate
        self._reserve = reserve
        self._proxies = proxies
        self._tolerance = tolerance
        self._seen = {*exclude, bench.key(bench.start)}
        self._rng = rng
        self._ranking: list[Candidate] = []

    def generation(self, number: int, population: int) -> bool:
        """Race variations of the best prompt; whether going on is worth it."""
        bench, parent = self.bench, self.best
        # A race takes about three quarters more than its first heat.
        room = 4 * self._room // (7 * self._proxies)
        count = min(population, room)
        if count < 1:
            self.starved = True
            return False
        variations = self._variations(count)
        if not variations:
            return False
        self._ranking = self._race(parent, variations, f"round {number}")
        winner = bench.simplest(self._ranking)
        gain = bench.gain(winner, parent)
        promising = winner != parent and gain.gain >= self._tolerance and gain.p_value <= _PROMISING
        better = promising and gain.p_value <= SIGNIFICANCE
        if better:
            self.best = winner
        score = bench.score(self.best)
        self.history.append(
            Generation(
                number,
                self.best.template,
                self.best.negative,
                score.total,
                score.terms,
                gain.gain if better else 0.0,
                self.purse.used,
            )
        )
        return promising

    def _variations(self, count: int) -> list[Candidate]:
        """The most promising variations of the best prompt that have not been tried."""
        tried = self.bench.archive()
        found: dict[tuple[str, str], Candidate] = {}
        for each in self._mutate(self.best, count + len(tried), self._rng, tried):
            key = self.bench.key(each)
            if key not in self._seen:
                found.setdefault(key, each)
        chosen = dict(list(found.items())[:count])
        self._seen |= set(chosen)
        return list(chosen.values())

    def finalists(self) -> list[Candidate]:
        """The best prompt and the next best of the last race, or the best that was tried."""
        start = self.bench.start
        last = [each for each in self._ranking if each not in (start, self.best)]
        best = [] if self.best == start else [self.best]
        found = [*best, *last] or [tried.candidate for tried in self.bench.archive()]
        return found[:_FINALISTS]

    @property
    def _room(self) -> int:
        return self.purse.left - self._reserve

    def _race(self, parent: Candidate, variations: list[Candidate], name: str) -> list[Candidate]:
        """Rank the parent and its best variations: each heat has the best third, and twice the pictures.

        The last heat is for two, and is repeated with more pictures while it does not show which way to go.
        """
        bench = self.bench
        running, count = variations, self._proxies
        bench.extend([parent, *running], count, f"{name}: {len(running)} variations")
        self._note(running, parent)
        while len(running) > _FINALISTS or (count < 4 * self._proxies and self._open(running[0], parent)):
            promising = bench.ranked(running, parent)[: max(_FINALISTS, -(-len(running) // 3))]
            if bench.missing([parent, *promising], 2 * count) > self._room:
                break
            running, count = promising, 2 * count
            bench.extend([parent, *running], count, f"{name}: the best {len(running)}")
            running = bench.ranked(running, parent)
            self._note(running, parent)
        return bench.ranked([*running, parent], parent)

    def _open(self, leader: Candidate, parent: Candidate) -> bool:
        """Whether more pictures could change what is made of the race."""
        gain = self.bench.gain(leader, parent)
        return gain.gain >= self._tolerance and gain.p_value > _DECIDED

    def _note(self, running: Sequence[Candidate], parent: Candidate) -> None:
        """What would be answered if the search ended here."""
        leader = self.bench.ranked([*running, parent], parent)[0]
        self.trace.append(Step(self.purse.used, leader.template, leader.negative))


def _clearly_better(bench: Bench, tolerance: float) -> Candidate | None:
    """The best candidate that is significantly better than the start on the search's own pictures."""
    archive = bench.archive()
    most = max((tried.proxies for tried in archive), default=0)
    raced = [tried.candidate for tried in archive if tried.proxies == most]  # those that came furthest
    for candidate in raced:
        gain = bench.gain(candidate, bench.start)
        if gain.gain >= tolerance and gain.p_value <= SIGNIFICANCE / len(raced):
            return candidate
    return None


def _compare(
    bench: Bench, finalists: list[Candidate], count: int, tolerance: float, purse: Purse
) -> tuple[Candidate | None, PairedGain | None]:
    """The best finalist that beats the start on fresh seeds, if any; its gain, or that of the best."""
    start = bench.start
    if not finalists:
        bench.extend([start], count, "the last comparison")
        return None, None
    level = SIGNIFICANCE / (len(finalists) * _LOOKS)

    def better(gain: PairedGain) -> bool:
        return gain.gain >= tolerance and gain.p_value <= level

    bench.extend([start, *finalists], count, "the last comparison")
    best = bench.simplest(bench.ranked(finalists, start))
    gain = bench.gain(best, start)
    more = min(count, purse.left // 2)  # pictures of two prompts
    if not better(gain) and gain.gain >= tolerance / 2 and gain.p_value <= 10 * level and more:
        bench.extend([start, best], count + more, "a second look")
        gain = bench.gain(best, start)
    return (best if better(gain) else None), gain


def _leave_one_out(bench: Bench, best: Candidate, gain: PairedGain | None, purse: Purse) -> list[EditGain]:
    """What each edit brought, the most telling first; those that the budget does not reach without a number."""
    assert gain is not None
    edits = edits_between(bench.start, best)
    if len(edits) == 1:
        return [EditGain(edits[0].text, gain.gain, gain.standard_error)]
    count = min(_EDIT_PROXIES, gain.pairs)
    found = []
    for number, edit in enumerate(edits):
        measured = number < _MOST_EDITS and bench.missing([edit.without], count) <= purse.left
        if measured:
            try:
                bench.extend([edit.without], count, "what each change brought")
            except JobCancelled:  # the comparison is made: the prompt stands, with fewer numbers
                measured = False
        if measured:
            brought = bench.gain(best, edit.without)
            found.append(EditGain(edit.text, brought.gain, brought.standard_error))
        else:
            found.append(EditGain(edit.text))
    return sorted(found, key=lambda each: float("inf") if each.gain is None else -each.gain)


def _report(
    search: _Search, bench: Bench, best: Candidate | None, gain: PairedGain | None, edits: list[EditGain]
) -> Refinement:
    start = bench.start
    tried = best
    reasons = list(best.reasons) if best else []
    if best and gain:
        reasons.append(f"scores {gain} on {gain.pairs} fresh pictures (in standard deviations)")
    elif gain:
        tried = bench.simplest(bench.ranked([each.candidate for each in bench.archive()], start))
        gain = bench.gain(tried, start)
        reasons.append(
            f"no better prompt found; the best tried, '{tried.template}'{_not(tried)}, scores {gain}"
            f" on {gain.pairs} fresh pictures"
        )
    elif search.starved:
        reasons.append(
            "no better prompt found: the limits left no room to try any; allow more with max_seconds or max_proxies"
        )
    else:
        reasons.append("no better prompt found: the feedback suggests no variation that could be tried")
    return _refinement(search, bench, best, tried or start, gain, reasons, edits, confirmed=True)


def _unconfirmed(search: _Search, best: Candidate) -> Refinement:
    """The best of a search that was cancelled."""
    gain = search.bench.gain(best, search.bench.start)
    reasons = [
        *best.reasons,
        f"the search was stopped; scores {gain} on {gain.pairs} pictures that it was chosen by",
    ]
    edits = [EditGain(edit.text) for edit in edits_between(search.bench.start, best)]
    return _refinement(search, search.bench, best, best, gain, reasons, edits, confirmed=False)


def _refinement(
    search: _Search,
    bench: Bench,
    best: Candidate | None,
    tried: Candidate,
    gain: PairedGain | None,
    reasons: list[str],
    edits: list[EditGain],
    *,
    confirmed: bool,
) -> Refinement:
    start = bench.start
    after = best or start
    shared = slice(gain.pairs if gain else None)
    before_score, tried_score = bench.score(start, shared), bench.score(tried, shared)
    return Refinement(
        template=after.template,
        negative=after.negative,
        improved=best is not None,
        confirmed=confirmed,
        score_before=before_score.total,
        score_after=tried_score.total,
        gain=gain.gain if gain else 0.0,
        standard_error=gain.standard_error if gain else 0.0,
        terms_before=before_score.terms,
        terms_after=tried_score.terms,
        reasons=reasons,
        edits=edits,
        before_refs=bench.refs(start)[shared],
        after_refs=bench.refs(tried)[shared],
        history=search.history,
        trace=search.trace,
        archive=search.bench.archive(),
        proxies=search.purse.used,
        tried=tried,
    )


def _not(candidate: Candidate) -> str:
    return f" without '{candidate.negative}'" if candidate.negative else ""
