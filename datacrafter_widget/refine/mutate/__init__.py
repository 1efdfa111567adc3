"""Built-in mutators: edits of a template that the feedback suggests, each with its reason.

They stand where the paper asks a language model for a variation (DataCrafter §5.3.1), and need none: the
session's labels say what tells wanted from unwanted pictures, the prompts say which options brought them.
"""

from datacrafter_widget.refine.mutate.combine import CombineMutator
from datacrafter_widget.refine.mutate.feedback import FeedbackMutator
from datacrafter_widget.refine.mutate.variety import VarietyMutator
from datacrafter_widget.refine.mutate.wish import WishMutator

__all__ = ["CombineMutator", "FeedbackMutator", "VarietyMutator", "WishMutator"]
