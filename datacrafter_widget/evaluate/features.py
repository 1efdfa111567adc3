"""What the session's encoder sees of any pictures; nothing is looked at twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL import Image

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.session import Session

BATCH = 64


def encoded(
    session: Session, contents: Sequence[str], load: Callable[[int], Image.Image], job: Job[Any]
) -> NDArray[np.float32]:
    """Features (N, D) of pictures by the session's encoder, rows of length 1; those of now are kept.

    Args:
        session: whose encoder looks, and which keeps what it saw (unless it is read-only).
        contents: (N,) content hashes (`store.files.content_hash`).
        load: position → the picture, RGB.
        job: told of the progress; it may be cancelled, and lets interactive jobs in.

    Raises:
        ModelError: the encoder can't be loaded.
        InputError: a picture can't be read.
    """
    encoder = session.models.encoder
    kept = session.store.content_embeddings(encoder.identity, contents)
    unseen = list({content: at for at, content in enumerate(contents) if content not in kept}.items())
    for start in range(0, len(unseen), BATCH):
        job.update(done=start, total=len(unseen), message="looking at the pictures")
        job.checkpoint()
        batch = unseen[start : start + BATCH]
        # In half precision, as the store keeps them: the same whether they are fresh or kept.
        rows = np.asarray(encoder.encode_images([load(at) for _, at in batch]), np.float16)
        new = [(content, row) for (content, _), row in zip(batch, rows, strict=True)]
        if not session.store.read_only:
            session.store.put_embeddings(encoder.identity, new)
        kept |= {content: row.astype(np.float32) for content, row in new}
    if not contents:
        return np.zeros((0, encoder.dim), np.float32)
    return np.stack([kept[content] for content in contents])
