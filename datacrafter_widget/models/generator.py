"""What a generator is: text, and perhaps a parent picture, in; pictures out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    import collections.abc
    from collections.abc import Callable, Iterable, Sequence

    import torch
    from PIL import Image

    from datacrafter_widget.models.defaults import GeneratorDefaults

PROBLEM = "datacrafter_problem"
"""Where `picture_problem` looks in a picture's `info`."""


@dataclass(frozen=True)
class PictureRequest:
    """One picture to make.

    Attributes:
        prompt: what to show.
        negative_prompt: what to avoid; "" for nothing.
        seed: of its own randomness, 0 … 2⁶³ - 1.
        parent: the picture to start from (image-to-image), or None (text-to-image).
        strength: how far to leave the parent, above 0 and up to 1; ignored without a parent.
        mask: what of the parent to make anew (inpainting): white is made anew, black stays nearly the same.
        turns: seed and strength of each turn of the initial noise towards fresh noise (see `variation`).
        start: (C, h, w) float32, scaled latents to begin from in place of the encoded parent; needs a parent.
        guidance_scale: classifier-free guidance.
        num_inference_steps: denoising steps; image-to-image does `strength` of them, at least one.
        width: pixels.
        height: pixels.
    """

    prompt: str
    seed: int
    width: int
    height: int
    num_inference_steps: int
    guidance_scale: float
    negative_prompt: str = ""
    parent: Image.Image | None = None
    strength: float | None = None
    mask: Image.Image | None = None
    turns: tuple[tuple[int, float], ...] = ()
    start: torch.Tensor | None = field(default=None, compare=False)

    @classmethod
    def by_default(
        cls, defaults: GeneratorDefaults, prompt: str, seed: int, negative_prompt: str = ""
    ) -> PictureRequest:
        """A picture from a prompt alone, with a generator's own settings."""
        return cls(
            prompt=prompt,
            negative_prompt=negative_prompt,
            seed=seed,
            width=defaults.width,
            height=defaults.height,
            num_inference_steps=defaults.num_inference_steps,
            guidance_scale=defaults.guidance_scale,
        )


@runtime_checkable
class Generator(Protocol):
    """What the engine asks of a generator."""

    @property
    def name(self) -> str:
        """What the user called it."""

    @property
    def revision(self) -> str:
        """Which weights exactly: a commit or a content hash."""

    @property
    def device(self) -> str:
        """Where it runs."""

    @property
    def dtype(self) -> str:
        """In what precision it runs."""

    @property
    def defaults(self) -> GeneratorDefaults:
        """Settings that suit it."""

    def generate(
        self, requests: Sequence[PictureRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Make one batch of pictures."""

    def release(self) -> None:
        """Give its memory back; the next `generate` loads it again."""

    def memory(self) -> dict[str, Any]:
        """What its device's memory holds."""


@runtime_checkable
class Undecoded(Protocol):
    """A batch that is denoised but not yet decoded."""

    def pictures(self) -> list[Image.Image]:
        """Decode it. May run on another thread, also while the next batch is denoised."""


@runtime_checkable
class SplitGenerator(Generator, Protocol):
    """A generator that denoises and decodes separately: `generate` is `denoise(...).pictures()`."""

    def denoise(
        self,
        requests: Sequence[PictureRequest],
        *,
        on_step: Callable[[int, int], object] | None = None,
        on_preview: Callable[[list[Image.Image]], object] | None = None,
    ) -> Undecoded:
        """Denoise one batch; `on_preview` gets rough pictures of it under way, at most four times a second."""


@runtime_checkable
class ReadingGenerator(Protocol):
    """A generator that can say which words it hardly knows."""

    def spelled_out(self, texts: Sequence[str]) -> list[str]:
        """Those words of texts that its text encoder has to spell (see `spelling`)."""


@runtime_checkable
class LatentGenerator(Protocol):
    """A generator whose latents can be had and put back."""

    def encode_latents(self, images: Sequence[Image.Image], width: int, height: int) -> torch.Tensor:
        """Scaled latents (K, C, h, w) float32 of pictures fitted to a size; the same each time."""

    def decode_latents(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels (K, 3, H, W) in 0 … 1 of scaled latents; differentiable in them."""


@runtime_checkable
class FittedGenerator(Generator, Protocol):
    """A generator that finds out how many pictures fit its device at a time."""

    def find_batch_size(
        self, request: PictureRequest, *, on_step: Callable[[int, int], object] | None = None
    ) -> int:
        """The batch size to make pictures like this one with."""


@runtime_checkable
class StreamingGenerator(Generator, Protocol):
    """A generator with several batches in flight."""

    def stream(
        self,
        batches: Iterable[Sequence[PictureRequest]],
        *,
        on_step: Callable[[int, int], object] | None = None,
    ) -> collections.abc.Generator[tuple[int, list[Image.Image]]]:
        """Make batches; yield (position in `batches`, pictures) as they get ready.

        Pulls from `batches` only as far as there is room. Closing the iterator drops what is in flight.
        """


def picture_problem(picture: Image.Image) -> str | None:
    """What the generator that made a picture says is wrong with it.

    Returns:
        "nan" (numbers that are none came out of the model), "unsafe" (its safety checker hid the picture),
        or None.
    """
    return picture.info.get(PROBLEM)


def mark_problem(picture: Image.Image, problem: str) -> None:
    """Note what is wrong with a picture, for `picture_problem`."""
    picture.info[PROBLEM] = problem


def fit(picture: Image.Image | None, width: int, height: int) -> Image.Image:
    """Resize a picture to cover `width` x `height` pixels and crop what sticks out, evenly on both sides."""
    from PIL import Image, ImageOps

    if picture is None:
        msg = "expected a parent picture, found None"
        raise InputError(msg)
    picture = picture.convert("RGB")
    if picture.size == (width, height):
        return picture
    return ImageOps.fit(picture, (width, height), method=Image.Resampling.LANCZOS)
