"""Encoders: pictures and texts into one space of unit vectors. Any open_clip model is one."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from datacrafter_widget.errors import DataCrafterError, ModelError
from datacrafter_widget.models.device import (
    free_memory,
    is_out_of_memory,
    memory_report,
    resolve_device,
    resolve_dtype,
    translate_oom,
)
from datacrafter_widget.models.hub import first_line, reached
from datacrafter_widget.models.registry import folder_revision, resolve_encoder

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray
    from PIL import Image

_CACHED_TEXTS = 20_000
_TEXT_BATCH = 256
_PRECISION = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}


@runtime_checkable
class Encoder(Protocol):
    """What the session asks of an encoder."""

    @property
    def name(self) -> str:
        """What the user called it."""

    @property
    def identity(self) -> str:
        """Which weights exactly; embeddings are kept under it."""

    @property
    def folder(self) -> Path | None:
        """Where its files are, or None when open_clip keeps them."""

    @property
    def dim(self) -> int:
        """Length of an embedding."""

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax."""

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 64) -> NDArray[np.float32]:
        """Embed pictures: (N, D), rows of length 1."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: (L, D), rows of length 1."""

    def release(self) -> None:
        """Give its memory back."""


@runtime_checkable
class DifferentiableEncoder(Protocol):
    """What steering pictures towards an embedding asks of an encoder."""

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax."""

    def image_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Embed pixels (B, 3, H, W) in 0..1: (B, D), rows of length 1, differentiable in the pixels."""


