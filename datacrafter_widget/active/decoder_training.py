"""Training a decoder on captions alone: it learns to invert an encoder's text embeddings (DeCap, Sec. 3.2)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.active.decoder import Decoder
from datacrafter_widget.active.modality import unit_rows
from datacrafter_widget.active.text_model import (
    END,
    TextModel,
    TextShape,
    learn_pieces,
    pieces_text,
    read_pieces,
)
from datacrafter_widget.errors import InputError, JobCancelled, ModelError
from datacrafter_widget.labels.text import plain_line
from datacrafter_widget.models.answers import digest
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import ArrayLike, NDArray

    EncodeTexts = Callable[[list[str]], ArrayLike]
    Progress = Callable[[int, int, str], object]

LEAST_CAPTIONS = 20
LONGEST_CAPTION = 300
_ENCODED_AT_ONCE = 256
_WARMUP_STEPS = 50
_LONGEST_GRADIENT = 1.0
_IGNORED = -100


@dataclass(frozen=True)
class DecoderSettings:
    """What a decoder is, and how it learns.

    Attributes:
        width: length of a hidden state.
        layers: transformer layers.
        heads: attention heads a layer; `width` is a multiple of it.
        context: most word pieces of a text; longer captions are learned up to there.
        vocabulary: most word pieces.
        steps: steps of the optimiser (AdamW).
        batch_size: captions a step.
        learning_rate: its highest; it rises for 50 steps and falls along half a cosine.
        noise: length of the random change of a training embedding, in units of its own length: a picture's
            projection never falls on a caption's embedding exactly (CapDec, Nukrai et al. 2022).
        memory: most texts of the support memory, drawn from the captions.
        temperature: of the projection onto the memory.
        checkpoint_every: steps between two checkpoints.
    """

    width: int = 256
    layers: int = 4
    heads: int = 4
    context: int = 40
    vocabulary: int = 8000
    steps: int = 4000
    batch_size: int = 128
    learning_rate: float = 5e-4
    noise: float = 0.1
    memory: int = 8000
    temperature: float = 0.01
    checkpoint_every: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "vocabulary", "memory", "checkpoint_every"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                msg = f"{name}: expected a whole number of 1 or more, found {value!r}"
                raise InputError(msg)
        if not 0 < self.learning_rate < 1 or not self.temperature > 0 or not 0 <= self.noise < math.inf:
            msg = (
                "expected a learning_rate between 0 and 1, a temperature above 0 and a noise of 0 or more, found "
                f"{self.learning_rate!r}, {self.temperature!r} and {self.noise!r}"
            )
            raise InputError(msg)


def train_decoder(
    captions: Sequence[str],
    encode_texts: EncodeTexts,
    *,
    settings: DecoderSettings | None = None,
    seed: int = 0,
    encoder: str = "",
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Decoder:
    """Learn to write texts for embeddings, from texts only.

    A step's randomness comes from the seed and its number alone: a training that was cut off ends as one that
    was not, on the CPU bit by bit.

    Args:
        captions: at least 20 different ones, in the manner in which pictures are to be described. One line of at
            most 300 characters is taken of each.
        encode_texts: texts → (L, D) embeddings.
        settings: of the model and the training.
        seed: of everything random.
        encoder: identity of the encoder, kept in the decoder.
        progress: told (done, total, message) often; it may raise JobCancelled.
        checkpoint: a safetensors file to go on from and to write, at every `checkpoint_every` steps and when it
            is cancelled. The caller deletes it when the decoder is kept.

    Raises:
        InputError: too few captions, or the checkpoint is of another training.
        JobCancelled: `progress` says so; the checkpoint is written.
        ModelError: the loss is no number any more.
        StoreError: the checkpoint can't be read or written.
    """
    settings = settings or DecoderSettings()
    texts = _usable(captions)
    tell = progress or (lambda *_: None)
    features = _encoded(texts, encode_texts, tell)
    run = _Run(settings, seed, digest([texts, asdict(settings), seed, encoder]), checkpoint)
    pieces = run.pieces(texts)
    model = TextModel(
        TextShape(
            features.shape[1],
            pieces.get_vocab_size(),
            settings.width,
            settings.layers,
            settings.heads,
            settings.context,
        ),
        seed,
    )
    run.train(model, pieces, _targets(texts, pieces, settings.context), features, tell)
    kept = np.random.default_rng([seed, 0]).permutation(len(texts))[: settings.memory]
    model.module.eval()
    return Decoder(model, pieces, features[np.sort(kept)], temperature=settings.temperature, encoder=encoder)


def _usable(captions: Sequence[str]) -> list[str]:
    lines = (plain_line(caption, LONGEST_CAPTION).strip(" .") for caption in captions)
    texts = list(dict.fromkeys(line for line in lines if line))
    if len(texts) < LEAST_CAPTIONS:
        msg = f"captions: expected {LEAST_CAPTIONS} different ones or more, found {len(texts)}"
        raise InputError(msg)
    return texts


def _encoded(texts: list[str], encode_texts: EncodeTexts, tell: Progress) -> NDArray[np.float32]:
    rows = []
    for start in range(0, len(texts), _ENCODED_AT_ONCE):
        tell(start, len(texts), "reading the captions")
        some = texts[start : start + _ENCODED_AT_ONCE]
        rows.append(unit_rows(encode_texts(some), "encode_texts").astype(np.float32))
    return np.concatenate(rows)


def _targets(texts: list[str], pieces: Any, context: int) -> NDArray[np.int64]:
    """(N, T) pieces of each caption and its end; -100 behind."""
    end = pieces.token_to_id(END)
    rows = [[*each.ids, end][:context] for each in pieces.encode_batch(texts)]
    table = np.full((len(rows), max(map(len, rows))), _IGNORED, np.int64)
    for row, ids in zip(table, rows, strict=True):
        row[: len(ids)] = ids
    return table


@dataclass(frozen=True)
class _Run:
    """One training and its checkpoint."""

    settings: DecoderSettings
    seed: int
    key: str
    checkpoint: Path | None

    def pieces(self, texts: list[str]) -> Any:
        """The word pieces: those of the checkpoint, where there is one."""
        saved = self._saved()
        return (
            learn_pieces(texts, self.settings.vocabulary)
            if saved is None
            else read_pieces(saved[1]["pieces"])
        )

    def train(
        self,
        model: TextModel,
        pieces: Any,
        targets: NDArray[np.int64],
        features: NDArray[np.float32],
        tell: Progress,
    ) -> None:
        import torch

        named = dict(model.module.named_parameters())
        optimizer = torch.optim.AdamW(named.values(), lr=self.settings.learning_rate, weight_decay=0.01)
        start = self._restore(named, optimizer)
        model.module.train()
        saved, total = start, self.settings.steps
        step = start
        try:
            for step in range(start, total):
                tell(step, total, "learning to describe")
                for group in optimizer.param_groups:
                    group["lr"] = self.settings.learning_rate * _share_of_rate(step, total)
                loss = self._loss(model, targets, features, step)
                if not math.isfinite(float(loss.detach())):
                    msg = f"the loss of step {step + 1} is no number; train anew with a lower learning_rate"
                    raise ModelError(msg)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(named.values(), _LONGEST_GRADIENT)
                optimizer.step()
                optimizer.zero_grad()
                if (step + 1) % self.settings.checkpoint_every == 0:
                    self._save(named, optimizer, pieces, step + 1)
                    saved = step + 1
        except JobCancelled:
            if saved < step:
                self._save(named, optimizer, pieces, step)
            raise
        tell(total, total, "learning to describe")

    def _loss(
        self, model: TextModel, targets: NDArray[np.int64], features: NDArray[np.float32], step: int
    ) -> torch.Tensor:
        import torch

        draw = np.random.default_rng([self.seed, step + 1])
        rows = draw.integers(len(targets), size=self.settings.batch_size)
        noise = draw.standard_normal((len(rows), features.shape[1])) * (
            self.settings.noise / math.sqrt(features.shape[1])
        )
        near = unit_rows(features[rows] + noise, "features")
        used = targets[rows]
        used = used[:, : int((used != _IGNORED).sum(axis=1).max())]
        wanted = torch.from_numpy(used)
        logits = model.logits(torch.from_numpy(near.astype(np.float32)), wanted[:, :-1].clamp(min=0))
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=_IGNORED
        )

    def _saved(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        if self.checkpoint is None or not self.checkpoint.exists():
            return None
        tensors, state = read_tensors(self.checkpoint)
        if state.get("key") != self.key:
            msg = (
                f"{self.checkpoint} is of a training with other captions or settings; expected one of this "
                "training. Train into another file, or delete that one"
            )
            raise InputError(msg)
        return tensors, state

    def _save(
        self, named: dict[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer, pieces: Any, step: int
    ) -> None:
        if self.checkpoint is None:
            return
        tensors: dict[str, torch.Tensor] = dict(named)
        moments = optimizer.state_dict()["state"]
        for number, name in enumerate(named):
            tensors |= {f"{name}/{key}": value for key, value in moments[number].items()}
        write_tensors(
            self.checkpoint, tensors, {"key": self.key, "step": step, "pieces": pieces_text(pieces)}
        )

    def _restore(self, named: dict[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer) -> int:
        saved = self._saved()
        if saved is None:
            return 0
        tensors, state = saved
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for number, (name, parameter) in enumerate(named.items()):
            parameter.data.copy_(tensors[name])
            start = f"{name}/"
            moments[number] = {
                key.removeprefix(start): each for key, each in tensors.items() if key.startswith(start)
            }
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        return int(state["step"])


def _share_of_rate(step: int, total: int) -> float:
    rise = min(1.0, (step + 1) / min(_WARMUP_STEPS, total))
    return rise * 0.5 * (1 + math.cos(math.pi * step / total))
