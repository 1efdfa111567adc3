"""The built-in mutator: edits of a template that the feedback suggests, each with its reason.

It stands where the paper asks a language model for a variation (DataCrafter §5.3.1), and needs none: the
session's labels say what tells wanted from unwanted pictures, the prompts say which options brought them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from datacrafter_widget.errors import InputError, TemplateError
from datacrafter_widget.generation.templates import PromptTemplate, escape
from datacrafter_widget.refine.evidence import (
    LabelContrast,
    attribute_families,
    contrast_labels,
    contrast_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike

    from datacrafter_widget.refine.candidates import Candidate, Tried

TELLING_AUC = 0.6
"""A label that tells wanted from unwanted pictures less well than this is not used; with few pictures it must
be better, so that it is no accident."""

UNWANTED_OPTION_Z = 1.6
"""An option is dropped when its log-odds of being unwanted are this many standard errors above 0."""

_MOST_LABELS = 8
_MOST_NEGATIVES = 4
_MOST_ADDED_WORDS = 12
_CLASS = "{class}"


class FeedbackMutator:
    """Variations of a template from the feedback on its pictures.

    For *remove*, `wanted` is what the user kept and `unwanted` what was removed. For *more like these*
    `wanted` is the selection and `unwanted` the rest of what was generated for the class.

    Args:
        class_word: what `{class}` becomes in a prompt.
        labels: L labels of the vocabulary, in any order.
        label_embeddings: (L, D) text embeddings of the labels.
        wanted: groups of (N, D) picture embeddings, see `evidence.contrast_labels`.
        unwanted: (R, D) picture embeddings.
        wanted_prompts: the prompts that the wanted generated pictures were made with.
        unwanted_prompts: those of the unwanted ones.
        widen: propose slots that bring variety (for *more like these*).
        encode_texts: texts → (T, D) embeddings in the space of the pictures. With it, edits whose prompts
            move towards the wanted pictures are tried first.

    Raises:
        InputError: arrays that don't fit, or no wanted or unwanted pictures.
    """

    def __init__(
        self,
        class_word: str,
        labels: Sequence[str],
        label_embeddings: ArrayLike,
        *,
        wanted: Sequence[ArrayLike],
        unwanted: ArrayLike,
        wanted_prompts: Sequence[str] = (),
        unwanted_prompts: Sequence[str] = (),
        widen: bool = False,
        encode_texts: Callable[[list[str]], ArrayLike] | None = None,
    ) -> None:
        embeddings = np.asarray(label_embeddings, np.float64)
        if embeddings.ndim != 2 or len(embeddings) != len(labels):
            raise InputError(f"expected embeddings (L, D) of {len(labels)} labels, found {embeddings.shape}")
        self._class_word = class_word
        self._wanted_prompts = tuple(wanted_prompts)
        self._unwanted_prompts = tuple(unwanted_prompts)
        self._encode_texts = encode_texts
        self._widen = widen
        self.contrasts = contrast_labels(labels, embeddings, wanted, unwanted)
        groups = [array for array in (np.asarray(group, np.float64) for group in wanted) if len(array)]
        others = np.asarray(unwanted, np.float64)
        self._telling_auc = _telling_auc(sum(map(len, groups)), len(others))
        self._towards = np.mean([group.mean(0) for group in groups], 0) - others.mean(0)
        self._families = attribute_families(labels, embeddings)
        if self._families:
            # First those that the class's pictures differ in already: places and colours, not other things.
            similarities = np.concatenate([*groups, others]) @ embeddings.T
            spread = dict(
                zip(labels, (similarities - similarities.mean(1, keepdims=True)).std(0), strict=True)
            )
            self._families.sort(key=lambda family: -float(np.mean([spread[label] for label in family])))

    def __call__(
        self, parent: Candidate, count: int, rng: np.random.Generator, _tried: Sequence[Tried] = (), /
    ) -> list[Candidate]:
        """Give at most `count` variations of `parent`, the kinds of edit mixed, the most promising first."""
        template = PromptTemplate.parse(parent.template)
        name = _one_a_reason(self._promising(parent, self._name(parent, template)))
        negative = list(self._negative(parent))
        both = [
            replace(first, negative=second.negative, reasons=(*first.reasons, second.reasons[-1]))
            for first, second in zip(name, [*negative[:1] * 2, *negative], strict=False)
        ]
        context = self._promising(parent, self._bring(parent, template))
        options = list(self._drop(parent, template))
        wide = list(self._vary(parent, template)) if self._widen else []
        others = list(self._rearrange(parent, template, rng))
        if self._widen:
            kinds = [wide, wide, context, options, name, others]
        else:
            kinds = [name, both, options, name, negative, name, context, name, both]
        return self._different(parent, _take_turns(kinds), count)

    # ---- edits ---------------------------------------------------------------------------------------

    def _name(self, parent: Candidate, template: PromptTemplate) -> Iterator[Candidate]:
        """Say which of the things that the class's word may mean is meant."""
        for contrast in self._telling(wanted=True):
            label = escape(contrast.label)
            own, word = set(_tokens(contrast.label)), set(_tokens(self._class_word))
            if own <= word | set(_tokens(parent.template)):
                continue
            forms = [label] if word <= own else [f"{_CLASS} {label}", f"{label} {_CLASS}"]
            for form in forms:
                yield self._edited(parent, template.replace_class(form).text, self._why(contrast))

    def _negative(self, parent: Candidate) -> Iterator[Candidate]:
        """Drive out, by the negative prompt, what the unwanted pictures show."""
        terms = [term.strip() for term in parent.negative.split(",") if term.strip()]
        if len(terms) >= _MOST_NEGATIVES:
            return
        class_tokens = _tokens(self._class_word)
        for contrast in self._telling(wanted=False):
            # The class's own word in the negative prompt would drive out the class.
            left = [word for word in contrast.label.split() if not set(_tokens(word)) <= set(class_tokens)]
            term = " ".join(left)
            if term and term not in terms:
                yield replace(
                    parent,
                    negative=", ".join([*terms, term]),
                    reasons=(*parent.reasons, self._why(contrast)),
                )

    def _drop(self, parent: Candidate, template: PromptTemplate) -> Iterator[Candidate]:
        """Drop options whose pictures are mostly unwanted; all of a slot's at once, then one by one."""
        contrasts = contrast_options(template, self._class_word, self._wanted_prompts, self._unwanted_prompts)
        unwanted = [contrast for contrast in contrasts if contrast.z >= UNWANTED_OPTION_Z]
        for contrast in unwanted:
            options = template.slots[contrast.slot]
            kept = [text for index, text in enumerate(options) if index != contrast.option]
            share = contrast.unwanted / max(contrast.wanted + contrast.unwanted, 1)
            reason = f"{share:.0%} of the pictures of option '{contrast.text}' are unwanted"
            yield self._edited(parent, template.with_slot(contrast.slot, kept).text, reason)

    def _bring(self, parent: Candidate, template: PromptTemplate) -> Iterator[Candidate]:
        """Add what the wanted pictures show."""
        for contrast in self._telling(wanted=True):
            if set(_tokens(contrast.label)) - set(_tokens(parent.template)) - set(_tokens(self._class_word)):
                yield self._edited(
                    parent, template.append(f", {escape(contrast.label)}").text, self._why(contrast)
                )

    def _vary(self, parent: Candidate, template: PromptTemplate) -> Iterator[Candidate]:
        """Add a slot with the values of an attribute, so that pictures differ in it."""
        families = [
            family
            for family in self._families
            if not set(_all_tokens(family)) & set(_tokens(parent.template))
        ]
        for family in families:
            options = [escape(label) for label in family]
            slot = f"[{' | '.join(options)}]"
            reason = f"a choice of {_listed(family)} brings variety"
            yield self._edited(parent, template.with_options_before_class(options).text, reason)
            yield self._edited(parent, template.append(f", {slot}").text, reason)

    def _rearrange(
        self, parent: Candidate, template: PromptTemplate, rng: np.random.Generator
    ) -> Iterator[Candidate]:
        """Exchange two neighbouring slots, or an option for a label of the same family."""
        for slot in rng.permutation(len(template.slots)):
            options = template.slots[slot]
            if slot + 1 < len(template.slots):
                first, second = options, template.slots[slot + 1]
                swapped = template.with_slot(slot + 1, first) if len(first) > 1 else None
                if swapped is not None and len(second) > 1:
                    yield self._edited(
                        parent,
                        swapped.with_slot(slot, second).text,
                        "the order of words changes their weight",
                    )
            for family in self._families:
                inside = [label for label in family if label in options]
                outside = [label for label in family if label not in options]
                if inside and outside:
                    new = outside[int(rng.integers(len(outside)))]
                    reason = f"'{new}' is another value beside {_listed(inside)}"
                    yield self._edited(parent, template.with_slot(slot, [*options, escape(new)]).text, reason)

    # ---- helpers -------------------------------------------------------------------------------------

    def _telling(self, *, wanted: bool) -> list[LabelContrast]:
        ranked = self.contrasts if wanted else self.contrasts[::-1]
        good = [each for each in ranked if (each.auc if wanted else 1 - each.auc) >= self._telling_auc]
        return good[:_MOST_LABELS]

    def _why(self, contrast: LabelContrast) -> str:
        kept, removed = ("selected", "other") if self._widen else ("kept", "removed")
        if contrast.auc >= 0.5:
            return f"'{contrast.label}' tells {kept} from {removed} pictures (AUC {contrast.auc:.2f})"
        return f"'{contrast.label}' is what {removed} pictures show (AUC {1 - contrast.auc:.2f})"

    def _edited(self, parent: Candidate, template: str, reason: str) -> Candidate:
        return replace(parent, template=template, reasons=(*parent.reasons, reason))

    def _promising(self, parent: Candidate, candidates: Iterator[Candidate]) -> list[Candidate]:
        """Order candidates by how far their prompts move, as texts, towards the wanted pictures."""
        found = list(candidates)
        if self._encode_texts is None or len(found) < 2:
            return found
        texts = [_first_prompt(candidate.template, self._class_word) for candidate in (parent, *found)]
        embeddings = np.asarray(self._encode_texts(texts), np.float64)
        gains = (embeddings[1:] - embeddings[0]) @ self._towards
        # The order of the labels counts as much as the texts: average the two ranks.
        ranks = np.argsort(np.argsort(-gains, kind="stable"), kind="stable") + np.arange(len(found))
        return [found[index] for index in np.argsort(ranks, kind="stable")]

    def _different(self, parent: Candidate, candidates: Iterator[Candidate], count: int) -> list[Candidate]:
        seen = {parent.key(self._class_word)}
        chosen: list[Candidate] = []
        longest = len(_tokens(parent.template)) + _MOST_ADDED_WORDS
        for candidate in candidates:
            if len(chosen) >= count:
                break
            key = candidate.key(self._class_word)
            if key in seen or (len(_tokens(candidate.template)) > longest and not self._widen):
                continue
            try:
                PromptTemplate.parse(candidate.template)
            except TemplateError:
                continue
            seen.add(key)
            chosen.append(candidate)
        return chosen


