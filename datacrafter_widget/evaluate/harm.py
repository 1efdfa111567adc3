"""Which of a session's generated pictures hurt: by iteration, or by template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.data import read_data
from datacrafter_widget.evaluate.trainers import ProbeTrainer
from datacrafter_widget.session.scoring import Pictures, best_strength, spread_folds
from datacrafter_widget.store.formats.splitting import picture_families
from datacrafter_widget.training.harmful import GroupEffects, leave_groups_out, probe_right
from datacrafter_widget.training.probe import fit_probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from datacrafter_widget.evaluate.data import Data
    from datacrafter_widget.evaluate.examples import Examples
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session

    Right = Callable[[NDArray[np.bool_]], NDArray[np.float64]]

By = Literal["iteration", "template"]

_ORIGINAL = -1
_NO_TEMPLATE = 0


def harmful(session: Session, by: By = "iteration") -> Job[GroupEffects]:
    """Which generated pictures a linear probe is better off without.

    Each group is left out in turn, and the rest is told to make up for it. Measured on the session's held-out
    validation set, or, where there is none, on the originals: each fifth by what was learnt without it and
    without all that was made from it. The test set is not touched: one may well act on the result.

    Args:
        session: whose pictures. Those that are flagged don't count.
        by: what is left out at a time: the pictures of an ``"iteration"``, or of a ``"template"``.

    Returns:
        A job whose result has the groups, the most harmful first: ``result.to_frame()``. A gain above 0 means that the
        probe is better without the group. The intervals are over the pictures that it is measured on.

    Raises:
        InputError: another word for `by`. The job raises it when there are no generated pictures.
    """
    if by not in get_args(By):
        raise InputError(f"by: expected 'iteration' or 'template', found {by!r}")

    def run(job: Job[GroupEffects]) -> GroupEffects:
        held_out = bool(session.store.held_out("validation"))
        data = read_data(session, job=job, roles=["validation"] if held_out else [])
        if not len(data.generated):
            raise InputError("expected visible generated pictures, found none; use session.generate(…)")
        looks = ProbeTrainer()
        train = looks.prepare(session, data.originals.joined(data.generated), job)
        groups, names = _groups(session, train, by)

        def report(share: float) -> None:
            job.update(message=f"leaving pictures out: {share:.0%}")
            job.checkpoint()

        judge = _validated if held_out else _crossed
        right = judge(session, data, train, job)
        return leave_groups_out(right, groups, names=names, progress=report)

    return session.submit(run, "Look for harmful pictures", kind="evaluate")


def _groups(session: Session, train: Examples, by: By) -> tuple[NDArray[np.int64], dict[int, str]]:
    """The group of each picture, `_ORIGINAL` for those that are always trained on, and the groups' names."""
    if by == "iteration":
        rounds = train.pictures.groups
        return rounds, {int(each): f"iteration {each}" for each in np.unique(rounds) if each != _ORIGINAL}
    pictures = {picture.id: picture for picture in session.store.pictures(origin="generated")}
    words = {row.id: row.word for row in session.classes}
    texts = {
        template.id: template.text.replace("{class}", words[template.class_id])
        for template in session.store.templates(active=None)
    }
    groups = np.full(len(train), _ORIGINAL)
    names = {_NO_TEMPLATE: "no template"}
    for at in np.flatnonzero(train.pictures.generated):
        made = pictures[int(train.pictures.ids[at])].provenance
        number = made and made.template_id
        groups[at] = number or _NO_TEMPLATE
        if number:
            names[number] = texts[number]
    return groups, names


def _validated(session: Session, data: Data, train: Examples, job: Job[Any]) -> Right:
    """Judged by the held-out validation pictures."""
    test = ProbeTrainer().prepare(session, data.validation, job)
    count = len(data.class_names)
    known = (train.features, train.pictures.classes, test.features, test.pictures.classes)
    return probe_right(*known, class_count=count, strength=fit_probe(*known, class_count=count).strength)


def _crossed(session: Session, data: Data, train: Examples, job: Job[Any]) -> Right:
    """Judged by each fifth of the originals in turn, with whole families apart."""
    families = picture_families(session.store)
    own = np.array([families[int(each)] for each in train.pictures.ids], np.int64)
    original = ~train.pictures.generated
    fold_of = spread_folds(own[original], train.pictures.classes[original], seed=0)
    folds = np.array([fold_of.get(int(family), -1) for family in own], np.int64)
    count = len(data.class_names)
    originals = Pictures(train.features, train.pictures.classes, folds).take(original)
    strength = best_strength(originals, count, job.checkpoint)
    parts = []
    for fold in np.unique(originals.folds[originals.folds >= 0]):
        test = originals.take(originals.folds == fold)
        right = probe_right(
            train.features,
            train.pictures.classes,
            test.features,
            test.classes,
            class_count=count,
            strength=strength,
        )
        parts.append((folds != fold, right))
    if not parts:
        raise InputError("expected two originals of some class, or validation pictures; add some of either")
    return lambda keep: np.concatenate([right(keep & allowed) for allowed, right in parts])
