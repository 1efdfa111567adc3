"""The editors that come with the package: what the registry knows of them before any is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.editors.generated import ImageToImageEditor, InpaintingEditor
from datacrafter_widget.models.editors.inversion_free import InversionFreeEditor

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.models.editors.editor import Editor

_BORROWERS: dict[type[Any], str] = {
    ImageToImageEditor: "Image-to-image with the session's generator",
    InversionFreeEditor: "Inversion-free editing (InfEdit) with the session's generator",
    InpaintingEditor: "Inpainting a mask with the session's generator",
}


def entries() -> list[dict[str, Any]]:
    """The fields of each editor's entry."""
    return [
        {
            "name": kind.name,
            "title": title,
            "abilities": kind.abilities,
            "factory": _borrower(kind),
        }
        for kind, title in _BORROWERS.items()
    ]


def _borrower(kind: type[Any]) -> Callable[..., Editor]:
    """A factory of an editor that has no weights of its own."""

    def factory(*, generator: Any = None, device: str = "auto", dtype: str = "auto") -> Editor:  # noqa: ARG001
        if generator is None:
            msg = f"the editor {kind.name!r} works with a generator: expected generator=…, found none"
            raise InputError(msg)
        return kind(generator)

    return factory
