"""What a session offers to do and what was made of it, in rows for the widget's Info."""

from collections import Counter
from dataclasses import asdict
from typing import Any, get_args

from datacrafter_widget.generation.plan import FROM_ORIGINALS, Perturbation
from datacrafter_widget.generation.strategies import STRATEGIES
from datacrafter_widget.store import Store

Row = dict[str, Any]

_PERTURBATIONS: dict[str, tuple[str, str]] = {
    "text2image": ("From prompts", "Made from prompts alone."),
    "image2image": ("From originals", "Each begins as an original with noise."),
    "gif": (
        "Guided imagination",
        "Each begins as an original, moved so that it stays of its class but unlike the others.",
    ),
    "gif_unoptimised": (
        "Guided imagination without optimising",
        "Each begins as an original, moved at random within the same bounds.",
    ),
}


def perturbations() -> list[Row]:
    """The ways of varying pictures: name, title, a sentence on each, and whether it starts from originals."""
    return [
        {
            "name": name,
            "title": _PERTURBATIONS[name][0],
            "text": _PERTURBATIONS[name][1],
            "needs_originals": name in FROM_ORIGINALS,
        }
        for name in get_args(Perturbation)
    ]


def strategies() -> list[Row]:
    """The prompt strategies: name, title, and a line on what each does."""
    return [asdict(strategy) for strategy in STRATEGIES]


def flagged(store: Store) -> dict[str, int]:
    """How many visible pictures are flagged, by kind."""
    return dict(Counter(flag.kind for flag in store.flags()))


def concepts(store: Store) -> list[Row]:
    """The words that the generator was taught, or is being taught."""
    return [
        {"token": each.token, "kind": each.kind, "class_id": each.class_id, "state": each.state}
        for each in store.concepts()
    ]
