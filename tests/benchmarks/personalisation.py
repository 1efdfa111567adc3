"""Does choosing what to practise help a personalised generator? Zhang et al. (MM 2024), Table 1, on the toybox.

Each seed is one subject that the toybox never saw, learned from five photographs of it on a wooden table. Plain
DreamBooth is round 1 of all arms. No prompt says where the photographs were taken: where one does, the toybox leaves
the table out at once, and there is nothing to practise. The arms differ in what they pick for the rounds after it:

uncertainty   the directions that it is least sure of (Eqs. 6 and 7), weighed by the openness (Eq. 9)
uniform       the same, each picked picture as much as a given one
random        any pictures of any directions, each as much as a given one
human         what one who sees the truth would pick: the subject, in the place that was asked for; weighed

Measured on prompts that no arm practises: text alignment, image alignment and overfit share by the toybox's CLIP, and
by the judge, which nothing here is trained or chosen by, the share of pictures in the place that was asked for.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import stats

from datacrafter_widget.active.anchors import Anchor
from datacrafter_widget.active.personalize import Personalization
from datacrafter_widget.active.rounds import PersonalizeSettings
from datacrafter_widget.jobs import Job
from datacrafter_widget.metrics.alignment import image_alignment, overfit_share, text_alignment
from datacrafter_widget.models.concepts import Concept
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.models.tuning import TuningSettings
from datacrafter_widget.toybox.captions import with_article
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.toybox.subjects import SUBJECTS, draw_subject

MEASURES = ("text_alignment", "image_alignment", "overfit", "place_right")
BESIDE = "on a wooden table"
PICTURES = 5
FIRST_SEED = 810_000

PLACES = {
    "on grass": "grass", "in a meadow": "grass", "on snow": "snow", "on the beach": "beach", "on sand": "beach",
    "at night": "night", "on a plain background": "studio",
}  # fmt: skip
TEST_PLACES = {
    "on the grass": "grass", "in the snow": "snow", "on a beach": "beach", "under the night sky": "night",
    "in a studio": "studio",
}  # fmt: skip
DRAWN = [(opening, place) for opening in ("a photo of", "a cartoon of", "a sketch of") for place in PLACES][
    :18
]
TESTED = [(opening, place) for opening in ("a photograph of", "an image of") for place in TEST_PLACES]


@dataclass(frozen=True)
class Sizes:
    """Arms, samples of each anchor, test pictures of each prompt, and how each round is trained."""

    arms: tuple[str, ...] = ("uncertainty", "uniform", "random", "human")
    samples: int = 10
    tests: int = 8
    top: int = 3
    weight_scale: float = 1.44
    steps: int = 100
    learning_rate: float = 4e-3
    batch_size: int = 2


FULL = Sizes()
QUICK = Sizes(arms=("uncertainty", "random"), samples=3, tests=3)


class Subject:
    """One subject, the models, and what is measured of a generator that was taught it.

    Args:
        seed: which subject, and everything random.
        folder: keeps the trainings, so that a run goes on where it was ended.
        sizes: of the run.
    """

    def __init__(self, seed: int, folder: Path, sizes: Sizes) -> None:
        self.name = list(SUBJECTS)[seed % len(SUBJECTS)]
        self.kind = SUBJECTS[self.name][0]
        self._seed, self._folder, self._sizes = seed, folder, sizes
        self._generator = DiffusersGenerator("toybox", device="cpu")
        self._encoder = OpenClipEncoder("toybox", device="cpu")
        self._judge = Judge.load()
        rng = np.random.default_rng([FIRST_SEED, seed])
        self._pictures = [Image.fromarray(draw_subject(self.name, rng)) for _ in range(PICTURES)]
        self._given = self._encoder.encode_images(self._pictures)
        self._training = TuningSettings.usual(
            "lora",
            token=f"<{self.kind}-1>",
            word=self.kind,
            size=64,
            steps=sizes.steps,
            learning_rate=sizes.learning_rate,
            batch_size=sizes.batch_size,
            seed=seed,
            checkpoint_every=100,
        )

    def arm(self, arm: str, rounds: int) -> list[dict[str, float]]:
        """What is measured after each round; one that was over before keeps its last values."""
        folder = self._folder / arm
        first = self._folder / self._sizes.arms[0] / "round-1"
        if first.exists() and not (folder / "round-1").exists():
            shutil.copytree(first, folder / "round-1")  # plain DreamBooth is the same for all
        run = Personalization(folder, self._settings(arm, rounds))
        while (
            run.run(
                Job(lambda _job: None, arm),
                pictures=lambda: self._pictures,
                model=self._generator.folder,
                generator=self._generator,
                encoder=self._encoder,
                training=self._training,
            )
            is None
        ):
            run.choose(run.rounds[-1].with_choice(self._picked(run), self._sizes.samples, instead=True))
        trained = sorted(path.parent for path in folder.glob("round-*/training.json"))
        measured = [self._measured(path) for path in trained]
        return [measured[min(number, len(measured) - 1)] for number in range(rounds)]

    def _settings(self, arm: str, rounds: int) -> PersonalizeSettings:
        return PersonalizeSettings(
            kind="object",
            word=self.kind,
            beside=BESIDE,
            anchors=tuple(
                Anchor(f"{opening} a {{}} {place}", f"{opening} {with_article(self.kind)} {place}")
                for opening, place in DRAWN
            ),
            rounds=rounds,
            samples=self._sizes.samples,
            top=self._sizes.top,
            weight_scale=None if arm in ("uniform", "random") else self._sizes.weight_scale,
            select="uncertainty" if arm == "uniform" else arm,
            seed=self._seed,
            named=False,
        )

    def _picked(self, run: Personalization) -> list[int]:
        """Of the anchors left, the pictures in the right place that look most like the subject."""
        last, count = run.rounds[-1], self._sizes.samples
        ids = [anchor * count + number for anchor in last.pool for number in range(count)]
        drawn = [Image.open(run.sample_path(last.number, each)).convert("RGB") for each in ids]
        likeness = (self._encoder.encode_images(drawn) @ self._given.T).mean(axis=1)
        scenes = self._judge.predict(np.stack([np.asarray(each) for each in drawn]))["scene"]
        right = scenes == np.array([PLACES[DRAWN[each // count][1]] for each in ids])
        best = sorted(zip(-likeness[right], np.array(ids)[right], strict=True))
        picked: dict[int, int] = {}
        for _, each in best:
            picked.setdefault(int(each) // count, int(each))
        return list(picked.values())[: self._sizes.top]

    def _measured(self, folder: Path) -> dict[str, float]:
        path = folder / "measured.json"
        if not path.exists():
            path.write_text(json.dumps(self._measure(folder / "concept.safetensors")), encoding="utf-8")
        return json.loads(path.read_text("utf-8"))

    def _measure(self, file: Path) -> dict[str, float]:
        token, count = self._training.token, self._sizes.tests
        self._generator.use_concepts([Concept(token, "lora", file, self._training.words)])
        asked = [each for each in TESTED for _ in range(count)]
        requests = [
            PictureRequest.by_default(
                self._generator.defaults,
                f"{opening} a {token} {place}",
                FIRST_SEED + 1000 * self._seed + number,
            )
            for number, (opening, place) in enumerate(asked)
        ]
        drawn = [
            picture
            for start in range(0, len(requests), 16)
            for picture in self._generator.generate(requests[start : start + 16])
        ]
        features = self._encoder.encode_images(drawn)
        a_kind = with_article(self.kind)
        texts = self._encoder.encode_texts([f"{opening} {a_kind} {place}" for opening, place in asked])
        beside = self._encoder.encode_texts([f"a photo of {a_kind} {BESIDE}"])
        scenes = self._judge.predict(np.stack([np.asarray(each) for each in drawn]))["scene"]
        return {
            "text_alignment": text_alignment(features, texts),
            "image_alignment": image_alignment(features, self._given),
            "overfit": overfit_share(features, texts, beside),
            "place_right": float(np.mean(scenes == np.array([TEST_PLACES[place] for _, place in asked]))),
        }


def measure_seed(seed: int, rounds: int, *, quick: bool, folder: Path, sizes: Sizes | None = None) -> dict:
    """One seed's arms: `{arm: [measures after round 1, …]}`; what is in the folder already is not done again."""
    sizes = sizes or (QUICK if quick else FULL)
    subject = Subject(seed, folder / f"seed-{seed}", sizes)
    return {arm: subject.arm(arm, rounds) for arm in sizes.arms}


