"""How fast pictures are made, beside a bare loop that does the same work one step after the other.

    python tests/benchmarks/generation.py [--quick] [--json FILE]

Both sides denoise, decode, encode with CLIP and save PNG files, with the same weights, batch size and memory
format, in alternating repeats, each in a process of its own (OpenMP slows a process down whose threads have more
pools than there are cores); ours also commits every picture with its provenance, checks it for duplicates and
stores its embedding. The toybox always; on CUDA also models of the size of SD 1.5, SD-Turbo (one
step) and SDXL with random weights. A full run keeps what it has measured beside the JSON file and goes on
from there when it is started again.
"""

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from datacrafter_widget.generation.checks import PictureChecks
from datacrafter_widget.generation.engine import run_generation
from datacrafter_widget.generation.imagination import Imagination, ImaginationSettings
from datacrafter_widget.generation.plan import plan_pictures
from datacrafter_widget.jobs import JobRunner
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.store.store import Store
from datacrafter_widget.toybox.originals import write_originals

DEVICE = "cuda:0" if torch.cuda.is_available() else "cpu"
GOAL = 1.05 if torch.cuda.is_available() else 0.97
TURBO_GOAL = 100
PERTURBATIONS = ("text2image", "image2image", "gif_unoptimised", "gif")
PACKAGES = ("torch", "diffusers", "transformers", "open_clip_torch", "numpy", "pillow")
CLASSES = ("apple", "bird", "house", "lemon")


class Ours:
    """Rounds through the engine, as a session makes them."""

    def __init__(self, model, settings):
        self.generator = DiffusersGenerator(model, device=DEVICE)
        self.encoder = OpenClipEncoder("toybox", device=DEVICE)
        self.settings = {
            "width": self.generator.defaults.width,
            "height": self.generator.defaults.height,
            "num_inference_steps": self.generator.defaults.num_inference_steps,
            "guidance_scale": self.generator.defaults.guidance_scale,
            "batch_size": self.generator.defaults.batch_size,
            **settings,
        }

    def plan(self, store, count, seed, perturbation="text2image"):
        """A planned round of `count` pictures in a store with a few classes and originals."""
        if not store.classes():
            for word in CLASSES:
                row = store.add_class(word, word)
                store.add_template(row.id, "[a photo of | a sketch of] a [red | green | blue] {class}")
            if perturbation != "text2image":
                with tempfile.TemporaryDirectory() as folder:
                    write_originals(folder, per_class=4, classes=CLASSES, seed=seed)
                    for row in store.classes():
                        for path in sorted((Path(folder) / row.name).iterdir()):
                            store.add_original(_open(path), row.id)
        classes = store.classes()
        settings = {**self.settings, "perturbation": perturbation, "strength": 0.7}
        planned = plan_pictures(
            classes,
            {row.id: store.templates(row.id) for row in classes},
            per_class=count // len(classes),
            seed=seed,
            parents_by_class={
                row.id: [one.id for one in store.pictures(class_ids=[row.id], origin="original")]
                for row in classes
            },
            **{key: value for key, value in settings.items() if key != "batch_size"},
        )
        return store.create_job(store.next_iteration(), settings, planned)

    def run(self, folder, count, seed, perturbation="text2image"):
        """Seconds for a round of `count` pictures."""
        with Store(folder) as store:
            generation = self.plan(store, count, seed, perturbation)
            runner = JobRunner()
            started = time.perf_counter()
            made = runner.submit(
                lambda job: run_generation(
                    store,
                    self.generator,
                    self.encoder,
                    generation,
                    job=job,
                    imagine=lambda name: self.imagination(store, name),
                    checks=PictureChecks(store),
                ),
                "benchmark",
            ).result(quiet=True)
            seconds = time.perf_counter() - started
            runner.close()
        assert len(made) == count
        return seconds

    def imagination(self, store, perturbation):
        words = self.encoder.encode_texts([f"a photo of a {row.word}" for row in store.classes()])
        settings = ImaginationSettings(optimise=perturbation == "gif")
        return Imagination(self.generator, self.encoder, words, self.encoder.logit_scale, settings)


class Bare:
    """What one would write by hand: diffusers, open_clip and Pillow, one after the other."""

    def __init__(self, ours):
        import open_clip
        from diffusers import AutoPipelineForText2Image

        dtype = getattr(torch, ours.generator.dtype)
        self.pipeline = AutoPipelineForText2Image.from_pretrained(ours.generator.folder, torch_dtype=dtype)
        self.pipeline.to(DEVICE)
        self.pipeline.unet.to(memory_format=torch.channels_last)
        self.pipeline.vae.to(memory_format=torch.channels_last)
        self.pipeline.set_progress_bar_config(disable=True)
        self.clip, self.preprocess = open_clip.create_model_from_pretrained(
            f"local-dir:{ours.encoder.folder}", device=DEVICE
        )
        self.clip.eval()
        self.settings = {key: value for key, value in ours.settings.items() if key != "batch_size"}
        self.batch_size = ours.settings["batch_size"]

    @torch.inference_mode()
    def run(self, folder, prompts, seed):
        """Seconds for these prompts."""
        folder.mkdir()
        features = []
        started = time.perf_counter()
        for first in range(0, len(prompts), self.batch_size):
            batch = prompts[first : first + self.batch_size]
            pictures = self.pipeline(
                prompt=batch,
                generator=[torch.Generator("cpu").manual_seed(seed + first + n) for n in range(len(batch))],
                **self.settings,
            ).images
            pixels = torch.stack([self.preprocess(picture) for picture in pictures]).to(DEVICE)
            features.append(torch.nn.functional.normalize(self.clip.encode_image(pixels), dim=-1).cpu())
            for number, picture in enumerate(pictures, start=first):
                picture.save(folder / f"{number:06d}.png")
        np.save(folder / "features.npy", torch.cat(features).float().numpy())
        return time.perf_counter() - started


