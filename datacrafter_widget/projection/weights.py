"""Weights of the three terms, learned from how uncertain each is (Kendall et al., CVPR 2018)."""

import numpy as np

AVERAGED = 0.9
_SMALLEST = 0.05


class UncertaintyWeights:
    """Weights that balance losses of different size.

    Kendall's objective exp(-s) L + s, one s a task, is least at s = log L: a task counts by the inverse of its
    loss. The losses are averaged over steps, and the weights told relative to the picture term's.

    Args:
        priors: of label to pictures, picture to labels, label to labels: how much each should count beside
            the pictures where all are equally uncertain.

    Attributes:
        log_variances: (4,) s of pictures, label to pictures, picture to labels, label to labels.
    """

    def __init__(self, priors: tuple[float, float, float]) -> None:
        self._priors = priors
        self._losses: np.ndarray | None = None
        self.log_variances = np.zeros(4)

    def update(self, losses: tuple[float, float, float, float]) -> None:
        """Learn from the present losses, in nats."""
        now = np.maximum(np.asarray(losses, np.float64), _SMALLEST)
        self._losses = now if self._losses is None else AVERAGED * self._losses + (1 - AVERAGED) * now
        self.log_variances = np.log(self._losses)

    @property
    def relative(self) -> tuple[float, float, float]:
        """Weights of the three terms that have labels in them, the picture term's being 1."""
        ratio = np.exp(self.log_variances[0] - self.log_variances[1:])
        a, b, c = (float(prior * r) for prior, r in zip(self._priors, ratio, strict=True))
        return a, b, c

    def as_dict(self) -> dict[str, float]:
        """The relative weights by name."""
        return dict(zip(("label_image", "image_label", "label_label"), self.relative, strict=True))
