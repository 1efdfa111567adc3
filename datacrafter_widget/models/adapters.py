"""LoRA and textual-inversion files on a pipeline: the user's, and concepts that the session has learned."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.device import is_out_of_memory
from datacrafter_widget.models.hub import first_line, quiet_loading
from datacrafter_widget.models.registry import folder_revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacrafter_widget.models.concepts import Concept


def listed(files: Any) -> list[tuple[str | None, str]]:
    """(token or None, path or hub id) of one file, several, or a mapping from tokens to files."""
    if isinstance(files, Mapping):
        return [(str(token), _expanded(path)) for token, path in files.items()]
    if isinstance(files, str | Path):
        files = [files]
    return [(None, _expanded(path)) for path in files]


def fingerprint(files: Iterable[tuple[str | None, str]]) -> str:
    """What the files add to a model's revision: "" for none, else "+" and eight hexadecimal digits."""
    total = hashlib.sha256()
    seen = False
    for token, name in files:
        seen = True
        path = Path(name)
        content = name  # a hub id
        if path.is_file():
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        elif path.is_dir():
            content = folder_revision(path)
        total.update(f"{token}\0{content}\0".encode())
    return f"+{total.hexdigest()[:8]}" if seen else ""


class Adapters:
    """What is loaded onto the weights of one pipeline beside themselves.

    The user's LoRA files are always active; a concept's only for batches whose prompts name its token. A
    concept's file is read when a prompt first names it.
    """

    def __init__(self, pipeline: Any, name: str) -> None:
        self._pipeline = pipeline
        self._name = name
        self._always: list[str] = []
        self._active: list[str] | None = []  # None: what peft chose when a file was loaded
        self._concepts: dict[str, Concept] = {}

    def add_files(
        self, lora: Sequence[tuple[str | None, str]], textual_inversion: Sequence[tuple[str | None, str]]
    ) -> None:
        """Load the user's files.

        Raises:
            ModelError: one can't be read, or does not suit the model.
        """
        for number, (_, path) in enumerate(lora):
            self._load_lora(path, f"file{number}")
            self._always.append(f"file{number}")
        for token, path in textual_inversion:
            self._load_textual_inversion(path, token)
        if self._always:
            self._activate(self._always)

    def suits(self, concepts: Iterable[Concept]) -> bool:
        """Whether what is loaded is part of these concepts: what is not can't be taken out again."""
        known = {concept.token: concept for concept in concepts}
        return all(known.get(token) == concept for token, concept in self._concepts.items())

    def use(self, concepts: Sequence[Concept]) -> None:
        """Load what is missing of the concepts that a batch names, and activate these and no others.

        Raises:
            ModelError: a file can't be read, or does not suit the model.
        """
        for concept in concepts:
            if concept.token in self._concepts:
                continue
            if concept.kind == "lora":
                self._load_lora(str(concept.path), _adapter_name(concept))
            else:
                self._load_textual_inversion(str(concept.path), concept.token)
            self._concepts[concept.token] = concept
        self._activate(
            [*self._always, *(_adapter_name(concept) for concept in concepts if concept.kind == "lora")]
        )

    @property
    def active(self) -> tuple[str, ...]:
        """The names of the LoRAs that are active now."""
        return tuple(self._active or ())

    def _activate(self, names: list[str]) -> None:
        if names == self._active:
            return
        if names:
            self._pipeline.enable_lora()
            self._pipeline.set_adapters(names)
        else:
            self._pipeline.disable_lora()
        self._active = names

    def _load_lora(self, path: str, adapter: str) -> None:
        if not hasattr(self._pipeline, "load_lora_weights"):
            raise self._refused(path, "a LoRA", f"{type(self._pipeline).__name__}, which takes none")
        self._active = None  # before the try: what fails half-way may be active, too
        try:
            with quiet_loading():
                self._pipeline.load_lora_weights(path, adapter_name=adapter, **_file_options(path))
        except Exception as error:
            if is_out_of_memory(error):
                raise
            found = f"{type(error).__name__}: {first_line(error)}"
            raise self._refused(path, "a LoRA in safetensors that fits it", found) from error
        if adapter not in {name for names in self._pipeline.get_list_adapters().values() for name in names}:
            raise self._refused(path, "a LoRA in safetensors that fits it", "none of its layers")

    def _load_textual_inversion(self, path: str, token: str | None) -> None:
        pipeline = self._pipeline
        if not hasattr(pipeline, "load_textual_inversion"):
            raise self._refused(path, "a textual inversion", f"{type(pipeline).__name__}, which takes none")
        try:
            with quiet_loading():
                halves = _halves(path)
                if halves is None:
                    pipeline.load_textual_inversion(path, token=token, **_file_options(path))
                    return
                token = token or Path(path).stem
                for half, number in (("clip_l", ""), ("clip_g", "_2")):  # SDXL: one for each text encoder
                    if half in halves:
                        pipeline.load_textual_inversion(
                            halves[half],
                            token=token,
                            text_encoder=getattr(pipeline, f"text_encoder{number}"),
                            tokenizer=getattr(pipeline, f"tokenizer{number}"),
                        )
        except Exception as error:
            if is_out_of_memory(error):
                raise
            found = f"{type(error).__name__}: {first_line(error)}"
            raise self._refused(path, "a textual inversion in safetensors that fits it", found) from error

    def _refused(self, path: str, expected: str, found: str) -> ModelError:
        return ModelError(
            f"{path} can't be used with the model {self._name!r}: expected {expected}, found {found}"
        )


def _adapter_name(concept: Concept) -> str:
    return "concept_" + re.sub(r"\W", "_", concept.token.strip("<>"))  # a module's name: no dots


def _file_options(path: str) -> dict[str, Any]:
    options: dict[str, Any] = {"use_safetensors": True}  # nothing pickled
    if Path(path).exists():
        options["local_files_only"] = True
    return options


def _expanded(path: Any) -> str:
    expanded = Path(path).expanduser()
    return str(expanded) if expanded.exists() else str(path)


def _halves(path: str) -> dict[str, Any] | None:
    """The tensors of a textual inversion for two text encoders, or None for a file of another kind."""
    file = Path(path)
    if not file.is_file() or file.suffix != ".safetensors":
        return None
    from safetensors.torch import load_file

    tensors = load_file(file)
    return tensors if set(tensors) & {"clip_l", "clip_g"} else None
