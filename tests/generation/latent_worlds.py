"""A real autoencoder behind the two methods that guided imagination asks of a generator."""

import torch
from torchvision.transforms.functional import pil_to_tensor

from datacrafter_widget.generation.imagination import fit
from datacrafter_widget.toybox import PIPELINE


class Autoencoder:
    """The toybox's autoencoder alone, loaded by diffusers."""

    def __init__(self):
        from diffusers import AutoencoderTiny

        self._vae = AutoencoderTiny.from_pretrained(PIPELINE / "vae").requires_grad_(requires_grad=False)
        self._scale = self._vae.config.scaling_factor

    def encode_latents(self, images, width, height):
        pixels = torch.stack([pil_to_tensor(fit(image, width, height)) for image in images]) / 127.5 - 1
        return self._vae.encode(pixels).latents * self._scale

    def decode_latents(self, latents):
        return (self._vae.decode(latents / self._scale).sample / 2 + 0.5).clamp(0, 1)
