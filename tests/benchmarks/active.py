"""What is missing, in words: do queries that are synthesised and described bring better pictures than plain ones?

    python tests/benchmarks/active.py [--quick] [--json FILE] [--workers N]

As in GenMQD (Sec. 4, Fig. 2 and Table 1): from 100 labelled pictures of ten classes on, pictures are asked for in
words, brought, and trained on; the accuracy of a three-layer network on an encoder's features is measured after every
hundred. Ordinary pictures of the toybox are told apart without a mistake, so the originals have gaps: every class was
photographed in a place of its own, one thing of a usual colour (`query_oracles.habit`), and a network takes the place
for the class. Validation (100 pictures) and test pictures show all colours, scenes, styles, counts and sizes equally.

random            "a photo of a {class}", the paper's RandomText
random-phrases    labels drawn by chance, three texts a class and round: variety, but nothing chosen
uncertainty       random's words; classes get pictures in proportion to the network's entropy on what they validate with
genmqd            the nearest phrases to the synthesised features, three a class and round
genmqd-decoder    what the decoder writes of them
genmqd-feature    no pictures: the features themselves, with the weight of the pictures (the paper's GenMQD-Fea)

Pictures are brought by the collector (who does as ever where the text is silent) or the painter (the toybox's
generator, as in the paper): see `query_oracles`; what a method does is in `query_curves`. All methods of a seed begin
with the same pictures; intervals are Student's t over seeds. A synthesis takes 60 steps here, not 200, trains after
every ten, and ends sooner.

`influence_rank_correlation` is Spearman's between each training picture's influence on the validation loss and the
change by training without it. `odd_texts` is the share of GenMQD's texts that name what no picture of their class
shows, such as a sail of a lemon. The table of personalisation is that of `personalisation.py`.

What is done is kept beside the JSON file and not done again; a quick run always begins anew.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import personalisation
from query_curves import CLASSES, METHODS, PER_CLASS, ROUNDS, curve, influence, odd, trained_on_validation
from workers import run_all

from datacrafter_widget.training.intervals import mean_interval, paired_difference

PACKAGES = ("torch", "diffusers", "open_clip_torch", "numpy", "scipy")
GOALS = {
    "influence_rank_correlation": 0.8,
    "genmqd_minus_random.low": 0.0,
    "overfit_relative_change": -0.25,
    "text_alignment_change": 0.0,
    "image_alignment_change": -0.05,
}
CHANGES = ("overfit_relative_change", "text_alignment_change", "image_alignment_change")
#: Oracle → methods, the main table first.
FULL = {"collector": METHODS, "painter": ("random", "random-phrases", "genmqd", "genmqd-decoder")}
QUICK = {"collector": ("random", "random-phrases", "uncertainty", "genmqd")}
SEEDS = 5


# -- in the workers ------------------------------------------------------------------------------------


def taught(seed, quick):
    """A seed's part of the table of personalisation."""
    with tempfile.TemporaryDirectory() as folder:
        return {"arms": personalisation.measure_seed(seed, quick=quick, folder=Path(folder))}


# -- doing it all --------------------------------------------------------------------------------------

TASKS = {
    "curve": curve, "influence": influence, "validation": trained_on_validation, "personalisation": taught,
}  # fmt: skip


def planned(quick):
    """All tasks, the slowest first."""
    table = QUICK if quick else FULL
    tasks = [
        ("curve", who, method, seed)
        for who, methods in reversed(table.items())
        for method in reversed(methods)
        for seed in range(SEEDS)
    ]
    tasks += [(name, seed) for name in ("influence", "validation") for seed in range(2 if quick else SEEDS)]
    return [("personalisation", seed, quick) for seed in range(personalisation.SEEDS)] + tasks


# -- what came of it -----------------------------------------------------------------------------------


def interval(found):
    return {name: getattr(found, name) for name in ("mean", "low", "high")}


def learning(results, who):
    """Of an oracle: method → accuracy after every hundred pictures; and the differences from RandomText by seed."""
    curves = defaultdict(dict)
    for task, result in results.items():
        if task[:2] == ("curve", who):
            curves[task[2]][task[3]] = result["accuracy"]
    asked = [str(at * PER_CLASS * len(CLASSES)) for at in range(ROUNDS + 1)]
    table, minus = {}, {}
    for method in METHODS:
        if method in curves:
            values = np.array([curves[method][seed] for seed in sorted(curves[method])])
            plain_values = np.array([curves["random"][seed] for seed in sorted(curves[method])])
            table[method] = {
                n: interval(mean_interval(column)) for n, column in zip(asked, values.T, strict=True)
            }
            if method != "random":
                minus[method] = {
                    n: interval(paired_difference(values[:, at], plain_values[:, at]))
                    for at, n in enumerate(asked)
                    if at
                }
                minus[method]["all"] = interval(
                    paired_difference(values[:, 1:].mean(1), plain_values[:, 1:].mean(1))
                )
    return {"accuracy": table, "minus_random": minus, "n_seeds": len(curves["random"])}


