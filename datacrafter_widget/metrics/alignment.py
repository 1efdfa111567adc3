"""How faithful a personalised generator is: to the text, to the reference pictures, and not to their backgrounds.

Zhang et al., "Generative Active Learning for Image Synthesis Personalization" (MM 2024), Sec. 4. Features are CLIP's;
similarities are cosines, from -1 to 1.
"""

import numpy as np
import numpy.typing as npt

from datacrafter_widget.metrics._check import pair, unit
from datacrafter_widget.metrics.clip_score import cosines


def text_alignment(images: npt.ArrayLike, texts: npt.ArrayLike) -> float:
    """TXT-ALN: mean similarity of each generated picture to its prompt.

    Args:
        images: features of the generated pictures, (N, D).
        texts: features of the prompt of each, (N, D), or of one for all, (1, D).

    Returns:
        The mean; NaN without pictures.

    Raises:
        InputError: shapes don't fit, values are not finite, or a row is all zeros.
    """
    values = cosines(images, texts)
    return float(values.mean()) if len(values) else float("nan")


def image_alignment(images: npt.ArrayLike, references: npt.ArrayLike) -> float:
    """IMG-ALN: mean similarity of generated pictures to the reference pictures, over all pairs.

    Args:
        images: features of the generated pictures, (N, D).
        references: features of the pictures that the generator learnt from, (R, D).

    Returns:
        The mean; NaN when either set is empty.

    Raises:
        InputError: D differs, values are not finite, or a row is all zeros.
    """
    made, given = pair(images, references, ("images", "references"))
    if not len(made) or not len(given):
        return float("nan")
    # The mean over all pairs is the product of the means.
    return float(unit(made, "images").mean(axis=0) @ unit(given, "references").mean(axis=0))


def overfitted(
    images: npt.ArrayLike, directions: npt.ArrayLike, distractors: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Whether each generated picture shows what was only beside the subject, rather than what was asked for (Eq. 8).

    A picture is overfitted when it is no more like the anchor ("a dog" of "S* with a dog") than like the distractor:
    what the reference prompt says besides the subject ("on a table").

    Args:
        images: features of the generated pictures, (N, D).
        directions: text features of the anchor that each was made for, (N, D), or of one for all, (1, D).
        distractors: text features of what is not the subject, (N, D) or (1, D).

    Returns:
        (N,) bool.

    Raises:
        InputError: shapes don't fit, values are not finite, or a row is all zeros.
    """
    return np.asarray(cosines(images, directions) <= cosines(images, distractors))


def overfit_share(images: npt.ArrayLike, directions: npt.ArrayLike, distractors: npt.ArrayLike) -> float:
    """OVF: the share of generated pictures that are `overfitted`, from 0 to 1; NaN without pictures."""
    found = overfitted(images, directions, distractors)
    return float(found.mean()) if len(found) else float("nan")
