"""Verdict: in plain words, whether a round of pictures helped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datacrafter_widget.training.intervals import Interval

Effect = Literal["raised", "none", "lowered", "unknown"]

FELL = 0.95
"""Diversity below this share of what it was is said to have fallen, …"""
ROSE = 1.1
"""… and distance above this share to have risen: rounds of the same prompts differ by less."""
MOST_OF_IT = 0.5
NEARLY_ALL = 0.97
"""Of the accuracy, above which there is little left to gain."""
_SOME = 1e-9


@dataclass(frozen=True)
class Verdict:
    """What a round did to the accuracy of a linear probe.

    Attributes:
        text: the verdict, one or two sentences.
        effect: whether the accuracy "raised" or "lowered" beyond chance (95 %), or "none"; "unknown" before a
            round was measured.
        pictures: how many the round has, without those removed or flagged.
        change: against the round before, as a share; None when unknown.
        overall: of all rounds together against the originals alone; None when unknown.
    """

    text: str
    effect: Effect = "unknown"
    pictures: int = 0
    change: Interval | None = None
    overall: Interval | None = None

    def __str__(self) -> str:
        return self.text


def judge(
    *,
    pictures: int,
    change: Interval,
    rounds: int,
    total: int,
    overall: Interval,
    accuracy: str = "validation accuracy",
    level: float = 0.0,
    now: Mapping[str, float] | None = None,
    before: Mapping[str, float] | None = None,
    class_changes: Mapping[str, int] | None = None,
) -> Verdict:
    """Say what the last round did, and all rounds together.

    Args:
        pictures: how many the last round has.
        change: of the accuracy against the round before, or the originals if it is the first; in shares.
        rounds: how many rounds there are.
        total: how many pictures all of them have.
        overall: of the accuracy against the originals alone.
        accuracy: what it is called.
        level: what it was before, as a share.
        now: ``diversity`` and ``distance`` of the round, as far as they are known.
        before: the same of the round before.
        class_changes: class → how many more test pictures of it are told right.
    """
    effect = effect_of(change)
    these = "This picture" if pictures == 1 else f"These {pictures:,} pictures"
    if effect == "none":
        text = f"No measurable effect ({_signed(change).removeprefix('+')})"
    else:
        text = f"{these} {effect} {accuracy} by {_points(change)}"
    if effect == "lowered":
        text += _where(class_changes or {})
    why = [] if effect == "raised" else _reasons(now or {}, before or {})
    if effect == "none" and level > NEARLY_ALL:
        why.insert(0, f"{100 * level:.1f} % were told right before")
    text += f"; {' and '.join(why)}." if why else "."
    if rounds > 1:
        text += f" All {total:,} in {rounds} rounds against the originals alone: {_signed(overall)}."
    return Verdict(text, effect, pictures, change, overall)


def effect_of(change: Interval) -> Effect:
    """Whether a change is beyond chance, and which way; less than a twentieth of a point is none."""
    if change.low > 0 and _number(change.mean) != "0.0":
        return "raised"
    return "lowered" if change.high < 0 and _number(change.mean) != "0.0" else "none"


def _reasons(now: Mapping[str, float], before: Mapping[str, float]) -> list[str]:
    known = {name: (now[name], before[name]) for name in now.keys() & before.keys()}
    reasons = []
    if "diversity" in known and known["diversity"][0] < FELL * known["diversity"][1]:
        reasons.append("diversity fell")
    if "distance" in known and known["distance"][0] > ROSE * max(known["distance"][1], _SOME):
        reasons.append("the pictures moved away from the originals")
    return reasons


def _where(class_changes: Mapping[str, int]) -> str:
    """The class that lost most of what was lost, where one did."""
    lost = -sum(each for each in class_changes.values() if each < 0)
    if not lost or len(class_changes) < 2:
        return ""
    worst = min(class_changes, key=class_changes.__getitem__)
    return f", most of it in {worst}" if -class_changes[worst] > MOST_OF_IT * lost else ""


def _points(change: Interval) -> str:
    """Percentage points without a sign, "1.8 ± 0.6 points"."""
    return f"{_number(abs(change.mean))} ± {_number(change.half_width)} points"


def _signed(change: Interval) -> str:
    text = _number(change.mean)
    sign = "" if text == "0.0" or change.mean < 0 else "+"
    return f"{sign}{text} ± {_number(change.half_width)} points".replace("-", "\N{MINUS SIGN}")


def _number(change: float) -> str:
    return f"{100 * change:.1f}".replace("-0.0", "0.0")
