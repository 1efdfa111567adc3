"""One training of an evaluation: done once, then found again."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datacrafter_widget.training.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacrafter_widget.evaluate.data import Data
    from datacrafter_widget.evaluate.examples import Examples
    from datacrafter_widget.evaluate.trainers import Trainer
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session

FOLDER = "comparison"
"""Under the session's folder: what evaluations make."""
KIND = "training"
"""Of the rows in the store."""
CHECKPOINT = "state.safetensors"
PAUSE = 0.5
"""Seconds between two looks at whether an interactive job waits."""


def trained(
    session: Session,
    trainer: Trainer,
    train: Examples,
    data: Data,
    *,
    seed: int,
    job: Job[Any],
    what: str,
) -> Outcome:
    """Train and test, or give the outcome that the store has of the very same training.

    A training that was cut off goes on where the trainer can.

    Args:
        session: keeps the outcome (unless it is read-only).
        trainer: what is trained.
        train: to learn from.
        data: validates and tests.
        seed: of the training.
        job: told of the progress; it may be cancelled, and lets interactive jobs in.
        what: the training in a few words, for people.
    """
    settings = {
        "trainer": trainer.name,
        "measure": trainer.measure,
        "seed": seed,
        "depends_on": trainer.depends_on(session),
        "train": train.digest(),
        "validation": data.validation.digest(),
        "test": data.test.digest(),
        "classes": list(data.class_names),
    }
    key = hash_of(settings)
    kept = session.store.evaluation(key)
    if kept is not None:
        return Outcome.from_json(kept.result)

    let_in = 0.0

    def report(share: float) -> None:
        nonlocal let_in
        job.raise_if_cancelled()
        if (now := time.monotonic()) > let_in:
            job.update(message=f"{what}: {share:.0%}")
            with _random_state():
                job.checkpoint()
            let_in = now + PAUSE

    report(0.0)
    folder = session.store.folder / FOLDER / "training" / key
    keeps = not session.store.read_only
    if keeps:
        folder.mkdir(parents=True, exist_ok=True)
    found = trainer.run(
        train,
        data.validation,
        data.test,
        len(data.class_names),
        seed=seed,
        progress=report,
        checkpoint=folder / CHECKPOINT if keeps else None,
    )
    if keeps:
        session.store.put_evaluation(KIND, key, {**settings, "what": what}, found.to_json())
        shutil.rmtree(folder, ignore_errors=True)
    return found


@contextmanager
def _random_state() -> Iterator[None]:
    """Keep the random numbers of a training from what is let in between its steps."""
    import torch

    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices):
        yield


def hash_of(settings: Any) -> str:
    """A hash of JSON values."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
