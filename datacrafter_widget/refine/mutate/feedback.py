"""Remove, and one set without another: drive out what unwanted pictures show, bring in what wanted ones do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.mutate.contrast import Contrast
from datacrafter_widget.refine.mutate.edits import bring_in, drive_out, drop_options, name_class, rearrange
from datacrafter_widget.refine.mutate.saying import say
from datacrafter_widget.refine.mutate.wording import Wording, one_a_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import ArrayLike

    from datacrafter_widget.refine.candidates import Candidate, Tried
    from datacrafter_widget.refine.mutate.wording import EncodeTexts


_NAMES = 3


class FeedbackMutator:
    """Variations of a template that tell wanted from unwanted pictures.

    For *remove*, `wanted` is what the user kept and `unwanted` what was removed; for *A without B* they are A
    and B.

    Args:
        class_word: what `{class}` becomes in a prompt.
        labels: L labels of the vocabulary, in any order.
        label_embeddings: (L, D) text embeddings of the labels.
        wanted: groups of (N, D) picture embeddings, see `evidence.contrast_labels`.
        unwanted: (R, D) picture embeddings.
        wanted_prompts: the prompts that the wanted generated pictures were made with.
        unwanted_prompts: those of the unwanted ones.
        rest: (M, D) picture embeddings of the class that are neither. What tells the wanted ones from these
            comes in, too: for *A without B*, A is not only what B is not.
        rest_prompts: the prompts that those were made with.
        encode_texts: texts → (T, D) embeddings in the space of the pictures. With it, edits whose prompts
            move towards the wanted pictures are tried first.
        avoid: words never to bring in.

    Raises:
        InputError: arrays that don't fit, or no wanted or unwanted pictures.
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
        rest: ArrayLike = (),
        rest_prompts: Sequence[str] = (),
        encode_texts: EncodeTexts | None = None,
        avoid: Collection[str] = (),
    ) -> None:
        self._wording = Wording(class_word, labels, label_embeddings, encode_texts=encode_texts, avoid=avoid)
        sizes = [sum(len(np.asarray(group)) for group in wanted), len(np.asarray(unwanted))]
        if not all(sizes):
            raise InputError(f"expected wanted and unwanted pictures, found {sizes[0]} and {sizes[1]}")
        self._contrast = Contrast(labels, label_embeddings, wanted, unwanted)
        self._wanted_prompts = tuple(wanted_prompts)
        self._unwanted_prompts = tuple(unwanted_prompts)
        self._beyond = Contrast(labels, label_embeddings, wanted, rest, names=("wanted", "other"))
        self._rest_prompts = tuple(rest_prompts)

    def __call__(
        self, parent: Candidate, count: int, rng: np.random.Generator, tried: Sequence[Tried] = (), /
    ) -> list[Candidate]:
        """Give at most `count` variations of `parent`, the kinds of edit mixed, the most promising first."""
        word, towards = self._wording.class_word, self._contrast.towards
        wanted, unwanted = self._contrast.wanted(), self._contrast.unwanted()
        name = one_a_reason(self._wording.promising(parent, name_class(parent, word, wanted), towards))
        negative = list(drive_out(parent, word, unwanted))
        both = [
            replace(first, negative=second.negative, reasons=(*first.reasons, second.reasons[-1]))
            for first, second in zip(name, [*negative[:1] * 2, *negative], strict=False)
        ]
        context = self._wording.promising(parent, bring_in(parent, word, wanted), towards)
        options = list(self._drop(parent))
        narrow = [each for first in name[:_NAMES] for each in list(self._drop(first))[:1]]
        like = self._more_wanted(parent)
        like += [each for first in like[:_NAMES] for each in list(drive_out(first, word, unwanted))[:1]]
        others = list(rearrange(parent, self._wording.families, rng))
        kinds = [name, narrow, both, options, like, name, negative, like, name, context, name, both, others]
        return self._wording.choose(parent, kinds, count, tried)

    def _drop(self, parent: Candidate) -> Iterator[Candidate]:
        return drop_options(parent, self._wording.class_word, self._wanted_prompts, self._unwanted_prompts)

    def _more_wanted(self, parent: Candidate) -> list[Candidate]:
        """Say what tells wanted pictures from the rest, and drop the options of the unwanted ones with it."""
        word = self._wording.class_word
        dropped = list(drop_options(parent, word, self._wanted_prompts, self._rest_prompts))[:_NAMES]
        said = [
            each
            for label, reason in self._beyond.wanted()[:_NAMES]
            for each in say(self._wording, parent, label, reason)
        ]
        said = one_a_reason(self._wording.promising(parent, said, self._beyond.towards))
        found = [*dropped, *said]
        both = [each for first in found[:_NAMES] for each in list(self._drop(first))[:1]]
        return [*both, *found]
