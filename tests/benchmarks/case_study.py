"""Does the expanded data help? A small, biased data set, expanded in several ways at equal budgets, and tested.

    python tests/benchmarks/case_study.py [--quick] [--json FILE]

`case_study.toml` says what all arms have in common; it was committed before the guided arm was first run on these
seeds. The originals are ten photographs a class of one thing of a usual colour on grass; the test set shows all
colours, scenes, styles, counts and sizes. A classifier is trained from random weights on the originals and each arm's
pictures, a small detector too (boxes of generated pictures are those that the detector of the originals finds).
Intervals are Student's t over seeds; a seed has its own originals, pictures, user and training.

original      no more pictures
image2image   plain image-to-image from the originals
gif           guided imagination (Zhang et al., NeurIPS 2023) from the originals
text2image    the first prompt, unchanged
guided        the same, and three rounds in which a simulated user marks pictures and accepts what is proposed
retrieved     rendered pictures of all kinds, found by the classes' words with CLIP

`cler_spearman` is the rank correlation of CLER with the accuracy of linear probes over the sets of `cler.py`, fewer of
them in a quick run.

What is done is kept beside the JSON file and not done again; a quick run always begins anew.
"""

import argparse
import functools
import json
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import cler
from case_user import User, guide

from datacrafter_widget import Session
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox import KINDS
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.toybox.originals import draw_pictures, even, one_scene, usual, write_originals
from datacrafter_widget.training.average_precision import average_precision
from datacrafter_widget.training.boxes import Detected
from datacrafter_widget.training.classifier import ClassifierSettings, predict, train_classifier
from datacrafter_widget.training.detector import DetectorSettings, detect, train_detector
from datacrafter_widget.training.intervals import mean_interval, paired_difference
from datacrafter_widget.training.pictures import Labelled
from datacrafter_widget.training.pseudo import pseudo_label

CONFIG = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
CLASSES = CONFIG["classes"]
GENERATED = ("guided", "gif", "image2image", "text2image")  # the slowest first
ARMS = ("original", "image2image", "gif", "text2image", "guided", "retrieved")
TEST_SEED, POOL_SEED = 113_001, 113_002  # no training of the toybox has seen pictures of these
PACKAGES = ("torch", "diffusers", "open_clip_torch", "timm", "torchvision", "numpy", "scipy")
GOALS = {"guided_minus_gif": 0.05, "map_gain": 0.02, "cler_spearman": 0.8}


# -- the pictures ------------------------------------------------------------------------------------


def originals(seed):
    """What a seed's user brings, as drawn."""
    return list(
        draw_pictures(per_class=CONFIG["originals_per_class"], classes=CLASSES, seed=seed, choose=one_scene)
    )


def detected(drawn):
    """Drawn pictures with their boxes."""
    labelled = Labelled.of(
        np.stack([each.picture for each in drawn]), [CLASSES.index(each.name) for each in drawn]
    )
    return Detected.around(labelled, [each.boxes for each in drawn])


@functools.cache
def test_set():
    """The same for every arm and seed."""
    return detected(
        list(draw_pictures(per_class=CONFIG["test_per_class"], classes=CLASSES, seed=TEST_SEED, choose=even))
    )


def expand(arm, seed, folder, budget):
    """Make an arm's pictures; the largest budget of every class.

    Returns:
        What it took: pictures and proxies made, seconds; and what a user did.
    """
    started = time.perf_counter()
    if arm == "retrieved":
        return {**_retrieve(folder, budget), "seconds": time.perf_counter() - started}
    with tempfile.TemporaryDirectory() as temporary:
        given = write_originals(
            Path(temporary) / "originals",
            per_class=CONFIG["originals_per_class"],
            classes=CLASSES,
            seed=seed,
            choose=one_scene,
        )
        with Session.open(
            Path(temporary) / "session", given, generator=_models[0], encoder=_models[1], seed=seed
        ) as session:
            for row in session.template_table():
                session.edit_template(row["id"], CONFIG["template"])
            log = []
            if arm == "guided":
                user = User(_models[2], np.random.default_rng(seed), CONFIG["guided"])
                log = guide(session, user, CONFIG["guided"], budget)
            else:
                session.generate(budget, perturbation=arm).wait(quiet=True).result()
            by_class = [
                [np.asarray(session.image(each.id)) for each in session.pictures(name, origin="generated")][
                    :budget
                ]
                for name in CLASSES
            ]
            made = len(session.pictures(origin="generated", include_hidden=True))
            proxies = sum(each.report.get("proxies", 0) for each in session.store.proposals())
    _keep(folder, by_class)
    return {"made": made, "proxies": proxies, "seconds": time.perf_counter() - started, "log": log}