def _take_turns(kinds: list[list[Candidate]]) -> Iterator[Candidate]:
    """One of each kind in turn; a kind that is listed twice has two turns."""
    queues = {id(kind): iter(kind) for kind in kinds}
    longest = sum(map(len, kinds))
    for _ in range(longest):
        for kind in kinds:
            candidate = next(queues[id(kind)], None)
            if candidate is not None:
                yield candidate


def _telling_auc(wanted: int, unwanted: int) -> float:
    """The AUC from which a label is used: two standard errors above chance, at most 0.9."""
    error = np.sqrt((wanted + unwanted + 1) / (12 * wanted * unwanted))
    return float(np.clip(0.5 + 2 * error, TELLING_AUC, 0.9))


def _one_a_reason(candidates: list[Candidate]) -> list[Candidate]:
    """The first candidate of each reason, then the second of each, and so on."""
    turns: Counter[tuple[str, ...]] = Counter()
    turn = []
    for candidate in candidates:
        turn.append(turns[candidate.reasons])
        turns[candidate.reasons] += 1
    return [candidates[index] for index in np.argsort(turn, kind="stable")]


def _first_prompt(template: str, class_word: str) -> str:
    parsed = PromptTemplate.parse(template)
    return parsed.render([0] * len(parsed.slots), class_word)


def _tokens(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.casefold())


def _all_tokens(labels: Sequence[str]) -> list[str]:
    return [token for label in labels for token in _tokens(label)]


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(f"'{word}'" for word in words[:4])
    return shown + (" …" if len(words) > 4 else "")
