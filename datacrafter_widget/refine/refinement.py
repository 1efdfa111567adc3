"""What a search for a better prompt found, and how."""

from dataclasses import dataclass, field
from typing import Any

from datacrafter_widget.refine.candidates import Candidate, Tried
from datacrafter_widget.refine.explain import EditGain


@dataclass(frozen=True)
class Generation:
    """One generation of the search.

    Attributes:
        number: from 1.
        template: the best prompt's template after it.
        negative: the best prompt's negative prompt after it.
        score: the best prompt's score on the search's seeds.
        terms: the terms of the score.
        gain: how much better it is than the generation before, picture by picture.
        proxies: pictures generated so far.
    """

    number: int
    template: str
    negative: str
    score: float
    terms: dict[str, float]
    gain: float
    proxies: int


@dataclass(frozen=True)
class Step:
    """Which prompt led after so many pictures."""

    proxies: int
    template: str
    negative: str


@dataclass(frozen=True)
class Refinement:
    """What the search found.

    Attributes:
        template: the better template, or the one it started from when none was found.
        negative: its negative prompt.
        improved: whether it beats the start.
        confirmed: whether that was found out on fresh seeds; false when the search was cancelled before.
        score_before: the start's score.
        score_after: the score of `tried` on the same seeds.
        gain: how much better `tried` scores than the start, less the price of added words.
        standard_error: of the gain, over the seeds.
        terms_before: the terms of the start's score.
        terms_after: the terms of the score of `tried`.
        reasons: one line for each edit, and one on how the prompts compare.
        edits: what each difference from the start brought, the most telling first.
        before_refs: references of the start's proxies in the last comparison, as `render` gave them.
        after_refs: references of those of `tried`, in the order of the same seeds.
        history: the generations.
        trace: which prompt led in the course of the search.
        archive: every prompt that was tried, the best first, on the search's seeds.
        proxies: how many pictures were generated.
        tried: the best prompt that was tried; it is no better than the start when `improved` is false.
    """

    template: str
    negative: str
    improved: bool
    confirmed: bool
    score_before: float
    score_after: float
    gain: float
    standard_error: float
    terms_before: dict[str, float]
    terms_after: dict[str, float]
    reasons: list[str]
    edits: list[EditGain]
    before_refs: list[Any] = field(repr=False)
    after_refs: list[Any] = field(repr=False)
    history: list[Generation] = field(repr=False)
    trace: list[Step] = field(repr=False)
    archive: list[Tried] = field(repr=False)
    proxies: int
    tried: Candidate
