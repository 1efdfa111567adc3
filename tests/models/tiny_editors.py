"""Editing models of several families with tiny random weights, as folders."""

import json
from pathlib import Path

import tiny_pipelines as tiny
import torch


def instruct_pix2pix():
    from diffusers import StableDiffusionInstructPix2PixPipeline

    return tiny._stable_diffusion(StableDiffusionInstructPix2PixPipeline, in_channels=8)


def instruct_pix2pix_xl():
    from diffusers import StableDiffusionXLInstructPix2PixPipeline

    parts = dict(tiny.stable_diffusion_xl().components)
    parts["unet"] = tiny.unet(
        32,
        in_channels=8,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 16,
    )
    wanted = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "scheduler")
    return StableDiffusionXLInstructPix2PixPipeline(**{name: parts[name] for name in wanted})


def flux_kontext():
    from diffusers import FluxKontextPipeline

    parts = tiny.flux().components
    wanted = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "transformer", "scheduler")
    return FluxKontextPipeline(**{name: parts[name] for name in wanted})


def paint_by_example():
    from diffusers import PaintByExamplePipeline
    from diffusers.pipelines.deprecated.paint_by_example.image_encoder import PaintByExampleImageEncoder
    from transformers import CLIPImageProcessor, CLIPVisionConfig

    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=5,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        projection_dim=16,
    )
    return PaintByExamplePipeline(
        vae=tiny.vae(),
        image_encoder=PaintByExampleImageEncoder(vision, proj_size=16),
        unet=tiny.unet(16, in_channels=9),
        scheduler=tiny.scheduler(),
        safety_checker=None,
        feature_extractor=CLIPImageProcessor(size=32, crop_size=32),
        requires_safety_checker=False,
    )


def qwen_image_edit(*, plus=False):
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPipeline,
        QwenImageEditPlusPipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    tokenizer = qwen_tokenizer()
    language = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
        "vocab_size": len(tokenizer),
    }
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 16,
        "fullatt_block_indexes": [0],
    }
    config = Qwen2_5_VLConfig(
        text_config=language,
        vision_config=vision,
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    )
    kind = QwenImageEditPlusPipeline if plus else QwenImageEditPipeline
    return kind(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=True),
        vae=AutoencoderKLQwenImage(
            base_dim=4,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        processor=Qwen2VLProcessor(
            image_processor=Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=56 * 56),
            tokenizer=tokenizer,
            video_processor=Qwen2VLVideoProcessor(),
        ),
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=1,
            joint_attention_dim=16,
            guidance_embeds=False,
            axes_dims_rope=(4, 6, 6),
        ),
    )


def qwen_tokenizer():
    """Every byte is a token."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    vocabulary = {letter: number for number, letter in enumerate(sorted(ByteLevel.alphabet()))}
    special = [
        "<|im_start|>",
        "<|im_end|>",
        "<|vision_start|>",
        "<|vision_end|>",
        "<|image_pad|>",
        "<|video_pad|>",
    ]
    vocabulary["<|endoftext|>"] = len(vocabulary)
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    return tokenizer


FAMILIES = {
    "instruct_pix2pix": instruct_pix2pix,
    "instruct_pix2pix_xl": instruct_pix2pix_xl,
    "flux_kontext": flux_kontext,
    "paint_by_example": paint_by_example,
    "qwen_image_edit": qwen_image_edit,
    "qwen_image_edit_plus": lambda: qwen_image_edit(plus=True),
}


def save(family: str, folder: Path) -> Path:
    """Build a pipeline, always with the same weights, and write it as a model folder."""
    torch.manual_seed(0)
    FAMILIES[family]().save_pretrained(folder)
    if family == "paint_by_example":  # as the folder on the hub says it
        index = json.loads((folder / "model_index.json").read_text())
        index["image_encoder"] = ["paint_by_example", "PaintByExampleImageEncoder"]
        (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def save_controlnet(base, folder: Path) -> Path:
    """Write a ControlNet for a pipeline's UNet; what is zero in a new one is random here, so that it has an effect."""
    from diffusers import ControlNetModel

    torch.manual_seed(1)
    controlnet = ControlNetModel.from_unet(base.unet, conditioning_channels=3)
    for module in (*controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block):
        torch.nn.init.normal_(module.weight, std=0.5)
    torch.nn.init.normal_(controlnet.controlnet_cond_embedding.conv_out.weight, std=0.5)
    controlnet.save_pretrained(folder)
    return folder


def save_ip_adapter(base, folder: Path, subfolder: str, weights: str) -> Path:
    """Write an IP-Adapter for a pipeline's UNet, with an image encoder."""
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(2)
    unet, width, tokens = base.unet, base.unet.config.cross_attention_dim, 4
    tensors = {
        "image_proj.proj.weight": torch.randn(tokens * width, 16),
        "image_proj.proj.bias": torch.randn(tokens * width),
        "image_proj.norm.weight": torch.ones(width),
        "image_proj.norm.bias": torch.zeros(width),
    }
    crossing = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for number, name in enumerate(crossing):
        hidden = unet.get_submodule(name.removesuffix(".processor")).to_q.in_features
        for part in ("to_k_ip", "to_v_ip"):
            tensors[f"ip_adapter.{2 * number + 1}.{part}.weight"] = torch.randn(hidden, width)
    (folder / subfolder).mkdir(parents=True)
    save_file(tensors, folder / subfolder / weights)
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        projection_dim=16,
    )
    CLIPVisionModelWithProjection(vision).save_pretrained(folder / subfolder / "image_encoder")
    return folder


def save_depth_model(folder: Path) -> Path:
    """Write a depth model of transformers."""
    from transformers import DPTConfig, DPTForDepthEstimation

    torch.manual_seed(3)
    config = DPTConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
    )
    DPTForDepthEstimation(config).save_pretrained(folder)
    processor = {
        "image_processor_type": "DPTImageProcessor",
        "do_resize": True,
        "size": {"height": 32, "width": 32},
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder
