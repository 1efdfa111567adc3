"""What is missing, in words: do queries that are synthesised and described bring better pictures than plain ones?

    python tests/benchmarks/active.py [--quick] [--json FILE] [--workers N]

As in GenMQD (Sec. 4, Fig. 2 and Table 1): from 100 labelled pictures of ten classes on, pictures are asked for in
words, brought, and trained on; the accuracy of a three-layer network on an encoder's features is measured after every
hundred. Ordinary pictures of the toybox are told apart without a mistake, so the originals have gaps: every class was
photographed in a place of its own, one thing of a usual colour (`query_oracles.habit`), and a network takes the place
for the class. Validation (100 pictures) and test pictures show all colours, scenes, styles, counts and sizes equally.

random            "a photo of a {class}", the paper's RandomText
uncertainty       the same words; classes get pictures in proportion to the network's entropy on what they validate with
genmqd            the nearest phrases to the synthesised features, three a class and round
genmqd-decoder    what the decoder writes of them
genmqd-feature    no pictures: the features themselves, with the weight of the pictures (the paper's GenMQD-Fea)

Pictures are brought by the collector (who does as ever where the text is silent) or the painter (the toybox's
generator, as in the paper): see `query_oracles`. All methods of a seed begin with the same pictures; intervals are
Student's t over seeds. A synthesis takes 60 steps here, not 200, trains after every ten, and ends sooner.

`influence_rank_correlation` is Spearman's between each training picture's influence on the validation loss and the
change by training without it. The table of personalisation is that of `personalisation.py`.

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
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import personalisation
from query_oracles import Collector, Painter, habit
from scipy.stats import entropy, spearmanr

from datacrafter_widget.active.curvature import Solver
from datacrafter_widget.active.decoder import decoder_beside
from datacrafter_widget.active.describe import describe, spread_of
from datacrafter_widget.active.influence import influence_of_removal
from datacrafter_widget.active.modality import ModalityGap
from datacrafter_widget.active.network import NetworkSettings, Samples, fit_network, refitted
from datacrafter_widget.active.synthesis import SynthesisSettings, expected_gain, prepare, synthesise
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox import VOCABULARY
from datacrafter_widget.toybox.world import KINDS, even_attributes, render
from datacrafter_widget.training.intervals import mean_interval, paired_difference

CLASSES = KINDS[:10]  # without the two cranes, whose word is ambiguous
ORIGINALS, VALIDATION, TEST = 10, 10, 60  # pictures a class
ROUNDS, PER_CLASS, TEXTS = 5, 10, 3  # pictures a class and round; texts that they are asked for with
TEST_SEED, FIRST_SEED = 114_001, 31_000  # no training of the toybox has seen pictures of these
METHODS = ("random", "uncertainty", "genmqd", "genmqd-decoder", "genmqd-feature")
SYNTHESIS = SynthesisSettings(
    steps=60, refit_every=10, network=NetworkSettings(tolerance=1e-4), solver=Solver(tolerance=3e-2)
)
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
FULL = {"collector": METHODS, "painter": METHODS[:4]}
QUICK = {"collector": ("random", "uncertainty", "genmqd", "genmqd-feature")}
SEEDS = 5


# -- in the workers ------------------------------------------------------------------------------------


@functools.cache
def encoder():
    return OpenClipEncoder("toybox", device="cpu")


@functools.cache
def decoder():
    return decoder_beside(encoder())


@functools.cache
def oracle(name):
    return Painter() if name == "painter" else Collector()


def shown(choose, per_class, seed):
    """Renders of every class: features and classes."""
    rng = np.random.default_rng(seed)
    drawn = [render(choose(rng, kind), rng) for kind in CLASSES for _ in range(per_class)]
    features = encoder().encode_images([Image.fromarray(each) for each in drawn])
    return Samples(features, np.repeat(np.arange(len(CLASSES)), per_class))


def even(rng, kind):
    return even_attributes(rng, kind=kind)


@functools.cache
def test_set():
    return shown(even, TEST, TEST_SEED)


@functools.cache
def text_features():
    return encoder().encode_texts([plain(kind) for kind in CLASSES] + list(VOCABULARY))


def plain(kind):
    return f"a photo of {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def given(seed):
    """What a seed begins with: originals and validation pictures."""
    return shown(habit, ORIGINALS, [FIRST_SEED + seed, 0]), shown(even, VALIDATION, [FIRST_SEED + seed, 1])


def curve(who, method, seed):
    """A learning curve: accuracy with no more pictures, and after each round; and the texts of the last seed's kind."""
    train, validation = given(seed)
    rng = np.random.default_rng([FIRST_SEED + seed, 2])
    network = fit_network(train.features, train.classes, len(CLASSES))
    accuracy, log = [1 - network.error(test_set())], []
    for _ in range(ROUNDS):
        if method in ("random", "uncertainty"):
            asked = [[plain(kind)] for kind in CLASSES]
            added = brought(who, asked, shares(method, network, validation), rng)
        else:
            queries = synthesised(train, validation)
            if method == "genmqd-feature":
                added = Samples(
                    np.stack([query.x_star for query in queries]),
                    np.arange(len(CLASSES)),
                    np.full(len(CLASSES), float(PER_CLASS)),
                )
                asked = []
            else:
                asked = [worded(train, query, method) for query in queries]
                added = brought(who, asked, np.full(len(CLASSES), PER_CLASS), rng)
            log.append({
                kind: {"texts": texts, "expected_gain": expected_gain(query)}
                for kind, texts, query in zip(CLASSES, asked or [[]] * len(CLASSES), queries, strict=True)
            })  # fmt: skip
        train = joined(train, added)
        network = fit_network(train.features, train.classes, len(CLASSES), weights=train.weights)
        accuracy.append(1 - network.error(test_set()))
    return {"accuracy": accuracy, "log": log}


