"""Captions of what a picture is to be, made of the caption of what it is and a wish."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datacrafter_widget.editing import words
from datacrafter_widget.editing.scenes import moved_to
from datacrafter_widget.generation.english import correct_articles, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.editing.reading import Reading
    from datacrafter_widget.models.editors.editor import Action

_MEDIUM = (
    r"photo(?:graph)?s?|pictures?|images?|paintings?|sketch(?:es)?|drawings?|cartoons?|"
    r"illustrations?|render(?:ing)?s?|prints?|"
    r"comics?|views?|shots?|portraits?|close-?ups?|snapshots?|engravings?|mosaics?|"
    r"woodcuts?|watercolou?rs?|posters?|caricatures?|doodles?|etchings?"
)
_OPENING = re.compile(
    rf"^(?:(?:an?|the) )?(?:[\w-]+ ){{0,3}}?(?:{_MEDIUM})(?: (?:of|showing|with) )", re.IGNORECASE
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DETERMINER = re.compile(
    rf"(?:an?|the|{'|'.join(_NUMBERS)}|some|several|many|his|her|its|their|my|our|your|"
    rf"this|that|these|those|another|\d+)\s+",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r",|\s(?:on|in|at|of|with|without|behind|near|next|beside|under|over|from|by|to|for|"
    r"into|onto|above|below|around|between|against|among|amid|along|"
    r"and|or|that|which|who|while|is|are|\w+ing)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    rf"^(?:(?:{words.COLOUR.pattern}|{words.SIZE.pattern}|young|old|new|cute|little|same|"
    rf"left|right|second|first|other|whole)\s+)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Noun:
    """A noun phrase in a caption: "two red crane birds" is determiner "two", adjectives "red", noun "crane birds"."""

    start: int
    end: int
    determiner: str
    adjectives: str
    noun: str

    def said(self) -> str:
        return " ".join(part for part in (self.determiner, self.adjectives, self.noun) if part)

    @property
    def count(self) -> int:
        return _NUMBERS.index(self.determiner) + 1 if self.determiner in _NUMBERS else 1


def source_caption(caption: str, word: str, reading: Reading | None) -> str:
    """What a picture shows as it is: its caption, or else what its class or the wish calls it, or else ""."""
    if caption.strip():
        return tidy(caption)
    thing = word.strip() or (_bare(reading.thing) if reading else "")
    return correct_articles(f"a picture of {_with_article(thing)}") if thing else ""


def main_noun(caption: str) -> str:
    """What a caption is mainly of, without its adjectives: "a photo of two red apples" → "apples"; or ""."""
    found = _find(caption, "") if caption.strip() else None
    return found.noun if found else ""


def target_caption(source: str, reading: Reading) -> str:
    """What a picture is to show: its caption, changed by a wish in as few words as possible.

    Args:
        source: its caption as it is; "" gives "".
        reading: what the wish asks for.
    """
    if not source.strip():
        return ""
    changed = _CHANGES[reading.action](tidy(source).rstrip("."), reading)
    return correct_articles(tidy(changed))


def _recoloured(caption: str, reading: Reading) -> str:
    colours = [found.group(0) for found in words.COLOUR.finditer(reading.result)]
    new = colours[-1] if colours else re.sub(r"^(?:an?|the) ", "", reading.result) or "differently coloured"
    found = _find(caption, reading.thing)
    if found is None:
        part = _bare(reading.thing)
        said = f"{new} {part}" if _is_plural(part) else f"a {new} {part}"
        return _after_subject(caption, f"with {said}")
    kept = _without_colours(found.adjectives)
    if words.MADE_OF.match(new):
        return _put(caption, found, f"{replace(found, adjectives=kept).said()} {new.removeprefix('be ')}")
    return _put(caption, found, replace(found, adjectives=tidy(f"{kept} {new}")).said())


def _swapped(caption: str, reading: Reading) -> str:
    found = _find(caption, reading.thing)
    new = _phrase(reading.result)
    if found is None:
        return f"{caption} with {reading.result}"
    said = _LEADING.match(_bare(reading.thing))
    named = said.group(0).lower().split() if said else []
    kept = " ".join(each for each in found.adjectives.split() if each.lower() not in named)
    if words.COLOUR.search(new.adjectives):
        kept = _without_colours(kept)
    several = (
        found.count > 1 or new.count > 1 or (_is_plural(found.noun) and found.determiner not in ("a", "an"))
    )
    noun = _plural(new.noun) if several else new.noun
    determiner = new.determiner if new.count > 1 else found.determiner
    if not several and determiner not in ("a", "an", "the"):
        determiner = new.determiner or "a"
    tail = reading.result.strip()[new.end :]
    return _put(
        caption,
        found,
        replace(new, determiner=determiner, adjectives=tidy(f"{kept} {new.adjectives}"), noun=noun).said()
        + tail,
    )


_ANOTHER = re.compile(
    r"^(?:(?:an?|the) (?:second|third|further|additional|extra|other)|another|one more|"
    r"more|some more|a few more)\b\s*",
    re.IGNORECASE,
)


def _inserted(caption: str, reading: Reading) -> str:
    new, main = reading.result.strip(), _find(caption, "")
    if main is not None:
        more = _ANOTHER.match(new)
        what = _phrase(new[more.end() :] if more else new)
        same = _same_noun(what.noun, main.noun) or what.noun.lower() in ("", "one", "ones")
        if same and (more or words.DEFINITE.match(new)):
            return _put(caption, main, _counted(main, main.count + 1))
        if same and what.count > 1:
            return _put(caption, main, _counted(main, what.count))
    held = re.match(
        r"^(?:be )?(wear|hold|carry|ride|eat|drink|read|play|us|hav)(?:e|ing|s)?\s+(.+)$", new, re.IGNORECASE
    )
    owner = _find(caption, reading.thing)
    if held:
        doing = "with" if held[1].lower() == "hav" else words.participle(held[1].lower())
        new = f"{doing} {held[2]}"
        return f"{caption[: owner.end]} {new}{caption[owner.end :]}" if owner else f"{caption}, {new}"
    new = _said_of(new)
    if reading.thing and owner:
        return f"{caption[: owner.end]} with {new}{caption[owner.end :]}"
    return f"{caption} with {new}"


_FEWER = re.compile(r"\b(?:one|left|right|second|first|other|another|either|fewer|less)\b", re.IGNORECASE)


def _removed(caption: str, reading: Reading) -> str:
    main, found = _find(caption, ""), _find(caption, reading.thing)
    thing = reading.thing
    if main is not None and (found is None or found.start == main.start) and (found or _FEWER.search(thing)):
        left = (
            re.match(r"(?:only |just )?(one|two)\b.*", thing)
            if re.search(r"\bonly\b|\bleft\b", reading.reason)
            else None
        )
        if main.count > 1 and (_FEWER.search(thing) or not _is_plural(_bare(thing))):
            return _put(caption, main, _counted(main, 1 if left else main.count - 1))
        if found is None or left:
            return caption
        return _emptied(caption, main)
    if found is None:
        return caption
    before = re.sub(
        r"(?:,?\s+(?:and|with|wearing|holding|carrying|next to|beside|near|behind|under|"
        r"in front of|on))?\s+$",
        "",
        caption[: found.start],
    )
    if re.search(r"\s(?:on|in|behind|under|of)\s+$", caption[: found.start]) and found.end < len(caption):
        before = before.rstrip()
    return f"{before}{caption[found.end :]}"


def _emptied(caption: str, main: _Noun) -> str:
    """A caption of the place alone."""
    opening, after = caption[: main.start], caption[main.end :].strip(" ,")
    place = re.sub(r"^(?:on|in|at|under|near|by|next to|in front of)\s+", "", after)
    if re.fullmatch(r"night", place):
        place = "the night"
    return f"{opening}{place}" if place else f"{opening}an empty background"


_ARTIST = re.compile(
    r"\b(?:in|of|with) the (?:style|manner|look) of .+$|^(?:the )?style of .+$", re.IGNORECASE
)


def _restyled(caption: str, reading: Reading) -> str:
    style = re.sub(
        r"^(?:(?:look(?:s|ing)?|be|as|like|in|into|if|it|was|were|an?|the|this|that|more|from|"
        r"using|with|made|built|drawn|painted)\s+)+",
        "",
        reading.result,
        flags=re.IGNORECASE,
    )
    style = re.sub(r"^(?:\w+ )?(?:version|look|style) of (?:it|this|that|the \w+)$", "", style)
    style = re.sub(
        r"\s+(?:version|look|effect|feel|aesthetic|style|of (?:it|this|that|the [\w ]+|my [\w ]+))$",
        "",
        style,
        flags=re.IGNORECASE,
    )
    opening = _OPENING.match(caption)
    shown = caption[opening.end() :] if opening else _uncapitalised(caption)
    artist = _ARTIST.search(reading.result)
    if artist:
        manner = re.sub(r"^(?:in |of |with )?(?:the )?", "", artist.group(0), flags=re.IGNORECASE)
        return f"a picture of {shown}, in the {manner}"
    if re.match(r"cartoon", style, re.IGNORECASE) and not re.search(r"\s", style):
        style = "cartoon"
    if re.search(rf"(?:^|\s)(?:{_MEDIUM})$", style, re.IGNORECASE):
        return f"{_with_article(_singular(style))} of {shown}"
    return f"a picture of {shown}, {style} style"


def _relit(caption: str, reading: Reading) -> str:
    return moved_to(caption, reading.result)


_TURNED = {
    "bend": "bent",
    "spin": "spun",
    "swing": "swung",
    "spread": "spread",
    "lie": "lying",
    "flip": "flipped",
    "shift": "moved",
}


def _reoriented(caption: str, reading: Reading) -> str:
    owner, new = (
        _find(caption, reading.thing),
        re.sub(r"^(?:so )?(?:that )?(?:it|he|she|they) ", "", reading.result).strip(),
    )
    view = words.VIEW.search(new)
    first, _, rest = new.partition(" ")
    verb = re.sub(r"^(?:be|to) ", "", new).split(" ", 1)
    if view and re.match(
        r"(?:from|top|side|front|back|bird|in profile|worm|upside)", view.group(0), re.IGNORECASE
    ):
        return f"{caption}, {'' if not view.group(0).lower().startswith('from') else 'seen '}{view.group(0)}"
    if words.POSE_VERB.match(first) and reading.thing and reading.thing in rest:
        after = rest.split(reading.thing, 1)[1].strip()
        done = _TURNED.get(first.lower(), first.lower().removesuffix("e") + "ed")
        return (
            f"{_at(caption, owner, f'{done} {after}')}"
            if owner
            else f"{caption}, with {reading.thing} {done} {after}"
        )
    base = _base(verb[0].lower())
    if base:
        doing = " ".join([words.participle(base), *verb[1:]])
        return _at(caption, owner or _find(caption, ""), doing)
    return f"{caption}, {new}"


def _base(verb: str) -> str:
    """The base form of a verb of pose, or "": "sits" and "sitting" → "sit"."""
    return next(
        (
            each
            for each in words.POSE_VERBS
            if verb in (each, f"{each}s", f"{each}es", words.participle(each))
        ),
        "",
    )


_DEGREES = {
    "sharper": "sharp",
    "crisper": "crisp",
    "brighter": "bright",
    "darker": "dark",
    "warmer": "warm",
    "cooler": "cool",
    "clearer": "clear",
    "softer": "soft",
    "sharpen": "sharp",
    "brighten": "bright",
    "darken": "dark",
    "lighten": "bright",
    "desaturate": "low saturation",
    "denoise": "no noise",
}
_UP = re.compile(
    r"^(?:increase|boost|raise|enhance|intensify|improve|bump up|turn up|add|more|higher|"
    r"a bit more|better)\s+",
    re.IGNORECASE,
)
_DOWN = re.compile(r"^(?:decrease|reduce|lower|lessen|turn down|tone down|less|a bit less)\s+", re.IGNORECASE)


def _overall(caption: str, reading: Reading) -> str:
    new = re.sub(
        r"\s*\b(?:of|in|to) (?:the |this )?(?:whole |entire )?(?:picture|photo|image|shot)\b|"
        r"\s*\b(?:everything|overall)\b(?: up)?",
        "",
        reading.result,
    )
    if re.search(r"black.{1,5}white|gr[ae]yscale|monochrome|b&w", new, re.IGNORECASE):
        opening = _OPENING.match(caption)
        shown = caption[opening.end() :] if opening else _uncapitalised(caption)
        return f"a black and white photo of {shown}"
    new = re.sub(
        r"\b(?:the|a|an|its|some|apply|make it|please)\s+",
        "",
        _DOWN.sub("low ", _UP.sub("high ", new.strip())),
    )
    new = " ".join(_DEGREES.get(each.lower(), each) for each in new.split())
    return f"{caption}, {new}" if new else caption


_CHANGES: dict[Action, Callable[[str, Reading], str]] = {
    "swap": _swapped,
    "insert": _inserted,
    "remove": _removed,
    "restyle": _restyled,
    "recolour": _recoloured,
    "relight": _relit,
    "reorient": _reoriented,
    "global": _overall,
}


def _find(caption: str, thing: str) -> _Noun | None:
    """The noun phrase of a caption that a wish speaks of; what the caption is mainly of for ""."""
    opening = _OPENING.match(caption)
    start = opening.end() if opening else 0
    main = _phrase(caption[start:], start)
    bare = _LEADING.sub("", _bare(thing)).lower()
    if not bare or bare in ("it", "one", "thing", "object", "subject", "him", "her", "them"):
        return main if main.noun else None
    name = bare.split()[-1]
    for found in re.finditer(r"[\w-]+", caption[start:]):
        if _same_noun(found.group(0), name):
            at = start + found.start()
            begins = [each.start() for each in _DETERMINER.finditer(caption, start) if each.start() < at]
            phrase = _phrase(caption[begins[-1] :], begins[-1]) if begins else main
            if phrase.start <= at < phrase.end:
                return phrase
            return _Noun(at, start + found.end(), "", "", found.group(0))
    return main if name in main.noun.lower().split() else None


def _phrase(text: str, offset: int = 0) -> _Noun:
    """The noun phrase that a text begins with."""
    ends = _ENDS.search(text)
    said = text[: ends.start()] if ends else text
    determiner = _DETERMINER.match(said)
    rest = said[determiner.end() :] if determiner else said
    adjectives = _LEADING.match(rest)
    noun = rest[adjectives.end() :] if adjectives else rest
    if not noun.strip() and adjectives:  # "an orange"
        *before, noun = adjectives.group(0).split()
        return _Noun(offset, offset + len(said), _lower(determiner), " ".join(before), noun)
    return _Noun(
        offset,
        offset + len(said),
        _lower(determiner),
        adjectives.group(0).strip() if adjectives else "",
        noun.strip(),
    )


def _lower(found: re.Match[str] | None) -> str:
    return found.group(0).strip().lower() if found else ""


def _put(caption: str, found: _Noun, said: str) -> str:
    return f"{caption[: found.start]}{said}{caption[found.end :]}"


def _at(caption: str, owner: _Noun | None, words_after: str) -> str:
    return (
        f"{caption[: owner.end]} {words_after.strip()}{caption[owner.end :]}"
        if owner
        else f"{caption}, {words_after.strip()}"
    )


def _after_subject(caption: str, said: str) -> str:
    return _at(caption, _find(caption, ""), said)


def _counted(noun: _Noun, count: int) -> str:
    if count <= 1:
        return replace(noun, determiner="a", noun=_singular(noun.noun)).said()
    number = _NUMBERS[count - 1] if count <= len(_NUMBERS) else str(count)
    return replace(noun, determiner=number, noun=_plural(noun.noun)).said()


def _bare(thing: str) -> str:
    """A thing's name without its determiner and what describes it further."""
    ends = _ENDS.search(thing)
    said = thing[: ends.start()] if ends else thing
    return _DETERMINER.sub(
        "", re.sub(r"^(?:all |both |only |just |every |each )+", "", said.strip() + " "), count=1
    ).strip()


