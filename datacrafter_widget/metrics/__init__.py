"""What a set of generated pictures is worth, as pure functions of arrays (DataCrafter, Sec. 5.1).

Names that can be used without a session; each works on the features of any encoder. `running` has the ones that grow
with the pictures.
"""

from datacrafter_widget.metrics.alignment import image_alignment, overfit_share, overfitted, text_alignment
from datacrafter_widget.metrics.by_class import ByClass, by_class
from datacrafter_widget.metrics.cler import cler, cler_ensemble
from datacrafter_widget.metrics.clip_score import clip_score, clip_scores
from datacrafter_widget.metrics.cmmd import cmmd, cmmd_biased
from datacrafter_widget.metrics.diversity import (
    class_diversity,
    diversity,
    relative_diversity,
    within_class_diversity,
)
from datacrafter_widget.metrics.frechet import frechet_distance
from datacrafter_widget.metrics.informativeness import entropy, informativeness, informativeness_gain
from datacrafter_widget.metrics.kernel_distance import kernel_distance, subset_kernel_distance
from datacrafter_widget.metrics.neighbours import Neighbourhood, neighbourhood
from datacrafter_widget.metrics.text_similarity import mean_text_similarity
from datacrafter_widget.metrics.vendi import vendi_score

__all__ = [
    "ByClass",
    "Neighbourhood",
    "by_class",
    "class_diversity",
    "cler",
    "cler_ensemble",
    "clip_score",
    "clip_scores",
    "cmmd",
    "cmmd_biased",
    "diversity",
    "entropy",
    "frechet_distance",
    "image_alignment",
    "informativeness",
    "informativeness_gain",
    "kernel_distance",
    "mean_text_similarity",
    "neighbourhood",
    "overfit_share",
    "overfitted",
    "relative_diversity",
    "subset_kernel_distance",
    "text_alignment",
    "vendi_score",
    "within_class_diversity",
]