def shares(method, network, validation):
    """(C,) how many pictures each class is asked for; all together as many as by any other method."""
    total = PER_CLASS * len(CLASSES)
    if method == "random":
        return np.full(len(CLASSES), PER_CLASS)
    unsure = entropy(network.predict(validation.features), axis=1)
    wanted = np.array([unsure[validation.classes == c].mean() for c in range(len(CLASSES))])
    exact = total * wanted / wanted.sum()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact)[: total - counts.sum()]] += 1
    return counts


def synthesised(train, validation):
    ready = prepare(train, validation, len(CLASSES), settings=SYNTHESIS)
    return [
        synthesise(train, validation, c, len(CLASSES), settings=SYNTHESIS, prepared=ready)
        for c in range(len(CLASSES))
    ]


def worded(train, query, method):
    """The texts that a query asks with."""
    word = CLASSES[query.class_]
    usual, spread = spread_of(train.features[train.classes == query.class_])
    found = describe(
        query.x_star,
        word,
        labels=VOCABULARY,
        encode_texts=encoder().encode_texts,
        gap=ModalityGap.between(train.features, text_features()),
        usual=usual,
        spread=spread,
        others=[each for each in CLASSES if each != word],
        method="decoder" if method == "genmqd-decoder" else "phrases",
        count=TEXTS,
        decoder=decoder(),
    )
    return [each.text for each in found]


def brought(who, asked, counts, rng):
    """The pictures that are brought when a class's texts are asked with, in turn, as samples."""
    kinds = [kind for kind, count in zip(CLASSES, counts, strict=True) for _ in range(count)]
    texts = [
        texts[at % len(texts)] for texts, count in zip(asked, counts, strict=True) for at in range(count)
    ]
    features = encoder().encode_images(oracle(who).bring(texts, kinds, rng))
    return Samples(features, [CLASSES.index(kind) for kind in kinds])


def joined(first, second):
    pairs = ((getattr(first, name), getattr(second, name)) for name in ("features", "classes", "weights"))
    return Samples(*(np.concatenate(pair) for pair in pairs))


def trained_on_validation(seed):
    """What the network reaches when the validation pictures are trained on too, and nothing is asked for."""
    train = joined(*given(seed))
    return {"accuracy": 1 - fit_network(train.features, train.classes, len(CLASSES)).error(test_set())}


def influence(seed):
    """Rank correlation of every training picture's influence with what training without it does."""
    train, validation = given(seed)
    network = fit_network(train.features, train.classes, len(CLASSES))
    predicted = influence_of_removal(network, train, validation)
    before, changes = network.loss(validation), []
    for left_out in range(len(train)):
        weights = np.ones(len(train))
        weights[left_out] = 0
        without = refitted(network, Samples(train.features, train.classes, weights))
        changes.append(without.loss(validation) - before)
    return {"correlation": float(spearmanr(predicted, changes).statistic)}


def taught(seed, rounds, quick):
    """A seed's part of the table of personalisation."""
    with tempfile.TemporaryDirectory() as folder:
        return {"arms": personalisation.measure_seed(seed, rounds, quick=quick, folder=Path(folder))}


# -- doing it all --------------------------------------------------------------------------------------

TASKS = {
    "curve": curve, "influence": influence, "validation": trained_on_validation, "personalisation": taught,
}  # fmt: skip


def prepare_worker():
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=FutureWarning)


def work(folder, task, *arguments):
    """Do a task unless it is done."""
    path = folder / f"{'-'.join(map(str, (task, *arguments)))}.json"
    if not path.exists():
        started = time.perf_counter()
        result = TASKS[task](*arguments)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({**result, "seconds": time.perf_counter() - started}))
        part.rename(path)
    return json.loads(path.read_text())


def run_all(tasks, folder, workers):
    """Results by task and arguments."""
    results = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepare_worker) as pool:
        futures = {pool.submit(work, folder, *task): task for task in tasks}
        try:
            for future in as_completed(futures):
                task = futures[future]
                results[task] = future.result()
                print(f"{' '.join(map(str, task)):40s} {results[task]['seconds']:6.1f} s", flush=True)
        except BaseException:  # an interrupt does not wait for what has not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


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
    seeds, rounds = (1, 2) if quick else (3, 4)
    return [("personalisation", seed, rounds, quick) for seed in range(seeds)] + tasks


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
        "validation_trained_on": interval(mean_interval(on_validation)),
        "tables": tables,
        "n_seeds": main_table["n_seeds"],
    }
    learned = [result["arms"] for task, result in results.items() if task[0] == "personalisation"]
    figures["personalisation"] = personalisation.summary(learned)
    figures |= {name: figures["personalisation"][name] for name in CHANGES}
    return figures | {"reached": reached(figures)}


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
    results = run_all(planned(options.quick), folder, options.workers)
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
