"""Initial noise that is another picture's, turned a little: pictures near it in what the seed decides."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

    from datacrafter_widget.models.calls import Form
    from datacrafter_widget.models.generator import PictureRequest

    Turn = Callable[[torch.Tensor], torch.Tensor]


def turned(noise: torch.Tensor, fresh: torch.Tensor, strength: float) -> torch.Tensor:
    """Turn noise towards other noise on the great circle through both (slerp), and keep its length.

    Of two independent normal tensors the result is normal again, whatever the strength: their directions are
    uniform, and the length doesn't depend on them.

    Args:
        noise: of any shape.
        fresh: of the same shape.
        strength: 0 leaves the noise as it is, 1 gives it the direction of `fresh`.
    """
    import torch

    length = noise.norm()
    one, other = noise / length.clamp_min(1e-12), fresh / fresh.norm().clamp_min(1e-12)
    angle = torch.arccos((one * other).sum().clamp(-1, 1))
    if angle.sin() < 1e-3:
        return noise
    mixed = torch.sin((1 - strength) * angle) * one + torch.sin(strength * angle) * other
    return mixed / angle.sin() * length


@contextlib.contextmanager
def turning_noise(
    pipeline: Any, scheduler: Any, requests: Sequence[PictureRequest], form: Form
) -> Iterator[None]:
    """Let a pipeline begin from noise that is turned as the requests say; nothing is changed where none does.

    The hook is where the noise is ready: what `prepare_latents` gives when there is no picture to begin from (it may
    be packed and scaled, neither of which matters to a turn), and what the scheduler adds to the encoded parent.

    Args:
        pipeline: in the form that is called.
        scheduler: the pipeline's.
        requests: of the batch.
        form: which form it is.

    Raises:
        ModelError: the pipeline prepares its noise some other way.
    """
    if not any(request.turns for request in requests):
        yield
        return
    owner, hooked = scheduler, ["add_noise", "scale_noise"]
    if form == "text2image":
        owner, hooked = pipeline, ["prepare_latents"]
    names = [name for name in hooked if form != "inpainting" and callable(getattr(owner, name, None))]
    if not names:
        msg = f"{type(pipeline).__name__} prepares its noise in a way that can't be turned; generate without"
        raise ModelError(msg)
    hooks = _Hooks(requests)
    for name in names:
        setattr(owner, name, getattr(hooks, name)(getattr(owner, name)))
    try:
        yield
    finally:
        for name in names:
            delattr(owner, name)  # the class's own shows again
    if not hooks.used:
        msg = f"{type(pipeline).__name__} did not begin from the noise that was turned; generate without"
        raise ModelError(msg)


class _Hooks:
    """Stand-ins that turn noise, once a batch: a scheduler may add noise again at later steps."""

    def __init__(self, requests: Sequence[PictureRequest]) -> None:
        self._requests = requests
        self.used = False

    def prepare_latents(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def stand_in(*args: Any, **options: Any) -> Any:
            made = own(*args, **options)
            return (self._turn(made[0]), *made[1:]) if isinstance(made, tuple) else self._turn(made)

        return stand_in

    def add_noise(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def stand_in(original_samples: Any, noise: Any, timesteps: Any) -> Any:
            return own(original_samples, self._turn(noise), timesteps)

        return stand_in

    def scale_noise(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def stand_in(sample: Any, timestep: Any, noise: Any = None) -> Any:
            return own(sample, timestep, noise if noise is None else self._turn(noise))

        return stand_in

    def _turn(self, noise: torch.Tensor) -> torch.Tensor:
        import torch

        if self.used:
            return noise
        self.used = True
        rows = [row.float() for row in noise]
        for at, request in enumerate(self._requests):
            for seed, strength in request.turns:
                source = torch.Generator("cpu").manual_seed(seed)
                fresh = torch.randn(rows[at].shape, generator=source).to(noise.device)
                rows[at] = turned(rows[at], fresh, strength)
        return torch.stack(rows).to(noise.dtype)