def report(results):
    """All figures."""
    tables = {who: learning(results, who) for who in FULL if ("curve", who, "random", 0) in results}
    main_table = tables["collector"]
    influences = [result["correlation"] for task, result in results.items() if task[0] == "influence"]
    on_validation = [result["accuracy"] for task, result in results.items() if task[0] == "validation"]
    figures = {
        "influence_rank_correlation": float(np.mean(influences)),
        "influence_rank_correlation_lowest": float(np.min(influences)),
        "genmqd_minus_random": main_table["minus_random"]["genmqd"]["all"],
        "odd_texts": odd_share(results),
        "validation_trained_on": interval(mean_interval(on_validation)),
        "tables": tables,
        "n_seeds": main_table["n_seeds"],
    }
    learned = [result["arms"] for task, result in results.items() if task[0] == "personalisation"]
    figures["personalisation"] = personalisation.summary(learned)
    figures |= {name: figures["personalisation"][name] for name in CHANGES}
    return figures | {"reached": reached(figures)}


def asked_with(results, method):
    """(class, text) of all queries of a method to the collector."""
    return [
        (kind, text)
        for task, result in results.items()
        if task[:3] == ("curve", "collector", method)
        for asked in result["log"]
        for kind, query in asked.items()
        for text in query["texts"]
    ]


def odd_share(results):
    return float(np.mean([odd(kind, text) for kind, text in asked_with(results, "genmqd")]))


def reached(figures):
    """Goal → whether it is; GenMQD's has to be at each hundred of pictures."""
    minus = figures["tables"]["collector"]["minus_random"]["genmqd"]
    lows = [row["low"] for asked, row in minus.items() if asked != "all"]
    found = {"genmqd_minus_random.low": min(lows) > GOALS["genmqd_minus_random.low"]}
    for name in ("influence_rank_correlation", *CHANGES):
        sign = -1 if name.startswith("overfit") else 1
        found[name] = sign * figures[name] >= sign * GOALS[name]
    return found


def show(figures):
    for who, found in figures["tables"].items():
        asked = next(iter(found["accuracy"].values()))
        print(f"\n{who}: accuracy (%) by pictures asked for, {found['n_seeds']} seeds")
        print(f"{'':16s}" + "".join(f"{count:>20s}" for count in asked))
        for method, row in found["accuracy"].items():
            print(f"{method:16s}" + "".join(f"{cell(each):>20s}" for each in row.values()))
        print("minus random (points)")
        for method, row in found["minus_random"].items():
            print(f"{method:16s}{'':20s}" + "".join(f"{cell(row[count]):>20s}" for count in [*asked][1:]))
    print(f"\nvalidation pictures trained on instead: {cell(figures['validation_trained_on'])}")
    print(f"texts that name what no picture of their class shows: {100 * figures['odd_texts']:.1f} %")
    print(f"influence, rank correlation with retraining: {figures['influence_rank_correlation']:.3f}")
    print(f"\npersonalisation, {figures['personalisation']['n_seeds']} seeds")
    for row in figures["personalisation"]["rows"]:
        measured = [f"{name.replace('_', ' ')} {row[name]['mean']:.3f}" for name in personalisation.MEASURES]
        print(f"{row['arm']:12s} round {row['round']}: {', '.join(measured)}")
    for name in CHANGES:
        print(f"{name.replace('_', ' '):24s} {figures[name]:+.3f}")
    for name, value in figures["reached"].items():
        print(f"{'reached' if value else 'MISSED':8s}{name}")


def cell(found):
    return f"{100 * found['mean']:.1f} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer seeds and methods: ten minutes on two cores"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    options = parser.parse_args()
    started = time.perf_counter()
    keep = options.json and not options.quick
    folder = options.json.with_suffix(".work") if keep else Path(tempfile.mkdtemp(prefix="active-"))
    folder.mkdir(parents=True, exist_ok=True)
    results = run_all(TASKS, planned(options.quick), folder, options.workers)
    figures = report(results)
    show(figures)
    if options.json:
        figures |= {
            "quick": options.quick,
            "goals": GOALS,
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "workers": options.workers,
            "python": sys.version.split()[0],
            "versions": {name: version(name) for name in PACKAGES},
            "seconds": time.perf_counter() - started,
            "runs": {" ".join(map(str, task)): result for task, result in results.items()},
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if not keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
