"""Templates derived from their grammar, right and spoilt, and what must hold of each."""

import random
import time

import numpy as np

from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.templates import CLASS, MAX_LENGTH, PromptTemplate

WORDS = (
    "a photo of",
    "a",
    "an hour",
    "owl",
    "in the snow,",
    "red",
    "鶴",
    "é",
    "🦩",
    "x-ray",
    "2",
    "'s",
    "(((",
    "\\1",
)
ESCAPES = ("[[", "]]", "{{", "}}")
MARKS = (
    "[",
    "]",
    "{",
    "}",
    "|",
    CLASS,
    "[[",
    "]]",
    "{{",
    "}}",
    "{x}",
    " ",
    ",",
    "\0",
    "\n",
    "\u202e",
    "\ud800",
)
CLASS_WORDS = ("owl", "[x | y] {class} \\g<0>")
SLOWEST = 1.0
"""Seconds of a processor's time that reading and sampling any template may take; most take microseconds."""


# -- generators: template → (text | slot)*; slot → '[' option ('|' option)* ']'; text, option → words, escapes, class --


def derived(rng: random.Random) -> str:
    """A template that the grammar allows, with some words outside of its slots."""
    parts = [rng.choice((_text, _slot))(rng) for _ in range(rng.randrange(1, 7))]
    parts.insert(rng.randrange(len(parts) + 1), f" {rng.choice(('a photo', CLASS, 'owl'))} ")
    return " ".join(parts)


def _text(rng: random.Random) -> str:
    pieces = (rng.choice(WORDS), rng.choice(WORDS), rng.choice(ESCAPES), CLASS)
    return " ".join(rng.choice(pieces) for _ in range(rng.randrange(1, 5)))


def _slot(rng: random.Random) -> str:
    options = [_text(rng) if rng.random() < 0.8 else "" for _ in range(rng.randrange(1, 5))]
    if not any(options):
        options.append("red")
    return f"[ {' | '.join(options)} ]"  # blanks, so that an escape beside a bracket stays one


def spoilt(rng: random.Random) -> str:
    """A derived template with some characters too many, too few or elsewhere; or nothing but marks."""
    text = derived(rng)
    if rng.random() < 0.1:
        return "".join(rng.choice(MARKS) for _ in range(rng.choice((1, 5, 50, MAX_LENGTH))))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(4):
            case 0:
                text = text[:at] + rng.choice(MARKS) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randrange(1, 5) :]
            case 2:
                text = text[:at] + text[: rng.randrange(len(text) + 1)]
            case _:
                text = text[:at] + rng.choice(MARKS) * rng.choice((2, 3, 300)) + text[at:]
    return text


# -- what must hold -----------------------------------------------------------------------------------


def check_derived(text: str, seed: int = 0) -> None:
    """A template of the grammar is read, sampled, and the same once it was written and read again."""
    check_read(PromptTemplate.parse(text), seed)


def check_spoilt(text: str, seed: int = 0) -> bool:
    """Any text is a template or refused in words; whether it is one."""
    started = time.thread_time()
    template, refusal = None, ""
    try:
        template = PromptTemplate.parse(text)
    except TemplateError as error:
        refusal = str(error)
    else:
        check_read(template, seed)
    assert time.thread_time() - started < SLOWEST, text
    assert len(refusal) < MAX_LENGTH + 300, text
    return template is not None


def check_read(template: PromptTemplate, seed: int) -> None:
    assert PromptTemplate.parse(str(template)) == template
    assert template.count >= 1
    drawn = [template.sample(np.random.default_rng(seed), word) for word in CLASS_WORDS]
    assert drawn == [template.sample(np.random.default_rng(seed), word) for word in CLASS_WORDS]
    assert all(isinstance(each, str) for each in drawn)
    for index in range(min(len(template.slots), 3)):
        assert (
            PromptTemplate.parse(str(template.with_slot(index, template.slots[index]))).count
            == template.count
        )
