"""The training loop that both methods share: noise-prediction loss, AdamW, checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError, JobCancelled, ModelError
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.tuning.learners import Learner
    from datacrafter_widget.models.tuning.parts import Parts
    from datacrafter_widget.models.tuning.settings import TuningSettings

_SHOWN_LOSSES = 20


@dataclass(frozen=True)
class Latents:
    """Encoded pictures, float32 on the CPU.

    Attributes:
        pictures: (N, C, h, w), of the concept.
        prior: (M, C, h, w), of prior preservation, or None.
    """

    pictures: torch.Tensor
    prior: torch.Tensor | None = None


def train(
    parts: Parts,
    learner: Learner,
    latents: Latents,
    settings: TuningSettings,
    checkpoint: Path,
    job: Job[Any],
) -> list[float]:
    """Train from the start, or from the checkpoint where there is one, to the last step.

    A step's randomness comes from the seed and its number alone, so that a run that was cut off ends with
    bitwise the same parameters as one that was not. (On CUDA sums are made in no fixed order: nearly the same.)

    Args:
        parts: the pipeline, its UNet in place.
        learner: what is trained.
        latents: of the pictures.
        settings: of the training.
        checkpoint: the file to go on from and to write, every `settings.checkpoint_every` steps and when the
            job is cancelled.
        job: shows the progress; lets interactive jobs in between two steps.

    Returns:
        The loss of every step.

    Raises:
        JobCancelled: it was cancelled; the checkpoint is there.
        InputError: the checkpoint is of another training.
        ModelError: the loss is no number any more.
        StoreError: the checkpoint can't be read or written.
    """
    import torch

    named = learner.parameters
    optimizer = torch.optim.AdamW(named.values(), lr=settings.learning_rate)
    losses = _restore(checkpoint, named, optimizer, settings) if checkpoint.exists() else []
    saved = len(losses)
    try:
        for step in range(len(losses), settings.steps):
            job.checkpoint()
            loss = batch_loss(parts, learner, latents, settings, step)
            losses.append(_number(loss, step))
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * (1 - step / settings.steps if settings.decay else 1)
            optimizer.step()
            optimizer.zero_grad()
            mean = np.mean(losses[-_SHOWN_LOSSES:])
            job.update(done=step + 1, total=settings.steps, message=f"loss {mean:.4f}")
            if (step + 1) % settings.checkpoint_every == 0:
                _save(checkpoint, named, optimizer, settings, losses)
                saved = step + 1
    except JobCancelled:
        if saved < len(losses):
            _save(checkpoint, named, optimizer, settings, losses)
        raise
    return losses


def batch_loss(
    parts: Parts, learner: Learner, latents: Latents, settings: TuningSettings, step: int
) -> torch.Tensor:
    """The loss of one step's pictures, timesteps and noise (Ho et al. 2020, Eq. 14; v: Salimans & Ho 2022).

    With prior preservation as many pictures of the prior are added, weighted (DreamBooth, Eq. 2). Pictures may
    have weights of their own (Zhang et al. 2024, Sec. 3.3): they are drawn in proportion, which in the mean is the
    gradient of the weighted loss, and no step is spent on a picture that counts next to nothing.
    """
    import torch

    draw = np.random.default_rng([settings.seed, step])
    count = settings.batch_size
    picked = _drawn(len(latents.pictures), count, draw, settings.weights)
    clean = latents.pictures[picked]
    conditions = learner.conditions(picked, draw)
    if latents.prior is not None:
        clean = torch.cat([clean, latents.prior[_drawn(len(latents.prior), count, draw)]])
        prior = learner.prior_conditions(count)
        conditions = {name: torch.cat([tensor, prior[name]]) for name, tensor in conditions.items()}
    # Drawn on the CPU: the same noise on every device.
    randomness = torch.Generator().manual_seed(int(draw.integers(2**63)))
    noise = torch.randn(clean.shape, generator=randomness).to(parts.device)
    timesteps = torch.randint(
        parts.scheduler.config.num_train_timesteps, (len(clean),), generator=randomness
    ).to(parts.device)
    clean = clean.to(parts.device)
    predicted = parts.predict(parts.scheduler.add_noise(clean, noise, timesteps), timesteps, conditions)
    match parts.scheduler.config.prediction_type:
        case "v_prediction":
            target = parts.scheduler.get_velocity(clean, noise, timesteps)
        case "sample":
            target = clean
        case _:
            target = noise
    errors = (predicted - target).square().mean(dim=(1, 2, 3))
    return errors[:count].mean() + settings.prior_weight * errors[count:].sum() / count


def _drawn(all_of: int, count: int, draw: np.random.Generator, weights: Sequence[float] = ()) -> list[int]:
    if len(set(weights)) < 2:
        return draw.choice(all_of, count, replace=count > all_of).tolist()
    return draw.choice(all_of, count, p=np.array(weights) / sum(weights)).tolist()


def _number(loss: torch.Tensor, step: int) -> float:
    value = float(loss.detach())
    if not math.isfinite(value):
        msg = f"the loss of step {step + 1} is {value}; train anew with a lower learning_rate"
        raise ModelError(msg)
    return value


def _save(
    path: Path,
    named: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    settings: TuningSettings,
    losses: list[float],
) -> None:
    tensors: dict[str, torch.Tensor] = dict(named)
    moments = optimizer.state_dict()["state"]
    for number, name in enumerate(named):
        tensors |= {f"{name}/{key}": value for key, value in moments[number].items()}
    write_tensors(path, tensors, {"settings": settings.to_json(), "step": len(losses), "losses": losses})


def _restore(
    path: Path,
    named: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    settings: TuningSettings,
) -> list[float]:
    tensors, state = read_tensors(path)
    check_same(path, state, settings)
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for number, (name, parameter) in enumerate(named.items()):
        parameter.data.copy_(tensors[name])
        start = f"{name}/"
        moments[number] = {
            key.removeprefix(start): each for key, each in tensors.items() if key.startswith(start)
        }
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    losses: list[float] = state["losses"]
    return losses


def check_same(path: Path, state: dict[str, Any], settings: TuningSettings) -> None:
    """See that a file in the training's folder is of this training.

    Raises:
        InputError: its settings are others.
    """
    theirs, ours = state.get("settings", {}), settings.to_json()
    differing = sorted(name for name in ours if theirs.get(name) != ours[name])
    if differing:
        msg = (
            f"{path} is of another training: {differing[0]} is {theirs.get(differing[0])!r} there and "
            f"{ours[differing[0]]!r} here. Train into another folder, or delete that file"
        )
        raise InputError(msg)
