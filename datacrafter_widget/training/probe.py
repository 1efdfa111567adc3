"""A linear probe: logistic regression on an encoder's features."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

STRENGTHS = (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Weights of the L2 penalty that are tried: from a probe that is nearly one of class means to nearly none."""

_MOST_STEPS = 300


@dataclass(frozen=True, eq=False)
class Probe:
    """A linear classifier of features.

    Attributes:
        weights: (C, D).
        bias: (C,); -inf for a class without training pictures, which is never predicted.
        strength: of the L2 penalty that was chosen.
        validation_accuracy: share of the validation pictures told right; NaN without any.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    strength: float
    validation_accuracy: float

    def scores(self, x: ArrayLike) -> NDArray[np.float64]:
        """(N, C) logits for (N, D) features; their softmax are the classes' probabilities."""
        return np.asarray(x, np.float64) @ self.weights.T + self.bias

    def predict(self, x: ArrayLike) -> NDArray[np.int64]:
        """(N,) class indices for (N, D) features."""
        return self.scores(x).argmax(1)


def fit_probe(
    x: ArrayLike,
    y: ArrayLike,
    x_val: ArrayLike,
    y_val: ArrayLike,
    *,
    class_count: int,
    strengths: Sequence[float] = STRENGTHS,
) -> Probe:
    """Fit a linear probe on `x`, its L2 penalty chosen on the validation pictures (as in GenBench, §2.4).

    Minimises the mean cross-entropy plus half the strength times the squared weights, on features that are
    centred and scaled by one number, so that a strength means the same for every encoder and every number of
    pictures. The strength with the best validation accuracy wins; among equals, the one with the least
    validation cross-entropy.

    Args:
        x: (N, D) features to train on.
        y: (N,) their class indices.
        x_val: (V, D) features to choose by; may be empty with a single strength.
        y_val: (V,) their class indices.
        class_count: C.
        strengths: of the L2 penalty.

    Raises:
        InputError: shapes that don't fit, values that are not finite, indices out of range, nothing to train on
            or to choose by.
    """
    features, classes = _checked(x, y, class_count, "to train on")
    held, truth = _checked(x_val, y_val, class_count, "to validate on") if np.size(y_val) else (None, None)
    if not len(classes):
        raise InputError("fit_probe: expected pictures to train on, found none")
    if not strengths or min(strengths) <= 0 or (len(strengths) > 1 and held is None):
        raise InputError(
            f"fit_probe: expected positive strengths, and validation pictures where there are several; found "
            f"{tuple(strengths)} and {np.size(y_val)} pictures. Give validation pictures, or one strength"
        )
    best: tuple[float, float] = (-np.inf, -np.inf)
    chosen: Probe | None = None
    for weights, bias, strength in _path(features, classes, class_count, strengths):
        probe = Probe(weights, bias, strength, np.nan)
        quality = (0.0, 0.0) if held is None else _quality(probe.scores(held), truth)
        if chosen is None or quality > best:
            best = quality
            chosen = Probe(weights, bias, strength, np.nan if held is None else quality[0])
    assert chosen is not None
    return chosen


def _checked(
    x: ArrayLike, y: ArrayLike, class_count: int, what: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    features, classes = np.asarray(x, np.float64), np.asarray(y, np.int64)
    if features.ndim != 2 or classes.shape != features.shape[:1]:
        raise InputError(
            f"features {what}: expected (N, D) features and (N,) classes, found {features.shape} and "
            f"{classes.shape}"
        )
    if not np.isfinite(features).all():
        raise InputError(f"features {what}: expected finite numbers, found NaN or infinity; leave them out")
    if len(classes) and not 0 <= classes.min() <= classes.max() < class_count:
        raise InputError(
            f"features {what}: expected class indices 0 to {class_count - 1}, found {classes.min()} to "
            f"{classes.max()}"
        )
    return features, classes


def _path(
    x: NDArray[np.float64], y: NDArray[np.int64], class_count: int, strengths: Sequence[float]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64], float]]:
    """(weights, bias, strength) for each strength, the strongest first: each fit starts from the last."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    present = np.unique(y)
    bias = np.full(class_count, -np.inf)
    bias[present] = 0.0
    if len(present) == 1:
        return [(np.zeros((class_count, x.shape[1])), bias, max(strengths))]
    centre = x.mean(0)
    scale = float(np.sqrt(np.square(x - centre).sum(1).mean())) or 1.0
    scaled = (x - centre) / scale
    model = LogisticRegression(max_iter=_MOST_STEPS, warm_start=True)
    found = []
    for strength in sorted(strengths, reverse=True):
        model.set_params(C=1 / (strength * len(y)))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ConvergenceWarning
            )  # nearly there is good enough for a weak penalty
            model.fit(scaled, y)
        weights, offsets = np.zeros((class_count, x.shape[1])), bias.copy()
        rows = present[-len(model.coef_) :]  # of two classes only the second has weights
        weights[rows] = model.coef_ / scale
        offsets[rows] = model.intercept_ - weights[rows] @ centre
        found.append((weights, offsets, strength))
    return found


def _quality(scores: NDArray[np.float64], truth: NDArray[np.int64] | None) -> tuple[float, float]:
    """(accuracy, minus the cross-entropy)."""
    from scipy.special import log_softmax

    assert truth is not None
    likelihood = log_softmax(scores, axis=1)[np.arange(len(truth)), truth]
    return float((scores.argmax(1) == truth).mean()), float(likelihood.mean())
