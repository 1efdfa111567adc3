"""Random changes of pictures that their boxes follow, a batch at a time.

torchvision's transforms do the same a picture at a time, at several times the cost of a small detector's step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

_ZOOM = (0.8, 1.25)
_SHIFT = 0.2  # of the picture's side, to either side
# As strong as SSD's photometric distortion (Liu et al., ECCV 2016, Sec. 2.2; Howard 2013).
_BRIGHTNESS = 0.125
_CONTRAST = (0.5, 1.5)
_SATURATION = (0.5, 1.5)
_HUE = np.pi / 10
_SWAPPED = 0.5  # of the pictures have their colour channels shuffled
_FEWEST_PIXELS = 2.0


def jitter(images: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """Mirror half of the pictures; zoom, shift and tone all of them.

    Args:
        images: (N, 3, S, S) in [0, 1].
        rng: decides everything.

    Returns:
        (N, 3, S, S) in [0, 1]; the edges are drawn out to where there is no picture (mirrored, they could show an
        object that has no box). And (N, 2, 2): factor and offset of each picture's x and y, in pixels, as `moved`
        takes them.
    """
    import torch
    from torch.nn import functional

    n, side = len(images), images.shape[-1]
    zoom = np.exp(rng.uniform(np.log(_ZOOM[0]), np.log(_ZOOM[1]), n))
    factors = np.stack([zoom * rng.choice((-1.0, 1.0), n), zoom], 1)
    centres = rng.uniform(-_SHIFT, _SHIFT, (n, 2)) * 2  # of what will be seen, in coordinates from -1 to 1
    grid = np.zeros((n, 2, 3), np.float32)
    grid[:, [0, 1], [0, 1]] = 1 / factors
    grid[:, :, 2] = centres
    theta = torch.from_numpy(grid).to(images)
    places = functional.affine_grid(theta, list(images.shape), align_corners=False)
    seen = functional.grid_sample(images, places, padding_mode="border", align_corners=False)
    # from -1..1 to pixels: p = (c + 1) S / 2
    offsets = side / 2 * (1 - factors * (1 + centres))
    return _toned(seen, rng), np.stack([factors, offsets], 2)


def moved(boxes: NDArray[np.float32], move: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """A picture's boxes after `jitter`, cut at its edges.

    Args:
        boxes: (n, 4) left, top, right, bottom in pixels.
        move: (2, 2), the picture's row of what `jitter` gave.
        side: of the picture, in pixels.

    Returns:
        (n, 4). A box whose centre left the picture, or of which next to nothing is left, is (0, 0, 0, 0).
    """
    corners = boxes.reshape(-1, 2, 2) * move[:, 0] + move[:, 1]
    inside = ((corners.mean(1) >= 0) & (corners.mean(1) <= side)).all(1)
    corners = np.clip(np.sort(corners, 1), 0, side)
    inside &= (corners[:, 1] - corners[:, 0] >= _FEWEST_PIXELS).all(1)
    return (corners.reshape(-1, 4) * inside[:, None]).astype(np.float32)


def _toned(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Change contrast, saturation, hue and brightness of half of the pictures each, and swap colours."""
    import torch

    n = len(images)

    def drawn(low: float, high: float, usual: float) -> NDArray[np.float64]:
        return np.where(rng.random(n) < 0.5, rng.uniform(low, high, n), usual)

    contrast, saturation = drawn(*_CONTRAST, 1.0), drawn(*_SATURATION, 1.0)
    hue, brightness = drawn(-_HUE, _HUE, 0.0), drawn(-_BRIGHTNESS, _BRIGHTNESS, 0.0)
    # Colours turn about the axis of greys, and keep to it as saturation falls.
    grey = np.full((3, 3), 1 / 3)
    turn = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    cosine, sine = (each[:, None, None] for each in (np.cos(hue), np.sin(hue)))
    colours = saturation[:, None, None] * (cosine * (np.eye(3) - grey) + sine * turn)
    swaps = np.stack([np.eye(3)[rng.permutation(3) if rng.random() < _SWAPPED else range(3)] for _ in images])
    matrices = contrast[:, None, None] * (swaps @ (grey + colours))
    middle = images.mean((1, 2, 3)).double().cpu().numpy()
    offsets = middle * (1 - contrast) + brightness
    matrix, offset = (torch.from_numpy(each.astype(np.float32)).to(images) for each in (matrices, offsets))
    return (torch.einsum("nij,njhw->nihw", matrix, images) + offset[:, None, None, None]).clamp(0, 1)
