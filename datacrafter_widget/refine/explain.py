"""Which edit of a prompt brought how much: each is taken back in turn (leave one out)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from datacrafter_widget.errors import TemplateError
from datacrafter_widget.generation.templates import PromptTemplate, slot_text
from datacrafter_widget.refine.candidates import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Hunk = tuple[str, int, int, int, int]

_SLOT = re.compile(r"\s*\[[^\[]")
_WORD = re.compile(r"\s*(?:\{class\}|[\w'-]+|[^\w\s])")


@dataclass(frozen=True)
class Edit:
    """One difference between two prompts.

    Attributes:
        text: what it does, for the user: "adds 'bird'".
        without: the later prompt with this difference taken back.
    """

    text: str
    without: Candidate


@dataclass(frozen=True)
class EditGain:
    """What one edit brought.

    Attributes:
        text: what the edit does.
        gain: how much better the prompt is with it, in the units of the objective; None when not measured.
        standard_error: of the gain.
    """

    text: str
    gain: float | None = None
    standard_error: float | None = None


def edits_between(before: Candidate, after: Candidate) -> list[Edit]:
    """The differences between two prompts that can be taken back one by one.

    Words, whole slots, and terms of the negative prompt are compared; words that change side by side are one
    edit. Works for any two prompts, whoever wrote them.

    Args:
        before: the earlier prompt.
        after: the later one.

    Raises:
        TemplateError: a prompt is no template.
    """
    old, new = _tokens(before.template), _tokens(after.template)
    words = [each.strip() for each in old], [each.strip() for each in new]
    hunks = SequenceMatcher(a=words[0], b=words[1], autojunk=False).get_opcodes()
    edits = []
    for own in _edits(hunks, *words):
        parts = [old[a:b] if index in own else new[c:d] for index, (_, a, b, c, d) in enumerate(hunks)]
        template = "".join(token for part in parts for token in part).strip()
        _, a, b, c, d = hunks[own[0]]
        said = _moved(words[0][a:b] or words[1][c:d]) if len(own) > 1 else _said(old[a:b], new[c:d])
        if said and _valid(template):
            edits.append(Edit(said, Candidate(template, after.negative)))
    return [*edits, *_negative_edits(before, after)]


def _edits(hunks: Sequence[_Hunk], old: Sequence[str], new: Sequence[str]) -> Iterator[list[int]]:
    """The hunks that differ, by index; words that go in one place and come in another belong together."""
    left = [index for index, hunk in enumerate(hunks) if hunk[0] != "equal"]
    while left:
        first = left.pop(0)
        kind, a, b, c, d = hunks[first]
        other, mine = {"delete": ("insert", old[a:b]), "insert": ("delete", new[c:d])}.get(kind, ("", []))
        for index in left:
            name, a2, b2, c2, d2 = hunks[index]
            if name == other and mine == (new[c2:d2] if other == "insert" else old[a2:b2]):
                left.remove(index)
                yield [first, index]
                break
        else:
            yield [first]


def _negative_edits(before: Candidate, after: Candidate) -> Iterator[Edit]:
    old, new = _terms(before.negative), _terms(after.negative)
    for term in new:
        if term not in old:
            rest = ", ".join(each for each in new if each != term)
            yield Edit(f"avoids '{term}'", Candidate(after.template, rest))
    for term in old:
        if term not in new:
            yield Edit(f"no longer avoids '{term}'", Candidate(after.template, ", ".join([*new, term])))


def _tokens(template: str) -> list[str]:
    """Words with the blanks before them; a slot is one token."""
    tokens: list[str] = []
    for part in PromptTemplate.parse(template).options:
        if isinstance(part, tuple):
            tokens.append(slot_text(part))
        else:
            tokens += _WORD.findall(part)
            blank = part[len(part.rstrip()) :]
            if blank:
                tokens.append(blank)
    # A blank at the end of a part belongs to the token after it.
    joined: list[str] = []
    held = " "  # the first word may come to stand after another
    for token in tokens:
        if token.isspace():
            held += token
        else:
            joined.append(held + token)
            held = ""
    return joined


def _moved(tokens: Sequence[str]) -> str:
    return f"moves '{' '.join(tokens)}'"


def _said(old: Sequence[str], new: Sequence[str]) -> str:
    slots = [_options(tokens) for tokens in (old, new)]
    if slots[0] and slots[1]:
        return _options_said(slots[0], slots[1])
    before, after = ("".join(tokens).strip().strip(",").strip() for tokens in (old, new))
    if not before and not after:
        return ""  # a comma more or less
    if not before:
        return f"adds '{after}'"
    if not after:
        return f"drops '{before}'"
    return f"'{before}' becomes '{after}'"


def _options(tokens: Sequence[str]) -> tuple[str, ...]:
    """The options of a single slot; none for anything else."""
    if len(tokens) != 1 or not _SLOT.match(tokens[0]):
        return ()
    return PromptTemplate.parse(f"{tokens[0]} x").slots[
        0
    ]  # a word, as a slot that may be empty is no template


def _options_said(old: Sequence[str], new: Sequence[str]) -> str:
    def listed(options: Sequence[str]) -> str:
        return ", ".join(f"'{option}'" if option else "nothing" for option in options)

    gone, come = ([each for each in a if each not in b] for a, b in ((old, new), (new, old)))
    said = [f"drops the option {listed(gone)}"] if gone else []
    said += [f"adds the option {listed(come)}"] if come else []
    return " and ".join(said) or f"orders the options {listed(new)}"


def _terms(negative: str) -> list[str]:
    return [term.strip() for term in negative.split(",") if term.strip()]


def _valid(template: str) -> bool:
    try:
        PromptTemplate.parse(template)
    except TemplateError:
        return False
    return True
