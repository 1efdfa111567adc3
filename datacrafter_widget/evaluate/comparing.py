"""The comparison every paper is asked for, in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.arms import ARMS, GENERATED_ARMS, Pool, Templates, Wanted, pool_of
from datacrafter_widget.evaluate.cells import trained
from datacrafter_widget.evaluate.comparison import BASE, ArmCost, Cell, Comparison
from datacrafter_widget.evaluate.data import Data, read_data
from datacrafter_widget.evaluate.examples import drawn
from datacrafter_widget.evaluate.trainers import Trainer, find_trainer

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session
    from datacrafter_widget.training.classifier import ClassifierSettings
    from datacrafter_widget.training.detector import DetectorSettings

DEFAULT_ARMS = (BASE, "image2image", "gif", "guided")


def compare(
    session: Session,
    arms: Sequence[str] | None = None,
    budgets: Sequence[int] = (10,),
    *,
    seeds: int | Sequence[int] = 5,
    test: Any = None,
    retrieved_from: str | os.PathLike[str] | None = None,
    trainer: str | ClassifierSettings | DetectorSettings | Trainer = "probe",
    templates: Templates | None = None,
    generation: Mapping[str, Any] | None = None,
) -> Job[Comparison]:
    """Train on the originals with the same number of pictures from each of several sources, and test.

    Arms that are generated for this have the same originals, starting templates, seeds and models. Their pictures
    are in session folders of their own under ``<session>/comparison/<arm>/``, to be looked at with `Session.open`.
    Every picture and every training is kept as soon as it is finished: a second call, after a crash too, goes on with
    what is missing, and takes seconds when nothing is.

    Below the largest budget an arm's pictures are drawn by chance, others for every seed.

    Args:
        session: whose pictures.
        arms: among ``"original"`` (no more pictures), ``"image2image"`` (plain), ``"gif"`` (guided
            imagination), ``"text2image"``, ``"guided"`` (the session's own visible generated pictures, without
            those that are flagged) and ``"retrieved"`` (real pictures from `retrieved_from`). By default the first
            three and ``"guided"``, and ``"retrieved"`` where there is a folder.
        budgets: pictures a class that are added to the originals.
        seeds: how many trainings for each arm and budget, or their seeds.
        test: test pictures in any form that `Session.open` takes; by default the session's held-out test set, or,
            with a warning, a quarter of the originals.
        retrieved_from: a folder of pictures at any depth. Of those that are nearest to a class's text the nearest
            are taken, less copies of originals and of test pictures.
        trainer: ``"probe"`` (on the encoder's features), ``"classifier"`` (a ResNet-50 from scratch),
            ``ClassifierSettings(model=…)`` for any timm model (with ``steps=…`` all trainings are equally long,
            whatever their number of pictures), ``"detector"`` or ``DetectorSettings(…)`` for mAP (the
            originals and the held-out pictures need boxes), or a `Trainer`.
        templates: class name → prompts for the generated arms; by default those that the session began with.
        generation: settings of `Session.generate` for the generated arms, such as ``{"strength": 0.7}``.

    Returns:
        A job whose result is the `Comparison`: ``result.to_frame()``, ``result.tests()``, and figures by
        ``session.figures.learning_curves(result)`` and ``session.figures.cost_accuracy(result)``.

    Raises:
        InputError: an unknown arm or trainer, or a number out of range. The job raises what goes wrong later.
    """
    chosen = _arms(session, arms, retrieved_from)
    amounts = sorted(set(_whole(budgets, "budgets", least=1)))
    numbers = seed_list(seeds)
    learner = find_trainer(trainer)
    wanted = Wanted(amounts[-1], templates, generation, retrieved_from)

    def run(job: Job[Comparison]) -> Comparison:
        raw = read_data(session, test, job=job)
        data = prepared(session, learner, raw, job)
        cells: list[Cell] = []
        pools: dict[str, Pool] = {}
        for arm in chosen:
            pools[arm] = pool = pool_of(arm, session, raw, wanted, job)
            examples = learner.prepare(session, pool.examples, job)
            own = [0] if arm == BASE else amounts
            for at, (budget, seed) in enumerate((budget, seed) for budget in own for seed in numbers):
                job.update(done=at, total=len(own) * len(numbers))
                added = examples.subset(drawn(examples.pictures.classes, budget, seed))
                what = f"{arm}, {budget} a class, seed {seed}"
                outcome = trained(
                    session, learner, data.originals.joined(added), data, seed=seed, job=job, what=what
                )
                cells.append(Cell(arm, budget, len(added), outcome))
        return Comparison(
            tuple(cells),
            data.class_names,
            {arm: ArmCost(pool.cost, len(pool.examples)) for arm, pool in pools.items()},
            learner.name,
            learner.measure,
            data.tested_on,
            session.prices.currency,
            {arm: pool.folder for arm, pool in pools.items() if pool.folder},
            (*data.warnings, *_short(pools, data, wanted.per_class)),
        )

    return session.submit(run, "Compare", kind="evaluate")


def prepared(session: Session, trainer: Trainer, data: Data, job: Job[Any]) -> Data:
    """The same with what the trainer does once with the pictures that every training has."""
    return replace(
        data,
        originals=trainer.prepare(session, data.originals, job),
        validation=trainer.prepare(session, data.validation, job),
        test=trainer.prepare(session, data.test, job),
    )


def seed_list(seeds: int | Sequence[int]) -> list[int]:
    """Seeds from their number, or as they are.

    Raises:
        InputError: none, or one below 0.
    """
    return _whole(range(seeds) if isinstance(seeds, int) else seeds, "seeds", least=0)


def _whole(values: Sequence[int], what: str, *, least: int) -> list[int]:
    numbers = list(values)
    if not numbers or any(not isinstance(each, int) or each < least for each in numbers):
        raise InputError(f"{what}: expected whole numbers from {least}, found {numbers}")
    return list(dict.fromkeys(numbers))


def _arms(session: Session, arms: Sequence[str] | None, folder: object) -> list[str]:
    if arms is None:
        arms = (*DEFAULT_ARMS, "retrieved") if folder is not None else DEFAULT_ARMS
    chosen = list(dict.fromkeys([arms] if isinstance(arms, str) else arms))
    unknown = [arm for arm in chosen if arm not in ARMS]
    if unknown or not chosen:
        raise InputError(f"arms: expected some of {', '.join(ARMS)}, found {unknown or 'none'}")
    if "retrieved" in chosen and folder is None:
        raise InputError("the arm 'retrieved' needs retrieved_from=…, a folder of pictures to look in")
    if session.store.read_only and set(chosen) & {*GENERATED_ARMS, "retrieved"}:
        raise InputError(
            "a session that was opened with read_only=True can compare 'original' and 'guided' only"
        )
    if "guided" in chosen and not session.pictures(origin="generated"):
        raise InputError("the arm 'guided' is the session's own generated pictures, and there are none yet")
    return chosen


def _short(pools: Mapping[str, Pool], data: Data, budget: int) -> list[str]:
    """A line for every arm that has fewer pictures of a class than the largest budget."""
    said = []
    for arm, pool in pools.items():
        if arm == BASE:
            continue
        counts = np.bincount(pool.examples.pictures.classes, minlength=len(data.class_names))
        few = [name for name, count in zip(data.class_names, counts, strict=True) if count < budget]
        if few:
            said.append(
                f"{arm}: fewer than {budget} pictures of {len(few)} of {len(counts)} classes ({', '.join(few[:5])}"
                f"{' …' if len(few) > 5 else ''}); the least has {counts.min()}."
            )
    return said
