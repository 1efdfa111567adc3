"""What is trained: a word's vectors (textual inversion), or low-rank changes of the UNet (LoRA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from datacrafter_widget.models.tuning.files import write_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
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

    def conditions(self, picked: Sequence[int], draw: np.random.Generator) -> Conditions:
        """What the UNet is told of pictures of the concept, by their numbers."""

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

    def conditions(self, picked: Sequence[int], draw: np.random.Generator) -> Conditions:
        """A sentence about the word for each picture, encoded with gradients."""
        chosen = draw.integers(len(_SENTENCES), size=len(picked))
        sentences = [_SENTENCES[n].format(self._token) for n in chosen]
        return self._parts.encode_prompts(sentences)

    def prior_conditions(self, count: int) -> Conditions:
        """Nothing: a new word changes no other."""
        msg = f"{count} pictures of prior preservation were given to textual inversion, which has none"
        raise NotImplementedError(msg)

    def save(self, path: Path) -> None:
        """`{token: (V, D)}`; for two encoders "clip_l" and "clip_g", as files for SDXL have them."""
        names = (self._token,) if len(self._vectors) == 1 else ("clip_l", "clip_g")
        write_tensors(path, dict(zip(names, self._vectors, strict=True)))


class _Told:
    """The prompts of DreamBooth (Ruiz et al. 2023), encoded once: nothing about them is trained."""

    def __init__(self, parts: Parts, settings: TuningSettings, conditions: dict[str, torch.Tensor]) -> None:
        """Keep them on the device.

        Args:
            parts: the pipeline.
            settings: with the prompts.
            conditions: what `encode` gave.
        """
        self._parts = parts
        self._encoded = {name: tensor.to(parts.device) for name, tensor in conditions.items()}
        prompts = _prompts(settings)
        self._rows = [prompts.index(prompt) for prompt in settings.prompts]

    @staticmethod
    def encode(parts: Parts, settings: TuningSettings) -> dict[str, torch.Tensor]:
        """The concept's prompt, that of prior preservation, and those of single pictures."""
        import torch

        with torch.no_grad():
            encoded = parts.encode_prompts(_prompts(settings))
        return {name: tensor.cpu() for name, tensor in encoded.items()}

    @property
    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """What of the UNet is trained."""
        named = self._parts.pipeline.unet.named_parameters()
        return {name: parameter for name, parameter in named if parameter.requires_grad}

    def conditions(self, picked: Sequence[int], draw: np.random.Generator) -> Conditions:  # noqa: ARG002
        """Each picture's own prompt, or the same for all."""
        return self._told([self._rows[each] for each in picked] if self._rows else [0] * len(picked))

    def prior_conditions(self, count: int) -> Conditions:
        """The class's prompt for every picture."""
        return self._told([1] * count)

    def _told(self, rows: list[int]) -> Conditions:
        return {name: tensor[rows] for name, tensor in self._encoded.items()}

    def _write(self, path: Path, layers: dict[str, torch.Tensor]) -> None:
        """Write changes of the UNet as a file for `load_lora_weights`."""
        temporary = path.with_name(f".new-{path.name}")
        self._parts.pipeline.save_lora_weights(
            path.parent, unet_lora_layers=layers, weight_name=temporary.name
        )
        temporary.replace(path)


class LearnedChange(_Told):
    """Low-rank changes of the UNet's attention (Hu et al. 2022) for DreamBooth."""

    def __init__(self, parts: Parts, settings: TuningSettings, conditions: dict[str, torch.Tensor]) -> None:
        """Add them to a pipeline's UNet; arguments are those of `_Told`."""
        import torch
        from diffusers.training_utils import cast_training_params
        from peft import LoraConfig

        super().__init__(parts, settings, conditions)
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

    def save(self, path: Path) -> None:
        """A file for `load_lora_weights`."""
        from diffusers.utils import convert_state_dict_to_diffusers
        from peft.utils import get_peft_model_state_dict

        unet = self._parts.pipeline.unet
        self._write(path, convert_state_dict_to_diffusers(get_peft_model_state_dict(unet)))


class LearnedWeights(_Told):
    """All the UNet's matrices and kernels, as DreamBooth trains them.

    What was learned of each is written as its nearest change of low rank (by its singular vectors), so that it is
    a LoRA like any other: a small file, active only for prompts that name it. Biases and norms stay as they are.
    """

    def __init__(self, parts: Parts, settings: TuningSettings, conditions: dict[str, torch.Tensor]) -> None:
        """Begin with the UNet as it is; arguments are those of `_Told`."""
        import torch
        from diffusers.training_utils import cast_training_params

        super().__init__(parts, settings, conditions)
        self._rank = settings.rank
        unet = parts.pipeline.unet
        parts.place_unet()
        for module in unet.modules():
            if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
                module.weight.requires_grad_(True)
        cast_training_params(unet, torch.float32)
        self._before = {name: weight.detach().cpu().clone() for name, weight in self.parameters.items()}

    def save(self, path: Path) -> None:
        """A file for `load_lora_weights`."""
        layers: dict[str, torch.Tensor] = {}
        for name, weight in self.parameters.items():
            down, up = low_rank(weight.detach().cpu() - self._before[name], self._rank)
            layer = name.removesuffix(".weight")
            layers |= {f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up}
        self._write(path, layers)


def low_rank(change: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest change of low rank of a matrix or a kernel, as the two factors of a LoRA.

    Args:
        change: (O, I), or (O, I, h, w).
        rank: of the factors, R; where the change has less, the rest is zeros (one file, one rank).

    Returns:
        (R, I) and (O, R); of a kernel (R, I, h, w) and (O, R, 1, 1).
    """
    import torch

    up, values, down = torch.linalg.svd(change.flatten(1), full_matrices=False)
    root = values[:rank].sqrt()
    missing = rank - len(root)
    down = torch.nn.functional.pad(root[:, None] * down[:rank], (0, 0, 0, missing))
    up = torch.nn.functional.pad(up[:, :rank] * root, (0, missing))
    if change.ndim == 4:
        return down.reshape(rank, *change.shape[1:]).contiguous(), up[:, :, None, None].contiguous()
    return down.contiguous(), up.contiguous()


def _prompts(settings: TuningSettings) -> list[str]:
    """What is encoded: row 0 is the concept's prompt, row 1 that of prior preservation."""
    first = [f"a photo of a {settings.words}", settings.prior_prompt]
    return first + [each for each in dict.fromkeys(settings.prompts) if each not in first]


def _in_place_of(ids: list[int], vectors: torch.Tensor) -> Any:
    """A hook for an embedding layer: the rows of these ids come from `vectors`, with their gradient."""
    import torch

    def hook(_module: object, arguments: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
        for number, token_id in enumerate(ids):
            found = (arguments[0] == token_id).unsqueeze(-1)
            output = torch.where(found, vectors[number].to(output.dtype), output)
        return output

    return hook
