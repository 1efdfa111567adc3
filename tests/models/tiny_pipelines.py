"""Pipelines of several families with tiny random weights, as model folders."""

from pathlib import Path

import torch

from datacrafter_widget.models.registry import TOYBOX_PIPELINE

WORDS = "a photo of the red orange green fish house crane bird snow in on with sks"
TOKENIZER = TOYBOX_PIPELINE / "tokenizer"


def clip_tokenizer():
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(TOKENIZER)


def t5_tokenizer():
    """Knows a few words; the others are unknown to it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(f"▁{word}", -float(number + 1)) for number, word in enumerate(WORDS.split())]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return T5TokenizerFast(tokenizer_object=tokenizer, extra_ids=0, **special)


def clip_text_encoder(tokenizer, width=16, *, projection=False):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=tokenizer.model_max_length,
        projection_dim=width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


def t5_text_encoder(tokenizer, width=16):
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(vocab_size=len(tokenizer), d_model=width, d_ff=32, d_kv=8, num_heads=2, num_layers=1)
    )


def unet(cross_attention, in_channels=4, **changes):
    from diffusers import UNet2DConditionModel

    settings = {
        "sample_size": 8,
        "in_channels": in_channels,
        "out_channels": 4,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": cross_attention,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**{**settings, **changes})


def vae(latent_channels=4, **changes):
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
        latent_channels=latent_channels,
        **changes,
    )


def scheduler():
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, clip_sample=False
    )


def stable_diffusion():
    from diffusers import StableDiffusionPipeline

    return _stable_diffusion(StableDiffusionPipeline)


def inpainting():
    """A checkpoint whose UNet takes the mask and the masked picture beside the latents."""
    from diffusers import StableDiffusionInpaintPipeline

    return _stable_diffusion(StableDiffusionInpaintPipeline, in_channels=9)


def latent_consistency():
    """Consistency-distilled: the guidance is embedded, and there is no `interrupt` flag."""
    from diffusers import LatentConsistencyModelPipeline, LCMScheduler

    return _stable_diffusion(
        LatentConsistencyModelPipeline, LCMScheduler(original_inference_steps=50), time_cond_proj_dim=32
    )


def _stable_diffusion(pipeline_class, own_scheduler=None, **changes):
    tokenizer = clip_tokenizer()
    return pipeline_class(
        vae=vae(),
        text_encoder=clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet(16, **changes),
        scheduler=own_scheduler or scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl():
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    tokenizer = clip_tokenizer()
    return StableDiffusionXLPipeline(
        vae=vae(force_upcast=True),
        text_encoder=clip_text_encoder(tokenizer),
        text_encoder_2=clip_text_encoder(tokenizer, projection=True),
        tokenizer=tokenizer,
        tokenizer_2=clip_tokenizer(),
        unet=unet(
            32,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 16,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
    )


def stable_diffusion_3():
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    tokenizer = clip_tokenizer()
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=8,
            patch_size=2,
            in_channels=16,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=32,
            caption_projection_dim=16,
            pooled_projection_dim=32,
            out_channels=16,
            pos_embed_max_size=96,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(16, shift_factor=0.06, scaling_factor=1.5, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip_text_encoder(tokenizer, projection=True),
        tokenizer=tokenizer,
        text_encoder_2=clip_text_encoder(tokenizer, projection=True),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=None,
        tokenizer_3=None,
    )


def flux():
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    tokenizer, tokenizer_2 = clip_tokenizer(), t5_tokenizer()
    return FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=64,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=1,
            joint_attention_dim=16,
            pooled_projection_dim=16,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae(16, shift_factor=0.1, scaling_factor=0.36, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=t5_text_encoder(tokenizer_2),
        tokenizer_2=tokenizer_2,
    )


def pixart():
    """No image-to-image form, and no callback at the end of a step."""
    from diffusers import DPMSolverMultistepScheduler, PixArtSigmaPipeline, PixArtTransformer2DModel

    tokenizer = t5_tokenizer()
    return PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=t5_text_encoder(tokenizer),
        vae=vae(),
        transformer=PixArtTransformer2DModel(
            sample_size=8,
            num_layers=1,
            patch_size=2,
            attention_head_dim=8,
            num_attention_heads=2,
            caption_channels=16,
            cross_attention_dim=16,
            in_channels=4,
            out_channels=8,
        ),
        scheduler=DPMSolverMultistepScheduler(),
    )


def latent_diffusion():
    """The first of its kind: not known to the Auto classes, with an autoencoder by another name."""
    from diffusers import LDMTextToImagePipeline
    from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel

    tokenizer = clip_tokenizer()
    return LDMTextToImagePipeline(
        vqvae=vae(),
        bert=LDMBertModel(
            LDMBertConfig(
                vocab_size=len(tokenizer),
                max_position_embeddings=77,  # the pipeline's own
                d_model=16,
                encoder_layers=1,
                encoder_ffn_dim=32,
                encoder_attention_heads=2,
                head_dim=8,
            )
        ),
        tokenizer=tokenizer,
        unet=unet(16),
        scheduler=scheduler(),
    )


FAMILIES = {
    "stable_diffusion": stable_diffusion,
    "stable_diffusion_xl": stable_diffusion_xl,
    "stable_diffusion_3": stable_diffusion_3,
    "flux": flux,
    "latent_consistency": latent_consistency,
    "inpainting": inpainting,
    "pixart": pixart,
    "latent_diffusion": latent_diffusion,
}


def save(family: str, folder: Path) -> Path:
    """Build a pipeline, always with the same weights, and write it as a model folder."""
    torch.manual_seed(0)
    FAMILIES[family]().save_pretrained(folder)
    return folder


def write_lora(pipeline, path: Path, strength=1.0) -> Path:
    """Write a random LoRA of the denoiser's attention, as diffusers' training scripts do."""
    from peft import LoraConfig, get_peft_model_state_dict

    torch.manual_seed(1)
    part = "unet" if hasattr(pipeline, "unet") else "transformer"
    model = getattr(pipeline, part)
    config = LoraConfig(r=2, lora_alpha=2, init_lora_weights=False, target_modules=["to_q", "to_v"])
    model.add_adapter(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.mul_(strength)
    layers = get_peft_model_state_dict(model)
    model.delete_adapters(["default"])
    type(pipeline).save_lora_weights(path.parent, **{f"{part}_lora_layers": layers}, weight_name=path.name)
    return path


def write_textual_inversion(pipeline, path: Path, token: str, vectors=1) -> Path:
    """Write random word vectors; for two text encoders "clip_l" and "clip_g", as files for SDXL have them."""
    from safetensors.torch import save_file

    torch.manual_seed(2)
    widths = [
        part.get_input_embeddings().weight.shape[1]
        for name, part in sorted(pipeline.components.items())
        if name.startswith("text_encoder")
    ]
    names = [token] if len(widths) == 1 else ["clip_l", "clip_g"]
    save_file({name: torch.randn(vectors, width) for name, width in zip(names, widths, strict=True)}, path)
    return path
