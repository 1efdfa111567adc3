"""Combine two sets: say what tells each of them from the rest, both at once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.refine.mutate.contrast import Contrast
from datacrafter_widget.refine.mutate.edits import drop_options
from datacrafter_widget.refine.mutate.saying import keep_options, say
from datacrafter_widget.refine.mutate.wording import Wording, one_a_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import ArrayLike

    from datacrafter_widget.refine.candidates import Candidate, Tried
    from datacrafter_widget.refine.mutate.wording import EncodeTexts

_LABELS_A_SET = 3
_FORMS = 2


class CombineMutator:
    """Variations of a template that say what two sets of pictures show.

    Args:
        class_word: what `{class}` becomes in a prompt.
        labels: L labels of the vocabulary, in any order.
        label_embeddings: (L, D) text embeddings of the labels.
        first: (A, D) picture embeddings of one set, A ≥ 1.
        second: (B, D) picture embeddings of the other, B ≥ 1.
        rest: (R, D) those of the class that are in neither; R may be 0.
        first_prompts: the prompts that the first set's generated pictures were made with.
        second_prompts: those of the second set's.
        rest_prompts: those of the rest.
        encode_texts: texts → (T, D) embeddings in the space of the pictures.
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
        first: ArrayLike,
        second: ArrayLike,
        rest: ArrayLike,
        first_prompts: Sequence[str] = (),
        second_prompts: Sequence[str] = (),
        rest_prompts: Sequence[str] = (),
        encode_texts: EncodeTexts | None = None,
        avoid: Collection[str] = (),
    ) -> None:
        self._wording = Wording(class_word, labels, label_embeddings, encode_texts=encode_texts, avoid=avoid)
        sets = [np.asarray(each, np.float64) for each in (first, second)]
        others = np.asarray(rest, np.float64)
        self._contrasts = []
        for own, other, name in (
            (sets[0], sets[1], "the first set"),
            (sets[1], sets[0], "the second set"),
        ):
            rows = {row.tobytes() for row in own}
            strangers = [row for part in (other, others) for row in part if row.tobytes() not in rows]
            self._contrasts.append(
                Contrast(labels, label_embeddings, [own], np.array(strangers), names=(f"{name}'s", "other"))
            )
        self._prompts = [
            (tuple(first_prompts), (*second_prompts, *rest_prompts)),
            (tuple(second_prompts), (*first_prompts, *rest_prompts)),
        ]

    def __call__(
        self, parent: Candidate, count: int, _rng: np.random.Generator, tried: Sequence[Tried] = (), /
    ) -> list[Candidate]:
        """Give at most `count` variations of `parent`, the most promising first."""
        one, other = (list(self._say(parent, which)) for which in (0, 1))
        both = list(self._both(parent))
        return self._wording.choose(parent, [both, both, one, other], count, tried)

    def _say(self, parent: Candidate, which: int) -> list[Candidate]:
        """Say what tells one of the sets."""
        contrast = self._contrasts[which]
        wanted = contrast.wanted()
        found = [
            each
            for label, reason in wanted[:_LABELS_A_SET]
            for each in say(self._wording, parent, label, reason)
        ]
        found = one_a_reason(self._wording.promising(parent, found, contrast.towards))
        kept = [each for label, reason in wanted for each in keep_options(parent, label, reason)]
        dropped = drop_options(parent, self._wording.class_word, *self._prompts[which])
        return [*kept[:1], *dropped, *found]

    def _both(self, parent: Candidate) -> Iterator[Candidate]:
        """Say what tells one, then what tells the other."""
        first = self._say(parent, 0)[: _LABELS_A_SET * _FORMS]
        second = [self._say(each, 1) for each in first]
        ranks = sorted(
            product(range(len(first)), range(_LABELS_A_SET * _FORMS)), key=lambda pair: (sum(pair), pair)
        )
        for one, other in ranks:
            yield from second[one][other : other + 1]
