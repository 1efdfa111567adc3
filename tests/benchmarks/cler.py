"""Does CLER tell, before any training, what a classifier will learn from generated pictures?

    python tests/benchmarks/cler.py [--quick] [--json FILE] [--folder FOLDER]

As GenBench does (Sec. 2.4, Fig. 4): many data sets are generated from their classes' names, by five prompt strategies
and in several sizes; each is scored without training, on validation pictures; a linear probe is trained on each alone,
its penalty chosen on the validation pictures, and tested on others. All real pictures are renders that trained nothing.
The figures are Spearman's rank correlations of the scores with the probe's accuracy:

over_sets     over all sets together
equal_size    over the largest sets alone, as in the paper: FID depends on the size of a set
within_tasks  within each task, averaged: which strategy, and how many pictures?

FID and CMMD count as their negatives, so that more is better everywhere. Intervals are 95 % of a bootstrap that draws
tasks, as the sets of one task have much in common. A run goes on where an earlier one in the same folder was ended;
without --folder nothing is kept.
"""

import argparse
import functools
import hashlib
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from recognition_tasks import TASKS
from scipy.stats import rankdata

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from datacrafter_widget.evaluate.set_scores import Encoded, score_set
from datacrafter_widget.evaluate.strategy_sets import strategy_set
from datacrafter_widget.generation.strategies import make
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder

STRATEGIES = ("ST", "DT", "CE", "RD", "NP")
SCORES = {"cler": 1, "cler_ensemble": 1, "clip_score": 1, "fid": -1, "cmmd": -1}  # -1: less is better
PROBE = "probe_accuracy"
GOAL = 0.8
RESAMPLES = 2000
PACKAGES = ("torch", "diffusers", "open_clip_torch", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Sizes:
    """Tasks, strategies, pictures a class in the generated sets, and real ones a class to validate and to test on."""

    tasks: tuple[str, ...] = tuple(TASKS)
    strategies: tuple[str, ...] = STRATEGIES
    shots: tuple[int, ...] = (2, 5, 20)
    seeds: int = 3
    validation: int = 25
    test: int = 50


FULL = Sizes()
QUICK = Sizes(
    tasks=(
        "owner's words", "fruit in odd colours", "small pairs", "coloured fruit", "odd boats and houses", "cranes",
        "one or two", "small or big", "fish in places", "places", "styles", "groups", "parts", "synonyms",
    ),
    shots=(2, 5),
    seeds=1,
    validation=15,
    test=25,
)  # fmt: skip


SMALL = replace(QUICK, strategies=("ST", "DT"))
"""For the case study's quick run."""


def correlation(folder, sizes=QUICK, workers=2):
    """Make and score the sets, and correlate.

    Args:
        folder: what is made is kept here, and not made again.
        sizes: how many sets, and how large.
        workers: processes of one thread each.

    Returns:
        For "over_sets", "equal_size" and "within_tasks": score → {"spearman", "low", "high"}; beside them "sets",
        "tasks", "n_seeds", and "rows" with the scores of every set.
    """
    folder = Path(folder)
    same_words = defaultdict(list)  # tasks of the same classes share their generated pictures
    for name in sizes.tasks:
        same_words[tuple(TASKS[name].classes)].append(name)
    units = [
        (names, strategy, seed)
        for seed in range(sizes.seeds)
        for strategy in sizes.strategies
        for names in same_words.values()
    ]
    rows = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = [pool.submit(scored, folder, sizes, *unit) for unit in units]
        total = len(sizes.tasks) * len(sizes.strategies) * len(sizes.shots) * sizes.seeds
        try:
            for done in as_completed(jobs):
                rows += done.result()
                print(f"\r{len(rows)} of {total} sets", end="", file=sys.stderr, flush=True)
        except BaseException:  # an interrupt does not wait for what has not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    print(file=sys.stderr)
    rows.sort(key=lambda row: (row["task"], row["strategy"], row["shots"], row["seed"]))
    largest = [row for row in rows if row["shots"] == max(sizes.shots)]
    return {
        "over_sets": over_sets(rows),
        "equal_size": over_sets(largest),
        "within_tasks": within_tasks(rows),
        "sets": len(rows),
        "tasks": len(sizes.tasks),
        "n_seeds": sizes.seeds,
        "rows": rows,
    }


# ---- in the workers --------------------------------------------------------------------------------


def scored(folder, sizes, names, strategy, seed):
    """Rows of the sets of one strategy for tasks of the same classes; found again if they were scored before."""
    asked = json.dumps([asdict(sizes), names, strategy, seed])
    kept = folder / "rows" / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"
    if kept.is_file():
        return json.loads(kept.read_text("utf-8"))
    generator, encoder = models()
    words = list(TASKS[names[0]].classes)
    templates = make(strategy, words, encode_texts=encoder.encode_texts)
    made = strategy_set(
        folder / "sets",
        strategy,
        templates,
        {word: word for word in words},
        max(sizes.shots),
        generator,
        encoder,
        seed=seed,
        job=Job(lambda _: None, "benchmark"),
    )
    texts = encoder.encode_texts([f"a photo of a {word}" for word in words])
    rows = []
    for name in names:
        validation, test = real(folder, name, sizes.validation, 0), real(folder, name, sizes.test, 1)
        for shots in sizes.shots:
            scores = asdict(score_set(Encoded(*made.first(shots)), validation, texts, test=test))
            flat = {key: value["mean"] if isinstance(value, dict) else value for key, value in scores.items()}
            rows.append({"task": name, "strategy": strategy, "shots": shots, "seed": seed, **flat})
    write(kept, json.dumps(rows))
    return rows


def real(folder, name, per_class, seed):
    """Features and classes of renders, kept for the other strategies."""
    kept = folder / "real" / f"{list(TASKS).index(name)}-{per_class}-{seed}.npz"
    if not kept.is_file():
        images, classes = TASKS[name].pictures(per_class, seed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}.npz")
        np.savez(partial, features=models()[1].encode_images(images), classes=classes)
        partial.replace(kept)
    with np.load(kept) as file:
        return Encoded(file["features"], file["classes"])


@functools.cache
def models():
    import torch
    from diffusers.utils import logging

    torch.set_num_threads(1)
    logging.set_verbosity_error()  # restrictive prompts are longer than the toybox reads
    return DiffusersGenerator("toybox", device="cpu"), OpenClipEncoder("toybox", device="cpu")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text, "utf-8")
    partial.replace(path)


