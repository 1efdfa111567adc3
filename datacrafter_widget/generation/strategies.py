"""Prompt strategies: a template for each of many classes, by a rule (GenBench, Sec. 2.3 and Table 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.class_words import mentions, one_of
from datacrafter_widget.generation.retrieval import CaptionIndex, retrieved
from datacrafter_widget.generation.sentences import sentences
from datacrafter_widget.generation.templates import PromptTemplate, escape
from datacrafter_widget.labels.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacrafter_widget.generation.retrieval import EncodeTexts
    from datacrafter_widget.models.language import LanguageModel


@dataclass(frozen=True)
class Strategy:
    """A prompt strategy.

    Attributes:
        name: GenBench's abbreviation.
        long_name: the same in words; either names it.
        title: for a menu.
        text: what it does, in a line.
    """

    name: str
    long_name: str
    title: str
    text: str


STRATEGIES = (
    Strategy("ST", "simple", "Simple", "The class's word alone."),
    Strategy("DT", "defined", "Defined templates", "CLIP's templates: photos of different quality and size."),
    Strategy(
        "CE",
        "category_enhancement",
        "Category enhancement",
        "Whole sentences: looks, places, light, weather.",
    ),
    Strategy(
        "RD", "restrictive", "Restrictive description", "CLIP's templates, in sharp focus and high detail."
    ),
    Strategy(
        "NP",
        "negative",
        "Negative prompts",
        "CLIP's templates; not the most similar classes, and not misshapen.",
    ),
    Strategy("RA", "retrieval", "Retrieval", "Captions that were written of such pictures."),
)

SIBLINGS = 5
QUALITY_WORDS = ("bad shape", "misfigured")

_RESTRICTIONS = ", ((sharp focus)), ((highly detailed)), ((hires))"
_PHOTOS = (
    "a photo of {article}",
    "a blurry photo of {article}",
    "a black and white photo of {article}",
    "a low contrast photo of {article}",
    "a high contrast photo of {article}",
    "a bad photo of {article}",
    "a good photo of {article}",
    "a photo of {article} small",
    "a photo of {article} big",
)  # CLIP's templates for CIFAR-10 (Radford et al. 2021), which GenBench's examples show


@dataclass(frozen=True)
class TemplateDraft:
    """A template for a class, and its negative prompt ("" for none)."""

    text: str
    negative: str = ""


def find_strategy(name: str) -> Strategy:
    """A strategy by either of its names, in any case.

    Raises:
        InputError: there is no such strategy.
    """
    wanted = name.strip().casefold().replace(" ", "_").replace("-", "_")
    for strategy in STRATEGIES:
        if wanted in (strategy.name.casefold(), strategy.long_name):
            return strategy
    known = ", ".join(f"{each.name!r} ({each.long_name})" for each in STRATEGIES)
    raise InputError(f"strategy: expected one of {known}; found {name!r}")


def make(
    strategy: str,
    classes: Sequence[str],
    *,
    all_classes: Sequence[str] | None = None,
    encode_texts: EncodeTexts | None = None,
    language: LanguageModel | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    captions: Iterable[str] | Mapping[str, Sequence[str]] = (),
    kind: str = "",
) -> dict[str, TemplateDraft]:
    """Make a template for each class.

    Args:
        strategy: "ST", "DT", "CE", "RD", "NP", "RA", or its long name; see `STRATEGIES`.
        classes: the classes' words.
        all_classes: the words of all classes of the data set, among which NP finds siblings; default `classes`.
        encode_texts: texts → (T, D) embeddings of length 1. NP takes the nearest classes as siblings, and RA
            the nearest captions; without, the next classes, and the captions that mention the class.
        language: a language model that writes CE's sentences; without, a grammar does.
        labels: content labels of each class's pictures, the most frequent first, for CE's grammar.
        captions: for RA: of any pictures, or those of each class.
        kind: what all classes are, such as "pet" or "aircraft": DT, RD and NP say "a type of …".

    Returns:
        Class's word → template; each can be parsed.

    Raises:
        InputError: an unknown strategy, no classes, or (RA) a class that no caption fits.
        ModelError: the language model or the encoder failed.
    """
    found = find_strategy(strategy)
    words = list(dict.fromkeys(classes))
    if not words:
        raise InputError("strategy: expected at least one class, found none")
    everyone = list(dict.fromkeys([*(all_classes or ()), *words]))
    defined = _defined(kind)
    match found.name:
        case "ST":
            drafts = {word: TemplateDraft("{class}") for word in words}
        case "DT":
            drafts = {word: TemplateDraft(defined) for word in words}
        case "RD":
            drafts = {word: TemplateDraft(defined + _RESTRICTIONS) for word in words}
        case "NP":
            drafts = {
                word: TemplateDraft(defined, _negative(siblings(word, everyone, encode_texts=encode_texts)))
                for word in words
            }
        case "CE":
            texts = sentences(words, all_words=everyone, language=language, labels=labels)
            drafts = {word: TemplateDraft(text) for word, text in texts.items()}
        case _:
            drafts = _retrieved(words, everyone, captions, encode_texts)
    for draft in drafts.values():
        PromptTemplate.parse(draft.text)
    return drafts


def siblings(
    word: str, words: Sequence[str], *, count: int = SIBLINGS, encode_texts: EncodeTexts | None = None
) -> list[str]:
    """Other classes that a class is most easily taken for.

    Classes that share its words ("car" and "sports car") are none: a picture can't show the one without the other.

    Args:
        word: the class's word.
        words: the words of all classes.
        count: at most so many.
        encode_texts: texts → (T, D) embeddings of length 1: the nearest come first. Without, those come that
            follow in `words`, then those from its beginning.
    """
    at = words.index(word) if word in words else -1
    others = [
        other
        for other in (*words[at + 1 :], *words[: max(at, 0)])
        if not mentions(other, word) and not mentions(word, other)
    ]
    if encode_texts is not None and len(others) > count:
        texts = [f"a photo of a {each}" for each in (word, *others)]
        features = np.asarray(encode_texts(texts), np.float32)
        nearest = np.argsort(-(features[1:] @ features[0]), kind="stable")
        others = [others[row] for row in nearest]
    return others[:count]


def _defined(kind: str) -> str:
    articles = [photo.format(article=article) for photo in _PHOTOS for article in ("a", "the")]
    what = plain_line(kind, 80)
    return one_of(articles, " {class}" + (f", a type of {escape(what)}" if what else ""))


def _negative(others: Sequence[str]) -> str:
    """Plain text, in which `{class}` alone would mean something: a class that is called so loses its braces."""
    names = [plain_line(other.replace("{class}", "class"), 80) for other in others]
    return ", ".join([*names, *QUALITY_WORDS])


def _retrieved(
    words: Sequence[str],
    everyone: Sequence[str],
    captions: Iterable[str] | Mapping[str, Sequence[str]],
    encode_texts: EncodeTexts | None,
) -> dict[str, TemplateDraft]:
    if isinstance(captions, Mapping):
        indices = {word: CaptionIndex(captions.get(word, ()), encode_texts) for word in words}
    else:
        indices = dict.fromkeys(words, CaptionIndex(captions, encode_texts))
    return {word: TemplateDraft(retrieved(indices[word], word, everyone)) for word in words}
