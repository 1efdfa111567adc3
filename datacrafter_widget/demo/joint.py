"""Joint sets to compare projections on: toybox pictures with the words that fit them, or a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datacrafter_widget.errors import InputError

FIELDS = ("image_features", "label_features", "edges")


@dataclass(frozen=True, eq=False)
class JointSet:
    """Pictures and labels in one feature space, and which label says something of which picture.

    Attributes:
        image_features: (N, D) float32.
        label_features: (L, D) float32.
        edges: (E, 2) int64 index pairs (picture, label).
        labels: the L labels' texts.
        image_class: (N,) int64, index into `classes`.
        classes: the classes' names.
        pictures: (N, 64, 64, 3) uint8, or None where a file gave no pictures.
    """

    image_features: npt.NDArray[np.float32]
    label_features: npt.NDArray[np.float32]
    edges: npt.NDArray[np.int64]
    labels: tuple[str, ...]
    image_class: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    pictures: npt.NDArray[np.uint8] | None = None


def toybox_joint(
    n: int = 1000, *, seed: int = 0, labels_per_picture: int = 4, unlabelled: float = 0.2
) -> JointSet:
    """Render toybox pictures whose contents are known and encode them with the toybox's CLIP.

    A picture gets some of the words that fit it, drawn at random as a caption would name a few things; words
    that fit no picture are left out.

    Args:
        n: pictures.
        seed: the same seed gives the same set.
        labels_per_picture: most labels that one picture keeps.
        unlabelled: share of the pictures left without labels.

    Returns:
        Features (n, 128), the toybox's words that occur (70 at most), and the kinds of things as classes.

    Raises:
        InputError: n is less than 1.
    """
    from PIL import Image

    from datacrafter_widget.models.encoder import OpenClipEncoder
    from datacrafter_widget.toybox import KINDS, render, sample_attributes
    from datacrafter_widget.toybox.vocabulary import LABELS

    if n < 1:
        raise InputError(f"toybox_joint: expected at least one picture, found n = {n}.")
    rng = np.random.default_rng([seed, n])
    drawn = [sample_attributes(rng) for _ in range(n)]
    pictures = np.stack([render(each, rng) for each in drawn])
    named = np.ones(n, bool)
    named[rng.permutation(n)[: round(unlabelled * n)]] = False
    words = list(LABELS)
    pairs = []
    for picture in np.flatnonzero(named):
        fitting = [i for i, word in enumerate(words) if LABELS[word].fits(drawn[picture])]
        kept = rng.permutation(fitting)[:labels_per_picture]
        pairs += [(picture, int(label)) for label in np.sort(kept)]
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    used, edges[:, 1] = np.unique(edges[:, 1], return_inverse=True)
    labels = tuple(words[i] for i in used)
    encoder = OpenClipEncoder("toybox", device="cpu")
    return JointSet(
        image_features=encoder.encode_images([Image.fromarray(picture) for picture in pictures]),
        label_features=encoder.encode_texts(labels),
        edges=edges,
        labels=labels,
        image_class=np.array([KINDS.index(each.kind) for each in drawn], np.int64),
        classes=KINDS,
        pictures=pictures,
    )


def load_joint(path: str | Path) -> JointSet:
    """Read a joint set from an npz file.

    Args:
        path: holds `image_features` (N, D), `label_features` (L, D), `edges` (E, 2), and, if there are any,
            `labels` (L,), `image_class` (N,) indices or names, and `classes`.

    Raises:
        InputError: no such file, not an npz file, or an array is missing.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected an npz file with {', '.join(FIELDS)}, found no file.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, AttributeError, TypeError) as error:
        raise InputError(
            f"{path}: expected an npz file of plain arrays, found {error}. Write it with numpy.savez."
        ) from error
    missing = [name for name in FIELDS if name not in arrays]
    if missing:
        raise InputError(
            f"{path}: expected the arrays {', '.join(FIELDS)}, found {', '.join(arrays) or 'none'}; "
            f"add {', '.join(missing)}."
        )
    n, m = len(arrays["image_features"]), len(arrays["label_features"])
    kinds, index = np.unique(arrays.get("image_class", np.zeros(n, np.int64)), return_inverse=True)
    if np.issubdtype(kinds.dtype, np.integer) and "classes" in arrays and n:
        named = arrays["classes"]
        if kinds.min() < 0 or kinds.max() >= len(named):
            raise InputError(
                f"{path}: expected image_class from 0 to {len(named) - 1}, one for each of classes, "
                f"found {kinds.min()} to {kinds.max()}."
            )
        kinds = named[kinds]
    labels = tuple(str(label) for label in arrays.get("labels", np.arange(m)))
    if len(index) != n or len(labels) != m:
        raise InputError(
            f"{path}: expected {n} values in image_class and {m} in labels, found {len(index)} and "
            f"{len(labels)}."
        )
    return JointSet(
        image_features=arrays["image_features"].astype(np.float32),
        label_features=arrays["label_features"].astype(np.float32),
        edges=arrays["edges"].astype(np.int64),
        labels=labels,
        image_class=index.astype(np.int64),
        classes=tuple(str(kind) for kind in kinds),
    )
