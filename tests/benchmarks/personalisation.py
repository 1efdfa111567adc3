"""Does choosing what to practise help a personalised generator? Zhang et al. (MM 2024), Table 1, on the toybox.

    python tests/benchmarks/personalisation.py [--quick] [--json FILE] [--rounds N] [--arms ARM …]

Each seed is one subject that the toybox never saw, learned from five photographs of it on a wooden table by training
the whole UNet, as there; the photographs' prompt says "on a wooden table", as in Algorithm 1. Plain DreamBooth is round
1 of all arms. They differ in what they pick for the rounds after it:

uncertainty   the directions that it is least sure of (Eqs. 6 and 7), weighed by the openness (Eq. 9)
uniform       the same, each picked picture as much as a given one
random        any pictures of any directions, each as much as a given one
human         what one who sees the truth would pick: the subject, in the place that was asked for; weighed

Measured on prompts that no arm practises, by the toybox's CLIP: text alignment, image alignment, overfit share, and the
mean similarity to pictures that the renderer drew of the subject in the place that was asked for ("truth"); and by the
judge, which nothing here is trained or chosen by, the share of pictures in that place. The given pictures all show the
table: who draws the subject elsewhere, and perfectly, has an image alignment of 0.65 or so. The sizes were settled on
other subjects and photographs. Three subjects say little of single rounds: trainings differ by chance as much.

What is done is kept beside the JSON file and not done again; a run without one begins anew.
"""

import argparse
import functools
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from datacrafter_widget.active.anchors import SUBJECT, Anchor
from datacrafter_widget.active.personalize import Personalization
from datacrafter_widget.active.rounds import PersonalizeSettings
from datacrafter_widget.generation.english import correct_articles
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
from datacrafter_widget.training.intervals import mean_interval

MEASURES = ("text_alignment", "image_alignment", "overfit", "place_right", "truth_alignment")
GOALS = {"overfit_relative_change": -0.25, "text_alignment_change": 0.0, "image_alignment_change": -0.05}
BESIDE = "on a wooden table"
PICTURES, RANK = 5, 64
FIRST_SEED = 810_000

PLACES = {
    "on grass": "grass", "in a meadow": "grass", "on snow": "snow", "on the beach": "beach", "on sand": "beach",
    "at night": "night", "on a plain background": "studio",
}  # fmt: skip
TEST_PLACES = {
    "on the grass": "grass", "in the snow": "snow", "on a beach": "beach", "under the night sky": "night",
    "in a studio": "studio",
}  # fmt: skip
PHRASES = ("a photo of a {}", "a photo of a small {}", "a photo of a large {}")
DRAWN = [(phrase, place) for phrase in PHRASES for place in PLACES][:18]
TESTED = [(opening, place) for opening in ("a photograph of", "an image of") for place in TEST_PLACES]


@dataclass(frozen=True)
class Sizes:
    """Arms, rounds of the first and of the others, samples of each anchor, test pictures of each prompt, and how each
    round is trained."""

    arms: tuple[str, ...] = ("uncertainty", "uniform", "random", "human")
    rounds: int = 4
    rounds_beside: int = 4
    samples: int = 6
    tests: int = 6
    top: int = 3
    weight_scale: float = 0.15
    steps: int = 120
    learning_rate: float = 5e-4
    batch_size: int = 2


FULL = Sizes()
QUICK = Sizes(arms=("uncertainty", "random"), rounds_beside=2)
SEEDS = 3


