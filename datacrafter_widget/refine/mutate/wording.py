"""What every mutator knows: the class's word, the labels, and what texts mean to the encoder."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError, TemplateError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine.evidence import attribute_families, exclusions
from datacrafter_widget.refine.mutate.edits import words_stand_in
from datacrafter_widget.refine.mutate.text import all_tokens, find_words, first_prompt, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from datacrafter_widget.refine.candidates import Candidate, Tried

    EncodeTexts = Callable[[list[str]], ArrayLike]

_MOST_ADDED_WORDS = 12
_MOST_VALUES = 5
_MOST_RIVALS = 80
_CONTEXTS = 6
_EXCLUDED = 0.8
_SYNONYM = 0.9
_SAME_THING = 0.4


class Wording:
    """The words that a search may use, and how they relate.

    Args:
        class_word: what `{class}` becomes in a prompt.
        labels: L labels of the vocabulary, in any order.
        label_embeddings: (L, D) text embeddings of the labels.
        encode_texts: texts → (T, D) embeddings in the space of the pictures.
        avoid: words never to bring in, neither into the template nor into the negative prompt.
        allow: words that may come in although they are to be avoided.

    Raises:
        InputError: embeddings that don't fit the labels.
    """

    def __init__(
        self,
        class_word: str,
        labels: Sequence[str],
        label_embeddings: ArrayLike,
        *,
        encode_texts: EncodeTexts | None = None,
        avoid: Collection[str] = (),
        allow: Collection[str] = (),
    ) -> None:
        embeddings = np.asarray(label_embeddings, np.float64)
        if embeddings.ndim != 2 or len(embeddings) != len(labels):
            raise InputError(f"expected embeddings (L, D) of {len(labels)} labels, found {embeddings.shape}")
        self.class_word = class_word
        self.labels = tuple(labels)
        self.embeddings = embeddings
        self.families = attribute_families(self.labels, embeddings)
        self._encode_texts = encode_texts
        self._avoid = all_tokens(avoid) - all_tokens(allow)
        self._rivals: dict[tuple[str, str | None], dict[str, float]] = {}
        self._directions: dict[str, NDArray[np.float64]] = {}

    # ---- how labels relate ---------------------------------------------------------------------------

    def values_beside(self, label: str) -> list[list[str]]:
        """Other values of the attribute that a label is a value of: with "red", other colours.

        Returns:
            Up to two guesses, the better first: labels that its text excludes, and labels of texts like its
            own. Synonyms are left out, and names of the class.
        """
        guesses = []
        if self._encode_texts is not None:
            scores = self._rivalry(label)
            ranked = sorted(self.labels, key=lambda each: -scores.get(each, 0.0))
            guesses.append([each for each in ranked if scores.get(each, 0.0) >= _EXCLUDED])
        guesses += [list(family) for family in self.families if label in family]
        found = []
        for guess in guesses:
            values = self.distinct(guess, beside=[label])
            if values and values not in found:
                found.append(values)
        return found

    def excludes(self, text: str, label: str) -> bool:
        """Whether a text says otherwise than a label: "at night" than "beach"."""
        if self._encode_texts is None:
            return False
        words = [each for each in self.labels if each != label and find_words(text, each)] or [text]
        scores = self._rivalry(label, text if words == [text] else None)
        return any(scores.get(word, 0.0) >= _EXCLUDED for word in words)

    def contradicts(self, text: str, option: str) -> bool:
        """Whether a text excludes some label that an option of a slot says."""
        return any(find_words(option, label) and self.excludes(text, label) for label in self.labels)

    def rivals(self, text: str) -> list[str]:
        """Values beside the label that a text says, if it says one: with "at night", other times and places."""
        said = [label for label in self.labels if find_words(text, label)]
        guesses = [values for label in said for values in self.values_beside(label)]
        return guesses[0] if guesses else []

    def names_class(self, label: str) -> bool:
        """Whether a label is little else than another word for the class."""
        if self._encode_texts is None:
            return bool(set(tokens(label)) & set(tokens(self.class_word)))
        return self.same(label, self.class_word, _SAME_THING)

    def same(self, first: str, second: str, limit: float = _SYNONYM) -> bool:
        """Whether two texts mean the same to the encoder."""
        if first == second or self._encode_texts is None:
            return first == second
        return float(self._direction(first) @ self._direction(second)) >= limit

    def distinct(self, labels: Iterable[str], *, beside: Sequence[str] = ()) -> list[str]:
        """The first few labels that differ from one another, from those `beside` them, and from the class."""
        values = list[str]()
        for label in labels:
            if len(values) >= _MOST_VALUES:
                break
            if self.names_class(label) or all_tokens([label]) & self._avoid:
                continue
            if not any(self.same(label, other) for other in (*beside, *values)):
                values.append(label)
        return values

    def _rivalry(self, label: str, text: str | None = None) -> dict[str, float]:
        """The exclusion scores of the labels nearest to a label, and of a text."""
        assert self._encode_texts is not None
        if (label, text) not in self._rivals:
            nearness = self._centred(self.embeddings) @ self._direction(label)
            others = [self.labels[index] for index in np.argsort(-nearness, kind="stable")[:_MOST_RIVALS]]
            others = [each for each in others if each != label] + ([text] if text else [])
            contexts = [self.class_word, *self._different(_CONTEXTS - 1)]
            scores = exclusions(label, others, contexts, self._encode_texts)
            self._rivals[label, text] = dict(zip(others, map(float, scores), strict=True))
        return self._rivals[label, text]

    def _different(self, count: int) -> list[str]:
        """So many labels that are as different from one another, and from the class, as can be."""
        rows = self._centred(self.embeddings)
        nearest = rows @ self._direction(self.class_word)
        chosen = list[int]()
        for _ in range(min(count, len(self.labels))):
            chosen.append(int(np.argmin(nearest)))
            nearest = np.maximum(nearest, rows @ rows[chosen[-1]])
        return [self.labels[index] for index in chosen]

    def _direction(self, text: str) -> NDArray[np.float64]:
        """(D,) unit vector of a text less the labels' mean."""
        if text not in self._directions:
            if text in self.labels:
                row = self.embeddings[[self.labels.index(text)]]
            else:
                assert self._encode_texts is not None
                row = np.asarray(self._encode_texts([text]), np.float64)
            self._directions[text] = self._centred(row)[0]
        return self._directions[text]

    def _centred(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = rows - self.embeddings.mean(0)
        return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)

    def said(self, template: PromptTemplate) -> list[str]:
        """Labels whose words stand in a template outside of its slots, the longest first."""
        found = [label for label in self.labels if words_stand_in(template, label)]
        own = set(tokens(self.class_word))
        return sorted((each for each in found if not set(tokens(each)) <= own), key=lambda each: -len(each))

    # ---- which variations, and in which order ------------------------------------------------------

    def promising(
        self, parent: Candidate, candidates: Iterable[Candidate], towards: NDArray[np.float64]
    ) -> list[Candidate]:
        """Order variations by how far their prompts move, as texts, along a direction (D,) of pictures."""
        found = list(candidates)
        if self._encode_texts is None or len(found) < 2:
            return found
        texts = [first_prompt(each.template, self.class_word) for each in (parent, *found)]
        embeddings = np.asarray(self._encode_texts(texts), np.float64)
        gains = (embeddings[1:] - embeddings[0]) @ towards
        # The order of the labels counts as much as the texts: average the two ranks.
        ranks = np.argsort(np.argsort(-gains, kind="stable"), kind="stable") + np.arange(len(found))
        return [found[index] for index in np.argsort(ranks, kind="stable")]

    def choose(
        self,
        parent: Candidate,
        kinds: Sequence[Iterable[Candidate]],
        count: int,
        tried: Sequence[Tried],
        *,
        most_added_words: int = _MOST_ADDED_WORDS,
    ) -> list[Candidate]:
        """At most `count` different variations that have not been tried, one of each kind in turn.

        Edits that have helped before come first, edits that clearly have not come last. A kind that is listed
        twice has two turns.
        """
        record = _record(tried, parent)
        lists = {id(kind): list(kind) for kind in kinds}
        ordered = sorted(
            _take_turns([lists[id(kind)] for kind in kinds]), key=lambda each: _luck(each, parent, record)
        )
        seen = {each.candidate.key(self.class_word) for each in tried} | {parent.key(self.class_word)}
        known = set(tokens(parent.template)) | set(tokens(parent.negative))
        longest = len(tokens(parent.template)) + most_added_words
        chosen: list[Candidate] = []
        for candidate in ordered:
            if len(chosen) >= count:
                break
            key = candidate.key(self.class_word)
            words = tokens(candidate.template)
            new = ({*words, *tokens(candidate.negative)}) - known
            if key in seen or len(words) > longest or new & self._avoid:
                continue
            try:
                PromptTemplate.parse(candidate.template)
            except TemplateError:
                continue
            seen.add(key)
            chosen.append(candidate)
        return chosen


