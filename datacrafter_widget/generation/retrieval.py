"""Retrieval augmentation: prompts from captions that others wrote of things of the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.class_words import one_of, with_placeholder, word_pattern
from datacrafter_widget.generation.templates import CLASS, PromptTemplate
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    EncodeTexts = Callable[[list[str]], ArrayLike]

CAPTIONS_A_CLASS = 8
MOST_CAPTIONS = 100_000


class CaptionIndex:
    """Captions, to be found by a class's word.

    Args:
        captions: one line each; they may hold anything. Repeated and empty ones count once and not at all.
        encode_texts: texts → (T, D) embeddings of length 1; None: captions are found by words alone.

    Raises:
        InputError: more captions than can be looked through.
    """

    def __init__(self, captions: Iterable[str], encode_texts: EncodeTexts | None = None) -> None:
        lines = (plain_line(caption) for caption in captions)
        unique = {line.casefold(): line for line in lines if any(c.isalnum() for c in line)}
        if len(unique) > MOST_CAPTIONS:
            raise InputError(
                f"captions: expected at most {MOST_CAPTIONS:,}, found {len(unique):,}; give those of your classes"
            )
        self._captions = list(unique.values())
        self._encode_texts = encode_texts
        self._features: NDArray[np.float32] | None = None

    def best(self, word: str, count: int, others: Sequence[str] = ()) -> list[str]:
        """The captions that fit a class best, the best first.

        Those that mention the class come alone if there are any. Else those come that are nearest to it by
        embedding and mention no other class; none without an encoder.

        Args:
            word: the class's word.
            count: at most so many.
            others: the other classes' words.
        """
        own, other = word_pattern(word), word_pattern(*(each for each in others if each != word))
        known = [row for row, caption in enumerate(self._captions) if own.search(caption)]
        if not known and self._encode_texts is not None:
            known = [row for row, caption in enumerate(self._captions) if not other.search(caption)]
        return [self._captions[row] for row in self._by_nearness(word, known)[:count]]

    def _by_nearness(self, word: str, rows: list[int]) -> list[int]:
        if self._encode_texts is None or not rows:
            return rows
        if self._features is None:
            self._features = np.asarray(self._encode_texts(self._captions), np.float32)
        (query,) = np.asarray(self._encode_texts([f"a photo of a {word}"]), np.float32)
        order = np.argsort(-(self._features[rows] @ query), kind="stable")
        return [rows[at] for at in order]


def retrieved(index: CaptionIndex, word: str, others: Sequence[str] = ()) -> str:
    """A template of the captions that fit a class best; each names the class.

    Raises:
        InputError: no caption fits.
    """
    found = index.best(word, CAPTIONS_A_CLASS, others)
    if not found:
        raise InputError(
            f"retrieval: no caption speaks of {word!r}; give captions=… with some that do, or describe the "
            "pictures first with session.label('language')"
        )
    options = []
    for caption in found:
        text = with_placeholder(caption.rstrip("."), word)
        named = PromptTemplate.parse(text).names_class
        options.append(text if named else f"a photo of a {CLASS}, {text}")
    return one_of(options)


def read_captions(path: str | Path) -> list[str]:
    """The lines of a UTF-8 text file, one caption each.

    Raises:
        InputError: the file can't be read or is no text.
    """
    from itertools import islice
    from pathlib import Path

    try:
        with Path(path).open(encoding="utf-8") as lines:
            return list(islice(lines, MOST_CAPTIONS + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"captions: expected a UTF-8 text file with one caption a line, found {str(path)!r}: {error}"
        ) from error