def _retrieve(folder, budget):
    """The nearest pictures of each class's word in a folder of all kinds, whose names are not looked at."""
    pool = list(draw_pictures(per_class=CONFIG["pool_per_kind"], classes=KINDS, seed=POOL_SEED, choose=usual))
    features = _models[1].encode_images([Image.fromarray(each.picture) for each in pool])
    likeness = features @ _models[1].encode_texts([f"a photo of a {name}" for name in CLASSES]).T
    nearest = likeness.argmax(axis=1)
    by_class = []
    for place in range(len(CLASSES)):
        own = np.flatnonzero(nearest == place)
        best = own[np.argsort(-likeness[own, place])][:budget]
        by_class.append([pool[row].picture for row in best])
    _keep(folder, by_class)
    return {"made": 0, "proxies": 0}


def _keep(folder, by_class):
    classes = np.concatenate([np.full(len(own), place) for place, own in enumerate(by_class)])
    np.savez(folder / "pictures.npz", images=np.stack([x for own in by_class for x in own]), classes=classes)


def pictures(folder, budget, seed):
    """A random choice of so many of an arm's pictures of each class."""
    kept = np.load(folder / "pictures.npz")
    rng = np.random.default_rng([seed, budget])
    rows = np.concatenate(
        [rng.permutation(np.flatnonzero(kept["classes"] == place))[:budget] for place in range(len(CLASSES))]
    )
    return Labelled.of(kept["images"][rows], kept["classes"][rows], generated=True)


# -- the trainings -----------------------------------------------------------------------------------


def classify(arm, seed, folder, budget):
    """Train a classifier on the originals and an arm's pictures; its accuracy on the test set."""
    started = time.perf_counter()
    test, train = test_set(), _plain(detected(originals(seed)))
    if arm != "original":
        train = train.joined(pictures(folder, budget, seed))
    settings = ClassifierSettings(**CONFIG["classifier"], device="cpu")
    trained = train_classifier(train, train.subset([]), len(CLASSES), settings, seed=seed)
    right = predict(trained, test.images).argmax(axis=1) == test.classes
    return {
        "accuracy": float(right.mean()),
        "per_class": {name: float(right[test.classes == i].mean()) for i, name in enumerate(CLASSES)},
        "pictures": len(train),
        "seconds": time.perf_counter() - started,
    }


def find(arm, seed, folder, budget):
    """Train a detector on the originals and an arm's pictures with pseudo-labels; its mAP on the test set."""
    started = time.perf_counter()
    test, train = test_set(), detected(originals(seed))
    options = dict(CONFIG["detector"])
    threshold = options.pop("threshold")
    settings = DetectorSettings(**options, device="cpu")
    left_out = 0
    teacher = folder.parent / f"detector-{seed}.safetensors"
    if arm == "original":
        trained = train_detector(train, None, len(CLASSES), settings, seed=seed, checkpoint=teacher)
    else:
        first = train_detector(train, None, len(CLASSES), settings, seed=seed, checkpoint=teacher)
        labelled = pseudo_label(first, pictures(folder, budget, seed), threshold=threshold)
        train, left_out = train.joined(labelled.pictures), labelled.left_out
        trained = train_detector(train, None, len(CLASSES), settings, seed=seed)
    precision = average_precision(detect(trained, test.images), test, len(CLASSES))
    return {
        "map": precision.map,
        "map_50": precision.map_50,
        "pictures": len(train),
        "left_out": left_out,
        "seconds": time.perf_counter() - started,
    }


def _plain(given):
    return Labelled.of(given.images, given.classes)


# -- doing it all ------------------------------------------------------------------------------------

TASKS = {"expand": expand, "classify": classify, "find": find}


def prepare():
    """A worker loads the models once, and has one thread: two of those do more than one with two threads."""
    global _models  # noqa: PLW0603 - a worker has one
    torch.set_num_threads(1)
    _models = (
        DiffusersGenerator("toybox", device="cpu"),
        OpenClipEncoder("toybox", device="cpu"),
        Judge.load(),
    )


def work(task, arm, seed, budget, work_folder):
    """Do a task unless it is done; its name and result."""
    key = f"{task}-{arm}-{seed}-{budget}"
    path = work_folder / f"{key}.json"
    if not path.exists():
        folder = work_folder / f"{arm}-{seed}"
        folder.mkdir(exist_ok=True)
        result = TASKS[task](arm, seed, folder, budget)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(result))
        part.rename(path)
    return key, json.loads(path.read_text())


def run_all(pool, tasks, work_folder):
    """Results by (task, arm, seed, budget)."""
    futures = {pool.submit(work, *task, work_folder): task for task in tasks}
    results = {}
    for future in as_completed(futures):
        key, result = future.result()
        results[futures[future]] = result
        measured = next((f"{k} {result[k]:.3f}" for k in ("accuracy", "map") if k in result), "")
        print(f"{key:32s} {result['seconds']:6.1f} s  {measured}", flush=True)
    return results


