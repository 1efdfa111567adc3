"""A small language model that writes a text for an embedding: the decoder of DeCap (Li et al., ICLR 2023)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from torch import Tensor, nn

#: Ends a text, and starts none.
END = "<end>"


@dataclass(frozen=True)
class TextShape:
    """The size of the model.

    Attributes:
        dim: length of an embedding.
        vocabulary: word pieces.
        width: length of a hidden state.
        layers: transformer layers.
        heads: attention heads a layer; `width` is a multiple of it.
        context: most word pieces of a text.
    """

    dim: int
    vocabulary: int
    width: int
    layers: int
    heads: int
    context: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                msg = f"{name}: expected a whole number of 1 or more, found {value!r}"
                raise InputError(msg)
        if self.width % self.heads:
            msg = f"width: expected a multiple of heads ({self.heads}), found {self.width}"
            raise InputError(msg)


class TextModel:
    """A causal transformer whose first token is the embedding.

    Weights come from a generator of its own: neither torch's global one nor other threads matter.

    Args:
        shape: its size.
        seed: of the weights.

    Attributes:
        shape: its size.
        module: the torch module, on the CPU.
    """

    shape: TextShape
    module: nn.ModuleDict

    def __init__(self, shape: TextShape, seed: int = 0) -> None:
        import torch
        from torch import nn

        self.shape = shape
        # On "meta" nothing is drawn; the weights are set below.
        with torch.device("meta"):
            layer = nn.TransformerEncoderLayer(
                shape.width,
                shape.heads,
                4 * shape.width,
                dropout=0.0,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            parts = {
                "prefix": nn.Linear(shape.dim, shape.width),
                "pieces": nn.Embedding(shape.vocabulary, shape.width),
                "positions": nn.Embedding(shape.context, shape.width),
                "layers": nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False),
                "norm": nn.LayerNorm(shape.width),
            }
        self.module = nn.ModuleDict(parts).to_empty(device="cpu")
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in self.module.named_parameters():
                if parameter.ndim > 1:
                    # unit embeddings have small entries: the first token would drown among the pieces
                    parameter.normal_(0.0, 1.0 if name == "prefix.weight" else 0.02, generator=generator)
                else:
                    parameter.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)

    def logits(self, embeddings: Tensor, pieces: Tensor) -> Tensor:
        """What may come next, after the embedding and after each piece.

        Args:
            embeddings: (B, D).
            pieces: (B, T) indices, T from 0 to `context` - 1.

        Returns:
            (B, T + 1, V).
        """
        import torch
        from torch import nn

        length = pieces.shape[1] + 1
        table = self.module["pieces"].weight
        hidden = torch.cat([self.module["prefix"](embeddings)[:, None], self.module["pieces"](pieces)], dim=1)
        hidden = hidden + self.module["positions"].weight[:length]
        causal = nn.Transformer.generate_square_subsequent_mask(length)
        hidden = self.module["layers"](hidden, mask=causal, is_causal=True)
        return self.module["norm"](hidden) @ table.T

    def write(self, embedding: ArrayLike, *, end: int, beams: int) -> list[list[int]]:
        """The likeliest texts for an embedding by beam search, highest mean log-likelihood of a piece first.

        Args:
            embedding: (D,).
            end: the index that ends a text.
            beams: texts that are followed at a time, and returned at most.

        Returns:
            The pieces of each text, without the end; ended ones where there are any.
        """
        import torch

        prefix = torch.from_numpy(np.asarray(embedding, np.float32))[None]
        live = [(0.0, list[int]())]
        ended: list[tuple[float, list[int]]] = []
        with torch.inference_mode():
            for length in range(1, self.shape.context + 1):
                pieces = torch.tensor([text for _, text in live], dtype=torch.long).reshape(len(live), -1)
                last = self.logits(prefix.expand(len(live), -1), pieces)[:, -1].log_softmax(dim=-1)
                totals = (torch.tensor([score for score, _ in live])[:, None] + last).flatten()
                best = totals.topk(min(2 * beams, len(totals)))
                grown = []
                for total, place in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                    row, piece = divmod(place, self.shape.vocabulary)
                    text = live[row][1]
                    if piece == end:
                        ended.append((total / length, text))
                    else:
                        grown.append((total, [*text, piece]))
                live = grown[:beams]
                ended = sorted(ended, key=lambda each: -each[0])[:beams]
                if len(ended) == beams and ended[-1][0] >= live[0][0] / length:
                    break
        return [text for _, text in ended or live]


def learn_pieces(captions: Sequence[str], size: int) -> Any:
    """Learn word pieces (byte-pair encoding, Sennrich et al. 2016) from captions; case is lost, as in CLIP.

    Returns:
        A `tokenizers.Tokenizer`.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    pieces = Tokenizer(models.BPE())
    pieces.normalizer = normalizers.Lowercase()
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[END], show_progress=False)
    pieces.train_from_iterator(captions, trainer)
    return pieces


def read_pieces(text: str) -> Any:
    """The word pieces that `pieces_text` wrote.

    Raises:
        InputError: it is something else.
    """
    from tokenizers import Tokenizer

    try:
        pieces = Tokenizer.from_str(text)
    except Exception as error:  # tokenizers raises nothing narrower
        msg = f"vocabulary: expected the JSON of a tokenizer, found: {str(error)[:200]}"
        raise InputError(msg) from error
    if pieces.token_to_id(END) is None:
        msg = f"vocabulary: expected the piece {END!r} in it, found none; train the decoder anew"
        raise InputError(msg)
    return pieces


def pieces_text(pieces: Any) -> str:
    """Word pieces as JSON without blanks."""
    return json.dumps(json.loads(pieces.to_str()), separators=(",", ":"))
