"""What is trained: a word's vectors (textual inversion), or low-rank changes of the UNet (LoRA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from datacrafter_widget.models.tuning.files import write_tensors

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch

    from datacrafter_widget.models.tuning.parts import Conditions, Parts
    from datacrafter_widget.models.tuning.settings import TuningSettings

# Neutral ways to speak of a picture, so that the word learns what is shown and not how it is called.
_SENTENCES = (
    "a photo of a {}",
    "a picture of a {}",
    "an image of a {}",
    "a photograph of a {}",
    "a photo of the {}",
    "a good photo of a {}",
    "a close-up photo of a {}",
    "a cropped photo of a {}",
)
_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")


class Learner(Protocol):
    """A part of a pipeline that is being trained."""

    @property
    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """What the optimiser changes, by name."""

    def conditions(self, count: int, draw: np.random.Generator) -> Conditions:
        """What the UNet is told of `count` pictures of the concept."""

    def prior_conditions(self, count: int) -> Conditions:
        """What it is told of `count` pictures of prior preservation."""

    def save(self, path: Path) -> None:
        """Write what was learned, as diffusers reads it."""


class LearnedWord:
    """New word vectors in front of a frozen text encoder, or two (Gal et al. 2022, Eq. 2).

    They start as the mean of the vectors of the class's word.
    """

    def __init__(self, parts: Parts, settings: TuningSettings) -> None:
        import torch

        self._parts = parts
        self._token = settings.token
        # diffusers reads "<word>" as "<word> <word>_1 …" where a file has several vectors.
        tokens = [settings.token, *(f"{settings.token}_{n}" for n in range(1, settings.vectors))]
        self._vectors: list[torch.nn.Parameter] = []
        for tokenizer, encoder in zip(parts.tokenizers, parts.text_encoders, strict=True):
            encoder.to(parts.device)
            words = tokenizer(settings.word, add_special_tokens=False).input_ids
            start = encoder.get_input_embeddings().weight[words].detach().mean(dim=0)
            tokenizer.add_tokens(tokens)
            encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False).requires_grad_(False)
            vectors = torch.nn.Parameter(start.float().repeat(settings.vectors, 1))
            ids = tokenizer.convert_tokens_to_ids(tokens)
            encoder.get_input_embeddings().register_forward_hook(_in_place_of(ids, vectors))
            self._vectors.append(vectors)

    @property
    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """The vectors (V, D) of each text encoder."""
        return {f"text_encoder_{n}": vectors for n, vectors in enumerate(self._vectors)}

    def conditions(self, count: int, draw: np.random.Generator) -> Conditions:
        """A sentence about the word for each picture, encoded with gradients."""
        sentences = [_SENTENCES[n].format(self._token) for n in draw.integers(len(_SENTENCES), size=count)]
        return self._parts.encode_prompts(sentences)

    def prior_conditions(self, count: int) -> Conditions:
        """Nothing: a new word changes no other."""
        msg = f"{count} pictures of prior preservation were given to textual inversion, which has none"
        raise NotImplementedError(msg)

    def save(self, path: Path) -> None:
        """`{token: (V, D)}`; for two encoders "clip_l" and "clip_g", as files for SDXL have them."""
        names = (self._token,) if len(self._vectors) == 1 else ("clip_l", "clip_g")
        write_tensors(path, dict(zip(names, self._vectors, strict=True)))


class LearnedChange:
    """Low-rank changes of the UNet's attention (Hu et al. 2022) for DreamBooth (Ruiz et al. 2023)."""

    def __init__(self, parts: Parts, settings: TuningSettings, conditions: dict[str, torch.Tensor]) -> None:
        """Add them to a pipeline's UNet.

        Args:
            parts: the pipeline.
            settings: with the rank.
            conditions: what `encode` gave.
        """
        import torch
        from diffusers.training_utils import cast_training_params
        from peft import LoraConfig

        self._parts = parts
        self._encoded = {name: tensor.to(parts.device) for name, tensor in conditions.items()}
        unet = parts.pipeline.unet
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.rank,
            init_lora_weights="gaussian",
            target_modules=list(_ATTENTION),
        )
        with torch.random.fork_rng(devices=[]):  # peft draws from the global randomness
            torch.default_generator.manual_seed(settings.seed)
            unet.add_adapter(config)
        parts.place_unet()
        cast_training_params(unet, torch.float32)

    @staticmethod
    def encode(parts: Parts, settings: TuningSettings) -> dict[str, torch.Tensor]:
        """The prompts, encoded once: the concept's, then that of prior preservation."""
        import torch

        prompts = [f"a photo of a {settings.words}", settings.prior_prompt]
        with torch.no_grad():
            return {name: tensor.cpu() for name, tensor in parts.encode_prompts(prompts).items()}

    @property
    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """The low-rank matrices."""
        named = self._parts.pipeline.unet.named_parameters()
        return {name: parameter for name, parameter in named if parameter.requires_grad}

    def conditions(self, count: int, draw: np.random.Generator) -> Conditions:  # noqa: ARG002
        """The same prompt for every picture."""
        return self._repeated(0, count)

    def prior_conditions(self, count: int) -> Conditions:
        """The class's prompt for every picture."""
        return self._repeated(1, count)

    def _repeated(self, prompt: int, count: int) -> Conditions:
        return {
            name: tensor[prompt : prompt + 1].expand(count, *tensor.shape[1:])
            for name, tensor in self._encoded.items()
        }

    def save(self, path: Path) -> None:
        """A file for `load_lora_weights`."""
        from diffusers.utils import convert_state_dict_to_diffusers
        from peft.utils import get_peft_model_state_dict

        layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(self._parts.pipeline.unet))
        temporary = path.with_name(f".new-{path.name}")
        self._parts.pipeline.save_lora_weights(
            path.parent, unet_lora_layers=layers, weight_name=temporary.name
        )
        temporary.replace(path)


def _in_place_of(ids: list[int], vectors: torch.Tensor) -> Any:
    """A hook for an embedding layer: the rows of these ids come from `vectors`, with their gradient."""
    import torch

    def hook(_module: object, arguments: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
        for number, token_id in enumerate(ids):
            found = (arguments[0] == token_id).unsqueeze(-1)
            output = torch.where(found, vectors[number].to(output.dtype), output)
        return output

    return hook
