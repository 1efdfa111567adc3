"""Does the expanded data help? What a session's pictures teach a classifier or a detector, with intervals."""

from datacrafter_widget.evaluate.centred import ClerReport, cler
from datacrafter_widget.evaluate.comparing import compare
from datacrafter_widget.evaluate.comparison import Comparison
from datacrafter_widget.evaluate.detecting import DetectorTrainer, detector
from datacrafter_widget.evaluate.gains import Gain, classifier, linear_probe
from datacrafter_widget.evaluate.harm import harmful
from datacrafter_widget.evaluate.strategies import strategies
from datacrafter_widget.evaluate.trainers import Trainer
from datacrafter_widget.training.classifier import ClassifierSettings
from datacrafter_widget.training.detector import DetectorSettings

__all__ = [
    "ClassifierSettings",
    "ClerReport",
    "Comparison",
    "DetectorSettings",
    "DetectorTrainer",
    "Gain",
    "Trainer",
    "classifier",
    "cler",
    "compare",
    "detector",
    "harmful",
    "linear_probe",
    "strategies",
]
