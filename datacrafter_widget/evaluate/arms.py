"""Where the pictures of a comparison's arms come from, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.cells import FOLDER, hash_of
from datacrafter_widget.evaluate.data import Data, of_pictures
from datacrafter_widget.evaluate.examples import Examples
from datacrafter_widget.evaluate.retrieval import class_texts, fingerprints_of, look_at, retrieve
from datacrafter_widget.session.beside import Beside
from datacrafter_widget.session.cost_report import Amounts
from datacrafter_widget.store.records import Template
from datacrafter_widget.training.pictures import Labelled

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session
    from datacrafter_widget.store import Store

GENERATED_ARMS = ("text2image", "image2image", "gif")
"""Arms that are generated for the comparison: named as the perturbations of `Session.generate`."""
ARMS = ("original", *GENERATED_ARMS, "guided", "retrieved")

Templates = Mapping[str, "str | Sequence[str]"]


@dataclass(frozen=True, eq=False)
class Pool:
    """The pictures that an arm has to add to the originals.

    Attributes:
        examples: the pictures.
        cost: what all that was done for them took.
        folder: where they can be looked at, by `Session.open`, if anywhere else than in the session.
    """

    examples: Examples
    cost: Amounts
    folder: str | None = None


@dataclass(frozen=True)
class Wanted:
    """How the arms are filled.

    Attributes:
        per_class: pictures a class, at least if they can be had.
        templates: class name → prompts that the generated arms start from; None: those that the session's first
            pictures of a class were made from, or else its present ones.
        settings: of `Session.generate`, such as ``strength``, for the generated arms.
        retrieved_from: a folder of pictures, for the arm "retrieved".
    """

    per_class: int
    templates: Templates | None = None
    settings: Mapping[str, Any] | None = None
    retrieved_from: str | os.PathLike[str] | None = None


def pool_of(arm: str, session: Session, data: Data, wanted: Wanted, job: Job[Any]) -> Pool:
    """The pictures of an arm: those that are there, and what is missing of them.

    Args:
        arm: one of `ARMS`.
        session: whose models work, and whose folder keeps what they make.
        data: the originals to start from, and what may not be copied.
        wanted: how many, and how.
        job: told of the progress; when it is cancelled, what is finished is kept.

    Raises:
        InputError: an unknown arm, or one that can't be had.
    """
    if arm == "original":
        nothing = np.zeros(0, np.int64)
        return Pool(data.generated.subset(nothing), Amounts(0, 0.0, 0.0, 0.0))
    if arm == "guided":
        return Pool(data.generated, session.cost.total)
    if arm == "retrieved":
        return _retrieved(session, data, wanted, job)
    return _generated(arm, session, data, wanted, job)


def starting_templates(store: Store) -> list[Template]:
    """For each class the templates of its first round, or those in use where nothing was generated yet."""
    found = []
    made = store.pictures(origin="generated", include_hidden=True)
    for row in store.classes():
        own = [each for each in made if each.class_id == row.id and each.provenance]
        first = min((each.iteration for each in own), default=0)
        used = {
            each.provenance.template_id for each in own if each.provenance and each.iteration == first
        } - {None}
        found += [store.template(each) for each in sorted(each for each in used if each)] or store.templates(
            class_id=row.id
        )
    return found


def _generated(arm: str, session: Session, data: Data, wanted: Wanted, job: Job[Any]) -> Pool:
    store = session.store
    templates = starting_templates(store)
    if wanted.templates is not None:
        templates = _given(session, wanted.templates)
    settings = dict(wanted.settings or {})
    originals = store.pictures(ids=data.originals.pictures.ids)
    key = hash_of(
        {
            "originals": sorted(each.sha256 for each in originals),
            "templates": [(each.class_id, each.text, each.negative) for each in templates],
            "generator": session.models.generator_name,
            "settings": settings,
            "seed": store.get_meta("settings", {}).get("seed", 0),
        }
    )
    folder = store.folder / FOLDER / arm / key[:12]
    with Beside(session, folder, originals, templates) as beside:
        beside.fill(wanted.per_class, job, perturbation=arm, **settings)
        places = {row.name: place for place, row in enumerate(session.classes)}
        by_id = {row.id: places[row.name] for row in beside.store.classes()}
        return Pool(of_pictures(beside.store, beside.usable(), by_id), beside.cost, str(folder))


def _given(session: Session, templates: Templates) -> list[Template]:
    class_ids = {row.name: row.id for row in session.classes}
    if strangers := [name for name in templates if name not in class_ids]:
        raise InputError(f"templates: expected classes among {', '.join(class_ids)}, found {strangers}")
    if missing := [name for name in class_ids if name not in templates]:
        raise InputError(f"templates: expected a prompt for every class, found none for {', '.join(missing)}")
    return [
        Template(0, class_ids[name], text, "", "user", active=True, created_at="")
        for name, texts in templates.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    ]


def _retrieved(session: Session, data: Data, wanted: Wanted, job: Job[Any]) -> Pool:
    if wanted.retrieved_from is None:
        raise InputError("the arm 'retrieved' needs retrieved_from=…, a folder of pictures to look in")
    seen = look_at(session, wanted.retrieved_from, session.store.folder / FOLDER / "retrieved", job)
    held = np.concatenate(
        [fingerprints_of(part.pictures.images, job) for part in (data.originals, data.validation, data.test)]
    )
    found = retrieve(seen, class_texts(session), held, wanted.per_class)
    rows = np.concatenate(found)
    classes = np.repeat(np.arange(len(found)), [len(own) for own in found])
    pictures = Labelled.of([seen.paths[row] for row in rows], classes, generated=True)
    cost = Amounts(len(rows), seen.seconds, None, session.prices.money(seen.seconds, None))
    return Pool(Examples.of(pictures, [seen.contents[row] for row in rows]), cost)
