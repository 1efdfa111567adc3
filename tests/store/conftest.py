"""Pictures and plans to fill a store with."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.store import Box, Picture, PlannedPicture, Store

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


@pytest.fixture
def expanded(store: Store, plan: Callable[..., PlannedPicture], paint: Paint) -> Store:
    """Three classes (one of them empty), 20 originals, 12 generated from some and 8 freely; one of each hidden.

    Originals 1 and 2 have boxes of both classes, generated picture 21 a detector's.
    """
    crane, wren = store.add_class("crane"), store.add_class('Zaun/könig, "klein" [1]')
    store.add_class("later")
    for seed in range(20):
        store.add_original(paint(seed), (crane, wren)[seed % 2].id, f"{seed}.png")
    parents = [1 + index // 2 for index in range(12)]
    drafts = [
        plan(index, (wren, crane)[parent % 2].id, parent_id=parent, strength=0.5)
        for index, parent in enumerate(parents)
    ]
    drafts += [plan(index, (crane, wren)[index % 2].id, prompt='=1+1,\n"ä" </x>') for index in range(12, 20)]
    job = store.create_job(1, {}, drafts)
    items = [(paint(planned.seed), planned) for planned in store.planned(job.id)]
    store.add_generated_batch(items, "toybox", "abc", 4, 1)
    store.set_hidden([20, 40], True)
    store.set_flagged([39], True)
    store.add_boxes(
        [
            Box(1, crane.id, 2, 1, 10, 12),
            Box(1, wren.id, 14.5, 3, 6, 4),
            Box(2, wren.id, 0, 0, 24, 16),
            Box(2, crane.id, 1, 1, 3, 3),
            Box(21, crane.id, 4, 4, 8, 8, 0.75, "pseudo"),
        ]
    )
    return store


@pytest.fixture
def known() -> Callable[[Store], dict[str, tuple]]:
    """What a session knows of its visible pictures, by content, in words that hold in any session."""

    def describe(store: Store) -> dict[str, tuple]:
        names = {row.id: row.name for row in store.classes()}
        pictures = [picture for picture in store.pictures() if not picture.flagged]
        content = {picture.id: picture.sha256 for picture in store.pictures(include_hidden=True)}
        boxes = store.boxes()

        def facts(picture: Picture) -> tuple:
            made = picture.provenance
            provenance = made and {
                **asdict(made),
                "template_id": None,
                "parent_id": content[made.parent_id] if made.parent_id else None,
            }
            drawn = [
                (
                    names[box.class_id],
                    *(round(x, 3) for x in (box.x, box.y, box.width, box.height)),
                    box.score,
                )
                for box in boxes.get(picture.id, ())
            ]
            return names[picture.class_id], picture.origin, picture.iteration, provenance, drawn

        return {picture.sha256: facts(picture) for picture in pictures}

    return describe
