"""Learned concepts: what a token such as `<crane-1>` stands for in a prompt, and how to read prompts for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ConceptKind = Literal["textual_inversion", "lora"]

_TOKEN = re.compile(r"<[A-Za-z0-9][A-Za-z0-9_-]*>")
# Small letters only: the token names a folder, and CLIP's tokenizers make prompts small.
_NEW_TOKEN = re.compile(r"<[a-z0-9][a-z0-9_-]{0,39}>")


@dataclass(frozen=True)
class Concept:
    """What a generator has learned to draw for a token.

    Attributes:
        token: its name in a prompt, such as "<crane-1>".
        kind: "textual_inversion" (new word vectors) or "lora" (low-rank changes of the UNet).
        path: the safetensors file, as diffusers' `load_textual_inversion` or `load_lora_weights` reads it.
        words: what the token becomes in the prompt that the pipeline gets: "sks crane" for a LoRA, the token
            itself for a textual inversion.
    """

    token: str
    kind: ConceptKind
    path: Path
    words: str

    @property
    def name(self) -> str:
        """The token without its brackets: a name for a folder or an adapter."""
        return token_name(self.token)


def tokens_in(prompt: str) -> tuple[str, ...]:
    """The tokens that a prompt (or a template) names, sorted, each once."""
    return tuple(sorted(set(_TOKEN.findall(prompt))))


def in_words(prompt: str, concepts: Iterable[Concept]) -> str:
    """Write a prompt as the pipeline takes it: every token of a concept becomes the concept's words."""
    words = {concept.token: concept.words for concept in concepts}
    return _TOKEN.sub(lambda match: words.get(match.group(0), match.group(0)), prompt)


def token_name(token: str) -> str:
    """A token without its brackets.

    Raises:
        InputError: it is no token.
    """
    if not _NEW_TOKEN.fullmatch(token):
        msg = (
            f"token: expected a name of small letters, digits, '-' and '_' in angle brackets, such as "
            f'"<crane-1>", found {token!r}'
        )
        raise InputError(msg)
    return token[1:-1]


def free_token(word: str, taken: Iterable[str]) -> str:
    """A new token for a class's word: "<crane-1>", or the next number that is free."""
    stem = re.sub(r"[^a-z0-9]+", "-", word.casefold()).strip("-")[:30].strip("-") or "concept"
    used, number = set(taken), 1
    while f"<{stem}-{number}>" in used:
        number += 1
    return f"<{stem}-{number}>"
