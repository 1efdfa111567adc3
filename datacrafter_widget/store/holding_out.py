"""Pictures that a user keeps apart, to measure with."""

from collections.abc import Callable
from typing import Any

from datacrafter_widget.store.classes import class_name
from datacrafter_widget.store.held_out import HeldOutDraft
from datacrafter_widget.store.importing import Duplicate, ImportReport, Problem, read_batches
from datacrafter_widget.store.reading import open_source
from datacrafter_widget.store.records import Box, HeldOutRole
from datacrafter_widget.store.sources import ReadPicture, fit_boxes
from datacrafter_widget.store.store import Store


def import_held_out(
    store: Store,
    images: Any,
    role: HeldOutRole,
    *,
    progress: Callable[[int, int | None], object] | None = None,
) -> ImportReport:
    """Make a labelled set of pictures the held-out ones of a role, in place of those before.

    Left out, and reported: what can't be read, a picture of a class that the session does not have, and one of
    the same content as a picture of the session, of the other role's set or of this set.

    Args:
        store: The session.
        images: In any form that `import_images` takes.
        role: "validation" or "test".
        progress: Called with the number of pictures read and in all (None if unknown).

    Raises:
        InputError: ``images`` has another form; the set before is kept.
        StoreError: The session can't be written.
    """
    source = open_source(images)
    intake = _Intake(store, role)
    done = 0
    for batch in read_batches(source):
        intake.take(batch)
        done += len(batch)
        if progress is not None:
            progress(done, source.total)
    store.set_held_out(role, intake.drafts)
    return intake.report(source.problems)


class _Intake:
    """Stores the files of what is read, and keeps what their rows and the report need."""

    def __init__(self, store: Store, role: HeldOutRole) -> None:
        self.drafts: list[HeldOutDraft] = []
        self._store = store
        self._rows = {row.name: row for row in store.classes()}
        self._names = {row.id: row.name for row in store.classes()}
        other: HeldOutRole = "test" if role == "validation" else "validation"
        self._taken = {
            picture.sha256: (f"the {other} set's {picture.source}", self._names[picture.class_id])
            for picture in store.held_out(other)
        }
        self._duplicates: list[Duplicate] = []
        self._problems: list[Problem] = []

    def take(self, pictures: list[ReadPicture]) -> None:
        good = []
        for picture in pictures:
            name = class_name(picture.class_name) if picture.class_name else ""
            if picture.image is None:
                self._problems.append(Problem(picture.source, picture.problem or "unreadable"))
            elif name not in self._rows:
                known = ", ".join(self._rows) or "none yet"
                self._problems.append(
                    Problem(picture.source, f"the session has no class {name!r}; it has {known}")
                )
            else:
                good.append((picture.image, name, picture))
        hashes = self._store.put_held_out_images([image for image, _, _ in good])
        for sha256, (image, name, picture) in zip(hashes, good, strict=True):
            if (kept := self._kept(sha256)) is not None:
                self._duplicates.append(Duplicate(picture.source, name, *kept))
                continue
            boxes = self._boxes(picture, image.size)
            self._taken[sha256] = (picture.source, name)
            self.drafts.append(HeldOutDraft(sha256, self._rows[name].id, picture.source, boxes))

    def report(self, problems: list[tuple[str, str]]) -> ImportReport:
        counts: dict[str, int] = {}
        for draft in self.drafts:
            name = self._names[draft.class_id]
            counts[name] = counts.get(name, 0) + 1
        return ImportReport(
            imported=len(self.drafts),
            per_class={name: counts[name] for name in self._rows if name in counts},
            duplicates=self._duplicates,
            problems=[*self._problems, *(Problem(*problem) for problem in problems)],
            boxes=sum(len(draft.boxes) for draft in self.drafts),
        )

    def _kept(self, sha256: str) -> tuple[str, str] | None:
        """Where the same content is already, and of which class."""
        if sha256 in self._taken:
            return self._taken[sha256]
        picture = self._store.picture_by_content(sha256)
        if picture is None:
            return None
        return picture.source or f"picture {picture.id}", self._names[picture.class_id]

    def _boxes(self, picture: ReadPicture, size: tuple[int, int]) -> tuple[Box, ...]:
        if picture.entry is None:
            return ()
        boxes, problem = fit_boxes(picture.entry, size)
        if problem:
            self._problems.append(Problem(picture.source, problem))
        known = [box for box in boxes if box.class_name in self._rows]
        return tuple(Box(0, self._rows[box.class_name].id, *box[1:5]) for box in known)
