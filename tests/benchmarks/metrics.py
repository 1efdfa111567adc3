"""Our measures against independent implementations from PyPI: values, and the time they take.

    python tests/benchmarks/metrics.py [--quick] [--json FILE]

Features are those of the embedded encoder, of toybox renders in their usual colours (originals) and of noisy ones in
any colours (generated); each seed renders others. Reported are the values of the first seed, the greatest relative
difference over all seeds, and the ratio of the times over all seeds (theirs over ours). Above a difference of 1 in
10,000 the run fails. LPIPS has its published weights on a random network: the trained one needs a hub.
"""

import argparse
import contextlib
import json
import math
import os
import platform
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import lpips
import numpy as np
import piq
import torch
from clip_mmd.calculation import mmd_efficient
from numpy.typing import NDArray
from PIL import Image
from prdc import compute_prdc
from scipy.special import softmax
from scipy.stats import entropy
from skimage.metrics import structural_similarity
from sklearn.metrics.pairwise import cosine_similarity, paired_cosine_distances, rbf_kernel
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torchmetrics.functional.image.lpips import _LPIPS
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd
from vendi_score import vendi

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from datacrafter_widget import metrics
from datacrafter_widget.metrics.running import (
    RunningCmmd,
    RunningDiversity,
    RunningFrechet,
    RunningKernelDistance,
    RunningVendi,
)
from datacrafter_widget.metrics.similarity import image_similarity, ssim
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.models.perceptual import PerceptualDistance
from datacrafter_widget.toybox.world import KINDS, TYPICAL, render, sample_attributes

ALLOWED = 1e-4
K = 5
CLASSES = KINDS[:5]
PACKAGES = (
    "clip-mmd",
    "lpips",
    "numpy",
    "piq",
    "prdc",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "torch",
    "torch-fidelity",
    "torchmetrics",
    "vendi-score",
)

Floats = NDArray[np.float64]
Measure = Callable[[], float]


class Sets(NamedTuple):
    """Features (N, D) float64 of originals, generated pictures and their prompts, their classes (N,), two pictures."""

    x: Floats
    y: Floats
    texts: Floats
    classes: NDArray[np.int64]
    pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]


def sets(encoder: OpenClipEncoder, per_class: int, seed: int) -> Sets:
    rng = np.random.default_rng(seed)
    usual, noisy = [], []
    for kind in (kind for kind in CLASSES for _ in range(per_class)):
        colour = str(rng.choice(TYPICAL[kind]))
        usual.append(render(sample_attributes(rng, kind=kind, colour=colour), rng))
        other = render(sample_attributes(rng, kind=kind), rng)
        noisy.append(np.clip(other + rng.normal(0, 20, other.shape), 0, 255).astype(np.uint8))
    x, y = (
        encoder.encode_images([Image.fromarray(p) for p in some]).astype(float) for some in (usual, noisy)
    )
    classes = np.repeat(np.arange(len(CLASSES)), per_class)
    texts = encoder.encode_texts([f"a photo of a {kind}" for kind in CLASSES]).astype(float)
    changed = np.clip(usual[0] + rng.normal(0, 25, usual[0].shape), 0, 255).astype(np.uint8)
    return Sets(x, y, texts[classes], classes, (usual[0], changed))


def running(of: object, rows: Floats) -> float:
    """The value of a running measure that is given a few rows at a time."""
    for some in np.array_split(rows, 10):
        of.update(some)
    return of.value()


