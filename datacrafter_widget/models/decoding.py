"""Denoising and decoding apart: run a pipeline up to its decoder, and decode later, perhaps on another thread.

A pipeline of diffusers denoises, scales the latents as its family wants them, calls `vae.decode`, lets a safety
checker look if it has one, and turns the result into pictures. Here it is left at its own call of `vae.decode`;
what came after is done by `Decoder`, for every family alike.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import DataCrafterError, ModelError
from datacrafter_widget.models.device import is_out_of_memory, oom_translated
from datacrafter_widget.models.generator import mark_problem
from datacrafter_widget.models.hub import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch
    from PIL import Image


@dataclass(frozen=True)
class DecoderCall:
    """What a pipeline asked of its decoder.

    Attributes:
        pipeline: the pipeline.
        arguments: of its call of `vae.decode`.
        options: the keyword arguments of that call.
        count: how many pictures it should become.
        ready: a CUDA event after which the arguments are there; None elsewhere.
    """

    pipeline: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    count: int
    ready: Any = None


class FinishedPictures:
    """An `Undecoded` that is decoded already."""

    def __init__(self, pictures: list[Image.Image]) -> None:
        self._pictures = pictures

    def pictures(self) -> list[Image.Image]:
        """The pictures."""
        return self._pictures


class DenoisedBatch:
    """An `Undecoded` whose latents are decoded when the pictures are first asked for."""

    def __init__(
        self, decoder: Decoder, call: DecoderCall, on_pictures: Callable[[list[Image.Image]], object] | None
    ) -> None:
        self._decoder = decoder
        self._call: DecoderCall | None = call
        self._on_pictures = on_pictures
        self._pictures: list[Image.Image] = []
        self._lock = threading.Lock()

    def pictures(self) -> list[Image.Image]:
        """Decode them.

        Raises:
            OutOfMemoryError: with the batch size to try.
            ModelError: the decoder failed.
        """
        with self._lock:
            if self._call is not None:
                self._pictures = self._decoder.decode(self._call)
                self._call = None  # lets go of the latents
                if self._on_pictures is not None:
                    self._on_pictures(self._pictures)
            return self._pictures


class _ReachedDecoder(BaseException):
    """Raised through a pipeline in the place of decoding."""

    def __init__(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        super().__init__()
        self.arguments = arguments
        self.options = options


def run_to_decoder(
    pipeline: Any, arguments: dict[str, Any], count: int, stopped_by: Callable[[], BaseException | None]
) -> DecoderCall | list[Image.Image]:
    """Call a pipeline and leave it where it decodes.

    Args:
        pipeline: any of diffusers'.
        arguments: of its call.
        count: how many pictures to expect.
        stopped_by: gives the exception that stopped it on purpose, if any: that one passes unchanged.

    Returns:
        What to decode; or the finished pictures, where the pipeline can't be left (it decodes by other means).

    Raises:
        ModelError: it failed.
    """
    import torch

    try:
        with _left_at_decoder(pipeline):
            output = pipeline(**arguments)
    except _ReachedDecoder as reached:
        ready = None
        if pipeline.vae.device.type == "cuda":
            ready = torch.cuda.Event()
            ready.record(torch.cuda.current_stream(pipeline.vae.device))
        pipeline.maybe_free_model_hooks()  # what a pipeline does at its end
        return DecoderCall(pipeline, reached.arguments, reached.options, count, ready)
    except Exception as error:
        pipeline.maybe_free_model_hooks()
        if error is stopped_by() or isinstance(error, DataCrafterError) or is_out_of_memory(error):
            raise
        raise _failed(pipeline, error) from error
    unsafe = getattr(output, "nsfw_content_detected", None)
    return _marked([picture.convert("RGB") for picture in output.images], None, unsafe, pipeline, count)


class Decoder:
    """Turns latents into pictures, one batch at a time.

    On CUDA it has a stream of its own, so that the denoiser goes on with the next batch meanwhile.

    Attributes:
        lock: held while decoding. Hold it where the autoencoder's precision is changed.
    """

    def __init__(self, device: str) -> None:
        self.lock = threading.RLock()
        self._device = device
        self._stream: Any = None

    def decode(self, call: DecoderCall) -> list[Image.Image]:
        """Decode a batch, look for what is wrong with it, and mark that (see `picture_problem`).

        Raises:
            OutOfMemoryError: with the batch size to try.
            ModelError: the decoder failed.
        """
        with self.lock, oom_translated(call.count, self._device):
            try:
                with self._on_own_stream(call):
                    pixels, finite, unsafe = _decode(call)
                    pixels, finite = self._fetched(pixels, finite)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                raise _failed(call.pipeline, error) from error
        from PIL import Image

        pictures = [Image.fromarray(picture) for picture in pixels.numpy().copy()]
        return _marked(pictures, finite.tolist(), unsafe, call.pipeline, call.count)

    @contextlib.contextmanager
    def _on_own_stream(self, call: DecoderCall) -> Iterator[None]:
        import torch

        if call.ready is None:
            yield
            return
        with torch.cuda.device(self._device):
            if self._stream is None:
                self._stream = torch.cuda.Stream()
            with torch.cuda.stream(self._stream):
                self._stream.wait_event(call.ready)
                for value in (*call.arguments, *call.options.values()):
                    if isinstance(value, torch.Tensor) and value.is_cuda:
                        value.record_stream(self._stream)  # the denoiser's stream allocated it
                yield

    def _fetched(self, *tensors: torch.Tensor) -> list[torch.Tensor]:
        """Copies on the CPU; from CUDA through pinned memory, waiting for this stream only."""
        import torch

        if not tensors[0].is_cuda:
            return [tensor.cpu() for tensor in tensors]
        copies = [torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True) for tensor in tensors]
        for copy, tensor in zip(copies, tensors, strict=True):
            copy.copy_(tensor, non_blocking=True)
        torch.cuda.current_stream(tensors[0].device).synchronize()
        return copies


def _decode(call: DecoderCall) -> tuple[torch.Tensor, torch.Tensor, list[bool] | None]:
    """(B, H, W, 3) uint8 pixels, (B,) whether all numbers of a picture were finite, and what is unsafe."""
    import torch

    pipeline, vae = call.pipeline, call.pipeline.vae
    with torch.no_grad():
        # The class's method: the instance's own may be replaced just now, by the next batch.
        image = type(vae).decode(vae, *call.arguments, **call.options)
        image = image[0] if isinstance(image, tuple) else image.sample
        if image.ndim == 5:  # autoencoders for video (Qwen-Image's): a picture is a film of one frame
            image = image[:, :, 0]
        finite = torch.isfinite(image).flatten(1).all(1)
        image = torch.nan_to_num(image.float(), nan=-1.0, posinf=1.0, neginf=-1.0)
        unsafe = None
        if hasattr(pipeline, "run_safety_checker"):
            image, unsafe = pipeline.run_safety_checker(image, image.device, vae.dtype)
        if getattr(pipeline, "watermark", None) is not None:
            image = pipeline.watermark.apply_watermark(image)
        hidden = {} if unsafe is None else {"do_denormalize": [not hit for hit in unsafe]}
        image = pipeline.image_processor.postprocess(image, output_type="pt", **hidden)
        image = (image.float().permute(0, 2, 3, 1) * 255).round().clamp(0, 255).to(torch.uint8)
    return image, finite, None if unsafe is None else [bool(hit) for hit in unsafe]


@contextlib.contextmanager
def _left_at_decoder(pipeline: Any) -> Iterator[None]:
    vae = getattr(pipeline, "vae", None)
    if vae is None or not hasattr(vae, "decode") or not hasattr(pipeline, "image_processor"):
        yield
        return

    def leave(*arguments: Any, **options: Any) -> None:
        raise _ReachedDecoder(arguments, options)

    vae.decode = leave
    try:
        yield
    finally:
        del vae.decode


def _marked(
    pictures: list[Image.Image],
    finite: list[bool] | None,
    unsafe: list[bool] | None,
    pipeline: Any,
    count: int,
) -> list[Image.Image]:
    if len(pictures) != count:
        msg = f"{type(pipeline).__name__}: expected {count} pictures, found {len(pictures)}"
        raise ModelError(msg)
    for number, picture in enumerate(pictures):
        if finite is not None and not finite[number]:
            mark_problem(picture, "nan")
        elif unsafe is not None and unsafe[number]:
            mark_problem(picture, "unsafe")
    return pictures


def _failed(pipeline: Any, error: BaseException) -> ModelError:
    return ModelError(f"{type(pipeline).__name__} failed: {type(error).__name__}: {first_line(error)}")
