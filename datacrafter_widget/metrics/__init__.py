"""What a set of generated pictures is worth, as pure functions of arrays (DataCrafter, Sec. 5.1)."""

from datacrafter_widget.metrics.cmmd import cmmd
from datacrafter_widget.metrics.diversity import class_diversity, diversity, within_class_diversity
from datacrafter_widget.metrics.informativeness import entropy, informativeness, informativeness_gain

__all__ = [
    "class_diversity",
    "cmmd",
    "diversity",
    "entropy",
    "informativeness",
    "informativeness_gain",
    "within_class_diversity",
]
