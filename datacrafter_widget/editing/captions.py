"""Captions of what a picture is to be, made of the caption of what it is and a wish."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from datacrafter_widget.editing import words
from datacrafter_widget.editing.nouns import (
    ADJECTIVES,
    MEDIUM,
    OPENING,
    NounPhrase,
    bare_noun,
    counted,
    find_noun,
    first_noun,
    is_plural,
    plural,
    put_noun,
    same_noun,
    say_after,
    singular,
    uncapitalised,
    with_article,
)
from datacrafter_widget.editing.scenes import moved_to
from datacrafter_widget.generation.english import correct_articles, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.editing.reading import Reading
    from datacrafter_widget.models.editors.editor import Action


def source_caption(caption: str, word: str, reading: Reading | None) -> str:
    """What a picture shows as it is: its caption, or else what its class or the wish calls it, or else ""."""
    if caption.strip():
        return tidy(caption)
    thing = word.strip() or (bare_noun(reading.thing) if reading else "")
    return correct_articles(f"a picture of {with_article(thing)}") if thing else ""


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
    found = find_noun(caption, reading.thing)
    if found is None:
        part = bare_noun(reading.thing)
        said = f"{new} {part}" if is_plural(part) else f"a {new} {part}"
        return _after_subject(caption, f"with {said}")
    kept = _without_colours(found.adjectives)
    if words.MADE_OF.match(new):
        return put_noun(caption, found, f"{replace(found, adjectives=kept).said()} {new.removeprefix('be ')}")
    return put_noun(caption, found, replace(found, adjectives=tidy(f"{kept} {new}")).said())


def _swapped(caption: str, reading: Reading) -> str:
    found = find_noun(caption, reading.thing)
    new = first_noun(reading.result)
    if found is None:
        return f"{caption} with {reading.result}"
    said = ADJECTIVES.match(bare_noun(reading.thing))
    named = said.group(0).lower().split() if said else []
    kept = " ".join(each for each in found.adjectives.split() if each.lower() not in named)
    if words.COLOUR.search(new.adjectives):
        kept = _without_colours(kept)
    several = (
        found.count > 1 or new.count > 1 or (is_plural(found.noun) and found.determiner not in ("a", "an"))
    )
    noun = plural(new.noun) if several else new.noun
    determiner = new.determiner if new.count > 1 else found.determiner
    if not several and determiner not in ("a", "an", "the"):
        determiner = new.determiner or "a"
    tail = reading.result.strip()[new.end :]
    return put_noun(
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
    new, main = reading.result.strip(), find_noun(caption, "")
    if main is not None:
        more = _ANOTHER.match(new)
        what = first_noun(new[more.end() :] if more else new)
        same = same_noun(what.noun, main.noun) or what.noun.lower() in ("", "one", "ones")
        if same and (more or words.DEFINITE.match(new)):
            return put_noun(caption, main, counted(main, main.count + 1))
        if same and what.count > 1:
            return put_noun(caption, main, counted(main, what.count))
    held = re.match(
        r"^(?:be )?(wear|hold|carry|ride|eat|drink|read|play|us|hav)(?:e|ing|s)?\s+(.+)$", new, re.IGNORECASE
    )
    owner = find_noun(caption, reading.thing)
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
    main, found = find_noun(caption, ""), find_noun(caption, reading.thing)
    thing = reading.thing
    if main is not None and (found is None or found.start == main.start) and (found or _FEWER.search(thing)):
        left = (
            re.match(r"(?:only |just )?(one|two)\b.*", thing)
            if re.search(r"\bonly\b|\bleft\b", reading.reason)
            else None
        )
        if main.count > 1 and (_FEWER.search(thing) or not is_plural(bare_noun(thing))):
            return put_noun(caption, main, counted(main, 1 if left else main.count - 1))
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


def _emptied(caption: str, main: NounPhrase) -> str:
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
    opening = OPENING.match(caption)
    shown = caption[opening.end() :] if opening else uncapitalised(caption)
    artist = _ARTIST.search(reading.result)
    if artist:
        manner = re.sub(r"^(?:in |of |with )?(?:the )?", "", artist.group(0), flags=re.IGNORECASE)
        return f"a picture of {shown}, in the {manner}"
    if re.match(r"cartoon", style, re.IGNORECASE) and not re.search(r"\s", style):
        style = "cartoon"
    if re.search(rf"(?:^|\s)(?:{MEDIUM})$", style, re.IGNORECASE):
        return f"{with_article(singular(style))} of {shown}"
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
        find_noun(caption, reading.thing),
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
            f"{say_after(caption, owner, f'{done} {after}')}"
            if owner
            else f"{caption}, with {reading.thing} {done} {after}"
        )
    base = _base(verb[0].lower())
    if base:
        doing = " ".join([words.participle(base), *verb[1:]])
        return say_after(caption, owner or find_noun(caption, ""), doing)
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
        opening = OPENING.match(caption)
        shown = caption[opening.end() :] if opening else uncapitalised(caption)
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


def _said_of(new: str) -> str:
    """What comes in, as a caption says it: "the crumbs there" → "the crumbs"."""
    return re.sub(r"\s+(?:there|here)$", "", new)


def _without_colours(adjectives: str) -> str:
    return tidy(words.COLOUR.sub(" ", adjectives))


def _after_subject(caption: str, said: str) -> str:
    return say_after(caption, find_noun(caption, ""), said)
