"""Following a pipeline step by step, and stopping it within one."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DENOISERS = ("unet", "transformer", "decoder_unet", "decoder_pipe", "decoder")


class StepWatch:
    """Tells listeners of each denoising step; an exception of theirs stops the pipeline there and then.

    Attributes:
        stopped_by: the exception that a listener raised, or None.
        latents: what the pipeline last called its latents; None for a pipeline that does not show them.
    """

    def __init__(
        self,
        steps: int,
        on_step: Callable[[int, int], object] | None,
        on_latents: Callable[[Any, int, int], object] | None = None,
    ) -> None:
        """Set up.

        Args:
            steps: how many steps are expected, where the pipeline does not say.
            on_step: called as `on_step(step, steps)` after each step.
            on_latents: called as `on_latents(latents, step, steps)` after that.
        """
        self.stopped_by: BaseException | None = None
        self.latents: Any = None
        self._steps = steps
        self._on_step = on_step
        self._on_latents = on_latents

    @contextlib.contextmanager
    def watching(self, pipeline: Any) -> Iterator[dict[str, Any]]:
        """Watch one call of a pipeline; gives arguments to add to the call."""
        if "callback_on_step_end" in inspect.signature(pipeline.__call__).parameters:
            yield {"callback_on_step_end": self._after_step}
            return
        denoiser: Any = next((found for name in _DENOISERS if (found := getattr(pipeline, name, None))), None)
        if not hasattr(denoiser, "register_forward_hook"):
            yield {}
            return
        seen: list[Any] = []

        def after_forward(
            _module: Any, arguments: tuple[Any, ...], options: dict[str, Any], _out: Any
        ) -> None:
            # Some families run the denoiser twice a step, for the guidance: the time tells.
            time: Any = options.get("timestep", arguments[1] if len(arguments) > 1 else None)
            time = float(time.flatten()[0]) if hasattr(time, "flatten") else time
            if time is None or not seen or seen[-1] != time:
                seen.append(time)
                self._tell(min(len(seen), self._steps), self._steps)

        handle = denoiser.register_forward_hook(after_forward, with_kwargs=True)
        try:
            yield {}
        finally:
            handle.remove()

    def _after_step(self, pipe: Any, step: int, _timestep: object, tensors: dict[str, Any]) -> dict[str, Any]:
        self.latents = tensors.get("latents")
        steps = getattr(pipe, "num_timesteps", None) or self._steps
        self._tell(step + 1, steps)
        return tensors

    def _tell(self, step: int, steps: int) -> None:
        try:
            if self._on_step is not None:
                self._on_step(step, steps)
            if self._on_latents is not None and self.latents is not None:
                self._on_latents(self.latents, step, steps)
        except BaseException as error:
            # Raised through the pipeline rather than flagged with `_interrupt`: some pipelines have no such
            # flag, and the others would still decode the half-denoised latents.
            self.stopped_by = error
            raise
