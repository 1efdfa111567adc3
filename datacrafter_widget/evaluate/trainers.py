"""What is trained and tested in an evaluation, one form for a probe, a classifier and a trainer of one's own."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.examples import resampled
from datacrafter_widget.evaluate.features import encoded
from datacrafter_widget.store.decoding import decode
from datacrafter_widget.training.classifier import ClassifierSettings, predict, train_classifier
from datacrafter_widget.training.detector import DetectorSettings
from datacrafter_widget.training.probe import STRENGTHS, fit_probe
from datacrafter_widget.training.results import Outcome, outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacrafter_widget.evaluate.examples import Examples
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session


@runtime_checkable
class Trainer(Protocol):
    """Learns from pictures, and is tested on others. Give one of your own as ``trainer=``."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    @property
    def measure(self) -> str:
        """What `Outcome.accuracy` is: ``"accuracy"``, ``"mAP"``."""

    def depends_on(self, session: Session) -> dict[str, Any]:
        """All that an outcome depends on beside the pictures and the seed, as JSON values."""

    def prepare(self, session: Session, examples: Examples, job: Job[Any]) -> Examples:
        """Do once with pictures what every training would do again, such as encoding or decoding them."""

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
        """One training: same pictures, same seed, same outcome.

        Args:
            train: to learn from.
            validation: chooses what is to be chosen.
            test: what the outcome is of; nothing else may depend on it.
            class_count: C.
            seed: of all that is random.
            progress: called with the finished share; may raise to stop.
            checkpoint: a file for what a training that was cut off goes on with, or None.
        """


@dataclass(frozen=True)
class ProbeTrainer:
    """A linear probe on the features of the session's encoder (GenBench, Sec. 2.4).

    A probe has no randomness of its own. Its seeds draw the training pictures with replacement (the bootstrap), each
    class's originals and generated pictures apart, so that an interval tells what other pictures of the same
    kind might have given.

    Attributes:
        strengths: of the L2 penalty, to choose from on the validation pictures.
    """

    strengths: tuple[float, ...] = STRENGTHS
    name: str = field(default="linear probe", init=False)
    measure: str = field(default="accuracy", init=False)

    def depends_on(self, session: Session) -> dict[str, Any]:
        """The encoder, and the penalties."""
        return {"encoder": session.models.encoder.identity, "strengths": list(self.strengths)}

    def prepare(self, session: Session, examples: Examples, job: Job[Any]) -> Examples:
        """Look at the pictures."""
        images = examples.pictures.images
        return examples.looked_at(encoded(session, examples.contents, lambda at: decode(images[at]), job))

    def run(
        self,
        train: Examples,
        validation: Examples,
        test: Examples,
        class_count: int,
        *,
        seed: int,
        progress: Callable[[float], object],
        checkpoint: Path | None = None,  # noqa: ARG002 - it takes seconds
    ) -> Outcome:
        """Fit a probe and test it; see `Trainer.run`."""
        start = time.perf_counter()
        progress(0.0)
        rows = resampled(train.pictures, seed)
        probe = fit_probe(
            train.features[rows],
            train.pictures.classes[rows],
            validation.features,
            validation.pictures.classes,
            class_count=class_count,
            strengths=self.strengths,
        )
        return outcome(
            test.pictures.classes,
            probe.predict(test.features),
            class_count,
            seed=seed,
            seconds=time.perf_counter() - start,
            pictures=len(train),
        )


@dataclass(frozen=True)
class ClassifierTrainer:
    """A classifier that sees the pixels, such as a ResNet-50.

    Attributes:
        settings: of the training.
    """

    settings: ClassifierSettings = field(default_factory=ClassifierSettings)
    measure: str = field(default="accuracy", init=False)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.settings.model

    def depends_on(self, session: Session) -> dict[str, Any]:  # noqa: ARG002 - no model of the session
        """The settings, less where it runs."""
        return {name: value for name, value in asdict(self.settings).items() if name != "device"}

    def prepare(self, session: Session, examples: Examples, job: Job[Any]) -> Examples:  # noqa: ARG002
        """Decode the pictures where it is known to which size."""
        size = self.settings.image_size
        return examples if size is None else replace(examples, pictures=examples.pictures.at(size))

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
        """Train a classifier and test it; see `Trainer.run`."""
        trained = train_classifier(
            train.pictures,
            validation.pictures,
            class_count,
            self.settings,
            seed=seed,
            progress=progress,
            checkpoint=checkpoint,
        )
        return outcome(
            test.pictures.classes,
            predict(trained, test.pictures.images),
            class_count,
            seed=seed,
            seconds=trained.seconds,
            pictures=len(train),
            history=trained.history,
        )


def find_trainer(trainer: str | ClassifierSettings | DetectorSettings | Trainer) -> Trainer:
    """What ``trainer=`` names.

    Args:
        trainer: ``"probe"``, ``"classifier"``, ``"detector"``, the settings of one of the last two, or a `Trainer`.

    Raises:
        InputError: anything else.
    """
    from datacrafter_widget.evaluate.detecting import DetectorTrainer  # it is made of what is made of this

    if isinstance(trainer, ClassifierSettings):
        return ClassifierTrainer(trainer)
    if isinstance(trainer, DetectorSettings):
        return DetectorTrainer(trainer)
    named = {"probe": ProbeTrainer, "classifier": ClassifierTrainer, "detector": DetectorTrainer}
    if isinstance(trainer, str) and trainer in named:
        return named[trainer]()
    if isinstance(trainer, Trainer):
        return trainer
    raise InputError(
        f"trainer: expected {', '.join(map(repr, named))}, ClassifierSettings(model=…), DetectorSettings(…) or a "
        f"Trainer, found {trainer!r}"
    )
