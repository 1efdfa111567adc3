"""Intent: what a wish asks of a picture, who should carry it out, and what each of them is told (HILITE, Sec. III-B).

The paper asks a vision-language model. Here one is asked where there is one; without it, or when it fails, rules
read the wish, and what no rule reads goes by the examples most like it.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datacrafter_widget.editing import asking
from datacrafter_widget.editing.captions import main_noun, source_caption, target_caption
from datacrafter_widget.editing.ranking import Ranked, rank
from datacrafter_widget.editing.reading import Reading, bare_wish
from datacrafter_widget.editing.rules import read
from datacrafter_widget.editing.similarity import read_by_examples
from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.generation.english import tidy
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

    from datacrafter_widget.editing.ratings import Rating
    from datacrafter_widget.editing.similarity import TextEncoder
    from datacrafter_widget.models.editors.editor import Abilities, Action
    from datacrafter_widget.models.language import LanguageModel

__all__ = ["Intent", "Ranked", "understand"]

LONGEST = 400
_UNKNOWN = Reading("global", 1 / 8, "no rule knows these words; taken for a change of the whole picture")


@dataclass(frozen=True)
class Intent:
    """What a wish asks for.

    Attributes:
        action: what kind of change.
        confidence: 0 … 1, how sure that is.
        source: a caption of the picture as it is; "" where nothing is known of it.
        target: a caption of the picture as it is to be; "" where nothing is known of it.
        reason: why it is that action, in words for a person.
        ranked: the editors that can do it, the most promising first, each with the wish in its own form.
        by: who understood it: a language model, the rules, or the likeness to examples.
    """

    action: Action
    confidence: float
    source: str
    target: str
    reason: str
    ranked: tuple[Ranked, ...]
    by: Literal["language", "rules", "similarity"]


def understand(
    instruction: str,
    *,
    caption: str = "",
    word: str = "",
    picture: Image.Image | None = None,
    has_mask: bool = False,
    has_reference: bool = False,
    encoder: TextEncoder | None = None,
    language: LanguageModel | None = None,
    editors: Mapping[str, Abilities],
    ratings: Mapping[str, Sequence[Rating]] | None = None,
) -> Intent:
    """Understand a wish.

    Args:
        instruction: what to change, in words.
        caption: what the picture shows, if that is known.
        word: what its class is called.
        picture: for a language model that sees.
        has_mask: whether a mask says where the picture may change.
        has_reference: whether there is a picture of what is wanted.
        encoder: finds the likest examples where no rule reads the wish.
        language: asked first; when it fails, that is warned of and the rules read the wish.
        editors: what each editor can do, by name.
        ratings: how editors did in blind choices, by action.

    Raises:
        InputError: the instruction has no words.
    """
    if not any(map(str.isalnum, instruction)):
        msg = f"instruction: expected what to change, such as 'make the apple green', found {instruction!r}"
        raise InputError(msg)
    said, known = plain_line(instruction, LONGEST), plain_line(caption, LONGEST)
    reading, by = _read(said, encoder)
    source = source_caption(known, plain_line(word, LONGEST), reading)
    is_read = by == "rules" and reading is not _UNKNOWN
    target = target_caption(source, reading) if is_read else _appended(source, said)
    texts: dict[str, str] = {}
    found = None
    if language is not None:
        found = _asked(
            language,
            said,
            caption=known,
            word=word,
            picture=picture,
            has_mask=has_mask,
            has_reference=has_reference,
            editors=editors,
        )
    understood: Literal["language", "rules", "similarity"] = by
    if found is not None:
        reading, understood = Reading(found.action, found.confidence, found.reason), "language"
        source, target, texts = found.source or source, found.target or target, found.texts
    told = _instruction(said, source)
    texts = {
        name: texts.get(name) or (told if each.reads == "instruction" else target or told)
        for name, each in editors.items()
    }
    ranked = rank(
        reading.action, editors, texts, has_mask=has_mask, has_reference=has_reference, ratings=ratings
    )
    return Intent(reading.action, reading.confidence, source, target, reading.reason, ranked, understood)


def _read(said: str, encoder: TextEncoder | None) -> tuple[Reading, Literal["rules", "similarity"]]:
    reading = read(said)
    if reading is None and encoder is not None:
        return read_by_examples(said, encoder), "similarity"
    return reading or _UNKNOWN, "rules"


def _asked(
    language: LanguageModel,
    said: str,
    *,
    caption: str,
    word: str,
    picture: Image.Image | None,
    has_mask: bool,
    has_reference: bool,
    editors: Mapping[str, Abilities],
) -> asking.Answer | None:
    try:
        return asking.ask(
            language,
            said,
            caption=caption,
            word=word,
            picture=picture,
            has_mask=has_mask,
            has_reference=has_reference,
            editors=editors,
        )
    except ModelError as error:
        warnings.warn(
            f"The language model does not say what {said!r} asks for; rules read it instead: {error}",
            stacklevel=3,
        )
        return None


def _appended(source: str, said: str) -> str:
    """A caption with a wish said after it, where it is not known what in the caption it changes."""
    return tidy(f"{source}, {bare_wish(said)}") if source else ""


_IT = re.compile(r"^(\w+ )(?:it|this|that)(?= )(?! (?:to |should |would |look ))", re.IGNORECASE)


def _instruction(said: str, source: str) -> str:
    """A wish as an editor is told: without politeness, and with a name for "it" ("make the apple green")."""
    wish = bare_wish(said) or said
    noun = main_noun(source)
    return _IT.sub(rf"\g<1>the {noun}", wish) if noun and _about_thing(wish) else wish


def _about_thing(wish: str) -> bool:
    """Whether "it" in a wish is the thing that the picture shows, not the picture."""
    reading = read(wish)
    return reading is not None and reading.action in ("swap", "recolour", "reorient")
