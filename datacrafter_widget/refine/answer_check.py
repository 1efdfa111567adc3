"""What of a language model's rewritings can be used."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError, TemplateError
from datacrafter_widget.generation.templates import CLASS, PromptTemplate, escape
from datacrafter_widget.labels.text import plain_line
from datacrafter_widget.refine.candidates import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LONGEST_REASON = 160

_PROPOSED = "the language model proposes this"
_LONGEST_PROMPT = 300
_LONGEST_TEMPLATE = 800
_LONGEST_NEGATIVE = 200
_MORE_THAN_PARENT = 100  # characters that a long prompt of the user's own may grow by
_MOST_WRONG = 8
_ESCAPED = re.compile(r"\[\[|\]\]|\{\{|\}\}")


class AnswerCheck:
    """Takes what can be used out of a model's answers, and keeps what is wrong with the rest.

    A candidate is a valid template that is not too long and names the class in every prompt that can be
    drawn (unless `parent` does not either), with a negative prompt from which the class's own words are
    taken out, and is none of those known already.

    Args:
        class_word: what `{class}` becomes in a prompt.
        parent: the prompt that was to be rewritten.
        known: prompts that are not to come again.

    Attributes:
        wrong: the first few answers that can't be used, each with its problem.
    """

    def __init__(self, class_word: str, parent: Candidate, known: Iterable[Candidate]) -> None:
        self._class_word = class_word
        self._parent = parent
        template = PromptTemplate.parse(parent.template)
        self._named = _Named(class_word)
        self._keeps_class = self._named.always(template)
        self._bare_bar = _bare_bar(template)
        self._longest_template = max(_LONGEST_TEMPLATE, len(template.text) + _MORE_THAN_PARENT)
        self._longest_prompt = max(_LONGEST_PROMPT, _longest(template, class_word) + _MORE_THAN_PARENT)
        self._longest_negative = max(_LONGEST_NEGATIVE, len(parent.negative) + _MORE_THAN_PARENT)
        self._seen = {self._key(each) for each in known}
        self.wrong: list[dict[str, str]] = []

    def usable(self, answers: Iterable[Any]) -> list[Candidate]:
        """The candidates among the answers, in order."""
        found = []
        for answer in answers:
            try:
                candidate = self._candidate(answer)
            except InputError as error:
                if len(self.wrong) < _MOST_WRONG:
                    self.wrong.append({**_quoted(answer), "problem": plain_line(str(error), _LONGEST_PROMPT)})
            else:
                self._seen.add(self._key(candidate))
                found.append(candidate)
        if not found and not self.wrong:
            self.wrong.append({"problem": "expected at least one rewriting, found none"})
        return found

    def _candidate(self, answer: Any) -> Candidate:
        """Raises InputError that says what is wrong."""
        fields = answer if isinstance(answer, dict) else {}
        text, avoided = fields.get("template"), fields.get("negative")
        if not isinstance(text, str) or not isinstance(avoided, str):
            raise InputError("expected an object with a template and a negative prompt, both text")
        template = _one_way(PromptTemplate.parse(plain_line(text)))
        if len(template.text) > self._longest_template:
            raise InputError(
                f"expected a template of at most {self._longest_template} characters, found {len(template.text)}"
            )
        longest = _longest(template, self._class_word)
        if longest > self._longest_prompt:
            raise InputError(
                f"expected prompts of at most {self._longest_prompt} characters, found one of {longest}"
            )
        if _bare_bar(template) and not self._bare_bar:
            raise InputError("expected '|' between the options of a slot, in '[' and ']', found one outside")
        if not _always(template, lambda words: any(map(str.isalnum, words))):
            raise InputError("expected words in every prompt that can be drawn, found a prompt without")
        if self._keeps_class and not self._named.always(template):
            raise InputError(f"expected {CLASS} in every prompt that can be drawn, outside of optional words")
        negative = self._negative(avoided)
        if len(negative) > self._longest_negative:
            raise InputError(
                f"expected a negative prompt of at most {self._longest_negative} characters, "
                f"found {len(negative)}"
            )
        reasons = (*self._parent.reasons, _told(fields.get("reason")))
        candidate = Candidate(template.text, negative, reasons)
        if self._key(candidate) in self._seen:
            raise InputError(
                "expected a new prompt, found one that is present, tried, rejected or given twice"
            )
        return candidate

    def _negative(self, text: str) -> str:
        """A list of terms without the class's words, which would drive out the class."""
        terms = re.split(r"[,;|]", plain_line(text).replace(CLASS, self._class_word))
        kept: dict[str, str] = {}
        for term in terms:
            left = self._named.removed(re.sub(r"[\[\]{}]", " ", term))
            if any(map(str.isalnum, left)):
                kept.setdefault(left.casefold(), left)
        return ", ".join(kept.values())

    def _key(self, candidate: Candidate) -> tuple[str, frozenset[str]]:
        """Prompts of one key are the same but for blanks, capitals and the order of what to avoid."""
        template = candidate.template
        with suppress(TemplateError):
            template = _one_way(PromptTemplate.parse(template)).text
        template = template.replace(CLASS, escape(self._class_word)).casefold()
        terms = (" ".join(term.split()) for term in candidate.negative.casefold().split(","))
        return template, frozenset(term for term in terms if term)


