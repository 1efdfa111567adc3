from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import Session
from datacrafter_widget.store.records import PlannedPicture
from datacrafter_widget.toybox import write_originals
from datacrafter_widget.toybox.world import render, sample_attributes

CLASSES = ("apple", "crane", "fish")
KINDS = {"apple": "apple", "crane": "crane bird", "fish": "fish"}
ROUNDS, MADE = 2, 3


@pytest.fixture(scope="session")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with five other pictures of each class, to test on."""
    return write_originals(tmp_path_factory.mktemp("unseen"), per_class=5, classes=CLASSES, seed=99)


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with six pictures of each class: the originals of `session`."""
    return write_originals(tmp_path_factory.mktemp("given"), per_class=6, classes=CLASSES, seed=11)


@pytest.fixture
def session(tmp_path, given, toybox, clip) -> Iterator[Session]:
    """Three classes of six originals; two rounds of three "generated" pictures a class, some with parents.

    They are rendered: what made them does not matter to an evaluation.
    """
    with Session.open(tmp_path / "session", generator=toybox, encoder=clip) as opened:
        opened.add_images(given)  # not given to `open`: nobody looks at the map
        for iteration in range(1, ROUNDS + 1):
            add_round(opened, iteration)
        yield opened


def add_round(session: Session, iteration: int) -> None:
    """Put rendered pictures into a session as those of a round; the first of each class has a parent."""
    store = session.store
    templates = {template.class_id: template for template in store.templates()}
    drafts = [
        PlannedPicture(
            index=at * MADE + number,
            class_id=row.id,
            template_id=templates[row.id].id,
            template=templates[row.id].text,
            prompt=row.word,
            seed=number,
            parent_id=store.pictures(class_ids=[row.id], origin="original")[0].id if number == 0 else None,
            guidance_scale=1.0,
            num_inference_steps=1,
            width=64,
            height=64,
        )
        for at, row in enumerate(session.classes)
        for number in range(MADE)
    ]
    job = store.create_job(iteration, {}, drafts)
    names = {row.id: row.name for row in session.classes}
    items = [
        (rendered(KINDS[names[planned.class_id]], planned.seed, iteration), planned)
        for planned in store.planned(job.id)
    ]
    store.add_generated_batch(items, "rendered", None, 1, iteration)
    store.set_job_state(job.id, "done")


@cache
def rendered(kind: str, seed: int, iteration: int) -> Image.Image:
    rng = np.random.default_rng([seed, iteration])
    return Image.fromarray(render(sample_attributes(rng, kind=kind), rng))
