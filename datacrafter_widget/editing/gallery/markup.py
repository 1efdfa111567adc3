"""Entries as HTML, for the static site and for notebooks. Whatever is written in an entry is text here."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.editing.gallery.entries import Entry, Step

SLIDERS = {"steps": "Steps", "text_influence": "Text influence", "picture_influence": "Picture influence"}


def style() -> str:
    """The style sheet of everything here; it holds within `class="dc-gallery"`."""
    return (Path(__file__).parent / "gallery.css").read_text(encoding="utf-8")


def card(entry: Entry, source: Callable[[str], str], *, link: str | None = None) -> str:
    """An entry at a glance: before, after, title, the wish, by whom and when.

    Args:
        entry: the entry.
        source: the address of a small picture, by its key.
        link: the address of the entry's page, or None.
    """
    title = f'<a href="{text(link)}">{text(entry.title)}</a>' if link else text(entry.title)
    wish = entry.steps[0].instruction
    before, after = alternatives(entry)
    more = f' <span class="dcg-quiet">+{len(entry.steps) - 1} more</span>' if len(entry.steps) > 1 else ""
    return (
        f'<article class="dcg-card" data-entry="{text(entry.id)}" data-words="{text(entry.words())}"'
        f' data-likes="{entry.likes}" data-created="{text(entry.created)}">'
        f'<div class="dcg-pair"><img src="{text(source(entry.picture))}" alt="{before}" loading="lazy">'
        f'<img src="{text(source(entry.result))}" alt="{after}" loading="lazy"></div>'
        f'<div class="dcg-card-text"><h2 dir="auto">{title}</h2>'
        f'<p class="dcg-wish"><q dir="auto">{text(wish)}</q>{more}</p>{_facts(entry)}</div></article>'
    )


def heading(entry: Entry) -> str:
    """The title of an entry, by whom and when, and what is said about it."""
    paragraphs = [each.strip() for each in entry.description.split("\n\n") if each.strip()]
    said = "".join(f'<p class="dcg-said" dir="auto">{text(each)}</p>' for each in paragraphs)
    return f'<h1 dir="auto">{text(entry.title)}</h1>{_facts(entry)}{said}'


def steps(entry: Entry, source: Callable[[str], str], *, link: Callable[[str], str] | None = None) -> str:
    """All steps of an entry, with prompts and exact parameters.

    Args:
        entry: the entry.
        source: the address of a picture to show, by its key.
        link: the address of the picture itself, by its key, or None.
    """
    rows, before = [], entry.picture
    for number, step in enumerate(entry.steps, start=1):
        figures = [("Before", before), ("After", step.picture)]
        figures += [("Mask: white may change", step.mask)] if step.mask else []
        figures += [("Reference", step.reference)] if step.reference else []
        drawn = "".join(_figure(name, key, number, source, link) for name, key in figures)
        rows.append(
            f'<li class="dcg-step"><div class="dcg-step-pictures">{drawn}</div>'
            f'<div class="dcg-step-text"><h3><span class="dcg-number">{number}</span>'
            f'<bdi dir="auto">{text(step.instruction)}</bdi></h3>{_about(step)}</div></li>'
        )
        before = step.picture
    return f'<ol class="dcg-steps">{"".join(rows)}</ol>'


def alternatives(entry: Entry) -> tuple[str, str]:
    """What stands for an entry's first and last picture where they are not seen."""
    shown = f"Before: {entry.subject}" if entry.subject else "Before"
    target = entry.steps[-1].target
    return text(shown), text(f"After: {target}" if target else "After")


def day(entry: Entry) -> str:
    """The day it was published, UTC, for machines and people alike: 2026-03-01."""
    return entry.created[:10]


def text(value: object) -> str:
    """A text that nothing in it makes markup of, between tags and in quotes."""
    return html.escape(str(value))


def _facts(entry: Entry) -> str:
    many = f"{len(entry.steps)} step{'s' if len(entry.steps) != 1 else ''}"
    likes = f"{entry.likes} like{'s' if entry.likes != 1 else ''}"
    facts = [f'<bdi class="dcg-author">{text(entry.author)}</bdi>'] if entry.author else []
    facts += [f'<time datetime="{text(entry.created)}">{text(day(entry))}</time>', f"<span>{many}</span>"]
    heart = '<svg class="dcg-heart" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 13.5C3.5 10.3 1.7 8.2 1.7 5.6a3.1 3.1 0 0 1 6.3-1 3.1 3.1 0 0 1 6.3 1c0 2.6-1.8 4.7-6.3 7.9z"/></svg>'  # noqa: E501
    facts.append(f'<span class="dcg-likes">{heart}{likes}</span>')
    if not entry.public:
        facts.append('<span class="dcg-private">Private</span>')
    return f'<p class="dcg-facts">{"".join(facts)}</p>'


def _figure(
    name: str, key: str, number: int, source: Callable[[str], str], link: Callable[[str], str] | None
) -> str:
    picture = f'<img src="{text(source(key))}" alt="{text(name)}, step {number}" loading="lazy">'
    shown = f'<a href="{text(link(key))}">{picture}</a>' if link else picture
    return f"<figure>{shown}<figcaption>{text(name)}</figcaption></figure>"


def _about(step: Step) -> str:
    chips = "".join(
        f'<span class="dcg-chip" dir="auto">{text(each)}</span>'
        for each in (step.action, step.editor)
        if each
    )
    # A prompt that is the wish itself, or the caption after, is said once.
    prompt = "" if step.prompt in {step.instruction, step.target} else step.prompt
    facts = [
        ("Prompt", prompt),
        ("Caption before", step.source),
        ("Caption after", step.target),
        ("Avoid", step.negative),
    ]
    rows = "".join(
        f'<div><dt>{name}</dt><dd dir="auto">{text(value)}</dd></div>' for name, value in facts if value
    )
    return (
        f'<p class="dcg-chips">{chips}</p>'
        f"{f'<dl>{rows}</dl>' if rows else ''}{_sliders(step.sliders)}{_parameters(step)}"
    )


def _sliders(values: dict[str, float]) -> str:
    drawn = [_slider(name, values[key]) for key, name in SLIDERS.items() if _is_share(values.get(key))]
    return f'<div class="dcg-sliders">{"".join(drawn)}</div>' if drawn else ""


def _slider(name: str, value: float) -> str:
    return (
        f'<div class="dcg-slider"><span>{name}</span><b>{value:.2f}</b><svg viewBox="0 0 100 4"'
        ' preserveAspectRatio="none" aria-hidden="true"><rect class="dcg-track" width="100" height="4"/>'
        f'<rect class="dcg-bar" width="{100 * value:.0f}" height="4"/></svg></div>'
    )


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def _parameters(step: Step) -> str:
    exact: dict[str, Any] = {"editor": step.editor, "revision": step.revision, "seed": step.seed}
    exact = {name: value for name, value in exact.items() if value not in ("", None)}
    # Never cut: these are what the edit is repeated with.
    rows = "".join(
        f'<tr><th scope="row" dir="auto">{text(name)}</th><td dir="auto">{text(_value(value))}</td></tr>'
        for name, value in {**exact, **step.parameters}.items()
    )
    return f"<details><summary>Exact parameters</summary><table>{rows}</table></details>" if rows else ""


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
