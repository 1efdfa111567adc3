"""Feedback on pictures, put in words for a language model.

What others wrote (labels, captions, prompts, names) becomes values of one JSON object and nothing else; what
tells wanted from unwanted pictures comes first, because a model reads the beginning best.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.refine.candidates import Candidate, Tried

T = TypeVar("T")

KINDS = {
    "remove": (
        "The user removed the unwanted pictures and kept the wanted ones. New pictures must not be like the "
        "removed ones, and still be like the kept ones."
    ),
    "more_like": (
        "The user wants more pictures like the wanted ones; the unwanted ones are the rest, not wrong but of "
        "less interest. New pictures must share what the wanted ones have in common and differ from each "
        "other in everything else: slots with several options bring variety."
    ),
    "transform": (
        'The user wants the wanted pictures once more, changed as "wish" says. New pictures must show the '
        "wish, every one of them, and otherwise keep what the wanted pictures show."
    ),
    "combine": (
        "The wanted pictures are of two sets. Every new picture must show together what is typical of the "
        "one set and what is typical of the other; the unwanted pictures, if any, show only one of them."
    ),
    "without": (
        "New pictures must be like the wanted ones, without what the unwanted ones show; the wanted ones may "
        "show some of it too."
    ),
}
"""What each kind of feedback asks for, in words for the model."""

_MOST_LABELS = 30
_MOST_PROMPTS = 12
_MOST_PICTURES = 12  # a side
_MOST_LABELS_A_PICTURE = 12
_MOST_IMAGES = 8
_IMAGE_SIZE = 256
_BEST, _WORST = 6, 3
_MOST_REJECTED = 8
_LONGEST_LABEL = 60
_LONGEST_TEXT = 300
_LONGEST_TEMPLATE = 2000


@dataclass(frozen=True)
class PictureInWords:
    """What is known of a picture, for a model that may not see it.

    Attributes:
        labels: its content labels.
        prompt: what it was generated with; empty for an original.
        caption: what it shows, in a sentence.
        image: the picture itself, for a model that sees.
    """

    labels: tuple[str, ...] = ()
    prompt: str = ""
    caption: str = ""
    image: Image.Image | None = None


@dataclass(frozen=True)
class RejectedPrompt:
    """A proposal that the user turned down.

    Attributes:
        template: its template.
        negative: its negative prompt.
        reason: why, in the user's words; may be empty.
    """

    template: str
    negative: str = ""
    reason: str = ""


@dataclass(frozen=True)
class FeedbackInWords:
    """The feedback that a better prompt is searched for.

    Attributes:
        kind: one of `KINDS`.
        wish: the change that the user asked for ("at night"); for *transform*.
        wanted: the pictures that new ones should be like; both sets for *combine*.
        unwanted: those they should not be like; the second set for *without*, none for *transform*.
        rejected: proposals that the user turned down, the latest last.

    Raises:
        InputError: another kind, or a transformation without a wish.
    """

    kind: str
    wish: str
    wanted: tuple[PictureInWords, ...]
    unwanted: tuple[PictureInWords, ...] = ()
    rejected: tuple[RejectedPrompt, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"expected a kind of feedback out of {', '.join(map(repr, KINDS))}, found {self.kind!r}"
            raise InputError(msg)
        if self.kind == "transform" and not self.wish.strip():
            msg = "expected a wish such as 'at night' for 'transform', found none; say how pictures should change"
            raise InputError(msg)

    def described(self) -> dict[str, Any]:
        """The feedback as JSON: counts of labels and prompts, the most telling first, and some pictures."""
        sides = {"wanted": self.wanted, "unwanted": self.unwanted}
        labels = [[each.labels for each in side] for side in sides.values()]
        prompts = [[(each.prompt,) for each in side] for side in sides.values()]
        question: dict[str, Any] = {"feedback": self.kind}
        if self.wish.strip():
            question["wish"] = _text(self.wish)
        question |= {
            "pictures_in_all": {name: len(side) for name, side in sides.items()},
            "labels": [
                {"label": _label(word), **counts} for word, counts in _telling(*labels)[:_MOST_LABELS]
            ],
            "prompts": [
                {"prompt": _text(text), **counts} for text, counts in _telling(*prompts)[:_MOST_PROMPTS]
            ],
            "pictures": {name: _examples(side) for name, side in sides.items()},
        }
        if self.rejected:
            question["rejected_by_the_user"] = [
                {
                    "template": _template(each.template),
                    "negative": _text(each.negative),
                    "reason": _text(each.reason),
                }
                for each in self.rejected[-_MOST_REJECTED:]
            ]
        return question

    def images(self) -> tuple[list[str], list[Image.Image]]:
        """At most eight thumbnails (RGB, at most 256 px) and the sides that they are of, in order."""
        wanted, unwanted = (
            [each.image for each in side if each.image] for side in (self.wanted, self.unwanted)
        )
        half = _MOST_IMAGES // 2
        first = min(len(wanted), max(half, _MOST_IMAGES - len(unwanted)))
        wanted, unwanted = _spread(wanted, first), _spread(unwanted, _MOST_IMAGES - first)
        names = ["wanted"] * len(wanted) + ["unwanted"] * len(unwanted)
        return names, [_thumbnail(image) for image in (*wanted, *unwanted)]


def described_prompt(candidate: Candidate) -> dict[str, Any]:
    """A prompt as JSON."""
    return {"template": _template(candidate.template), "negative": _text(candidate.negative)}


def described_trials(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """The worst few and the best few prompts with their gains, the best last (as OPRO has them)."""
    rising = sorted(tried, key=lambda each: each.gain)
    shown = rising if len(rising) <= _WORST + _BEST else [*rising[:_WORST], *rising[-_BEST:]]
    return [
        {
            **described_prompt(each.candidate),
            "gain": _number(each.gain),
            "standard_error": _number(each.standard_error),
            "pictures": each.proxies,
        }
        for each in shown
    ]


def _telling(
    wanted: Sequence[Sequence[str]], unwanted: Sequence[Sequence[str]]
) -> list[tuple[str, dict[str, int]]]:
    """Counts of words among wanted and unwanted pictures, those of the clearest log-odds ratio first."""
    here, there = (
        Counter(word for words in side for word in set(words) if word) for side in (wanted, unwanted)
    )

    def clear(word: str) -> float:
        if not unwanted or not wanted:
            return here[word] + there[word]
        # half a picture added to each of the four counts: finite, and little for rare words
        cells = [
            count + 0.5
            for count in (
                here[word],
                len(wanted) - here[word],
                there[word],
                len(unwanted) - there[word],
            )
        ]
        log_odds = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
        return abs(log_odds) / math.sqrt(sum(1 / cell for cell in cells))

    words = sorted(here | there, key=lambda word: (-clear(word), -here[word] - there[word], word))
    return [(word, {"wanted": here[word], "unwanted": there[word]}) for word in words]


def _examples(pictures: Sequence[PictureInWords]) -> list[dict[str, Any]]:
    described = []
    for each in _spread(
        [each for each in pictures if each.labels or each.prompt or each.caption], _MOST_PICTURES
    ):
        labels = [_label(label) for label in each.labels[:_MOST_LABELS_A_PICTURE]]
        words = {"caption": _text(each.caption), "labels": labels, "prompt": _text(each.prompt)}
        described.append({name: value for name, value in words.items() if value})
    return described


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many items, evenly spread: neighbours were often made by the same prompt."""
    count = min(most, len(items))
    return [items[index * len(items) // count] for index in range(count)]


def _thumbnail(image: Image.Image) -> Image.Image:
    small = image.convert("RGB")
    if small is image:
        small = image.copy()
    small.thumbnail((_IMAGE_SIZE, _IMAGE_SIZE))
    return small


def _label(text: str) -> str:
    return plain_line(text, _LONGEST_LABEL)


def _text(text: str) -> str:
    return plain_line(text, _LONGEST_TEXT)


def _template(text: str) -> str:
    return plain_line(text, _LONGEST_TEMPLATE)


def _number(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None
