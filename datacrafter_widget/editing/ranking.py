"""Who should carry out a wish: by what editors are good at, what was given, and how people chose before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacrafter_widget.editing.ratings import Rating
    from datacrafter_widget.models.editors.editor import Abilities, Action

_BEST, _LEAST, _NOT_NAMED = 1.0, -0.5, -2.0
_HELP = 1.0
"""Log-odds: of an action that an editor names first, last or not at all; of a mask or reference that it uses."""


@dataclass(frozen=True)
class Ranked:
    """An editor for a wish.

    Attributes:
        name: the editor.
        score: 0 … 1, the share of choices that it is expected to win among those ranked.
        text: the wish in the form that this editor reads: an instruction, or the target caption.
        reason: why it stands where it stands.
    """

    name: str
    score: float
    text: str
    reason: str


def rank(
    action: Action,
    editors: Mapping[str, Abilities],
    texts: Mapping[str, str],
    *,
    has_mask: bool = False,
    has_reference: bool = False,
    ratings: Mapping[str, Sequence[Rating]] | None = None,
) -> tuple[Ranked, ...]:
    """Rank the editors that can run, the most promising first.

    An editor that requires a mask or a reference picture which is not there is left out.

    Args:
        action: what is to be done.
        editors: what each can do, by name.
        texts: what each is told, by name.
        has_mask: whether there is a mask.
        has_reference: whether there is a reference picture.
        ratings: by action, how editors did in blind choices; they add to what an editor says of itself.
    """
    rated = {each.editor: each for each in (ratings or {}).get(action, ())}
    able = {
        name: abilities
        for name, abilities in editors.items()
        if (abilities.mask != "required" or has_mask) and (abilities.reference != "required" or has_reference)
    }
    strengths, reasons = [], []
    for name, abilities in able.items():
        strength, why = _ability(action, abilities)
        for given, use, what in (
            (has_mask, abilities.mask, "mask"),
            (has_reference, abilities.reference, "reference"),
        ):
            if given:
                strength += _HELP if use != "never" else -_HELP
                why += f", {'uses' if use != 'never' else 'does not use'} the {what}"
        if name in rated:
            strength += rated[name].rating
            why += f", chosen {rated[name].chosen} of {rated[name].shown} times"
        strengths.append(strength)
        reasons.append(why)
    scores = softmax(strengths) if strengths else np.zeros(0)
    ranked = [
        Ranked(name, float(score), texts[name], why)
        for name, score, why in zip(able, scores, reasons, strict=True)
    ]
    return tuple(sorted(ranked, key=lambda each: -each.score))


_SAID: Final[dict[Action, str]] = {
    "swap": "swaps things",
    "insert": "adds things",
    "remove": "removes things",
    "restyle": "changes the style",
    "recolour": "changes colours",
    "relight": "changes light and background",
    "reorient": "changes pose and view",
    "global": "changes the whole picture",
}


def _ability(action: Action, abilities: Abilities) -> tuple[float, str]:
    if action not in abilities.actions:
        return _NOT_NAMED, f"not made for this ({_SAID[action]})"
    place = abilities.actions.index(action) / max(len(abilities.actions) - 1, 1)
    return _BEST + place * (_LEAST - _BEST), _SAID[action]
