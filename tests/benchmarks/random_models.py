"""Diffusion pipelines of the usual sizes with random weights: as slow as the real ones, and nothing to download."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from datacrafter_widget import toybox

CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
CROSS_UP, PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"


def tokenizer():
    return CLIPTokenizer.from_pretrained(toybox.PIPELINE, subfolder="tokenizer")


def text_encoder(width, layers, heads, kind=CLIPTextModel):
    words = tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        projection_dim=width,
        eos_token_id=words.eos_token_id,
        bos_token_id=words.bos_token_id,
        pad_token_id=words.pad_token_id,
        max_position_embeddings=words.model_max_length,
    )
    return kind(config)


def vae(channels=(128, 256, 512, 512), *, scaling_factor=0.18215):
    return AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
        scaling_factor=scaling_factor,
        force_upcast=False,
    )


def sd(width, layers, heads, head_dim, linear):
    """A Stable Diffusion of one text encoder; SD 1.5 and SD-Turbo (the 2.1 architecture) differ in these."""
    return StableDiffusionPipeline(
        vae=vae(),
        text_encoder=text_encoder(width, layers, heads),
        tokenizer=tokenizer(),
        unet=UNet2DConditionModel(
            sample_size=64,
            block_out_channels=(320, 640, 1280, 1280),
            down_block_types=(CROSS, CROSS, CROSS, PLAIN),
            up_block_types=(PLAIN_UP, CROSS_UP, CROSS_UP, CROSS_UP),
            cross_attention_dim=width,
            attention_head_dim=head_dim,
            use_linear_projection=linear,
        ),
        scheduler=EulerDiscreteScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl():
    return StableDiffusionXLPipeline(
        vae=vae(scaling_factor=0.13025),
        text_encoder=text_encoder(768, 12, 12),
        text_encoder_2=text_encoder(1280, 32, 20, CLIPTextModelWithProjection),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=UNet2DConditionModel(
            sample_size=128,
            block_out_channels=(320, 640, 1280),
            down_block_types=(PLAIN, CROSS, CROSS),
            up_block_types=(CROSS_UP, CROSS_UP, PLAIN_UP),
            transformer_layers_per_block=(1, 2, 10),
            attention_head_dim=(5, 10, 20),
            cross_attention_dim=2048,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=1280 + 6 * 256,
        ),
        scheduler=EulerDiscreteScheduler(),
    )


BUILDERS = {
    "sd-1.5": lambda: sd(768, 12, 12, 8, linear=False),
    "sd-turbo": lambda: sd(1024, 23, 16, (5, 10, 20, 20), linear=True),
    "sdxl": sdxl,
}


def save(name: str, folder: Path) -> Path:
    """Build a model with seeded random weights and save it in half precision as diffusers does."""
    target = folder / name
    if not (target / "model_index.json").is_file():
        torch.manual_seed(0)
        BUILDERS[name]().to(dtype=torch.bfloat16).save_pretrained(target)
    return target
