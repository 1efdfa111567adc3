"""The toybox: a small picture world with its own generator, encoder and judge, all in this package.

It makes the demo, the tutorials and the tests real without a download or a GPU. Its weights are ordinary
model folders, loaded by the code that loads any other: ``Session.open(path, generator="toybox",
encoder="toybox")`` names these folders.

``PIPELINE`` is a Stable-Diffusion-shaped diffusers folder, ``ENCODER`` an open_clip folder, ``DECODER`` what
says that model's embeddings in words, ``JUDGE`` the weights of a classifier that none of them has seen.
``MODEL_CARD.md`` says how they were made and how good they are.
"""

from pathlib import Path

from .originals import CLASSES, write_originals
from .vocabulary import VOCABULARY
from .world import KINDS, Attributes, render, sample_attributes

__all__ = [
    "CLASSES",
    "DECODER",
    "ENCODER",
    "JUDGE",
    "KINDS",
    "PIPELINE",
    "VOCABULARY",
    "Attributes",
    "render",
    "sample_attributes",
    "write_originals",
]

_WEIGHTS = Path(__file__).parent / "weights"

#: Folder of the diffusers pipeline.
PIPELINE: Path = _WEIGHTS / "pipeline"
#: Folder of the open_clip model; prefix it with ``local-dir:``.
ENCODER: Path = _WEIGHTS / "clip"
#: What says in words what an embedding of that model means, for ``active.decoder.Decoder.load``.
DECODER: Path = _WEIGHTS / "decoder.safetensors"
#: The judge's weights, for ``toybox.judge.Judge.load``.
JUDGE: Path = _WEIGHTS / "judge.safetensors"