def summary(seeds: list[dict]) -> dict:
    """Means over seeds after each round, and how the last round compares with plain DreamBooth.

    Args:
        seeds: what `measure_seed` gave of each.

    Returns:
        `rows`: arm, round, and mean, low and high (95 %, Student) of each measure; `overfit_relative_change`,
        `text_alignment_change` and `image_alignment_change` (relative) of the arm "uncertainty", whose goals are
        at most -0.25, above 0 and at least -0.05; and the same `changes` of every arm.
    """
    rows, changes = [], {}
    for arm, measured in seeds[0].items():
        for number in range(len(measured)):
            values = {name: [each[arm][number][name] for each in seeds] for name in MEASURES}
            rows.append(
                {"arm": arm, "round": number + 1, **{name: _interval(values[name]) for name in MEASURES}}
            )
        ends = {
            name: np.mean([[each[arm][place][name] for place in (0, -1)] for each in seeds], axis=0)
            for name in MEASURES
        }
        changes[arm] = {
            "overfit_relative_change": float(ends["overfit"][1] / max(ends["overfit"][0], 1e-9) - 1),
            "text_alignment_change": float(np.diff(ends["text_alignment"])[0]),
            "image_alignment_change": float(ends["image_alignment"][1] / ends["image_alignment"][0] - 1),
            "place_right_change": float(np.diff(ends["place_right"])[0]),
        }
    ours = changes["uncertainty"]
    return {
        "n_seeds": len(seeds),
        "rows": rows,
        "changes": changes,
        **{
            name: ours[name]
            for name in ("overfit_relative_change", "text_alignment_change", "image_alignment_change")
        },
        "goals": {
            "overfit_relative_change": ours["overfit_relative_change"] <= -0.25,
            "text_alignment_change": ours["text_alignment_change"] > 0,
            "image_alignment_change": ours["image_alignment_change"] >= -0.05,
        },
    }


def personalisation_table(
    seeds: Sequence[int] = (0, 1, 2), rounds: int = 4, quick: bool = False, folder: Path | None = None
) -> dict:
    """All seeds, one after the other; see `summary`. With a folder it goes on where an earlier run was ended."""
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return personalisation_table(seeds, rounds, quick, Path(temporary))
    return summary([measure_seed(seed, rounds, quick=quick, folder=folder) for seed in seeds])


def _interval(values: list[float]) -> dict[str, float | None]:
    mean = float(np.mean(values))
    if len(values) < 2:
        return {"mean": mean, "low": None, "high": None}
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return {"mean": mean, "low": mean - half, "high": mean + half}
