"""What checks found in pictures, said so that a person sees what to do."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from datacrafter_widget.session.events import Events
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Flag

_KINDS = {
    "near_original": ("is nearly a copy of an original", "are nearly copies of originals"),
    "duplicate": ("is the same as another picture", "are the same as other pictures"),
    "near_duplicate": ("is nearly the same as another picture", "are nearly the same as other pictures"),
    "blank": ("shows nothing", "show nothing"),
    "nan": (
        "is broken (the model computed what is no number)",
        "are broken (the model computed what is no number)",
    ),
    "unsafe": ("was held back by the model's safety checker", "were held back by the model's safety checker"),
    "user": ("was marked by you", "were marked by you"),
}
_ONE = {
    "near_original": "Nearly a copy of original {of}",
    "duplicate": "The same as picture {of}",
    "near_duplicate": "Nearly the same as picture {of}",
    "blank": "Shows nothing",
    "nan": "Broken: the model computed what is no number; half precision is a common cause",
    "unsafe": "Held back by the model's safety checker",
    "user": "Marked by you",
}


def flag_rows(store: Store, ids: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """Why pictures are marked: rows of ``picture``, ``kind``, ``of``, ``score`` and ``words``.

    Args:
        store: knows the flags.
        ids: of these pictures; of all visible ones when None.
    """
    return [
        {
            "picture": flag.picture_id,
            "kind": flag.kind,
            "of": flag.of_id,
            "score": flag.score,
            "words": _words(flag),
        }
        for flag in store.flags(ids)
    ]


def tell_of_flags(store: Store, events: Events, made: Sequence[int]) -> None:
    """Emit one ``warning`` when pictures of a round were flagged, with how many and why.

    Args:
        store: knows the flags.
        events: told.
        made: ids of the round's pictures.
    """
    counts = Counter(str(flag.kind) for flag in store.flags(made))
    if counts:
        events.emit("warning", where="generate", message=round_in_words(counts, len(made)))


def round_in_words(counts: Counter[str], made: int) -> str:
    """A round's flags: "3 of 16 new pictures stay out of the export: 3 are nearly copies of originals. …"."""
    flagged = counts.total()
    reasons = [f"{counts[kind]} {words[counts[kind] > 1]}" for kind, words in _KINDS.items() if counts[kind]]
    return (
        f"{flagged} of {made} new pictures {'stays' if flagged == 1 else 'stay'} out of the export:"
        f" {', '.join(reasons)}. The details say why; session.keep(ids) keeps them all the same."
    )


def _words(flag: Flag) -> str:
    words = _ONE[flag.kind].format(of=flag.of_id)
    return words if flag.score is None or flag.kind == "duplicate" else f"{words} ({flag.score:.0%} alike)"
