"""What a detector gains by the generated pictures, its own boxes drawn in them."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.cells import hash_of
from datacrafter_widget.evaluate.comparing import seed_list
from datacrafter_widget.evaluate.gains import Gain, gain
from datacrafter_widget.store.records import Box
from datacrafter_widget.training.average_precision import average_precision, found_as
from datacrafter_widget.training.boxes import Detected, picture_sizes
from datacrafter_widget.training.detector import DetectorSettings, TrainedDetector, detect, train_detector
from datacrafter_widget.training.detector_state import detector_key
from datacrafter_widget.training.pseudo import THRESHOLD, PseudoLabelled, pseudo_label
from datacrafter_widget.training.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from datacrafter_widget.evaluate.examples import Examples
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session

_MEASURES = ("mAP", "mAP50")
_TEACHERS_SHARE = 0.5  # of the progress, where there are pictures to draw boxes in


@dataclass(frozen=True)
class DetectorTrainer:
    """A detector that is trained on originals with boxes and on generated pictures with pseudo-labels.

    For every seed a first detector is trained on the originals alone. It draws the boxes in the generated pictures;
    those in which it finds nothing of their class are left out. A second one is trained on both.

    Attributes:
        settings: of both trainings.
        threshold: least score of a box that is drawn in a generated picture.
        measure: ``"mAP"``, COCO's mean over overlaps from 0.50 to 0.95, or ``"mAP50"``.
        keep: is given what was drawn, and the seed.
    """

    settings: DetectorSettings = field(default_factory=DetectorSettings)
    threshold: float = THRESHOLD
    measure: str = "mAP"
    keep: Callable[[PseudoLabelled, int], object] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.measure not in _MEASURES:
            raise InputError(f"measure: expected 'mAP' or 'mAP50', found {self.measure!r}")
        if not 0 < self.threshold <= 1:
            raise InputError(f"threshold: expected a number above 0 and up to 1, found {self.threshold}")

    @property
    def name(self) -> str:
        """The detector's name."""
        return self.settings.model

    def depends_on(self, session: Session) -> dict[str, Any]:
        """The settings, less where it runs, and the boxes that were given."""
        boxes = sorted((content, _rows(each)) for content, each in _given_boxes(session).items())
        settings = {name: value for name, value in asdict(self.settings).items() if name != "device"}
        return {**settings, "threshold": self.threshold, "boxes": hash_of(boxes)}

    def prepare(self, session: Session, examples: Examples, job: Job[Any]) -> Examples:
        """Put the given boxes around what is in the pictures, and decode these."""
        job.update(message="reading the pictures")
        given = _given_boxes(session)
        places = {row.id: place for place, row in enumerate(session.classes)}
        known = examples.pictures
        boxes = [
            () if made else given.get(content, ())
            for content, made in zip(examples.contents, known.generated, strict=True)
        ]
        if len(known) and not known.generated.all() and not any(boxes):
            raise InputError(
                f"expected boxes around the objects of {len(known)} pictures, found none. Open the session with a "
                "data set that has them (COCO, YOLO …), and hold pictures out with session.set_validation"
            )
        detected = Detected.around(
            known,
            [[(box.x, box.y, box.x + box.width, box.y + box.height) for box in own] for own in boxes],
            [[places[box.class_id] for box in own] for own in boxes],
        )
        return replace(examples, pictures=detected.at(self.settings.size))

    def run(
        self,
        train: Examples,
        validation: Examples,
        test: Examples,
        class_count: int,
        *,
        seed: int,
        progress: Callable[[float], object],
        checkpoint: Path | None,
    ) -> Outcome:
        """Train one or two detectors, and test the last; see `evaluate.trainers.Trainer.run`."""
        start = time.perf_counter()
        given = train.subset(~train.pictures.generated)
        more = train.pictures.subset(train.pictures.generated)
        share = _TEACHERS_SHARE if len(more) else 1.0

        def learn(
            pictures: Detected, report: Callable[[float], object], path: Path | None
        ) -> TrainedDetector:
            return train_detector(
                pictures,
                _detected(validation),
                class_count,
                self.settings,
                seed=seed,
                progress=report,
                checkpoint=path,
            )

        pictures, teacher = _detected(given), None
        if checkpoint is not None:
            key = detector_key(self.settings, seed, class_count, pictures, _detected(validation))
            teacher = _teacher_file(checkpoint, key)
        trained = learn(pictures, lambda done: progress(share * done), teacher)
        if len(more):
            labelled = pseudo_label(trained, more, threshold=self.threshold)
            if self.keep is not None:
                self.keep(labelled, seed)
            pictures = pictures.joined(labelled.pictures)
            trained = learn(pictures, lambda done: progress(share + (1 - share) * done), checkpoint)
        return self._tested(trained, test, seed, time.perf_counter() - start, len(pictures))

    def _tested(
        self, trained: TrainedDetector, test: Examples, seed: int, seconds: float, pictures: int
    ) -> Outcome:
        truth = _detected(test)
        found = detect(trained, truth)
        precision = average_precision(found, truth, trained.class_count)
        wide = self.measure == "mAP"
        return Outcome(
            accuracy=precision.map if wide else precision.map_50,
            per_class=precision.per_class if wide else precision.per_class_50,
            confusion=found_as(found, truth, trained.class_count),
            seed=seed,
            seconds=seconds,
            pictures=pictures,
            history=trained.history,
        )


