"""The models of a session: loaded when first needed, given back on request."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.editors.editor import Abilities, Editor
from datacrafter_widget.models.encoder import Encoder, OpenClipEncoder
from datacrafter_widget.models.generator import Generator
from datacrafter_widget.models.language import LanguageModel


class LoadedModels:
    """A generator and an encoder by name, or as objects that follow their protocols; perhaps a language model.

    Args:
        generator: hub id, model folder, ``"toybox"``, or a `Generator`.
        encoder: open_clip name (``"ViT-B-32/openai"``), model folder, ``"toybox"``, or an `Encoder`.
        device: ``"auto"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"cpu"``.
        dtype: ``"auto"``, ``"float32"``, ``"float16"`` or ``"bfloat16"``.
        language: a language model, or None.
        on_change: called after a model was loaded or released.
        on_generator: called with the generator before its first use.

    Attributes:
        language: the language model, or None. It runs elsewhere: nothing of it is loaded or released here.
    """

    def __init__(
        self,
        generator: str | Generator,
        encoder: str | Encoder,
        *,
        device: str,
        dtype: str,
        language: LanguageModel | None = None,
        on_change: Callable[[], None],
        on_generator: Callable[[Generator], None] | None = None,
    ) -> None:
        self._generator_name = generator if isinstance(generator, str) else generator.name
        self._encoder_name = encoder if isinstance(encoder, str) else encoder.name
        self._device = device
        self._dtype = dtype
        self.language = language
        self._language_problem: str | None = None
        self._on_change = on_change
        self._on_generator = on_generator
        self._lock = threading.RLock()
        self._generator: Generator | None = None if isinstance(generator, str) else generator
        self._encoder: Encoder | None = None if isinstance(encoder, str) else encoder
        self._editors: dict[str, Editor] = {}
        self._brought: dict[str, None] = {}

    @property
    def generator_name(self) -> str:
        """What the user called the generator."""
        return self._generator_name

    @property
    def language_name(self) -> str | None:
        """What the user called the language model; None without one."""
        return None if self.language is None else getattr(self.language, "name", type(self.language).__name__)

    def language_failed(self, reason: str | None) -> None:
        """Remember that the language model failed, and why; None: it works again."""
        if reason != self._language_problem:
            self._language_problem = reason
            self._on_change()

    @property
    def generator(self) -> Generator:
        """The generator, loaded now if it wasn't."""
        with self._lock:
            if self._generator is None:
                self._generator = DiffusersGenerator(
                    self._generator_name, device=self._device, dtype=self._dtype
                )
                self._on_change()
            if self._on_generator is not None:
                tell, self._on_generator = self._on_generator, None
                tell(self._generator)
            return self._generator

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded now if it wasn't."""
        with self._lock:
            if self._encoder is None:
                self._encoder = OpenClipEncoder(self._encoder_name, device=self._device, dtype=self._dtype)
                self._on_change()
            return self._encoder

    def abilities(self) -> dict[str, Abilities]:
        """What the editors can do that may be had by name: the registry's, and those that were brought."""
        from datacrafter_widget.models.editors.registry import known

        registered = {name: entry.abilities for name, entry in known().items()}
        with self._lock:
            return registered | {name: editor.abilities for name, editor in self._editors.items()}

    def editor_titles(self) -> dict[str, str]:
        """What each editor is that may be had by name."""
        from datacrafter_widget.models.editors.registry import known

        registered = {name: entry.title for name, entry in known().items()}
        return {name: registered.get(name, name) for name in self.abilities()}

    def bring(self, editors: Iterable[Editor]) -> None:
        """Have editors under their names, in the place of any that the registry would make."""
        with self._lock:
            for editor in editors:
                self._editors[editor.name] = editor
                self._brought[editor.name] = None

    def lend(self, editors: Iterable[Editor]) -> None:
        """Have editors under their names for whoever names them; they are not `at_hand`.

        Raises:
            InputError: a name is that of an editor of the registry.
        """
        from datacrafter_widget.models.editors.registry import known

        given = {editor.name: editor for editor in editors}
        with self._lock:
            for name in given.keys() & known().keys():
                if self._editors.get(name) is not given[name]:
                    raise InputError(
                        f"editors: {name!r} is the name of another one. Give yours a name of its own, or have it in"
                        " that one's place with session.use_editors(…)"
                    )
            self._editors |= given

    def at_hand(self) -> tuple[str, ...]:
        """The names of the editors that were brought, and of those for which nothing need be downloaded."""
        from datacrafter_widget.models.editors.registry import known

        light = [name for name, entry in known().items() if not entry.downloads]
        return tuple(dict.fromkeys([*light, *self._brought]))

    def editor(self, name: str) -> Editor:
        """An editor by its name, made now if it wasn't; those of the generator's own weights share them.

        Raises:
            DataCrafterError: there is none of that name, or it can't be loaded.
        """
        from datacrafter_widget.models.editors.registry import open_editor

        with self._lock:
            if name not in self._editors:
                self._editors[name] = open_editor(
                    name, generator=self.generator, device=self._device, dtype=self._dtype
                )
                self._on_change()
            return self._editors[name]

    def make_room(self, editor: str) -> None:
        """Give the memory of all models back but of one editor; the next use loads them again."""
        with self._lock:
            others = (each for name, each in self._editors.items() if name != editor)
            for model in (*others, self._generator, self._encoder):
                if model is not None:
                    model.release()
        self._on_change()

    def release(self) -> None:
        """Give the models' memory back; the next use loads them again."""
        with self._lock:
            for model in (*self._editors.values(), self._generator, self._encoder):
                if model is not None:
                    model.release()
        self._on_change()

    def describe(self) -> dict[str, Any]:
        """What the Info panel shows of the models: names, device, precision, defaults, memory."""
        generator, encoder = self._generator, self._encoder
        return {
            "generator": {
                "name": self._generator_name,
                "revision": generator.revision if generator else None,
                "device": str(generator.device) if generator else None,
                "dtype": str(generator.dtype).removeprefix("torch.") if generator else None,
                "defaults": asdict(generator.defaults) if generator else None,
            },
            "encoder": {"name": self._encoder_name, "dim": encoder.dim if encoder else None},
            "language": self._describe_language(),
            "memory": generator.memory() if generator else {},
        }

    def _describe_language(self) -> dict[str, Any] | None:
        if self.language is None:
            return None
        usage = getattr(self.language, "usage", None)
        return {
            "name": self.language_name,
            "calls": getattr(usage, "calls", None),
            "cached": getattr(usage, "cached", None),
            "prompt_tokens": getattr(usage, "prompt_tokens", None),
            "completion_tokens": getattr(usage, "completion_tokens", None),
            "cost": getattr(usage, "cost", None),
            "problem": getattr(self.language, "problem", self._language_problem),
        }
