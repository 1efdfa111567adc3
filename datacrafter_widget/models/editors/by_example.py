"""Paint-by-Example: what a mask covers, made anew after a reference picture."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from datacrafter_widget.models.editors import frames, sliders
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.editors.piped import OwnPipelineEditor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacrafter_widget.models.editors.editor import EditRequest


class PaintByExampleEditor(OwnPipelineEditor):
    """Paint-by-Example (Yang et al., CVPR 2023). It reads no words: the reference says what is wanted."""

    name = "paint-by-example"
    abilities = Abilities(reads="captions", actions=("swap", "insert"), mask="required", reference="required")
    default_model = "Fantasy-Studio/Paint-by-Example"
    classes = ("PaintByExamplePipeline",)
    usual_size = 512

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Steps, and guidance by the reference, which stands for the text here."""
        return {
            "num_inference_steps": sliders.steps_for(request.steps, 50),
            "guidance_scale": sliders.along(request.text_influence, 2.0, 5.0, 10.0),
            **self.working_size(request),
        }

    def arguments(self, batch: Sequence[EditRequest], size: tuple[int, int]) -> dict[str, Any]:
        """Pictures, masks and references, in one size."""
        masks = [request.mask for request in batch if request.mask is not None]
        references = [request.reference for request in batch if request.reference is not None]
        return super().arguments(batch, size) | {
            "mask_image": [frames.mask_at_size(mask, size) for mask in masks],
            "example_image": [frames.at_size(reference, size) for reference in references],
            "negative_prompt": None,
        }

    def loaded(self) -> Any:
        """The pipeline, loaded from its folder."""
        with _in_its_old_place():
            return super().loaded()


@contextlib.contextmanager
def _in_its_old_place() -> Iterator[None]:
    """Let diffusers find the pipeline's module where the pipeline's own folder says it is.

    Releases since 0.33 have it among the deprecated ones, and some no longer look there.
    """
    import diffusers.pipelines

    if hasattr(diffusers.pipelines, "paint_by_example"):
        yield
        return
    from diffusers.pipelines.deprecated import paint_by_example

    diffusers.pipelines.paint_by_example = paint_by_example
    try:
        yield
    finally:
        del diffusers.pipelines.paint_by_example
