"""Labels that tell some pictures from others, with the reason in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.refine.evidence import LabelContrast, contrast_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

TELLING_AUC = 0.6
"""A label that tells wanted from unwanted pictures less well than this is not used; with few pictures it must
be better, so that it is no accident."""

_MOST_LABELS = 8


class Contrast:
    """What tells wanted from unwanted pictures.

    Args:
        labels: L labels.
        label_embeddings: (L, D).
        wanted: groups of (N, D) picture embeddings, see `evidence.contrast_labels`.
        unwanted: (R, D) picture embeddings. Without pictures on either side there is nothing to tell.
        names: what the reasons call the two sides.
        smallest: least AUC of a telling label.

    Attributes:
        labels: all labels, the most telling of wanted pictures first.
        towards: (D,) from the unwanted to the wanted pictures; 0 without both.
    """

    labels: list[LabelContrast]
    towards: NDArray[np.float64]

    def __init__(
        self,
        labels: Sequence[str],
        label_embeddings: ArrayLike,
        wanted: Sequence[ArrayLike],
        unwanted: ArrayLike,
        *,
        names: tuple[str, str] = ("kept", "removed"),
        smallest: float = TELLING_AUC,
    ) -> None:
        groups = [array for array in (np.asarray(group, np.float64) for group in wanted) if len(array)]
        others = np.asarray(unwanted, np.float64)
        self._names = names
        self.labels = []
        self.towards = np.zeros(np.asarray(label_embeddings).shape[-1])
        self._telling_auc = 1.0
        if groups and len(others):
            self.labels = contrast_labels(labels, label_embeddings, groups, others)
            self.towards = np.mean([group.mean(0) for group in groups], 0) - others.mean(0)
            self._telling_auc = max(smallest, _telling_auc(sum(map(len, groups)), len(others)))

    def wanted(self) -> list[tuple[str, str]]:
        """(label, reason) of labels that wanted pictures show, the most telling first."""
        good = [each for each in self.labels if each.auc >= self._telling_auc]
        return [
            (
                each.label,
                f"'{each.label}' tells {self._names[0]} from {self._names[1]} pictures (AUC {each.auc:.2f})",
            )
            for each in good[:_MOST_LABELS]
        ]

    def unwanted(self) -> list[tuple[str, str]]:
        """(label, reason) of labels that unwanted pictures show, the most telling first."""
        bad = [each for each in self.labels[::-1] if 1 - each.auc >= self._telling_auc]
        return [
            (each.label, f"'{each.label}' is what {self._names[1]} pictures show (AUC {1 - each.auc:.2f})")
            for each in bad[:_MOST_LABELS]
        ]


def _telling_auc(wanted: int, unwanted: int) -> float:
    """The AUC from which a label is used: two standard errors above chance, at most 0.9."""
    error = np.sqrt((wanted + unwanted + 1) / (12 * wanted * unwanted))
    return float(np.clip(0.5 + 2 * error, TELLING_AUC, 0.9))
