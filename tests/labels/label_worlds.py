"""Label trees with places on a map, walks over them, and the cuts that the page must agree with.

`python tests/labels/label_worlds.py` writes what Python says to `cuts.json` and `placements.json`; the tests of both
languages hold themselves to these files.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from datacrafter_widget.labels.hierarchy import LabelTree
from datacrafter_widget.labels.placing import LabelBox, place_labels
from datacrafter_widget.labels.view import labels_in_view, node_places

HERE = Path(__file__).parent


def world(labels: int, seed: int) -> tuple[LabelTree, np.ndarray, np.ndarray]:
    """A tree of labels in groups, an importance for each node, and the nodes' places in about [-1, 1]²."""
    rng = np.random.default_rng(seed)
    groups = max(1, labels // 6)
    group = rng.integers(groups, size=labels)
    x = rng.normal(size=(groups, 16))[group] + 0.5 * rng.normal(size=(labels, 16))
    places = rng.uniform(-1, 1, size=(groups, 2))[group] + 0.15 * rng.normal(size=(labels, 2))
    names = [f"label {i}" for i in range(labels)]
    tree = LabelTree(x, names, rng.integers(1, 50, labels))
    api = np.round(tree.importance_of_counts(rng.integers(0, 50, labels), rng.integers(0, 50, labels)), 3)
    return tree, api, node_places(tree, np.round(places, 4))


def walk(seed: int, steps: int) -> list[tuple[float, float, float, float]]:
    """Views in a row: pans, small and large zooms, starting from everything."""
    rng = np.random.default_rng(seed)
    x, y, half = 0.0, 0.0, 2.0
    views = []
    for _ in range(steps):
        views.append(tuple(np.round([x - half, y - 0.7 * half, x + half, y + 0.7 * half], 4).tolist()))
        kind = rng.integers(3)
        if kind == 0:
            x, y = (np.clip(np.array([x, y]) + rng.normal(0, 0.3 * half, 2), -1, 1)).tolist()
        else:
            half = float(np.clip(half * np.exp(rng.normal(-0.05, 0.1 if kind == 1 else 0.6)), 0.1, 3))
    return views


def cut_cases() -> list[dict[str, Any]]:
    cases = []
    for labels, budget, seed in [(1, 3, 0), (2, 1, 1), (9, 4, 2), (25, 8, 3), (60, 12, 4), (60, 30, 5)]:
        tree, api, places = world(labels, seed)
        shown, steps = None, []
        for view in walk(seed, 14):
            shown = labels_in_view(tree, api, places, view, budget, shown=shown)
            steps.append({"view": view, "nodes": shown.nodes.tolist(), "kept": shown.kept.tolist()})
        cases.append(
            {
                "labels": labels,
                "children": tree.children[labels:].tolist(),
                "importance": api.tolist(),
                "x": places[:, 0].tolist(),
                "y": places[:, 1].tolist(),
                "budget": budget,
                "steps": steps,
            }
        )
    return cases


def random_boxes(count: int, seed: int, *, shown: bool = False) -> list[LabelBox]:
    rng = np.random.default_rng(seed)
    return [
        LabelBox(
            *np.round([rng.uniform(0, 640), rng.uniform(0, 400), rng.uniform(4, 10)], 2).tolist(),
            width=round(float(rng.uniform(15, 110)), 2),
            height=float(rng.integers(11, 18)),
            side=("right", "left", "below", "above")[rng.integers(4)]
            if shown and rng.random() < 0.3
            else None,
        )
        for _ in range(count)
    ]


def placement_cases() -> list[dict[str, Any]]:
    cases = []
    for count, seed, shown in [(6, 0, False), (40, 1, False), (60, 2, True)]:
        boxes = random_boxes(count, seed, shown=shown)
        placed = place_labels(boxes, 640, 400)
        cases.append(
            {
                "labels": [{**vars(box)} for box in boxes],
                "placed": [[label.index, label.side] for label in placed],
            }
        )
    return cases


def as_json(cases: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n"


if __name__ == "__main__":
    (HERE / "cuts.json").write_text(as_json(cut_cases()))
    (HERE / "placements.json").write_text(as_json(placement_cases()))
