"""What tells one training from every other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datacrafter_widget.training.classifier import ClassifierSettings
    from datacrafter_widget.training.detector import DetectorSettings
    from datacrafter_widget.training.pictures import Labelled


def training_key(
    settings: ClassifierSettings | DetectorSettings, seed: int, class_count: int, *sets: Labelled
) -> str:
    """SHA-256 (hex) of a training's settings, seed and pictures: files by their path, others by their pixels."""
    digest = hashlib.sha256(json.dumps([asdict(settings), seed, class_count], sort_keys=True).encode())
    for pictures in sets:
        for values in (pictures.classes, pictures.generated):
            digest.update(values.tobytes())
        whole = isinstance(pictures.images, np.ndarray)
        for picture in [pictures.images] if whole else pictures.images:
            digest.update(
                str(picture).encode() if isinstance(picture, Path) else np.asarray(picture).tobytes()
            )
    return digest.hexdigest()