def measures(s: Sets) -> Iterator[tuple[str, str, Measure, Measure]]:
    """(name, package, ours, theirs) of every measure."""
    x, y, count = s.x, s.y, len(s.x)
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)

    def torchmetrics_frechet() -> float:
        return float(_compute_fid(tx.mean(0), tx.T.cov(), ty.mean(0), ty.T.cov()))

    def fidelity_frechet() -> float:
        stats = [fid_features_to_statistics(rows) for rows in (tx, ty)]
        return fid_statistics_to_metric(*stats, verbose=False)["frechet_inception_distance"]

    def torchmetrics_kernel() -> float:
        return float(poly_mmd(tx, ty))

    def fidelity_kernel() -> float:
        found = kid_features_to_metric(tx, ty, kid_subsets=1, kid_subset_size=count, verbose=False)
        return found["kernel_inception_distance_mean"]

    def sklearn_cmmd() -> float:
        xx, yy, xy = (rbf_kernel(*two, gamma=1 / 200) for two in ((x, x), (y, y), (x, y)))
        return 1000 * float((xx.sum() + yy.sum() - 2 * count) / (count * (count - 1)) - 2 * xy.mean())

    def scipy_diversity(rows: Floats) -> float:
        return float(entropy(softmax(rows, 1), softmax(rows.mean(0))[None], axis=1).mean())

    yield "frechet_distance", "torchmetrics", lambda: metrics.frechet_distance(x, y), torchmetrics_frechet
    yield "frechet_distance", "torch-fidelity", lambda: metrics.frechet_distance(x, y), fidelity_frechet
    yield (
        "frechet_distance, running",
        "torchmetrics",
        lambda: running(RunningFrechet(x), y),
        torchmetrics_frechet,
    )
    yield "kernel_distance", "torchmetrics", lambda: metrics.kernel_distance(x, y), torchmetrics_kernel
    yield "kernel_distance", "torch-fidelity", lambda: metrics.kernel_distance(x, y), fidelity_kernel
    yield (
        "kernel_distance, running",
        "torchmetrics",
        lambda: running(RunningKernelDistance(x), y),
        torchmetrics_kernel,
    )
    yield "cmmd", "scikit-learn", lambda: metrics.cmmd(x, y), sklearn_cmmd
    yield "cmmd, running", "scikit-learn", lambda: running(RunningCmmd(x), y), sklearn_cmmd
    yield (
        "cmmd_biased",
        "clip-mmd",
        lambda: metrics.cmmd_biased(x, y),
        lambda: mmd_efficient(x, y, precision=torch.float64, low_mem=True),
    )
    for name in metrics.Neighbourhood._fields:
        yield (
            name,
            "prdc",
            lambda name=name: getattr(metrics.neighbourhood(x, y, k=K), name),
            lambda name=name: quiet(compute_prdc, x, y, nearest_k=K)[name],
        )
    for name in ("precision", "recall"):
        yield (
            name,
            "torch-fidelity",
            lambda name=name: getattr(metrics.neighbourhood(x, y, k=K), name),
            lambda name=name: prc_features_to_metric(
                ty, tx, prc_neighborhood=K, prc_batch_size=10_000, save_cpu_ram=False, verbose=False
            )[name],
        )
    yield "vendi_score", "vendi-score", lambda: metrics.vendi_score(y), lambda: vendi.score_X(y)
    yield "vendi_score, running", "vendi-score", lambda: running(RunningVendi(), y), lambda: vendi.score_X(y)
    yield "diversity", "scipy", lambda: metrics.diversity(y), lambda: scipy_diversity(y)
    yield "diversity, running", "scipy", lambda: running(RunningDiversity(), y), lambda: scipy_diversity(y)
    yield from of_predictions(s)
    yield from of_similarity(s)


def of_predictions(s: Sets) -> Iterator[tuple[str, str, Measure, Measure]]:
    prompts = s.texts[np.unique(s.classes, return_index=True)[1]]
    after, before = (softmax(17 * rows @ prompts.T, axis=1) for rows in (s.y, s.x))
    kept = after[np.arange(len(after)), before.argmax(1)]
    yield (
        "informativeness",
        "scipy",
        lambda: float(metrics.informativeness(after, p_original=before).mean()),
        lambda: float((entropy(after, axis=1) + kept).mean()),
    )
    yield (
        "informativeness_gain",
        "scipy",
        lambda: float(metrics.informativeness_gain(after, before).mean()),
        lambda: float((entropy(after, axis=1) - entropy(before, axis=1) + kept).mean()),
    )


