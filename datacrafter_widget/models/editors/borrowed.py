"""Editors that add something to a Stable Diffusion or SDXL: the session's where it suits, else one of their own."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.defaults import PipelineFolder
from datacrafter_widget.models.device import free_memory, resolve_device
from datacrafter_widget.models.editors.piped import PipedEditor
from datacrafter_widget.models.hub import quiet_loading, reached
from datacrafter_widget.models.registry import folder_revision

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Sequence

    from datacrafter_widget.models.diffusers_generator import DiffusersGenerator

Family = Literal["sd", "sdxl"]

_LATENT_CHANNELS = 4
_BASES: dict[Family, str] = {
    "sd": "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "sdxl": "stabilityai/stable-diffusion-xl-base-1.0",
}


def family_of(generator: Any) -> Family | None:
    """What a generator is to such an addition; None: nothing that one can be added to."""
    folder = getattr(generator, "folder", None)
    if folder is None or not hasattr(generator, "lent"):
        return None
    pipeline = PipelineFolder.read(folder, generator.name)
    denoiser = pipeline.denoiser
    if "down_block_types" not in denoiser or denoiser.get("in_channels") != _LATENT_CHANNELS:
        return None
    return "sdxl" if denoiser.get("addition_embed_type") == "text_time" else "sd"


def text_width(generator: Any) -> int | None:
    """How wide the text embeddings of a generator's UNet are: 768 in Stable Diffusion 1, 1024 in 2, 2048 in SDXL."""
    width = PipelineFolder.read(generator.folder, generator.name).denoiser.get("cross_attention_dim")
    return width if isinstance(width, int) else None


def files_of(model: str, what: str, patterns: Sequence[str]) -> tuple[Path, str]:
    """The folder of a model that is no whole pipeline, downloaded where it is a hub id, and its revision.

    Args:
        model: a folder or a hub id.
        what: it is, in words.
        patterns: of the files that are needed.

    Raises:
        ModelError: it can't be had.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve(), folder_revision(folder)
    with reached(model, what), quiet_loading():
        from huggingface_hub import snapshot_download

        found = Path(snapshot_download(model, allow_patterns=list(patterns)))
    return found, found.name


def configuration(folder: Path, model: str) -> dict[str, Any]:
    """A model folder's `config.json`.

    Raises:
        ModelError: there is none.
    """
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = (
            f"the model {model!r}: expected a readable config.json in {folder}, found {type(error).__name__}"
        )
        raise ModelError(msg) from error


class BorrowingEditor(PipedEditor):
    """One with a generator, the session's or its own, and something beside.

    Attributes:
        generator: whose weights it uses.
        shared: whether that is the session's.
    """

    what: ClassVar[str]

    def __init__(
        self, generator: DiffusersGenerator | None, family: Family, base: str | None, device: str, dtype: str
    ) -> None:
        """Take the session's generator, or open one.

        Args:
            generator: the session's, if it suits.
            family: that is needed.
            base: a hub id or folder in the place of the session's generator.
            device: of one of its own.
            dtype: of one of its own.
        """
        from datacrafter_widget.models.diffusers_generator import DiffusersGenerator

        self.shared = generator is not None and base is None
        if generator is not None and base is None:
            self.generator = generator
        else:
            self.generator = DiffusersGenerator(
                base or _BASES[family], device=resolve_device(device), dtype=dtype
            )
        super().__init__(self.generator.device)

    @abstractmethod
    def extended(self, pipeline: Any) -> Any:
        """The generator's pipeline, extended: another pipeline with the same parts."""

    def lent(
        self, words: Sequence[str], count: int
    ) -> contextlib.AbstractContextManager[tuple[Any, list[str]]]:
        """The generator's pipeline, extended."""
        return self.generator.lent(words, count, self.extended)

    def release(self) -> None:
        """Give back what is its own; the session's generator stays as it is."""
        if not self.shared:
            self.generator.release()
        free_memory(self.device)
