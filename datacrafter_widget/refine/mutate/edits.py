"""The edits that mutators share: each yields variations of a prompt, the most promising first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.templates import PromptTemplate, escape
from datacrafter_widget.refine.evidence import contrast_options
from datacrafter_widget.refine.mutate.text import CLASS, all_tokens, find_words, listed, slot, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np

    from datacrafter_widget.refine.candidates import Candidate

UNWANTED_OPTION_Z = 1.6
"""An option is dropped when its log-odds of being unwanted are this many standard errors above 0."""

_MOST_NEGATIVES = 4
_ARTICLES = {"a", "an", "the"}


def edited(
    parent: Candidate, change: Callable[..., PromptTemplate | str], *reasons: str
) -> Iterator[Candidate]:
    """The parent with its template changed; nothing where that gives no template."""
    try:
        changed = change(PromptTemplate.parse(parent.template))
        text = PromptTemplate.parse(changed).text if isinstance(changed, str) else changed.text
    except TemplateError:
        return
    yield replace(parent, template=text, reasons=(*parent.reasons, *reasons))


def name_class(parent: Candidate, class_word: str, labels: Iterable[tuple[str, str]]) -> Iterator[Candidate]:
    """Say which of the things that the class's word may mean is meant ("crane" → "crane bird").

    Args:
        parent: the prompt.
        class_word: what `{class}` becomes.
        labels: (label, reason).
    """
    word = set(tokens(class_word))
    said = word | set(tokens(parent.template))
    for label, reason in labels:
        own, text = set(tokens(label)), escape(label)
        if not own or own <= said:
            continue
        for form in [text] if word <= own else [f"{CLASS} {text}", f"{text} {CLASS}"]:
            yield from edited(parent, lambda template, form=form: template.replace_class(form), reason)


def drive_out(parent: Candidate, class_word: str, labels: Iterable[tuple[str, str]]) -> Iterator[Candidate]:
    """Put labels, (label, reason), into the negative prompt, less the class's own words."""
    terms = [term.strip() for term in parent.negative.split(",") if term.strip()]
    if len(terms) >= _MOST_NEGATIVES:
        return
    own = set(tokens(class_word))
    for label, reason in labels:
        # The class's own word in the negative prompt would drive out the class.
        term = " ".join(word for word in label.replace(",", " ").split() if not set(tokens(word)) <= own)
        if term and term not in terms:
            yield replace(parent, negative=", ".join([*terms, term]), reasons=(*parent.reasons, reason))


def drop_options(
    parent: Candidate, class_word: str, wanted_prompts: Sequence[str], unwanted_prompts: Sequence[str]
) -> Iterator[Candidate]:
    """Drop options whose pictures are mostly unwanted, the worst first; all of them first of all."""
    template = PromptTemplate.parse(parent.template)
    contrasts = contrast_options(template, class_word, wanted_prompts, unwanted_prompts)
    unwanted = [contrast for contrast in contrasts if contrast.z >= UNWANTED_OPTION_Z]
    reasons = [
        f"{contrast.unwanted / max(contrast.wanted + contrast.unwanted, 1):.0%} of the pictures of option "
        f"'{contrast.text}' are unwanted"
        for contrast in unwanted
    ]
    if len(unwanted) > 1:
        dropped = {(contrast.slot, contrast.option) for contrast in unwanted}

        def without_all(template: PromptTemplate) -> PromptTemplate:
            for index, options in reversed(list(enumerate(template.slots))):
                kept = [text for option, text in enumerate(options) if (index, option) not in dropped]
                if kept and len(kept) < len(options):
                    template = template.with_slot(index, kept)
            return template

        yield from edited(parent, without_all, *reasons)
    for contrast, reason in zip(unwanted, reasons, strict=True):
        kept = [text for index, text in enumerate(template.slots[contrast.slot]) if index != contrast.option]
        yield from edited(parent, lambda each, at=contrast.slot, kept=kept: each.with_slot(at, kept), reason)


