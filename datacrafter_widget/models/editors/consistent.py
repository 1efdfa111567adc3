"""Consistent denoising of a picture under two captions: editing without inversion.

The denoising diffusion consistent model of Xu et al., "Inversion-Free Image Editing with Natural Language" (InfEdit),
CVPR 2024: if all noise of a step is drawn afresh around a known clean picture z₀, that noise is known too, and nothing
has to be inverted. Two branches share it. The source branch is the picture; in the target branch the model's two
answers are compared at each step (Algorithm 2, with ε_con = ε):

    z₀ᵗᵍᵗ = (zᵗᵍᵗ - √(1-ᾱ) (ε_θ(zᵗᵍᵗ, target) - ε_θ(zˢʳᶜ, source) + ε)) / √ᾱ

With zᵗᵍᵗ = √ᾱ z₀ᵗᵍᵗ + √(1-ᾱ) ε and the model's own answer written as a clean picture X this is

    z₀ᵗᵍᵗ = z₀ˢʳᶜ + X(zᵗᵍᵗ, target) - X(zˢʳᶜ, source)

for any parameterisation of the model: the picture, and what differs between the two answers.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.editors.attention import of_the_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch


@dataclass(frozen=True)
class Conditions:
    """Captions as a UNet takes them.

    Attributes:
        embeddings: (B, tokens, width).
        without: the same of what to avoid (or of nothing), for guidance.
        pooled: (B, width), of models that take the whole caption's embedding, too (SDXL); else None.
        pooled_without: the same of what to avoid.
    """

    embeddings: torch.Tensor
    without: torch.Tensor
    pooled: torch.Tensor | None = None
    pooled_without: torch.Tensor | None = None


class CleanPicture:
    """What a pipeline's UNet takes for the clean picture behind a noisy one.

    Attributes:
        unet: the pipeline's.
        alphas: (T,) float32: how much of the picture is left at each timestep, squared (ᾱ).
    """

    def __init__(self, pipeline: Any) -> None:
        """Look whether a pipeline is of the kind.

        Raises:
            ModelError: it has no UNet of latents, or its scheduler no ᾱ.
        """
        unet: Any = getattr(pipeline, "unet", None)
        scheduler: Any = getattr(pipeline, "scheduler", None)
        alphas = getattr(scheduler, "alphas_cumprod", None)
        channels = getattr(getattr(unet, "config", None), "in_channels", None)
        latent_channels = getattr(
            getattr(getattr(pipeline, "vae", None), "config", None), "latent_channels", None
        )
        if alphas is None or channels is None or channels != latent_channels:
            msg = (
                f"inversion-free editing: expected a pipeline like Stable Diffusion or SDXL (a UNet of latents), "
                f"found {type(pipeline).__name__}; use another editor"
            )
            raise ModelError(msg)
        self._pipeline = pipeline
        self.unet: Any = unet
        self.alphas: torch.Tensor = alphas.float()
        self._kind = scheduler.config.prediction_type
        self._embeds_guidance = unet.config.time_cond_proj_dim is not None

    def conditions(self, captions: Sequence[str], negatives: Sequence[str]) -> Conditions:
        """Encode captions, and what to avoid with each."""
        pipeline = self._pipeline
        encoded = pipeline.encode_prompt(
            prompt=list(captions),
            device=self.unet.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=True,
            negative_prompt=list(negatives),
        )
        return Conditions(*encoded[:4])

    def timesteps(self, strength: float, steps: int) -> list[int]:
        """Evenly spaced timesteps, the noisiest first, from `strength` of the noise on; the last is above 0."""
        count = len(self.alphas) * strength
        return [max(0, round(count * (1 - step / steps)) - 1) for step in range(steps)]

    def __call__(
        self, noisy: torch.Tensor, timestep: int, conditions: Conditions, guidance: torch.Tensor
    ) -> torch.Tensor:
        """Clean latents.

        Args:
            noisy: (B, C, h, w).
            timestep: of all.
            conditions: (B, …).
            guidance: (B,); 1 is none.
        """
        import torch

        weight = guidance.view(-1, 1, 1, 1).to(noisy)
        if self._embeds_guidance:
            answer = self._answer(noisy, timestep, conditions.embeddings, conditions.pooled, guidance)
        elif bool((guidance == 1).all()):
            answer = self._answer(noisy, timestep, conditions.embeddings, conditions.pooled, None)
        else:
            both = torch.cat([conditions.without, conditions.embeddings])
            pooled = None
            if conditions.pooled is not None and conditions.pooled_without is not None:
                pooled = torch.cat([conditions.pooled_without, conditions.pooled])
            without, answer = self._answer(torch.cat([noisy, noisy]), timestep, both, pooled, None).chunk(2)
            answer = without + weight * (answer - without)
        alpha = self.alphas[timestep].to(noisy.device)
        if self._kind == "v_prediction":
            return alpha.sqrt() * noisy - (1 - alpha).sqrt() * answer
        if self._kind == "sample":
            return answer
        return (noisy - (1 - alpha).sqrt() * answer) / alpha.sqrt()

    def _answer(
        self,
        noisy: torch.Tensor,
        timestep: int,
        embeddings: torch.Tensor,
        pooled: torch.Tensor | None,
        guidance: torch.Tensor | None,
    ) -> torch.Tensor:
        """What the UNet says, in float32."""
        import torch

        pipeline, unet = self._pipeline, self.unet
        options: dict[str, Any] = {}
        if guidance is not None:
            options["timestep_cond"] = pipeline.get_guidance_scale_embedding(
                guidance.cpu() - 1, embedding_dim=unet.config.time_cond_proj_dim
            ).to(device=noisy.device, dtype=unet.dtype)
        if pooled is not None:
            scale = pipeline.vae_scale_factor
            height, width = (side * scale for side in noisy.shape[2:])
            sizes = torch.tensor([[height, width, 0, 0, height, width]] * len(noisy))
            options["added_cond_kwargs"] = {
                "text_embeds": pooled,
                "time_ids": sizes.to(device=noisy.device, dtype=unet.dtype),
            }
        time = torch.tensor(timestep, device=noisy.device)
        return unet(
            noisy.to(unet.dtype), time, encoder_hidden_states=embeddings, return_dict=False, **options
        )[0].float()


def edited(
    predict: CleanPicture,
    clean: torch.Tensor,
    source: Conditions,
    target: Conditions,
    *,
    timesteps: Sequence[int],
    guidance: tuple[float, float],
    generators: Sequence[torch.Generator],
    attending: int = 0,
    changing: torch.Tensor | None = None,
    after_step: Callable[[int, int], object] = lambda _step, _steps: None,
) -> torch.Tensor:
    """Latents of pictures, edited.

    Args:
        predict: the model.
        clean: (B, C, h, w) float32, scaled latents of the pictures, where the model is.
        source: what they show.
        target: what they are to show.
        timesteps: the noisiest first.
        guidance: of the source and of the target.
        generators: of each picture's noise, on the CPU.
        attending: in how many of the first steps the target attends as the source does (see `attention`).
        changing: (B, 1, h, w), 1 where a picture may change, 0 where it stays; None: everywhere.
        after_step: called as `after_step(step, steps)`; an exception ends the work.

    Returns:
        Of the shape of `clean`.
    """
    import torch

    count = len(clean)
    weights = torch.tensor([guidance[0]] * count + [guidance[1]] * count)
    both = _joined(source, target)
    result = clean
    for step, timestep in enumerate(timesteps):
        alpha = predict.alphas[timestep].to(clean.device)
        noise = torch.stack([torch.randn(clean.shape[1:], generator=own) for own in generators]).to(clean)
        noisy = [alpha.sqrt() * latents + (1 - alpha).sqrt() * noise for latents in (clean, result)]
        shared = of_the_source(predict.unet, count) if step < attending else contextlib.nullcontext()
        with shared:
            before, after = predict(torch.cat(noisy), timestep, both, weights).chunk(2)
        result = clean + after - before
        if changing is not None:
            result = clean + changing * (result - clean)
        after_step(step + 1, len(timesteps))
    return result


def _joined(one: Conditions, other: Conditions) -> Conditions:
    import torch

    def joined(first: torch.Tensor | None, second: torch.Tensor | None) -> Any:
        return None if first is None or second is None else torch.cat([first, second])

    return Conditions(
        joined(one.embeddings, other.embeddings),
        joined(one.without, other.without),
        joined(one.pooled, other.pooled),
        joined(one.pooled_without, other.pooled_without),
    )
