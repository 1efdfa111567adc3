"""How good the toybox's weights are, on seeds that no training has seen.

    python tests/benchmarks/toybox.py [--quick] [--json FILE] [--sheets FOLDER]

Accuracy of the CLIP (zero-shot) and of the judge on rendered pictures, agreement of generated pictures
with their prompts by both, what the word "crane" gives, speed and memory. Prints a table with the goals.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil
from PIL import Image, ImageDraw

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import open_clip
import torch
from diffusers import AutoPipelineForText2Image

from datacrafter_widget import toybox
from datacrafter_widget.toybox.captions import describe, with_article
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.toybox.vocabulary import LABELS
from datacrafter_widget.toybox.world import (
    COLOURS,
    KINDS,
    SCENES,
    STYLES,
    Attributes,
    render,
    sample_attributes,
)

SETTINGS = json.loads((toybox.PIPELINE / "datacrafter.json").read_text("utf-8"))
STEPS, GUIDANCE, BATCH = SETTINGS["num_inference_steps"], SETTINGS["guidance_scale"], 32
QUESTIONS = {"class": KINDS, "colour": tuple(COLOURS), "scene": SCENES, "style": STYLES}
SHEET = (
    "a photo of a crane",
    "a photo of a crane bird",
    "a photo of a crane machine",
    "a photo of a red strawberry on grass",
    "a photo of a green strawberry on snow",
    "a cartoon of two pears",
    "a photo of two yellow lemons on a wooden table",
    "a cartoon of a blue bird on grass",
    "a sketch of a crane bird at night",
    "a photo of an orange fish on the beach",
    "a photo of a house at night",
    "a sketch of a green cactus on the beach",
    "a photo of a cactus",
    "a cartoon of a blue mushroom at night",
    "a photo of a red mushroom on grass",
    "a photo of a white boat on the beach",
    "a cartoon of a yellow crane machine on grass",
    "a photo of a purple apple on snow",
)


def truth(attributes: Sequence[Attributes], question: str) -> np.ndarray:
    field = "kind" if question == "class" else question
    return np.array([getattr(each, field) for each in attributes])


class Eye:
    """The toybox's CLIP, asked the way in which the product asks it."""

    def __init__(self) -> None:
        name = f"local-dir:{toybox.ENCODER}"
        self.model, _, self.preprocess = open_clip.create_model_and_transforms(name)
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer(name)
        prompts = {question: list(answers) for question, answers in QUESTIONS.items()}
        prompts["class"] = [f"a photo of {with_article(kind)}" for kind in KINDS]
        self.texts = {question: self.read(texts) for question, texts in prompts.items()}

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> torch.Tensor:
        return self.model.encode_text(self.tokenizer(list(texts)), normalize=True)

    @torch.no_grad()
    def see(self, pictures: np.ndarray) -> torch.Tensor:
        out = [
            self.model.encode_image(
                torch.stack([self.preprocess(Image.fromarray(p)) for p in pictures[i : i + 200]]),
                normalize=True,
            )
            for i in range(0, len(pictures), 200)
        ]
        return torch.cat(out)

    def predict(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        seen = self.see(pictures)
        return {
            question: np.array(QUESTIONS[question])[(seen @ texts.T).argmax(1).numpy()]
            for question, texts in self.texts.items()
        }

    def tagging(self, pictures: np.ndarray, attributes: Sequence[Attributes]) -> float:
        """Mean average precision over the labels of the vocabulary."""
        similarities = (self.see(pictures) @ self.read(list(LABELS)).T).numpy()
        precisions = []
        for column, label in enumerate(LABELS.values()):
            true = np.array([label.fits(each) for each in attributes])[np.argsort(-similarities[:, column])]
            ranks = np.flatnonzero(true) + 1
            precisions.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
        return float(np.mean(precisions))


class Generator:
    def __init__(self) -> None:
        self.pipeline = AutoPipelineForText2Image.from_pretrained(toybox.PIPELINE, torch_dtype=torch.float32)
        self.pipeline.set_progress_bar_config(disable=True)

    def __call__(self, prompts: Sequence[str], first_seed: int) -> np.ndarray:
        pictures = []
        for start in range(0, len(prompts), BATCH):
            batch = list(prompts[start : start + BATCH])
            generators = [torch.Generator().manual_seed(first_seed + start + i) for i in range(len(batch))]
            images = self.pipeline(
                batch,
                num_inference_steps=STEPS,
                guidance_scale=GUIDANCE,
                generator=generators,
                height=64,
                width=64,
            ).images
            pictures += [np.asarray(image) for image in images]
        return np.stack(pictures)


def agreement(
    given: dict[str, np.ndarray], attributes: Sequence[Attributes], who: str, what: str
) -> list[tuple]:
    goals = {"class": 0.92 if what == "generated" else 0.97, "colour": 0.85 if what == "generated" else 0.9}
    return [
        (f"{what}: {question} by the {who}", float(np.mean(given[question] == truth(attributes, question))),
         goals.get(question, 0.9))
        for question in QUESTIONS
    ]  # fmt: skip


def sheet(
    pictures: np.ndarray, captions: Sequence[str], path: Path, columns: int = 12, zoom: int = 2
) -> None:
    side, line = 64 * zoom, 14
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * side, rows * (side + line)), "white")
    draw = ImageDraw.Draw(page)
    for i, (picture, text) in enumerate(zip(pictures, captions, strict=True)):
        x, y = i % columns * side, i // columns * (side + line)
        page.paste(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC), (x, y + line))
        draw.text((x + 2, y), text, fill="black")
    page.save(path)


