"""From pointing at pictures to a better prompt, on the toybox: how much better, how fast, with how many pictures.

    python tests/benchmarks/refinement.py [--quick] [--json FILE]

Every figure is judged by the classifier that was trained on rendered pictures alone, never by the CLIP that the
search scores with. A full run keeps what it has measured beside the JSON file and goes on from there when it is
started again. Seeds run side by side, one thread each: the seconds are those of a busy machine.

ambiguity    "crane": 200 pictures, 20 undesired ones are removed, the proposal is accepted, as many new pictures
renamed      (full run) the same where models, class and vocabulary know the word by a random name only, the other
             kind is undesired, and the vocabulary is shuffled
second       (full run) the same with a second ambiguous word, made here: two classes share an invented name
noisy        as ambiguity, with 4 of the 20 marks wrong
several      (full run) as ambiguity, with two kinds removed together: the undesired kind, and all sketches
diversity    strawberries that are all red on grass, *more like these*: distinct (colour, scene) pairs in 100
transform    apples, *at night*
budget       pictures until the prompt that leads our search is as good, on pictures of its own, as the one that
             the paper's greedy loop on random mutations ends with (no more than 0.1 standard deviations below);
             random search beside them
impossible   (full run) feedback that no prompt can satisfy
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
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

os.environ.setdefault("HF_HUB_OFFLINE", "1")

sys.path.insert(0, str(Path(__file__).parents[1]))

from ambiguous import SecondMeaning, teach_alias
from greedy import Searcher

from datacrafter_widget import Session
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.refine import (
    Candidate,
    FeedbackMutator,
    Proxies,
    ProxyRequest,
    RemoveObjective,
    evolve,
)
from datacrafter_widget.toybox import ENCODER, PIPELINE, VOCABULARY, write_originals
from datacrafter_widget.toybox.judge import Judge


@dataclass(frozen=True)
class Sizes:
    """Numbers of new pictures after a proposal, of seeds, and most proxies for *noisy* and *diversity*."""

    after: int = 200
    noisy: int = 200
    transform: int = 100
    seeds: int = 10
    budget_seeds: int = 10
    random: bool = True
    proxies: int = 250


FULL_SIZES = Sizes()
QUICK_SIZES = Sizes(after=100, noisy=40, transform=40, seeds=4, budget_seeds=1, random=False, proxies=150)
BIRD, MACHINE = "crane bird", "crane machine"
BEFORE, MARKED, WRONG_MARKS = 200, 20, 4
BUDGET = 240  # of the greedy loop
CLOSE = 0.1  # standard deviations: half of what a gain must have to count
PACKAGES = ("torch", "diffusers", "open_clip_torch", "numpy", "scipy")
GOALS = {
    "ambiguity": {"before": 0.35, "after": 0.03, "seconds": 45, "proxies": 250},
    "diversity": {"ratio": 3, "agreement": 0.9},
    "transform": {"share": 0.9},
    "proxies_over_greedy": 0.25,
}


class Toybox:
    """The models, loaded once, and the judge."""

    def __init__(self, generator="toybox", encoder="toybox"):
        self.generator = DiffusersGenerator(str(generator), device="cpu")
        self.encoder = OpenClipEncoder(str(encoder), device="cpu")
        self.judge = Judge.load()

    def session(self, folder, *, seed, classes, ambiguous=BIRD, **settings):
        originals = folder / "originals"
        write_originals(originals, per_class=12, classes=classes, seed=seed, ambiguous=ambiguous)
        return self.open(folder, originals, seed=seed, **settings)

    def open(self, folder, originals, **settings):
        settings = {"generator": self.generator, "encoder": self.encoder, **settings}
        return Session.open(folder / "session", images=originals, **settings)

    def answers(self, session, ids):
        return self.judge.predict(np.stack([np.asarray(session.image(picture)) for picture in ids]))

    def draw(self, requests):
        """Pictures of proxy requests."""
        defaults = self.generator.defaults
        size = defaults.batch_size
        wanted = [
            PictureRequest(
                prompt=request.prompt,
                negative_prompt=request.negative_prompt,
                seed=request.seed,
                width=defaults.width,
                height=defaults.height,
                num_inference_steps=defaults.num_inference_steps,
                guidance_scale=defaults.guidance_scale,
            )
            for request in requests
        ]
        return [
            image
            for first in range(0, len(wanted), size)
            for image in self.generator.generate(wanted[first : first + size])
        ]


def refined(session, job, started):
    """The proposal's prompt (None when nothing better was found), and what it took."""
    job.result(quiet=True)
    (row,) = session.proposal_table()
    return {
        "improved": row["improved"],
        "after": row["after"],
        "negative": row["negative_after"],
        "gain": row["gain"],
        "proxies": row["proxies"],
        "seconds": time.perf_counter() - started,
        "id": row["id"],
    }


