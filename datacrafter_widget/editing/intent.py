"""Intent: what a wish asks of a picture, who should carry it out, and what each of them is told (HILITE, Sec. III-B).

The paper asks a vision-language model. Here one is asked where there is one; without it, or when it fails, a
classifier that has learned from examples says which action a wish asks for, and the rules that read the wish have
a vote in it (and say of what it speaks, for the captions). A wording that is like nothing known goes by what an
encoder finds most like it in meaning.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from datacrafter_widget.editing import asking
from datacrafter_widget.editing.captions import source_caption, target_caption
from datacrafter_widget.editing.likeness import classifier
from datacrafter_widget.editing.nouns import main_noun
from datacrafter_widget.editing.ranking import Ranked, rank
from datacrafter_widget.editing.reading import Reading, bare_wish
from datacrafter_widget.editing.rules import read, read_as
from datacrafter_widget.editing.similarity import read_by_examples
from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.generation.english import tidy
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from datacrafter_widget.editing.ratings import Rating
    from datacrafter_widget.editing.similarity import TextEncoder
    from datacrafter_widget.models.editors.editor import Abilities, Action
    from datacrafter_widget.models.language import LanguageModel

__all__ = ["Intent", "Ranked", "understand"]

LONGEST = 400
VOTE = 0.6
"""How far a rule moves the margin between actions, times what its confidence is above one half. The examples' writers
each in turn left out, 0.2 to 0.4 (of a sure rule) did best; more lets wrong rules win."""
UNSURE = 0.4
"""A share of the best action below which an encoder is asked; it is also asked where no word is known."""

By = Literal["language", "rules", "examples", "similarity"]


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
        by: who understood it: a language model, the rules (and the examples don't object), the examples by their
            wording, or the examples by what an encoder finds similar.
        hint: why it may change little, in words for a person; "" where nothing speaks for that.
    """

    action: Action
    confidence: float
    source: str
    target: str
    reason: str
    ranked: tuple[Ranked, ...]
    by: By
    hint: str = ""


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
    hardly_known: Callable[[list[str]], Sequence[str]] = lambda _: (),
    on_failure: Callable[[str], object] = warnings.warn,
) -> Intent:
    """Understand a wish.

    Args:
        instruction: what to change, in words.
        caption: what the picture shows, if that is known.
        word: what its class is called.
        picture: for a language model that sees.
        has_mask: whether a mask says where the picture may change.
        has_reference: whether there is a picture of what is wanted.
        encoder: finds the likest examples where rules and wording leave the action open.
        language: asked first; when it fails, rules and examples read the wish.
        editors: what each editor can do, by name.
        ratings: how editors did in blind choices, by action.
        hardly_known: texts → those of their words that the generator hardly knows.
        on_failure: told why the language model was not heard; by default a Python warning is made of it.

    Raises:
        InputError: the instruction has no words.
    """
    if not any(map(str.isalnum, instruction)):
        msg = f"instruction: expected what to change, such as 'make the apple green', found {instruction!r}"
        raise InputError(msg)
    said, known = plain_line(instruction, LONGEST), plain_line(caption, LONGEST)
    reading, by = _read(said, encoder)
    source = source_caption(known, plain_line(word, LONGEST), reading)
    target = target_caption(source, reading) if reading.result or reading.thing else _appended(source, said)
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
            on_failure=on_failure,
        )
    if found is not None:
        reading, by = Reading(found.action, found.confidence, found.reason), "language"
        source, target, texts = found.source or source, found.target or target, found.texts
    told = _instruction(said, source, reading.action)
    texts = {
        name: texts.get(name) or (told if each.reads == "instruction" else target or told)
        for name, each in editors.items()
    }
    ranked = rank(
        reading.action, editors, texts, has_mask=has_mask, has_reference=has_reference, ratings=ratings
    )
    hint = _hint(source, target or told, hardly_known)
    return Intent(reading.action, reading.confidence, source, target, reading.reason, ranked, by, hint)


def _read(said: str, encoder: TextEncoder | None) -> tuple[Reading, By]:
    ruled = read(said)
    wording = classifier()
    votes = {ruled.action: VOTE * (ruled.confidence - 0.5)} if ruled is not None else {}
    shares = wording.shares(said, votes)
    action = max(shares, key=lambda each: shares[each])
    share = shares[action]
    if ruled is not None and ruled.action == action:
        return replace(ruled, confidence=share), "rules"
    if encoder is not None and (share < UNSURE or not wording.knows(said)):
        return read_by_examples(said, encoder), "similarity"
    found = read_as(said, action)
    thing, result = (found.thing, found.result) if found is not None else ("", "")
    return Reading(action, share, wording.reason(said, action), thing, result), "examples"


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
    on_failure: Callable[[str], object],
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
        on_failure(f"The language model does not say what {said!r} asks for; rules read it instead: {error}")
        return None


def _hint(source: str, target: str, hardly_known: Callable[[list[str]], Sequence[str]]) -> str:
    """Why a caption may change little: its new words are strange to the generator, or it has none."""
    if source == target:
        return "the caption stays as it is, so editors that go by captions may change little"
    new = sorted(set(target.lower().split()) - set(source.lower().split()), key=target.lower().find)
    strange = [f"“{word}”" for word in hardly_known(new)]
    if not strange:
        return ""
    return f"the generator hardly knows {' and '.join(strange)}: it may change little, or something else"


def _appended(source: str, said: str) -> str:
    """A caption with a wish said after it, where it is not known what in the caption it changes."""
    return tidy(f"{source}, {bare_wish(said)}") if source else ""


_IT = re.compile(r"^(\w+ )(?:it|this|that)(?= )(?! (?:to |should |would |look ))", re.IGNORECASE)


def _instruction(said: str, source: str, action: Action) -> str:
    """A wish as an editor is told: without politeness, and with a name for "it" ("make the apple green").

    Only in actions where "it" is the thing that the picture shows, not the picture.
    """
    wish = bare_wish(said) or said
    noun = main_noun(source) if action in ("swap", "recolour", "reorient") else ""
    return _IT.sub(rf"\g<1>the {noun}", wish) if noun else wish
