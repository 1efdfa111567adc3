"""Transform: say the wish, and take away what contradicts it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.mutate.rewrite import rewritten
from datacrafter_widget.refine.mutate.saying import say
from datacrafter_widget.refine.mutate.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import numpy as np
    from numpy.typing import ArrayLike

    from datacrafter_widget.refine.candidates import Candidate, Tried
    from datacrafter_widget.refine.mutate.wording import EncodeTexts


class WishMutator:
    """Variations of a template that say a wish ("at night").

    Args:
        class_word: what `{class}` becomes in a prompt.
        labels: L labels of the vocabulary, in any order.
        label_embeddings: (L, D) text embeddings of the labels.
        wish: the change that the user wants, in words.
        encode_texts: texts → (T, D) embeddings. With it, words of the template that the wish excludes are
            found and taken away.
        avoid: words never to bring in; the wish's own words stay.
        rewrite: a caption → the caption that says the wish, in place of what it says of the same kind. With it the
            template is changed as a caption would be.

    Raises:
        InputError: an empty wish, or embeddings that don't fit the labels.
    """

    def __init__(
        self,
        class_word: str,
        labels: Sequence[str],
        label_embeddings: ArrayLike,
        wish: str,
        *,
        encode_texts: EncodeTexts | None = None,
        avoid: Collection[str] = (),
        rewrite: Callable[[str], str] | None = None,
    ) -> None:
        self._wish = " ".join(wish.split())
        if not self._wish:
            raise InputError("expected a wish in words such as 'at night', found none")
        self._rewrite = rewrite
        self._wording = Wording(
            class_word, labels, label_embeddings, encode_texts=encode_texts, avoid=avoid, allow=[wish]
        )

    def __call__(
        self, parent: Candidate, count: int, _rng: np.random.Generator, tried: Sequence[Tried] = (), /
    ) -> list[Candidate]:
        """Give at most `count` variations of `parent`, the most promising first."""
        reason = f"says '{self._wish}'"
        said = list(say(self._wording, parent, self._wish, reason))
        if self._rewrite is not None:
            said = [*rewritten(parent, self._wording.class_word, self._rewrite, reason), *said]
        rivals = self._wording.rivals(self._wish)
        driven = [
            replace(
                each,
                negative=", ".join([*([parent.negative] if parent.negative else []), *rivals[:2]]),
                reasons=(*each.reasons, f"drives out {' and '.join(rivals[:2])}, which the wish excludes"),
            )
            for each in (said or [parent])
            if rivals
        ]
        return self._wording.choose(parent, [said, said, driven], count, tried)
