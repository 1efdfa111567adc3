"""Prompt templates: `[a photo of | a sketch of] a [red | green] {class}`.

A template is text with slots. One option of each slot is drawn for every picture; `{class}` becomes the
class's word. Doubling a bracket or a brace writes it literally: `[[`, `]]`, `{{`, `}}`.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.english import correct_articles, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

DEFAULT_TEMPLATE = "[a photo of | a sketch of | a cartoon of] a {class}"
"""The template a class starts with."""

CLASS = "{class}"
MAX_LENGTH = 2000

Part = str | tuple[str, ...]
"""Literal text, or the options of a slot, both as written in the template (escapes kept)."""

_TOKEN = re.compile(r"\[\[|\]\]|\{\{|\}\}|\{[^{}\[\]|]*\}|[\[\]{}|]")
_ESCAPE = re.compile(r"\[\[|\]\]|\{\{|\}\}|\{class\}")


@dataclass(frozen=True)
class PromptTemplate:
    """A parsed template (DataCrafter §5.3; the grammar is ours).

    Attributes:
        text: the template as written, blanks tidied.
        options: its parts in order: literal text, or a tuple with a slot's options.
    """

    text: str
    options: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str) -> PromptTemplate:
        """Read a template.

        Args:
            text: for example `"[a photo of | a sketch of] a {class}"`. An option may be empty
                (`"[ | bright]"`); slots are not nested; `{class}` may be missing (`"a crane bird"`).

        Raises:
            TemplateError: with the position of what is wrong and how to write it right.
        """
        if not isinstance(text, str):
            msg = f"a template is text such as {DEFAULT_TEMPLATE!r}; found {type(text).__name__}"
            raise TemplateError(msg)
        text = " ".join(text.split())
        if not text:
            msg = f"the template is empty; write for example {DEFAULT_TEMPLATE!r}"
            raise TemplateError(msg)
        if len(text) > MAX_LENGTH:
            msg = f"a template has at most {MAX_LENGTH} characters, this one has {len(text)}; shorten it"
            raise TemplateError(msg)
        parts = _Reader(text).read()
        if all("" in part if isinstance(part, tuple) else part.isspace() for part in parts):
            msg = f"the template {text!r} can come out empty; put some words outside of its optional slots"
            raise TemplateError(msg)
        return cls(text, parts)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """The options of each slot, left to right."""
        return tuple(part for part in self.options if isinstance(part, tuple))

    @property
    def names_class(self) -> bool:
        """Whether `{class}` occurs in it."""
        flat = itertools.chain.from_iterable([p] if isinstance(p, str) else p for p in self.options)
        return any(CLASS in _ESCAPE.findall(words) for words in flat)

    @property
    def count(self) -> int:
        """How many combinations of options there are (1 without slots)."""
        return math.prod(len(slot) for slot in self.slots)

    def combinations(self) -> Iterator[tuple[int, ...]]:
        """All combinations, each as one option's index a slot, in order."""
        return itertools.product(*(range(len(slot)) for slot in self.slots))

    def render(self, choices: Sequence[int], class_word: str) -> str:
        """Write the prompt for one option a slot.

        Args:
            choices: one option's index a slot.
            class_word: what `{class}` becomes, taken literally.

        Raises:
            TemplateError: when `choices` does not fit the slots.
        """
        slots = self.slots
        fits = len(choices) == len(slots) and all(
            0 <= choice < len(slot) for choice, slot in zip(choices, slots, strict=False)
        )
        if not fits:
            sizes = [len(slot) for slot in slots]
            msg = f"expected one option index a slot for slots of {sizes} options, found {list(choices)}"
            raise TemplateError(msg)
        left = iter(choices)
        words = "".join(part if isinstance(part, str) else part[next(left)] for part in self.options)
        return correct_articles(tidy(_unescape(words, class_word)))

    def sample(self, rng: np.random.Generator, class_word: str) -> str:
        """Draw one option a slot, each equally likely, and write the prompt.

        Args:
            rng: the randomness; the same state gives the same prompt.
            class_word: what `{class}` becomes.
        """
        return self.render([int(rng.integers(len(slot))) for slot in self.slots], class_word)

    # ---- edits: each gives a new, valid template -------------------------------------------------

    def with_slot(self, index: int, options: Sequence[str]) -> PromptTemplate:
        """Replace the options of slot `index` (negative: from the end); a single option becomes plain text.

        Raises:
            TemplateError: for a slot that is not there, no options, or an option with bare brackets.
        """
        if not -len(self.slots) <= index < len(self.slots):
            msg = f"the template {self.text!r} has {len(self.slots)} slots, there is no slot {index}"
            raise TemplateError(msg)
        if not options:
            msg = "a slot needs at least one option; `without_slot` takes the slot away"
            raise TemplateError(msg)
        index %= len(self.slots)
        return self._replace(index, options[0] if len(options) == 1 else slot_text(options))

    def without_slot(self, index: int) -> PromptTemplate:
        """Take slot `index` away, with its words."""
        if not -len(self.slots) <= index < len(self.slots):
            msg = f"the template {self.text!r} has {len(self.slots)} slots, there is no slot {index}"
            raise TemplateError(msg)
        return self._replace(index % len(self.slots), "")

    def with_options_before_class(self, options: Sequence[str]) -> PromptTemplate:
        """Put a new slot (or one word) right before each `{class}` that stands outside of a slot."""
        return self.replace_class(f"{options[0] if len(options) == 1 else slot_text(options)} {CLASS}")

    def replace_class(self, words: str) -> PromptTemplate:
        """Replace each `{class}` that stands outside of a slot by `words` (template text, see `escape`)."""
        parts = [
            _ESCAPE.sub(lambda m: words if m.group(0) == CLASS else m.group(0), part)
            if isinstance(part, str)
            else slot_text(part)
            for part in self.options
        ]
        return PromptTemplate.parse("".join(parts))

    def append(self, words: str) -> PromptTemplate:
        """Add template text at the end, as in `", at night"` or `"[ | , at night]"`."""
        blank = "" if words.startswith(",") else " "
        return PromptTemplate.parse(f"{self.text}{blank}{words}")

    def _replace(self, index: int, text: str) -> PromptTemplate:
        numbers = itertools.count()
        parts = []
        for part in self.options:
            if isinstance(part, str):
                parts.append(part)
            else:
                parts.append(text if next(numbers) == index else slot_text(part))
        return PromptTemplate.parse("".join(parts))

    def __str__(self) -> str:
        return self.text


