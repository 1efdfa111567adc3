"""Refine: feedback on pictures becomes a better prompt (DataCrafter §5.3)."""

from datacrafter_widget.refine.candidates import Candidate, Mutate, Tried
from datacrafter_widget.refine.evolve import evolve
from datacrafter_widget.refine.explain import EditGain
from datacrafter_widget.refine.mutate import (
    CombineMutator,
    FeedbackMutator,
    VarietyMutator,
    WishMutator,
)
from datacrafter_widget.refine.objectives import (
    DEFAULT_WEIGHTS,
    CombineObjective,
    MoreLikeObjective,
    Objective,
    RemoveObjective,
    Score,
    TransformObjective,
    WithoutObjective,
)
from datacrafter_widget.refine.proxies import Proxies, ProxyRequest
from datacrafter_widget.refine.refinement import Generation, Refinement

__all__ = [
    "DEFAULT_WEIGHTS",
    "Candidate",
    "CombineMutator",
    "CombineObjective",
    "EditGain",
    "FeedbackMutator",
    "Generation",
    "MoreLikeObjective",
    "Mutate",
    "Objective",
    "Proxies",
    "ProxyRequest",
    "Refinement",
    "RemoveObjective",
    "Score",
    "TransformObjective",
    "Tried",
    "VarietyMutator",
    "WishMutator",
    "WithoutObjective",
    "evolve",
]
