"""Which words describe which pictures: content labels by CLIP, calibrated on the pictures at hand."""

from typing import Self

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError
from datacrafter_widget.labels.mixture import split_columns
from datacrafter_widget.labels.sparse import Float32, sparse_words

Edges = npt.NDArray[np.int64]

FEW_PICTURES = 20
CALIBRATION_PICTURES = 1000
LEAST_WEIGHT = 0.08
MOST_WEIGHT = 0.5
FALSE_DISCOVERIES = 0.5  # by decoys, which count too many: see _noise_levels
LEAST_SEPARATION = 2.5
LEAST_GAIN = 0.03
LARGEST_SHARE = 0.9
OF_THE_STRONGEST = 0.2


class Tagger:
    """Gives pictures many content labels each, without a flood of common false ones.

    Pictures and labels are centred (CLIP's modality gap, and labels that are near to everything, go with the
    means), each picture is written as a sparse non-negative sum of labels, and each label's weights over the
    fitted pictures are split in two (a mixture of Gaussians): the label is given above the split and above
    the weight that chance gives, and to nobody when its weights do not fall into two groups, or when it would
    cover nearly everything. At most `top_k` labels a picture. With fewer than 20 pictures there is nothing to
    calibrate on: each picture then gets the labels that stand out of the vocabulary by themselves.

    Fit on originals and generated pictures together; `tag` then never changes what it says about a picture.
    What was learnt is in the attributes that end in `_`, plain arrays that can be stored and set again
    (`state`, `from_state`).

    Args:
        label_embeddings: (L, D) text embeddings.
        logit_scale: CLIP's factor from cosine to logit (100 for OpenAI's models).
        top_k: most labels a picture.
        penalty: cost of a label in a picture's sum; larger gives fewer labels.
        competition: how much near labels exclude each other, 0 to 1.

    Attributes:
        image_mean_: (D,) mean of the fitted pictures' unit features.
        thresholds_: (L,) least weight of each label, infinite for those given to nobody.
        calibrated_: False when there were too few pictures.
    """

    image_mean_: Float32
    thresholds_: Float32
    calibrated_: bool

    def __init__(
        self,
        label_embeddings: npt.ArrayLike,
        *,
        logit_scale: float = 100.0,
        top_k: int = 8,
        penalty: float = 0.05,
        competition: float = 0.7,
    ) -> None:
        self.label_embeddings = _unit(label_embeddings, "label_embeddings")
        self.logit_scale = logit_scale
        self.top_k = top_k
        self.penalty = penalty
        self.competition = competition

    def fit(self, image_embeddings: npt.ArrayLike) -> Self:
        """Calibrate every label's threshold on these pictures.

        Args:
            image_embeddings: (N, D), N may be anything from 0.

        Returns:
            Itself.

        Raises:
            InputError: not (N, D) or not finite.
        """
        x = self._images(image_embeddings)
        self.image_mean_ = x.mean(axis=0) if len(x) else np.zeros(x.shape[1], np.float32)
        self.calibrated_ = len(x) >= FEW_PICTURES
        self.thresholds_ = np.full(len(self.label_embeddings), np.inf, np.float32)
        if not self.calibrated_ or len(self.label_embeddings) == 0:
            return self
        if len(x) > CALIBRATION_PICTURES:
            x = x[np.linspace(0, len(x) - 1, CALIBRATION_PICTURES).astype(np.int64)]
        weights = self._weights(x)
        used = np.flatnonzero((weights >= LEAST_WEIGHT).any(axis=0))
        if len(used) == 0:
            return self
        split = split_columns(weights[:, used].astype(np.float64))
        weights, decoys = weights[:, used], self._weights(2 * self.image_mean_ - x)[:, used]
        threshold = np.clip(split.threshold, LEAST_WEIGHT, MOST_WEIGHT)
        threshold = np.maximum(threshold, _noise_levels(weights, decoys))
        given = weights >= threshold
        share = given.mean(axis=0)
        # absolute: where it is given, a label has to be nearer to the pictures than the average label is
        similarity = x @ self.label_embeddings.T
        similarity -= similarity.mean(axis=1, keepdims=True)
        stands_out = (similarity[:, used] * given).sum(axis=0) > 0
        two_groups = (split.separation >= LEAST_SEPARATION) & (split.gain >= LEAST_GAIN)
        keep = two_groups & stands_out & (share <= LARGEST_SHARE)
        self.thresholds_[used] = np.where(keep, threshold, np.inf)
        return self

    def tag(self, image_embeddings: npt.ArrayLike) -> tuple[Edges, Float32]:
        """Labels of pictures, fitted ones or new ones.

        Args:
            image_embeddings: (N, D).

        Returns:
            Edges (E, 2), pairs of row index of the picture and of the label, by picture and then by falling
            score; scores (E,) from 0 to 1.

        Raises:
            InputError: the tagger is not fitted, or the features do not fit.
        """
        if not hasattr(self, "thresholds_"):
            raise InputError("Tagger: expected a fitted tagger, found none. Call fit first.")
        x = self._images(image_embeddings)
        if len(x) == 0 or len(self.label_embeddings) == 0:
            return np.zeros((0, 2), np.int64), np.zeros(0, np.float32)
        strength, given = self._calibrated(x) if self.calibrated_ else self._outstanding(x)
        ranked = np.argsort(np.where(given, -strength, np.inf), axis=1, kind="stable")[:, : self.top_k]
        rows = np.repeat(np.arange(len(x)), ranked.shape[1])
        columns = ranked.ravel()
        chosen = given[rows, columns]
        edges = np.stack([rows[chosen], columns[chosen]], axis=1).astype(np.int64)
        scores = strength[edges[:, 0], edges[:, 1]]
        return edges, np.clip(scores, 0, 1).astype(np.float32)

    def state(self) -> dict[str, npt.NDArray[np.float32]]:
        """What `fit` learnt, as arrays."""
        return {
            "image_mean": self.image_mean_,
            "thresholds": self.thresholds_,
            "calibrated": np.array([self.calibrated_], np.float32),
        }

    @classmethod
    def from_state(
        cls,
        label_embeddings: npt.ArrayLike,
        state: dict[str, npt.NDArray[np.float32]],
        *,
        logit_scale: float = 100.0,
    ) -> "Tagger":
        """A fitted tagger from `state` and the same labels."""
        tagger = cls(label_embeddings, logit_scale=logit_scale)
        if state["thresholds"].shape != (len(tagger.label_embeddings),):
            raise InputError(
                f"state: expected thresholds of {len(tagger.label_embeddings)} labels, found shape "
                f"{state['thresholds'].shape}. Use the labels it was fitted with, or fit again."
            )
        tagger.image_mean_, tagger.thresholds_ = state["image_mean"], state["thresholds"]
        tagger.calibrated_ = bool(state["calibrated"][0])
        return tagger

    def _calibrated(self, x: Float32) -> tuple[Float32, npt.NDArray[np.bool_]]:
        weights = self._weights(x)
        strongest = weights.max(axis=1, keepdims=True)
        return weights, (weights >= self.thresholds_) & (weights >= OF_THE_STRONGEST * strongest)

    def _outstanding(self, x: Float32) -> tuple[Float32, npt.NDArray[np.bool_]]:
        """Labels that stand out of the vocabulary for one picture: by softmax and by standard score."""
        similarity = x @ self.label_embeddings.T
        probability = zero_shot(x, self.label_embeddings, self.logit_scale)
        spread = similarity.std(axis=1, keepdims=True)
        score = (similarity - similarity.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-6)
        best = probability.max(axis=1, keepdims=True)
        count = len(self.label_embeddings)
        given = (probability >= np.maximum(OF_THE_STRONGEST * best, 1.5 / count)) & (score >= 1)
        return np.asarray(np.sqrt(probability), np.float32), given

    def _weights(self, x: Float32) -> Float32:
        labels = self.label_embeddings
        centred = labels - labels.mean(axis=0) if len(labels) > 1 else labels
        return sparse_words(
            _directions(x - self.image_mean_),
            _directions(centred),
            penalty=self.penalty,
            competition=self.competition,
        )

    def _images(self, values: npt.ArrayLike) -> Float32:
        x = _unit(values, "image_embeddings")
        if x.shape[1] != self.label_embeddings.shape[1]:
            raise InputError(
                f"image_embeddings: expected {self.label_embeddings.shape[1]} values a picture, as the "
                f"labels have, found {x.shape[1]}. Encode both with one model."
            )
        return x