class OpenClipEncoder:
    """A CLIP model of open_clip. Its weights are loaded when they are first needed. Safe to share by threads.

    Attributes:
        name: what the user called it.
        identity: a hash of the folder's contents, or open_clip's name; the same in every process.
        folder: where its files are, or None when open_clip keeps them.
        device: "cpu", "cuda:0" …
        dtype: "float32", "bfloat16" or "float16".
    """

    def __init__(
        self, name_or_folder: str | os.PathLike[str], *, device: str = "auto", dtype: str = "auto"
    ) -> None:
        """Find the model.

        Args:
            name_or_folder: "toybox", a folder with `open_clip_config.json` and safetensors weights,
                "ViT-B-32/openai" (model/weights), "ViT-B-32" (its usual weights) or "hf-hub:owner/name".
            device: "auto", "cpu", "mps", "cuda", "cuda:1" …
            dtype: "auto", "float32", "float16" or "bfloat16".

        Raises:
            ModelError: the model or the device is not there.
        """
        found = resolve_encoder(name_or_folder)
        self.name = str(name_or_folder)
        self.device = resolve_device(device)
        self.folder = found if isinstance(found, Path) else None
        self._dim: int | None = None
        size: int | None = None
        self._pretrained: str | None = None
        if isinstance(found, Path):
            weights = list(found.glob("*.safetensors"))
            if not weights:
                msg = f"the encoder folder {found} has no weights: expected a .safetensors file in it"
                raise ModelError(msg)
            size = sum(path.stat().st_size for path in weights)
            self._model_name = f"local-dir:{found}"
            self._dim = _folder_dim(found)
            self.identity = f"folder@{folder_revision(found)}"
        else:
            self._model_name, self._pretrained = _model_and_weights(found)
            self.identity = "/".join(filter(None, (self._model_name, self._pretrained)))
        self._torch_dtype = resolve_dtype(dtype, self.device, weight_bytes=size)
        self.dtype = str(self._torch_dtype).removeprefix("torch.")
        self._loaded: tuple[Any, Any, Any] | None = None
        self._texts: dict[str, NDArray[np.float32]] = {}
        self._logit_scale: float | None = None
        self._lock = threading.RLock()

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        if self._dim is None:
            self._load()
        assert self._dim is not None
        return self._dim

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax (the model's own temperature)."""
        if self._logit_scale is None:
            self._load()
        assert self._logit_scale is not None
        return self._logit_scale

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 64) -> NDArray[np.float32]:
        """Embed pictures.

        Args:
            images: N pictures of any size and mode.
            batch_size: pictures at a time.

        Returns:
            (N, D) float32, rows of length 1.

        Raises:
            OutOfMemoryError: with the batch size to try.
            ModelError: the model can't be had, or gives numbers that are none.
        """
        if not images:
            return np.empty((0, self.dim), np.float32)
        with self._lock:
            model, preprocess, _ = self._load()
            rows = []
            for start in range(0, len(images), batch_size):
                tensors = [preprocess(image.convert("RGB")) for image in images[start : start + batch_size]]
                rows.append(self._run(model.encode_image, tensors, cast=True))
        return np.concatenate(rows)

    def image_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Embed pixels as `encode_images` does pictures, but so that gradients flow back to the pixels.

        The model's own resizing works on numbers here where it rounds a picture's to 0..255, so the two
        differ a little.

        Args:
            pixels: (B, 3, H, W) in 0..1, on any device.

        Returns:
            (B, D) float32 on the encoder's device, rows of length 1.

        Raises:
            OutOfMemoryError: with the batch size to try.
            ModelError: the model can't be had, or its preparation of pictures is none of open_clip's.
        """
        import torch

        failure = None
        with self._lock:
            model, preprocess, _ = self._load()
            try:
                inputs = _prepared(preprocess, pixels.to(self.device).float(), self.name)
                features = model.encode_image(inputs.to(self._torch_dtype)).float()
                return torch.nn.functional.normalize(features, dim=-1)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                failure = translate_oom(error, len(pixels), self.device)
        free_memory(self.device)
        raise failure

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; those seen before are remembered.

        Args:
            texts: L texts; what is longer than the model's context is cut there.

        Returns:
            (L, D) float32, rows of length 1.

        Raises:
            OutOfMemoryError: the device ran out of memory.
            ModelError: the model can't be had, or gives numbers that are none.
        """
        if not texts:
            return np.empty((0, self.dim), np.float32)
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._texts]
            if len(self._texts) + len(new) > _CACHED_TEXTS:
                self._texts.clear()
                new = list(dict.fromkeys(texts))
            for start in range(0, len(new), _TEXT_BATCH):
                batch = new[start : start + _TEXT_BATCH]
                model, _, tokenizer = self._load()
                rows = self._run(model.encode_text, tokenizer(batch), cast=False)
                self._texts.update(zip(batch, rows, strict=True))
            return np.stack([self._texts[text] for text in texts])

    def release(self) -> None:
        """Give the memory back; the next call loads the weights again. Remembered texts stay."""
        with self._lock:
            self._loaded = None
            free_memory(self.device)

    def memory(self) -> dict[str, Any]:
        """What the device's memory holds, in MiB (see `memory_report`)."""
        return memory_report(self.device)

    def _run(self, encode: Any, batch: Any, *, cast: bool) -> NDArray[np.float32]:
        import torch

        failure = None
        try:
            with torch.inference_mode():
                inputs = torch.stack(batch) if isinstance(batch, list) else batch
                inputs = inputs.to(self.device, dtype=self._torch_dtype if cast else None)
                features = torch.nn.functional.normalize(encode(inputs).float(), dim=-1).cpu().numpy()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            failure = translate_oom(error, len(batch), self.device)
        if failure is not None:  # outside of `except`: the library's traceback holds on to the tensors
            free_memory(self.device)
            raise failure
        if not np.isfinite(features).all():
            msg = (
                f'the encoder {self.name!r} gives numbers that are none in {self.dtype}; use dtype="float32"'
            )
            raise ModelError(msg)
        return features

    def _load(self) -> tuple[Any, Any, Any]:
        """The model, the preparation of pictures, and the tokenizer."""
        with self._lock:
            if self._loaded is not None:
                return self._loaded
            import open_clip

            try:
                if self.folder is not None:
                    model, preprocess, tokenizer = self._create(open_clip)
                else:
                    with reached(self.name, "open_clip weights"):
                        model, preprocess, tokenizer = self._create(open_clip)
            except DataCrafterError:
                raise
            except Exception as error:
                if is_out_of_memory(error):
                    raise translate_oom(error, 1, self.device) from None
                msg = (
                    f"the encoder {self.name!r} can't be loaded: expected an open_clip model in safetensors, "
                    f"found {type(error).__name__}: {first_line(error)}"
                )
                raise ModelError(msg) from error
            self._dim = int(model.encode_text(tokenizer(["a"]).to(self.device)).shape[-1])
            self._logit_scale = float(model.logit_scale.exp())
            self._loaded = model, preprocess, tokenizer
            return self._loaded

    def _create(self, open_clip: Any) -> tuple[Any, Any, Any]:
        # open_clip 3 only warns when a model gets another activation than its weights were trained with.
        tag = open_clip.get_pretrained_cfg(self._model_name, self._pretrained) if self._pretrained else {}
        model, preprocess = open_clip.create_model_from_pretrained(
            self._model_name,
            pretrained=self._pretrained,
            precision=_PRECISION[self.dtype],
            device=self.device,
            force_quick_gelu=bool(tag.get("quick_gelu")),
        )
        tokenizer = open_clip.get_tokenizer(self._model_name)
        return model.eval().requires_grad_(requires_grad=False), preprocess, tokenizer