class _Named:
    """Where a text names the class: by `{class}` or by its word, whole and in any case."""

    def __init__(self, class_word: str) -> None:
        whole = " ".join(class_word.split())
        words = [
            re.escape(word) for word in sorted(set(re.findall(r"[\w'-]+", whole)), key=len, reverse=True)
        ]
        self._name = re.compile(rf"{re.escape(CLASS)}|(?<!\w){re.escape(whole)}(?!\w)", re.IGNORECASE)
        # a plural drives the class out too
        self._part = re.compile(
            rf"(?<!\w)(?:{'|'.join(words)})(?:['\u2019]?e?s)?(?!\w)" if words else r"(?!)", re.IGNORECASE
        )

    def always(self, template: PromptTemplate) -> bool:
        """Whether every prompt that can be drawn names it."""
        return _always(template, lambda words: self._name.search(_ESCAPED.sub(" ", words)) is not None)

    def removed(self, text: str) -> str:
        """A text without any word of it."""
        return " ".join(self._part.sub(" ", text).split()).strip(" -_'.")


def _always(template: PromptTemplate, holds: Callable[[str], bool]) -> bool:
    """Whether words that hold stand in every prompt: in the plain text, or in all options of a slot."""
    return any(holds(part) if isinstance(part, str) else all(map(holds, part)) for part in template.options)


def _bare_bar(template: PromptTemplate) -> bool:
    """Whether a bar stands outside of slots: a template may have one, but a model forgot the brackets."""
    return any("|" in part for part in template.options if isinstance(part, str))


def _one_way(template: PromptTemplate) -> PromptTemplate:
    """The template with its slots written in one way."""
    return template.replace_class(CLASS)


def _longest(template: PromptTemplate, class_word: str) -> int:
    """Characters of the longest prompt that can be drawn."""
    choices = [max(range(len(slot)), key=lambda at: len(slot[at])) for slot in template.slots]
    return len(template.render(choices, class_word))


def _told(reason: Any) -> str:
    """The model's reason as the user may see it: one plain line that says whose it is."""
    words = plain_line(reason) if isinstance(reason, str) else ""
    return plain_line(f"{_PROPOSED}: {words}" if words else _PROPOSED, LONGEST_REASON)


def _quoted(answer: Any) -> dict[str, str]:
    """What a model answered, to show it what is wrong."""
    texts = answer if isinstance(answer, dict) else {}
    return {
        name: plain_line(texts[name], _LONGEST_PROMPT)
        for name in ("template", "negative")
        if isinstance(texts.get(name), str)
    }
