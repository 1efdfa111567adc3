"""`datacrafter benchmark strategies`: prompt strategies on one data set, as a table and a page (GenBench)."""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget import __version__

if TYPE_CHECKING:
    from datacrafter_widget.evaluate.strategy_report import StrategyReport

BUDGETS, QUICK_BUDGETS = (5, 20), (2, 5)
ORIGINALS, QUICK_ORIGINALS = 30, 12
"""Of each of the toybox's classes."""
CAPTIONS = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        help="a data set in any form that Session.open takes, such as class folders (default: toybox pictures)",
    )
    parser.add_argument(
        "--captions",
        type=Path,
        metavar="FILE",
        help="a text file with a caption a line, for the domain gap and for RA (default with toybox pictures: "
        "the toybox's own sentences)",
    )
    parser.add_argument("--strategies", metavar="NAMES", help="such as ST,CE,RA (default: ST,DT,CE,RD,NP)")
    parser.add_argument("--budgets", metavar="NUMBERS", help="pictures a class, such as 5,20")
    parser.add_argument("--generator", help="diffusers hub id or folder (default: toybox)")
    parser.add_argument("--encoder", help="open_clip name or folder (default: toybox)")
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="keep the pictures here, and go on from them"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"budgets of {' and '.join(map(str, QUICK_BUDGETS))} pictures"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures here")
    parser.add_argument("--html", type=Path, metavar="PATH", help="also write the table and the curves here")


def run_strategies(options: argparse.Namespace) -> None:
    """Generate, score, print the table, and write what was asked for.

    Raises:
        InputError: no such data, an unknown strategy, or (RA) a class that no caption fits.
        ModelError: a model can't be loaded.
    """
    from datacrafter_widget.evaluate.strategies import DEFAULT_STRATEGIES, strategies

    usual = QUICK_BUDGETS if options.quick else BUDGETS
    budgets = _numbers(options.budgets) if options.budgets else usual
    models = {name: value for name in ("generator", "encoder") if (value := getattr(options, name))}
    with tempfile.TemporaryDirectory() as bare:
        source: Any = options.data or _toybox(Path(bare), quick=options.quick)
        captions: Any = options.captions
        if captions is None and options.data is None:
            captions = toybox_captions(CAPTIONS)
        report = strategies(
            source,
            options.strategies.split(",") if options.strategies else DEFAULT_STRATEGIES,
            budgets,
            captions=captions,
            folder=options.folder,
            **models,
        ).result()
    print(report)
    if options.json:
        found = {
            "data": options.data or "toybox",
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "version": __version__,
            "n_seeds": 1,
            **report.to_json(),
        }
        options.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    if options.html:
        options.html.write_text(_page(report), "utf-8")


def toybox_captions(count: int, seed: int = 0) -> list[str]:
    """Sentences as the toybox's generator was trained on."""
    import numpy as np

    from datacrafter_widget.toybox.captions import caption
    from datacrafter_widget.toybox.world import sample_attributes

    rng = np.random.default_rng(seed)
    return [caption(sample_attributes(rng), rng).text for _ in range(count)]


def _toybox(folder: Path, *, quick: bool) -> Path:
    from datacrafter_widget.toybox import write_originals

    per_class = QUICK_ORIGINALS if quick else ORIGINALS
    return write_originals(folder / "originals", per_class=per_class, seed=1)


def _numbers(text: str) -> tuple[int, ...]:
    from datacrafter_widget.errors import InputError

    try:
        return tuple(int(each) for each in text.split(","))
    except ValueError:
        raise InputError(f"--budgets: expected numbers such as 5,20; found {text!r}") from None


def _page(report: "StrategyReport") -> str:
    """One HTML file that fetches nothing."""
    curves = report.figure().to_html(full_html=False, include_plotlyjs=True)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Prompt strategies compared</title>'
        "<style>body{font:15px system-ui,sans-serif;margin:2rem}td,th{padding:.2rem .8rem;text-align:right}"
        "</style><h1>Prompt strategies compared</h1>"
        f"{report._repr_html_()}{curves}</html>"
    )
