"""How well near copies are told from pictures that are merely alike, and how fast.

    python tests/benchmarks/duplicates.py [--quick] [--json FILE]

Fresh pictures: toybox pictures of a few prompts, each with many seeds, and tiles of photographs. None of them
is a copy, so every one that is flagged is a false alarm. Copies: each of them as JPEG of quality 50, at half the
size, 10 % brighter and darker, mirrored, cropped by 5 % at its edges, a corner or one side, cropped by 2 to 7 %
anywhere, and several of these together. Where ImageHash is installed its pHash of 256 bits is the yardstick, at
the threshold that gives it no false alarm. Also: the image-to-image pictures that are flagged as copies of their
parent, by strength.
"""

import argparse
import io
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from skimage import data

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from datacrafter_widget.metrics.duplicates import NEAR, descriptors, fingerprint, near_copies
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.generator import PictureRequest

PROMPTS = (
    "a photo of a bird",
    "a photo of a red fish",
    "a photo of a house",
    "a photo of a yellow flower in the desert",
)
PHOTOGRAPHS = ("astronaut", "cat", "coffee", "rocket", "grass", "gravel", "brick", "coins", "camera", "moon")
STRENGTHS = (0.2, 0.3, 0.4, 0.5, 0.7)
STORED = 30_000
BATCH = 16

Pictures = list[Image.Image]


def jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=50)
    return Image.open(buffer).convert("RGB")