def _said_of(new: str) -> str:
    """What comes in, as a caption says it: "the crumbs there" → "the crumbs"."""
    return re.sub(r"\s+(?:there|here)$", "", new)


def _uncapitalised(caption: str) -> str:
    """A caption as it stands within a sentence: "A dog" → "a dog"; names stay."""
    first, blank, rest = caption.partition(" ")
    return f"{first.lower()}{blank}{rest}" if _DETERMINER.fullmatch(first + " ") else caption


def _without_colours(adjectives: str) -> str:
    return tidy(words.COLOUR.sub(" ", adjectives))


def _with_article(noun: str) -> str:
    return noun if _DETERMINER.match(noun + " ") or _is_plural(noun) else f"a {noun}"


@functools.cache
def _english() -> Any:
    import inflect

    return inflect.engine()


_IRREGULAR = {"cactus": "cacti"}


def _singular(noun: str) -> str:
    *before, last = noun.split() or [""]
    back = {plural: one for one, plural in _IRREGULAR.items()}
    one = back.get(last.lower()) or (
        _english().singular_noun(last) if last and not last.endswith(("ss", "us", "is")) else False
    )
    return " ".join([*before, str(one) if one else last])


def _plural(noun: str) -> str:
    *before, last = noun.split() or [""]
    if not last or _is_plural(last):
        return noun
    return " ".join([*before, _IRREGULAR.get(last.lower()) or _english().plural_noun(last)])


def _is_plural(noun: str) -> bool:
    return bool(noun) and _singular(noun) != noun


def _same_noun(one: str, other: str) -> bool:
    return bool(one and other) and _singular(one).lower().split()[-1] == _singular(other).lower().split()[-1]
