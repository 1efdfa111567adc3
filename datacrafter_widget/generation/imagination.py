"""Guided imagination (GIF): starts from which pictures come out informative and unlike each other.

Zhang et al., "Expanding Small-Scale Datasets with Guided Imagination" (NeurIPS 2023): the latent of a parent
picture is moved channel by channel before it is denoised. The moves begin at random; one or more steps then
raise the class-maintained informativeness and the diversity of the pictures of one parent, as a zero-shot
classifier sees them in the decoded latents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError, ModelError, OutOfMemoryError
from datacrafter_widget.models.device import free_memory, is_out_of_memory, translate_oom
from datacrafter_widget.models.generator import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import ArrayLike

    from datacrafter_widget.models.encoder import DifferentiableEncoder
    from datacrafter_widget.models.generator import LatentGenerator, PictureRequest

_STREAM = 0x61F  # keeps the moves' randomness apart from the noise that the seed gives the denoiser


@dataclass(frozen=True)
class ImaginationSettings:
    """How far latents are moved, and towards what; the defaults are the released ones (there for Pets).

    Attributes:
        epsilon: the most that a value of the scaled latent may change (L∞).
        step_size: how much a step changes each channel's factor and offset.
        steps: steps from the random moves.
        optimise: take the steps; without, the random moves stay.
        informativeness_weight: of p'_j and the entropy's increase.
        diversity_weight: of the divergence from the group's mean.
        diversity_temperature: features are divided by it before the softmax, as in `metrics.diversity`; None:
            by the classifier's own temperature. At 1, features of length 1 are all but uniform, and the
            divergence is too small to count.
        chunk_size: pictures at a time through decoder and encoder; more take more memory and less time.

    Raises:
        InputError: a setting out of range.
    """

    epsilon: float = 0.8
    step_size: float = 0.1
    steps: int = 1
    optimise: bool = True
    informativeness_weight: float = 1.0
    diversity_weight: float = 1.0
    diversity_temperature: float | None = None
    chunk_size: int = 1

    def __post_init__(self) -> None:
        for name in ("epsilon", "step_size", "informativeness_weight", "diversity_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"{name}: expected a number of 0 or more, found {getattr(self, name)!r}")
        for name in ("steps", "chunk_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected 1 or more, found {getattr(self, name)!r}")
        if self.diversity_temperature is not None and not self.diversity_temperature > 0:
            raise InputError(
                f"diversity_temperature: expected a number above 0, found {self.diversity_temperature!r}"
            )


class Imagination:
    """Gives pictures that have a parent the latents to start from.

    The same requests in the same groups get the same starts. On CUDA, where the last digits of gradients vary,
    a step may rarely go another way.

    Args:
        generator: encodes and decodes latents.
        encoder: embeds pixels so that gradients flow back.
        class_features: (C, D) text embeddings of the classes' prompts, rows of length 1.
        logit_scale: what cosines are multiplied with before the softmax over classes.
        settings: how far to move, and towards what.

    Raises:
        InputError: `class_features` is not (C, D).
    """

    def __init__(
        self,
        generator: LatentGenerator,
        encoder: DifferentiableEncoder,
        class_features: ArrayLike,
        logit_scale: float,
        settings: ImaginationSettings | None = None,
    ) -> None:
        self.settings = settings or ImaginationSettings()
        self._generator = generator
        self._encoder = encoder
        self._class_features = np.asarray(class_features, np.float32)
        if self._class_features.ndim != 2 or not len(self._class_features):
            raise InputError(f"class_features: expected shape (C, D), found {self._class_features.shape}")
        self._logit_scale = logit_scale

    def starts(
        self,
        requests: Sequence[PictureRequest],
        groups: Sequence[int],
        *,
        on_step: Callable[[], object] | None = None,
    ) -> list[PictureRequest]:
        """The requests, each with `start` set.

        The random moves come from each request's seed, optimised or not.

        Args:
            requests: pictures to make, each with its parent, all of one size.
            groups: one id a request. Those with the same id share their parent and are made diverse among
                each other; a group of one is moved towards informativeness alone.
            on_step: called often on the way; may raise to stop.

        Raises:
            InputError: a request without a parent, or not one group a request.
            OutOfMemoryError: one picture takes more memory than there is.
            ModelError: the generator or the encoder failed.
        """
        import torch

        check = on_step or _go_on
        _check(requests, groups)
        parents: dict[int, torch.Tensor] = {}
        for request, group in zip(requests, groups, strict=True):
            if group not in parents:
                check()
                parents[group] = self._encoded(request)
        if not parents:
            return []
        latents = torch.stack([parents[group] for group in groups])
        scale, offset = _moves([request.seed for request in requests], latents)
        if self.settings.optimise:
            objective = self._objective(requests, groups, latents.device, check)
            for _ in range(self.settings.steps):
                scale, offset = self._step(latents, scale, offset, objective, check)
        moved = perturbed(latents, scale, offset, self.settings.epsilon).cpu()
        return [replace(request, start=row) for request, row in zip(requests, moved, strict=True)]

    def _encoded(self, request: PictureRequest) -> torch.Tensor:
        """One at a time, so that a latent does not depend on what else is encoded."""
        import torch

        assert request.parent is not None
        with torch.no_grad():
            latent = self._generator.encode_latents([request.parent], request.width, request.height)[0]
        if not torch.isfinite(latent).all():
            msg = 'the generator gives numbers that are none for a parent picture; use dtype="float32"'
            raise ModelError(msg)
        return latent.float()

    def _objective(
        self,
        requests: Sequence[PictureRequest],
        groups: Sequence[int],
        device: torch.device,
        check: Callable[[], object],
    ) -> Objective:
        import torch

        known: dict[int, torch.Tensor] = {}
        for request, group in zip(requests, groups, strict=True):
            if group not in known:
                check()
                with torch.no_grad():
                    known[group] = self._encoder.image_features(_pixels(request))[0].to(device)
        return Objective(
            torch.stack([known[group] for group in groups]),
            torch.tensor(list(groups), device=device),
            torch.from_numpy(self._class_features).to(device),
            self._logit_scale,
            self.settings,
        )

    def _step(
        self,
        latents: torch.Tensor,
        scale: torch.Tensor,
        offset: torch.Tensor,
        objective: Objective,
        check: Callable[[], object],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A step by the gradient's signs, upwards."""
        import torch

        with torch.enable_grad():
            scale, offset = scale.requires_grad_(), offset.requires_grad_()
            moved = perturbed(latents, scale, offset, self.settings.epsilon)
            gradient = self._gradient(moved.detach(), objective, check)
            by_scale, by_offset = torch.autograd.grad(moved, (scale, offset), gradient)
        size = self.settings.step_size
        return (scale + size * by_scale.sign()).detach(), (offset + size * by_offset.sign()).detach()

    def _gradient(
        self, latents: torch.Tensor, objective: Objective, check: Callable[[], object]
    ) -> torch.Tensor:
        """The objective's gradient at the latents (K, C, h, w).

        The objective joins the pictures of a group, but only by their features: so these are computed first,
        without keeping anything, and then each chunk of pictures once more on its own. Memory is that of one
        chunk, whatever the group's size.
        """
        import torch

        chunks = latents.split(self.settings.chunk_size)
        features = []
        for chunk in chunks:
            check()
            with torch.no_grad():
                features.append(self._features(chunk))
        joined = torch.cat(features).requires_grad_()
        (wanted,) = torch.autograd.grad(objective(joined).sum(), joined)
        gradients = []
        for chunk, direction in zip(chunks, wanted.split(self.settings.chunk_size), strict=True):
            check()
            gradients.append(self._backwards(chunk.clone().requires_grad_(), direction))
        return torch.cat(gradients)

    def _features(self, latents: torch.Tensor) -> torch.Tensor:
        pixels = self._generator.decode_latents(latents)
        return self._encoder.image_features(pixels).to(latents.device)

    def _backwards(self, latents: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
        import torch

        failure: OutOfMemoryError | None = None
        gradient = latents
        try:
            (gradient,) = torch.autograd.grad(self._features(latents), latents, direction)
        except Exception as error:
            if not is_out_of_memory(error) or isinstance(error, OutOfMemoryError):
                raise
            failure = translate_oom(error, len(latents), str(latents.device))
        if failure is not None:  # outside of `except`: the library's traceback holds on to the tensors
            free_memory(str(latents.device))
            raise failure
        return gradient


class Objective:
    """What guided imagination raises: class-maintained informativeness and diversity within groups.

    Args:
        originals: (K, D) features of each picture's parent, rows of length 1.
        groups: (K,) group of each picture.
        class_features: (C, D) text embeddings of the classes.
        logit_scale: what cosines are multiplied with before the softmax over classes.
        settings: the weights.
    """

    def __init__(
        self,
        originals: torch.Tensor,
        groups: torch.Tensor,
        class_features: torch.Tensor,
        logit_scale: float,
        settings: ImaginationSettings,
    ) -> None:
        self._class_features = class_features
        self._logit_scale = logit_scale
        self._settings = settings
        self._temperature = settings.diversity_temperature or 1 / logit_scale
        log_p = self._log_probabilities(originals)
        self._kept = log_p.argmax(1)
        self._entropy = _entropy(log_p)
        _, self._group = groups.unique(return_inverse=True)

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """The objective (K,) of each picture, by the pictures' features (K, D)."""
        informative = self.informativeness(features)
        return self._settings.informativeness_weight * informative + (
            self._settings.diversity_weight * self.diversity(features)
        )

    def informativeness(self, features: torch.Tensor) -> torch.Tensor:
        """p'_j + H(p') - H(p) of each picture (K,): j is the class that its parent is predicted as."""
        log_p = self._log_probabilities(features)
        return log_p.gather(1, self._kept[:, None])[:, 0].exp() + _entropy(log_p) - self._entropy

    def diversity(self, features: torch.Tensor) -> torch.Tensor:
        """The divergence (K,) of each picture's softmaxed features from those of its group's mean."""
        scaled = features / self._temperature
        groups = int(self._group.max()) + 1
        sums = scaled.new_zeros(groups, scaled.shape[1]).index_add(0, self._group, scaled)
        means = sums / self._group.bincount(minlength=groups)[:, None]
        log_q = scaled.log_softmax(1)
        return (log_q.exp() * (log_q - means.log_softmax(1)[self._group])).sum(1)

    def _log_probabilities(self, features: torch.Tensor) -> torch.Tensor:
        return (self._logit_scale * features @ self._class_features.T).log_softmax(1)


def perturbed(
    latents: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor, epsilon: float
) -> torch.Tensor:
    """Move latents channel by channel: f' = f + clip((1 + z) f + b - f, ±ε) (Zhang et al., Sec. 4).

    Args:
        latents: f, (K, C, h, w).
        scale: z, (K, C, 1, 1).
        offset: b, (K, C, 1, 1).
        epsilon: ε, the most that a value may change.
    """
    return latents + (scale * latents + offset).clamp(-epsilon, epsilon)


def _moves(seeds: Sequence[int], latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw z ~ U(0, 1) and b ~ N(0, 1) for each channel, (K, C, 1, 1) each, from each picture's seed."""
    import torch

    shape = (len(seeds), latents.shape[1], 1, 1)
    streams = [np.random.default_rng([_STREAM, seed]) for seed in seeds]
    scale = np.stack([rng.random(shape[1], np.float32) for rng in streams])
    offset = np.stack([rng.standard_normal(shape[1], np.float32) for rng in streams])
    return (
        torch.from_numpy(scale).reshape(shape).to(latents.device),
        torch.from_numpy(offset).reshape(shape).to(latents.device),
    )


def _entropy(log_p: torch.Tensor) -> torch.Tensor:
    return -(log_p.exp() * log_p).sum(1)


def _pixels(request: PictureRequest) -> torch.Tensor:
    """The parent as the generator sees it, (1, 3, H, W) in 0..1."""
    import torch

    picture = fit(request.parent, request.width, request.height)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255).permute(2, 0, 1)[None]


def _check(requests: Sequence[PictureRequest], groups: Sequence[int]) -> None:
    if len(requests) != len(groups):
        raise InputError(f"groups: expected one id for each of {len(requests)} pictures, found {len(groups)}")
    if any(request.parent is None for request in requests):
        msg = 'guided imagination starts from a parent picture, found none; use perturbation="text2image"'
        raise InputError(msg)
    if len({(request.width, request.height) for request in requests}) > 1:
        raise InputError("guided imagination: expected pictures of one size in a batch, found several")


def _go_on() -> None:
    """Nobody asks to stop."""
