"""From an embedding to a sentence without a captioning model: DeCap (Li et al., ICLR 2023)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from datacrafter_widget.active.modality import ModalityGap, project_onto_memory, unit_rows
from datacrafter_widget.active.text_model import END, TextModel, TextShape, pieces_text, read_pieces
from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.models.encoder import Encoder

BEAMS = 5
_FORMAT = 1


class Decoder:
    """Says in words what an embedding of one encoder means.

    It has learned to find the caption of a text embedding. A picture's embedding is first written as a mean of
    those in its support memory of texts: so it lands among texts, with nothing trained on pictures.

    `train_decoder` makes one.

    Args:
        model: writes the texts.
        pieces: the word pieces, a `tokenizers.Tokenizer`.
        memory: (M, D) text embeddings.
        temperature: of the projection onto the memory.
        encoder: identity of the encoder whose embeddings it reads; "" for one that has none.

    Attributes:
        memory: (M, D) unit rows.
        temperature: of the projection onto the memory.
        encoder: identity of the encoder whose embeddings it reads.
    """

    memory: NDArray[np.float64]

    def __init__(
        self, model: TextModel, pieces: Any, memory: ArrayLike, *, temperature: float, encoder: str = ""
    ) -> None:
        self.memory = unit_rows(memory, "memory", model.shape.dim)
        self.temperature = temperature
        self.encoder = encoder
        self._model = model
        self._pieces = pieces

    @property
    def dim(self) -> int:
        """Length of the embeddings that it reads."""
        return self._model.shape.dim

    def decode(self, image_features: ArrayLike, *, image_mean: ArrayLike | None = None) -> list[str]:
        """The likeliest text for each picture's embedding.

        Args:
            image_features: (N, D), of pictures or made up ones.
            image_mean: (D,) mean of the pictures' unit features, to take the modality gap out before the memory
                is searched; None searches it with the features as they are (DeCap).

        Returns:
            N texts in small letters.

        Raises:
            InputError: features of another length, or numbers that are none.
        """
        return [each[0] for each in self.candidates(image_features, 1, image_mean=image_mean)]

    def candidates(
        self, image_features: ArrayLike, count: int, *, image_mean: ArrayLike | None = None
    ) -> list[list[str]]:
        """Several texts for each picture's embedding, the likeliest first; arguments as for `decode`.

        Returns:
            N lists of 1 to `count` different texts.

        Raises:
            InputError: features of another length, or a count below 1.
        """
        if count < 1:
            msg = f"count: expected 1 text or more, found {count!r}"
            raise InputError(msg)
        gap = None
        if image_mean is not None:
            mean = np.asarray(image_mean, np.float64)
            gap = ModalityGap(mean, self.memory.mean(axis=0))
        projected = project_onto_memory(image_features, self.memory, temperature=self.temperature, gap=gap)
        return [self.texts_of(row, count) for row in projected]

    def texts_of(self, text_feature: ArrayLike, count: int) -> list[str]:
        """Up to `count` texts for a text embedding (D,), which needs no projection; the likeliest first."""
        end = self._pieces.token_to_id(END)
        found = self._model.write(text_feature, end=end, beams=max(count, BEAMS))
        texts = (" ".join(self._pieces.decode(text).split()) for text in found)
        return list(dict.fromkeys(texts))[:count]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one safetensors file in half precision; the word pieces are JSON in its header.

        Raises:
            StoreError: the disk refused.
        """
        import torch

        tensors = {f"model.{name}": each.half() for name, each in self._model.module.state_dict().items()}
        tensors["memory"] = torch.from_numpy(self.memory).half()
        state = {
            "format": _FORMAT,
            "shape": vars(self._model.shape),
            "temperature": self.temperature,
            "encoder": self.encoder,
            "pieces": pieces_text(self._pieces),
        }
        write_tensors(Path(path), tensors, state)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, encoder: str | None = None) -> Self:
        """Read what `save` wrote.

        Args:
            path: the file.
            encoder: identity that its encoder has to have; None takes any.

        Raises:
            StoreError: the file is missing or damaged, or no decoder.
            InputError: it is of another encoder.
        """
        import torch

        tensors, state = read_tensors(Path(path))
        if state.get("format") != _FORMAT:
            msg = f"{path}: expected a decoder of format {_FORMAT}, found {state.get('format')!r}; train it anew"
            raise StoreError(msg)
        if encoder is not None and state["encoder"] != encoder:
            msg = (
                f"{path}: expected a decoder of the encoder {encoder!r}, found one of {state['encoder']!r}. "
                "Train one for this encoder"
            )
            raise InputError(msg)
        try:
            memory = tensors.pop("memory").to(torch.float64).numpy()
            model = TextModel(TextShape(**state["shape"]))
            weights = {name.removeprefix("model."): each.float() for name, each in tensors.items()}
            model.module.load_state_dict(weights)
            pieces = read_pieces(state["pieces"])
        except (KeyError, TypeError, RuntimeError, InputError) as error:
            msg = f"{path}: expected a whole decoder, found: {str(error)[:200]}; train it anew"
            raise StoreError(msg) from error
        return cls(model, pieces, memory, temperature=state["temperature"], encoder=state["encoder"])


def decoder_beside(encoder: Encoder) -> Decoder | None:
    """The decoder that came with an encoder's folder, in `decoder.safetensors` beside it; None without one.

    The toybox has one. A decoder of other weights than the encoder's is none.

    Raises:
        StoreError: the file is damaged.
    """
    path = None if encoder.folder is None else encoder.folder.with_name("decoder.safetensors")
    if path is None or not path.is_file():
        return None
    try:
        return Decoder.load(path, encoder=encoder.identity)
    except InputError:
        return None
