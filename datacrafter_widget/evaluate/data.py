"""What of a session is trained on, what chooses, and what judges in the end: never the same pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.examples import Examples
from datacrafter_widget.store.files import content_hash
from datacrafter_widget.store.formats.splitting import picture_families, split_pictures
from datacrafter_widget.store.reading import open_source
from datacrafter_widget.store.records import HeldOutPicture, HeldOutRole
from datacrafter_widget.store.sources import read_one
from datacrafter_widget.training.pictures import Labelled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Picture

TEST_SHARE = 0.25
VALIDATION_SHARE = 0.2
"""Of the originals, where nobody has held pictures out."""

ROLES: tuple[HeldOutRole, ...] = ("validation", "test")

_NAMED = 5  # pictures or classes that a message names


@dataclass(frozen=True, eq=False)
class Data:
    """The pictures of an evaluation. Class indices are places among the session's classes.

    Attributes:
        class_names: (C,).
        originals: those to train on.
        generated: the visible ones that no flag keeps out of an export and that do not come from a picture that is
            held out; their group is the iteration.
        validation: chooses (a penalty, when to stop).
        test: judges.
        tested_on: what `test` is, for people.
        warnings: what limits the result, for people.
    """

    class_names: tuple[str, ...]
    originals: Examples
    generated: Examples
    validation: Examples
    test: Examples
    tested_on: str
    warnings: tuple[str, ...] = ()


def read_data(
    session: Session, test: Any = None, *, job: Job[Any], roles: Collection[HeldOutRole] = ROLES
) -> Data:
    """The pictures of a session for an evaluation.

    Pictures are tested on `test` where it is given, else on the session's held-out test set, else on a quarter of
    the originals. A fifth of the originals validates where the session has no held-out validation set. What is
    split off takes its whole family along: nothing that was made from it is trained on.

    Args:
        session: whose pictures.
        test: test pictures in any form that `Session.open` takes.
        job: told of the progress; it may be cancelled.
        roles: what pictures are needed for beside training; those for others are none.

    Raises:
        InputError: no pictures to train on or to test on, or classes that the session does not have.
    """
    store = session.store
    job.update(message="reading the pictures")
    places = {row.id: place for place, row in enumerate(session.classes)}
    warnings: list[str] = []
    if test is not None:
        held, tested_on = _given(store, test, job, warnings), "the pictures given as test="
    else:
        held, tested_on = store.held_out("test"), "the session's held-out test set"
    tests = {picture.sha256 for picture in held}
    validation = [picture for picture in store.held_out("validation") if picture.sha256 not in tests]
    shares = {}
    if not held and "test" in roles:
        if test is not None:
            raise InputError("test: expected pictures that are not in the session, found none")
        shares["test"] = TEST_SHARE
        tested_on = f"a split of {TEST_SHARE:.0%} of the originals"
        warnings.append(
            "There is no test set: a quarter of the originals tests, with all that was made from them left out. "
            "What the session shows was chosen with these pictures in sight; give test= for a figure to believe."
        )
    if not validation and "validation" in roles:
        shares["val"] = VALIDATION_SHARE
    usable = [picture for picture in store.pictures() if not picture.flagged]
    parts, generated = _parted(store, usable, shares)
    data = Data(
        tuple(row.name for row in session.classes),
        of_pictures(store, parts["train"], places),
        of_pictures(store, generated, places),
        _of_held_out(store, validation, places) if validation else of_pictures(store, parts["val"], places),
        _of_held_out(store, held, places) if held else of_pictures(store, parts["test"], places),
        tested_on,
        tuple(warnings),
    )
    return _checked(data)


def _given(store: Store, test: Any, job: Job[Any], warnings: list[str]) -> list[HeldOutPicture]:
    """Test pictures that the user brings, as files beside the session's own; they are no pictures of it."""
    if store.read_only:
        raise InputError("test: a session that was opened with read_only=True can't take test pictures in")
    source = open_source(test)
    class_ids = {row.name: row.id for row in store.classes()}
    own = {picture.sha256 for picture in store.pictures(include_hidden=True)}
    found: dict[str, HeldOutPicture] = {}
    known, unreadable = 0, 0
    for done, entry in enumerate(source.entries):
        job.update(done=done, total=source.total, message="reading the test pictures")
        job.raise_if_cancelled()
        picture = read_one(entry)
        if picture.image is None:
            unreadable += 1
            continue
        if picture.class_name not in class_ids:
            raise InputError(
                f"test: expected classes among {', '.join(class_ids)}, found {picture.class_name!r} "
                f"({picture.source}). Leave such pictures out, or rename their class"
            )
        content = content_hash(picture.image)
        if content in own:
            known += 1
            continue
        if content not in found:
            store.put_held_out_images([picture.image])
            class_id = class_ids[picture.class_name]
            found[content] = HeldOutPicture(0, "test", content, class_id, picture.source)
    if known:
        warnings.append(f"{known} of the test pictures are in the session too; they were left out.")
    if unreadable:
        warnings.append(f"{unreadable} of the test pictures can't be read; they were left out.")
    return list(found.values())


