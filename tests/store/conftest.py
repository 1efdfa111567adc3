"""Pictures and plans to fill a store with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.store import PlannedPicture, Store

Paint = Callable[..., Image.Image]


@pytest.fixture
def paint() -> Paint:
    """A picture that differs with its seed."""

    def make(seed: int = 0, size: tuple[int, int] = (24, 16)) -> Image.Image:
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        return Image.fromarray(pixels)

    return make


@pytest.fixture
def plan() -> Callable[..., PlannedPicture]:
    def make(index: int, class_id: int, **changes: object) -> PlannedPicture:
        values: dict = {
            "index": index,
            "class_id": class_id,
            "template": "a photo of a {class}",
            "prompt": "a photo of a crane",
            "negative_prompt": "blurry",
            "seed": 1000 + index,
            "guidance_scale": 1.5,
            "num_inference_steps": 4,
            "width": 24,
            "height": 16,
        }
        return PlannedPicture(**{**values, **changes})

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "session") as opened:
        yield opened
