"""More like these: variety in what the selection leaves open, and more of what sets it apart."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine.mutate.contrast import Contrast
from datacrafter_widget.refine.mutate.edits import (
    add_slot,
    bring_in,
    drop_options,
    name_class,
    rearrange,
    unsaid,
    widen_words,
)
from datacrafter_widget.refine.mutate.text import listed
from datacrafter_widget.refine.mutate.wording import Wording, one_a_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import ArrayLike

    from datacrafter_widget.refine.candidates import Candidate, Tried
    from datacrafter_widget.refine.mutate.wording import EncodeTexts

_MOST_SEEDS = 4
_FEWEST_VALUES = 2
_MOST_WIDENED = 4
_LONGEST = 60


class VarietyMutator:
    """Variations of a template that bring variety.

    A word that stands fixed in the template and is a value of some attribute ("red") becomes a slot with the
    attribute's other values; attributes that the template does not speak of get a slot of their own.

    Args:
        class_word: what `{class}` becomes in a prompt.
        labels: L labels of the vocabulary, in any order.
        label_embeddings: (L, D) text embeddings of the labels.
        wanted: groups of (N, D) picture embeddings: the selection.
        unwanted: (R, D) picture embeddings: the rest of the class; R may be 0.
        wanted_prompts: the prompts that the selected generated pictures were made with.
        unwanted_prompts: those of the rest.
        encode_texts: texts → (T, D) embeddings in the space of the pictures. With it, attributes are found
            by what excludes what in texts; without, by what texts are alike.
        avoid: words never to bring in.

    Raises:
        InputError: arrays that don't fit.
    """

    def __init__(
        self,
        class_word: str,
        labels: Sequence[str],
        label_embeddings: ArrayLike,
        *,
        wanted: Sequence[ArrayLike],
        unwanted: ArrayLike,
        wanted_prompts: Sequence[str] = (),
        unwanted_prompts: Sequence[str] = (),
        encode_texts: EncodeTexts | None = None,
        avoid: Collection[str] = (),
    ) -> None:
        self._wording = Wording(class_word, labels, label_embeddings, encode_texts=encode_texts, avoid=avoid)
        self._contrast = Contrast(labels, label_embeddings, wanted, unwanted, names=("selected", "other"))
        self._wanted_prompts = tuple(wanted_prompts)
        self._unwanted_prompts = tuple(unwanted_prompts)
        groups = [np.asarray(group, np.float64) for group in (*wanted, unwanted)]
        groups = [group for group in groups if len(group)]
        self._shown = list[str]()
        if labels and groups:
            similarities = np.concatenate(groups) @ self._wording.embeddings.T
            similarities -= similarities.mean(1, keepdims=True)
            ranked = [np.argsort(-values) for values in (similarities.std(0), similarities.mean(0))]
            # What the class's pictures differ in already, and what they all show, in turn.
            self._shown = [labels[index] for pair in zip(*ranked, strict=True) for index in pair]

    def __call__(
        self, parent: Candidate, count: int, rng: np.random.Generator, tried: Sequence[Tried] = (), /
    ) -> list[Candidate]:
        """Give at most `count` variations of `parent`, the kinds of edit mixed, the most promising first."""
        word, towards = self._wording.class_word, self._contrast.towards
        wanted = self._contrast.wanted()
        wide = list(self._widen(parent))
        added = list(self._add(parent))
        name = one_a_reason(self._wording.promising(parent, name_class(parent, word, wanted), towards))
        context = self._wording.promising(parent, bring_in(parent, word, wanted), towards)
        options = list(drop_options(parent, word, self._wanted_prompts, self._unwanted_prompts))
        others = list(rearrange(parent, self._wording.families, rng))
        kinds = [wide, added, wide, added, options, context, name, others]
        return self._wording.choose(parent, kinds, count, tried, most_added_words=_LONGEST)

    def _widen(self, parent: Candidate) -> Iterator[Candidate]:
        """Make slots of words that stand fixed: of several at once, then of one after the other."""
        said = self._wording.said(PromptTemplate.parse(parent.template))[:_MOST_WIDENED]
        guesses = {label: self._wording.values_beside(label) for label in said}
        first = {label: families[0] for label, families in guesses.items() if families}
        for size in range(len(first), 1, -1):
            for labels in combinations(first, size):
                wider = [parent]
                for label in labels:
                    family = first[label]
                    wider += widen_words(wider[-1], label, family, _reason(label, family))
                yield from wider[-1:] if len(wider) == size + 1 else ()
        for label, families in guesses.items():
            for family in families:
                yield from widen_words(parent, label, family, _reason(label, family))

    def _add(self, parent: Candidate) -> Iterator[Candidate]:
        """Give attributes that the template does not speak of a slot."""
        known, seeds = list[str](), 0
        for label in self._shown:
            if seeds >= _MOST_SEEDS:
                break
            if self._wording.names_class(label) or any(self._wording.same(label, each) for each in known):
                continue
            seeds += 1
            values = [label, *next(iter(self._wording.values_beside(label)), [])]
            known += values
            yield from self._slot(parent, unsaid(values, parent))
        for family in self._wording.families:
            yield from self._slot(parent, unsaid(self._wording.distinct(family), parent))

    def _slot(self, parent: Candidate, values: Sequence[str]) -> Iterator[Candidate]:
        if len(values) >= _FEWEST_VALUES:
            yield from add_slot(parent, values, f"a choice of {listed(values)} brings variety")


def _reason(label: str, family: Sequence[str]) -> str:
    return f"a choice of '{label}' and {listed(family)} in place of '{label}' alone brings variety"