def zero_shot(
    image_embeddings: npt.ArrayLike, class_embeddings: npt.ArrayLike, logit_scale: float = 100.0
) -> Float32:
    """Zero-shot class probabilities: softmax of scaled cosine similarities, as CLIP does.

    Args:
        image_embeddings: (N, D).
        class_embeddings: (C, D) text embeddings of the classes' prompts.
        logit_scale: factor from cosine to logit.

    Returns:
        (N, C) float32; rows sum to 1.

    Raises:
        InputError: shapes do not fit or values are not finite.
    """
    x, classes = _unit(image_embeddings, "image_embeddings"), _unit(class_embeddings, "class_embeddings")
    if x.shape[1] != classes.shape[1] or len(classes) == 0:
        raise InputError(
            f"zero_shot: expected classes of {x.shape[1]} values each, found shape {classes.shape}."
        )
    logits = logit_scale * (x @ classes.T)
    logits -= logits.max(axis=1, keepdims=True)
    p = np.exp(logits)
    return np.asarray(p / p.sum(axis=1, keepdims=True), np.float32)


def _noise_levels(weights: Float32, decoys: Float32) -> Float32:
    """Least weight (L,) at which false labels are few, judged by decoys: the pictures mirrored at their mean.

    A label that says nothing about a set is as near to the mirrored pictures as to the real ones, so the
    mirrored ones show how much weight chance gives (the target-decoy estimate of the false discovery rate).
    Each label is judged by its own decoys; one that is too rare for that may pass by those of all labels.
    Mirrored pictures lean towards whatever a picture is not, so they give more weight than chance does: half
    as many decoys as real ones leave about 5 % false labels in a world whose labels are known.
    """
    levels = np.linspace(LEAST_WEIGHT, MOST_WEIGHT, 43, dtype=np.float32)
    real = np.stack([(weights >= level).sum(axis=0) for level in levels])
    by_chance = np.stack([(decoys >= level).sum(axis=0) for level in levels])
    own = _first_level(levels, by_chance + 0.5 <= FALSE_DISCOVERIES * real)
    pooled = by_chance.sum(axis=1) + 0.5 <= FALSE_DISCOVERIES * real.sum(axis=1)
    return np.minimum(own, _first_level(levels, pooled[:, None]))


def _first_level(levels: Float32, fine: npt.NDArray[np.bool_]) -> Float32:
    """The first level of each column at which things are fine, infinite where they never are."""
    return np.where(fine.any(axis=0), levels[fine.argmax(axis=0)], np.inf).astype(np.float32)


def _unit(values: npt.ArrayLike, what: str) -> Float32:
    x = np.asarray(values, np.float32)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise InputError(f"{what}: expected a finite array of shape (rows, values), found shape {x.shape}.")
    return _directions(x)


def _directions(x: Float32) -> Float32:
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(norm > 1e-6, norm, np.inf), np.float32)
