"""Spoilt messages, damaged picture files and templates from a grammar: no crash, no hang, no change to the session.

    python tests/benchmarks/fuzz.py [--quick] [--json FILE] [--seed 0]

Sends 10,000 spoilt messages and 5,000 spoilt states of traits to a widget with a session that may be written to;
imports folders with 1,000 damaged picture files (bits flipped, cut off, zeroed, heads of other formats, bombs, empty
files, folders and links that are called like pictures) and good ones among them; reads 20,000 templates, half of them
spoilt. `tests/fuzzing` makes them and says what must hold of each; `--quick` makes a tenth. A failure names the seed
that gives it again; what was found is told at the end, and nothing stops the rest.
"""

import argparse
import collections
import json
import os
import platform
import random
import re
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

sys.path[:0] = [str(Path(__file__).parents[1])]

from fuzzing import messages, pictures, templates  # noqa: E402

from datacrafter_widget import Session  # noqa: E402
from datacrafter_widget.store import Store  # noqa: E402
from datacrafter_widget.toybox import write_originals  # noqa: E402

COUNTS = {"messages": 10_000, "traits": 5_000, "pictures": 1_000, "templates": 20_000}
FOLDER = 100
"""Damaged files in one import."""
PACKAGES = ("datacrafter-widget", "pillow", "ipywidgets", "traitlets")


class Findings:
    """What failed, by kind, with the seed of its first time."""

    def __init__(self):
        self.first = {}
        self.times = collections.Counter()

    def attempt(self, subject, seed, check, *arguments):
        """What a check returns, or None of one that failed."""
        try:
            return check(*arguments)
        except Exception as error:
            kind = f"{subject}: {type(error).__name__}: {re.sub('[0-9]+', '#', str(error))[:120]}"
            self.times[kind] += 1
            self.first.setdefault(kind, {"seed": seed, "said": f"{type(error).__name__}: {error}"[:2000]})
            return None

    def report(self):
        return [{"kind": kind, "times": self.times[kind], **found} for kind, found in self.first.items()]


def fuzz_widget(findings, seed, count, traits):
    """Spoilt messages and traits; returns how many were sent, and whether the session is as it was."""
    with tempfile.TemporaryDirectory() as scratch:
        write_originals(Path(scratch) / "originals", per_class=4, classes=["apple", "crane"], seed=1)
        with Session.open(Path(scratch) / "session", images=Path(scratch) / "originals") as session:
            session.observe().result(quiet=True)
            session.verdict()  # nothing goes on in the background any more
            watch = messages.Watch(session)
            before = watch.content()
            sent = good = 0
            while sent < count:
                number = seed + sent + good
                heard = findings.attempt(
                    "message", number, watch.hear, messages.message(random.Random(number))
                )
                sent, good = (sent, good + 1) if heard is False else (sent + 1, good)
            for number in range(seed, seed + traits):
                findings.attempt("traits", number, watch.set, *messages.envelope(random.Random(number)))
            same = watch.content() == before and session._store.integrity_check(deep=True) == []
            watch.close()
            return {"sent": sent, "left out, as they were good": good, "session unchanged": same}


def fuzz_pictures(findings, seed, count):
    """Damaged files; returns how many were pictures all the same, and how many were refused."""
    taken = refused = 0
    for number in range(seed, seed + max(1, count // FOLDER)):
        with tempfile.TemporaryDirectory() as scratch, Store(Path(scratch) / "session") as store:
            folder = Path(scratch) / "pictures"
            good, bad = pictures.write_folder(folder, random.Random(number), min(FOLDER, count))
            found = findings.attempt("pictures", number, pictures.check_import, store, folder, good, bad)
            taken, refused = (a + b for a, b in zip((taken, refused), found or (0, 0), strict=True))
    return {"pictures all the same": taken, "refused": refused}


def fuzz_templates(findings, seed, count):
    """Templates; returns how many of the spoilt ones were templates all the same."""
    taken = 0
    for number in range(seed, seed + count // 2):
        rng = random.Random(number)
        findings.attempt("template", number, templates.check_derived, templates.derived(rng), number)
        taken += bool(
            findings.attempt("spoilt template", number, templates.check_spoilt, templates.spoilt(rng), number)
        )
    return {"templates all the same": taken}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Pillow warns of damaged files
    counts = {name: count // 10 if options.quick else count for name, count in COUNTS.items()}
    findings, figures = Findings(), {}
    started = time.perf_counter()
    for subject, fuzz, numbers in (
        ("widget", fuzz_widget, (counts["messages"], counts["traits"])),
        ("pictures", fuzz_pictures, (counts["pictures"],)),
        ("templates", fuzz_templates, (counts["templates"],)),
    ):
        began = time.perf_counter()
        figures[subject] = fuzz(findings, options.seed, *numbers)
        figures[subject]["seconds"] = time.perf_counter() - began
        print(f"{subject:10s} " + ", ".join(f"{name}: {value}" for name, value in figures[subject].items()))
    found = findings.report()
    for each in found:
        print(f"\n{each['kind']}\n  {each['times']} times, first with seed {each['seed']}: {each['said']}")
    figures |= {
        "findings": found,
        "reached": {"nothing found": not found, "session unchanged": figures["widget"]["session unchanged"]},
    }
    for name, value in figures["reached"].items():
        print(f"{'reached' if value else 'MISSED':8s}{name}")
    if options.json:
        figures |= {
            "quick": options.quick,
            "counts": counts,
            "n_seeds": counts["messages"],
            "goals": {"findings": 0},
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "python": sys.version.split()[0],
            "versions": {name: version(name) for name in PACKAGES},
            "seconds": time.perf_counter() - started,
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 0 if all(figures["reached"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
