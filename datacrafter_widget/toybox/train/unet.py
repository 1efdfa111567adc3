r"""Train the UNet of the toybox's diffusion pipeline on cached latents.

    python -m datacrafter_widget.toybox.train.unet --data DIR --latents FILE --pipeline DIR \\
        --checkpoint DIR --minutes 90 --processes 2

The text encoder, the tokenizer and the UNet to start from are those of ``--pipeline``. On a CPU every
process has one thread and its own part of the batch: two such processes beat one with two threads as soon as
anything else runs. With CUDA one process trains under bfloat16 autocast.

v-prediction (Salimans & Ho 2022) with noise levels drawn as in EDM (Karras et al. 2022), one caption in
ten dropped for classifier-free guidance, an exponential average of the weights, and a learning rate that
has decayed when the minutes are up. A checkpoint is a UNet2DConditionModel folder (the average) beside
``state.pt``.
"""

import argparse
import copy
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import distributed
from transformers import CLIPTextModel, CLIPTokenizer

from datacrafter_widget.toybox.captions import caption
from datacrafter_widget.toybox.train import data
from datacrafter_widget.toybox.train.optimiser import Muon
from datacrafter_widget.toybox.train.schedule import Budget, atomic_save, average, cosine, device

__all__ = ["SCHEDULE", "Trainer", "build"]

#: Noise schedule of training and sampling.
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}
_DROPPED = 0.1
_LOG_SIGMA = (-0.4, 1.2)


def build(channels: int = 8) -> UNet2DConditionModel:
    """A new UNet, 5.6 M parameters, for 16x16 latents."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(64, 96, 128),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=128,
        attention_head_dim=4,
        norm_num_groups=16,
    )


class Captioner:
    """Draws captions for pictures and encodes them, (B, tokens, width)."""

    def __init__(self, pipeline: Path, attributes: np.ndarray, rng: np.random.Generator) -> None:
        self._tokenizer = CLIPTokenizer.from_pretrained(pipeline / "tokenizer")
        encoder = CLIPTextModel.from_pretrained(pipeline / "text_encoder", dtype=torch.float32)
        self._encoder = encoder.eval().requires_grad_(False).to(device())
        self._attributes = [data.attributes_of(row) for row in attributes]
        self._rng = rng

    def __call__(self, chosen: np.ndarray) -> torch.Tensor:
        dropped = self._rng.random(len(chosen)) < _DROPPED
        texts = [
            "" if drop else caption(self._attributes[i], self._rng).text
            for i, drop in zip(chosen, dropped, strict=True)
        ]
        tokens = self._tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
        with torch.no_grad():
            return self._encoder(tokens.input_ids.to(self._encoder.device))[0]


class Noiser:
    """The forward process: timesteps, noised latents and the v to predict."""

    def __init__(self, where: torch.device) -> None:
        self.alphas = DDPMScheduler(**SCHEDULE).alphas_cumprod.to(where)
        self._log_sigmas = ((1 - self.alphas) / self.alphas).sqrt().log()

    def timesteps(self, count: int) -> torch.Tensor:
        """Three quarters log-normal in the noise level, where shapes are decided; one quarter uniform."""
        mean, deviation = _LOG_SIGMA
        quantiles = (torch.randperm(count) + torch.rand(count)) / count
        log_sigmas = mean + deviation * torch.special.ndtri(quantiles.clamp(1e-4, 1 - 1e-4))
        steps = torch.searchsorted(self._log_sigmas, log_sigmas.to(self.alphas.device))
        uniform = torch.randint(len(self.alphas), (count,), device=self.alphas.device)
        return torch.where(torch.rand(count, device=uniform.device) < 0.25, uniform, steps).clamp(0, 999)

    def __call__(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        steps = self.timesteps(len(latents))
        noise = torch.randn_like(latents)
        signal = self.alphas[steps].view(-1, 1, 1, 1)
        noised = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        return noised, steps, signal.sqrt() * noise - (1 - signal).sqrt() * latents


def _batches(count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Random batches without end, each picture once an epoch."""
    while True:
        order = rng.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


def _share_gradients(parameters: list[torch.nn.Parameter], share: float, rank: int) -> float:
    """Average the gradients over all processes; the first one's ``share`` becomes everyone's."""
    if not distributed.is_initialized():
        return share
    world = distributed.get_world_size()
    flat = torch.cat([p.grad.reshape(-1) for p in parameters] + [torch.tensor([share * world * (rank == 0)])])
    distributed.all_reduce(flat)
    flat /= world
    start = 0
    for parameter in parameters:
        size = parameter.numel()
        parameter.grad.copy_(flat[start : start + size].view(parameter.shape))
        start += size
    return float(flat[-1])