def bring_in(parent: Candidate, class_word: str, labels: Iterable[tuple[str, str]]) -> Iterator[Candidate]:
    """Add labels, (label, reason), at the end."""
    said = set(tokens(parent.template)) | set(tokens(class_word))
    for label, reason in labels:
        if set(tokens(label)) - said:
            yield from edited(parent, lambda each, label=label: each.append(f", {escape(label)}"), reason)


def add_slot(parent: Candidate, family: Sequence[str], reason: str) -> Iterator[Candidate]:
    """Add a slot with the values of an attribute, so that pictures differ in it."""
    options = [escape(label) for label in family]
    yield from edited(parent, lambda template: template.with_options_before_class(options), reason)
    yield from edited(parent, lambda template: template.append(f", {slot(options)}"), reason)


def widen_words(parent: Candidate, label: str, family: Sequence[str], reason: str) -> Iterator[Candidate]:
    """Make a slot of a word that stands fixed in the template, with the other values of its attribute."""

    def widened(template: PromptTemplate) -> str:
        return replaced_words(template, label, slot([escape(each) for each in (label, *family)]))

    if words_stand_in(PromptTemplate.parse(parent.template), label):
        yield from edited(parent, widened, reason)


def rearrange(
    parent: Candidate, families: Sequence[Sequence[str]], rng: np.random.Generator
) -> Iterator[Candidate]:
    """Exchange two neighbouring slots, or add to a slot another label of the family of its options."""
    template = PromptTemplate.parse(parent.template)
    for index in map(int, rng.permutation(len(template.slots))):
        options = template.slots[index]
        if index + 1 < len(template.slots) and min(len(options), len(template.slots[index + 1])) > 1:
            following = template.slots[index + 1]
            yield from edited(
                parent,
                lambda each, at=index, first=options, second=following: each.with_slot(
                    at + 1, first
                ).with_slot(at, second),
                "the order of words changes their weight",
            )
        for family in families:
            inside = [label for label in family if escape(label) in options]
            outside = [label for label in family if escape(label) not in options]
            if inside and outside:
                new = outside[int(rng.integers(len(outside)))]
                more = [*options, escape(new)]
                reason = f"'{new}' is another value beside {listed(inside)}"
                yield from edited(parent, lambda each, at=index, more=more: each.with_slot(at, more), reason)


# ---- words that stand in a template outside of its slots --------------------------------------------


def words_stand_in(template: PromptTemplate, label: str) -> bool:
    """Whether the words of a label stand in the template outside of its slots."""
    return any(isinstance(part, str) and find_words(part, label) for part in template.options)


def replaced_words(template: PromptTemplate, label: str, words: str, *, before: int = 0) -> str:
    """The template's text with the label's words, outside of slots, replaced by other template text.

    Args:
        template: the template.
        label: its words are replaced where they stand first.
        words: template text; empty takes the words away.
        before: so many words before the label's go with them, and articles, as in "on the beach"; never
            `{class}`, nor words on the other side of a comma.
    """
    parts, done = [], False
    for part in template.options:
        if isinstance(part, tuple):
            parts.append(slot(part))
            continue
        place = None if done else find_words(part, label)
        if place is None:
            parts.append(part)
            continue
        start, end = place
        head = part[:start].rstrip()
        left = before
        while left:
            shorter = head.rsplit(" ", 1)[0] if " " in head else ""
            last = head[len(shorter) :].strip()
            if not last or not last.replace("'", "").isalnum():
                break
            head = shorter.rstrip()
            left -= last.casefold() not in _ARTICLES
        parts.append(f"{head} {words} {part[end:].lstrip()}" if head or words else part[end:].lstrip())
        done = True
    return " ".join("".join(parts).replace(" ,", ",").split())


def unsaid(family: Iterable[str], parent: Candidate) -> list[str]:
    """The labels of which no word stands in the prompt yet."""
    said = set(tokens(parent.template))
    return [label for label in family if not all_tokens([label]) & said]
