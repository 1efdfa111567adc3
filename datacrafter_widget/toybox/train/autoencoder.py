"""Train the autoencoder: 64x64 pictures to 16x16 latents of eight channels and back.

    python -m datacrafter_widget.toybox.train.autoencoder --data DIR --checkpoint DIR --minutes 12

``--decoder-only`` keeps the encoder, and with it every latent and the UNet trained on them. The loss is L1
plus the L1 of the picture's gradients, for sharp edges; noise on the latents makes the decoder forgive a
generator's small errors. A checkpoint is a diffusers ``AutoencoderTiny`` folder beside ``state.pt``.
"""

import argparse
import copy
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch.nn import functional

from datacrafter_widget.toybox.train import data
from datacrafter_widget.toybox.train.optimiser import Muon
from datacrafter_widget.toybox.train.schedule import Budget, atomic_save, average, cosine, device

__all__ = ["build", "encode_all", "psnr", "train"]

CHANNELS = 8


def build() -> AutoencoderTiny:
    """A new autoencoder."""
    return AutoencoderTiny(
        encoder_block_out_channels=(32, 32, 32),
        decoder_block_out_channels=(32, 32, 32),
        num_encoder_blocks=(0, 2, 4),
        num_decoder_blocks=(5, 2, 0),
        latent_channels=CHANNELS,
        scaling_factor=1.0,
    )


def start_from(folder: Path) -> AutoencoderTiny:
    """The autoencoder of a folder, with blocks that it lacks added as identities."""
    model, old = build(), AutoencoderTiny.from_pretrained(folder, torch_dtype=torch.float32)
    for side in ("encoder", "decoder"):
        fresh, given = getattr(model, side).layers, iter(getattr(old, side).layers)
        layer = next(given, None)
        for target in fresh:
            if layer is not None and type(layer) is type(target) and _same_shapes(layer, target):
                target.load_state_dict(layer.state_dict())
                layer = next(given, None)
            else:
                torch.nn.init.zeros_(target.conv[-1].weight)
                torch.nn.init.zeros_(target.conv[-1].bias)
        if layer is not None:
            raise SystemExit(f"{folder}: its {side} does not fit into the one built here.")
    model.register_to_config(scaling_factor=old.config.scaling_factor)
    return model


