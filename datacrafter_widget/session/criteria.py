"""What a search is told of the feedback on one class: an objective and what varies the prompt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.editing.wishes import said_as_wished
from datacrafter_widget.generation.english import correct_articles
from datacrafter_widget.refine import (
    CombineMutator,
    CombineObjective,
    FeedbackMutator,
    MoreLikeObjective,
    RemoveObjective,
    TransformObjective,
    VarietyMutator,
    WishMutator,
    WithoutObjective,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from datacrafter_widget.refine import Mutate, Objective
    from datacrafter_widget.session.feedback import Feedback
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store.records import Picture

    Confidence = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Family:
    """Pictures of one class that the feedback treats alike, with their embeddings (N, D) in the same order."""

    pictures: list[Picture]
    features: NDArray[np.float32]

    @property
    def prompts(self) -> list[str]:
        """The prompts of those that were generated."""
        return [picture.provenance.prompt for picture in self.pictures if picture.provenance]


@dataclass(frozen=True)
class Families:
    """The pictures of one class, as the feedback sees them.

    Attributes:
        marked: what the feedback is about; for *remove* also what was removed before.
        second: the second set of *combine* and *without*; of *transform* what edited pictures became.
        rest: the other generated pictures that are visible.
        originals: the other originals that are visible.
    """

    marked: Family
    second: Family
    rest: Family
    originals: Family


@dataclass(frozen=True)
class Criterion:
    """How a search scores pictures, and how it varies prompts."""

    objective: Objective
    mutate: Mutate
    wanted: list[Picture]
    unwanted: list[Picture]


def families(observer: Observer, feedback: Feedback, everything: Sequence[Picture]) -> Families:
    """Sort the pictures of a class (hidden ones too) by what the feedback says of them."""
    marked, second = set(feedback.ids), set(feedback.second)
    removes = feedback.kind == "remove"

    def told(picture: Picture) -> bool:
        if removes:  # originals are known to be wanted; what was removed before is still unwanted
            return picture.origin == "generated" and (picture.hidden or picture.id in marked)
        return picture.id in marked

    def family(which: Callable[[Picture], bool]) -> Family:
        chosen = [picture for picture in everything if which(picture)]
        ids, features = observer.embeddings(chosen)
        by_id = {picture.id: picture for picture in chosen}
        return Family([by_id[int(picture)] for picture in ids], features)

    def other(picture: Picture) -> bool:
        return not picture.hidden and picture.id not in second and not told(picture)

    return Families(
        family(told),
        family(lambda picture: picture.id in second),
        family(lambda picture: picture.origin == "generated" and other(picture)),
        family(lambda picture: picture.origin == "original" and other(picture)),
    )


@dataclass(frozen=True)
class Criteria:
    """Makes criteria for the feedback on one class.

    Attributes:
        class_word: what `{class}` becomes in a prompt.
        labels: L words of the vocabulary.
        label_embeddings: (L, D).
        confidence: class probabilities (N,) of features (N, D).
        encode_texts: texts → (T, D) in the space of the pictures.
        avoid: words that the user does not want to see in a prompt.
    """

    class_word: str
    labels: Sequence[str]
    label_embeddings: NDArray[np.float32]
    confidence: Confidence
    encode_texts: Callable[[list[str]], NDArray[np.float32]]
    avoid: Collection[str]

    def of(self, feedback: Feedback, sets: Families) -> Criterion | None:
        """The objective and the built-in mutator for some feedback; None when it says nothing of the class."""
        make = {
            "remove": self._remove,
            "more_like": self._more_like,
            "transform": self._transform,
            "combine": self._combine,
            "without": self._without,
        }[feedback.kind]
        return make(feedback, sets) if len(sets.marked.features) else None

    def _remove(self, feedback: Feedback, sets: Families) -> Criterion | None:
        removed, rest, originals = sets.marked, sets.rest, sets.originals
        if not len(rest.features) and not len(originals.features):
            return None
        _, scored = self._scored(feedback, removed, rest, originals)
        objective = RemoveObjective(removed.features, rest.features, originals.features, **scored)
        mutate = FeedbackMutator(*self._words, **self._contrast([rest, originals], removed))
        return Criterion(objective, mutate, rest.pictures + originals.pictures, removed.pictures)

    def _more_like(self, feedback: Feedback, sets: Families) -> Criterion:
        selected, rest = sets.marked, sets.rest
        # When the whole class was selected, nothing sets the selection apart.
        others = next(each for each in (rest, sets.originals, selected) if len(each.features))
        own, scored = self._scored(feedback, selected, rest)
        objective = MoreLikeObjective(selected.features, own, **scored)
        mutate = VarietyMutator(*self._words, **self._contrast([selected], others))
        return Criterion(objective, mutate, selected.pictures, rest.pictures)

    def _transform(self, feedback: Feedback, sets: Families) -> Criterion:
        selected = sets.marked
        own, scored = self._scored(feedback, selected, sets.rest, sets.originals)
        source, target = self.encode_texts(
            [correct_articles(f"a {self.class_word}{words}") for words in ("", f" {feedback.wish}")]
        )
        edited = sets.second.features if len(sets.second.features) else None
        objective = TransformObjective(selected.features, own, source, target, edited=edited, **scored)
        rewrite = partial(said_as_wished, wish=feedback.wish)
        mutate = WishMutator(*self._words, feedback.wish, rewrite=rewrite, **self._common)
        return Criterion(objective, mutate, selected.pictures, [])

    def _combine(self, feedback: Feedback, sets: Families) -> Criterion | None:
        first, second, rest = sets.marked, sets.second, sets.rest
        if not len(second.features):
            return None
        own, scored = self._scored(feedback, first, second, rest)
        objective = CombineObjective(first.features, second.features, own, **scored)
        mutate = CombineMutator(
            *self._words,
            first=first.features,
            second=second.features,
            rest=rest.features,
            first_prompts=first.prompts,
            second_prompts=second.prompts,
            rest_prompts=rest.prompts,
            **self._common,
        )
        return Criterion(objective, mutate, first.pictures + second.pictures, rest.pictures)

    def _without(self, feedback: Feedback, sets: Families) -> Criterion | None:
        first, second = sets.marked, sets.second
        if not len(second.features):
            return None
        own, scored = self._scored(feedback, first, second, sets.rest)
        objective = WithoutObjective(first.features, second.features, own, **scored)
        mutate = FeedbackMutator(
            *self._words,
            **self._contrast([first], second),
            rest=sets.rest.features,
            rest_prompts=sets.rest.prompts,
        )
        return Criterion(objective, mutate, first.pictures, second.pictures)

    @property
    def _words(self) -> tuple[str, Sequence[str], NDArray[np.float32]]:
        return self.class_word, self.labels, self.label_embeddings

    @property
    def _common(self) -> dict[str, Any]:
        return {"encode_texts": self.encode_texts, "avoid": self.avoid}

    def _scored(self, feedback: Feedback, *groups: Family) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """All groups' features one after the other, and their confidence and the weights by name."""
        own = np.concatenate([group.features for group in groups if len(group.features)])
        return own, {"confidence": self.confidence(own), "weights": feedback.all_weights}

    def _contrast(self, wanted: Sequence[Family], unwanted: Family) -> dict[str, Any]:
        return {
            **self._common,
            "wanted": [family.features for family in wanted],
            "unwanted": unwanted.features,
            "wanted_prompts": [prompt for family in wanted for prompt in family.prompts],
            "unwanted_prompts": unwanted.prompts,
        }