def generated(session, class_name, count, prompt=None):
    """Ids of new pictures of a class, with another prompt if one is given."""
    if prompt is not None:
        (template,) = [
            row for row in session.template_table() if row["class_id"] == class_id(session, class_name)
        ]
        if (prompt["after"], prompt["negative"]) != (template["text"], template["negative"]):
            session.edit_template(template["id"], prompt["after"], prompt["negative"])
    return session.generate(count, classes=class_name).result(quiet=True)


def class_id(session, name):
    return next(row.id for row in session.classes if row.name == name)


def ambiguity(toybox, session, name, wanted, sizes, rng):
    """Undesired shares before, after, and after noisy feedback; what a search took."""

    def undesired(ids):
        return np.flatnonzero(toybox.answers(session, ids)["class"] != wanted)

    before = np.array(generated(session, name, BEFORE))
    wrong = undesired(before)
    right = np.setdiff1d(np.arange(BEFORE), wrong)
    started = time.perf_counter()
    clean = refined(session, session.remove(before[wrong][:MARKED].tolist()), started)
    session.undo()
    marks = [
        *rng.choice(wrong, min(MARKED - WRONG_MARKS, len(wrong)), replace=False),
        *rng.choice(right, min(WRONG_MARKS, len(right)), replace=False),
    ]
    started = time.perf_counter()
    noisy = refined(session, session.remove(before[marks].tolist(), max_proxies=sizes.proxies), started)
    session.undo()
    found = {"before": len(wrong) / BEFORE, "clean": clean, "noisy": noisy}
    for way, count in (("clean", sizes.after), ("noisy", sizes.noisy)):
        ids = generated(session, name, count, found[way])
        found[way]["share"] = len(undesired(ids)) / count
    return found


def crane(toybox, folder, seed, sizes):
    with toybox.session(folder, seed=seed, classes=["crane", "apple", "boat", "fish"]) as session:
        return ambiguity(toybox, session, "crane", BIRD, sizes, np.random.default_rng(seed))


def renamed(_toybox, folder, seed, sizes):
    """Nobody can know the word: it is a random name, and the vocabulary is in another order."""
    rng = np.random.default_rng([seed, 5])
    alias = "".join(rng.permutation(list("jqvxz"))[:2])
    models = Toybox(
        teach_alias(PIPELINE, folder / "pipeline", alias), teach_alias(ENCODER, folder / "clip", alias)
    )
    originals = folder / "originals"
    write_originals(
        originals, per_class=12, classes=["crane", "apple", "boat", "fish"], seed=seed, ambiguous=MACHINE
    )
    (originals / "crane").rename(originals / alias)
    words = [str(word) for word in rng.permutation([word.replace("crane", alias) for word in VOCABULARY])]
    with models.open(folder, originals, seed=seed, vocabulary=words) as session:
        return ambiguity(models, session, alias, MACHINE, sizes, rng)


def second(toybox, folder, seed, sizes):
    """An invented word that means two classes, of which one is wanted."""
    wanted, other = (("apple", "boat"), ("house", "fish"), ("pear", "bird"))[seed % 3]
    originals = folder / "originals"
    write_originals(originals, per_class=12, classes=[wanted, "lemon", "cactus", "mushroom"], seed=seed)
    word = "zorb"
    (originals / wanted).rename(originals / word)
    ambiguous = SecondMeaning(word, wanted, other)
    with toybox.open(
        folder,
        originals,
        seed=seed,
        generator=ambiguous.generator(toybox.generator),
        encoder=ambiguous.encoder(toybox.encoder),
        vocabulary=[label for label in VOCABULARY if "crane" not in label],
    ) as session:
        return ambiguity(toybox, session, word, wanted, sizes, np.random.default_rng(seed))


