"""Train the toybox's CLIP: an open_clip model with a small ResNet and a two-layer text transformer.

    python -m datacrafter_widget.toybox.train.clip --data DIR --tokenizer DIR --checkpoint DIR --minutes 18

Many captions fit many pictures here, so the contrastive loss (Radford et al. 2021) has several positives a
row, all the captions that are true of a picture. Beside it a sigmoid loss (Zhai et al. 2023) between the
pictures and every label of the vocabulary separates labels from each other for tagging, a zero-shot loss over
the names of the kinds makes "crane bird" beat "bird", which is true of it too, and heads that are not
shipped classify the attributes. A checkpoint is an ``open_clip`` folder beside ``state.pt``.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from transformers import CLIPTokenizer

from datacrafter_widget.toybox.captions import (
    CONCEPTS,
    STYLE_PHRASES,
    Caption,
    caption,
    describe,
    with_article,
)
from datacrafter_widget.toybox.train import data
from datacrafter_widget.toybox.train.augment import augment, to_images
from datacrafter_widget.toybox.train.optimiser import Muon
from datacrafter_widget.toybox.train.schedule import Budget, atomic_save, cosine, device
from datacrafter_widget.toybox.train.tokenizer import CONTEXT_LENGTH
from datacrafter_widget.toybox.vocabulary import LABELS
from datacrafter_widget.toybox.world import KINDS, STYLES, Attributes

__all__ = ["build", "export", "fits", "train"]

_STATED = ("colour", "scene", "style", "count", "size")
KIND = data.FIELDS.index("kind")


def config(vocabulary_size: int) -> dict[str, object]:
    """The open_clip configuration of the model."""
    return {
        "embed_dim": 128,
        "vision_cfg": {"image_size": 64, "layers": [1, 2, 2, 1], "width": 16, "head_width": 64},
        "text_cfg": {
            "context_length": CONTEXT_LENGTH,
            "vocab_size": vocabulary_size,
            "width": 128,
            "heads": 4,
            "layers": 2,
            "hf_tokenizer_name": "toybox",
            "tokenizer_kwargs": {"clean": "lower"},
        },
    }


PREPROCESS = {
    "size": 64,
    "mean": [0.5] * 3,
    "std": [0.5] * 3,
    "interpolation": "bicubic",
    "resize_mode": "squash",
}


def build(vocabulary_size: int) -> open_clip.CLIP:
    """A new model."""
    return open_clip.CLIP(**config(vocabulary_size))


def encode_text(model: open_clip.CLIP, ids: torch.Tensor) -> torch.Tensor:
    """``model.encode_text(ids, normalize=True)`` without the padding that it insists on."""
    length = ids.shape[1]
    tokens = model.token_embedding(ids) + model.positional_embedding[:length]
    tokens = model.ln_final(model.transformer(tokens, attn_mask=model.attn_mask[:length, :length]))
    ends = tokens[torch.arange(len(ids), device=ids.device), ids.argmax(-1)]
    return functional.normalize(ends @ model.text_projection, dim=-1)


class Texts:
    """Captions of pictures and phrases of labels, as token ids and as what they say."""

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(folder)
        self._rng = rng
        self._ids: dict[str, list[int]] = {}
        self._labels = list(LABELS.values())

    def ids(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, length of the longest) token ids."""
        for text in texts:
            if text not in self._ids:
                encoded = self.tokenizer(text.lower(), truncation=True, max_length=CONTEXT_LENGTH)
                self._ids[text] = encoded.input_ids
        rows = [self._ids[text] for text in texts]
        longest, end = max(map(len, rows)), self.tokenizer.eos_token_id
        return torch.tensor([row + [end] * (longest - len(row)) for row in rows])

    def about(self, attributes: Attributes) -> Caption:
        """A sentence, a plain description, or a short phrase that is true of the picture."""
        kind = self._rng.random()
        if kind < 0.55:
            return caption(attributes, self._rng)
        if kind < 0.65:
            return describe(attributes)
        if kind < 0.8:
            return self.phrase(Caption(attributes.kind, concept=attributes.kind), attributes.style)
        true = [label for label in self._labels if label.fits(attributes)]
        return self.phrase(true[self._rng.integers(len(true))], attributes.style)

    def phrase(self, label: Caption, style: str | None = None) -> Caption:
        """A label in one of the ways in which people put labels to a CLIP."""
        if style is None:
            style = STYLES[self._rng.integers(len(STYLES))]
        choice = self._rng.random()
        text, stated = label.text, label.style
        if choice < 0.4 or label.style is not None:
            pass
        elif choice < 0.55:
            text = with_article(text)
        elif choice < 0.65:
            text = f"{STYLE_PHRASES[None][0]} {with_article(text)}"
        else:
            text, stated = f"{STYLE_PHRASES[style][0]} {with_article(text)}", style
        return Caption(text, label.concept, label.colour, label.scene, stated, label.count, label.size)

    def every_kind(self) -> list[str]:
        """The names of all kinds in one random phrase, as a zero-shot classifier is asked."""
        openings = ["", *(f"{phrases[0]} " for phrases in STYLE_PHRASES.values())]
        opening = openings[self._rng.integers(len(openings))]
        article = self._rng.random() < 0.8 if opening else False
        return [opening + (with_article(kind) if article else kind) for kind in KINDS]

    def every_label(self) -> list[Caption]:
        """Each label of the vocabulary, in a random phrase."""
        return [self.phrase(label) for label in self._labels]


