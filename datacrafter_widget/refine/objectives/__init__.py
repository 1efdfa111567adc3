"""What makes a prompt good: its proxy pictures scored against the feedback (DataCrafter §5.3.1, Eq. 8 and 9).

Pure functions of embeddings and probabilities, one file a kind of feedback. What all of them share, and where
they depart from the printed equations, is in `terms`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from datacrafter_widget.refine.objectives.more_like import MORE_LIKE_WEIGHTS, MoreLikeObjective
from datacrafter_widget.refine.objectives.remove import REMOVE_WEIGHTS, RemoveObjective
from datacrafter_widget.refine.objectives.sets import (
    COMBINE_WEIGHTS,
    WITHOUT_WEIGHTS,
    CombineObjective,
    WithoutObjective,
)
from datacrafter_widget.refine.objectives.terms import Objective, Score
from datacrafter_widget.refine.objectives.transform import TRANSFORM_WEIGHTS, TransformObjective

DEFAULT_WEIGHTS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "remove": REMOVE_WEIGHTS,
        "more_like": MORE_LIKE_WEIGHTS,
        "transform": TRANSFORM_WEIGHTS,
        "combine": COMBINE_WEIGHTS,
        "without": WITHOUT_WEIGHTS,
    }
)
"""Weights of the terms, by kind of feedback."""

__all__ = [
    "DEFAULT_WEIGHTS",
    "CombineObjective",
    "MoreLikeObjective",
    "Objective",
    "RemoveObjective",
    "Score",
    "TransformObjective",
    "WithoutObjective",
]
