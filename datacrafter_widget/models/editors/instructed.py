"""Editors that read instructions: InstructPix2Pix, FLUX Kontext and Qwen-Image-Edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.models.editors import frames, sliders
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.editors.piped import OwnPipelineEditor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.models.editors.editor import EditRequest


class InstructPix2PixEditor(OwnPipelineEditor):
    """InstructPix2Pix (Brooks et al., 2023), for Stable Diffusion and SDXL."""

    name = "instruct-pix2pix"
    abilities = Abilities(
        reads="instruction",
        actions=("restyle", "relight", "recolour", "swap", "global", "insert"),
        mask="optional",
    )
    default_model = "timbrooks/instruct-pix2pix"
    classes = ("StableDiffusionInstructPix2PixPipeline", "StableDiffusionXLInstructPix2PixPipeline")
    usual_size = 512

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Steps, guidance by the text, and guidance by the picture (its paper's s_T and s_I)."""
        return {
            "num_inference_steps": sliders.steps_for(request.steps, 30),
            "guidance_scale": sliders.along(request.text_influence, 3.0, 7.5, 12.0),
            "image_guidance_scale": sliders.along(request.picture_influence, 1.0, 1.5, 2.5),
            **self.working_size(request),
        }


class FluxKontextEditor(OwnPipelineEditor):
    """FLUX.1 Kontext. It has no setting for how much of the picture stays: the instruction says that."""

    name = "flux-kontext"
    abilities = Abilities(
        reads="instruction",
        actions=("recolour", "swap", "insert", "remove", "relight", "restyle", "reorient", "global"),
        mask="optional",
    )
    default_model = "black-forest-labs/FLUX.1-Kontext-dev"
    classes = ("FluxKontextPipeline",)
    usual_size = 1024

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Steps and the guidance that the model has learned; and with something to avoid, guidance away from it."""
        given: dict[str, Any] = {
            "num_inference_steps": sliders.steps_for(request.steps, 28),
            "guidance_scale": sliders.along(request.text_influence, 1.5, 2.5, 5.0),
            **self.working_size(request),
        }
        given["max_area"] = given["width"] * given["height"]
        if request.negative:
            given["true_cfg_scale"] = 2.0
        return given

    def arguments(self, batch: Sequence[EditRequest], size: tuple[int, int]) -> dict[str, Any]:
        """The pictures, in the size of the result."""
        return super().arguments(batch, size) | {"_auto_resize": False}


class QwenImageEditor(OwnPipelineEditor):
    """Qwen-Image-Edit, also in its later form that looks at a reference picture, too."""

    name = "qwen-image-edit"
    abilities = Abilities(
        reads="instruction",
        actions=("recolour", "swap", "insert", "remove", "reorient", "relight", "restyle", "global"),
        mask="optional",
        reference="optional",
    )
    default_model = "Qwen/Qwen-Image-Edit-2509"
    classes = ("QwenImageEditPipeline", "QwenImageEditPlusPipeline")
    usual_size = 1024
    together = False

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Steps and guidance; it has no setting for how much of the picture stays."""
        return {
            "num_inference_steps": sliders.steps_for(request.steps, 40),
            "true_cfg_scale": sliders.along(request.text_influence, 2.0, 4.0, 7.0),
            **self.working_size(request),
        }

    def arguments(self, batch: Sequence[EditRequest], size: tuple[int, int]) -> dict[str, Any]:
        """The picture, the reference where the pipeline takes one, and what to avoid: it guides only with that."""
        (request,) = batch
        images = [frames.at_size(request.picture, size)]
        if (
            request.reference is not None
            and self._configuration.pipeline_class == "QwenImageEditPlusPipeline"
        ):
            images.append(request.reference.convert("RGB"))
        return {"image": images, "negative_prompt": request.negative or " "}
