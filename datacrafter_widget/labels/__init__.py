"""From pictures to content labels, their hierarchy, and the cut of it that is shown."""

from datacrafter_widget.labels.hierarchy import LabelTree, imbalance
from datacrafter_widget.labels.placing import LabelBox, PlacedLabel, place_labels
from datacrafter_widget.labels.tagging import Tagger, zero_shot
from datacrafter_widget.labels.treecut import degree_of_interest, tree_cut
from datacrafter_widget.labels.view import LabelCut, labels_in_view, node_places
from datacrafter_widget.labels.vocabulary import GENERAL_VOCABULARY

__all__ = [
    "GENERAL_VOCABULARY",
    "LabelBox",
    "LabelCut",
    "LabelTree",
    "PlacedLabel",
    "Tagger",
    "degree_of_interest",
    "imbalance",
    "labels_in_view",
    "node_places",
    "place_labels",
    "tree_cut",
    "zero_shot",
]