# ---- correlations ----------------------------------------------------------------------------------


def over_sets(rows):
    """Score → correlation over all the sets."""
    tables = tabled(rows)
    return by_score(
        lambda drawn: rank_correlations(np.concatenate([tables[at] for at in drawn])), len(tables)
    )


def within_tasks(rows):
    """Score → mean of the correlations within the tasks."""
    found = np.stack([rank_correlations(table) for table in tabled(rows)])
    return by_score(lambda drawn: np.nanmean(found[drawn], axis=0), len(found))


def by_score(measure, tasks):
    """What a measure of some tasks, given by their numbers, says of all, and its interval by drawing tasks."""
    rng = np.random.default_rng(0)
    draws = [measure(rng.integers(0, tasks, tasks)) for _ in range(RESAMPLES)]
    columns = zip(measure(np.arange(tasks)), *np.nanpercentile(draws, (2.5, 97.5), axis=0), strict=True)
    return {
        score: dict(zip(("spearman", "low", "high"), map(float, values), strict=True))
        for score, values in zip(SCORES, columns, strict=True)
    }


def tabled(rows):
    """For each task (sets, scores and the probe's accuracy last), more is better."""
    tables = defaultdict(list)
    for row in rows:
        tables[row["task"]].append([sign * row[score] for score, sign in SCORES.items()] + [row[PROBE]])
    return [np.array(table) for table in tables.values()]


def rank_correlations(table):
    """Spearman's correlation of each column with the last; NaN where one of them is the same everywhere."""
    with np.errstate(invalid="ignore"):
        return np.corrcoef(rankdata(table, axis=0), rowvar=False)[:-1, -1]


def goals(found):
    """Name → whether it was reached."""
    overall = {score: found["over_sets"][score]["spearman"] for score in SCORES}
    return {
        f"CLER at least {GOAL}": overall["cler"] >= GOAL,
        "CLER above CLIP score": overall["cler"] > overall["clip_score"],
        "CLER above FID": overall["cler"] > overall["fid"],
    }


def show(found):
    print(
        f"Spearman's correlation with the probe's accuracy: {found['sets']} sets of {found['tasks']} tasks\n"
    )
    kinds = ("over_sets", "equal_size", "within_tasks")
    print(f"{'':14}" + "".join(f"{kind:>24}" for kind in kinds))
    for score in SCORES:
        cells = [found[kind][score] for kind in kinds]
        texts = [f"{each['spearman']:.2f} ({each['low']:.2f} … {each['high']:.2f})" for each in cells]
        print(f"{score:14}" + "".join(f"{text:>24}" for text in texts))
    for goal, reached in goals(found).items():
        print(f"{'reached' if reached else 'MISSED':8} {goal}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under eight minutes on two cores")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures here")
    parser.add_argument("--folder", type=Path, help="keep what is made here, and go on from it")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as bare:
        found = correlation(options.folder or bare, QUICK if options.quick else FULL, options.workers)
    show(found)
    if options.json:
        report = {
            "quick": options.quick,
            **found,
            "cler_spearman": found["over_sets"]["cler"]["spearman"],
            "goals": goals(found),
            "workers": options.workers,
            "seconds": time.perf_counter() - started,
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "versions": {name: version(name) for name in PACKAGES},
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return 0 if all(goals(found).values()) else 1


if __name__ == "__main__":
    sys.exit(main())
