"""Which editor does what is wished, and does a person who chooses among several get more than any one of them gives?

    python tests/benchmarks/editing.py [--quick] [--json FILE] [--workers N]

The toybox's pictures are recoloured, put into another scene and given a second thing by the three editors that need no
other weights, at the middle of their sliders; inpainting gets a mask as a person would paint it. The right answers are
known: `edit_tasks` renders them. Per editor and change:

clip_image    CLIP similarity of the edited picture to the picture (HILITE, Sec. IV): how much stayed; more is not
              always better, as something was to change
ssim          structural similarity to the picture, likewise
directional   whether CLIP saw the picture change as its caption did
right         share in which the toybox's judge sees class, colour, scene, style and count as they were to be
answer_ssim   structural similarity to the true answer
answer_clip   CLIP similarity to the true answer
kept          where the picture was to stay, 1 less the mean difference of its pixels from the true answer's

As in HILITE a person chooses one of the candidates of each edit, not knowing whose they are. The simulated person sees
the picture and the candidates and nothing else: they take the candidate of which the judge finds most to be right
and, among equals, the one whose structure is most like the picture's (the thing's, where it is put elsewhere). They
see neither the true answer nor what CLIP says.

`best_of_editors_gain` is how much more like the true answer (`answer_ssim`, in points of 1) the chosen candidates are
than those of the best single editor, which is the one that does best over all these pictures. The same difference is
given for the other measures of which more is better ("gains"), and each with the editor that is best by it; the
chooser has an eye for `right` and none for the rest. Intervals are 95 % of Student's t over pictures, paired.

`intent_accuracy` is the share of the labelled wishes in tests/editing of which rules and examples, without a language
model, say the right action: 100 of the tests and 30 of a reader who had not seen the rules.

Masks, measures and the chooser were settled on seeds below 100; those here begin at 1000. What is done is kept beside
the JSON file and not done again; a quick run always begins anew.
"""

import argparse
import functools
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from edit_tasks import ASPECTS, CHANGES, tasks
from workers import run_all

from datacrafter_widget.editing.intent import understand
from datacrafter_widget.metrics.similarity import directional_similarity, image_similarity, ssim
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.editors.registry import open_editor
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.training.intervals import mean_interval, paired_difference

EDITORS = ("image-to-image", "inversion-free", "inpainting")
CHOSEN = "chosen"
MEASURES = ("clip_image", "ssim", "directional", "right", "answer_ssim", "answer_clip", "kept")
SCORE = "answer_ssim"
GAINS = (SCORE, "answer_clip", "directional", "right", "kept")
FULL = {"seeds": 10, "pictures": 100}
QUICK = {"seeds": 5, "pictures": 32}
FIRST_SEED = 1000
BATCH = 16
GOALS = {"best_of_editors_gain.low": 0.0, "intent_accuracy": 0.9}
WISHES = {"labelled": "instructions.json", "reader": "instructions_by_a_reader.json"}
PACKAGES = ("torch", "diffusers", "open_clip_torch", "numpy", "scipy")


# -- in the workers ------------------------------------------------------------------------------------


@functools.cache
def models():
    generator = DiffusersGenerator("toybox", device="cpu")
    editors = {name: open_editor(name, generator=generator) for name in EDITORS}
    return editors, OpenClipEncoder("toybox", device="cpu"), Judge.load()


def edited(change, seed, pictures):
    """The measures of every editor's candidates, and of those that are chosen; lists with a value a picture."""
    asked = tasks(change, pictures, seed)
    candidates = {name: carried_out(name, asked) for name in EDITORS}
    measured = {name: measures(asked, made) for name, made in candidates.items()}
    picks = [
        choose(task, {name: made[number] for name, made in candidates.items()})
        for number, task in enumerate(asked)
    ]
    measured[CHOSEN] = {
        measure: [measured[name][measure][number] for number, name in enumerate(picks)]
        for measure in MEASURES
    }
    return {"change": change, "measured": measured, "picks": picks}


def carried_out(name, asked):
    """(N, 64, 64, 3) uint8, an editor's candidates."""
    editor = models()[0][name]
    needs_mask = editor.abilities.mask == "required"
    requests = [replace(task.request, mask=task.mask) if needs_mask else task.request for task in asked]
    made = []
    for start in range(0, len(requests), BATCH):
        made += editor.edit(requests[start : start + BATCH])
    return np.stack([np.asarray(picture) for picture in made])


def measures(asked, made):
    """Measure → a value for each edited picture."""
    encoder = models()[1]

    def features(pictures):
        return encoder.encode_images([Image.fromarray(picture) for picture in pictures])

    before, after, answer = (
        features(pictures)
        for pictures in ([task.before for task in asked], made, [task.answer for task in asked])
    )
    source, target = (
        encoder.encode_texts(texts)
        for texts in zip(*[(task.request.source, task.request.target) for task in asked], strict=True)
    )
    found = {
        "clip_image": image_similarity(before, after),
        "ssim": [ssim(task.before, picture) for task, picture in zip(asked, made, strict=True)],
        "directional": directional_similarity(before, after, source, target),
        "right": [
            how_right(task, picture) == len(ASPECTS) for task, picture in zip(asked, made, strict=True)
        ],
        "answer_ssim": [ssim(task.answer, picture) for task, picture in zip(asked, made, strict=True)],
        "answer_clip": image_similarity(answer, after),
        "kept": [kept(task, picture) for task, picture in zip(asked, made, strict=True)],
    }
    return {name: [float(value) for value in found[name]] for name in MEASURES}


def how_right(task, picture):
    """Of how many respects the judge says that they are as they were to be."""
    seen = models()[2].predict(picture[None])
    return sum(seen[question][0] == getattr(task.wanted, name) for question, name in ASPECTS.items())


