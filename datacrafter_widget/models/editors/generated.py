"""Editors that a generator is: by image-to-image, and by inpainting within a mask."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from datacrafter_widget.models.editors import frames, sliders, texts
from datacrafter_widget.models.editors.batching import in_batches
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.generator import PictureRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from datacrafter_widget.models.editors.editor import EditRequest
    from datacrafter_widget.models.generator import Generator


class GeneratorEditor(ABC):
    """What both have in common: noise on the picture, and denoising towards the caption of what is wanted.

    Attributes:
        name: what the registry calls it.
        abilities: what it can do.
    """

    name: ClassVar[str]
    abilities: ClassVar[Abilities]

    def __init__(self, generator: Generator) -> None:
        """Borrow a generator; its weights stay its own."""
        self._generator = generator

    @property
    def revision(self) -> str:
        """Of the generator's weights."""
        return self._generator.revision

    @property
    def device(self) -> str:
        """Where the generator runs."""
        return self._generator.device

    @abstractmethod
    def strength(self, picture_influence: float) -> float:
        """How far the picture is left, above 0 and up to 1."""

    @abstractmethod
    def inpainted(self, mask: Image.Image | None, size: tuple[int, int]) -> Image.Image | None:
        """The mask that the generator is given."""

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Strength, guidance, steps (of which image-to-image does `strength`) and size in pixels."""
        usual = self._generator.defaults
        strength = round(self.strength(request.picture_influence), 3)
        width, height = frames.working_size(request.picture.size, usual.width, usual.height)
        return {
            "strength": strength,
            "guidance_scale": sliders.guidance_for(request.text_influence, usual.guidance_scale),
            "num_inference_steps": math.ceil(
                sliders.steps_for(request.steps, usual.num_inference_steps) / strength
            ),
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

    def release(self) -> None:  # noqa: B027 (that is all there is to do)
        """Nothing of its own to give back."""

    def _run(self, batch: list[EditRequest], settings: tuple[Any, ...], on_step: Any) -> list[Image.Image]:
        given = dict(settings)
        size = (given["width"], given["height"])
        asked = [
            PictureRequest(
                prompt=texts.target_text(request),
                negative_prompt=request.negative,
                seed=request.seed,
                parent=frames.at_size(request.picture, size),
                mask=self.inpainted(request.mask, size),
                **given,
            )
            for request in batch
        ]
        return frames.returned(batch, self._generator.generate(asked, on_step=on_step))


class ImageToImageEditor(GeneratorEditor):
    """Image-to-image; a mask keeps what is outside of it, but the generator does not know of it."""

    name = "image-to-image"
    abilities = Abilities(
        reads="captions",
        actions=("restyle", "global", "relight", "insert", "recolour", "swap", "reorient"),
        mask="optional",
    )

    def strength(self, picture_influence: float) -> float:
        """In the middle two thirds of the way from the strength that suits the generator's variations to 1.

        A variation may stay what it is, an edit may not.
        """
        return sliders.along(picture_influence, 1.0, (2 + self._generator.defaults.strength) / 3, 0.3)

    def inpainted(self, mask: Image.Image | None, size: tuple[int, int]) -> None:
        """None."""


class InpaintingEditor(GeneratorEditor):
    """Inpainting: what is outside of the mask is seen, and stays."""

    name = "inpainting"
    abilities = Abilities(
        reads="captions",
        actions=("swap", "insert", "remove", "recolour", "relight", "reorient"),
        mask="required",
    )

    def strength(self, picture_influence: float) -> float:
        """Nearly all anew in the middle: what the mask covers is to go."""
        return sliders.along(picture_influence, 1.0, 0.95, 0.5)

    def inpainted(self, mask: Image.Image | None, size: tuple[int, int]) -> Image.Image | None:
        """The request's."""
        return None if mask is None else frames.mask_at_size(mask, size)
