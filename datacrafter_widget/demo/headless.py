"""The whole loop without a screen: a simulated user points at what is wrong; a judge counts what is left.

The user wants birds of the class "crane", and sees what a person would see: its eye, and the judge of the
outcome, is a classifier trained on renders alone, never the CLIP that the refinement scores with.
"""

import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datacrafter_widget import __version__
from datacrafter_widget.demo.originals import open_demo
from datacrafter_widget.demo.report import write_report
from datacrafter_widget.errors import InputError
from datacrafter_widget.session import Session
from datacrafter_widget.toybox.judge import Judge

CLASS = "crane"
WANTED = "crane bird"
SHARE_OF = 200
OTHERS_PER_CLASS = 4


def run_headless(out: Path) -> dict[str, Any]:
    """Run the loop once, print what happened, and write `report.html`, `report.json` and `dataset/`.

    Args:
        out: a folder that doesn't exist yet or is empty.

    Returns:
        What `report.json` holds: at least ``undesired_before`` and ``undesired_after`` (shares of 200
        pictures), ``generated``, ``seconds`` and ``peak_memory_mb``.

    Raises:
        InputError: `out` holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(
            f"expected an empty or new folder for --out, found {out} with something in it; name another"
        )
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    judge = Judge.load()
    steps: list[dict[str, Any]] = []

    def note(step: str, what: str) -> None:
        seconds = time.monotonic() - started
        steps.append({"step": step, "what": what, "seconds": round(seconds, 1)})
        print(f"{seconds:7.1f} s  {step:<12} {what}", flush=True)

    with open_demo(out / "demo") as session:
        info = session.info()
        note(
            "open",
            f"{sum(row['originals'] for row in info['classes'])} originals in {len(info['classes'])} classes",
        )
        others = [row.name for row in session.classes if row.name != CLASS]
        _finish(session.generate(OTHERS_PER_CLASS, classes=others))
        before = _finish(session.generate(SHARE_OF, classes=CLASS))
        wrong = undesired(session, judge, before)
        note("generate", f"{len(before)} pictures of {CLASS!r}: {len(wrong)} are no {WANTED}")
        template = session.template_table()
        refinement = session.remove(wrong)
        _finish(refinement)
        proposals = session.proposals
        note("remove", f"{len(wrong)} pictures hidden, {len(proposals)} prompt proposed")
        for proposal in proposals:
            avoided = f", not {proposal.negative!r}" if proposal.negative else ""
            note("accept", f"{proposal.before!r} → {proposal.after!r}{avoided}")
            proposal.accept()
        after = _finish(session.generate(SHARE_OF, classes=CLASS))
        wrong_after = undesired(session, judge, after)
        note("generate", f"{len(after)} pictures of {CLASS!r}: {len(wrong_after)} are no {WANTED}")
        export = session.export(out / "dataset")
        note("export", str(export).splitlines()[0])
        generated = session.pictures(origin="generated", include_hidden=True)
        report = {
            "undesired_before": len(wrong) / len(before),
            "undesired_after": len(wrong_after) / len(after),
            "generated": len(generated),
            "seconds": round(time.monotonic() - started, 1),
            "peak_memory_mb": peak_memory_mb(),
            "template_before": next(row["text"] for row in template if row["class_id"] == _class_id(session)),
            "templates_after": [
                row for row in session.template_table() if row["class_id"] == _class_id(session)
            ],
            "proposals": [
                {"after": p.after, "negative": p.negative, "reasons": p.reasons, "before": p.before}
                for p in proposals
            ],
            "metrics": session.metric_table(),
            "steps": steps,
            "version": __version__,
            "python": platform.python_version(),
            "machine": platform.platform(),
            "device": info["generator"]["device"] or session.info()["generator"]["device"],
        }
        write_report(
            out / "report.html", session, report, before=before, after=after, wrong={*wrong, *wrong_after}
        )
    (out / "report.json").write_text(json.dumps(report, indent=2), "utf-8")
    print(
        f"\nundesired before {report['undesired_before']:.1%}, after {report['undesired_after']:.1%}; "
        f"{report['generated']} pictures in {report['seconds']:.0f} s, {report['peak_memory_mb']} MB at the peak\n"
        f"report: {out / 'report.html'}\ndata set: {out / 'dataset'}"
    )
    return report


def undesired(session: Session, judge: Judge, ids: Sequence[int]) -> list[int]:
    """The pictures among `ids` that the judge takes for anything but what the user wants."""
    pictures = np.stack([np.asarray(session.image(picture).resize((64, 64))) for picture in ids])
    kinds = judge.predict(pictures)["class"]
    return [picture for picture, kind in zip(ids, kinds, strict=True) if kind != WANTED]


def peak_memory_mb() -> int:
    """The most memory that this process has held, in MB."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 2**20)
    unit = 2**20 if platform.system() == "Darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def _class_id(session: Session) -> int:
    return next(row.id for row in session.classes if row.name == CLASS)


def _finish(job: Any) -> Any:
    return job.wait(quiet=True).result()
