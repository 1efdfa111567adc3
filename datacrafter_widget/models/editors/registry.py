"""Editors by name: those that come with the package, and one's own.

An editor of one's own is any object with the `Editor` Protocol's members. It can be handed over as it is, wherever a
name is; registered, it can be named, too:

    from datacrafter_widget.models.editors.registry import register

    def sharpen(*, generator=None, device="auto", dtype="auto"):
        return Sharpener()

    register("sharpen", sharpen, Abilities(reads="instruction", actions=("global",)), title="Sharpens")
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.editors import builtin
from datacrafter_widget.models.editors.editor import Editor

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.models.editors.editor import Abilities
    from datacrafter_widget.models.generator import Generator


@dataclass(frozen=True)
class EditorEntry:
    """What the registry knows of an editor that isn't open.

    Attributes:
        name: what to open it by.
        title: what a person reads.
        abilities: what it can do.
        factory: makes it: `factory(generator=…, device=…, dtype=…)`, and options of its own by name.
        downloads: whether it has weights of its own, which are had from the hub unless a folder is named; the others
            need nothing but the session's generator.
    """

    name: str
    title: str
    abilities: Abilities
    factory: Callable[..., Editor]
    downloads: bool = False


_ENTRIES: dict[str, EditorEntry] = {entry["name"]: EditorEntry(**entry) for entry in builtin.entries()}


def register(
    name: str,
    factory: Callable[..., Editor],
    abilities: Abilities,
    *,
    title: str,
    downloads: bool = False,
) -> None:
    """Make an editor known by a name.

    Args:
        name: not taken yet.
        factory: called as `factory(generator=…, device=…, dtype=…, **options)`; heavy imports belong inside of it.
        abilities: what the editor can do.
        title: what a person reads.
        downloads: whether opening it may download weights.

    Raises:
        InputError: the name is taken or empty.
    """
    if not name.strip():
        msg = "an editor's name: expected some text, found none"
        raise InputError(msg)
    if name in _ENTRIES:
        msg = f"the editor {name!r} is there already ({_ENTRIES[name].title}); choose another name"
        raise InputError(msg)
    _ENTRIES[name] = EditorEntry(name, title, abilities, factory, downloads)


def forget(name: str) -> None:
    """Take one's own editor out of the registry again.

    Raises:
        InputError: there is none of that name.
    """
    del _ENTRIES[entry(name).name]


def known() -> dict[str, EditorEntry]:
    """All editors by name, in the order in which they were registered."""
    return dict(_ENTRIES)


def entry(name: str) -> EditorEntry:
    """What is known of one editor.

    Raises:
        InputError: nothing; with what there is.
    """
    if name not in _ENTRIES:
        near = difflib.get_close_matches(name, _ENTRIES, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        msg = f"editor: {meant}expected one of {', '.join(_ENTRIES)}, found {name!r}"
        raise InputError(msg)
    return _ENTRIES[name]


def open_editor(
    editor: str | Editor,
    *,
    generator: Generator | None = None,
    device: str = "auto",
    dtype: str = "auto",
    **options: Any,
) -> Editor:
    """Open an editor; its weights are loaded by the first `edit`.

    Args:
        editor: a name of the registry, or an editor, which is given back as it is.
        generator: of the session; editors that can, use its weights rather than load the same again.
        device: "auto", "cpu", "cuda:0" … where an editor has weights of its own.
        dtype: "auto", "float32", "bfloat16" or "float16", likewise.
        options: of the editor, such as `model="…"`: a hub id or a folder.

    Raises:
        InputError: an unknown name, options that the editor does not take, or no generator where one is needed.
        ModelError: its model can't be had.
    """
    if not isinstance(editor, str):
        if not isinstance(editor, Editor):
            msg = f"editor: expected a name or an Editor, found {type(editor).__name__}"
            raise InputError(msg)
        return editor
    found = entry(editor)
    try:
        return found.factory(generator=generator, device=device, dtype=dtype, **options)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        msg = f"the editor {editor!r} does not take these options: {error}"
        raise InputError(msg) from error
