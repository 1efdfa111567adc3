"""Train the decoder that says in the toybox's words what an embedding of its CLIP means.

    python -m datacrafter_widget.toybox.train.decoder --out datacrafter_widget/toybox/weights/decoder.safetensors

It needs no pictures, only captions and the CLIP in the package: run it last, after a new CLIP is in place.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from datacrafter_widget.active.decoder import Decoder
from datacrafter_widget.active.decoder_training import DecoderSettings, train_decoder
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox.captions import caption
from datacrafter_widget.toybox.world import even_attributes

__all__ = ["SETTINGS", "captions", "train"]

#: A small model for a small language.
SETTINGS = DecoderSettings(
    width=96,
    layers=2,
    context=24,
    vocabulary=500,
    steps=6000,
    batch_size=64,
    learning_rate=2e-3,
    memory=4000,
    temperature=0.04,
)


def captions(count: int, seed: int = 0) -> list[str]:
    """Different captions of pictures of which each is as likely as any other.

    Nine in ten state colour, scene and style: a decoder says as much as the captions that it has learned from.
    """
    rng = np.random.default_rng(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        said = caption(even_attributes(rng), rng, ambiguous=0.2)
        if (said.colour and said.scene and said.style) or rng.random() < 0.1:
            texts[said.text] = None
    return list(texts)


def train(*, count: int = 8000, seed: int = 0, checkpoint: Path | None = None) -> Decoder:
    """Train for the toybox's CLIP; a training that was cut off goes on from its checkpoint."""
    encoder = OpenClipEncoder("toybox", device="cpu")

    def tell(done: int, total: int, message: str) -> None:
        if done % 100 == 0:
            print(f"{message}: {done} of {total}", flush=True)

    return train_decoder(
        captions(count, seed),
        encoder.encode_texts,
        settings=SETTINGS,
        seed=seed,
        encoder=encoder.identity,
        progress=tell,
        checkpoint=checkpoint,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--checkpoint", type=Path, help="file for the state of the training")
    parser.add_argument("--captions", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(count=arguments.captions, seed=arguments.seed, checkpoint=arguments.checkpoint).save(arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
