"""From pictures to content labels, their hierarchy, and the cut of it that is shown."""

from datacrafter_widget.labels.hierarchy import LabelTree
from datacrafter_widget.labels.tagging import Tagger, zero_shot
from datacrafter_widget.labels.treecut import degree_of_interest, tree_cut
from datacrafter_widget.labels.vocabulary import GENERAL_VOCABULARY

__all__ = ["GENERAL_VOCABULARY", "LabelTree", "Tagger", "degree_of_interest", "tree_cut", "zero_shot"]