def several(toybox, folder, seed, sizes):
    """Machines and sketches are removed together."""
    with toybox.session(folder, seed=seed, classes=["crane", "apple", "boat", "fish"]) as session:

        def undesired(ids):
            answers = toybox.answers(session, ids)
            return np.flatnonzero((answers["class"] != BIRD) | (answers["style"] == "sketch"))

        before = np.array(generated(session, "crane", BEFORE))
        wrong = undesired(before)
        started = time.perf_counter()
        marks = np.random.default_rng(seed).choice(wrong, 2 * MARKED, replace=False)
        found = refined(session, session.remove(before[marks].tolist()), started)
        session.undo()
        ids = generated(session, "crane", sizes.after, found)
        return {**found, "before": len(wrong) / BEFORE, "share": len(undesired(ids)) / sizes.after}


def diversity(toybox, folder, seed, sizes):
    with toybox.session(folder, seed=seed, classes=["strawberry", "apple", "boat", "fish"]) as session:
        (template,) = [
            row for row in session.template_table() if row["class_id"] == class_id(session, "strawberry")
        ]
        session.edit_template(template["id"], "a photo of a red {class} on grass")
        before = generated(session, "strawberry", 100)
        started = time.perf_counter()
        found = refined(session, session.more_like(before[:MARKED], max_proxies=sizes.proxies), started)
        after = generated(session, "strawberry", 100, found)
        pairs, agreement = [], []
        for ids in (before, after):
            answers = toybox.answers(session, ids)
            pairs.append(len(set(zip(answers["colour"], answers["scene"], strict=True))))
            agreement.append(float((answers["class"] == "strawberry").mean()))
        return {**found, "pairs": pairs, "ratio": pairs[1] / pairs[0], "agreement": agreement}


def transform(toybox, folder, seed, sizes):
    with toybox.session(folder, seed=seed, classes=["strawberry", "apple", "boat", "fish"]) as session:
        before = generated(session, "apple", sizes.transform)
        started = time.perf_counter()
        found = refined(session, session.transform(before[:MARKED], "at night"), started)
        after = generated(session, "apple", sizes.transform, found)
        answers = [toybox.answers(session, ids) for ids in (before, after)]
        return {
            **found,
            "share": [float((each["scene"] == "night").mean()) for each in answers],
            "agreement": [float((each["class"] == "apple").mean()) for each in answers],
        }


def impossible(toybox, folder, seed, _sizes):
    """Half of a class, chosen by lot, is removed: there is nothing to tell it from the other half by."""
    with toybox.session(folder, seed=seed, classes=["apple", "boat", "fish"]) as session:
        made = np.array(generated(session, "apple", 60))
        marks = np.random.default_rng(seed).choice(made, MARKED, replace=False)
        started = time.perf_counter()
        job = session.remove(marks.tolist())
        return {**refined(session, job, started), "message": job.progress.message}