def before(sizes, arms):
    """What needs nothing else: making pictures, the slowest first, and training on the originals alone."""
    most, seeds = max(sizes["budgets"]), sizes["seeds"]
    made = [arm for arm in (*GENERATED, "retrieved") if arm in arms]
    tasks = [("expand", arm, seed, most) for arm in made for seed in seeds]
    return tasks + [(task, "original", seed, 0) for task in ("find", "classify") for seed in seeds]


def after(sizes, arms):
    """Training on what was made, the slowest first."""
    return [
        (task, arm, seed, budget)
        for task, chosen in (("find", sizes["detected"]), ("classify", sizes["arms"]))
        for arm in chosen
        if arm in arms and arm != "original"
        for budget in sizes["budgets"]
        for seed in sizes["seeds"]
    ]


# -- what came of it ---------------------------------------------------------------------------------


def series(results, task, figure, arm, budget, seeds):
    """One value a seed; those of the originals are the same at every budget."""
    return [
        results[task, arm, seed, 0 if arm == "original" else budget][figure]
        for seed in seeds
        if (task, arm, seed, 0 if arm == "original" else budget) in results
    ]


def interval(found):
    return {name: getattr(found, name) for name in ("mean", "low", "high")}


def report(results, sizes):
    """The figures: intervals over seeds for each arm and budget, and paired differences at the largest."""
    seeds, budgets = sizes["seeds"], sizes["budgets"]

    def table(task, figure):
        rows = {}
        for arm in ARMS:
            for budget in budgets:
                values = series(results, task, figure, arm, budget, seeds)
                if values:
                    rows.setdefault(arm, {})[str(budget)] = interval(mean_interval(values))
        return rows

    def gain(task, figure, after, before):
        sides = [series(results, task, figure, arm, budgets[-1], seeds) for arm in (after, before)]
        return interval(paired_difference(*sides)) if all(sides) else None

    return {
        "accuracy": table("classify", "accuracy"),
        "map": table("find", "map"),
        "map_50": table("find", "map_50"),
        "guided_minus_gif": gain("classify", "accuracy", "guided", "gif"),
        "guided_minus_text2image": gain("classify", "accuracy", "guided", "text2image"),
        "guided_minus_original": gain("classify", "accuracy", "guided", "original"),
        "map_gain": gain("find", "map", "guided", "original"),
    }


def show(figures):
    for name in ("accuracy", "map"):
        print(
            f"\n{name:14s}" + "".join(f"{budget:>22s}" for budget in next(iter(figures[name].values()), {}))
        )
        for arm, row in figures[name].items():
            print(
                f"{arm:14s}"
                + "".join(
                    f"{100 * x['mean']:9.1f} [{100 * x['low']:4.1f}, {100 * x['high']:4.1f}]"
                    for x in row.values()
                )
            )
    for name, found in figures.items():
        if isinstance(found, dict) and set(found) == {"mean", "low", "high"}:
            print(
                f"{name:26s} {100 * found['mean']:+.1f} points [{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]"
            )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer seeds, budgets and arms: ten minutes on two cores"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--arms", nargs="*", choices=ARMS, help="these arms alone; writes no JSON")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes of one thread each"
    )
    arguments = parser.parse_args()
    started = time.perf_counter()
    sizes = CONFIG["quick" if arguments.quick else "full"]
    keep = arguments.json and not arguments.quick
    folder = arguments.json.with_suffix(".work") if keep else Path(tempfile.mkdtemp(prefix="case-study-"))
    folder.mkdir(exist_ok=True, parents=True)
    arms = arguments.arms or sizes["arms"]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, mp_context=context, initializer=prepare) as pool:
        results = run_all(pool, before(sizes, arms), folder)
        results |= run_all(pool, after(sizes, arms), folder)
    correlated = cler.correlation(
        folder / "cler", cler.SMALL if arguments.quick else cler.QUICK, arguments.workers
    )
    figures = report(results, sizes)
    show(figures)
    cler.show(correlated)
    if arguments.json and not arguments.arms:
        figures |= {
            "cler_spearman": correlated["over_sets"]["cler"]["spearman"],
            "correlations": correlated,
            "goals": GOALS,
            "n_seeds": len(sizes["seeds"]),
            "config": CONFIG,
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "workers": arguments.workers,
            "python": sys.version.split()[0],
            "versions": {name: version(name) for name in PACKAGES},
            "seconds": time.perf_counter() - started,
            "runs": {"-".join(map(str, key)): value for key, value in results.items()},
        }
        arguments.json.write_text(json.dumps(figures, indent=1))
    if not keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