def _teacher_file(checkpoint: Path, key: str) -> Path:
    """Where the detector of the originals is kept: every arm of a comparison needs the same one."""
    return checkpoint.parent.with_name(f"detector-{key}") / checkpoint.name


def detector(
    session: Session,
    settings: DetectorSettings | None = None,
    *,
    threshold: float = THRESHOLD,
    seeds: int | Sequence[int] = 3,
) -> Job[Gain]:
    """What a detector gains by the session's visible generated pictures.

    The originals need boxes: open the session with a data set that has them (COCO, YOLO …). The generated pictures get
    theirs from a detector that was trained on the originals alone; those of the first seed are kept in the session, and
    exported with it. A training that is finished is not done again. `evaluate.compare` takes the same as
    ``trainer=DetectorTrainer(settings, threshold)``.

    Args:
        session: whose pictures. Those that are flagged don't count, as in an export.
        settings: the detector and how it is trained: by default a small one for little pictures, from scratch.
            ``DetectorSettings(model="fasterrcnn_resnet50_fpn_v2", pretrained=True, steps=2000)`` for photographs.
        threshold: least score of a box that is drawn in a generated picture. A higher one leaves out more of them;
            few or one-sided originals teach a detector that is seldom sure, try 0.1 to 0.3 with them.
        seeds: how many trainings, or their seeds.

    Returns:
        A job whose result is the `Gain`, in mAP (COCO's). It is tested on the session's held-out test set, or, with a
        warning, on a quarter of the originals.

    Raises:
        InputError: a number out of range. The job raises what is wrong with the pictures.
        ModelError: (the job) the model or its weights can't be had.
    """
    numbers = seed_list(seeds)

    def keep(labelled: PseudoLabelled, seed: int) -> None:
        if seed == numbers[0] and not session.store.read_only:
            _keep_boxes(session, labelled)

    trainer = DetectorTrainer(settings or DetectorSettings(), threshold, keep=keep)
    return gain(session, trainer, "Train a detector", seeds=numbers)


def _given_boxes(session: Session) -> dict[str, tuple[Box, ...]]:
    """Content hash → the boxes of an original or of a held-out picture."""
    store = session.store
    contents = {picture.id: picture.sha256 for picture in store.pictures(origin="original")}
    found = {contents[number]: tuple(boxes) for number, boxes in store.boxes(contents).items()}
    held_out = [*store.held_out("validation"), *store.held_out("test")]
    return found | {picture.sha256: picture.boxes for picture in held_out if picture.boxes}


def _rows(boxes: Iterable[Box]) -> list[tuple[float, ...]]:
    return [(box.class_id, box.x, box.y, box.width, box.height) for box in boxes]


def _detected(examples: Examples) -> Detected:
    assert isinstance(examples.pictures, Detected)
    return examples.pictures


def _keep_boxes(session: Session, labelled: PseudoLabelled) -> None:
    """Write what a detector found into the session, in place of what one found before."""
    store = session.store
    sizes = {picture.id: (picture.width, picture.height) for picture in store.pictures(origin="generated")}
    side = labelled.pictures
    ids, shown = side.ids.tolist(), picture_sizes(side.images)
    class_ids = [row.id for row in session.classes]
    rows = []
    for at, (number, found) in enumerate(zip(ids, labelled.found, strict=True)):
        if number not in sizes:
            continue
        scale = np.tile(np.array(sizes[number]) / shown[at], 2)
        for box, score in zip(found.boxes * scale, found.scores, strict=True):
            left, top, right, bottom = (float(value) for value in box)
            rows.append(
                Box(
                    number,
                    class_ids[side.classes[at]],
                    left,
                    top,
                    right - left,
                    bottom - top,
                    float(score),
                    "pseudo",
                )
            )
    with store.transaction():
        store.remove_boxes(sizes, "pseudo")
        store.add_boxes(rows)
