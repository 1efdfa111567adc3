"""Rough pictures of a batch that is being denoised."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from datacrafter_widget.models.hub import quiet_loading, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import torch
    from PIL import Image

SECONDS_BETWEEN = 0.25
_BATCHES_TO_LEARN_FROM = 8


class LinearPreview:
    """A linear map from latents to colours, fitted by least squares to batches that were finished.

    It needs no knowledge of the family: the latents that a pipeline shows at its last step, packed into patches
    or not, are laid on a grid, and each cell is to give the mean colour of the picture there.
    """

    def __init__(self) -> None:
        self._normal: np.ndarray | None = None  # (D + 1, D + 1)
        self._target: np.ndarray | None = None  # (D + 1, 3)
        self._map: np.ndarray | None = None
        self._spread = 1.0
        self._learned = 0
        self._lock = threading.Lock()

    def learn(self, latents: torch.Tensor, pictures: Sequence[Image.Image]) -> None:
        """Take in a finished batch; the first few are enough."""
        import numpy as np

        if self._learned >= _BATCHES_TO_LEARN_FROM or not pictures:
            return
        grid = _grid(latents, pictures[0].width / pictures[0].height)
        if grid is None or not np.isfinite(grid).all():
            return
        height, width = grid.shape[1:3]
        colours = np.stack([np.asarray(one.resize((width, height), _box()), np.float64) for one in pictures])
        rows = _with_one(grid.reshape(-1, grid.shape[-1]))
        with self._lock:
            if self._normal is None or self._normal.shape[0] != rows.shape[1] or self._target is None:
                self._normal = 1e-3 * np.eye(rows.shape[1])
                self._target = np.zeros((rows.shape[1], 3))
            self._normal += rows.T @ rows
            self._target += rows.T @ colours.reshape(-1, 3)
            self._map = np.linalg.solve(self._normal, self._target)
            self._spread = float(grid.std())
            self._learned += 1

    def __call__(self, latents: torch.Tensor, width: int, height: int) -> list[Image.Image]:
        """Pictures of the size of the latents' grid; none before a batch was finished."""
        import numpy as np
        from PIL import Image

        if self._map is None:
            return []
        grid = _grid(latents, width / height)
        if grid is None or grid.shape[-1] + 1 != len(self._map) or not np.isfinite(grid).all():
            return []
        # Some schedulers begin with noise many times as strong as a finished picture's latents.
        grid = grid * min(1.0, self._spread / max(float(grid.std()), 1e-6))
        colours = _with_one(grid.reshape(-1, grid.shape[-1])) @ self._map
        pixels = colours.clip(0, 255).astype(np.uint8).reshape(*grid.shape[:3], 3)
        return [Image.fromarray(one) for one in pixels]


class TinyDecoder:
    """A small autoencoder in the place of the large one, such as "madebyollin/taesd"."""

    def __init__(self, name: str, device: str, dtype: Any) -> None:
        """Load it.

        Raises:
            ModelError: it can't be had.
        """
        from diffusers import AutoencoderTiny

        with reached(name, "an AutoencoderTiny of diffusers"), quiet_loading():
            self._model = AutoencoderTiny.from_pretrained(name, use_safetensors=True).to(device, dtype)

    def learn(self, _latents: torch.Tensor, _pictures: Sequence[Image.Image]) -> None:
        """It has learned."""

    def __call__(self, latents: torch.Tensor, _width: int, _height: int) -> list[Image.Image]:
        """Pictures in full size; none of latents that are no grid, or not this autoencoder's."""
        import torch
        from PIL import Image

        if latents.ndim != 4 or latents.shape[1] != self._model.config.latent_channels:
            return []
        with torch.no_grad():
            decoded = self._model.decode(latents.to(self._model.dtype), return_dict=False)[0]
        pixels = torch.nan_to_num(decoded.float() / 2 + 0.5).clamp(0, 1) * 255
        return [Image.fromarray(one) for one in pixels.byte().permute(0, 2, 3, 1).cpu().numpy().copy()]


class PreviewFeed:
    """Sends previews of one batch on, at most four times a second and not of its last step.

    A batch that is done within that time shows none: its pictures come about as soon.
    """

    def __init__(
        self,
        decoder: LinearPreview | TinyDecoder,
        on_preview: Callable[[list[Image.Image]], object],
        width: int,
        height: int,
    ) -> None:
        self._decoder = decoder
        self._on_preview = on_preview
        self._size = (width, height)
        self._last = time.monotonic()

    def __call__(self, latents: torch.Tensor, step: int, steps: int) -> None:
        """Take the latents of a step."""
        now = time.monotonic()
        if step >= steps or now - self._last < SECONDS_BETWEEN:
            return
        pictures = self._decoder(latents, *self._size)
        if pictures:
            self._on_preview(pictures)
        # Counted from the end: where previews are slow, three quarters of the time still go to the denoiser.
        self._last = time.monotonic() + 3 * (time.monotonic() - now)


def _grid(latents: torch.Tensor, aspect: float) -> np.ndarray | None:
    """(B, h, w, D) float64: latents (B, D, h, w), (B, D, 1, h, w) or packed ones (B, h · w, D)."""
    import torch

    values = latents.detach().to("cpu", torch.float64)
    if values.ndim == 5 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim == 4:
        return values.permute(0, 2, 3, 1).numpy()
    if values.ndim != 3:
        return None
    width = round(math.sqrt(values.shape[1] * aspect))
    if width < 1 or values.shape[1] % width:
        return None
    return values.reshape(len(values), -1, width, values.shape[2]).numpy()


def _with_one(rows: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


def _box() -> Any:
    from PIL import Image

    return Image.Resampling.BOX
