"""Words that a text encoder has to spell: its tokenizer has no better than letters and syllables for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LETTERS_A_PIECE = 2.0
"""Letters that a word's pieces have on average, up to which it is spelled. What a tokenizer was made for is whole, or a
stem and an ending: CLIP's 49 408 pieces spell next to no English word, the toybox's 707 all but its own."""

_WORD = re.compile(r"[A-Za-z]{3,}")


def tokenizers(folder: Path) -> list[Any]:
    """The tokenizers of a pipeline's folder that can be read."""
    from transformers import AutoTokenizer

    found = []
    for each in sorted(folder.glob("tokenizer*")):
        try:
            found.append(AutoTokenizer.from_pretrained(each, local_files_only=True))
        except (OSError, ValueError, KeyError):
            continue
    return found


def spelled_out(texts: Iterable[str], tokenizers: Iterable[Any]) -> list[str]:
    """The words of texts that every tokenizer spells, in their order, once each; none without a tokenizer."""
    words = dict.fromkeys(word.lower() for text in texts for word in _WORD.findall(text))
    readers = list(tokenizers)
    return [word for word in words if readers and all(_spells(reader, word) for reader in readers)]


def _spells(tokenizer: Any, word: str) -> bool:
    pieces = tokenizer.tokenize(word)
    return len(pieces) > 1 and len(word) / len(pieces) <= LETTERS_A_PIECE
