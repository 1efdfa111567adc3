"""The editors that come with the package: what the registry knows of them before any is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.editors.by_example import PaintByExampleEditor
from datacrafter_widget.models.editors.controlled import CannyEditor, DepthEditor
from datacrafter_widget.models.editors.generated import ImageToImageEditor, InpaintingEditor
from datacrafter_widget.models.editors.instructed import (
    FluxKontextEditor,
    InstructPix2PixEditor,
    QwenImageEditor,
)
from datacrafter_widget.models.editors.inversion_free import InversionFreeEditor
from datacrafter_widget.models.editors.ip_adapter import InsertEditor, StyleEditor

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacrafter_widget.models.editors.editor import Editor

_BORROWERS: dict[type[Any], str] = {
    ImageToImageEditor: "Image-to-image with the session's generator",
    InversionFreeEditor: "Inversion-free editing (InfEdit) with the session's generator",
    InpaintingEditor: "Inpainting a mask with the session's generator",
}


_OWN_WEIGHTS: dict[type[Any], str] = {
    InstructPix2PixEditor: "InstructPix2Pix",
    FluxKontextEditor: "FLUX.1 Kontext",
    QwenImageEditor: "Qwen-Image-Edit",
    PaintByExampleEditor: "Paint-by-Example",
}
_EXTENDING: dict[type[Any], str] = {
    CannyEditor: "ControlNet, holding edges",
    DepthEditor: "ControlNet, holding depth",
    StyleEditor: "IP-Adapter: the style of a reference",
    InsertEditor: "IP-Adapter and inpainting: the object of a reference",
}


def entries() -> list[dict[str, Any]]:
    """The fields of each editor's entry."""
    return [
        *(_entry(kind, title, _borrower(kind)) for kind, title in _BORROWERS.items()),
        *(
            _entry(kind, title, _with_own_weights(kind), downloads=True)
            for kind, title in _OWN_WEIGHTS.items()
        ),
        *(_entry(kind, title, kind, downloads=True) for kind, title in _EXTENDING.items()),
    ]


def _entry(
    kind: type[Any], title: str, factory: Callable[..., Editor], *, downloads: bool = False
) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": title,
        "abilities": kind.abilities,
        "factory": factory,
        "downloads": downloads,
    }


def _borrower(kind: type[Any]) -> Callable[..., Editor]:
    """A factory of an editor that has no weights of its own."""

    def factory(*, generator: Any = None, device: str = "auto", dtype: str = "auto") -> Editor:  # noqa: ARG001
        if generator is None:
            msg = f"the editor {kind.name!r} works with a generator: expected generator=…, found none"
            raise InputError(msg)
        return kind(generator)

    return factory


def _with_own_weights(kind: type[Any]) -> Callable[..., Editor]:
    """A factory of an editor that has no use for the session's generator."""

    def factory(
        *,
        generator: Any = None,  # noqa: ARG001
        device: str = "auto",
        dtype: str = "auto",
        **options: Any,
    ) -> Editor:
        return kind(device=device, dtype=dtype, **options)

    return factory