def budget(toybox, folder, seed, sizes):
    """Our search and the paper's, from the same feedback, and the prompts they find on pictures of their own."""
    rng = np.random.default_rng([seed, 3])
    write_originals(folder, per_class=12, classes=["crane"], seed=seed)
    originals = toybox.encoder.encode_images([_open(path) for path in sorted(folder.rglob("*.png"))])
    start = Candidate("[a photo of | a sketch of | a cartoon of] a {class}")

    def requests(candidate, count, salt):
        rng = np.random.default_rng([seed, salt])
        template = PromptTemplate.parse(candidate.template)
        return [
            ProxyRequest(
                candidate.template,
                template.sample(rng, "crane"),
                candidate.negative,
                int(rng.integers(2**31)),
            )
            for _ in range(count)
        ]

    first = requests(start, 80, 7)
    pictures = toybox.draw(first)
    features = toybox.encoder.encode_images(pictures)
    kinds = toybox.judge.predict(np.stack([np.asarray(picture) for picture in pictures]))["class"]
    removed = np.flatnonzero(kinds != BIRD)[:MARKED]
    kept = np.setdiff1d(np.arange(80), removed)
    classes = toybox.encoder.encode_texts(
        [f"a photo of a {word}" for word in ("crane", "apple", "boat", "fish")]
    )

    def confidence(rows):
        logits = toybox.encoder.logit_scale * rows @ classes.T
        shares = np.exp(logits - logits.max(1, keepdims=True))
        return (shares / shares.sum(1, keepdims=True))[:, 0]

    def render(asked):
        made = toybox.encoder.encode_images(toybox.draw(asked))
        return Proxies(made, confidence(made), asked)

    own = np.concatenate([features[removed], features[kept], originals])
    objective = RemoveObjective(features[removed], features[kept], originals, confidence=confidence(own))
    words = [str(word) for word in rng.permutation(list(VOCABULARY))]
    ours = evolve(
        start.template,
        class_word="crane",
        objective=objective,
        mutate=FeedbackMutator(
            "crane",
            words,
            toybox.encoder.encode_texts(words),
            wanted=[features[kept], originals],
            unwanted=features[removed],
            wanted_prompts=[first[index].prompt for index in kept],
            unwanted_prompts=[first[index].prompt for index in removed],
            encode_texts=toybox.encoder.encode_texts,
        ),
        render=render,
        seed=seed,
    )
    others = Searcher(start, class_word="crane", objective=objective, render=render, words=words, seed=seed)
    known = {}

    def outside(candidate):
        """The objective on pictures that no search has seen."""
        key = candidate.template, candidate.negative
        if key not in known:
            made = render(requests(candidate, 32, 11))
            known[key] = objective.score(made.embeddings, made.confidence).total
        return known[key]

    greedy = others.greedy(BUDGET)
    goal = outside(greedy.candidate)
    steps = [
        (step.proxies, outside(Candidate(step.template, step.negative)), step.template, step.negative)
        for step in ours.trace
    ]
    reached = next((proxies for proxies, score, *_ in steps if score >= goal - CLOSE), None)
    return {
        "start": outside(start),
        "greedy": goal,
        "greedy_prompt": [greedy.candidate.template, greedy.candidate.negative],
        "random": outside(others.random(BUDGET).candidate) if sizes.random else None,
        "ours": outside(ours.tried),
        "ours_prompt": [ours.template, ours.negative],
        "ours_proxies": ours.proxies,
        "steps": steps,
        "reached": reached,
        # never reached counts as all that was spent, and more than the goal allows
        "over_greedy": (reached or max(BUDGET, ours.proxies)) / BUDGET,
    }


def _open(path):
    from PIL import Image

    return Image.open(path).convert("RGB")


# ---- all of it ---------------------------------------------------------------------------------------------

QUICK = {"crane": crane, "diversity": diversity, "transform": transform, "budget": budget}
FULL = {**QUICK, "renamed": renamed, "second": second, "several": several, "impossible": impossible}


def interval(values):
    """Mean, and half the width of its 95 % interval (Student's t)."""
    from scipy.stats import t

    values = np.asarray(values, float)
    if len(values) < 2:
        return {"mean": float(values.mean()), "half_width": None, "values": values.tolist()}
    error = values.std(ddof=1) / np.sqrt(len(values))
    return {
        "mean": float(values.mean()),
        "half_width": float(error * t.ppf(0.975, len(values) - 1)),
        "values": values.tolist(),
    }


def table(runs):
    """Scenario → figure → interval over the seeds."""
    found = {}
    for name, mine in runs.items():
        values = {figure: [read(run) for run in mine] for figure, read in FIGURES[name].items()}
        found[name] = {figure: interval(row) for figure, row in values.items() if row and None not in row}
    return found


def at(*path):
    """Reads what lies at a path of keys."""

    def read(run):
        for key in path:
            run = run[key]
        return run

    return read


def sides(name):
    return {f"{name} {when}": at(name, side) for side, when in enumerate(("before", "after"))}


SEARCH = {name: at(name) for name in ("proxies", "seconds")}
AMBIGUITY = {"before": at("before")} | {
    f"{way} {name}": at(way, name)
    for way in ("clean", "noisy")
    for name in ("share", "proxies", "seconds", "gain")
}
FIGURES = {
    "crane": AMBIGUITY,
    "renamed": AMBIGUITY,
    "second": AMBIGUITY,
    "several": {"before": at("before"), "share": at("share"), **SEARCH},
    "diversity": {"ratio": at("ratio"), **sides("pairs"), **sides("agreement"), **SEARCH},
    "transform": {**sides("share"), **sides("agreement"), **SEARCH},
    "budget": {
        name: at(name) for name in ("start", "greedy", "random", "ours", "ours_proxies", "over_greedy")
    },
    "impossible": {"improved": at("improved"), **SEARCH},
}


