"""The nearest phrases to a wished-for feature, from templates and content labels; nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.active.modality import unit_rows
from datacrafter_widget.active.sentence import Part, parts_of, sentence
from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.class_words import mentions
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.active.modality import ModalityGap

    EncodeTexts = Callable[[list[str]], ArrayLike]

MOST_LABELS = 3
LONGEST_LABEL = 60
_TRIED_LABELS = 16
_LEAST_RISE = 0.03  # of the similarity by one more label
_LEAST_ADDED = 0.15  # by one more phrase, as a share of the first one's similarity
_LEAST_CHANGE = 1e-6  # between features of length 1
_CLASS_SHARE = 4  # one in so many dimensions at most is taken to tell classes apart


@dataclass(frozen=True)
class Phrase:
    """A text of a class, and what it says besides the class.

    Attributes:
        text: usable as a prompt, such as "a photo of a red pear on snow".
        similarity: cosine between what is wished for and what the text says, the modality gap taken out.
        labels: the content labels in it.
    """

    text: str
    similarity: float
    labels: tuple[str, ...]


def nearest_phrases(
    x: ArrayLike,
    class_word: str,
    labels: Sequence[str],
    encode_texts: EncodeTexts,
    gap: ModalityGap,
    count: int = 3,
    *,
    usual: ArrayLike | None = None,
    others: Sequence[str] = (),
) -> list[Phrase]:
    """Say what a wished-for picture shows: the class's word with up to three labels.

    A synthesised x* lies near its class's mean, and what is nearest to both is the plain name of the class. So
    where the mean is given, a phrase is compared with the *change* from the mean to x*: by how its text changes
    against the plain name's. The modality gap cancels out in both differences. Without the mean, x itself and
    the text are compared, each seen from its modality's mean.

    Label sets grow by one label at a time; the best `count` sets are followed. A label stays when it raises the
    similarity. Of all sets the most similar comes first, then those that say most of what the ones before leave
    unsaid: several phrases don't say one thing in several words.

    Args:
        x: (D,) feature of a picture, such as x* of a query.
        class_word: what the class is called in a prompt.
        labels: content labels; the class's own word and those of others are left out.
        encode_texts: texts → (L, D) embeddings in the space of x.
        gap: between the pictures' features and the texts'.
        count: phrases at most.
        usual: (D,) mean feature of the class's pictures, or None.
        others: words of the other classes: no phrase names one, or is nearer to its plain name.

    Returns:
        1 to `count` phrases, the most similar first. The plain name of the class, of similarity 0 or less, where
        no label fits.

    Raises:
        InputError: features that don't fit, an empty word, or a count below 1.
    """
    if count < 1 or not class_word.strip():
        msg = f"expected a count of 1 or more and a class's word, found {count!r} and {class_word!r}"
        raise InputError(msg)
    aim = Aim(x, usual, class_word, others, encode_texts, gap)
    usable = list(dict.fromkeys(plain_line(label, LONGEST_LABEL) for label in labels))
    usable = [label for label in usable if label and not mentions(label, class_word, *others)]
    parts = _best_parts(aim, _nearest_labels(aim, usable))
    sets: list[tuple[Part, ...]] = [()]
    found: dict[tuple[Part, ...], float] = {(): aim.plain}
    while sets and len(sets[0]) < MOST_LABELS:
        grown = {
            frozenset(each.label for each in (*old, part)): (*old, part)
            for old in sets
            for part in parts
            if part.joins(old)
        }
        scored = dict(zip(grown.values(), aim.sentences([*grown.values()]), strict=True))
        better = {new: score for new, score in scored.items() if score > found[new[:-1]] + _LEAST_RISE}
        sets = sorted(better, key=lambda new: -better[new])[:count]
        found |= better
    said = [each for each in found if each] or [()]
    best = aim.telling([sentence(class_word, each) for each in said], count)
    return [
        Phrase(sentence(class_word, said[at]), float(found[said[at]]), tuple(part.label for part in said[at]))
        for at in best
    ]


class Aim:
    """What is wished for, and how near a text comes to it; arguments as for `nearest_phrases`."""

    def __init__(
        self,
        x: ArrayLike,
        usual: ArrayLike | None,
        class_word: str,
        others: Sequence[str],
        encode_texts: EncodeTexts,
        gap: ModalityGap,
    ) -> None:
        dim = len(gap.image_mean)
        wished = unit_rows(np.reshape(x, (1, -1)), "x", dim)
        self.class_word = class_word
        self._encode = encode_texts
        self._gap = gap
        self._names = unit_rows(
            encode_texts([sentence(word, ()) for word in (class_word, *others)]), "texts", dim
        )
        if usual is None:
            self._direction = gap.centre_images(wished)[0]
            self.plain = float(gap.centre_texts(self._names[:1])[0] @ self._direction)
        else:
            change = (wished - unit_rows(np.reshape(usual, (1, -1)), "usual", dim))[0]
            self._direction = self._within_class(change)
            self.plain = 0.0
        self._changes = usual is not None

    def labels(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """How near bare labels come, (L,)."""
        return self._gap.centre_texts(np.asarray(self._encode(list(labels)))) @ self._direction

    def sentences(self, sets: Sequence[tuple[Part, ...]]) -> NDArray[np.float64]:
        """How near sentences with these parts come, (S,)."""
        return self.texts([sentence(self.class_word, parts) for parts in sets])

    def texts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How near texts come, (S,), from -1 to 1; -1 for those that another class's plain name is nearer to."""
        if not texts:
            return np.empty(0)
        features = self._features(texts)
        cosines = features @ self._names.T
        return np.where(cosines.argmax(axis=1) == 0, self._said(features) @ self._direction, -1.0)

    def telling(self, texts: Sequence[str], count: int) -> list[int]:
        """Which `count` texts to choose: the nearest, then each that says most of what those before leave unsaid.

        When they leave little, the nearest of the rest follow.
        """
        scores, rest = self.texts(texts), self._said(self._features(texts))
        chosen = [int(scores.argmax())]
        left = np.ones(len(texts), bool)
        while len(chosen) < min(count, len(texts)):
            left[chosen[-1]] = False
            last = unit_rows(rest[chosen[-1]][None], "texts")[0]
            rest = rest - np.outer(rest @ last, last)
            added = np.where(left & (scores > 0), rest @ self._direction, -1.0)
            enough = added.max() > _LEAST_ADDED * scores[chosen[0]]
            chosen.append(int((added if enough else np.where(left, scores, -np.inf)).argmax()))
        return chosen

    def _features(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return unit_rows(self._encode(list(texts)), "texts", len(self._direction))

    def _said(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """What texts say, (S, D) unit rows: how they differ from the plain name, or from all texts."""
        return (
            unit_rows(features - self._names[0], "texts")
            if self._changes
            else self._gap.centre_texts(features)
        )

    def _within_class(self, change: NDArray[np.float64]) -> NDArray[np.float64]:
        """The direction of a change, without what would make another class of it: no words of this one say that.

        Left in, it brings parts and kinds of other classes into phrases: a lemon with a sail.
        """
        length = float(np.linalg.norm(change))
        if length < _LEAST_CHANGE:
            return np.zeros_like(change)
        apart = self._names[1:] - self._names[0]
        _, values, directions = np.linalg.svd(apart, full_matrices=False)
        kept = directions[values > _LEAST_CHANGE][: len(change) // _CLASS_SHARE]
        return (change - kept.T @ (kept @ change)) / length


def _nearest_labels(aim: Aim, labels: list[str]) -> list[str]:
    """The labels that are nearest by themselves: only they are tried in sentences."""
    if not labels:
        return []
    order = np.argsort(-aim.labels(labels), kind="stable")
    return [labels[at] for at in order[:_TRIED_LABELS]]


def _best_parts(aim: Aim, labels: list[str]) -> list[Part]:
    """For each label the way to say it that comes nearest."""
    ways = [part for label in labels for part in parts_of(label)]
    scores = aim.sentences([(part,) for part in ways])
    best: dict[str, tuple[float, Part]] = {}
    for part, score in zip(ways, scores, strict=True):
        if part.label not in best or score > best[part.label][0]:
            best[part.label] = (float(score), part)
    return [part for _, part in best.values()]
