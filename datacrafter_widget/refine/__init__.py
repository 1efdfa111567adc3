"""Refine: feedback on pictures becomes a better prompt (DataCrafter §5.3)."""

from datacrafter_widget.refine.candidates import Candidate, Mutate, Tried
from datacrafter_widget.refine.evolve import evolve
from datacrafter_widget.refine.explain import EditGain
from datacrafter_widget.refine.mutate import FeedbackMutator
from datacrafter_widget.refine.objectives import MoreLikeObjective, Objective, RemoveObjective, Score
from datacrafter_widget.refine.proxies import Proxies, ProxyRequest
from datacrafter_widget.refine.refinement import Generation, Refinement

__all__ = [
    "Candidate",
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
    "Tried",
    "evolve",
]
