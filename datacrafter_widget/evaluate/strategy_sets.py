"""Pictures by a prompt strategy: made once, in a folder that a session can open, and taken up where they were."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.generation.engine import run_generation
from datacrafter_widget.generation.plan import plan_pictures
from datacrafter_widget.models.energy import meter_of
from datacrafter_widget.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from datacrafter_widget.generation.strategies import TemplateDraft
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.encoder import Encoder
    from datacrafter_widget.models.generator import Generator
    from datacrafter_widget.store.records import GenerationJob

_BATCH = 64


@dataclass(frozen=True, eq=False)
class StrategySet:
    """What a strategy gave: the same number of pictures of each class.

    Attributes:
        features: (M, D) of the encoder, rows of length 1; the classes take turns, so that the first k·C rows
            are k pictures a class.
        classes: (M,) class indices.
        seconds: that a picture took to generate, on average.
        joules: the same; None where it is not known.
        folder: the pictures with their prompts: ``Session.open(folder)``.
    """

    features: NDArray[np.float32]
    classes: NDArray[np.int64]
    seconds: float
    joules: float | None
    folder: Path

    def first(self, per_class: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Features and classes of the first `per_class` pictures of each class."""
        count = per_class * len(np.unique(self.classes))
        return self.features[:count], self.classes[:count]


def strategy_set(
    folder: Path,
    name: str,
    templates: Mapping[str, TemplateDraft],
    words: Mapping[str, str],
    per_class: int,
    generator: Generator,
    encoder: Encoder,
    *,
    seed: int,
    job: Job[Any],
) -> StrategySet:
    """Make the pictures of a strategy from prompts alone, or find them.

    What was made of the same templates, models, number and seed is not made again; what a crash or a
    cancellation cut off goes on.

    Args:
        folder: gets a folder for each set.
        name: the strategy's, for the folder.
        templates: the template of each word.
        words: class's name → word, in the order of the classes' indices.
        per_class: pictures a class.
        generator: makes them.
        encoder: looks at them.
        seed: same seed, same pictures.
        job: told of the progress; it may be cancelled.

    Raises:
        JobCancelled: the job was cancelled.
        ModelError: a model failed.
    """
    asked = {
        "templates": [[name, word, *asdict(templates[word]).values()] for name, word in words.items()],
        "per_class": per_class,
        "seed": seed,
        "generator": generator.revision,
    }
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
    with Store(folder / f"{name}-{key}") as store:
        generation = (
            store.jobs()[0] if store.jobs() else _planned(store, templates, words, per_class, seed, generator)
        )
        if generation.state != "done":
            _make(store, generation, generator, encoder, job)
        features = _features(store, encoder, job)
        costs = store.costs()
        count = max(sum(cost.pictures for cost in costs), 1)
        joules = [cost.joules for cost in costs if cost.joules is not None]
        return StrategySet(
            features,
            np.arange(len(features)) % len(words),
            math.fsum(cost.seconds for cost in costs) / count,
            math.fsum(joules) / count if len(joules) == len(costs) else None,
            store.folder,
        )


def _planned(
    store: Store,
    templates: Mapping[str, TemplateDraft],
    words: Mapping[str, str],
    per_class: int,
    seed: int,
    generator: Generator,
) -> GenerationJob:
    defaults = generator.defaults
    with store.transaction():
        rows = [store.add_class(name, word) for name, word in words.items()]
        prompts = {
            row.id: [store.add_template(row.id, templates[word].text, templates[word].negative)]
            for row, word in zip(rows, words.values(), strict=True)
        }
        plan = plan_pictures(
            rows,
            prompts,
            per_class=per_class,
            seed=seed,
            guidance_scale=defaults.guidance_scale,
            num_inference_steps=defaults.num_inference_steps,
            width=defaults.width,
            height=defaults.height,
        )
        return store.create_job(1, {"seed": seed, "batch_size": defaults.batch_size}, plan)


def _make(
    store: Store, generation: GenerationJob, generator: Generator, encoder: Encoder, job: Job[Any]
) -> None:
    before, _ = store.job_progress(generation.id)
    meter = meter_of(generator).start()
    try:
        run_generation(store, generator, encoder, generation, job=job)
    finally:
        made = store.job_progress(generation.id)[0] - before
        store.add_cost(1, generation.id, "pictures", made, meter.stop(), generator.device)
    store.set_job_state(generation.id, "done")


def _features(store: Store, encoder: Encoder, job: Job[Any]) -> NDArray[np.float32]:
    """Of all pictures, in the plan's order."""
    ids = [planned.picture_id or 0 for planned in store.planned(store.jobs()[0].id)]
    known, _ = store.embeddings(encoder.identity, ids)
    unseen = sorted(set(ids).difference(known.tolist()))  # an earlier call had another encoder
    for start in range(0, len(unseen), _BATCH):
        job.checkpoint()
        batch = [store.picture(each) for each in unseen[start : start + _BATCH]]
        rows = encoder.encode_images([store.load_image(picture.id) for picture in batch])
        store.put_embeddings(
            encoder.identity, [(picture.sha256, row) for picture, row in zip(batch, rows, strict=True)]
        )
    return store.embeddings(encoder.identity, ids)[1]
