"""A picture as a sparse sum of words."""

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

SWEEPS = 12
CHUNK_ROWS = 2048


def sparse_words(
    pictures: Float32, words: Float32, *, penalty: float = 0.05, competition: float = 0.7
) -> Float32:
    """Non-negative sparse weights W with pictures ≈ W · words (after SpLiCE, Bhalla et al., NeurIPS 2024).

    Words explain a picture together, so a word that is merely near the right one (orange beside red) gets
    nothing once the right one has explained what they share. Cyclic coordinate descent; deterministic, and
    each picture's weights depend on that picture alone.

    Args:
        pictures: (N, D) centred directions of length one (a row of zeros gets no words).
        words: (L, D) centred directions of length one.
        penalty: what a unit of weight costs (the lasso's lambda).
        competition: from 0 (each word for itself) to 1 (SpLiCE); below 1 synonyms can share a picture.

    Returns:
        (N, L) weights, most of them zero.
    """
    overlap = competition * (words @ words.T)
    np.fill_diagonal(overlap, 1.0)
    result = np.zeros((len(pictures), len(words)), np.float32)
    for start in range(0, len(pictures), CHUNK_ROWS):
        similarity = np.ascontiguousarray((pictures[start : start + CHUNK_ROWS] @ words.T).T)
        weight = np.zeros_like(similarity)  # (L, rows): one word's weights lie side by side
        for _ in range(SWEEPS):
            for word in range(len(words)):
                rest = similarity[word] - overlap[word] @ weight + weight[word]
                np.maximum(rest - penalty, 0, out=weight[word])
        result[start : start + CHUNK_ROWS] = weight.T
    return result
