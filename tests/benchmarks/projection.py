"""How good, how fast and how steady M2M is, beside the other projections.

    python tests/benchmarks/projection.py [--quick] [--json FILE]

Quality on the paper's Pets features (where ../shared has them), on the toybox and on a planted set; time and
memory with many pictures against umap-learn's second fit; what moves when pictures are added. A full run keeps
what it has measured beside the JSON file and goes on from there when it is started again.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "projection"))

from worlds import planted, toybox_set

from datacrafter_widget.projection import M2M, baselines, projection_quality

PETS = Path(__file__).parents[3] / "shared" / "data" / "pets" / "pets.npz"
MEASURES = ("T", "C", "Tx", "Cx", "IMS")
GOALS = {"T": 0.960, "C": 0.976, "Tx": 0.90, "Cx": 0.79, "IMS": 0.72}
OTHERS = {
    "PCA": baselines.PCA,
    "t-SNE": baselines.TSNE,
    "UMAP": baselines.UMAP,
    "MDS": baselines.MDS,
    "CDR": baselines.CDR,
    "DCM": baselines.DataContextMap,
    "MFM": baselines.MFM,
}
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "umap-learn", "pynndescent")
MANY, MANY_LABELS, MANY_DIM = 30_000, 300, 512


def pets():
    data = np.load(PETS, allow_pickle=True)
    return data["image_features"].astype(np.float32), data["label_features"].astype(np.float32), data["edges"]


def many(n):
    """A planted set in as many dimensions as CLIP's."""
    images, labels, edges, _ = planted(n, MANY_LABELS)
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.standard_normal((MANY_DIM, images.shape[1])))[0].T.astype(np.float32)

    def lift(x):
        return x @ turn + np.float32(0.01) * rng.standard_normal((len(x), MANY_DIM), dtype=np.float32)

    return lift(images), lift(labels), edges


def measured(method, data):
    """The five measures and the seconds of one fit."""
    start = time.perf_counter()
    images, labels = method.fit_transform(*data)
    seconds = time.perf_counter() - start
    return {**projection_quality(*data, images, labels).as_dict(), "seconds": seconds}


def quality(data, seeds, others):
    """Median over the seeds for M2M, one run for the others."""
    runs = [measured(M2M(random_state=seed), data) for seed in range(seeds)]
    table = {"M2M": {name: float(np.median([run[name] for run in runs])) for name in runs[0]}}
    table["M2M"]["runs"] = runs
    for name in others:
        table[name] = measured(OTHERS[name](random_state=0), data)
    return table


def pets_quality(seeds, others):
    if not PETS.is_file():
        print(f"skipped: {PETS} is not here", flush=True)
        return None
    data = pets()
    table = quality(data, seeds, others)
    positions = np.load(PETS, allow_pickle=True)
    published = projection_quality(
        *data, positions["published_image_positions"], positions["published_label_positions"]
    )
    table["published"] = published.as_dict()
    return table


def streaming(data, seeds):
    """Medians over the seeds of what adding 20 % more pictures does."""
    runs = [one_stream(data, seed) for seed in range(seeds)]
    middle = {
        name: float(np.median([run[name] for run in runs]))
        for name in runs[0]
        if name not in ("warm", "cold")
    }
    for side in ("warm", "cold"):
        middle[side] = {name: float(np.median([run[side][name] for run in runs])) for name in MEASURES}
    middle["largest_loss"] = max(middle["cold"][name] - middle["warm"][name] for name in MEASURES)
    return {**middle, "runs": runs}


def one_stream(data, seed):
    """A fit with a sixth of the pictures held back, then a warm one with all, beside a cold one with all."""
    images, labels, edges = data
    order = np.random.default_rng(0).permutation(len(images))
    first = np.sort(order[: round(len(images) / 1.2)])
    row = np.full(len(images), -1)
    row[first] = np.arange(len(first))
    kept = edges[row[edges[:, 0]] >= 0]
    m2m = M2M(random_state=seed)
    before, before_labels = m2m.fit_transform(
        images[first], labels, np.column_stack([row[kept[:, 0]], kept[:, 1]])
    )
    init = np.full((len(images), 2), np.nan, np.float32)
    init[first] = before
    start = time.perf_counter()
    after, after_labels = M2M(random_state=seed).fit_transform(*data, init=(init, before_labels))
    warm = time.perf_counter() - start
    start = time.perf_counter()
    cold_images, cold_labels = M2M(random_state=seed).fit_transform(*data)
    cold = time.perf_counter() - start
    box = float(np.ptp(before, axis=0).max())
    warm_quality = projection_quality(*data, after, after_labels).as_dict()
    cold_quality = projection_quality(*data, cold_images, cold_labels).as_dict()
    return {
        "median_move": float(np.median(np.linalg.norm(after[first] - before, axis=1)) / box),
        "seconds_over_cold": warm / cold,
        "warm": warm_quality,
        "cold": cold_quality,
    }


