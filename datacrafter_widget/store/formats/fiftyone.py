"""Data sets of FiftyOne."""

from collections.abc import Iterator, Sequence
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.classes import printable
from datacrafter_widget.store.formats.contents import COLUMNS, Contents, Item
from datacrafter_widget.store.formats.rows import earlier_of
from datacrafter_widget.store.sources import (
    Entry,
    PictureSource,
    main_class,
    ordered,
    reader,
    refuse,
    source_box,
)

_LABEL, _BOXES = "ground_truth", "detections"
# What FiftyOne keeps itself, or names otherwise.
_OWN_FIELDS = frozenset({"file_name", "label", "parent_file", "created_at"})
_CHUNK = 1000


def to_fiftyone(contents: Contents, name: str, *, overwrite: bool = False, persistent: bool = False) -> Any:
    """A `fiftyone.Dataset` over the session's files.

    Fields: ``ground_truth`` (the class), ``detections`` (boxes, where there are any), and the facts about each
    picture; tags: origin and split.

    Args:
        contents: What to convert.
        name: The data set's name in FiftyOne's database.
        overwrite: Replace a data set of that name.
        persistent: Keep it in the database when Python ends.

    Raises:
        InputError: FiftyOne isn't installed, or has a data set of that name.
    """
    try:
        import fiftyone as fo
    except ImportError as error:
        raise InputError("expected FiftyOne, found none. Install it: pip install fiftyone") from error
    if fo.dataset_exists(name) and not overwrite:
        raise InputError(f"expected a new name, but FiftyOne has a data set {name!r}. Pass overwrite=True.")
    dataset = fo.Dataset(name, overwrite=overwrite, persistent=persistent)
    dataset.default_classes = list(contents.classes)
    for start in range(0, len(contents.items), _CHUNK):
        dataset.add_samples([_sample(fo, contents, item) for item in contents.items[start : start + _CHUNK]])
    return dataset


def _sample(fo: Any, contents: Contents, item: Item) -> Any:
    facts = contents.row(item, {item.picture.id: str(item.path)})
    fields = {key: facts[key] for key in COLUMNS if key not in _OWN_FIELDS and facts[key] is not None}
    sample = fo.Sample(
        filepath=str(item.path),
        tags=[item.picture.origin, *([item.split] if item.split else [])],
        exported_at=facts["created_at"],
        **{_LABEL: fo.Classification(label=item.class_name)},
        **fields,
    )
    if contents.has_boxes:
        width, height = item.picture.width, item.picture.height
        sample[_BOXES] = fo.Detections(
            detections=[
                fo.Detection(
                    label=contents.class_names[box.class_id],
                    bounding_box=[box.x / width, box.y / height, box.width / width, box.height / height],
                    confidence=box.score,
                    source=box.source,
                )
                for box in item.boxes
            ]
        )
    return sample


def is_fiftyone(value: Any) -> bool:
    """Whether it is a data set or view of FiftyOne."""
    return type(value).__module__.partition(".")[0] == "fiftyone" and hasattr(value, "iter_samples")


def open_samples(samples: Any, class_names: Sequence[str] | None, max_pixels: int) -> PictureSource:
    """A FiftyOne data set or view with a field of type Classification, or else Detections."""
    label_field, box_field = (_field(samples, kind) for kind in ("Classification", "Detections"))
    if label_field is None and box_field is None:
        raise InputError(
            "expected a FiftyOne data set with a field of type Classification or Detections, found"
            f" {', '.join(samples.get_field_schema())}. Add labels first."
        )
    order = list(samples.default_classes or ()) or samples.distinct(
        f"{label_field}.label" if label_field else f"{box_field}.detections.label"
    )

    def entries() -> Iterator[Entry]:
        for sample in samples.iter_samples():
            yield _entry(sample, label_field, box_field, max_pixels)

    return PictureSource(ordered(order, class_names or order), entries(), len(samples))


def _entry(sample: Any, label_field: str | None, box_field: str | None, max_pixels: int) -> Entry:
    source = printable(sample.filepath)
    found = sample[box_field].detections if box_field and sample[box_field] else ()
    boxes = tuple(
        source_box(
            box.label, box.bounding_box, box.confidence, "given" if box.confidence is None else "pseudo"
        )
        for box in found
        if box.label
    )
    label = sample[label_field].label if label_field and sample[label_field] else None
    if not label and not boxes:
        return refuse(source, "no label: its class is unknown")
    facts = sample.to_dict()
    facts["created_at"] = facts.get("exported_at")
    return Entry(
        label or main_class(boxes),
        source,
        reader(sample.filepath, max_pixels),
        boxes,
        (1.0, 1.0),
        earlier_of(facts),
    )


def _field(samples: Any, kind: str) -> str | None:
    schema = samples.get_field_schema()
    labelled = [name for name, field in schema.items() if getattr(field, "document_type", None)]
    fitting = [name for name in labelled if schema[name].document_type.__name__ == kind]
    return _LABEL if _LABEL in fitting else next(iter(fitting), None)
