"""Have a template say something as a caption would be rewritten to say it, its slots and its class kept."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from datacrafter_widget.generation.english import tidy
from datacrafter_widget.generation.templates import PromptTemplate, escape, slot_text
from datacrafter_widget.refine.mutate.edits import edited
from datacrafter_widget.refine.mutate.text import CLASS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datacrafter_widget.refine.candidates import Candidate

    Rewrite = Callable[[str], str]

_UNIT = re.compile(rf"(?P<blank>\s*)(?P<words>(?:{re.escape(CLASS)}|[\w'-])+|\S)")
_WORD = re.compile(r"[\w'-]+|[^\w\s]")


@dataclass(frozen=True)
class _Unit:
    """A word of a template, or a slot."""

    text: str
    slot: int | None = None
    blank: bool = True


class _Change(NamedTuple):
    """What becomes of units: those that go, and the new words before others, at the last place those at the end."""

    gone: set[int]
    new: dict[int, str]


def rewritten(parent: Candidate, class_word: str, rewrite: Rewrite, reason: str) -> Iterator[Candidate]:
    """The template with the words changed that `rewrite` changes in its prompts; nothing where it has none to say.

    Options that it would change in a prompt are left out, and with the last of them their slot.

    Args:
        parent: the prompt.
        class_word: what `{class}` becomes.
        rewrite: a caption → the caption that is wished for.
        reason: why.
    """
    template = PromptTemplate.parse(parent.template)
    units = _units(template)
    longest = [max(range(len(options)), key=lambda at: len(options[at])) for options in template.slots]
    change = _change(template, units, longest, class_word, rewrite)
    kept: dict[int, list[str]] = {}
    for at, unit in enumerate(units):
        for option, text in enumerate(template.slots[unit.slot] if unit.slot is not None else ()):
            choices = [option if slot == unit.slot else each for slot, each in enumerate(longest)]
            own = _change(template, units, choices, class_word, rewrite)
            if own is None or not any(own):
                return  # an option says it already: see `keep_options`
            kept.setdefault(at, []).extend([text] * (at not in own.gone))
    if change is None or not any(change):
        return
    said = "".join(_pieces(units, change, kept))
    if template.names_class and CLASS not in said:  # "a boat" has become "two boats"
        word = re.escape(escape(class_word))
        said = re.sub(rf"(?<!\w){word}(?=s?(?!\w))", CLASS, said, flags=re.IGNORECASE)
        if CLASS not in said:
            return
    lost = " ".join(
        unit.text for at, unit in enumerate(units) if at in change.gone and not any(kept.get(at, ()))
    )
    yield from edited(parent, lambda _: tidy(said), f"{reason} in place of '{lost}'" if lost else reason)


def _units(template: PromptTemplate) -> list[_Unit]:
    units, slots = [], 0
    for part in template.options:
        if isinstance(part, tuple):
            units.append(_Unit(slot_text(part), slots))
            slots += 1
        else:
            units += [_Unit(each["words"], None, bool(each["blank"])) for each in _UNIT.finditer(part)]
    return units


def _change(
    template: PromptTemplate,
    units: Sequence[_Unit],
    choices: Sequence[int],
    class_word: str,
    rewrite: Rewrite,
) -> _Change | None:
    """What `rewrite` makes of one of the template's prompts; None where that doesn't fit the units."""
    prompt = template.render(choices, class_word)
    own = [
        _words(unit.text if unit.slot is None else template.slots[unit.slot][choices[unit.slot]], class_word)
        for unit in units
    ]
    words = [word for each in own for word in each]
    target = rewrite(prompt)
    if words != _words(prompt):
        return None
    matcher = difflib.SequenceMatcher(None, words, _words(target), autojunk=False)
    found = {at + i: to + i for at, to, size in matcher.get_matching_blocks() for i in range(size)}
    after = _WORD.findall(target)
    gone, new = set[int](), dict[int, str]()
    first, end = 0, 0
    for at, size in enumerate(map(len, own)):
        places = [found.get(word, -1) for word in range(first, first + size)]
        first += size
        if not places:  # an empty option
            continue
        if -1 in places or places[-1] != places[0] + size - 1:
            gone.add(at)
            continue
        if places[0] > end:
            new[at] = escape(" ".join(after[end : places[0]]))
        end = places[-1] + 1
    if end < len(after):
        new[len(units)] = escape(" ".join(after[end:]))
    return _Change(gone, new)


def _pieces(units: Sequence[_Unit], change: _Change, kept: dict[int, list[str]]) -> Iterator[str]:
    for at, unit in enumerate(units):
        if at in change.new:
            yield f" {change.new[at]} "
        options = kept.get(at, [])
        if unit.slot is not None and options:
            yield f" {options[0] if len(options) == 1 else slot_text(options)}"
        elif unit.slot is None and at not in change.gone:
            yield f"{' ' * unit.blank}{unit.text}"
    yield f" {change.new.get(len(units), '')}"


def _words(text: str, class_word: str = CLASS) -> list[str]:
    """The words of a text and its punctuation; articles alike, as they follow what comes after them."""
    found = _WORD.findall(text.replace(CLASS, class_word))
    return ["a" if word in ("an", "An", "A") else word.casefold() for word in found]
