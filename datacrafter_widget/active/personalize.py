"""Teach a generator one subject or style by generative active learning: the rounds.

Zhang et al., "Generative Active Learning for Image Synthesis Personalization" (MM 2024), Algorithm 1, over DreamBooth
(Ruiz et al. 2023). Each round trains the untaught model on the given pictures and those picked so far, has it draw
every anchor that is left, tests which pictures are overfitted, and picks the best of the directions that it is least
sure of. Everything is kept in one folder, so that it goes on wherever it was cut off.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from datacrafter_widget.active.rounds import PersonalizeSettings, Round, judge, next_pool
from datacrafter_widget.errors import ModelError, StoreError
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.concepts import Concept
from datacrafter_widget.models.encoder import Encoder
from datacrafter_widget.models.generator import Generator, PictureRequest
from datacrafter_widget.models.tuning import FILE_NAME, TuningSettings, tune
from datacrafter_widget.models.tuning.settings import MOST_STEPS

STATE_NAME = "rounds.json"


class Reference(NamedTuple):
    """A picture to learn from that was generated."""

    path: Path
    prompt: str  #: with "{}" for the token
    weight: float


class Personalization:
    """One subject or style that a generator is being taught, in a folder of its own.

    Attributes:
        rounds: what the rounds so far found; the last one may wait for a person's choice.
    """

    def __init__(self, folder: Path, settings: PersonalizeSettings) -> None:
        """Open the folder, or begin one.

        Args:
            folder: keeps the state, the rounds' trainings and their samples.
            settings: of the personalisation.
        """
        self.folder = folder
        self.settings = settings
        path = folder / STATE_NAME
        kept = json.loads(path.read_text("utf-8")) if path.exists() else []
        self.rounds: list[Round] = [Round.from_json(each) for each in kept]

    @property
    def waiting(self) -> bool:
        """Whether it waits for a person to choose."""
        return bool(self.rounds) and self.rounds[-1].chosen is None and not self.rounds[-1].over

    def choose(self, chosen: Round) -> None:
        """Note a person's choice of the last round's samples (`Round.with_choice`)."""
        self.rounds[-1] = chosen
        self._save()

    def sample_path(self, number: int, sample: int) -> Path:
        """Where a round's sample is."""
        return self.folder / f"round-{number}" / f"sample-{sample:04d}.png"

    def references(self, number: int) -> list[Reference]:
        """The generated pictures that a round learns from, beside the given ones."""
        return [
            Reference(
                self.sample_path(one.number, sample),
                self.settings.anchors[sample // self.settings.samples].prompt,
                one.openness,
            )
            for one in self.rounds[: number - 1]
            for sample in one.chosen or ()
        ]

    def run(
        self,
        job: Job[Any],
        *,
        pictures: Callable[[], Sequence[Image.Image]],
        model: Path,
        generator: Generator,
        encoder: Encoder,
        training: TuningSettings,
        known: Sequence[Concept] = (),
    ) -> Path | None:
        """Do the rounds that are missing.

        Args:
            job: shows the progress. Cancelling it keeps what there is.
            pictures: gives the pictures of the subject.
            model: the folder of the generator's pipeline.
            generator: draws the samples.
            encoder: looks at them.
            training: of the first round; prompts and weights are filled in. Later ones take more steps, so that each
                given picture is drawn as often as in the first, whatever is learned beside it.
            known: what else the generator has been taught.

        Returns:
            The file that was learned, for `load_lora_weights`; None while a person is to choose.

        Raises:
            ModelError: the generator can't be taught, or draws nothing that can be looked at.
            InputError: the pictures don't do.
            OutOfMemoryError: the device's memory ran out.
            StoreError: the disk refused.
            JobCancelled: the job was cancelled.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._save()
            return self._go_on(job, pictures, model, generator, encoder, training, known)
        except OSError as error:
            msg = f"the rounds of {training.token} can't be kept in {self.folder}: {error}. Free some disk space"
            raise StoreError(msg) from error

    def _go_on(
        self,
        job: Job[Any],
        pictures: Callable[[], Sequence[Image.Image]],
        model: Path,
        generator: Generator,
        encoder: Encoder,
        training: TuningSettings,
        known: Sequence[Concept],
    ) -> Path | None:
        while True:
            if self.waiting:
                return None
            over = bool(self.rounds) and (self.rounds[-1].over or not self.rounds[-1].chosen)
            number = len(self.rounds) + (0 if over else 1)
            stage = _Stage(job, f"round {number} of {self.settings.rounds}")
            file = self._train(stage, number, pictures, model, generator, training)
            pool = next_pool(self.rounds, self.settings)
            if over or number == self.settings.rounds or not pool:
                return _copied(file, self.folder / FILE_NAME)
            concept = Concept(training.token, "lora", file, training.words)
            self._draw(stage, number, pool, generator, [*known, concept], training.token)
            self.rounds.append(self._look(stage, number, pool, encoder))
            self._save()

    def _train(
        self,
        job: Job[Any],
        number: int,
        pictures: Callable[[], Sequence[Image.Image]],
        model: Path,
        generator: Generator,
        training: TuningSettings,
    ) -> Path:
        if generator.device != "cpu":
            generator.release()  # its memory is needed
        added = self.references(number)
        given = pictures()
        prompts = [self.settings.reference_prompt] * len(given) + [each.prompt for each in added]
        practised = sum(each.weight for each in added) / len(given)
        wanted = replace(
            training,
            steps=min(round(training.steps * (1 + practised)), MOST_STEPS),
            prompts=tuple(prompt.replace("{}", training.words) for prompt in prompts),
            weights=(1.0,) * len(given) + tuple(each.weight for each in added),
        )
        return tune(
            model,
            lambda: [*given, *(Image.open(each.path).convert("RGB") for each in added)],
            wanted,
            self._folder(number),
            job=job,
            device=generator.device,
            model_name=generator.name,
        )

    def _draw(
        self,
        job: Job[Any],
        number: int,
        pool: Sequence[int],
        generator: Generator,
        concepts: Sequence[Concept],
        token: str,
    ) -> None:
        """Generate the samples that are missing; the same noise in every round, so that rounds compare."""
        defaults, count = generator.defaults, self.settings.samples
        wanted = [anchor * count + sample for anchor in pool for sample in range(count)]
        missing = [each for each in wanted if not self.sample_path(number, each).exists()]
        for start in range(0, len(missing), defaults.batch_size):
            job.update(done=len(wanted) - len(missing) + start, total=len(wanted), message="practising")
            job.checkpoint()
            generator.use_concepts(concepts)  # type: ignore[attr-defined]  # also after another job had it
            batch = missing[start : start + defaults.batch_size]
            requests = [
                PictureRequest.by_default(defaults, self._prompt(each, token), self._seed(each))
                for each in batch
            ]
            made = generator.generate(requests, on_step=lambda _step, _steps: job.raise_if_cancelled())
            for sample, picture in zip(batch, made, strict=True):
                path = self.sample_path(number, sample)
                picture.save(path.with_suffix(".new"), "PNG")
                path.with_suffix(".new").replace(path)

    def _look(self, job: Job[Any], number: int, pool: Sequence[int], encoder: Encoder) -> Round:
        job.update(message="looking at what it drew")
        count, anchors = self.settings.samples, self.settings.anchors
        texts = [*(anchors[each].direction for each in pool), self.settings.beside_text]
        spoken = encoder.encode_texts(texts)
        features = []
        for anchor in pool:
            job.checkpoint()
            paths = [self.sample_path(number, anchor * count + sample) for sample in range(count)]
            features.append(encoder.encode_images([Image.open(path).convert("RGB") for path in paths]))
        seen = np.stack(features)
        if not np.isfinite(seen).all():
            raise ModelError(
                f"round {number} drew pictures that the encoder {encoder.name!r} can't look at (not finite numbers);"
                " train with a lower learning_rate"
            )
        return judge(number, pool, seen, spoken[:-1], spoken[-1], self.settings)

    def _prompt(self, sample: int, token: str) -> str:
        return self.settings.anchors[sample // self.settings.samples].prompt.replace("{}", token)

    def _seed(self, sample: int) -> int:
        return int(np.random.SeedSequence([self.settings.seed, 7, sample]).generate_state(1)[0])

    def _folder(self, number: int) -> Path:
        return self.folder / f"round-{number}"

    def _save(self) -> None:
        path = self.folder / STATE_NAME
        temporary = path.with_name(f".new-{STATE_NAME}")
        temporary.write_text(json.dumps([asdict(each) for each in self.rounds]), encoding="utf-8")
        temporary.replace(path)


class _Stage(Job[Any]):
    """A part of a job: says which before each message, and is cancelled with it."""

    def __init__(self, whole: Job[Any], name: str) -> None:
        super().__init__(lambda _job: None, whole.name, kind=whole.kind)
        self._whole = whole
        self._stage = name

    def update(
        self, *, done: int | None = None, total: int | None = None, message: str | None = None
    ) -> None:
        said = None if message is None else f"{self._stage}: {message}"
        self._whole.update(done=done, total=total, message=said)

    def checkpoint(self) -> None:
        self._whole.checkpoint()

    def raise_if_cancelled(self) -> None:
        self._whole.raise_if_cancelled()


def _copied(file: Path, target: Path) -> Path:
    temporary = target.with_name(f".new-{target.name}")
    shutil.copyfile(file, temporary)
    temporary.replace(target)
    return target
