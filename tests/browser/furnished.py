"""A dashboard with something in every place, for tests of all of it at once."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from datacrafter_widget.session.points import encode_points

PANELS = ("info", "metrics", "evaluation", "map", "prompts", "suggestions", "detail")


def furnish(text: Callable[[str], str] = str) -> dict[str, Any]:
    """Arguments for `BarePage.show`: every text that comes from data has gone through `text`."""
    classes = [
        {"id": i, "name": text(name), "word": text(name), "originals": 6, "generated": 9 * i, "hidden": i - 1}
        for i, name in enumerate(("crane", "boat", "cactus"), 1)
    ]
    cost = {"pictures": 50, "seconds": 41.0, "energy_wh": 0.17, "money": 0.012}
    info = {
        "name": text("birds"),
        "folder": text("/data/birds"),
        "generator": {
            "name": text("lab/generator"),
            "device": text("cpu"),
            "dtype": text("float32"),
            "defaults": {
                "num_inference_steps": 4,
                "guidance_scale": 3,
                "strength": 0.6,
                "width": 64,
                "height": 64,
                "batch_size": 8,
            },
        },
        "encoder": {"name": text("lab/encoder"), "dim": 64},
        "language": {
            "name": text("lab/language"),
            "calls": 12,
            "cached": 3,
            "prompt_tokens": 4000,
            "completion_tokens": 900,
            "cost": 0.02,
            "problem": text("no answer"),
        },
        "memory": {"used_mb": 812, "total_mb": 16000},
        "classes": classes,
        "iteration": 3,
        "weights": {"remove": {"away": 1, "near": 1}, "more_like": {"near": 1}},
        "cost": {
            "total": cost,
            "per_picture": {key: value for key, value in cost.items() if key != "pictures"},
            "iterations": [{"iteration": i, **cost} for i in (1, 2, 3)],
            "currency": "USD",
            "estimated": True,
        },
        "flagged": {"near_original": 2, "blank": 1},
        "strategies": [
            {"name": name, "title": text(f"Simple {name}"), "text": text("A photo, nothing more.")}
            for name in ("ST", "DT")
        ],
        "concepts": [{"token": text("<crane-1>"), "kind": "lora", "class_id": 1, "state": "ready"}],
        "export_formats": ["imagefolder", "csv"],
        "perturbations": [
            {
                "name": name,
                "title": text(name),
                "text": text("By words."),
                "needs_originals": name == "img2img",
            }
            for name in ("text2image", "img2img")
        ],
    }
    words = ("red", "sketch", "snow", "night", "on the left", "striped")
    labels = [
        {
            "id": i,
            "text": text(word),
            "x": 0.3 * i,
            "y": 0.5 * (i % 2),
            "originals": 5,
            "generated": 9,
            "ratio": 0.6,
        }
        for i, word in enumerate(words)
    ]
    n = len(words)
    label_tree = {
        "labels": list(range(n)),
        "children": [[0, 1], *([n + i, i + 2] for i in range(n - 2))],
        "place": list(range(n - 1)),
        "text": [text(f"group {i}") for i in range(n - 1)],
        "originals": [10 + i for i in range(n - 1)],
        "generated": [18 + i for i in range(n - 1)],
        "importance": [1.0] * (2 * n - 1),
    }
    metrics = [
        {
            "iteration": round_,
            "class_id": class_id,
            "name": name,
            "value": 0.4 + 0.05 * round_,
            "provisional": False,
        }
        for round_ in range(4)
        for class_id in (None, 1, 2, 3)
        for name in ("informativeness", "diversity", "distance")
    ]
    evaluation = {
        "verdict": {
            "text": text(
                "These 200 pictures lowered validation accuracy by 2.1 ± 1.0 points, most of it in crane; diversity"
                " fell. All 600 in 3 rounds against the originals alone: +3.1 ± 1.2 points."
            ),
            "effect": "lowered",
        },
        "measured_on": text("on 120 validation pictures"),
        "note": text("A linear probe and CLER."),
        "rows": [
            row | {"name": name, "low": row["value"] - 0.06, "high": row["value"] + 0.05}
            for row in metrics
            if row["name"] == "diversity"
            for name in ("probe", "cler")
        ],
    }
    templates = [
        {
            "id": i,
            "class_id": i,
            "text": f"[{text('a photo of')} | {text('a sketch of')}] a {{class}} {text('outside')}",
            "negative": text("blurry") if i == 1 else "",
            "origin": "user",
        }
        for i in (1, 2, 3)
    ]
    job = {"done": 23, "total": 50, "message": text("batch 3"), "error": None}
    jobs = [
        {"id": 7, "name": text("Generate"), "kind": "generate", "state": "running", **job},
        {"id": 8, "name": text("Teach crane"), "kind": "tune", "state": "queued", **job},
    ]
    return {
        "info": info,
        "labels": labels,
        "label_tree": label_tree,
        "metrics": metrics,
        "evaluation": evaluation,
        "templates": templates,
        "proposals": [proposal(text)],
        "suggestions": [suggestion(text), suggestion(text, 2, folder=text("collect/boat-2"))],
        "jobs": jobs,
        "history": {"undo": text("remove 3 pictures"), "redo": text("add a prompt")},
    }


def proposal(text: Callable[[str], str] = str) -> dict[str, Any]:
    """A proposal that waits for a decision."""
    return {
        "id": 5,
        "class_id": 1,
        "template_id": 1,
        "kind": "transform",
        "wish": text("at night"),
        "pictures": 20,
        "before": text("a photo of a {class}"),
        "after": text("a photo of a {class} at night"),
        "negative_before": "",
        "negative_after": text("machine"),
        "score_before": -0.31,
        "score_after": 1.27,
        "improved": True,
        "confirmed": True,
        "gain": 1.58,
        "standard_error": 0.2,
        "proxies": 212,
        "reasons": [text("'machine' is on most of what you removed")],
        "edits": [
            {"text": text("adds 'night'"), "gain": 1.2, "standard_error": 0.2},
            {"text": text("avoids 'machine'"), "gain": None, "standard_error": None},
        ],
        "terms": {"before": {"away": -0.5, "near": 0.1}, "after": {"away": 0.9, "near": 0.3}},
        "weights": {"away": 1, "near": 2},
        "generations": [
            {
                "number": i,
                "score": i / 2,
                "gain": 0.5,
                "proxies": 40 * i,
                "template": text(f"prompt {i}"),
                "negative": text("grey"),
                "terms": {},
            }
            for i in (1, 2, 3)
        ],
        "before_refs": [],
        "after_refs": [],
        "state": "open",
    }


def suggestion(
    text: Callable[[str], str] = str, number: int = 1, *, folder: str | None = None
) -> dict[str, Any]:
    """A suggestion for the class of that number; its pictures are collected where there is a folder."""
    return {
        "id": number,
        "class_id": number,
        "class": text("crane"),
        "text": text("a sketch of a crane in the snow, with a boat"),
        "state": "collecting" if folder else "open",
        "nearest": [12, 70, 14, 15, 16, 17],
        "gain": 0.03,
        "gain_words": text("clear gain expected"),
        "note": text("Measured on 120 validation pictures."),
        "folder": folder,
    }


def picture(text: Callable[[str], str] = str, number: int = 70) -> dict[str, Any]:
    """What Python knows about a picture."""
    return {
        "id": number,
        "class": text("crane"),
        "class_id": 1,
        "origin": "generated",
        "source": text("<crane>.png"),
        "flagged": True,
        "flags": [{"kind": "near_original", "of": 12, "words": text("nearly a copy of picture 12")}],
        "width": 64,
        "height": 64,
        "iteration": 2,
        "labels": [text("red"), text("snow")],
        "provenance": {
            "prompt": text("a photo of a crane"),
            "negative_prompt": text("blurry"),
            "template": text("a photo of a {class}"),
            "seed": 12345,
            "parent_id": 12,
            "strength": 0.6,
            "guidance_scale": 3,
            "num_inference_steps": 4,
            "model": text("lab/generator"),
            "model_revision": text("main"),
        },
    }


def open_sheet(bare: Any, row: dict[str, Any]) -> None:
    """Open the sheet of the picture at the map's crosshair, which Python says is `row`."""
    bare.page.locator(".dc-map-stage").focus()
    bare.page.keyboard.press("Shift+ArrowRight")
    bare.page.keyboard.press("Space")
    # The crosshair asks too, for its tooltip.
    asked = "sent.findLast(each => each.type === 'picture' && each.where)"
    bare.page.wait_for_function(asked)
    bare.say(type="reply", id=bare.page.evaluate(f"{asked}.id"), result=row)
    bare.page.locator(".dc-sheet dl").wait_for()


def points(count: int = 200) -> bytes:
    """A point block of three classes, the first quarter originals."""
    rng = np.random.default_rng(1)
    ids = np.arange(1, count + 1)
    zeros = np.zeros(count)
    classes = rng.integers(0, 3, count)
    return encode_points(
        {
            "id": ids,
            "x": classes + rng.normal(0, 0.3, count),
            "y": rng.normal(0, 0.5, count),
            "class_index": classes,
            "iteration": zeros,
            "origin": ids > count // 4,
            "hidden": zeros,
            "flagged": np.isin(ids, [70, 90]),
        },
        1,
    )


def webp(size: int = 16) -> bytes:
    """A small picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), "teal").save(buffer, "WEBP")
    return buffer.getvalue()
