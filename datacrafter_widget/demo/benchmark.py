"""`datacrafter benchmark projection`: M2M and other projections on one joint set, as a table and a page."""

import argparse
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from datacrafter_widget import __version__
from datacrafter_widget.demo.joint import JointSet, load_joint, toybox_joint

if TYPE_CHECKING:
    from datacrafter_widget.projection import Comparison

PICTURES = 1000
QUICK_PICTURES = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE.npz",
        help="a joint set: image_features, label_features, edges, and if there are any labels, image_class "
        "and classes (default: toybox pictures)",
    )
    parser.add_argument("--methods", metavar="NAMES", help="such as M2M,t-SNE,PCA (default: all)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PICTURES} toybox pictures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures here")
    parser.add_argument("--html", type=Path, metavar="PATH", help="also write the table and the maps here")


def run_benchmark(options: argparse.Namespace) -> None:
    """Compare, print the table, and write what was asked for.

    Raises:
        InputError: no such data, an unknown method, or bad features.
    """
    from datacrafter_widget.projection import compare_projections

    joint = (
        toybox_joint(QUICK_PICTURES if options.quick else PICTURES)
        if options.data is None
        else load_joint(options.data)
    )
    n, m = len(joint.image_features), len(joint.label_features)
    source = "toybox" if options.data is None else str(options.data)
    print(f"{source}: {n} pictures, {m} labels, {len(joint.edges)} edges\n", flush=True)
    comparison = compare_projections(
        joint.image_features,
        joint.label_features,
        joint.edges,
        methods=options.methods.split(",") if options.methods else None,
        labels=joint.labels,
        class_of=[joint.classes[i] for i in joint.image_class],
    )
    print(comparison)
    if options.json:
        report = {
            "data": {"source": source, "pictures": n, "labels": m, "edges": len(joint.edges)},
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "version": __version__,
            "methods": comparison.table.to_dict(orient="index"),
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    if options.html:
        options.html.write_text(_page(comparison, joint), "utf-8")


def _page(comparison: "Comparison", joint: JointSet) -> str:
    """One HTML file that fetches nothing."""
    maps = comparison.figure().to_html(full_html=False, include_plotlyjs=True)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Projections compared</title>'
        "<style>body{font:15px system-ui,sans-serif;margin:2rem}td,th{padding:.2rem .8rem;text-align:right}"
        "</style><h1>Projections compared</h1>"
        f"<p>{len(joint.image_features)} pictures, {len(joint.label_features)} labels</p>"
        f"{comparison._repr_html_()}{maps}</html>"
    )