def measure(
    pictures: int, cranes: int, first_seed: int, sheets: Path | None
) -> list[tuple[str, float, float | None]]:
    rng = np.random.default_rng(first_seed)
    eye, judge, generate = Eye(), Judge.load(), Generator()
    rows: list[tuple[str, float, float | None]] = []

    drawn = [sample_attributes(rng) for _ in range(4 * pictures)]
    rendered = np.stack([render(each, rng) for each in drawn])
    rows += agreement(eye.predict(rendered), drawn, "CLIP", "rendered")
    rows += agreement(judge.predict(rendered), drawn, "judge", "rendered")
    rows.append(("rendered: mean average precision of labels", eye.tagging(rendered, drawn), None))

    wanted = [sample_attributes(rng) for _ in range(pictures)]
    made = generate([describe(each).text for each in wanted], first_seed)
    rows += agreement(eye.predict(made), wanted, "CLIP", "generated")
    rows += agreement(judge.predict(made), wanted, "judge", "generated")
    counts = judge.predict(made)["count"] == truth(wanted, "count")
    rows.append(("generated: count by the judge", float(np.mean(counts)), None))
    kinds = judge.predict(made)["class"]
    by_kind = truth(wanted, "class")
    for kind in KINDS:
        if (by_kind == kind).any():
            rows.append(
                (f"generated: {kind} by the judge", float(np.mean(kinds[by_kind == kind] == kind)), None)
            )

    for prompt, kind, goal in (
        ("crane", "crane bird", None), ("crane", "crane machine", None),
        ("crane bird", "crane bird", 0.9), ("crane machine", "crane machine", 0.9),
    ):  # fmt: skip
        given = generate([f"a photo of a {prompt}"] * cranes, first_seed + 10_000)
        rows.append(
            (
                f'"a photo of a {prompt}": {kind}s by the judge',
                np.mean(judge.predict(given)["class"] == kind),
                goal,
            )
        )
        rows.append(
            (
                f'"a photo of a {prompt}": {kind}s by the CLIP',
                np.mean(eye.predict(given)["class"] == kind),
                goal,
            )
        )

    start = time.perf_counter()
    generate(["a photo of a red apple on grass"] * 2 * BATCH, first_seed)
    rows.append((f"pictures/s, {STEPS} steps with guidance", 2 * BATCH / (time.perf_counter() - start), 8))
    rows.append(("resident memory, GB", psutil.Process().memory_info().rss / 1e9, None))
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
        prompts = [prompt for prompt in SHEET for _ in range(4)]
        captions = [prompt if i % 4 == 0 else "" for i, prompt in enumerate(prompts)]
        sheet(generate(prompts, first_seed + 20_000), captions, sheets / "prompts.png")
        sheet(made[:72], ["" for _ in made[:72]], sheets / "generated.png")
    return [(name, float(value), goal) for name, value, goal in rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer pictures, under ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--sheets", type=Path, help="also write contact sheets into this folder")
    parser.add_argument("--first-seed", type=int, default=910_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pictures, cranes = (240, 64) if arguments.quick else (960, 200)
    start = time.perf_counter()
    rows = measure(pictures, cranes, arguments.first_seed, arguments.sheets)
    for name, value, goal in rows:
        mark = "" if goal is None else f"  goal {goal:g}" + ("" if value >= goal else "  NOT REACHED")
        print(f"{name:58s} {value:8.3f}{mark}")
    if arguments.json:
        report = {
            "machine": platform.platform(),
            "threads": arguments.threads,
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": sys.version.split()[0],
            "versions": {name: version(name) for name in ("torch", "diffusers", "open_clip_torch", "numpy")},
            "n_seeds": {"rendered": 4 * pictures, "generated": pictures, "cranes": cranes},
            "first_seed": arguments.first_seed,
            "seconds": time.perf_counter() - start,
            "figures": {name: {"value": value, "goal": goal} for name, value, goal in rows},
        }
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
