"""Editors that keep a picture's structure by ControlNet: its edges, or its depth."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models import pipelines
from datacrafter_widget.models.editors import conditions, frames, sliders
from datacrafter_widget.models.editors.borrowed import (
    BorrowingEditor,
    Family,
    configuration,
    family_of,
    files_of,
    text_width,
)
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.hub import first_line, quiet_loading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.models.editors.editor import EditRequest

_FILES = ("config.json", "diffusion_pytorch_model.safetensors")


class ControlNetEditor(BorrowingEditor):
    """Image-to-image that a ControlNet (Zhang et al., 2023) holds to the picture's structure.

    The session's generator is used where the ControlNet was made for its text embeddings, else a model of its own.
    """

    models: ClassVar[dict[Family, str]]

    def __init__(
        self,
        model: str | None = None,
        *,
        generator: Any = None,
        base: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
    ) -> None:
        """Find the ControlNet; weights are loaded by the first edit.

        Args:
            model: its hub id or folder; None: one that suits the session's generator, or Stable Diffusion 1.5.
            generator: of the session.
            base: a Stable Diffusion or SDXL in the place of the session's generator.
            device: "auto", "cpu", "cuda:0" … where it has a generator of its own.
            dtype: likewise.

        Raises:
            ModelError: a model is not there, or is no ControlNet.
        """
        family = family_of(generator)
        self.model = str(model or self.models[family or "sd"])
        self._folder, revision = files_of(self.model, "a ControlNet of diffusers", _FILES)
        config = configuration(self._folder, self.model)
        if config.get("_class_name") != "ControlNetModel":
            msg = f"the model {self.model!r}: expected a ControlNetModel, found {config.get('_class_name')}"
            raise ModelError(msg)
        width = config.get("cross_attention_dim")
        suits = family is not None and text_width(generator) == width
        needed: Family = "sdxl" if config.get("addition_embed_type") == "text_time" else "sd"
        super().__init__(generator if suits else None, needed, base, device, dtype)
        self.revision = f"{self.generator.revision}+{revision}"
        self._controlnet: Any = None

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Strength, the ControlNet's weight, guidance, steps (of which `strength` are done) and size."""
        usual = self.generator.defaults
        strength = round(sliders.along(request.picture_influence, 1.0, 0.95, 0.6), 3)
        width, height = frames.working_size(request.picture.size, usual.width, usual.height)
        return {
            "strength": strength,
            "controlnet_conditioning_scale": round(
                sliders.along(request.picture_influence, 0.3, 0.8, 1.2), 3
            ),
            "guidance_scale": sliders.guidance_for(request.text_influence, usual.guidance_scale),
            "num_inference_steps": math.ceil(
                sliders.steps_for(request.steps, usual.num_inference_steps) / strength
            ),
            "width": width,
            "height": height,
        }

    @abstractmethod
    def condition(self, request: EditRequest, size: tuple[int, int]) -> Image.Image:
        """What the ControlNet looks at."""

    def arguments(self, batch: Sequence[EditRequest], size: tuple[int, int]) -> dict[str, Any]:
        """Pictures and their structure."""
        return super().arguments(batch, size) | {
            "control_image": [self.condition(request, size) for request in batch]
        }

    def extended(self, pipeline: Any) -> Any:
        """An image-to-image pipeline with the ControlNet."""
        from diffusers import AutoPipelineForImage2Image, ControlNetModel

        if self._controlnet is None:
            try:
                with quiet_loading():
                    controlnet = ControlNetModel.from_pretrained(self._folder, use_safetensors=True)
            except (OSError, ValueError, RuntimeError) as error:
                msg = f"the ControlNet {self.model!r} can't be loaded: {type(error).__name__}: {first_line(error)}"
                raise ModelError(msg) from error
            self._controlnet = controlnet.to(self.device, dtype=pipeline.unet.dtype)
        return pipelines.from_parts(AutoPipelineForImage2Image, pipeline, controlnet=self._controlnet)

    def release(self) -> None:
        """Let go of the ControlNet, and of a generator of its own."""
        self._controlnet = None
        super().release()


class CannyEditor(ControlNetEditor):
    """By edges."""

    name = "controlnet-canny"
    abilities = Abilities(
        reads="captions", actions=("recolour", "restyle", "relight", "global", "swap"), mask="optional"
    )
    models: ClassVar[dict[Family, str]] = {
        "sd": "lllyasviel/control_v11p_sd15_canny",
        "sdxl": "diffusers/controlnet-canny-sdxl-1.0",
    }

    def condition(self, request: EditRequest, size: tuple[int, int]) -> Image.Image:
        """The picture's edges."""
        return conditions.canny(frames.at_size(request.picture, size))


class DepthEditor(ControlNetEditor):
    """By depth: a depth model's, or a depth map that the request has as its reference."""

    name = "controlnet-depth"
    abilities = Abilities(
        reads="captions",
        actions=("swap", "relight", "restyle", "global", "recolour"),
        mask="optional",
        reference="optional",
    )
    models: ClassVar[dict[Family, str]] = {
        "sd": "lllyasviel/control_v11f1p_sd15_depth",
        "sdxl": "diffusers/controlnet-depth-sdxl-1.0",
    }

    def __init__(
        self,
        model: str | None = None,
        *,
        depth_model: str = "depth-anything/Depth-Anything-V2-Small-hf",
        **options: Any,
    ) -> None:
        """As `ControlNetEditor`, with a depth model of transformers (a hub id or a folder)."""
        super().__init__(model, **options)
        self._depth = conditions.DepthEstimator(depth_model, self.device)

    def condition(self, request: EditRequest, size: tuple[int, int]) -> Image.Image:
        """The depth map."""
        if request.reference is not None:
            return frames.at_size(request.reference, size)
        return self._depth(frames.at_size(request.picture, size))

    def release(self) -> None:
        """Let go of the depth model, too."""
        self._depth.release()
        super().release()
