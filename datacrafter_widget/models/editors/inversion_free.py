"""Editing without inversion, by the captions before and after, with any generator like Stable Diffusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import DataCrafterError, InputError, ModelError
from datacrafter_widget.models import latents
from datacrafter_widget.models.decoding import Decoder, DecoderCall
from datacrafter_widget.models.device import is_out_of_memory
from datacrafter_widget.models.editors import consistent, frames, sliders, texts
from datacrafter_widget.models.editors.batching import in_batches
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.hub import first_line
from datacrafter_widget.models.masking import coarse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
    from datacrafter_widget.models.editors.editor import EditRequest

_FEWEST_STEPS = 8


class InversionFreeEditor:
    """InfEdit's consistent denoising (see `consistent`).

    Attributes:
        name: "inversion-free".
        abilities: what it can do.
    """

    name = "inversion-free"
    abilities = Abilities(
        reads="captions",
        actions=("recolour", "relight", "swap", "restyle", "global", "insert", "reorient"),
        mask="optional",
    )

    def __init__(self, generator: DiffusersGenerator) -> None:
        """Borrow a generator; its weights stay its own.

        Raises:
            InputError: a generator whose insides can't be reached.
        """
        if not hasattr(generator, "lent"):
            msg = (
                f"inversion-free editing: expected a generator of diffusers, found {type(generator).__name__}; "
                "use another editor"
            )
            raise InputError(msg)
        self._generator = generator
        self._decoder = Decoder(generator.device)

    @property
    def revision(self) -> str:
        """Of the generator's weights."""
        return self._generator.revision

    @property
    def device(self) -> str:
        """Where the generator runs."""
        return self._generator.device

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Strength (how noisy the first step is), guidance towards both captions, steps, and size in pixels.

        In the first `attention_steps` the target attends as the source does (see `attention`). Guidance is less than
        for whole pictures: here it also moves what both captions say. A model that needs few steps or one gets more:
        each is a step towards the edit.
        """
        usual = self._generator.defaults
        guidance = 1 + 2 / 3 * (max(1.0, usual.guidance_scale) - 1)
        steps = sliders.steps_for(request.steps, max(_FEWEST_STEPS, usual.num_inference_steps))
        width, height = frames.working_size(request.picture.size, usual.width, usual.height)
        return {
            "strength": round(sliders.along(request.picture_influence, 1.0, 0.9, 0.4), 3),
            "guidance_scale": sliders.guidance_for(request.text_influence, guidance),
            "source_guidance_scale": 1.0,
            "num_inference_steps": steps,
            "attention_steps": round(steps * sliders.along(request.picture_influence, 0.0, 0.25, 0.75)),
            "width": width,
            "height": height,
        }

    def edit(
        self, requests: Sequence[EditRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Change pictures (see `Editor`)."""
        texts.check(requests, self.name, self.abilities)
        return in_batches(
            requests, lambda request: tuple(self.parameters(request).items()), self._run, on_step
        )

    def release(self) -> None:
        """Nothing of its own to give back."""

    def _run(self, batch: list[EditRequest], settings: tuple[Any, ...], on_step: Any) -> list[Image.Image]:
        given, count = dict(settings), len(batch)
        captions = [
            *(request.source for request in batch),
            *(texts.target_text(request) for request in batch),
            *(request.negative for request in batch),
        ]
        stopped: list[BaseException] = []

        def after_step(step: int, steps: int) -> None:
            try:
                if on_step is not None:
                    on_step(step, steps)
            except BaseException as error:
                stopped.append(error)
                raise

        with self._generator.lent(captions, count) as (pipeline, words):
            try:
                call = self._edited(pipeline, batch, words, given, after_step)
            except Exception as error:
                if error in stopped or isinstance(error, DataCrafterError) or is_out_of_memory(error):
                    raise
                msg = f"inversion-free editing failed: {type(error).__name__}: {first_line(error)}"
                raise ModelError(msg) from error
            pictures = self._decoder.decode(call)
        return frames.returned(batch, pictures)

    def _edited(
        self,
        pipeline: Any,
        batch: list[EditRequest],
        words: list[str],
        given: dict[str, Any],
        after_step: Any,
    ) -> DecoderCall:
        import torch

        predict, count = consistent.CleanPicture(pipeline), len(batch)
        size = (given["width"], given["height"])
        pictures = [frames.at_size(request.picture, size) for request in batch]
        clean = latents.encode(pipeline, pictures, *size).to(pipeline.unet.device)
        changing = None
        if any(request.mask is not None for request in batch):
            changing = torch.stack([coarse(request.mask, clean.shape[2:]) for request in batch]).to(clean)
        result = consistent.edited(
            predict,
            clean,
            predict.conditions(words[:count], [""] * count),
            predict.conditions(words[count : 2 * count], words[2 * count :]),
            timesteps=predict.timesteps(given["strength"], given["num_inference_steps"]),
            guidance=(given["source_guidance_scale"], given["guidance_scale"]),
            generators=[torch.Generator("cpu").manual_seed(request.seed) for request in batch],
            attending=given["attention_steps"],
            changing=changing,
            after_step=after_step,
        )
        return DecoderCall(pipeline, (latents.unscaled(pipeline, result),), {"return_dict": False}, count)
