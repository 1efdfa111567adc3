"""What the feedback says in words: labels that tell wanted from unwanted pictures, options that bring them.

Pure functions of embeddings, labels and prompts. Nothing here knows a particular word: everything is read
from the similarities of the pictures to whatever vocabulary the session has.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.generation.templates import PromptTemplate

_MOST_FAMILY_LABELS = 400
_TAKEN = 0.25
_SPARED = 0.1
_SAME_THING = 0.4
_BESIDE = (
    "a photo of a {other} {label} {context}",
    "{context}, {label}, {other}",
)


@dataclass(frozen=True)
class LabelContrast:
    """How well one label tells wanted from unwanted pictures.

    Attributes:
        index: the label's place in the vocabulary.
        label: its text.
        auc: probability that a wanted picture is more similar to it than an unwanted one; 1 is "only the
            wanted ones show it", 0 "only the unwanted ones", 0.5 says nothing.
        shift: difference of the mean similarities in (pooled) standard deviations; it goes on growing where
            `auc` has reached its end.
    """

    index: int
    label: str
    auc: float
    shift: float


@dataclass(frozen=True)
class OptionContrast:
    """How often the pictures of one option of a slot are unwanted.

    Attributes:
        slot: the slot's place in the template.
        option: the option's place in the slot.
        text: the option.
        wanted: how many wanted pictures were made with it.
        unwanted: how many unwanted ones.
        log_odds: natural logarithm of its odds of being unwanted against those of the slot's other options.
        z: `log_odds` in standard errors; above about 2 it is no accident.
    """

    slot: int
    option: int
    text: str
    wanted: int
    unwanted: int
    log_odds: float
    z: float


def contrast_labels(
    labels: Sequence[str],
    label_embeddings: ArrayLike,
    wanted: Sequence[ArrayLike],
    unwanted: ArrayLike,
) -> list[LabelContrast]:
    """Rank labels by how well they tell wanted from unwanted pictures.

    A picture's similarities are taken relative to its mean over all labels, so that pictures which are
    similar to everything don't count more.

    Args:
        labels: L texts.
        label_embeddings: (L, D) text embeddings of unit length.
        wanted: groups of (N, D) picture embeddings. Each group counts the same however many pictures it
            has: originals are all wanted but drawn otherwise than generated pictures, while what remains of
            the generated ones may hold unwanted pictures that nobody has pointed at yet.
        unwanted: (R, D) picture embeddings.

    Returns:
        One contrast a label, the most telling of wanted pictures first, of unwanted ones last.

    Raises:
        InputError: when labels and embeddings don't fit, or a side has no pictures.
    """
    words = np.asarray(label_embeddings, np.float64)
    groups = [np.asarray(group, np.float64) for group in wanted]
    groups = [group for group in groups if len(group)]
    others = np.asarray(unwanted, np.float64)
    if not groups or not len(others):
        raise InputError(
            f"expected wanted and unwanted pictures, found {sum(map(len, groups))} and {len(others)}"
        )
    if not labels:
        return []
    if any(group.ndim != 2 or group.shape[1] != words.shape[1] for group in (*groups, others)):
        raise InputError(f"expected picture embeddings of shape (N, {words.shape[1]}) as the labels have")
    unlike = _relative(others, words)
    alike = [_relative(group, words) for group in groups]
    areas = np.mean([_auc(each, unlike) for each in alike], 0)
    shifts = np.mean([_shift(each, unlike) for each in alike], 0)
    order = np.lexsort((-shifts, -areas.round(2)))
    return [
        LabelContrast(int(index), labels[index], float(areas[index]), float(shifts[index])) for index in order
    ]


def contrast_options(
    template: PromptTemplate,
    class_word: str,
    wanted_prompts: Sequence[str],
    unwanted_prompts: Sequence[str],
) -> list[OptionContrast]:
    """Count, for every option of a template, the wanted and unwanted pictures that were made with it.

    A prompt counts for the option whose words it has (the longest such option of a slot), whatever template
    it was made with: so the counts survive other edits.

    Args:
        template: the template.
        class_word: what `{class}` becomes.
        wanted_prompts: the prompts of the wanted generated pictures, one a picture.
        unwanted_prompts: those of the unwanted ones.

    Returns:
        One contrast for each option of each slot with two or more, most unwanted first.
    """
    good = [(_words(prompt), count) for prompt, count in Counter(wanted_prompts).items()]
    bad = [(_words(prompt), count) for prompt, count in Counter(unwanted_prompts).items()]
    contrasts = []
    for slot, options in enumerate(template.slots):
        if len(options) < 2:
            continue
        said = [_words(option.replace("{class}", class_word)) for option in options]
        goods, bads = (np.zeros(len(options), int) for _ in range(2))
        for prompts, sums in ((good, goods), (bad, bads)):
            for words, count in prompts:
                option = _option_of(words, said)
                if option is not None:
                    sums[option] += count
        for option, text in enumerate(options):
            here = (bads[option], goods[option])
            there = (bads.sum() - bads[option], goods.sum() - goods[option])
            table = np.array([*here, *there], float) + 0.5
            log_odds = float(np.log(table[0] / table[1]) - np.log(table[2] / table[3]))
            z = log_odds / float(np.sqrt((1 / table).sum()))
            contrasts.append(OptionContrast(slot, option, text, int(here[1]), int(here[0]), log_odds, z))
    return sorted(contrasts, key=lambda contrast: -contrast.z)


def _option_of(prompt: str, options: Sequence[str]) -> int | None:
    """The option with the most words of those that stand in the prompt; None when there is none."""
    inside = [index for index, words in enumerate(options) if f" {words} " in f" {prompt} " or not words]
    return max(inside, key=lambda index: len(options[index]), default=None)


def _words(text: str) -> str:
    return " ".join(re.findall(r"[\w'-]+", text.casefold()))


def attribute_families(
    labels: Sequence[str],
    label_embeddings: ArrayLike,
    *,
    smallest: int = 2,
    largest: int = 8,
    loosest: float = 0.25,
) -> list[tuple[str, ...]]:
    """Group labels that stand for values of one attribute (colours, places, …), by their text embeddings.

    Average-linkage clustering of the embeddings less their mean, cut where clusters are of a slot's size
    and hold together.

    Args:
        labels: L texts, the most important first; only the first 400 are grouped.
        label_embeddings: (L, D).
        smallest: families of fewer labels are left out.
        largest: clusters of more labels are split.
        loosest: clusters whose last join has a smaller cosine similarity than about this are split.

    Returns:
        The families, the tightest first.
    """
    texts = tuple(labels[:_MOST_FAMILY_LABELS])
    if len(texts) < max(2, smallest):
        return []
    from scipy.cluster.hierarchy import linkage, to_tree

    words = np.asarray(label_embeddings, np.float64)[: len(texts)]
    words = words - words.mean(0)
    words /= np.maximum(np.linalg.norm(words, axis=1, keepdims=True), 1e-9)
    _, nodes = to_tree(linkage(words, "average"), rd=True)
    parents = {child.id: node for node in nodes if not node.is_leaf() for child in (node.left, node.right)}
    furthest = np.sqrt(2 - 2 * loosest)

    def fits(node: Any) -> bool:
        return bool(node.count <= largest and node.dist <= furthest)

    families = [
        node
        for node in nodes
        if node.count >= smallest and fits(node) and not (node.id in parents and fits(parents[node.id]))
    ]
    families.sort(key=lambda node: (node.dist, node.id))
    return [tuple(texts[leaf] for leaf in sorted(node.pre_order())) for node in families]


def exclusions(
    label: str,
    others: Sequence[str],
    contexts: Sequence[str],
    encode_texts: Callable[[list[str]], ArrayLike],
) -> NDArray[np.float64]:
    """How much each text excludes a label: high for other values of its attribute ("red": "blue", "yellow").

    A text encoder tells what goes together: in "blue, red, apple" some of "red" is lost, in "big, red, apple"
    none is. What a text takes from everything beside it is subtracted, so that only rivals remain.

    Args:
        label: the word that rivals are sought for.
        others: X texts, enough of them that most are no rivals.
        contexts: words to say beside both, such as names of things.
        encode_texts: texts → (T, D) embeddings of unit length.

    Returns:
        (X,) scores in standard deviations over the texts; above about 1 a text is a rival, 0 is none at all.
    """
    contexts = [each for each in contexts if each != label]
    if not contexts or len(others) < 3:
        return np.zeros(len(others))
    anchors = np.asarray(encode_texts([label, *contexts, *others]), np.float64)
    mean = anchors.mean(0)
    anchors = anchors - mean
    units = anchors / np.maximum(np.linalg.norm(anchors, axis=1, keepdims=True), 1e-9)
    word, things, own = np.split(units, [1, 1 + len(contexts)])
    taken, spared = np.zeros(len(others)), np.zeros(len(others))
    seen = np.zeros(len(others))
    for context, thing in zip(contexts, things, strict=True):
        fair = own @ thing < _SAME_THING  # beside itself, a text takes nothing
        for form in _BESIDE:
            texts = [form.format(other=other, label=label, context=context) for other in others]
            found = np.asarray(encode_texts(texts), np.float64) - mean
            taken += fair * _loss(found @ word[0])
            spared -= fair * _loss(found @ thing)
            seen += fair
    # Names of other things take something from both; a rival takes from the label alone.
    count = np.maximum(seen, 1)
    rivals = (taken >= _TAKEN * count) & (spared >= _SPARED * count)
    scores: NDArray[np.float64] = np.where(rivals, (taken + spared) / count, 0.0)
    return scores


def _loss(similarities: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each similarity (X,) lies below the median, in standard deviations."""
    spread = max(float(similarities.std()), 1e-9)
    loss: NDArray[np.float64] = (np.median(similarities) - similarities) / spread
    return loss


def _relative(pictures: NDArray[np.float64], words: NDArray[np.float64]) -> NDArray[np.float64]:
    similarities = pictures @ words.T
    relative: NDArray[np.float64] = similarities - similarities.mean(1, keepdims=True)
    return relative


def _auc(wanted: NDArray[np.float64], unwanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under the ROC curve of each column (L,), by ranks."""
    from scipy.stats import rankdata

    count = len(wanted)
    ranks = rankdata(np.concatenate([wanted, unwanted]), axis=0)
    wins = ranks[:count].sum(0) - count * (count + 1) / 2
    area: NDArray[np.float64] = wins / (count * len(unwanted))
    return area


def _shift(wanted: NDArray[np.float64], unwanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference of each column's means (L,) in pooled standard deviations (Cohen's d)."""
    spread = np.sqrt((wanted.var(0) + unwanted.var(0)) / 2)
    difference: NDArray[np.float64] = (wanted.mean(0) - unwanted.mean(0)) / np.maximum(spread, 1e-9)
    return difference
