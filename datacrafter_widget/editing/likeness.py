"""What a wish asks for by how it is worded: a linear classifier, trained on the examples when it is first needed."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.special import softmax

from datacrafter_widget.editing.examples import EXAMPLES
from datacrafter_widget.editing.kinds import kinds, tokens
from datacrafter_widget.editing.reading import bare_wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from datacrafter_widget.models.editors.editor import Action

MOST_WORDS, MOST_KINDS = 3, 4
"""In a row, as one feature."""
REGULARISATION = 0.4
SHARPNESS = 4.5
"""What margins are multiplied with before a softmax, so that shares are how often it is right (held-out examples)."""


class Classifier:
    """Words, kinds of words and letters in a row, each weighted by how rare it is, and a boundary for each action."""

    def __init__(self, examples: Sequence[tuple[str, Action]]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.svm import LinearSVC

        self._texts = [text for text, _ in examples]
        self._owners: NDArray[Any] = np.array([action for _, action in examples])
        self._vectorisers = (
            TfidfVectorizer(analyzer=_words, sublinear_tf=True),
            TfidfVectorizer(analyzer=_kinds, sublinear_tf=True, min_df=2),
            TfidfVectorizer(
                analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2, preprocessor=_plain
            ),
        )
        self._features = sparse.hstack(
            [each.fit_transform(self._texts) for each in self._vectorisers]
        ).tocsr()
        self._names = self._vectorisers[0].get_feature_names_out()
        self._vocabulary = self._vectorisers[0].vocabulary_
        self._boundaries = LinearSVC(C=REGULARISATION, class_weight="balanced", random_state=0)
        self._boundaries.fit(self._features, self._owners)

    def shares(
        self, instruction: str, votes: Mapping[Action, float] = MappingProxyType({})
    ) -> dict[Action, float]:
        """How likely a wish asks for each action.

        Args:
            instruction: a wish.
            votes: what something else that knows adds to the margins of actions.
        """
        actions: list[Action] = [str(each) for each in self._boundaries.classes_]  # type: ignore[misc]
        margins = self._boundaries.decision_function(self._of(instruction))[0]
        margins = margins + np.array([votes.get(action, 0.0) for action in actions])
        return dict(zip(actions, map(float, softmax(SHARPNESS * margins)), strict=True))

    def knows(self, instruction: str) -> bool:
        """Whether any word of a wish is in an example or of a known kind."""
        words = [word for word in tokens(_plain(instruction)) if word.isalnum()]
        return any(word in self._vocabulary for word in words) or not {"WORD", "#"}.issuperset(
            kinds(instruction)
        )

    def reason(self, instruction: str, action: Action) -> str:
        """Why a wish asks for an action: the example that is worded most like it, and the words that tell most."""
        features = self._of(instruction)
        own = np.flatnonzero(self._owners == action)
        nearest = self._texts[own[(self._features[own] @ features.T).toarray()[:, 0].argmax()]]
        weights = self._boundaries.coef_[list(self._boundaries.classes_).index(action)]
        speaks = {
            name: weights[at] * features[0, at]
            for at in features.indices[features.indices < len(self._names)]
            if (name := self._names[at].strip("<> "))
        }
        telling = max(speaks, key=lambda name: speaks[name], default="")
        return f"it is worded like '{nearest}'" + (f" (by '{telling}')" if telling else "")

    def _of(self, instruction: str) -> Any:
        return sparse.hstack([each.transform([instruction]) for each in self._vectorisers]).tocsr()


@functools.cache
def classifier() -> Classifier:
    """The one trained on all examples."""
    return Classifier([(text, action) for action, texts in EXAMPLES.items() for text in texts])


def _plain(text: str) -> str:
    return (bare_wish(text) or text).lower()


def _words(text: str) -> list[str]:
    return list(_rows(tokens(_plain(text)), MOST_WORDS))


def _kinds(text: str) -> list[str]:
    return list(_rows(kinds(bare_wish(text) or text), MOST_KINDS))


def _rows(each: Sequence[str], most: int) -> Iterable[str]:
    """All runs of one to `most` words, with where the wish begins and ends."""
    marked = ["<", *each, ">"]
    for length in range(1, most + 1):
        for start in range(len(marked) - length + 1):
            yield " ".join(marked[start : start + length])