def escape(words: str) -> str:
    """Write words so that a template takes them literally (brackets and braces doubled, `|` as `/`)."""
    return re.sub(r"[\[\]{}]", lambda m: m.group(0) * 2, words).replace("|", "/")


def _unescape(words: str, class_word: str) -> str:
    return _ESCAPE.sub(lambda m: class_word if m.group(0) == CLASS else m.group(0)[0], words)


def slot_text(options: Sequence[str]) -> str:
    """Write a slot with these options as template text."""
    text = " | ".join(options)
    # a blank, so that a slot's bracket and an escaped one beside it are not read as one pair
    before, after = " " * text.startswith("["), " " * text.endswith("]")
    return f"[{before}{text}{after}]"


class _Reader:
    """Splits a template into literal text and slots, or says where it is wrong."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[Part] = []
        self._options: list[str] = []
        self._start = 0  # of the literal or of the option being read
        self._opened: int | None = None  # where the slot being read begins

    def read(self) -> tuple[Part, ...]:
        for match in _TOKEN.finditer(self._text):
            found, at = match.group(0), match.start()
            if found in ("[[", "]]", "{{", "}}", CLASS):
                continue
            match found:
                case "[":
                    self._open(at)
                case "]":
                    self._close(at)
                case "|":
                    self._separate(at)
                case "{" | "}":
                    self._fail(at, f"single '{found}'; the placeholder is '{CLASS}' (or write '{found * 2}')")
                case _:
                    self._fail(at, f"unknown placeholder '{found}'; the only one is '{CLASS}'")
        if self._opened is not None:
            self._fail(self._opened, "'[' is never closed; add ']' (or write '[[' for '[')")
        self._literal(len(self._text))
        return tuple(self._parts)

    def _open(self, at: int) -> None:
        if self._opened is not None:
            self._fail(at, "a slot inside a slot; close the first one with ']' (or write '[[' for '[')")
        self._literal(at)
        self._opened, self._options, self._start = at, [], at + 1

    def _separate(self, at: int) -> None:
        if self._opened is not None:
            self._options.append(self._text[self._start : at].strip())
            self._start = at + 1

    def _close(self, at: int) -> None:
        if self._opened is None:
            self._fail(at, "']' without '[' before it; remove it (or write ']]' for ']')")
        self._separate(at)
        if not any(self._options):
            self._fail(self._opened, "a slot without words; write options such as '[bright | dark]'")
        self._parts.append(tuple(self._options))
        self._opened = None

    def _literal(self, end: int) -> None:
        if end > self._start:
            self._parts.append(self._text[self._start : end])

    def _fail(self, at: int, problem: str) -> NoReturn:
        near = self._text[max(0, at - 30) : at + 30]
        msg = f"template, character {at + 1} (near {near!r}): {problem}"
        raise TemplateError(msg)