@functools.cache
def models():
    """Generator, encoder and judge."""
    return (
        DiffusersGenerator("toybox", device="cpu"),
        OpenClipEncoder("toybox", device="cpu"),
        Judge.load(),
    )


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
        self._generator, self._encoder, self._judge = models()
        rng = np.random.default_rng([FIRST_SEED, seed])
        self._pictures = [Image.fromarray(draw_subject(self.name, rng)) for _ in range(PICTURES)]
        self._given = self._encoder.encode_images(self._pictures)
        self._truth = {
            place: self._encoder.encode_images(
                [Image.fromarray(draw_subject(self.name, rng, scene=scene)) for _ in range(PICTURES)]
            )
            for place, scene in TEST_PLACES.items()
        }
        self._training = TuningSettings.usual(
            "lora",
            token=f"<{self.kind}-1>",
            word=self.kind,
            size=64,
            steps=sizes.steps,
            learning_rate=sizes.learning_rate,
            batch_size=sizes.batch_size,
            seed=seed,
            rank=RANK,
            full=True,
            decay=True,
            checkpoint_every=100,
        )

    def arm(self, arm: str) -> list[dict[str, float]]:
        """What is measured after each round; one that was over before keeps its last values."""
        sizes, folder = self._sizes, self._folder / arm
        rounds = sizes.rounds if arm == sizes.arms[0] else sizes.rounds_beside
        first = self._folder / sizes.arms[0] / "round-1"
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
            run.choose(run.rounds[-1].with_choice(self._picked(run), sizes.samples, instead=True))
        trained = sorted(path.parent for path in folder.glob("round-*/training.json"))
        measured = [self._measured(path) for path in trained]
        return [measured[min(number, len(measured) - 1)] for number in range(rounds)]

    def _settings(self, arm: str, rounds: int) -> PersonalizeSettings:
        return PersonalizeSettings(
            kind="object",
            word=self.kind,
            beside=BESIDE,
            anchors=tuple(
                Anchor(f"{phrase} {place}", correct_articles(f"{phrase} {place}".replace(SUBJECT, self.kind)))
                for phrase, place in DRAWN
            ),
            rounds=rounds,
            samples=self._sizes.samples,
            top=self._sizes.top,
            weight_scale=None if arm in ("uniform", "random") else self._sizes.weight_scale,
            select="uncertainty" if arm == "uniform" else arm,
            seed=self._seed,
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
        alike = [
            image_alignment(seen[None], self._truth[place])
            for seen, (_, place) in zip(features, asked, strict=True)
        ]
        return {
            "text_alignment": text_alignment(features, texts),
            "image_alignment": image_alignment(features, self._given),
            "overfit": overfit_share(features, texts, beside),
            "place_right": float(np.mean(scenes == np.array([TEST_PLACES[place] for _, place in asked]))),
            "truth_alignment": float(np.mean(alike)),
        }


def measure_seed(seed: int, *, quick: bool, folder: Path) -> dict:
    """One seed's arms: `{arm: [measures after round 1, …]}`; what is in the folder already is not done again."""
    sizes = QUICK if quick else FULL
    subject = Subject(seed, folder / f"seed-{seed}", sizes)
    return {arm: subject.arm(arm) for arm in sizes.arms}


def summary(seeds: list[dict]) -> dict:
    """Means over seeds after each round, and how the last round compares with plain DreamBooth.

    Args:
        seeds: what `measure_seed` gave of each.

    Returns:
        `rows`: arm, round, and mean, low and high (95 %, Student) of each measure; `changes` of each arm from round 1
        to the last, of means: `overfit_relative_change` and `image_alignment_change` relative, others absolute, and
        `paired`, the intervals of the seeds' absolute changes; the goals' changes of "uncertainty", and which `goals`
        it reaches.
    """
    rows, changes = [], {}
    for arm, measured in seeds[0].items():
        for number in range(len(measured)):
            values = {name: [each[arm][number][name] for each in seeds] for name in MEASURES}
            rows.append(
                {"arm": arm, "round": number + 1, **{name: _interval(values[name]) for name in MEASURES}}
            )
        ends = {
            name: np.array([[each[arm][place][name] for place in (0, -1)] for each in seeds])
            for name in MEASURES
        }
        means = {name: values.mean(axis=0) for name, values in ends.items()}
        changes[arm] = {
            "overfit_relative_change": float(means["overfit"][1] / max(means["overfit"][0], 1e-9) - 1),
            "image_alignment_change": float(means["image_alignment"][1] / means["image_alignment"][0] - 1),
            **{
                f"{name}_change": float(np.diff(means[name])[0])
                for name in ("text_alignment", "place_right", "truth_alignment")
            },
            "paired": {name: _interval(np.diff(values, axis=1)[:, 0]) for name, values in ends.items()},
        }
    ours = {name: changes["uncertainty"][name] for name in GOALS}
    return {
        "n_seeds": len(seeds),
        "rows": rows,
        "changes": changes,
        **ours,
        "goals": {
            "overfit_relative_change": ours["overfit_relative_change"] <= GOALS["overfit_relative_change"],
            "text_alignment_change": ours["text_alignment_change"] > GOALS["text_alignment_change"],
            "image_alignment_change": ours["image_alignment_change"] >= GOALS["image_alignment_change"],
        },
    }


def measure_all(seeds: Sequence[int], sizes: Sizes, folder: Path) -> Iterator[dict]:
    """A summary after each arm of all seeds; what is in the folder already is not done again."""
    found: list[dict] = [{} for _ in seeds]
    for arm in sizes.arms:
        for seed, measured in zip(seeds, found, strict=True):
            started = time.perf_counter()
            measured[arm] = Subject(seed, folder / f"seed-{seed}", sizes).arm(arm)
            last = ", ".join(f"{name} {value:.3f}" for name, value in measured[arm][-1].items())
            print(f"seed {seed} {arm:12s} {last} ({time.perf_counter() - started:.0f} s)", flush=True)
        yield summary(found)


def show(figures: dict) -> None:
    """Print a summary."""
    print(f"\n{figures['n_seeds']} seeds: mean [low, high]")
    print(f"{'':22s}" + "".join(f"{name:>24s}" for name in MEASURES))
    for row in figures["rows"]:
        cells = (row[name] for name in MEASURES)
        print(f"{row['arm']:14s}round {row['round']} " + "".join(f"{_cell(cell):>24s}" for cell in cells))
    print("last round against round 1, each seed with itself")
    for arm, found in figures["changes"].items():
        cells = (found["paired"][name] for name in MEASURES)
        print(f"{arm:22s}" + "".join(f"{_cell(cell):>24s}" for cell in cells))
    for name, reached in figures["goals"].items():
        print(f"{'reached' if reached else 'MISSED':8s}{name} {figures[name]:+.3f}")


def _interval(values: Sequence[float]) -> dict[str, float | None]:
    found = mean_interval(values)
    if len(values) < 2:
        return {"mean": found.mean, "low": None, "high": None}
    return {"mean": found.mean, "low": found.low, "high": found.high}


def _cell(found: dict[str, float | None]) -> str:
    if found["low"] is None:
        return f"{found['mean']:.3f}"
    return f"{found['mean']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two arms, of the second two rounds")
    parser.add_argument("--rounds", type=int, help="1 to 4, of every arm")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many subjects")
    parser.add_argument("--arms", nargs="+", choices=FULL.arms, help="only these beside uncertainty")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    sizes = QUICK if options.quick else FULL
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds, rounds_beside=options.rounds)
    if options.arms:
        sizes = replace(sizes, arms=tuple(arm for arm in FULL.arms if arm in ["uncertainty", *options.arms]))
    folder = options.json.with_suffix(".work") if options.json else None
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        for figures in measure_all(range(options.seeds), sizes, folder or Path(temporary)):
            show(figures)
            if options.json:
                figures |= {"quick": options.quick, "sizes": asdict(sizes)}
                figures |= {"seconds": time.perf_counter() - started}
                options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
