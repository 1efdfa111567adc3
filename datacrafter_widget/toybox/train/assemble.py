r"""Put trained parts together and swap them into the package's ``weights`` folder.

    python -m datacrafter_widget.toybox.train.assemble --pipeline DIR --unet DIR --autoencoder DIR \\
        --clip DIR --judge FILE --keep DIR

Everything is written in half precision, as safetensors, beside the final folder and then renamed; the set
that was there before is kept in a new folder under ``--keep``.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

import torch
from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

from datacrafter_widget import toybox
from datacrafter_widget.toybox.train.unet import SCHEDULE

__all__ = ["LIMIT", "assemble", "save_pipeline", "size_of"]

#: Most bytes that all weights together may take.
LIMIT = 24 * 2**20


def scheduler() -> DPMSolverMultistepScheduler:
    """DPM-Solver++ (Lu et al. 2022) for few steps: ten are enough."""
    return DPMSolverMultistepScheduler(
        **SCHEDULE,
        prediction_type="v_prediction",
        algorithm_type="dpmsolver++",
        solver_order=2,
        timestep_spacing="trailing",
    )


def save_pipeline(text: Path, unet: Path, autoencoder: Path, out: Path) -> None:
    """Write a StableDiffusionPipeline folder; ``text`` is a pipeline folder that lends its text side."""
    half = torch.float16
    StableDiffusionPipeline(
        vae=AutoencoderTiny.from_pretrained(autoencoder, torch_dtype=half),
        text_encoder=CLIPTextModel.from_pretrained(text / "text_encoder", dtype=half),
        tokenizer=CLIPTokenizer.from_pretrained(text / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(unet, torch_dtype=half),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(out)
    _tidy(out / "vae" / "config.json", "block_out_channels")
    for name in ("unet", "vae", "text_encoder"):
        _tidy(out / name / "config.json", "_name_or_path")


def write_defaults(pipeline: Path) -> None:
    """Write the settings that suit the pipeline, as any pipeline folder may bring them."""
    settings = {"num_inference_steps": 8, "guidance_scale": 4.0, "strength": 0.7, "batch_size": 16}
    (pipeline / "datacrafter.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def _tidy(config: Path, entry: str) -> None:
    """Drop an entry that diffusers writes and then warns about, or that names a folder of this machine."""
    settings = json.loads(config.read_text())
    settings.pop(entry, None)
    config.write_text(json.dumps(settings, indent=2) + "\n")


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def assemble(arguments: argparse.Namespace) -> None:
    """Build the new set beside the old one, check its size, and swap."""
    final = toybox.PIPELINE.parent
    part = final.with_name("weights.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    save_pipeline(arguments.pipeline, arguments.unet, arguments.autoencoder, part / "pipeline")
    write_defaults(part / "pipeline")
    shutil.copytree(arguments.clip, part / "clip")
    (part / "clip" / "vocabulary.txt").write_text("".join(f"{word}\n" for word in toybox.VOCABULARY), "utf-8")
    shutil.copy(arguments.judge, part / "judge.safetensors")
    if (size := size_of(part)) > LIMIT:
        raise SystemExit(f"{part}: {size / 2**20:.1f} MiB are more than the {LIMIT / 2**20:.0f} MiB allowed")
    if final.exists():
        arguments.keep.mkdir(parents=True, exist_ok=True)
        shutil.move(final, arguments.keep / time.strftime("weights-%Y%m%d-%H%M%S"))
    part.rename(final)
    print(f"{final}: {size / 2**20:.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pipeline", type=Path, required=True, help="pipeline with text encoder and tokenizer"
    )
    parser.add_argument("--unet", type=Path, required=True)
    parser.add_argument("--autoencoder", type=Path, required=True)
    parser.add_argument("--clip", type=Path, required=True, help="open_clip folder")
    parser.add_argument("--judge", type=Path, required=True, help="judge.safetensors")
    parser.add_argument("--keep", type=Path, required=True, help="where the previous set goes")
    assemble(parser.parse_args())


if __name__ == "__main__":
    main()
