"""A Stable Diffusion or SDXL pipeline taken apart for training: latents, prompts and the UNet's prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.defaults import PipelineFolder
from datacrafter_widget.models.generator import fit
from datacrafter_widget.models.pipelines import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch
    from PIL import Image

Conditions = dict[str, Any]
"""What the UNet is told of each picture: "encoder_hidden_states" (B, T, D), for SDXL also "text_embeds" (B, P)."""

_FORMS = ("", "Img2Img", "Inpaint")
_FAMILIES = tuple(
    f"{name}{form}Pipeline" for name in ("StableDiffusion", "StableDiffusionXL") for form in _FORMS
)


def check_family(folder: Path, name: str) -> None:
    """See from its configuration files that a pipeline can be trained.

    Raises:
        ModelError: another family, or a form of these that has no plain text-to-image training.
    """
    pipeline = PipelineFolder.read(folder, name)
    channels = pipeline.vae.get("latent_channels", 4)
    plain = pipeline.denoiser.get("in_channels", 4) == channels
    encoders = pipeline.index.get("text_encoder", (None,))[-1]
    if pipeline.pipeline_class not in _FAMILIES or not plain or encoders is None:
        msg = (
            f"the model {name!r} can't be taught: expected a Stable Diffusion 1.x, 2.x or XL text-to-image "
            f"pipeline, found {pipeline.pipeline_class}{'' if plain else ' for inpainting'}. Train with the "
            "model that it was made from, or pass files trained elsewhere to DiffusersGenerator(lora=…, "
            "textual_inversion=…)"
        )
        raise ModelError(msg)


class Parts:
    """The parts of a pipeline, frozen, each brought to the device when it is needed.

    Weights that are not trained are bfloat16 on CUDA cards that compute it, else float32; the autoencoder and
    what is trained are float32.

    Attributes:
        pipeline: the diffusers pipeline.
        device: where it is trained.
        scheduler: the training noise schedule, with the pipeline's own betas and prediction type.
    """

    def __init__(self, folder: Path, name: str, device: str, size: int) -> None:
        """Load a pipeline.

        Args:
            folder: the pipeline's.
            name: what the user called it.
            device: as `resolve_device` gives it.
            size: pixels of a side of the pictures.

        Raises:
            ModelError: it can't be loaded, or is of a family that can't be trained.
        """
        import torch
        from diffusers import DDPMScheduler

        check_family(folder, name)
        self.pipeline = load(folder, torch.float32, "cpu", name)
        self.device = device
        self.scheduler = DDPMScheduler.from_config(self.pipeline.scheduler.config)
        self._size = size
        half = device.startswith("cuda") and torch.cuda.is_bf16_supported()
        self._dtype = torch.bfloat16 if half else torch.float32
        for part in (self.pipeline.unet, self.pipeline.vae, *self.text_encoders):
            part.requires_grad_(False)
            part.eval()

    @property
    def tokenizers(self) -> list[Any]:
        """One, or two for SDXL."""
        names = ("tokenizer", "tokenizer_2")
        return [part for name in names if (part := getattr(self.pipeline, name, None)) is not None]

    @property
    def text_encoders(self) -> list[Any]:
        """One, or two for SDXL."""
        names = ("text_encoder", "text_encoder_2")
        return [part for name in names if (part := getattr(self.pipeline, name, None)) is not None]

    def encode_pictures(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """Latents of pictures, resized and cropped to squares.

        Returns:
            (N, C, h, w) float32 on the CPU, scaled as the UNet takes them; the mode of the autoencoder's
            distribution where it has one.
        """
        import torch

        vae = self.pipeline.vae.to(self.device)
        latents = []
        with torch.no_grad():
            for picture in pictures:
                fitted = fit(picture.convert("RGB"), self._size, self._size)
                pixels = self.pipeline.image_processor.preprocess(fitted).to(self.device, torch.float32)
                encoded = vae.encode(pixels)
                # AutoencoderTiny gives latents, the others a distribution.
                found = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
                latents.append(self._scaled(found).cpu())
        vae.to("cpu")
        return torch.cat(latents)

    def _scaled(self, latents: torch.Tensor) -> torch.Tensor:
        import torch

        config = self.pipeline.vae.config
        mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
        if mean is not None and deviation is not None:
            shift = torch.tensor(mean, device=latents.device).view(1, -1, 1, 1)
            latents = (latents - shift) / torch.tensor(deviation, device=latents.device).view(1, -1, 1, 1)
        return latents * config.scaling_factor

    def encode_prompts(self, prompts: Sequence[str]) -> Conditions:
        """What the UNet is told of each prompt; gradients flow if the caller lets them."""
        for encoder in self.text_encoders:
            encoder.to(self.device)
        # Both families' methods take these; what more they return is about guidance.
        embeds, _, *pooled = self.pipeline.encode_prompt(
            list(prompts), device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        return {"encoder_hidden_states": embeds, **({"text_embeds": pooled[0]} if pooled else {})}

    def place_unet(self) -> None:
        """Bring the UNet to the device, ready for training steps."""
        import torch

        # torch's own method: that of diffusers warns of modules to keep in float32 even where there are none.
        unet = torch.nn.Module.to(self.pipeline.unet, self.device, self._dtype)
        if self.device.startswith("cuda"):  # a third slower, and SDXL fits a 16 GB card
            unet.enable_gradient_checkpointing()
            unet.train()

    def predict(self, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """The UNet's prediction for noisy latents (B, C, h, w) at timesteps (B,), float32."""
        import torch

        added = None
        if "text_embeds" in conditions:
            # SDXL is told of the picture's size, its crop's corner, and the size asked for (Sec. 2.2 there).
            sizes = [self._size, self._size, 0, 0, self._size, self._size]
            time_ids = torch.tensor(sizes, dtype=noisy.dtype, device=noisy.device).repeat(len(noisy), 1)
            added = {"text_embeds": conditions["text_embeds"], "time_ids": time_ids}
        with torch.autocast("cuda", torch.bfloat16, enabled=self._dtype == torch.bfloat16):
            predicted = self.pipeline.unet(
                noisy.to(self._dtype),
                timesteps,
                encoder_hidden_states=conditions["encoder_hidden_states"].to(self._dtype),
                added_cond_kwargs=added,
            ).sample
        return predicted.float()
