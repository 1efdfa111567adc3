"""Editors that are one call of a diffusers pipeline: what they have in common, and those with weights of their own."""

from __future__ import annotations

import contextlib
import inspect
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models import pipelines
from datacrafter_widget.models.decoding import Decoder, run_to_decoder
from datacrafter_widget.models.defaults import PipelineFolder
from datacrafter_widget.models.device import free_memory, oom_translated, resolve_device, resolve_dtype
from datacrafter_widget.models.editors import frames, texts
from datacrafter_widget.models.editors.batching import in_batches
from datacrafter_widget.models.registry import folder_revision, resolve_generator
from datacrafter_widget.models.steps import StepWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from PIL import Image

    from datacrafter_widget.models.editors.editor import Abilities, EditRequest


class PipedEditor(ABC):
    """What they have in common: batches, steps, decoding, sizes and masks.

    Attributes:
        name: what the registry calls it.
        abilities: what it can do.
        together: whether the pipeline takes several pictures at a time.
        device: where it runs.
        revision: which weights exactly.
    """

    name: ClassVar[str]
    abilities: ClassVar[Abilities]
    together: ClassVar[bool] = True
    revision: str

    def __init__(self, device: str) -> None:
        """Set up.

        Args:
            device: as `resolve_device` gives it.
        """
        self.device = device
        self._decoder = Decoder(device)

    @abstractmethod
    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """The pipeline's arguments that the sliders come to, with `width` and `height`."""

    def prompt(self, request: EditRequest) -> str:
        """The text that the pipeline is given: the caption or the instruction, whichever it reads."""
        wanted = texts.instruction_text if self.abilities.reads == "instruction" else texts.target_text
        return wanted(request)

    def arguments(self, batch: Sequence[EditRequest], size: tuple[int, int]) -> dict[str, Any]:
        """The pipeline's arguments for a batch, beside those of the sliders, the prompts and the randomness.

        Args:
            batch: of requests.
            size: (width, height) to work at.
        """
        return {"image": [frames.at_size(request.picture, size) for request in batch]}

    @abstractmethod
    def lent(
        self, words: Sequence[str], count: int
    ) -> contextlib.AbstractContextManager[tuple[Any, list[str]]]:
        """The pipeline, for this borrower alone, and the texts as it is to be given them."""

    def prepare(self, pipeline: Any, given: dict[str, Any]) -> None:  # noqa: B027 (few have any such)
        """Set what of the parameters is no argument of the pipeline's call."""

    def edit(
        self, requests: Sequence[EditRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Change pictures (see `Editor`)."""
        texts.check(requests, self.name, self.abilities)
        return in_batches(
            requests,
            lambda request: tuple(self.parameters(request).items()),
            self._run,
            on_step,
            together=self.together,
        )

    def _run(self, batch: list[EditRequest], settings: tuple[Any, ...], on_step: Any) -> list[Image.Image]:
        given, count = dict(settings), len(batch)
        said = [self.prompt(request) for request in batch] + [request.negative for request in batch]
        with self.lent(said, count) as (pipeline, words):
            arguments = given | {
                "prompt": words[:count],
                "generator": [_generator(request.seed) for request in batch],
                "output_type": "pil",
            }
            if any(words[count:]):
                arguments["negative_prompt"] = words[count:]
            arguments |= self.arguments(batch, (given["width"], given["height"]))
            accepted = inspect.signature(pipeline.__call__).parameters
            if not self.together:
                arguments = {name: _only(value) for name, value in arguments.items()}
            self.prepare(pipeline, given)
            watch = StepWatch(given["num_inference_steps"], on_step)
            with watch.watching(pipeline) as callback:
                call = {name: value for name, value in arguments.items() if name in accepted} | callback
                reached = run_to_decoder(pipeline, call, count, lambda: watch.stopped_by)
                pictures = reached if isinstance(reached, list) else self._decoder.decode(reached)
        return frames.returned(batch, pictures)


class OwnPipelineEditor(PipedEditor):
    """One with a pipeline of its own, by folder or hub id."""

    default_model: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    usual_size: ClassVar[int]

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        size: int | None = None,
    ) -> None:
        """Find the model; its weights are loaded by the first edit.

        Args:
            model: a hub id or a folder; None: the one that is usual.
            device: "auto", "cpu", "cuda:0" …
            dtype: "auto", "float32", "bfloat16" or "float16".
            size: side in pixels of a square as large as the pictures that the model works at; None: its own.

        Raises:
            ModelError: the model is not there, or is of another kind.
        """
        super().__init__(resolve_device(device))
        self.model = str(model or self.default_model)
        found = resolve_generator(self.model, self.name)
        self._folder = found if isinstance(found, Path) else pipelines.download(found)
        self.revision = folder_revision(found) if isinstance(found, Path) else self._folder.name
        self._configuration = PipelineFolder.read(self._folder, self.model)
        if self._configuration.pipeline_class not in self.classes:
            msg = (
                f"the model {self.model!r} does not suit the editor {self.name!r}: expected "
                f"{' or '.join(self.classes)}, found {self._configuration.pipeline_class}"
            )
            raise ModelError(msg)
        self._dtype = resolve_dtype(dtype, self.device, weight_bytes=self._configuration.weight_bytes)
        self._size = size or self._configuration.size or self.usual_size
        self._pipeline: Any = None
        self._lock = threading.RLock()

    def working_size(self, request: EditRequest) -> dict[str, int]:
        """The size in pixels that a picture is worked at."""
        width, height = frames.working_size(request.picture.size, self._size, self._size)
        return {"width": width, "height": height}

    def loaded(self) -> Any:
        """The pipeline, loaded from its folder.

        Raises:
            ModelError: it can't be loaded.
        """
        return pipelines.load(self._folder, self._dtype, self.device, self.model, form=None)

    @contextlib.contextmanager
    def lent(self, words: Sequence[str], count: int) -> Iterator[tuple[Any, list[str]]]:
        """The pipeline, loaded now if it wasn't."""
        with self._lock, oom_translated(count, self.device):
            if self._pipeline is None:
                self._pipeline = self.loaded()
            with pipelines.inference(self.device), pipelines.same_precision(self._pipeline):
                yield self._pipeline, list(words)

    def release(self) -> None:
        """Give the memory back; the next `edit` loads the weights again."""
        with self._lock:
            self._pipeline = None
            free_memory(self.device)


def _generator(seed: int) -> torch.Generator:
    import torch

    return torch.Generator("cpu").manual_seed(seed)


def _only(value: Any) -> Any:
    """The one item of a list of one: some pipelines take a list of pictures for one edit."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