class Trainer:
    """One training process of ``world``; the first one keeps the average and writes the checkpoints."""

    def __init__(self, arguments: argparse.Namespace, rank: int = 0, world: int = 1) -> None:
        self.arguments, self.rank, self.where = arguments, rank, device()
        self.latents = torch.load(arguments.latents, weights_only=True, mmap=True)
        _, attributes = data.load(arguments.data)
        count = min(len(self.latents), len(attributes))
        state_file = arguments.checkpoint / "state.pt"
        state = None
        if state_file.exists():
            state = torch.load(state_file, weights_only=True, map_location=self.where)
        self.step: int = state["step"] if state else 0
        self.budget = Budget(arguments.minutes, state["spent"] if state else 0.0)
        torch.manual_seed(1000 * rank + self.step)
        rng = np.random.default_rng((rank, self.step))
        self._models(state)
        self.captions = Captioner(arguments.pipeline, attributes[:count], rng)
        self.noiser = Noiser(self.where)
        self.batches = _batches(count, arguments.batch // world, rng)

    def _models(self, state: dict[str, Any] | None) -> None:
        if self.arguments.from_scratch:
            unet = build(self.latents.shape[1])
        else:
            folder = self.arguments.pipeline / "unet"
            unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
        self.unet = unet.to(self.where, memory_format=torch.channels_last).train()
        self.smooth = copy.deepcopy(self.unet).requires_grad_(False)
        self.parameters = list(unet.parameters())
        ends = [*unet.conv_in.parameters(), *unet.conv_out.parameters()]
        inner = [p for p in self.parameters if all(p is not end for end in ends)]
        self.optimiser = Muon(inner, adam=ends, lr=self.arguments.lr)
        if state:
            self.unet.load_state_dict(state["model"])
            self.smooth.load_state_dict(state["smooth"])
            self.optimiser.load_state_dict(state["optimiser"])

    def run(self) -> None:
        """Train until the minutes are up."""
        first, began, total = self.step, self.budget.spent, 0.0
        saved, share = began, self.budget.share
        while share < 1:
            loss, share = self._learn(share)
            if self.rank:
                continue
            total += loss
            average(self.smooth.parameters(), self.parameters, self.step, 0.998)
            spent = self.budget.spent
            if self.step % 50 == 0:
                rate = (self.step - first) * self.arguments.batch / (spent - began) / 60
                told = f"step {self.step}  {spent:.1f} min  loss {total / 50:.4f}  {rate:.0f} pictures/s"
                print(told, flush=True)
                total = 0.0
            if spent - saved > 2 or share >= 1:
                saved = spent
                self._save()

    def _learn(self, share: float) -> tuple[float, float]:
        """One step; returns the loss and the share of the minutes that is spent now."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.arguments.lr * cosine(share)
        chosen = np.sort(next(self.batches))
        clean = self.latents[torch.from_numpy(chosen)].float().to(self.where)
        noised, steps, target = self.noiser(clean.contiguous(memory_format=torch.channels_last))
        with torch.autocast(self.where.type, torch.bfloat16, enabled=self.where.type == "cuda"):
            out = self.unet(noised, steps, self.captions(chosen), return_dict=False)[0]
        loss = (out.float() - target).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        share = _share_gradients(self.parameters, self.budget.share, self.rank)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        return loss.item(), share

    def _save(self) -> None:
        state: dict[str, object] = {
            "model": self.unet.state_dict(),
            "smooth": self.smooth.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent": self.budget.spent,
        }
        atomic_save(state, self.arguments.checkpoint / "state.pt")
        self.smooth.save_pretrained(self.arguments.checkpoint)


def _worker(rank: int, world: int, port: int, arguments: argparse.Namespace) -> None:
    address = f"tcp://127.0.0.1:{port}"
    distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=world)
    torch.set_num_threads(arguments.threads)
    try:
        Trainer(arguments, rank, world).run()
    finally:
        distributed.destroy_process_group()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder written by train.data")
    parser.add_argument("--latents", type=Path, required=True, help="file written by train.autoencoder")
    parser.add_argument("--pipeline", type=Path, required=True, help="pipeline folder to start from")
    parser.add_argument("--from-scratch", action="store_true", help="start from a new UNet instead")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--processes", type=int, default=0 if torch.cuda.is_available() else os.cpu_count())
    parser.add_argument("--threads", type=int, default=1, help="threads of each process, on a CPU")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    arguments = parser.parse_args()
    if arguments.processes > 1:
        torch.multiprocessing.spawn(
            _worker, (arguments.processes, _free_port(), arguments), arguments.processes
        )
    else:
        torch.set_num_threads(arguments.threads)
        Trainer(arguments).run()


if __name__ == "__main__":
    main()
