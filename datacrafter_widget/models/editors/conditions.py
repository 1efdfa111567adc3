"""Pictures of a picture's structure, for ControlNet: its edges, and how far away things are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.hub import first_line, quiet_loading

if TYPE_CHECKING:
    from PIL import Image

_LOW, _HIGH = 0.1, 0.2  # of gradients of a picture in 0 … 1


def canny(picture: Image.Image, sigma: float = 1.0) -> Image.Image:
    """Edges (Canny, 1986), white on black, RGB.

    Args:
        picture: RGB.
        sigma: of the smoothing, in pixels.
    """
    import numpy as np
    from PIL import Image
    from scipy import ndimage

    grey = np.asarray(picture.convert("L"), np.float64) / 255
    smooth = ndimage.gaussian_filter(grey, sigma, mode="nearest")
    down, right = ndimage.sobel(smooth, 0, mode="nearest"), ndimage.sobel(smooth, 1, mode="nearest")
    strength = np.hypot(down, right)
    # A ridge: no weaker than what lies a pixel up and down its gradient, between the grid's points.
    rows, columns = np.indices(grey.shape)
    unit = np.where(strength > 0, strength, 1)
    neighbours = [
        ndimage.map_coordinates(
            strength, [rows + side * down / unit, columns + side * right / unit], order=1, mode="nearest"
        )
        for side in (-1, 1)
    ]
    ridge = (strength >= neighbours[0]) & (strength > neighbours[1])
    weak, strong = ridge & (strength >= _LOW), ridge & (strength >= _HIGH)
    labels, count = ndimage.label(weak, np.ones((3, 3)))
    kept = np.zeros(count + 1, bool)
    kept[np.unique(labels[strong])] = True
    kept[0] = False
    return Image.fromarray((kept[labels] * 255).astype(np.uint8)).convert("RGB")


class DepthEstimator:
    """A depth model of transformers, loaded when it is first needed."""

    def __init__(self, model: str, device: str) -> None:
        """Set up.

        Args:
            model: a hub id or a folder.
            device: as `resolve_device` gives it.
        """
        self._model = model
        self._device = device
        self._loaded: tuple[Any, Any] | None = None

    def __call__(self, picture: Image.Image) -> Image.Image:
        """Depth, near things white and far ones black, RGB, of the picture's size.

        Raises:
            ModelError: the model can't be had.
        """
        import numpy as np
        import torch
        from PIL import Image

        processor, model = self._parts()
        picture = picture.convert("RGB")
        inputs = processor(images=picture, return_tensors="pt").to(self._device)
        with torch.no_grad():
            depth = model(**inputs).predicted_depth.float()
        sized = torch.nn.functional.interpolate(
            depth[:, None], size=picture.size[::-1], mode="bicubic", align_corners=False
        )[0, 0].cpu()
        low, high = sized.min(), sized.max()
        shown = ((sized - low) / (high - low if high > low else 1) * 255).round().numpy().astype(np.uint8)
        return Image.fromarray(shown).convert("RGB")

    def release(self) -> None:
        """Let go of the weights."""
        self._loaded = None

    def _parts(self) -> tuple[Any, Any]:
        if self._loaded is None:
            from transformers import AutoImageProcessor, AutoModelForDepthEstimation

            try:
                with quiet_loading():
                    processor = AutoImageProcessor.from_pretrained(self._model)
                    model = AutoModelForDepthEstimation.from_pretrained(self._model, use_safetensors=True)
            except Exception as error:
                msg = (
                    f"the depth model {self._model!r} can't be had: {type(error).__name__} ({first_line(error)}); "
                    "give a folder, or hand over a depth map as the reference picture"
                )
                raise ModelError(msg) from error
            self._loaded = processor, model.to(self._device).eval()
        return self._loaded