def _same_shapes(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return [p.shape for p in one.parameters()] == [p.shape for p in other.parameters()]


def to_batch(pictures: np.ndarray, where: torch.device) -> torch.Tensor:
    """(N, 64, 64, 3) uint8 → (N, 3, 64, 64) in [-1, 1]."""
    batch = torch.from_numpy(np.ascontiguousarray(pictures)).to(where).permute(0, 3, 1, 2)
    return (batch.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def _crops(pictures: np.ndarray, count: int, side: int, rng: np.random.Generator) -> np.ndarray:
    rows, columns = rng.integers(64 - side + 1, size=(2, count))
    chosen = rng.integers(len(pictures), size=count)
    return np.stack(
        [pictures[i, r : r + side, c : c + side] for i, r, c in zip(chosen, rows, columns, strict=True)]
    )


def _edges(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def reconstruction_loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1 + 0.7 · L1 of gradients + MSE."""
    edges = sum((a - b).abs().mean() for a, b in zip(_edges(out), _edges(target), strict=True))
    return functional.l1_loss(out, target) + 0.7 * edges + functional.mse_loss(out, target)


def _regulariser(latents: torch.Tensor) -> torch.Tensor:
    """Keeps each channel near mean 0 and deviation 1, and within the ±3 that AutoencoderTiny can decode."""
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    return (mean**2).mean() + ((deviation - 1) ** 2).mean() + functional.relu(latents.abs() - 2.7).mean()


def psnr(model: AutoencoderTiny, pictures: np.ndarray) -> float:
    """Mean peak signal-to-noise ratio of the reconstructions, in dB."""
    where = model.device
    values = []
    for start in range(0, len(pictures), 100):
        x = to_batch(pictures[start : start + 100], where)
        with torch.no_grad():
            out = model.decode(model.encode(x).latents).sample.clamp(-1, 1)
        values.append(-10 * (((out - x) ** 2).mean((1, 2, 3)) / 4).log10())
    return float(torch.cat(values).mean())


def encode_all(model: AutoencoderTiny, pictures: np.ndarray, batch: int = 200) -> torch.Tensor:
    """Scaled latents of all pictures, (N, 8, 16, 16) float16 on the CPU."""
    out = []
    for start in range(0, len(pictures), batch):
        x = to_batch(pictures[start : start + batch], model.device)
        with torch.no_grad():
            latents = model.encode(x).latents * model.config.scaling_factor
        out.append(latents.half().cpu())
    return torch.cat(out).contiguous()


def train(
    folder: Path, checkpoint: Path, minutes: float, *, start: Path | None = None, decoder_only: bool = False,
    batch: int = 64, crop: int = 32, lr: float = 1.5e-3, seed: int = 0, noise: float = 0.07,
) -> AutoencoderTiny:  # fmt: skip
    """Train for some minutes of wall clock, from the checkpoint's state if there is one.

    It trains on random squares of ``crop`` pixels: a convolution learns as much from four quarters of four
    pictures as from one picture, for a quarter of the time.
    """
    torch.manual_seed(seed)
    rng, where = np.random.default_rng(seed), device()
    pictures, _ = data.load(folder)
    model = (start_from(start) if start else build()).to(where, memory_format=torch.channels_last)
    if decoder_only:
        model.encoder.requires_grad_(False)
    smooth = copy.deepcopy(model).requires_grad_(False)
    optimiser = Muon([p for p in model.parameters() if p.requires_grad], lr=lr)
    step, budget, state_file = 0, Budget(minutes), checkpoint / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, weights_only=True, map_location=where)
        model.load_state_dict(state["model"])
        smooth.load_state_dict(state["smooth"])
        optimiser.load_state_dict(state["optimiser"])
        step, budget = state["step"], Budget(minutes, state["spent"])
    total = 0.0
    while budget.share < 1:
        for group in optimiser.param_groups:
            group["lr"] = lr * cosine(budget.share)
        x = to_batch(_crops(pictures, batch, crop, rng), where)
        latents = model.encode(x).latents
        out = model.decode(latents + noise * torch.randn_like(latents)).sample
        loss = reconstruction_loss(out, x) + (0 if decoder_only else 0.02 * _regulariser(latents))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        average(smooth.parameters(), model.parameters(), step, 0.995)
        total += loss.item()
        if step % 100 == 0:
            print(f"step {step}  {budget.spent:.1f} min  loss {total / 100:.4f}", flush=True)
            total = 0.0
        if step % 500 == 0:
            _save(checkpoint, model, smooth, optimiser, step, budget)
    _save(checkpoint, model, smooth, optimiser, step, budget)
    return smooth


def _save(
    checkpoint: Path,
    model: AutoencoderTiny,
    smooth: AutoencoderTiny,
    optimiser: Muon,
    step: int,
    budget: Budget,
) -> None:
    state = {"model": model.state_dict(), "smooth": smooth.state_dict(), "optimiser": optimiser.state_dict()}
    atomic_save(state | {"step": step, "spent": budget.spent}, checkpoint / "state.pt")
    smooth.save_pretrained(checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder written by train.data")
    parser.add_argument("--test", type=Path, help="another such folder, to report the PSNR on")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--start", type=Path, help="autoencoder folder to start from")
    parser.add_argument("--decoder-only", action="store_true", help="keep the encoder and its latents")
    parser.add_argument("--latents", type=Path, help="also encode the training set into this .pt file")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = train(
        arguments.data,
        arguments.checkpoint,
        arguments.minutes,
        start=arguments.start,
        decoder_only=arguments.decoder_only,
    )
    pictures, _ = data.load(arguments.data)
    if not arguments.decoder_only:
        model.register_to_config(scaling_factor=1.0)
        model.register_to_config(scaling_factor=float(1 / encode_all(model, pictures[:2000]).float().std()))
        model.save_pretrained(arguments.checkpoint)
    if arguments.test:
        print(f"PSNR {psnr(model, data.load(arguments.test)[0][:1000]):.2f} dB", file=sys.stderr)
    if arguments.latents:
        torch.save(encode_all(model, pictures), arguments.latents)


if __name__ == "__main__":
    main()
