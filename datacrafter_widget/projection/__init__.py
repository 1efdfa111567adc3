"""Pictures and words on one map: the projection and the measures of it (DataCrafter, Sec. 5.2.1)."""

from datacrafter_widget.projection.comparison import Comparison, compare_projections
from datacrafter_widget.projection.m2m import M2M
from datacrafter_widget.projection.quality import (
    ProjectionQuality,
    cross_modal_trustworthiness_and_continuity,
    inter_modal_similarity,
    projection_quality,
    trustworthiness_and_continuity,
)

__all__ = [
    "M2M",
    "Comparison",
    "ProjectionQuality",
    "compare_projections",
    "cross_modal_trustworthiness_and_continuity",
    "inter_modal_similarity",
    "projection_quality",
    "trustworthiness_and_continuity",
]
