"""Directions to practise a new subject or style in: the defaults, one's own, or ones drawn from content labels.

Zhang et al. (MM 2024), Sec. 3.2 and Appendix B: a subject is put into places, a style is given to things.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.english import correct_articles

Kind = Literal["object", "style"]
KINDS: tuple[Kind, ...] = ("object", "style")

OBJECT_PLACES: tuple[str, ...] = (
    "in a garden", "by a lake", "on a pavement", "in the woods", "on a kitchen counter", "on a sandy beach",
    "in a café", "in fresh snow", "on the surface of the moon", "among sand dunes", "in a bookshop",
    "under a starry sky", "in front of an old church", "on a wooden footbridge", "beside a waterfall",
    "in a dark tunnel", "on a stage", "on a rooftop",
)  # fmt: skip
"""Where a subject is put unless one says otherwise."""

STYLE_THINGS: tuple[str, ...] = (
    "an umbrella", "a chair", "a carrot", "a suitcase", "a birthday cake", "a road sign", "a guitar",
    "a telephone", "a teacup", "a pair of glasses", "a silver spoon", "a penguin", "a rag doll", "a bicycle",
    "a pear on a plate", "a lighthouse", "a mountain lake", "a vase of flowers",
)  # fmt: skip
"""What is given a style unless one says otherwise."""

SUBJECT = "{}"
"""Where the subject or the style stands in an anchor's prompt."""
MOST_ANCHORS = 100


@dataclass(frozen=True, slots=True)
class Anchor:
    """A direction.

    Attributes:
        prompt: what to generate, with "{}" for the token: "a photo of a {} on a rooftop", "a teacup in {}".
        direction: what a picture of it should show, in words that any encoder knows: "a photo of a dog on a
            rooftop", "a teacup".
    """

    prompt: str
    direction: str


def make_anchors(kind: Kind, word: str, given: Iterable[str | Anchor] | None = None) -> tuple[Anchor, ...]:
    """The anchors of a personalisation.

    Args:
        kind: "object" or "style".
        word: what the subject is a kind of, such as "dog"; of no account for a style.
        given: places ("on a rooftop") for an object or things ("a teacup") for a style, or whole anchors; by default
            `OBJECT_PLACES` or `STYLE_THINGS`.

    Raises:
        InputError: an unknown kind, or anchors that are none, twice the same, empty, too many, or lack the "{}".
    """
    if kind not in KINDS:
        raise InputError(f'kind: expected "object" or "style", found {kind!r}')
    if isinstance(given, str):
        raise InputError(f"anchors: expected several, in a list, found {given!r}")
    usual = OBJECT_PLACES if kind == "object" else STYLE_THINGS
    made = tuple(_made(kind, word, each) for each in (usual if given is None else given))
    if not 1 <= len(made) <= MOST_ANCHORS or len(set(made)) < len(made):
        raise InputError(
            f"anchors: expected 1 to {MOST_ANCHORS}, each another, found {len(made)}, {len(set(made))} of them"
            " different"
        )
    return made


def beside_text(kind: Kind, word: str, beside: str) -> str:
    """What the given pictures show that is not the subject, as an anchor's `direction` is written."""
    return correct_articles(f"a photo of a {word} {beside}" if kind == "object" else beside)


def reference_prompt(kind: Kind, beside: str = "") -> str:
    """What the given pictures show, as an anchor's `prompt` is written; without what is beside the subject if ""."""
    if kind == "object":
        return f"a photo of a {SUBJECT} {beside}".rstrip()
    return f"{beside or 'a picture'} in {SUBJECT}"


def spread_labels(
    labels: Sequence[str], features: npt.ArrayLike, *, leave_out: Iterable[str] = (), count: int = 18
) -> list[str]:
    """Labels that lie far from each other: the first, then always the one least like those before (k-center).

    Args:
        labels: content labels, L, the most frequent first.
        features: their text features, (L, D), unit vectors.
        leave_out: labels that are no direction, such as the class's own word.
        count: how many at most.

    Returns:
        At most `count` of the labels.

    Raises:
        InputError: shapes don't fit, or no label is left.
    """
    vectors = np.asarray(features, dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != len(labels):
        raise InputError(
            f"features: expected a row for each of the {len(labels)} labels, found shape {vectors.shape}"
        )
    unwanted = {each.casefold() for each in leave_out}
    left = [number for number, label in enumerate(labels) if label.casefold() not in unwanted]
    if not left:
        raise InputError("labels: expected at least one that is not the subject's own word, found none")
    chosen = [left[0]]
    nearest = vectors[left] @ vectors[left[0]]
    while len(chosen) < min(count, len(left)):
        number = left[int(np.argmin(nearest))]
        chosen.append(number)
        nearest = np.maximum(nearest, vectors[left] @ vectors[number])
    return [labels[number] for number in chosen]


def _made(kind: Kind, word: str, given: str | Anchor) -> Anchor:
    if isinstance(given, Anchor):
        if given.prompt.count(SUBJECT) != 1 or not given.direction.strip():
            raise InputError(
                f'anchors: expected a prompt with "{SUBJECT}" once and a direction in words, found {given!r}'
            )
        return given
    if not isinstance(given, str) or not given.strip() or SUBJECT in given:
        raise InputError(
            f"anchors: expected {'a place such as' if kind == 'object' else 'a thing such as'}"
            f" {(OBJECT_PLACES if kind == 'object' else STYLE_THINGS)[0]!r}, found {given!r}"
        )
    words = " ".join(given.split())
    return Anchor(correct_articles(reference_prompt(kind, words)), beside_text(kind, word, words))