def _parted(
    store: Store, usable: Sequence[Picture], shares: dict[str, float]
) -> tuple[dict[str, list[Picture]], list[Picture]]:
    """Originals by what they are for, and the generated pictures that come from none that is held out."""
    originals = [picture for picture in usable if picture.origin == "original"]
    generated = [picture for picture in usable if picture.origin == "generated"]
    if not originals:
        raise InputError("expected originals to train on, found none; add some with session.add_images(…)")
    parts: dict[str, list[Picture]] = {"train": [], "val": [], "test": []}
    if not shares:
        return {**parts, "train": originals}, generated
    split = split_pictures(store, originals, {"train": 1 - sum(shares.values()), **shares}, seed=0)
    for picture in originals:
        parts[split[picture.id]].append(picture)
    families = picture_families(store)
    away = {families[picture.id] for name in shares for picture in parts[name]}
    return parts, [picture for picture in generated if families[picture.id] not in away]


def of_pictures(store: Store, pictures: Sequence[Picture], places: Mapping[int, int]) -> Examples:
    """Pictures of a session.

    Args:
        store: has them.
        pictures: their rows.
        places: class id → class index.
    """
    made = np.array([picture.origin == "generated" for picture in pictures], bool)
    return Examples.of(
        Labelled(
            [store.image_path(picture) for picture in pictures],
            np.array([places[picture.class_id] for picture in pictures], np.int64),
            made,
            np.array([picture.iteration or -1 for picture in pictures], np.int64),
            np.array([picture.id for picture in pictures], np.int64),
        ),
        [picture.sha256 for picture in pictures],
    )


def _of_held_out(store: Store, pictures: Sequence[HeldOutPicture], places: dict[int, int]) -> Examples:
    images = [store.held_out_path(picture) for picture in pictures]
    classes = [places[picture.class_id] for picture in pictures]
    return Examples.of(Labelled.of(images, classes), [picture.sha256 for picture in pictures])


def _checked(data: Data) -> Data:
    """Warn of classes that are not trained or not tested."""
    count = len(data.class_names)
    untrained = np.flatnonzero(np.bincount(data.originals.pictures.classes, minlength=count) == 0)
    tested = np.bincount(data.test.pictures.classes, minlength=count)
    untested = np.flatnonzero((tested == 0) & tested.any())
    said = [
        f"{what}: {', '.join(data.class_names[place] for place in places[:_NAMED])}"
        f"{' …' if len(places) > _NAMED else ''}."
        for what, places in (
            ("No original to train on", untrained),
            ("No picture to test on", untested),
        )
        if len(places)
    ]
    return replace(data, warnings=(*data.warnings, *said))
