"""What a set of generated pictures alone teaches of its classes, and what the cheap scores say of it (GenBench)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics import clip_score, cmmd, frechet_distance, relative_diversity
from datacrafter_widget.metrics.cler import class_means, ensembled, predicted
from datacrafter_widget.session.scoring import share
from datacrafter_widget.training.intervals import Interval
from datacrafter_widget.training.probe import fit_probe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Ints = NDArray[np.int64]

_HALVES = 2


@dataclass(frozen=True, eq=False)
class Encoded:
    """Pictures as the encoder sees them.

    Attributes:
        features: (N, D) of the encoder, rows of length 1.
        classes: (N,) indices 0 … C - 1.
    """

    features: Floats
    classes: Ints


@dataclass(frozen=True)
class SetScores:
    """What is known of a set of generated pictures.

    Intervals are those of a share of the real pictures; other such pictures would give another value.

    Attributes:
        cler: share of the real pictures nearest to their class's generated ones.
        cler_ensemble: the same with the classes' texts.
        probe_accuracy: of a linear probe that was trained on the generated pictures alone.
        clip_score: how well the pictures fit their class's text, 0 … 100.
        fid: Fréchet distance to the real pictures on the encoder's features; it falls with the number of
            pictures, so compare sets of one size.
        cmmd: distance to the real pictures.
        diversity: within the classes; 1 is as diverse as the real pictures. NaN with one picture a class.
    """

    cler: Interval
    cler_ensemble: Interval
    probe_accuracy: Interval
    clip_score: float
    fid: float
    cmmd: float
    diversity: float


def score_set(generated: Encoded, real: Encoded, texts: Floats, *, test: Encoded | None = None) -> SetScores:
    """Score generated pictures against real ones.

    Args:
        generated: the set.
        real: validation pictures: what all but the probe's accuracy is measured on.
        texts: text features of the classes, (C, D), rows of length 1.
        test: what the probe is measured on, its L2 penalty chosen on `real`. Without, the real pictures are
            halved: the penalty is chosen on one half and the accuracy measured on the other, both ways round.

    Raises:
        InputError: no pictures, shapes that don't fit, or classes out of range.
    """
    if not len(generated.classes) or not len(real.classes):
        raise InputError(
            f"score_set: expected generated and real pictures, found {len(generated.classes)} and "
            f"{len(real.classes)}"
        )
    means = class_means(generated.features, generated.classes, len(texts))
    return SetScores(
        cler=_accuracy(predicted(means, real.features), real.classes),
        cler_ensemble=_accuracy(predicted(ensembled(means, texts), real.features), real.classes),
        probe_accuracy=_probe_accuracy(generated, real, test, len(texts)),
        clip_score=clip_score(generated.features, texts[generated.classes]),
        fid=frechet_distance(real.features, generated.features),
        cmmd=cmmd(real.features, generated.features),
        diversity=relative_diversity(generated.features, generated.classes, real.features, real.classes),
    )


def zero_shot(real: Encoded, texts: Floats) -> Interval:
    """Share of the real pictures that are nearest to their class's text: what CLIP knows without any picture."""
    return _accuracy(predicted(texts, real.features), real.classes)


def _probe_accuracy(generated: Encoded, real: Encoded, test: Encoded | None, class_count: int) -> Interval:
    if test is not None:
        return _accuracy(_probed(generated, real, test.features, class_count), test.classes)
    half = _halves(real.classes)
    if half.all() or not half.any():  # one picture a class can't both choose and judge
        return Interval(np.nan, np.nan, np.nan, 0)
    found = np.empty_like(real.classes)
    for chooses in (half, ~half):
        chosen = Encoded(real.features[chooses], real.classes[chooses])
        found[~chooses] = _probed(generated, chosen, real.features[~chooses], class_count)
    return _accuracy(found, real.classes)


def _probed(generated: Encoded, validation: Encoded, x: Floats, class_count: int) -> Ints:
    probe = fit_probe(
        generated.features,
        generated.classes,
        validation.features,
        validation.classes,
        class_count=class_count,
    )
    return probe.predict(x)


def _halves(classes: Ints) -> NDArray[np.bool_]:
    """Every second picture of each class."""
    half = np.zeros(len(classes), bool)
    for kind in np.unique(classes):
        half[np.flatnonzero(classes == kind)[::_HALVES]] = True
    return half


def _accuracy(found: Ints, truth: Ints) -> Interval:
    return share(found == truth)