def one_a_reason(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first candidate of each reason, then the second of each, and so on."""
    turns: Counter[tuple[str, ...]] = Counter()
    turn = []
    for candidate in candidates:
        turn.append(turns[candidate.reasons])
        turns[candidate.reasons] += 1
    return [candidates[index] for index in np.argsort(turn, kind="stable")]


def _record(tried: Sequence[Tried], parent: Candidate) -> dict[str, float]:
    """What edits have brought, by their reasons: 1 for those that helped, -1 for those that clearly did not."""
    record: dict[str, float] = {}
    for each in tried:
        verdict = (
            1.0 if each.gain > each.standard_error else -1.0 if each.gain < -each.standard_error else 0.0
        )
        for reason in set(each.candidate.reasons) - set(parent.reasons):
            record[reason] = max(record.get(reason, -1.0), verdict)
    return record


def _luck(candidate: Candidate, parent: Candidate, record: dict[str, float]) -> float:
    """What sorts the lucky first: minus the worst verdict on what is new in the candidate."""
    new = candidate.reasons[len(parent.reasons) :]
    return -min((record.get(reason, 0.0) for reason in new), default=0.0)


def _take_turns(kinds: Sequence[Sequence[Candidate]]) -> Iterator[Candidate]:
    queues = {id(kind): iter(kind) for kind in kinds}
    for _ in range(sum(map(len, kinds))):
        for kind in kinds:
            candidate = next(queues[id(kind)], None)
            if candidate is not None:
                yield candidate
