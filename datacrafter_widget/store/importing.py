"""Pictures that a user has become the originals of a session."""

import html
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from datacrafter_widget.store.classes import class_name
from datacrafter_widget.store.decoding import MAX_PIXELS
from datacrafter_widget.store.reading import open_source
from datacrafter_widget.store.records import AddedOriginal, Box
from datacrafter_widget.store.restoring import Incoming
from datacrafter_widget.store.sources import PictureSource, ReadPicture, fit_boxes, read_one
from datacrafter_widget.store.store import Store

if TYPE_CHECKING:
    from PIL import Image

BATCH = 64
"""Pictures committed together, at most …"""
BATCH_PIXELS = 32_000_000
"""… and until they have this many pixels: memory stays bounded, whatever the camera."""
DECODERS = 4
_SHOWN = 20


class Duplicate(NamedTuple):
    """A picture left out because one of the same content was there."""

    source: str
    class_name: str
    kept_source: str
    kept_class: str


class SeveralClasses(NamedTuple):
    """A picture with objects of several classes, and the class that it was given."""

    source: str
    class_name: str
    others: tuple[str, ...]


class Problem(NamedTuple):
    """A file or folder left out, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    imported: int
    """Pictures added."""
    per_class: dict[str, int]
    """Pictures added, by class name."""
    duplicates: list[Duplicate] = field(default_factory=list)
    """Pictures of the same content as another one, which was kept."""
    problems: list[Problem] = field(default_factory=list)
    """What could not be read, by name."""
    already_there: int = 0
    """Pictures that an earlier import had brought from the same source."""
    generated: int = 0
    """Of those added the ones that an export of ours said to be generated: with their provenance."""
    boxes: int = 0
    """Boxes around objects added with the pictures."""
    several_classes: list[SeveralClasses] = field(default_factory=list)
    """Pictures with objects of more than one class."""

    def __str__(self) -> str:
        pictures = "picture" if self.imported == 1 else "pictures"
        classes = "class" if len(self.per_class) == 1 else "classes"
        lines = [f"{self.imported} {pictures} imported in {len(self.per_class)} {classes}"]
        lines += [f"  {name}: {count}" for name, count in self.per_class.items()]
        if self.generated:
            lines.append(f"{self.generated} of them generated ones of an earlier session, with provenance")
        if self.boxes:
            lines.append(f"{self.boxes} boxes")
        if self.already_there:
            lines.append(f"{self.already_there} were there from an earlier import")
        lines += self._section(
            "with objects of several classes (their class is the one said or that of the largest area)",
            [
                f"{item.source}: {item.class_name}, also {', '.join(item.others)}"
                for item in self.several_classes
            ],
        )
        lines += self._section("left out as duplicates", [_duplicate_line(item) for item in self.duplicates])
        lines += self._section("left out", [f"{item.source}: {item.reason}" for item in self.problems])
        return "\n".join(
            "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line) for line in lines
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def _section(self, title: str, items: Sequence[str]) -> list[str]:
        if not items:
            return []
        more = [f"  … and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
        return [f"{len(items)} {title}:", *(f"  {item}" for item in items[:_SHOWN]), *more]


def import_images(
    store: Store,
    images: Any,
    *,
    class_names: Sequence[str] | None = None,
    class_words: Mapping[str, str] | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[int, int | None], object] | None = None,
) -> ImportReport:
    """Add a labelled set of pictures as originals; the files themselves are only read.

    What can't be read is reported and left out, and so is a picture whose content (size and RGB pixels) is
    there already, in this class or another: the first is kept. A class is made with its first picture, or
    box. Boxes come along; a picture with objects of several classes is of the one with the largest total area.
    What an export of this package calls generated comes back as generated, with its provenance and iteration
    (its template as text; its parent where that is in the same import, or was).

    Args:
        store: The session to add to.
        images: A folder of class folders, (picture, class) pairs, (array, labels), a data set of another
            library or a file of one; see `read_images`.
        class_names: Names for integer labels.
        class_words: What ``{class}`` becomes in prompts, by class name; by default the name with ``_`` and
            ``-`` as spaces.
        max_pixels: Pictures of more pixels are left out unread.
        progress: Called with the number of pictures done and in all (None if unknown). It may raise to stop;
            what it was told of is stored.

    Returns:
        What was imported, and what not, and why.

    Raises:
        InputError: ``images`` has another form.
        StoreError: The session can't be written.
    """
    source = open_source(images, class_names=class_names, max_pixels=max_pixels)
    words = {class_name(name): word for name, word in (class_words or {}).items()}
    intake = _Intake(store, source, words)
    for batch in read_batches(source):
        intake.take(batch)
        if progress is not None:
            progress(intake.done, source.total)
    return intake.report()


class _Intake:
    """Stores chunks of read pictures and keeps count for the report."""

    def __init__(self, store: Store, source: PictureSource, words: Mapping[str, str]) -> None:
        self.done = 0
        self._store = store
        self._words = words
        self._class_ids = {row.name: row.id for row in store.classes()}
        self._names = {row.id: row.name for row in store.classes()}
        first = max((row.position for row in store.classes()), default=-1) + 1
        self._positions = {
            name: first + index for index, name in enumerate(map(class_name, source.class_names))
        }
        self._seen: dict[str, int] = {}
        self._per_class: dict[str, int] = {}
        self._duplicates: list[Duplicate] = []
        self._problems: list[Problem] = []
        self._source = source
        self._generated = 0
        self._boxes = 0
        self._several: list[SeveralClasses] = []
        self._ids: dict[int, int] = {}  # of the session that exported, and of this one
        self._parents: dict[int, int] = {}  # pictures that came before their parents, and those by old id
        self._already_there = 0

    def take(self, pictures: Sequence[ReadPicture]) -> None:
        self.done += len(pictures)
        good: list[tuple[Image.Image, ReadPicture]] = []
        for picture in pictures:
            if picture.class_name:
                self._seen.setdefault(picture.class_name, 0)
            if picture.image is None:
                self._problems.append(Problem(picture.source, picture.problem or "unreadable"))
            else:
                self._seen[picture.class_name] += 1
                good.append((picture.image, picture))
        items = [self._incoming(image, picture) for image, picture in good]
        for item, added in zip(good, self._store.add_imported(items, self._ids), strict=True):
            self._count(item[1], added)

    def _incoming(self, image: "Image.Image", picture: ReadPicture) -> Incoming:
        entry = picture.entry
        class_id = self._class_id(picture.class_name)
        if entry is None:
            return Incoming(image, class_id, picture.source)
        boxes, problem = fit_boxes(entry, image.size)
        if problem:
            self._problems.append(Problem(picture.source, problem))
        rows = tuple(
            Box(0, self._class_id(box.class_name), *box[1:5], score=box.score, source=box.source)
            for box in boxes
        )
        return Incoming(image, class_id, picture.source, entry.earlier, rows)

    def _count(self, picture: ReadPicture, added: AddedOriginal) -> None:
        kept = added.picture
        if added.boxes and picture.entry:
            self._boxes += added.boxes
            others = dict.fromkeys(box.class_name for box in picture.entry.boxes)
            others.pop(picture.class_name, None)
            if others:
                self._several.append(SeveralClasses(picture.source, picture.class_name, tuple(others)))
        made = picture.entry and picture.entry.earlier and picture.entry.earlier.provenance
        if made and made.parent_id and kept.provenance and kept.provenance.parent_id is None:
            self._parents[kept.id] = made.parent_id
        if added.new:
            self._per_class[picture.class_name] = self._per_class.get(picture.class_name, 0) + 1
            self._generated += kept.origin == "generated"
        elif kept.source == picture.source and self._names[kept.class_id] == picture.class_name:
            self._already_there += 1
        else:
            kept_source = kept.source or f"picture {kept.id}"
            self._duplicates.append(
                Duplicate(picture.source, picture.class_name, kept_source, self._names[kept.class_id])
            )

    def report(self) -> ImportReport:
        """The report; classes of this import that ended up without a picture are taken back."""
        self._problems += [Problem(*problem) for problem in self._source.problems]
        self._store.set_parents(
            {picture: self._ids[old] for picture, old in self._parents.items() if old in self._ids}
        )
        for name, readable in self._seen.items():
            if readable == 0:
                self._problems.append(Problem(name, "a class without a readable picture; it was not made"))
            elif self._store.delete_empty_class(self._class_ids[name]):
                self._problems.append(Problem(name, "a class of duplicates only; it was not made"))
        order = sorted(self._per_class, key=lambda name: self._positions.get(name, len(self._positions)))
        return ImportReport(
            imported=sum(self._per_class.values()),
            per_class={name: self._per_class[name] for name in order},
            duplicates=self._duplicates,
            problems=self._problems,
            already_there=self._already_there,
            generated=self._generated,
            boxes=self._boxes,
            several_classes=self._several,
        )

    def _class_id(self, name: str) -> int:
        if name not in self._class_ids:
            row = self._store.add_class(name, self._words.get(name), position=self._positions.get(name))
            self._class_ids[name] = row.id
            self._names[row.id] = name
        return self._class_ids[name]


def read_batches(source: PictureSource) -> Iterator[list[ReadPicture]]:
    """The pictures in order, in batches whose memory is bounded."""
    return _batches(_read_ahead(source))


def _read_ahead(source: PictureSource) -> Iterator[ReadPicture]:
    """The pictures in order, with the next few being decoded meanwhile."""
    pending: deque[Future[ReadPicture]] = deque()
    with ThreadPoolExecutor(max_workers=DECODERS, thread_name_prefix="import") as pool:
        try:
            for entry in source.entries:
                pending.append(pool.submit(read_one, entry))
                if len(pending) > DECODERS:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _batches(pictures: Iterable[ReadPicture]) -> Iterator[list[ReadPicture]]:
    batch: list[ReadPicture] = []
    pixels = 0
    for picture in pictures:
        batch.append(picture)
        pixels += 0 if picture.image is None else picture.image.width * picture.image.height
        if len(batch) == BATCH or pixels >= BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _duplicate_line(item: Duplicate) -> str:
    where = "" if item.kept_class == item.class_name else f" in another class, {item.kept_class}"
    return f"{item.source} ({item.class_name}) is the same picture as {item.kept_source}{where}"