def kept(task, picture):
    return 1 - np.abs(picture.astype(float) - task.answer)[task.stays].mean() / 255


def choose(task, candidates):
    """The editor whose candidate a person takes, who has the picture, the wish and the candidates before them."""

    def liking(name):
        return how_right(task, candidates[name]), structure(task, candidates[name])

    return max(candidates, key=liking)


def structure(task, picture):
    """How much of the picture's structure stayed; of the thing's alone where everything else was to change."""
    if task.change != "scene":
        return ssim(task.before, picture)
    thing = task.thing[:, :, None]
    return ssim(*(np.where(thing, each, 0).astype(np.uint8) for each in (task.before, picture)))


def understood(file):
    """Action → for each of its wishes in a file, whether it was understood."""
    rows = json.loads((Path(__file__).parents[1] / "editing" / file).read_text("utf-8"))
    found = {}
    for row in rows:
        right = understand(row["instruction"], editors={}).action == row["action"]
        found.setdefault(row["action"], []).append(right)
    return {"understood": found}


# -- doing it all --------------------------------------------------------------------------------------

TASKS = {"edited": edited, "understood": understood}


def planned(seeds, pictures):
    edits = [("edited", change, FIRST_SEED + seed, pictures) for seed in range(seeds) for change in CHANGES]
    return edits + [("understood", file) for file in WISHES.values()]


# -- what came of it -----------------------------------------------------------------------------------


def interval(found):
    return {name: getattr(found, name) for name in ("mean", "low", "high")}


def report(results):
    """All figures."""
    edits = [result for task, result in results.items() if task[0] == "edited"]
    everything = pooled(edits)
    by_change = {change: pooled([each for each in edits if each["change"] == change]) for change in CHANGES}
    gains = {measure: gain(everything, measure) for measure in GAINS}
    wishes = {name: results["understood", file]["understood"] for name, file in WISHES.items()}
    flags = {name: [right for group in found.values() for right in group] for name, found in wishes.items()}
    figures = {
        "editors": {name: means(everything[name]) for name in EDITORS},
        CHOSEN: means(everything[CHOSEN]),
        "by_change": {
            change: {name: means(values) for name, values in found.items()}
            for change, found in by_change.items()
        },
        "intervals": {
            name: {measure: interval(mean_interval(values)) for measure, values in found.items()}
            for name, found in everything.items()
        },
        "picks": {
            change: {
                name: sum(each["picks"].count(name) for each in edits if each["change"] == change)
                for name in EDITORS
            }
            for change in CHANGES
        },
        "best_of_editors_gain": gains[SCORE],
        "gains": gains,
        "intent_accuracy": float(np.mean([right for each in flags.values() for right in each])),
        "intent": {
            name: {
                "accuracy": float(np.mean(flags[name])),
                "wishes": len(flags[name]),
                "by_action": {action: float(np.mean(rights)) for action, rights in found.items()},
            }
            for name, found in wishes.items()
        },
        "n_seeds": len({task[2] for task in results if task[0] == "edited"}),
        "n_edits": len(everything[CHOSEN][SCORE]),
    }
    return figures | {"reached": reached(figures)}


def pooled(edits):
    """Editor, or the chosen → measure → (N,) values of all pictures."""
    return {
        name: {
            measure: np.concatenate([each["measured"][name][measure] for each in edits])
            for measure in MEASURES
        }
        for name in (*EDITORS, CHOSEN)
    }


def means(values):
    return {measure: float(each.mean()) for measure, each in values.items()}


def gain(values, measure):
    """What the chosen candidates have more than those of the editor that is best by a measure."""
    best = max(EDITORS, key=lambda name: values[name][measure].mean())
    found = paired_difference(values[CHOSEN][measure], values[best][measure])
    return {**interval(found), "measure": measure, "best_single": best}


def reached(figures):
    """Goal → whether it is."""
    found = {"best_of_editors_gain.low": figures["best_of_editors_gain"]["low"] > 0}
    for name, file in figures["intent"].items():
        found[f"intent_accuracy, {name}"] = file["accuracy"] >= GOALS["intent_accuracy"]
    return found


def show(figures):
    tables = {f"all {figures['n_edits']} edits": figures["editors"] | {CHOSEN: figures[CHOSEN]}}
    for title, table in (tables | figures["by_change"]).items():
        print(f"\n{title:24s}" + "".join(f"{measure:>13s}" for measure in MEASURES))
        for name, row in table.items():
            print(f"{name:24s}" + "".join(f"{row[measure]:13.3f}" for measure in MEASURES))
    for change, picks in figures["picks"].items():
        print(
            f"\nchosen for {change}: " + ", ".join(f"{name} {count}" for name, count in picks.items()), end=""
        )
    print("\n\nwhat the chosen have more than the best single editor")
    for measure, found in figures["gains"].items():
        print(
            f"{measure:24s}{found['mean']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}] over "
            f"{found['best_single']}"
        )
    print()
    for name, found in figures["intent"].items():
        print(f"wishes understood, {name}: {100 * found['accuracy']:.1f} % of {found['wishes']}")
    for name, value in figures["reached"].items():
        print(f"{'reached' if value else 'MISSED':8s}{name}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer seeds and pictures: under ten minutes on two cores"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    options = parser.parse_args()
    started = time.perf_counter()
    keep = options.json and not options.quick
    folder = options.json.with_suffix(".work") if keep else Path(tempfile.mkdtemp(prefix="editing-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        figures = report(
            run_all(TASKS, planned(**(QUICK if options.quick else FULL)), folder, options.workers)
        )
    finally:
        if not keep:
            shutil.rmtree(folder)
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
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 0 if all(figures["reached"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