def report(runs, sizes, workers, started):
    figures = table(runs)
    crane_runs = runs["crane"]

    def mean(scenario, name):
        return figures[scenario][name]["mean"]

    return {
        "ambiguity": {
            "before": mean("crane", "before"),
            "after": mean("crane", "clean share"),
            "improved_seeds": sum(
                run["before"] >= GOALS["ambiguity"]["before"]
                and run["clean"]["improved"]
                and run["clean"]["share"] <= GOALS["ambiguity"]["after"]
                for run in crane_runs
            ),
            "seconds": mean("crane", "clean seconds"),
            "proxies": max(run["clean"]["proxies"] for run in crane_runs),
        },
        "diversity": {
            "ratio": mean("diversity", "ratio"),
            "agreement": mean("diversity", "agreement after"),
        },
        "transform": {
            "share": mean("transform", "share after"),
            "agreement": mean("transform", "agreement after"),
            "agreement_before": mean("transform", "agreement before"),
        },
        "proxies_over_greedy": mean("budget", "over_greedy"),
        "noisy": {
            "improved_seeds": sum(
                run["noisy"]["improved"] and run["noisy"]["share"] < run["before"] for run in crane_runs
            ),
            "after": mean("crane", "noisy share"),
        },
        "goals": GOALS,
        "n_seeds": sizes.seeds,
        "n_seeds_of_proxies_over_greedy": sizes.budget_seeds,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "workers": workers,
        "load": os.getloadavg()[0],
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in PACKAGES},
        "seconds": time.perf_counter() - started,
        "figures": figures,
        "runs": runs,
    }


def show(figures):
    for scenario, rows in figures.items():
        print(f"\n{scenario}")
        for name, row in rows.items():
            width = "" if row["half_width"] is None else f" ± {row['half_width']:.3f}"
            print(f"  {name:20s} {row['mean']:9.3f}{width}")
    sys.stdout.flush()


def prepare():
    """A worker loads the models once, and has one thread: two of those do more than one with two threads."""
    global _toybox  # noqa: PLW0603 - a worker has one
    torch.set_num_threads(1)
    _toybox = Toybox()


def one(name, seed, sizes):
    folder = Path(tempfile.mkdtemp(prefix="datacrafter-"))
    began = time.perf_counter()
    try:
        found = FULL[name](_toybox, folder, seed, sizes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return name, seed, time.perf_counter() - began, found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--only", nargs="*", choices=FULL, help="these scenarios alone; writes no JSON")
    parser.add_argument("--workers", type=int, help="processes of one thread each; by default one a core")
    parser.add_argument("--seeds", type=int, help="another number of seeds")
    arguments = parser.parse_args()
    started = time.perf_counter()
    sizes = QUICK_SIZES if arguments.quick else FULL_SIZES
    if arguments.seeds:
        sizes = replace(sizes, seeds=arguments.seeds, budget_seeds=arguments.seeds)
    scenarios = {name: FULL[name] for name in arguments.only or (QUICK if arguments.quick else FULL)}
    keep = arguments.json and not arguments.quick and arguments.json.with_suffix(".partial.json")
    runs = json.loads(keep.read_text()) if keep and keep.is_file() else {}
    tasks = [
        (name, seed)
        for seed in range(sizes.seeds)
        for name in scenarios
        if str(seed) not in runs.get(name, {}) and (name != "budget" or seed < sizes.budget_seeds)
    ]
    workers = max(1, min(arguments.workers or os.cpu_count() or 1, len(tasks)))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepare) as pool:
        for done in as_completed(pool.submit(one, name, seed, sizes) for name, seed in tasks):
            name, seed, seconds, found = done.result()
            runs.setdefault(name, {})[str(seed)] = found
            print(f"seed {seed} {name} ({seconds:.0f} s): {json.dumps(found)[:600]}", flush=True)
            if keep:
                keep.write_text(json.dumps(runs))
    runs = {name: [mine[seed] for seed in sorted(mine, key=int)] for name, mine in runs.items()}
    show(table(runs))
    if arguments.json and not arguments.only:
        arguments.json.write_text(json.dumps(report(runs, sizes, workers, started), indent=2) + "\n")
        if keep:
            keep.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
