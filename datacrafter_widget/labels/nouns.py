"""From captions to content labels: the nouns that name what pictures show (DataCrafter, Sec. 5.1)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Edges = npt.NDArray[np.int64]

MOST_LABELS = 500
FEW_CAPTIONS = 20  # with fewer, a noun of a single caption is a label too
LONGEST_WORD = 30
MOST_WORDS = 3


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Nouns of a caption's frame, of how a picture is laid out, and of nothing in particular.
FRAME_WORDS = _words(
    "angle back background bottom caption center centre close close-up closeup composition corner depiction "
    "depth detail distance end example focus foreground front image kind left lot middle number one part "
    "photo photograph photography pic picture portion right scene scenery screenshot setting shot side "
    "snapshot somebody someone something sort style subject thing top type variety version view way"
)
#: "A pair of scissors" shows scissors.
_MEASURES = _words(
    "array assortment bit bunch cluster collection couple dozen group handful pair piece pile row selection "
    "series set stack"
)
#: Plurals that are more than the number of something.
_ALWAYS_PLURAL = _words(
    "binoculars clothes data dice glasses goggles headphones jeans leggings pajamas pants pyjamas scissors "
    "shorts sunglasses tights trousers tweezers"
)
#: Those that inflect or the tagger lacks.
_IRREGULAR = {"cacti": "cactus", "fungi": "fungus", "octopi": "octopus"}
_ADDRESS = re.compile(r"\S+://\S+|\bwww\.\S+")
_POSE = re.compile(r"\b(?:at|facing|for|into|towards?) the (?:camera|viewer|lens)\b", re.IGNORECASE)
_QUOTED = re.compile(
    "\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u00ab[^\u00bb]*\u00bb|(?<!\\w)['\u2018][^'\u2019]*['\u2019](?!\\w)"
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BEFORE_NOUNS = ("DT", "JJ", "CD", "PRP$", "IN", "")  # a word in -s after these is no verb; "" is the start
_NO_PLURAL = ("ss", "us", "is", "as", "os")

Token = tuple[str, str]


def content_nouns(captions: Sequence[str]) -> list[list[str]]:
    """The nouns of captions: what the pictures show, in the singular and in lower case.

    Of a compound ("a yellow construction crane") the whole and its last noun count: "construction crane",
    "crane". Left out are words that speak of the picture ("a photo of", "in the background"), measures ("a
    pair of"), and what stands in quotes: that is written in the picture. Tagging is TextBlob's (Pattern's
    lexicon and Brill's rules), singulars are inflect's; both bring their data along.

    Args:
        captions: English sentences, written by anybody.

    Returns:
        For each caption its nouns, each once, in the order in which they appear.
    """
    import inflect
    from textblob.en import lexicon, tag

    english = inflect.engine()
    known = dict(_IRREGULAR)

    def singular(word: str) -> str:
        if word not in known:
            known[word] = word
            found = word not in _ALWAYS_PLURAL and english.singular_noun(word)
            # "walrus" looks like a plural; that of a noun in the lexicon is one
            if found and (not word.endswith(_NO_PLURAL) or str(lexicon.get(found, "")).startswith("NN")):
                known[word] = str(found)
        return known[word]

    return [_nouns(tag(_bare(caption)), singular) for caption in captions]


def count_nouns(nouns: Sequence[Sequence[str]]) -> Counter[str]:
    """How many captions have each noun."""
    return Counter(noun for each in nouns for noun in set(each))


def noun_labels(nouns: Sequence[Sequence[str]], *, most: int = MOST_LABELS) -> tuple[list[str], Edges]:
    """The nouns that are worth a label, and which captions have them.

    A label is a noun of two captions or more (of one, where there are fewer than 20 captions). The last noun
    of a compound that never appears without it says nothing more than the compound, and is none.

    Args:
        nouns: those of each caption, as of `content_nouns`.
        most: labels at most; the most frequent ones are taken.

    Returns:
        Labels (L), most frequent first, then by name; edges (E, 2), pairs of caption and label, sorted.
    """
    least = 2 if len(nouns) >= FEW_CAPTIONS else 1
    wearers: dict[str, set[int]] = defaultdict(set)
    for caption, each in enumerate(nouns):
        for noun in each:
            wearers[noun].add(caption)
    frequent = {noun for noun, captions in wearers.items() if len(captions) >= least}
    said = {
        shorter
        for noun in frequent
        for shorter in _endings(noun)
        if shorter in frequent and wearers[shorter] == wearers[noun]
    }
    labels = sorted(frequent - said, key=lambda noun: (-len(wearers[noun]), noun))[:most]
    edges = sorted((caption, row) for row, noun in enumerate(labels) for caption in wearers[noun])
    return labels, np.array(edges, np.int64).reshape(-1, 2)


def _nouns(tokens: Sequence[Token], singular: Callable[[str], str]) -> list[str]:
    found: dict[str, None] = {}
    for run in _runs(tokens):
        words = [word for word, _ in run]
        for at, (word, tag) in enumerate(run):
            if at + 1 == len(run) or singular(word) in FRAME_WORDS:
                words[at] = singular(word) if tag.endswith("S") else _IRREGULAR.get(word, word)
        while words and words[-1] in FRAME_WORDS:  # "a night scene" shows the night
            words.pop()
        words = words[-MOST_WORDS:]
        for start in range(len(words)):
            found[" ".join(words[start:])] = None
    return list(found)


def _runs(tokens: Sequence[Token]) -> list[list[Token]]:
    """Nouns that stand together, in lower case, without measures."""
    runs: list[list[Token]] = [[]]
    before = ""
    for at, (written, given) in enumerate(tokens):
        word = written.lower()
        tag = "NNS" if given == "VBZ" and before in _BEFORE_NOUNS and word.endswith("s") else given
        before = tag if word != "that" else "WDT"
        measures = word in _MEASURES and at + 1 < len(tokens) and tokens[at + 1][0].lower() == "of"
        if tag.startswith("NN") and len(word) <= LONGEST_WORD and _WORD.fullmatch(word) and not measures:
            runs[-1].append((word, tag))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _endings(noun: str) -> list[str]:
    words = noun.split(" ")
    return [" ".join(words[start:]) for start in range(1, len(words))]


def _bare(caption: str) -> str:
    """A caption without what it quotes, and without the stroke, which the tagger takes for its own sign."""
    things = _POSE.sub(" ", _ADDRESS.sub(" , ", _QUOTED.sub(" , ", caption)))
    return things.replace("/", " ")
