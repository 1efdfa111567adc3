"""Teaching a generator new concepts from a few pictures: textual inversion, and DreamBooth with LoRA."""

from datacrafter_widget.models.tuning.settings import TuningSettings
from datacrafter_widget.models.tuning.tune import FILE_NAME, check_pictures, has_begun, tune

__all__ = ["FILE_NAME", "TuningSettings", "check_pictures", "has_begun", "tune"]