def of_similarity(s: Sets) -> Iterator[tuple[str, str, Measure, Measure]]:
    x, y, texts = s.x, s.y, s.texts
    rest = np.roll(texts, 1, axis=0)

    def cosine(a: Floats, b: Floats) -> Floats:
        return 1 - paired_cosine_distances(a, b)

    yield (
        "clip_score",
        "scikit-learn",
        lambda: metrics.clip_score(y, texts),
        lambda: 100 * float(cosine(y, texts).clip(0).mean()),
    )
    yield (
        "text_alignment",
        "scikit-learn",
        lambda: metrics.text_alignment(y, texts),
        lambda: float(cosine(y, texts).mean()),
    )
    yield (
        "image_alignment",
        "scikit-learn",
        lambda: metrics.image_alignment(y, x),
        lambda: float(cosine_similarity(y, x).mean()),
    )
    yield (
        "overfit_share",
        "scikit-learn",
        lambda: metrics.overfit_share(y, texts, rest),
        lambda: float((cosine(y, texts) <= cosine(y, rest)).mean()),
    )
    yield (
        "image_similarity",
        "scikit-learn",
        lambda: float(image_similarity(x, y).mean()),
        lambda: float(cosine(x, y).mean()),
    )
    yield (
        "ssim",
        "scikit-image",
        lambda: ssim(*s.pair),
        lambda: float(
            structural_similarity(
                *s.pair, gaussian_weights=True, use_sample_covariance=False, data_range=255, channel_axis=2
            )
        ),
    )
    tensors = [torch.from_numpy(picture).permute(2, 0, 1)[None] for picture in s.pair]
    yield (
        "ssim",
        "piq",
        lambda: ssim(*s.pair),
        lambda: float(piq.ssim(*tensors, data_range=255, downsample=False)),
    )
    ours, theirs = lpips_twice()
    distance = PerceptualDistance(network=ours, device="cpu")
    pair = [[Image.fromarray(picture)] for picture in s.pair]
    scaled = [tensor / 127.5 - 1 for tensor in tensors]
    yield "lpips", "lpips", lambda: float(distance.distances(*pair)[0]), lambda: float(theirs(*scaled))


def lpips_twice() -> tuple[torch.nn.Module, torch.nn.Module]:
    """LPIPS as we load it, and of the package lpips, both on one random network."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = _LPIPS(net="squeeze", pnet_rand=True)
        theirs = lpips.LPIPS(net="squeeze", pnet_rand=True, verbose=False).requires_grad_(False)
    names = {
        name: re.sub(r"slices\.(\d)", lambda m: f"slice{int(m[1]) + 1}", name) for name in ours.state_dict()
    }
    theirs.load_state_dict({names[name]: value for name, value in ours.state_dict().items()}, strict=False)
    return ours, theirs


def quiet(function: Callable[..., dict[str, float]], *given: Floats, **options: int) -> dict[str, float]:
    """Call a function that prints."""
    with contextlib.redirect_stdout(None):
        return function(*given, **options)


def timed(measure: Measure) -> tuple[float, float]:
    started = time.perf_counter()
    value = measure()
    return value, time.perf_counter() - started


def compare(per_class: int, seeds: int) -> dict[str, dict[str, float | str]]:
    encoder = OpenClipEncoder("toybox", device="cpu")
    found: dict[str, dict[str, float | str]] = {}
    spent: dict[str, list[float]] = {}
    for seed in range(seeds):
        for name, package, ours, theirs in measures(sets(encoder, per_class, seed)):
            key = f"{name} ({package})"
            (mine, my_time), (other, other_time) = timed(ours), timed(theirs)
            difference = abs(mine - other) / max(abs(other), 1e-12)
            if not math.isfinite(difference):
                sys.exit(f"{key}: expected numbers, found {mine} and {other}")
            row = found.setdefault(
                key, {"package": package, "ours": mine, "theirs": other, "relative_difference": 0.0}
            )
            row["relative_difference"] = max(row["relative_difference"], difference)
            spent.setdefault(key, [0.0, 0.0])
            spent[key] = [spent[key][0] + my_time, spent[key][1] + other_time]
            row["times_faster"] = spent[key][1] / spent[key][0]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="200 pictures a set, 3 seeds: under a minute")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    started = time.perf_counter()
    per_class, seeds = (40, 3) if arguments.quick else (400, 10)
    found = compare(per_class, seeds)
    worst = max(found, key=lambda key: found[key]["relative_difference"])
    report = {
        "metrics": found,
        "worst": {"name": worst, "relative_difference": found[worst]["relative_difference"]},
        "allowed": ALLOWED,
        "pictures": per_class * len(CLASSES),
        "n_seeds": seeds,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "seconds": time.perf_counter() - started,
    }
    print(f"{'measure (against)':44}{'ours':>14}{'theirs':>14}{'difference':>12}{'times faster':>14}")
    for key, row in found.items():
        print(
            f"{key:44}{row['ours']:14.6g}{row['theirs']:14.6g}{row['relative_difference']:12.1e}"
            f"{row['times_faster']:14.1f}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if not report["worst"]["relative_difference"] <= ALLOWED:
        sys.exit(
            f"{worst}: relative difference {report['worst']['relative_difference']:.1e}, above {ALLOWED:.0e}"
        )


if __name__ == "__main__":
    main()
