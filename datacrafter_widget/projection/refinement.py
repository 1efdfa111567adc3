"""Refinement of positions: the same terms as in training, each point free, with graded negatives."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from datacrafter_widget.projection.forces import LabelTerms, PictureTerm
from datacrafter_widget.projection.grid import SparsePictureTerm
from datacrafter_widget.projection.neighbors import Float32, rows_to_one

if TYPE_CHECKING:
    from torch import Tensor

SEPARATION_STEPS = 20  # for a thousand pictures
MOST_SEPARATION_STEPS = 100
SMALLEST_SPREAD = 0.1
SCALES = 2.0 ** np.arange(-1, 7.5, 0.5)


def refine(
    start: Float32,
    n: int,
    pictures: PictureTerm | SparsePictureTerm,
    groups: "list[tuple[Tensor | None, LabelTerms]]",
    weights: tuple[float, float, float],
    *,
    steps: int,
    learning_rate: float,
    exaggeration: float,
    hardness: float,
    anchor: tuple[Float32, float] | None = None,
    moving: npt.NDArray[np.bool_] | None = None,
    device: str,
    progress: Callable[[float], object],
) -> Float32:
    """Minimise the weighted sum of the three terms over the positions themselves, by Adam.

    Args:
        start: (N + L, 2) of the pictures, then the labels.
        n: N.
        pictures: the picture term.
        groups: rows of pictures (None for all) and the label terms over them, which take turns.
        weights: of the label terms relative to the picture term.
        steps: how many.
        learning_rate: greatest step, as a share of the map's spread.
        exaggeration: of the attraction between pictures.
        hardness: weight of the negatives' ranks, which comes in gradually.
        anchor: (N + L, 2) places to keep to, NaN for free points, and how strongly.
        moving: (N + L,) which points may move; None for all.
        device: where to compute.
        progress: called with the finished share; may raise.

    Returns:
        (N + L, 2) positions.
    """
    import torch

    y = torch.from_numpy(start.copy()).to(device)
    held = None if anchor is None else torch.from_numpy(anchor[0]).to(device)
    free = None if moving is None else torch.from_numpy(moving[:, None]).to(device)
    optimizer = torch.optim.Adam([y], lr=learning_rate, betas=(0.9, 0.99))
    for step in range(steps):
        done = step / steps
        ramp = min(1.0, (done + 0.02) / 0.1) * max(0.02, min(1.0, (1 - done) / 0.4))
        optimizer.param_groups[0]["lr"] = learning_rate * ramp * max(float(y.std()), SMALLEST_SPREAD)
        hard = hardness * min(1.0, done / 0.3)
        gradient = torch.zeros_like(y)
        if n > 1:
            gradient[:n] += pictures.gradient(y[:n], exaggeration=exaggeration, hardness=hard)
        if groups:
            chosen, terms = groups[step % len(groups)]
            rows = slice(n) if chosen is None else chosen
            to_images, to_labels = terms.gradient(y[rows], y[n:], weights, hardness=hard)
            gradient[rows] += to_images
            gradient[n:] += to_labels
        if held is not None and anchor is not None:
            gradient += (anchor[1] / max(n, 1)) * torch.nan_to_num(y - held, nan=0.0)
        y.grad = gradient if free is None else gradient * free
        optimizer.step()
        progress(done)
    return np.asarray(y.cpu().numpy(), np.float32)


def balanced_scale(
    positions: Float32,
    pictures: PictureTerm | SparsePictureTerm,
    *,
    exaggeration: float,
    hardness: float,
    device: str,
) -> float:
    """Factor that takes a map to the scale at which the picture term neither stretches nor shrinks it.

    Args:
        positions: (N, 2) of the pictures, centred.
        pictures: the picture term.
        exaggeration: of the attraction.
        hardness: weight of the negatives' ranks.
        device: where to compute.
    """
    import torch

    y = torch.from_numpy(positions).to(device)
    stretch = []
    for scale in SCALES:
        at = y * float(scale)
        stretch.append(
            -float((at * pictures.gradient(at, exaggeration=exaggeration, hardness=hardness)).sum())
        )
    shrinks = np.flatnonzero(np.array(stretch) <= 0)
    first = int(shrinks[0]) if len(shrinks) else len(SCALES) - 1
    if first == 0 or not len(shrinks):
        return float(SCALES[first])
    share = stretch[first - 1] / (stretch[first - 1] - stretch[first])
    return float(SCALES[first - 1] * (SCALES[first] / SCALES[first - 1]) ** share)


def separate(positions: Float32, graph: csr_matrix, amount: float) -> Float32:
    """Draw groups apart and keep their insides: what is smooth over the neighbourhood is amplified.

    Args:
        positions: (N, 2).
        graph: (N, N) neighbourhood.
        amount: factor on the smooth part that is added; 0 changes nothing.

    Returns:
        (N, 2).
    """
    if amount == 0 or graph.nnz == 0:
        return positions
    average, smooth = rows_to_one(graph), positions
    # a step reaches a neighbourhood, whose share of the map falls with the root of the pictures
    steps = round(SEPARATION_STEPS * max(1.0, len(positions) / 1000))
    for _ in range(min(steps, MOST_SEPARATION_STEPS)):
        smooth = average @ smooth
    return np.asarray(positions + amount * smooth, np.float32)
