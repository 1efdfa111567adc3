"""Small recognition problems with known answers."""

import numpy as np

from datacrafter_widget.active.network import Samples


def blobs(count: int, *, seed: int, dim: int = 6, classes: int = 3, spread: float = 0.8) -> Samples:
    """`count` samples a class around fixed corners; with the default spread, some lie on the wrong side."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), count)
    return Samples(np.eye(classes, dim)[labels] + spread * rng.standard_normal((len(labels), dim)), labels)