def against_umap(n):
    """Our fit and umap-learn's second one with its default settings, in this process, on the same input."""
    import umap

    images, labels, edges = many(n)
    stacked = np.concatenate([images, labels])
    first = timed(lambda: umap.UMAP().fit(stacked))
    second = timed(lambda: umap.UMAP().fit(stacked))
    ours = timed(lambda: M2M(random_state=0).fit(images, labels, edges))
    return {"umap_first": first, "umap_second": second, "m2m": ours, "ratio": ours / second}


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def alone(n):
    """Seconds, peak memory and measures of one fit in a process of its own."""
    command = [sys.executable, __file__, "--one-fit", str(n)]
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    )


def peak_memory():
    """Most resident bytes of this process so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would count what the parent had when it forked
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def one_fit(n):
    data = many(n)
    before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    images, labels = M2M(random_state=0).fit_transform(*data)
    seconds = time.perf_counter() - start
    peak = peak_memory()
    report = {"seconds": seconds, "peak_memory_mb": peak / 1e6, "before_mb": before / 1e6}
    if n <= MANY:
        report.update(projection_quality(*data, images, labels).as_dict())
    print(json.dumps(report))


def steps(n):
    """Milliseconds of one step of the network and of the refinement, from fits with more and with fewer of them."""
    data = many(n)
    M2M(n_epochs=1, n_refinements=1).fit(*data)  # what the first fit loads
    few, more = 10, 110
    base = timed(lambda: M2M(n_epochs=few, n_refinements=few).fit(*data))
    network = timed(lambda: M2M(n_epochs=more, n_refinements=few).fit(*data))
    refinement = timed(lambda: M2M(n_epochs=few, n_refinements=more).fit(*data))
    return {"network": 10 * (network - base), "refinement": 10 * (refinement - base)}


def sections(quick):
    """Name → what measures it."""
    seeds = 5
    few = ("t-SNE", "UMAP")
    plan = {
        "pets": lambda: pets_quality(seeds, tuple(OTHERS)),
        "toybox": lambda: quality(
            toybox_set(1000, 0)[:3], 1 if quick else seeds, few if quick else tuple(OTHERS)
        ),
        "planted": lambda: quality(
            planted(1000, 40)[:3], 1 if quick else seeds, few if quick else tuple(OTHERS)
        ),
        "streaming_planted": lambda: streaming(planted(1000, 40)[:3], 3 if quick else seeds),
        "against_umap": lambda: against_umap(MANY),
        f"alone_{MANY}": lambda: alone(MANY),
        "step_ms_1000": lambda: steps(1000),
    }
    if PETS.is_file():
        plan["streaming_pets"] = lambda: streaming(pets(), 3 if quick else seeds)
    if not quick:
        plan.update({f"alone_{n}": lambda n=n: alone(n) for n in (3_000, 10_000, 100_000, 200_000)})
        plan["step_ms_30000"] = lambda: steps(MANY)
    return plan


def show(name, found):
    print(f"\n{name}")
    if found is None:
        print("  not measured")
    elif "M2M" in found:
        print(f"  {'':10s}" + "".join(f"{measure:>8s}" for measure in MEASURES) + f"{'seconds':>9s}")
        for method, row in found.items():
            cells = "".join(f"{row[measure]:8.4f}" for measure in MEASURES)
            print(f"  {method:10s}{cells}" + (f"{row['seconds']:9.1f}" if "seconds" in row else ""))
    else:
        for key, value in found.items():
            if isinstance(value, dict):
                print(f"  {key:20s} " + "  ".join(f"{name} {figure:.4f}" for name, figure in value.items()))
            elif not isinstance(value, list):
                print(f"  {key:20s} {value:.4g}")
    sys.stdout.flush()


def report(found, started):
    """What is written: the figures by their agreed names, everything else beneath."""
    m2m = (found.get("pets") or {}).get("M2M")
    stream = found.get("streaming_pets") or found["streaming_planted"]
    return {
        "pets": m2m and {name: m2m[name] for name in (*MEASURES, "seconds")},
        "seconds_over_umap_30k": found["against_umap"]["ratio"],
        "peak_memory_mb_30k": found[f"alone_{MANY}"]["peak_memory_mb"],
        "median_move": stream["median_move"],
        "goals": {"pets": GOALS, "pets_seconds": 8, "seconds_over_umap_30k": 1, "peak_memory_mb_30k": 2000,
                  "median_move": 0.03},
        "n_seeds": 5,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in PACKAGES},
        "seconds": time.perf_counter() - started,
        "sections": found,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--one-fit", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_fit:
        one_fit(arguments.one_fit)
        return
    started = time.perf_counter()
    keep = arguments.json and not arguments.quick and arguments.json.with_suffix(".partial.json")
    found = json.loads(keep.read_text()) if keep and keep.is_file() else {}
    for name, measure in sections(arguments.quick).items():
        if name not in found:
            found[name] = measure()
            if keep:
                keep.write_text(json.dumps(found))
        show(name, found[name])
    if arguments.json:
        arguments.json.write_text(json.dumps(report(found, started), indent=2) + "\n")
        if keep:
            keep.unlink()


if __name__ == "__main__":
    main()