def statements(captions: Sequence[Caption]) -> tuple[torch.Tensor, torch.Tensor]:
    """What captions say: kinds that they allow (N, 12) bool, and attribute indices (N, 5), -1 if unsaid."""
    kinds = torch.ones(len(captions), len(KINDS), dtype=torch.bool)
    stated = torch.full((len(captions), len(_STATED)), -1)
    for i, said in enumerate(captions):
        if said.concept is not None:
            kinds[i] = torch.tensor([kind in CONCEPTS[said.concept] for kind in KINDS])
        for j, name in enumerate(_STATED):
            if (value := getattr(said, name)) is not None:
                stated[i, j] = data.VALUES[name].index(value)
    return kinds, stated


def fits(captions: Sequence[Caption], attributes: torch.Tensor) -> torch.Tensor:
    """Which captions are true of which pictures, (pictures, captions) bool."""
    kinds, stated = statements(captions)
    columns = [data.FIELDS.index(name) for name in _STATED]
    agrees = (stated[None] == -1) | (stated[None] == attributes[:, None, columns])
    return agrees.all(-1) & kinds[:, attributes[:, KIND]].T


def contrastive(logits: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Cross-entropy against all positives of a row, and of a column, evenly."""

    def one_way(scores: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        share = true / true.sum(1, keepdim=True).clamp(min=1)
        return -(share * functional.log_softmax(scores, 1)).sum(1).mean()

    return (one_way(logits, positive) + one_way(logits.T, positive.T)) / 2


class Heads(nn.Module):
    """What is trained beside the model and not shipped: attribute heads, scale and bias of the sigmoid loss."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.attributes = nn.ModuleList([nn.Linear(width, len(data.VALUES[name])) for name in data.FIELDS])
        self.scale = nn.Parameter(torch.tensor(2.3))
        self.bias = nn.Parameter(torch.tensor(-3.0))

    def classify(self, embeddings: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
        losses = [
            functional.cross_entropy(head(embeddings), attributes[:, i])
            for i, head in enumerate(self.attributes)
        ]
        return torch.stack(losses).mean()

    def tagging(self, similarities: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
        """Sigmoid loss over (pictures, labels), rare labels weighted up to half of the whole."""
        logits = similarities * self.scale.exp() + self.bias
        losses = functional.binary_cross_entropy_with_logits(logits, positive, reduction="none")
        return (losses * positive).sum() / positive.sum() + (losses * (1 - positive)).sum() / (
            1 - positive
        ).sum()


def train(
    folder: Path, tokenizer: Path, checkpoint: Path, minutes: float, *, reconstructions: Path | None = None,
    batch: int = 128, lr: float = 1.5e-3, seed: int = 0,
) -> open_clip.CLIP:  # fmt: skip
    """Train for some minutes of wall clock, from the checkpoint's state if there is one.

    ``reconstructions`` is an array file of the first pictures as the autoencoder gives them back; a quarter
    of the pictures is taken from it, so that the model knows how a generator's pictures look.
    """
    torch.manual_seed(seed)
    rng, where = np.random.default_rng(seed), device()
    pictures, attributes = data.load(folder)
    rebuilt = np.load(reconstructions, mmap_mode="r") if reconstructions else pictures[:0]
    rows = [data.attributes_of(row) for row in attributes]
    targets = torch.from_numpy(attributes.astype(np.int64))
    texts = Texts(tokenizer, rng)
    model = build(len(texts.tokenizer)).to(where, memory_format=torch.channels_last)
    heads = Heads().to(where)
    embeddings = [model.token_embedding.weight, model.positional_embedding]
    adam = {id(p) for p in embeddings}
    optimiser = Muon(
        [p for p in model.parameters() if id(p) not in adam],
        adam=[*embeddings, *heads.parameters()],
        lr=lr,
    )
    step, budget, state_file = 0, Budget(minutes), checkpoint / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, weights_only=True, map_location=where)
        model.load_state_dict(state["model"])
        heads.load_state_dict(state["heads"])
        optimiser.load_state_dict(state["optimiser"])
        step, budget = state["step"], Budget(minutes, state["spent"])
    model.train()
    while budget.share < 1:
        for group in optimiser.param_groups:
            group["lr"] = lr * cosine(budget.share)
        chosen = rng.integers(len(pictures), size=batch)
        shown = pictures[chosen]
        if len(rebuilt):
            chosen[: batch // 4] = rng.integers(len(rebuilt), size=batch // 4)
            shown[: batch // 4] = rebuilt[chosen[: batch // 4]]
        captions, labels = [texts.about(rows[i]) for i in chosen], texts.every_label()
        truth = fits([*captions, *labels], targets[chosen]).float().to(where)
        seen = functional.normalize(model.encode_image(augment(to_images(shown, where))), dim=-1)
        spoken = [texts.ids([said.text for said in group]).to(where) for group in (captions, labels)]
        read = torch.cat([encode_text(model, ids) for ids in spoken])
        similarities = seen @ read.T
        names = encode_text(model, texts.ids(texts.every_kind()).to(where))
        scale = model.logit_scale.exp().clamp(max=100)
        loss = (
            contrastive(scale * similarities[:, :batch], truth[:, :batch])
            + 0.5 * functional.cross_entropy(scale * seen @ names.T, targets[chosen, KIND].to(where))
            + heads.tagging(similarities[:, batch:], truth[:, batch:])
            + 0.5 * heads.classify(seen * 10, targets[chosen].to(where))
        )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}  {budget.spent:.1f} min  loss {loss.item():.3f}", flush=True)
        if step % 400 == 0:
            _save(checkpoint, model, heads, optimiser, step, budget, tokenizer)
    _save(checkpoint, model, heads, optimiser, step, budget, tokenizer)
    return model.eval()


def _save(
    checkpoint: Path, model: open_clip.CLIP, heads: Heads, optimiser: Muon, step: int, budget: Budget, tokenizer: Path
) -> None:  # fmt: skip
    state = {"model": model.state_dict(), "heads": heads.state_dict(), "optimiser": optimiser.state_dict()}
    atomic_save(state | {"step": step, "spent": budget.spent}, checkpoint / "state.pt")
    export(model, tokenizer, checkpoint / "open_clip")


def export(model: open_clip.CLIP, tokenizer: Path, folder: Path) -> None:
    """Write a folder that ``open_clip.create_model_and_transforms("local-dir:FOLDER")`` loads."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    save_file(tensors, folder / "open_clip_model.safetensors")
    description = {"model_cfg": config(model.vocab_size), "preprocess_cfg": PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(description, indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder written by train.data")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder written by train.tokenizer")
    parser.add_argument("--reconstructions", type=Path, help=".npy of pictures through the autoencoder")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(
        arguments.data,
        arguments.tokenizer,
        arguments.checkpoint,
        arguments.minutes,
        reconstructions=arguments.reconstructions,
    )


if __name__ == "__main__":
    main()
