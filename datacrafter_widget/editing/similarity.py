"""What a wish asks for by the examples that are most like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.special import softmax

from datacrafter_widget.editing.examples import EXAMPLES
from datacrafter_widget.editing.reading import LIKELY, Reading, bare_wish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEAREST = 3
PER_ACTION = 20
"""Examples of each action that are embedded; all of them would take an encoder a minute."""


class TextEncoder(Protocol):
    """What similarity asks of an encoder."""

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: (L, D), rows of length 1."""


def read_by_examples(instruction: str, encoder: TextEncoder) -> Reading:
    """The action whose three nearest examples are nearest, on average.

    Args:
        instruction: a wish.
        encoder: embeds it and the examples; the examples of one encoder are embedded once if it keeps them.
    """
    actions = list(EXAMPLES)
    said = bare_wish(instruction) or instruction
    texts = [bare_wish(text) for action in actions for text in EXAMPLES[action][:PER_ACTION]]
    features = encoder.encode_texts([said, *texts])
    cosines = features[1:] @ features[0]
    owners = np.repeat(np.arange(len(actions)), PER_ACTION)
    means = np.array([np.sort(cosines[owners == at])[-NEAREST:].mean() for at in range(len(actions))])
    shares = softmax(means * encoder.logit_scale)
    best = int(means.argmax())
    nearest = EXAMPLES[actions[best]][int(cosines[owners == best].argmax())]
    confidence = min(float(shares[best]), LIKELY)  # a likeness is never as sure as a rule
    return Reading(actions[best], confidence, f"it is most like '{nearest}'")
