"""A small classifier trained on rendered pictures only: the second opinion on what a picture shows.

The toybox's CLIP drives generation and refinement, so it cannot also say how well they went. The judge is
trained apart from it, on renders, and is used for reports and tests alone.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from .world import COLOURS, KINDS, SCENES, STYLES

__all__ = ["ANSWERS", "WEIGHTS", "Judge"]

#: Question → its possible answers.
ANSWERS: dict[str, tuple[str | int, ...]] = {
    "class": KINDS,
    "colour": tuple(COLOURS),
    "scene": SCENES,
    "style": STYLES,
    "count": (1, 2),
}
WEIGHTS = Path(__file__).parent / "weights" / "judge.safetensors"


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Judge(nn.Module):
    """Six convolutions and one linear layer a question, 0.4 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            _block(3, 24, 2), _block(24, 48, 2), _block(48, 48, 1),
            _block(48, 96, 2), _block(96, 96, 1), _block(96, 160, 2),
        )  # fmt: skip
        self.heads = nn.ModuleDict({name: nn.Linear(320, len(answers)) for name, answers in ANSWERS.items()})

    @classmethod
    def load(cls, path: str | Path = WEIGHTS) -> "Judge":
        """The trained judge, ready to predict on the CPU."""
        judge = cls()
        judge.load_state_dict(
            {name: tensor.float() for name, tensor in load_file(path).items()}, strict=False
        )
        return judge.eval()

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits for each question; ``images`` are (N, 3, 64, 64) in [-1, 1]."""
        maps = self.features(images)
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        return {name: head(pooled) for name, head in self.heads.items()}

    def predict(self, images: np.ndarray | Sequence[np.ndarray], batch: int = 256) -> dict[str, np.ndarray]:
        """What each picture shows.

        Args:
            images: (N, 64, 64, 3) uint8.
            batch: How many pictures are looked at together.

        Returns:
            For "class", "colour", "scene", "style" and "count" an array of N answers, e.g. "crane bird" or 2.

        Raises:
            ValueError: If the pictures have another shape or type.
        """
        pictures = np.asarray(images)
        if pictures.ndim != 4 or pictures.shape[1:] != (64, 64, 3) or pictures.dtype != np.uint8:
            raise ValueError(
                f"expected (N, 64, 64, 3) uint8 pictures, found {pictures.shape} {pictures.dtype}; "
                "resize with PIL.Image.resize((64, 64)) and convert to RGB first"
            )
        chosen: dict[str, list[np.ndarray]] = {name: [] for name in ANSWERS}
        for start in range(0, len(pictures), batch):
            x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
            with torch.no_grad():
                answers = self(x)
            for name, logits in answers.items():
                chosen[name].append(logits.argmax(1).numpy())
        return {
            name: np.array(ANSWERS[name])[np.concatenate(indices) if indices else np.zeros(0, int)]
            for name, indices in chosen.items()
        }
