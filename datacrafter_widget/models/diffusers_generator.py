"""Any diffusers pipeline as a generator."""

from __future__ import annotations

import contextlib
import threading
import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from datacrafter_widget.models import batch_size, latents, masking, pipelines, spelling
from datacrafter_widget.models.adapters import Adapters, fingerprint, listed
from datacrafter_widget.models.calls import call_arguments, check_alike, check_size, form_of, starts_of
from datacrafter_widget.models.concepts import in_words, tokens_in
from datacrafter_widget.models.decoding import Decoder, DenoisedBatch, FinishedPictures, run_to_decoder
from datacrafter_widget.models.defaults import PipelineFolder, generator_defaults, own_defaults
from datacrafter_widget.models.device import (
    free_memory,
    memory_report,
    oom_translated,
    resolve_device,
    resolve_dtype,
)
from datacrafter_widget.models.previews import LinearPreview, PreviewFeed, TinyDecoder
from datacrafter_widget.models.prompts import PromptCache
from datacrafter_widget.models.registry import folder_revision, resolve_generator
from datacrafter_widget.models.steps import StepWatch
from datacrafter_widget.models.variation import turning_noise

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import torch
    from PIL import Image

    from datacrafter_widget.models.calls import Form
    from datacrafter_widget.models.concepts import Concept
    from datacrafter_widget.models.generator import PictureRequest, Undecoded

    Files = str | Path | Sequence[str | Path]