def _prepared(preprocess: Any, pixels: torch.Tensor, name: str) -> torch.Tensor:
    """What the model's preparation of pictures does, for pixels (B, 3, H, W): all of it but the decoding."""
    from open_clip.transform import CenterCropOrPad, ResizeKeepRatio
    from torchvision.transforms import CenterCrop, Normalize, Resize
    from torchvision.transforms.functional import resize

    for step in getattr(preprocess, "transforms", ()):
        if isinstance(step, ResizeKeepRatio):  # it reads the size off a PIL picture
            height, width = pixels.shape[-2:]
            size = step.get_params(SimpleNamespace(size=(width, height)), step.size, step.longest)
            pixels = resize(pixels, size, step.interpolation)
        elif isinstance(step, Normalize):
            return step(pixels.clamp(0, 1))  # bicubic weights overshoot; a picture's values can't
        elif isinstance(step, Resize | CenterCrop | CenterCropOrPad):
            pixels = step(pixels)
    msg = (
        f"the encoder {name!r} prepares pictures in a way of its own: expected open_clip's resizing and "
        'normalisation. Use another encoder, or perturbation="image2image"'
    )
    raise ModelError(msg)


def _folder_dim(folder: Path) -> int | None:
    try:
        config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
        return int(config["model_cfg"]["embed_dim"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        path = folder / "open_clip_config.json"
        msg = f"{path}: expected model_cfg.embed_dim in it, found {type(error).__name__}: {first_line(error)}"
        raise ModelError(msg) from error


def _model_and_weights(name: str) -> tuple[str, str | None]:
    """Split "ViT-B-32/openai"; find the usual weights of "ViT-B-32"; leave hub names whole."""
    import open_clip

    if name.startswith("hf-hub:"):
        return name, None
    known = open_clip.list_models()
    model, _, tag = name.partition("/")
    if model not in known:
        if tag:
            return f"hf-hub:{name}", None
        close = [other for other in known if name.lower()[:5] in other.lower()][:5]
        hint = f"; near it: {', '.join(close)}" if close else ""
        msg = f"encoder: expected a folder or a name from open_clip.list_models(), found {name!r}{hint}"
        raise ModelError(msg)
    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag and tag not in tags:
        listed = ", ".join(tags[:8]) + (" …" if len(tags) > 8 else "")
        msg = f"encoder {name!r}: {model} has the weights {listed or 'none'}, not {tag!r}"
        raise ModelError(msg)
    if not tag:
        if not tags:
            msg = f"encoder {name!r}: open_clip has no weights for it; choose another model"
            raise ModelError(msg)
        tag = "openai" if "openai" in tags else tags[-1]
    return model, tag