def crop(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """The picture without these parts of its sides, at its old size."""
    width, height = picture.size
    box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
    return picture.resize(picture.size, Image.Resampling.LANCZOS, box=box)


def copies(seed: int = 0) -> dict[str, Callable[[Image.Image], Image.Image]]:
    generator = np.random.default_rng(seed)

    def anywhere(picture: Image.Image) -> Image.Image:
        across, down = generator.uniform(0, 1, 2)
        part = generator.uniform(0.02, 0.07)
        return crop(picture, part * across, part * down, part * (1 - across), part * (1 - down))

    return {
        "JPEG, quality 50": jpeg,
        "half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
        "10 % brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
        "10 % darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.9),
        "mirrored": ImageOps.mirror,
        "cropped 5 %, edges": lambda picture: crop(picture, 0.025, 0.025, 0.025, 0.025),
        "cropped 5 %, corner": lambda picture: crop(picture, 0.05, 0.05, 0, 0),
        "cropped 5 %, one side": lambda picture: crop(picture, 0.05, 0, 0, 0),
        "cropped 2 to 7 %, anywhere": anywhere,
        "brighter, cropped, JPEG, mirrored": lambda picture: ImageOps.mirror(
            jpeg(crop(ImageEnhance.Brightness(picture).enhance(1.1), 0.025, 0.025, 0.025, 0.025))
        ),
    }


def toybox_pictures(generator: DiffusersGenerator, seeds: int) -> Pictures:
    made: Pictures = []
    for prompt in PROMPTS:
        for first in range(0, seeds, BATCH):
            wanted = range(first, min(first + BATCH, seeds))
            made += generator.generate([request(generator, prompt, 1000 + seed) for seed in wanted])
    return made


def request(generator: DiffusersGenerator, prompt: str, seed: int, **changes: object) -> PictureRequest:
    chosen = generator.defaults
    settings = {
        "width": chosen.width,
        "height": chosen.height,
        "num_inference_steps": chosen.num_inference_steps,
        "guidance_scale": chosen.guidance_scale,
    }
    return PictureRequest(prompt=prompt, seed=seed, **{**settings, **changes})


def photographs() -> Pictures:
    tiles: Pictures = []
    for name in PHOTOGRAPHS:
        picture = Image.fromarray(getattr(data, name)()).convert("RGB")
        side = max(160, min(picture.size) // 2)
        tiles += [
            picture.crop((left, top, left + side, top + side)).resize((256, 256))
            for top in range(0, picture.height - side + 1, side)
            for left in range(0, picture.width - side + 1, side)
        ]
    return tiles


def prints(pictures: Sequence[Image.Image]) -> np.ndarray:
    return np.stack([fingerprint(picture) for picture in pictures])


def measure(pictures: Pictures) -> dict:
    """False alarms among pictures, the most alike of them, and which part of each kind of copy is found."""
    stored = prints(pictures)
    table = descriptors(stored)
    alike = near_copies(stored, stored, table, threshold=0.0)
    others = alike.scores[alike.queries != alike.stored]
    flagged = set(alike.queries[(alike.queries != alike.stored) & (alike.scores >= NEAR)].tolist())
    yardstick = PHash(pictures) if find_spec("imagehash") else None
    recall, by_phash = {}, {}
    for name, change in copies().items():
        changed = [change(picture) for picture in pictures]
        found = near_copies(prints(changed), stored, table)
        hit = set(found.queries[found.queries == found.stored].tolist())
        recall[name] = len(hit) / len(pictures)
        if yardstick:
            by_phash[name] = yardstick.recall(changed)
    return {
        "pictures": len(pictures),
        "false_positive_rate": len(flagged) / len(pictures),
        "most_alike": float(others.max()),
        "recall": recall,
        "recall_of_phash": by_phash,
    }


class PHash:
    """pHash of 16 x 16 bits, of pictures and of their mirror images, at no false alarm among the pictures."""

    def __init__(self, pictures: Pictures) -> None:
        self._stored = self._signs(pictures)
        mirrored = self._signs([ImageOps.mirror(picture) for picture in pictures])
        alike = np.maximum(self._stored @ self._stored.T, mirrored @ self._stored.T)
        np.fill_diagonal(alike, -np.inf)
        self._threshold = alike.max()

    def recall(self, changed: Pictures) -> float:
        """The part of copies, one of each picture, that are found."""
        mirrored = self._signs([ImageOps.mirror(picture) for picture in changed])
        own = [(signs * self._stored).sum(axis=1) for signs in (self._signs(changed), mirrored)]
        return float((np.maximum(*own) > self._threshold).mean())

    def _signs(self, pictures: Pictures) -> np.ndarray:
        from imagehash import phash

        return np.stack([phash(picture, hash_size=16).hash.ravel() * 2.0 - 1 for picture in pictures])


def near_parents(generator: DiffusersGenerator, parents: Pictures) -> dict[str, float]:
    """The part of image-to-image pictures that are near copies of their own parent, by strength."""
    stored = prints(parents)
    rates = {}
    for strength in STRENGTHS:
        made: Pictures = []
        for first in range(0, len(parents), BATCH):
            batch = enumerate(parents[first : first + BATCH], start=first)
            made += generator.generate(
                [request(generator, "a photo", at, parent=one, strength=strength) for at, one in batch]
            )
        found = near_copies(prints(made), stored)
        rates[str(strength)] = float((found.queries == found.stored).sum() / len(parents))
    return rates


def speed(pictures: Pictures) -> dict[str, float]:
    """Seconds for a batch, least of five."""
    stored = np.random.default_rng(0).integers(0, 256, (STORED, 32, 32, 3), dtype=np.uint8)
    stored[:BATCH] = prints(pictures[:BATCH])
    table = descriptors(stored)
    large = [picture.resize((512, 512)) for picture in pictures[:BATCH]]

    def least(work: Callable[[], object]) -> float:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        return min(times)

    return {
        f"fingerprints of {BATCH} pictures of 512 x 512": least(lambda: prints(large)),
        f"{BATCH} against {STORED}": least(lambda: near_copies(stored[:BATCH], stored, table)),
        f"descriptors of {STORED}": least(lambda: descriptors(stored)),
    }


def show(report: dict) -> None:
    for name in ("toybox", "photographs"):
        part = report[name]
        print(
            f"{name}: {part['pictures']} fresh pictures, {part['false_positive_rate']:.2%} flagged;"
            f" the most alike {part['most_alike']:.3f} (threshold {NEAR})"
        )
        for copy, rate in part["recall"].items():
            other = part["recall_of_phash"].get(copy)
            print(f"    {copy:34} {rate:7.1%}" + ("" if other is None else f"   pHash {other:7.1%}"))
    print("image-to-image flagged as copies of the parent:")
    for strength, rate in report["near_parents"].items():
        print(f"    strength {strength:25} {rate:7.1%}")
    print("seconds:")
    for name, seconds in report["seconds_each"].items():
        print(f"    {name:44} {seconds:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    started = time.perf_counter()
    seeds, parents = (30, 32) if arguments.quick else (320, 160)
    keep = arguments.json and not arguments.quick and arguments.json.with_suffix(".partial.json")
    found = json.loads(keep.read_text()) if keep and keep.is_file() else {}
    generator = DiffusersGenerator("toybox", device="cpu")
    fresh = toybox_pictures(generator, seeds)
    parts = {
        "toybox": lambda: measure(fresh),
        "photographs": lambda: measure(photographs()),
        "near_parents": lambda: near_parents(generator, fresh[:: max(len(fresh) // parents, 1)][:parents]),
        "seconds_each": lambda: speed(fresh),
    }
    for name, work in parts.items():
        if name not in found:
            found[name] = work()
            if keep:
                keep.write_text(json.dumps(found))
    report = {
        **found,
        "n_seeds": seeds,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("torch", "diffusers", "numpy", "pillow")},
        "seconds": time.perf_counter() - started,
    }
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
        if keep:
            keep.unlink()


if __name__ == "__main__":
    main()