class DiffusersGenerator:
    """Any text-to-image pipeline of diffusers, by folder or hub id; its other forms from the same weights.

    Opening it reads its configuration (and downloads a hub model); the weights are loaded by the first
    `generate`, on the thread that calls it.

    Attributes:
        name: what the user called it.
        folder: where its files are.
        revision: the hub's commit, or a hash of the folder's contents.
        device: "cpu", "cuda:0" …
        dtype: "float32", "bfloat16" or "float16".
        defaults: settings that suit it.
    """

    def __init__(
        self,
        name_or_folder: str | os.PathLike[str],
        *,
        device: str = "auto",
        dtype: str = "auto",
        lora: Files = (),
        textual_inversion: Files | Mapping[str, str | Path] = (),
        compile: bool = False,  # noqa: A002 (torch's and diffusers' name for it)
        vae_tiling: bool | Literal["auto"] = "auto",
        offload_text_encoders: bool = False,
        previews: str = "auto",
    ) -> None:
        """Find the model and decide where and how it runs.

        Args:
            name_or_folder: "toybox", a folder written by `save_pretrained`, or a hub id.
            device: "auto", "cpu", "mps", "cuda", "cuda:1" …
            dtype: "auto", "float32", "float16" or "bfloat16".
            lora: LoRA files in safetensors (or hub ids), all active at once.
            textual_inversion: files of learned words in safetensors (or hub ids); a mapping names their tokens.
            compile: compile the denoiser with `torch.compile`: the first batch takes minutes, the others less.
            vae_tiling: decode in tiles and one by one, which needs less memory; "auto": on CUDA from 1024² up
                where the card has less than 16 GiB beside the weights.
            offload_text_encoders: keep the text encoders on the CPU while they are not needed.
            previews: "auto": from a linear map that is learned from finished batches; or the name of an
                `AutoencoderTiny` that suits the model, such as "madebyollin/taesd".

        Raises:
            ModelError: the model or the device is not there, or does not support the precision.
            InputError: an unknown device or precision name.
        """
        found = resolve_generator(name_or_folder)
        self.device = resolve_device(device)
        self.name = str(name_or_folder)
        if isinstance(found, Path):
            self.folder, self.revision = found, folder_revision(found)
        else:
            self.folder = pipelines.download(found)
            self.revision = self.folder.name
        configuration = PipelineFolder.read(self.folder, self.name)
        self._torch_dtype = resolve_dtype(dtype, self.device, weight_bytes=configuration.weight_bytes)
        self.dtype = str(self._torch_dtype).removeprefix("torch.")
        self.defaults = generator_defaults(configuration, self.device)
        self._lora, self._textual_inversion = listed(lora), listed(textual_inversion)
        self.revision += fingerprint([*self._lora, *self._textual_inversion])
        self._compile = compile
        self._tiles = pipelines.tiles(vae_tiling, self.device, configuration.weight_bytes)
        self._prompts = PromptCache(self.device, offload=offload_text_encoders)
        self._tokenizers: list[Any] | None = None
        self._concepts: dict[str, Concept] = {}
        self._adapters: Adapters | None = None
        self._previews = previews
        self._preview_decoder: LinearPreview | TinyDecoder | None = None
        self._inpaints_only = pipelines.inpaints_only(configuration.denoiser)
        self._masks_itself = masking.needed(configuration.denoiser)
        self._forms: dict[Form, Any] = {}
        self._decoder = Decoder(self.device)
        self._undecoded: weakref.WeakSet[DenoisedBatch] = weakref.WeakSet()
        self._tiled = False
        self._lock = threading.RLock()

    def generate(
        self, requests: Sequence[PictureRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Make one batch of pictures; each has its own randomness.

        The same requests give bitwise the same pictures on the same machine at the same batch size.

        Args:
            requests: what to make; all with a parent or all without, with the same size, steps, guidance and
                strength.
            on_step: called as `on_step(step, steps)` after each denoising step. An exception it raises stops
                the batch within that step and leaves `generate`; no half-denoised picture does.

        Returns:
            The pictures (RGB), in the order of the requests. `picture_problem` tells what is wrong with one.

        Raises:
            InputError: requests that do not go together, or a size the model can't make.
            OutOfMemoryError: with the batch size to try.
            ModelError: the model can't be loaded or failed.
        """
        return self.denoise(requests, on_step=on_step).pictures()

    def denoise(
        self,
        requests: Sequence[PictureRequest],
        *,
        on_step: Callable[[int, int], object] | None = None,
        on_preview: Callable[[list[Image.Image]], object] | None = None,
    ) -> Undecoded:
        """Denoise one batch; its pictures are decoded later, perhaps on another thread (see `generate`).

        On CUDA decoding has a stream of its own, beside the next batch's denoising. Elsewhere it is done at once:
        on a CPU two threads of torch get into each other's way.

        Args:
            requests: as for `generate`.
            on_step: as for `generate`.
            on_preview: gets rough pictures of the batch, at most four times a second.
        """
        if not requests:
            return FinishedPictures([])
        check_alike(requests)
        form = form_of(requests[0], inpaints_only=self._inpaints_only)
        masked = form == "inpainting" and self._masks_itself
        if masked:
            form = "image2image"
        with self._lock, oom_translated(len(requests), self.device):
            pipeline = self.pipeline(form)
            check_size(pipeline, requests[0])
            self._set_tiling(pipeline, self._tiles(requests[0].width, requests[0].height))
            arguments = call_arguments(pipeline, self._with_concepts(requests), form)
            feed = None
            if on_preview is not None:
                feed = PreviewFeed(self._previewer(), on_preview, requests[0].width, requests[0].height)
            watch = StepWatch(arguments.get("num_inference_steps", 1), on_step, feed)
            changes = self._changes_precision(pipeline)
            with (
                pipelines.inference(self.device),
                self._decoder.lock if changes else contextlib.nullcontext(),
                pipelines.same_precision(pipeline),
                latents.starting_from(pipeline, starts_of(pipeline, requests)),
                turning_noise(pipeline, getattr(pipeline, "scheduler", None), requests, form),
                watch.watching(pipeline) as callback,
            ):
                arguments |= masking.keeping_outside(pipeline, requests, callback) if masked else callback
                reached = run_to_decoder(pipeline, arguments, len(requests), lambda: watch.stopped_by)
                if isinstance(reached, list):
                    return FinishedPictures(reached)
                batch = DenoisedBatch(self._decoder, reached, self._lesson(watch) if feed else None)
                self._undecoded.add(batch)
                if changes or not self.device.startswith("cuda"):
                    batch.pictures()
                return batch

    def use_concepts(self, concepts: Sequence[Concept]) -> None:
        """Replace the learned concepts that prompts may name by their tokens, such as "<crane-1>".

        A concept's file is read when a prompt first names it; a LoRA works on that batch only.
        """
        with self._lock:
            known = {concept.token: concept for concept in concepts}
            if known == self._concepts:
                return
            self._concepts = known
            self._prompts.clear()
            if self._adapters is not None and not self._adapters.suits(concepts):
                self.release()  # what is loaded can't be taken out of the weights for certain

    def find_batch_size(
        self, request: PictureRequest, *, on_step: Callable[[int, int], object] | None = None
    ) -> int:
        """The largest batch of pictures like this one that the memory holds, by trial (see `batch_size`).

        A model folder that states its own is believed.
        """
        if "batch_size" in own_defaults(self.folder):
            return self.defaults.batch_size
        return batch_size.find(self, request, on_step=on_step)

    @contextlib.contextmanager
    def lent(
        self, texts: Sequence[str], count: int, made: Callable[[Any], Any] | None = None
    ) -> Iterator[tuple[Any, list[str]]]:
        """Lend the pipeline, as it was loaded, for work that is no generation, to one borrower at a time.

        Args:
            texts: prompts of that work; the concepts that they name become active.
            count: pictures at a time, for what is said when memory runs out.
            made: makes another pipeline of it, with the same parts, to be lent in its place.

        Yields:
            The pipeline, and the texts with concepts in words. The autoencoder of the generator's own pipeline is in a
            precision that does not overflow; another pipeline sees to that itself.
        """
        import torch

        with self._lock, oom_translated(count, self.device):
            pipeline = self._base()
            words = self._in_words(texts)
            changes = self._changes_precision(pipeline)
            if made is not None:
                pipeline = made(pipeline)
                self._prompts.attach(pipeline)
            with (
                pipelines.inference(self.device),
                self._decoder.lock if changes else contextlib.nullcontext(),
                pipelines.same_precision(pipeline),
            ):
                if changes and made is None:
                    pipeline.vae.to(dtype=torch.float32)
                yield pipeline, words

    def encode_latents(self, images: Sequence[Image.Image], width: int, height: int) -> torch.Tensor:
        """Scaled latents of pictures: what `PictureRequest.start` takes (see `latents.encode`)."""
        with self._lock, oom_translated(len(images), self.device):
            return latents.encode(self._base(), images, width, height)

    def decode_latents(self, latents_: torch.Tensor) -> torch.Tensor:
        """Pixels (K, 3, H, W) in 0 … 1 of scaled latents, differentiable in them (see `latents.decode`)."""
        with self._lock, oom_translated(len(latents_), self.device):
            return latents.decode(self._base(), latents_)

    def spelled_out(self, texts: Sequence[str]) -> list[str]:
        """Those words of texts that the text encoders have to spell (see `spelling`); needs no weights."""
        with self._lock:
            if self._tokenizers is None:
                self._tokenizers = spelling.tokenizers(self.folder)
            return spelling.spelled_out(texts, self._tokenizers)

    def load(self) -> None:
        """Load the weights now rather than at the first `generate`."""
        with self._lock, oom_translated(1, self.device):
            self._base()

    def release(self) -> None:
        """Give the memory back; the next `generate` loads the weights again."""
        with self._lock:
            self._forms.clear()
            self._adapters = self._preview_decoder = None
            self._prompts.clear()
            free_memory(self.device)

    def memory(self) -> dict[str, Any]:
        """What the device's memory holds, in MiB (see `memory_report`)."""
        return memory_report(self.device)

    def pipeline(self, form: Form = "text2image") -> Any:
        """The pipeline in one of its forms, loaded now if it wasn't.

        Raises:
            ModelError: it can't be loaded, or has no such form.
        """
        base = self._base()
        if form not in self._forms:
            self._forms[form] = pipelines.to_form(base, form, self.name)
            self._prompts.attach(self._forms[form])
        return self._forms[form]

    def _base(self) -> Any:
        form: Form = "inpainting" if self._inpaints_only else "text2image"
        if form not in self._forms:
            pipeline = pipelines.load(self.folder, self._torch_dtype, self.device, self.name, form=form)
            adapters = Adapters(pipeline, self.name)
            adapters.add_files(self._lora, self._textual_inversion)
            if self._compile:
                pipelines.compile_denoiser(pipeline)
            self._prompts.attach(pipeline)
            self._adapters = adapters
            self._forms[form] = pipeline
        return self._forms[form]

    def _with_concepts(self, requests: Sequence[PictureRequest]) -> list[PictureRequest]:
        """The requests with concepts in words; the concepts that they name become active."""
        texts = [text for request in requests for text in (request.prompt, request.negative_prompt)]
        words = iter(self._in_words(texts))
        return [replace(request, prompt=next(words), negative_prompt=next(words)) for request in requests]

    def _in_words(self, texts: Sequence[str]) -> list[str]:
        """Texts with concepts in words; the concepts that they name, and no others, become active."""
        named = sorted({token for text in texts for token in tokens_in(text)} & self._concepts.keys())
        concepts = [self._concepts[token] for token in named]
        if self._adapters is not None:
            self._adapters.use(concepts)
            self._prompts.scope = self._adapters.active
        return [in_words(text, concepts) for text in texts]

    def _previewer(self) -> LinearPreview | TinyDecoder:
        if self._preview_decoder is None:
            tiny = self._previews != "auto"
            self._preview_decoder = (
                TinyDecoder(self._previews, self.device, self._torch_dtype) if tiny else LinearPreview()
            )
        return self._preview_decoder

    def _lesson(self, watch: StepWatch) -> Callable[[list[Image.Image]], object]:
        decoder, last = self._previewer(), watch.latents
        return lambda pictures: None if last is None else decoder.learn(last, pictures)

    def _set_tiling(self, pipeline: Any, tiled: bool) -> None:
        if tiled != self._tiled:
            for batch in list(self._undecoded):
                batch.pictures()  # as it was when they were denoised
        pipelines.set_tiling(pipeline, tiled)
        self._tiled = tiled

    def _changes_precision(self, pipeline: Any) -> bool:
        """Whether a pipeline changes its autoencoder's precision under way (SDXL's overflows in float16)."""
        config = getattr(getattr(pipeline, "vae", None), "config", None)
        return self.dtype == "float16" and bool(getattr(config, "force_upcast", False))