def _open(path):
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")


class Side:
    """A process that makes pictures in one of the two ways, and tells the seconds."""

    def __init__(self, kind, model, settings):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(kind, model, settings, theirs), daemon=True)
        self._process.start()

    def __call__(self, *task):
        """The seconds, or the peak of memory in MiB where there is no task."""
        self._pipe.send(task)
        return self._pipe.recv()

    def close(self):
        self._pipe.send(None)
        self._process.join()


def work(kind, model, settings, pipe):
    ours = Ours(model, settings)
    side = ours if kind == "ours" else Bare(ours)
    while (task := pipe.recv()) is not None:
        pipe.send(side.run(*task) if task else ours.generator.memory()["peak_mb"])


def throughput(model, count, repeats, **settings):
    """Our pictures a second over the bare loop's, in alternating repeats after one round to warm up."""
    ours = Ours(model, settings)
    sides = {kind: Side(kind, model, settings) for kind in ("ours", "bare")}
    pairs = []
    for repeat in range(-1, repeats):
        seed = 1_000 * (repeat + 1)
        size = ours.settings["batch_size"] if repeat < 0 else count
        with tempfile.TemporaryDirectory() as folder:
            with Store(Path(folder) / "plan") as store:
                prompts = [one.prompt for one in store.planned(ours.plan(store, size, seed).id)]
            what = {"ours": size, "bare": prompts}
            order = list(sides) if repeat % 2 else list(sides)[::-1]
            seconds = {kind: sides[kind](Path(folder) / kind, what[kind], seed) for kind in order}
        if repeat >= 0:
            pairs.append((seconds["ours"], seconds["bare"]))
    peak = sides["ours"]()
    for side in sides.values():
        side.close()
    mine, theirs = np.array(pairs).T
    return {
        "throughput_ratio": float(np.median(theirs / mine)),
        "ratios": (theirs / mine).round(4).tolist(),
        "pictures_per_second": float(count / np.median(mine)),
        "bare_pictures_per_second": float(count / np.median(theirs)),
        "peak_memory_mb": peak,
        "pictures": count,
        "repeats": repeats,
        **{key: ours.settings[key] for key in ("batch_size", "num_inference_steps", "width")},
        "dtype": ours.generator.dtype,
    }


def perturbations(count):
    """Pictures a second by each way to perturb, same seeds and budget."""
    ours = Ours("toybox", {})
    with tempfile.TemporaryDirectory() as folder:
        ours.run(Path(folder) / "warm", ours.settings["batch_size"], 0, "gif")
    found = {}
    for name in PERTURBATIONS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = count / ours.run(Path(folder) / "session", count, 7, name)
    return found


def sections(quick, models):
    """Name → what measures it."""
    count, repeats = (64, 20) if quick else (256, 20)
    plan = {
        "toybox": lambda: throughput("toybox", count, repeats),
        "perturbations": lambda: perturbations(64 if quick else 256),
    }
    if DEVICE != "cpu":
        from random_models import save

        few = 3 if quick else 9
        plan |= {
            "sd-turbo": lambda: throughput(
                save("sd-turbo", models), 512, few, num_inference_steps=1, guidance_scale=0.0, batch_size=32,
                width=512, height=512,
            ),
            "sd-1.5": lambda: throughput(
                save("sd-1.5", models), 64, few, num_inference_steps=25, guidance_scale=7.5, batch_size=16,
                width=512, height=512,
            ),
            "sdxl": lambda: throughput(
                save("sdxl", models), 16, few, num_inference_steps=25, guidance_scale=5.0, batch_size=8,
                width=1024, height=1024,
            ),
        }  # fmt: skip
    return plan


def show(name, found):
    print(f"\n{name}")
    for key, value in found.items():
        print(f"  {key:28s} " + (f"{value:.3f}" if isinstance(value, float) else str(value)))
    sys.stdout.flush()


def report(found, started, repeats):
    """What is written: the figures by their agreed names, everything else beneath."""
    toybox = found["toybox"]
    return {
        "throughput_ratio": toybox["throughput_ratio"],
        "pictures_per_second": toybox["pictures_per_second"],
        "peak_memory_mb": toybox["peak_memory_mb"],
        "device": torch.cuda.get_device_name(0) if DEVICE != "cpu" else "cpu",
        "goals": {"throughput_ratio": GOAL, "sd-turbo pictures_per_second": TURBO_GOAL},
        "n_seeds": repeats,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in PACKAGES},
        "seconds": time.perf_counter() - started,
        "sections": found,
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    started = time.perf_counter()
    keep = arguments.json and not arguments.quick and arguments.json.with_suffix(".partial.json")
    found = json.loads(keep.read_text()) if keep and keep.is_file() else {}
    models = Path(tempfile.mkdtemp())
    try:
        for name, measure in sections(arguments.quick, models).items():
            if name not in found:
                found[name] = measure()
                if keep:
                    keep.write_text(json.dumps(found))
            show(name, found[name])
    finally:
        shutil.rmtree(models)
    if arguments.json:
        figures = report(found, started, found["toybox"]["repeats"])
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
        if keep:
            keep.unlink()


if __name__ == "__main__":
    main()
