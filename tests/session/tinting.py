"""Editors of the tests' own: quick, and easy to tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.generator import mark_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datacrafter_widget.models.editors.editor import EditRequest


class Tinting:
    """Mixes a colour into what the mask lets change, the more, the less of the picture is to stay.

    Attributes:
        requests: all that it was asked.
        before: called before each batch.
    """

    device = "cpu"
    revision = "tint-1"

    def __init__(self, name: str, colour: tuple[int, int, int], **abilities: Any) -> None:
        self.name = name
        self.colour = colour
        self.abilities = Abilities(
            **{"reads": "instruction", "actions": ("recolour",), "mask": "optional", **abilities}
        )
        self.requests: list[EditRequest] = []
        self.before: Callable[[], object] = lambda: None
        self.released = 0

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        return {
            "strength": 1 - request.picture_influence,
            "guidance_scale": 2 * request.text_influence,
            "num_inference_steps": 2,
        }

    def edit(
        self, requests: Sequence[EditRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        self.before()
        for step in range(2):
            if on_step is not None:
                on_step(step + 1, 2)
        self.requests += requests
        return [self._tinted(request) for request in requests]

    def _tinted(self, request: EditRequest) -> Image.Image:
        pixels = np.asarray(request.picture.convert("RGB"), np.float64)
        share = np.full(pixels.shape[:2], 1 - request.picture_influence)
        if request.mask is not None:
            share *= np.asarray(request.mask.convert("L")) / 255
        mixed = pixels + share[..., None] * (np.array(self.colour) - pixels)
        return Image.fromarray(np.rint(mixed).astype(np.uint8))

    def release(self) -> None:
        self.released += 1


class Failing(Tinting):
    """Fails with whatever it is given: an exception to raise, a problem to mark, or None to change nothing."""

    def __init__(self, name: str, failure: Exception | str | None, **abilities: Any) -> None:
        super().__init__(name, (0, 0, 0), **abilities)
        self.failure = failure

    def _tinted(self, request: EditRequest) -> Image.Image:
        if isinstance(self.failure, Exception):
            raise self.failure
        picture = request.picture.copy()
        if self.failure:
            mark_problem(picture, self.failure)
        return picture
