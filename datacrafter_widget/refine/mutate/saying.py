"""Say something in a prompt, in place of what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacrafter_widget.generation.templates import PromptTemplate, escape
from datacrafter_widget.refine.mutate.edits import edited, replaced_words
from datacrafter_widget.refine.mutate.text import CLASS, find_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacrafter_widget.refine.candidates import Candidate
    from datacrafter_widget.refine.mutate.wording import Wording


def say(wording: Wording, parent: Candidate, text: str, reason: str) -> Iterator[Candidate]:
    """Say a text: in place of words that it excludes, in a slot of which it is an option, or besides.

    Args:
        wording: the words, and how they relate.
        parent: the prompt.
        text: what to say, as literal words.
        reason: why.
    """
    template = PromptTemplate.parse(parent.template)
    words = escape(text)
    yield from keep_options(parent, text, reason)
    for label in wording.said(template):
        if find_words(text, label) or not wording.excludes(text, label):
            continue
        why = f"{reason} in place of '{label}'"
        # "at night" stands for "on grass", "night" for "grass".
        for before in (1, 2) if " " in text else (0, 1):
            yield from edited(
                parent,
                lambda each, label=label, before=before: replaced_words(each, label, words, before=before),
                why,
            )
            yield from edited(
                parent,
                lambda each, label=label, before=before: (
                    f"{replaced_words(each, label, '', before=before)}, {words}"
                ),
                why,
            )
    for index, options in enumerate(template.slots):
        if all(wording.contradicts(text, option) for option in options):
            why = f"{reason} in place of a choice"
            yield from edited(parent, lambda each, at=index: each.with_slot(at, [words]), why)
            yield from edited(parent, lambda each, at=index: each.without_slot(at).append(f", {words}"), why)
    if not find_words(template.text, text):
        yield from edited(parent, lambda each: each.append(f", {words}"), reason)
        yield from edited(parent, lambda each: each.replace_class(f"{CLASS} {words}"), reason)
        if " " not in text:
            yield from edited(parent, lambda each: each.replace_class(f"{words} {CLASS}"), reason)
        yield from edited(parent, lambda each: f"{words}, {each.text}", reason)


def keep_options(parent: Candidate, text: str, reason: str) -> Iterator[Candidate]:
    """Keep only the options that say a text already."""
    template = PromptTemplate.parse(parent.template)
    for index, options in enumerate(template.slots):
        saying = [option for option in options if find_words(option, text)]
        if saying and len(saying) < len(options):
            yield from edited(
                parent,
                lambda each, at=index, kept=saying: each.with_slot(at, kept),
                f"{reason}; other options don't",
            )
